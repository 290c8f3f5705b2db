"""Checks of what an answer took: time and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError, CheckInput, GradeInput, outcome
from auditor.criteria.checks.record import NUMBER, Argument, Example, check
from auditor.criteria.checks.transforms import NO_TRANSFORMS
from auditor.criteria.request_facts import RequestFacts

if TYPE_CHECKING:
    from auditor.domain import Grade


@check(
    "latency",
    family="format",
    arguments=(Argument("threshold", NUMBER, "the longest time in milliseconds"),),
    reads="latency",
    transforms=NO_TRANSFORMS,
    unnoticed="the machine that answered, or how busy it was",
    example=Example(
        assertion="{type: latency, threshold: 2000}",
        passes=GradeInput(text="Paris", request=RequestFacts(latency_ms=1200)),
        fails=GradeInput(text="Paris", request=RequestFacts(latency_ms=2500)),
        unnoticed=GradeInput(text="I do not know.", request=RequestFacts(latency_ms=300)),
    ),
)
def latency(given: CheckInput) -> Grade:
    """The answer took at most ``threshold`` milliseconds, to its last byte.

    An answer whose time is not known is neither pass nor fail.
    """
    took = given.answer.request.latency_ms
    if took is None:
        raise CannotTellError("it is not known how long the answer took")
    return outcome(took <= given.arguments["threshold"], f"{took:,.0f} ms")


@check(
    "cost",
    family="format",
    arguments=(Argument("threshold", NUMBER, "the greatest cost in US dollars"),),
    reads="cost",
    transforms=NO_TRANSFORMS,
    unnoticed="what a machine of your own costs: a local answer has no price",
    example=Example(
        assertion="{type: cost, threshold: 0.01}",
        passes=GradeInput(text="Paris", request=RequestFacts(cost_usd=0.004)),
        fails=GradeInput(text="Paris", request=RequestFacts(cost_usd=0.02)),
        unnoticed=GradeInput(text="I do not know.", request=RequestFacts(cost_usd=0.001)),
    ),
)
def cost(given: CheckInput) -> Grade:
    """The answer cost at most ``threshold`` US dollars.

    An answer without a price, such as a local model's, is neither pass nor fail.
    """
    took = given.answer.request.cost_usd
    if took is None:
        raise CannotTellError("the answer has no price")
    return outcome(took <= given.arguments["threshold"], f"${took:.6f}")

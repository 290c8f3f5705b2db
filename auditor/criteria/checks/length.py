"""Checks of how long an answer is, and of why it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError, CheckInput, outcome, quoted
from auditor.criteria.checks.record import (
    ANY,
    COUNT,
    NUMBER,
    Argument,
    ArgumentType,
    Example,
    check,
)
from auditor.criteria.checks.transforms import NO_TRANSFORMS, as_text
from auditor.domain import Answer
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion
    from auditor.domain import Grade


_COUNT = ArgumentType(
    COUNT.words,
    lambda value: COUNT.accepts(value) or (isinstance(value, str) and value.isdecimal()),
)


def _refuse_no_limit(assertion: Assertion) -> None:
    value = assertion.value
    if isinstance(value, dict) and value.get("min") is None and value.get("max") is None:
        raise ConfigError("word-count takes a number of words, or min and max")


@check(
    "word-count",
    family="format",
    value=Argument("value", _COUNT, "the exact number of words"),
    options=(
        Argument("min", NUMBER, "the least number of words", None),
        Argument("max", NUMBER, "the greatest number of words", None),
    ),
    prepare=_refuse_no_limit,
    unnoticed="what the words say",
    example=Example(
        assertion="{type: word-count, value: {max: 8}}",
        passes="Parcel late, customer wants a refund.",
        fails="The customer writes that the parcel came late and wants a refund.",
        unnoticed="Parcel early, customer is happy.",
    ),
)
def word_count(given: CheckInput) -> Grade:
    """The answer has as many words as the value, or between ``min`` and ``max``.

    Words are what white space separates.
    """
    words = len(given.text.split())
    if isinstance(given.value, dict):
        low, high = given.arguments["min"], given.arguments["max"]
    else:
        low = high = float(given.value)
    within = (low is None or words >= low) and (high is None or words <= high)
    return outcome(within, f"{words} words")


@check(
    "finish-reason",
    family="format",
    value=Argument("value", ANY, "OpenAI's word for the reason: stop, length, tool_calls"),
    reads="finish reason",
    transforms=NO_TRANSFORMS,
    unnoticed="what the answer says",
    example=Example(
        assertion="{type: finish-reason, value: stop}",
        passes=Answer(text="The parcel is late.", finish_reason="stop"),
        fails=Answer(text="The parcel is", finish_reason="length"),
        unnoticed=Answer(text="The parcel is", finish_reason="stop"),
    ),
)
def finish_reason(given: CheckInput) -> Grade:
    """Generation stopped for the given reason, in capitals or not.

    An answer whose reason is not known is neither pass nor fail.
    """
    got = given.answer.finish_reason
    if got is None:
        raise CannotTellError("the log does not say why generation stopped")
    wanted = as_text(given.value)
    return outcome(got.lower() == wanted.lower(), f"finish reason {quoted(got)}")

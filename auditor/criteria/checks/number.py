"""The check of a number, whatever stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError, CheckInput, failed, outcome
from auditor.criteria.checks.record import (
    ABSOLUTE_TOLERANCE,
    ANY,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.transforms import as_text, transformed
from auditor.criteria.comparators.numbers import close, number_in

if TYPE_CHECKING:
    from auditor.domain import Grade


@check(
    "similar-number",
    family="content",
    equality=True,
    value=Argument("value", ANY, "the number that is wanted, alone or as a text comes to it"),
    arguments=(TOLERANCE, ABSOLUTE_TOLERANCE),
    in_promptfoo=False,
    unnoticed="the unit, or how the number was come to",
    example=Example(
        assertion='{type: similar-number, value: "{{reference}}", tolerance: 0.01}',
        logged="The invoice total is $1,234.50.",
        passes="1.234,50",
        fails="The total is $1,324.50.",
        unnoticed="The total is 1,234.50 yen.",
    ),
)
def similar_number(given: CheckInput) -> Grade:
    r"""The answer's number is the wanted one, within the ``tolerance`` or ``absolute_tolerance``.

    The number of a text is the one in its last ``\boxed{}``, else behind its last ``####``, else
    right behind its last ``Answer:``, else the last one in it, as answers to GSM8K are read. Groups
    and decimal marks are read in all usual ways: 1,234.5 and 1.234,5 and 1 234,5 and 1'234.5,
    12,34,567 and 1_000, 1.5e3 and 1.5 x 10^3, ½, digits of any script, and a sum in brackets, as
    accountants write a loss. Percent, words such as ``million`` and fractions are read by the
    transforms ``percent``, ``scale-words`` and ``fractions``.
    """
    wanted = number_in(transformed(as_text(given.value), given.assertion.transform))
    if wanted is None:
        raise CannotTellError("the value to compare with has no number")
    got = number_in(given.text)
    if got is None:
        return failed(f"no number, wanted {wanted:g}")
    relative, absolute = given.arguments["tolerance"], given.arguments["absolute_tolerance"]
    return outcome(close(got, wanted, relative, absolute), f"got {got:g}, wanted {wanted:g}")

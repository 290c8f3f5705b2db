"""The check that an answer invents no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, outcome
from auditor.criteria.checks.record import ANY, Argument, Example, check
from auditor.criteria.checks.transforms import as_text
from auditor.criteria.comparators.numbers import numbers_of

if TYPE_CHECKING:
    from auditor.domain import Grade

COUNTS = 12
"""Whole numbers up to this count things, and stand as words in many texts."""


@check(
    "numbers-from",
    family="format",
    value=Argument("value", ANY, "the text that the numbers come from, such as `{{prompt}}`"),
    in_promptfoo=False,
    unnoticed="a number in the wrong place, a missing one, or a whole number up to 12",
    example=Example(
        assertion='{type: numbers-from, value: "Order 4711, 2 vases, 59.90 EUR, due 2031-05-06"}',
        passes="Your order 4711 (two vases) costs 59,90 EUR.",
        fails="Your order 4711 costs 69.90 EUR.",
        unnoticed="Your order 2031 costs 4711 EUR.",
    ),
)
def numbers_from(given: CheckInput) -> Grade:
    """Every number of the answer is in the value too, in whatever groups and marks.

    Whole numbers up to 12 and signs do not count: they are often written as words, or number a
    list.
    """
    known = numbers_of(as_text(given.value))
    invented = sorted(
        n for n in numbers_of(given.text) - known if not (n.is_integer() and n <= COUNTS)
    )
    shown = ", ".join(f"{n:g}" for n in invented[:3])
    return outcome(not invented, f"not in the value: {shown}" if shown else "no other number")

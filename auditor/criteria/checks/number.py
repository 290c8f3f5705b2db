"""The check of a number, whatever stands around it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError, CheckInput, failed, outcome
from auditor.criteria.checks.record import ANY, TOLERANCE, Argument, Example, check
from auditor.criteria.checks.transforms import as_text

if TYPE_CHECKING:
    from auditor.domain import Grade

_SPACES = " \u00a0\u2007\u2009\u202f'\u2019"
"""What groups of three are set apart by, beside comma and point: CLDR, "Number Symbols"."""
_GROUPED = rf"\d{{1,3}}(?P<space>[{_SPACES}])\d{{3}}(?:(?P=space)\d{{3}})*(?!\d)(?:[.,]\d+)?"
_NUMBER = re.compile(
    rf"(?:(?<!\w)[-+\u2212])?(?:(?<![\d.,]){_GROUPED}|\d[\d.,]*)(?:[eE][-+]?\d{{1,4}})?"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_THOUSANDS_POINT = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_MAX_NUMBER_TEXT = 100_000


@check(
    "similar-number",
    family="content",
    value=Argument("value", ANY, "the number that is wanted, alone or as the last one of a text"),
    arguments=(TOLERANCE,),
    in_promptfoo=False,
    unnoticed="the unit, or anything before the last number",
    example=Example(
        assertion='{type: similar-number, value: "{{reference}}", tolerance: 0.01}',
        logged="The invoice total is $1,234.50.",
        passes="1.234,50",
        fails="The total is $1,324.50.",
        unnoticed="The total is 1,234.50 yen.",
    ),
)
def similar_number(given: CheckInput) -> Grade:
    """The answer's number is the wanted one, within the relative ``tolerance``.

    The number of a text is the text itself where it is one, else the last number in it, as
    answers to GSM8K are read. 1,234.5 and 1.234,5 and 1 234,5 are read by their groups of three.
    """
    wanted = number_in(as_text(given.value))
    if wanted is None:
        raise CannotTellError("the value to compare with has no number")
    got = number_in(given.text)
    if got is None:
        return failed(f"no number, wanted {wanted:g}")
    # 1e-9 is rounding of the text itself, not a tolerance.
    tolerance = max(given.arguments["tolerance"], 1e-9)
    same = math.isclose(got, wanted, rel_tol=tolerance, abs_tol=1e-12)
    return outcome(same, f"got {got:g}, wanted {wanted:g}")


def number_in(text: str) -> float | None:
    """The number that a text is or ends with; None without one.

    Thousands are told by their groups of three (1,234.5, 1.234,5 and 1 234,5); a comma alone before
    other than three digits is a decimal comma.
    """
    found = [number.group() for number in _NUMBER.finditer(text[-_MAX_NUMBER_TEXT:])]
    return _to_float(found[-1]) if found else None


def is_number(text: str) -> bool:
    """Whether the text is one number, with at most a currency or unit mark beside it."""
    return (
        re.fullmatch(r"[$€£¥]?\s*[-+\u2212]?\d[\d.,' \u00a0\u202f]{0,30}\s*[%$€£¥]?", text.strip())
        is not None
    )


def _to_float(written: str) -> float | None:
    digits = re.sub(rf"[{_SPACES}]", "", written).rstrip(".,").replace("\u2212", "-")
    unsigned = digits.lstrip("+-")
    if _THOUSANDS.fullmatch(unsigned):
        digits = digits.replace(",", "")
    elif _THOUSANDS_POINT.fullmatch(unsigned):
        digits = digits.replace(".", "").replace(",", ".")
    elif unsigned.count(",") == 1 and "." not in unsigned:
        digits = digits.replace(",", ".")
    try:
        number = float(digits)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

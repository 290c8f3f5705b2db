"""Numbers and verdicts as people read them, the same on page, terminal and plan."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from auditor.domain import Verdict

if TYPE_CHECKING:
    from datetime import date, datetime

UNKNOWN = "\N{EN DASH}"

MARKS = {
    Verdict.MOVE: "\N{BLACK CIRCLE}",
    Verdict.FALLBACK: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Verdict.UNDECIDED: "\N{DOTTED CIRCLE}",
    Verdict.KEEP: "\N{WHITE CIRCLE}",
    Verdict.UNMEASURED: "\N{WHITE SQUARE}",
}
"""The mark before a verdict's word, so that colour is never the only sign."""

ASCII_MARKS = {
    Verdict.MOVE: "*",
    Verdict.FALLBACK: "+",
    Verdict.UNDECIDED: "?",
    Verdict.KEEP: "-",
    Verdict.UNMEASURED: ".",
}
"""The same where the stream cannot encode the marks."""

MEANINGS = {
    Verdict.MOVE: "shown to be no worse than the API model by more than the margin",
    Verdict.FALLBACK: "good enough where a live check passes; the rest goes back to the API",
    Verdict.UNDECIDED: "tested, but the evidence does not settle it yet",
    Verdict.KEEP: "shown to be worse, or the local model cannot take the calls",
    Verdict.UNMEASURED: "not replayed; never counted as movable",
}
"""What each bar stands for, in one clause."""

FLAGS = {
    "weak-baseline": "the API itself passes less than 80 %: look at the criterion",
    "masked": "more than 5 % of the draws hold masked text",
    "agreement": "graded by agreement with the API's answer",
    "ungradable": "some draws could not be graded",
    "unfinished": "the replay is not finished, or older than the calls",
    "looked-again": "decided before on fewer or more draws: each look adds its own risk of error",
}
"""What a flag of a decision means."""

_WHOLE_DOLLARS_FROM = 100
_CENTS_FROM = Decimal("0.01")


def money(amount: Decimal | float | None) -> str:
    """Dollars: whole ones from $100 up, cents below, two significant digits below a cent."""
    if amount is None:
        return UNKNOWN
    value = Decimal(str(amount))
    sign, size = ("\N{MINUS SIGN}" if value < 0 else ""), abs(value)
    if size >= _WHOLE_DOLLARS_FROM:
        return f"{sign}${size.quantize(Decimal(1), ROUND_HALF_EVEN):,}"
    if size == 0:
        return "$0"
    if size >= _CENTS_FROM:
        return f"{sign}${size.quantize(Decimal('0.01'), ROUND_HALF_EVEN):,}"
    places = -size.adjusted() + 1
    return f"{sign}${size:.{places}f}"


def percent(share: float | None, places: int = 0) -> str:
    """A share of 0 to 1 in percent; only all reads 100 % and only nothing reads 0 %."""
    if share is None:
        return UNKNOWN
    step = 10.0**-places
    value = share * 100
    if 0 < value < step / 2:
        return f"<{step:.{places}f} %"
    if 100 - step / 2 < value < 100:  # noqa: PLR2004 - percent
        return f">{100 - step:.{places}f} %"
    return f"{value:.{places}f} %"


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points, signed."""
    if difference is None:
        return UNKNOWN
    value = round(difference * 100, 1)
    sign = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else "\N{PLUS-MINUS SIGN}"
    return f"{sign}{abs(value):.1f}"


def count(number: float | None) -> str:
    """A whole number with thousands commas."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``3 calls``, ``1 call``: a number and its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(milliseconds: float | None) -> str:
    """A time to answer: ``420 ms``, ``1.8 s``, ``4m 12s``."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02d}s"


def day(value: date | datetime | None) -> str:
    """``3 Nov 2026``."""
    if value is None:
        return UNKNOWN
    return f"{value.day} {value:%b %Y}"


def period(first: date | None, last: date | None) -> str:
    """The first and last day of the logs."""
    if first is None or last is None:
        return "no dates in the logs"
    if first == last:
        return day(first)
    return f"{day(first)} to {day(last)}"


def p_value(p: float | None) -> str:
    """A p value, never as 0."""
    if p is None:
        return UNKNOWN
    return "<0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"  # noqa: PLR2004


def interval(low: float | None, high: float | None, places: int = 0) -> str:
    """``93 to 99 %``: an interval of a share."""
    if low is None or high is None:
        return UNKNOWN
    return f"{low * 100:.{places}f} to {high * 100:.{places}f} %"


def verdict_word(verdict: Verdict) -> str:
    """The verdict with a capital: ``Move``."""
    return verdict.value.capitalize()

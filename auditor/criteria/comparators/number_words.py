"""Percent, words such as million, and fractions, written in figures.

What they mean depends on the text (``5 m`` may be metres), so they are read where a transform asks.
"""

from __future__ import annotations

import re
from decimal import Decimal

from auditor.criteria.comparators.numbers import readable, to_float

_FIGURES = r"(?<![\d.,])(\d[\d.,]{0,30}\d|\d)\s?"
_PERCENT = re.compile(
    rf"{_FIGURES}(?:%|percent\b|per cent\b|Prozent\b|pour cent\b|por ciento\b)", re.IGNORECASE
)
_SCALES = {
    "k": 3, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3, "m": 6, "mn": 6, "mln": 6, "mio": 6,
    "million": 6, "millions": 6, "millionen": 6, "bn": 9, "b": 9, "billion": 9, "billions": 9,
    "mrd": 9, "milliarde": 9, "milliarden": 9, "milliard": 9, "milliards": 9, "trillion": 12,
    "trillions": 12, "tn": 12, "lakh": 5, "lakhs": 5, "crore": 7, "crores": 7, "\u4e07": 4,
    "\u5104": 8, "\u4ebf": 8,
}  # fmt: skip
_WORDS = "|".join(sorted(_SCALES, key=len, reverse=True))
_SCALE = re.compile(rf"{_FIGURES}({_WORDS})\b", re.IGNORECASE)
_FRACTION = re.compile(
    r"(?:(?<![\d/.,])(\d{1,9})\s)?(?<![\d/.,])(\d{1,9})\s?/\s?(\d{1,9})(?![\d/])"
    r"|\\[dt]?frac\s?\{(\d{1,9})\}\s?\{(\d{1,9})\}"
)


def percent(text: str) -> str:
    """The text with each share in percent as a number: ``12 %`` is 0.12."""
    return _PERCENT.sub(lambda found: _scaled(found, -2), readable(text))


def scale_words(text: str) -> str:
    """The text with each number before a word such as ``million`` written in figures."""
    return _SCALE.sub(lambda found: _scaled(found, _SCALES[found[2].casefold()]), readable(text))


def fractions(text: str) -> str:
    """The text with each fraction of two whole numbers as a decimal number."""

    def decimal(found: re.Match[str]) -> str:
        whole, top, bottom = found[1], found[2] or found[4], found[3] or found[5]
        value = int(top) / int(bottom) if int(bottom) else None
        return found[0] if value is None else repr(int(whole or 0) + value)

    return _FRACTION.sub(decimal, text)


def _scaled(found: re.Match[str], power: int) -> str:
    number = to_float(found[1])
    if number is None:
        return found[0]
    return format(Decimal(repr(number)).scaleb(power), "f")

"""Two names of one thing, as people write them: ``LA`` and ``Los Angeles``, ``Seattle, WA``.

This is not equality: ``Paris`` and ``Paris, Texas`` are the same here, ``CA`` is California and
Canada. Names that differ in a figure or in a negation are never the same.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from auditor.criteria.comparators.dates import read_dates
from auditor.criteria.comparators.text_forms import label_key, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_WORDS, MAX_LETTERS = 12, 100
"""A longer text is no name."""
_MAX_SHORT = 5
_LEAST_PREFIX = 3
_WORD = re.compile(r"[^\W\d_]+|\d+")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_NEGATIONS = frozenset(
    ["not", "no", "non", "without", "never", "except", "kein", "keine", "ohne", "pas",
     "sans", "sin"]
)  # fmt: skip
_FILLERS = frozenset(["the", "an", "of", "in", "at", "for", "to", "and", "de"])
_LONG_FORMS = {
    "m": "meter", "g": "gram", "s": "second", "h": "hour", "l": "liter", "w": "watt", "v": "volt",
    "j": "joule", "n": "newton", "k": "kelvin", "c": "celsius", "f": "fahrenheit", "a": "ampere",
    "lb": "pound", "oz": "ounce", "ft": "foot", "feet": "foot", "inches": "inch",
    "metre": "meter", "litre": "liter", "square": "2", "cubic": "3",
}  # fmt: skip
"""Words of units that say too little by themselves: the SI brochure, 9th edition, tables 2 and 4;
NIST Special Publication 811, appendix B."""
_CURRENCIES = {
    "usd": "dollar", "eur": "euro", "gbp": "pound", "jpy": "yen", "cny": "yuan", "inr": "rupee",
    "chf": "franc", "sek": "krona", "pln": "zloty", "brl": "real", "mxn": "peso", "krw": "won",
    "zar": "rand", "try": "lira",
}  # fmt: skip
"""Currencies whose unit is mostly meant where it stands without a country: ISO 4217, list one."""


def same_name(left: str, right: str) -> bool:
    """Whether two texts may well be names of one thing.

    They are where one is made of the words of the other, in order: each the same, its plural, its
    beginning, an abbreviation of it or of several (initials, or letters of it in order from the
    first on); words that only one of the two has are a further qualifier. Dates are compared as
    dates.
    """
    if label_key(left) == label_key(right):
        return True
    if max(len(left), len(right)) > MAX_LETTERS:
        return False
    one_date, other_date = read_dates(left), read_dates(right)
    if one_date and other_date:
        return bool(one_date & other_date)
    one, other = _words(left), _words(right)
    if not one or not other or max(len(one), len(other)) > MAX_WORDS:
        return False
    return not _differ_for_sure(one, other) and (
        sorted(map(_singular, one)) == sorted(map(_singular, other))  # CA, Los Angeles
        or _stands(tuple(one), tuple(other))
        or _stands(tuple(other), tuple(one))
    )


def _words(text: str) -> list[str]:
    undotted = _DOTTED.sub(lambda found: found[0].replace(".", ""), plain(text))
    words = _WORD.findall(undotted.casefold())
    kept = [word for word in words if word not in _FILLERS] or words
    usual = [word.replace("ae", "e").replace("oe", "e") for word in kept]  # orthopaedic
    return [_LONG_FORMS.get(word) or _LONG_FORMS.get(_singular(word)) or word for word in usual]


def _differ_for_sure(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a figure or negation is in one alone, or one is a letter that begins many words."""
    letters = any(len(words) == 1 and len(words[0]) == 1 for words in (one, other))
    alone = letters and not (_figures(one) and _figures(other))
    return alone or _figures(one) != _figures(other) or _negations(one) != _negations(other)


def _figures(words: Sequence[str]) -> list[str]:
    return sorted(word for word in words if word.isdigit())


def _negations(words: Sequence[str]) -> frozenset[str]:
    return _NEGATIONS.intersection(words)


def _stands(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether every word of ``short`` stands for words of ``long``, in their order."""

    @functools.cache  # hostile words would be tried in every combination
    def rest(i: int, j: int) -> bool:
        if i == len(short) or j == len(long):
            return i == len(short)
        if any(
            _is_name_of(short[i], long[j:k]) and rest(i + 1, k) for k in range(j + 1, len(long) + 1)
        ):
            return True
        # the other way round within one name
        if any(
            _is_name_of(long[j], short[i:k]) and rest(k, j + 1)
            for k in range(i + 2, len(short) + 1)
        ):
            return True
        return rest(i, j + 1)

    return rest(0, 0)


def _is_name_of(word: str, words: tuple[str, ...]) -> bool:
    if len(words) == 1:
        return _is_word(word, words[0]) or _is_short_for(word, words)
    initials = "".join(each[0] for each in words)
    # NYC: the city of New York
    return word in {initials, f"{initials}c"} or _is_short_for(word, words)


def _is_word(one: str, other: str) -> bool:
    """Whether two words are one: the same, a plural, a beginning, a currency and its code."""
    one, other = _singular(one), _singular(other)
    short, long = sorted((one, other), key=len)
    if short == long or _CURRENCIES.get(one) == other or _CURRENCIES.get(other) == one:
        return True
    return len(short) >= _LEAST_PREFIX and long.startswith(short) and len(long) <= 4 * len(short)


def _is_short_for(word: str, words: tuple[str, ...]) -> bool:
    longer = 3 * len(word) <= 2 * sum(map(len, words))
    return len(word) <= _MAX_SHORT and longer and _abbreviates(word, words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word  # noqa: PLR2004


def _abbreviates(word: str, words: tuple[str, ...]) -> bool:
    """Whether the letters of a short form stand in the words in order, from the first one on.

    Of several words, each must give a letter, its first.
    """
    if len(words) > 1:
        heads = [each[0] for each in words]
        rest = iter(word)
        return word[0] == heads[0] and all(head in rest for head in heads)
    letters = iter(words[0])
    return word[0] == words[0][0] and all(letter in letters for letter in word)

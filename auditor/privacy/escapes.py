r"""A text as it reads once its escapes are resolved, and where each character of it was.

Logs hold JSON in texts of JSON: a key's slash stands there as ``\/`` or ``\u002f``, the quote
before it as ``\"`` or ``\\\"``; addresses hold the slash as ``%2F``. Rules are applied to the text
that was meant; what they find is replaced where it stands.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = re2.compile(r"\\+(?:u([0-9A-Fa-f]{4})|([\"'/bfnrt]))")
_URL = re2.compile(r"%(?:25){0,3}([2-7][0-9A-Fa-f])")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = range(0xD800, 0xE000)

HIDING = r"\\u00[2-7]|\\/|(?i:%(?:2[0-9A-F]|3[A-F]|40|5[BDF]|7[BD]))"
"""RE2: escapes of what keys are made of and stand between; they hide a key from a search."""


class Unescaped:
    """A text without its escapes, however deep they are."""

    def __init__(self, raw: str, escapes: Any, meaning: Callable[[Any], str]) -> None:
        parts: list[str] = []
        # Where each run of characters that stand for themselves begins, in the text and in the raw.
        self._starts, self._raw_starts = [0], [0]
        length = last = 0
        for escape in escapes.finditer(raw):
            start, end = escape.span()
            parts += [raw[last:start], meaning(escape)]
            length += start - last + 1
            last = end
            self._starts.append(length)
            self._raw_starts.append(end)
        self.text = "".join([*parts, raw[last:]])

    def place(self, at: int) -> int:
        """Return where in the raw text the character at a place of ``text`` begins."""
        run = bisect_right(self._starts, at) - 1
        return self._raw_starts[run] + at - self._starts[run]


def of_json(raw: str) -> Unescaped:
    """Return a text without the escapes of JSON."""
    return Unescaped(raw, _JSON, _character)


def of_url(raw: str) -> Unescaped:
    """Return a text without the percent signs of addresses."""
    return Unescaped(raw, _URL, lambda escape: chr(int(escape[1], 16)))


def _character(escape: Any) -> str:
    code: str | None
    letter: str
    code, letter = escape.groups()
    if code is None:
        return _MEANT.get(letter, letter)
    number = int(code, 16)
    return "\ufffd" if number in _SURROGATES else chr(number)

r"""A text as it reads once JSON's escapes are resolved, and where each character of it was.

Logs hold JSON in texts of JSON: a key's slash stands there as ``\/`` or ``\u002f``, the quote
before it as ``\"`` or ``\\\"``. Rules are applied to the text that was meant; what they find is
replaced where it stands.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import re2

_ESCAPE = re2.compile(r"\\+(?:u([0-9A-Fa-f]{4})|([\"'/bfnrt]))")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = range(0xD800, 0xE000)


class Unescaped:
    """A text without its escapes, however deep they are."""

    def __init__(self, raw: str) -> None:
        parts: list[str] = []
        # Where each run of characters that stand for themselves begins, in the text and in the raw.
        self._starts, self._raw_starts = [0], [0]
        length = last = 0
        for escape in _ESCAPE.finditer(raw):
            start, end = escape.span()
            parts += [raw[last:start], _character(escape)]
            length += start - last + 1
            last = end
            self._starts.append(length)
            self._raw_starts.append(end)
        self.text = "".join([*parts, raw[last:]])

    def place(self, at: int) -> int:
        """Return where in the raw text the character at a place of ``text`` begins."""
        run = bisect_right(self._starts, at) - 1
        return self._raw_starts[run] + at - self._starts[run]


def _character(escape: Any) -> str:
    code: str | None
    letter: str
    code, letter = escape.groups()
    if code is None:
        return _MEANT.get(letter, letter)
    number = int(code, 16)
    return "\ufffd" if number in _SURROGATES else chr(number)

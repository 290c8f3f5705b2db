"""Where a long JSON value ends: its brackets counted a block at a time, not one by one.

A value of hundreds of megabytes, or one without an end, has millions of brackets. Looking at each
in Python takes minutes; here numpy counts those of a block at once.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

WINDOW = 1 << 18
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_QUOTE = ord('"')
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"{[")] = 1
_STEPS[list(b"}]")] = -1


class Reached(NamedTuple):
    """How far a value was followed."""

    position: int
    """Before the bracket that ends it, or where the window ends."""
    depth: int
    in_string: bool


def follow(buffer: bytes | bytearray, start: int, depth: int, top: int) -> Reached:
    """Follow a value from a place outside of its strings, for ``WINDOW`` bytes at most.

    ``depth`` is that at ``start``; the value ends with the bracket that takes it down to ``top``.
    """
    window = buffer[start : start + WINDOW]
    # A backslash at the end escapes a byte that is not here yet.
    window = window[: len(window) - (len(window) - len(window.rstrip(b"\\"))) % 2]
    plain = np.frombuffer(_ESCAPED.sub(b"..", window), np.uint8)
    quotes = np.flatnonzero(plain == _QUOTE)
    steps = _STEPS[plain]
    places = np.flatnonzero(steps)
    places = places[np.searchsorted(quotes, places) % 2 == 0]
    depths = depth + np.cumsum(steps[places], dtype=np.int64)
    ends = np.flatnonzero(depths <= top)
    if len(ends):
        return Reached(start + int(places[ends[0]]), top + 1, in_string=False)
    depth = int(depths[-1]) if len(depths) else depth
    return Reached(start + len(plain), depth, in_string=len(quotes) % 2 == 1)

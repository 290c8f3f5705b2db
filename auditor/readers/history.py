"""How much of a session the calls in it carry along: all of it, up to a bound.

Each call of an agent is asked with everything that was said before it, so that the prompts of a
session grow with the square of its length: 3,000 calls in a file of 120 MB are 180 GB of prompts.
Such calls are ``partial`` in any case, for instructions and tools are in no session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.readers.call import Json

_NODE = 50
"""What a value counts for besides its text."""


class History:
    """The bound of one session, or of the records that are folded together."""

    TOTAL = 256 << 20
    """Characters of all prompts together: 500 calls of a context of 200,000 tokens have fewer."""

    LEAST = 32 << 10
    """Characters that each call keeps when those are used up: what was said last."""

    def __init__(self) -> None:
        self._left = self.TOTAL

    def kept(self, newest_first: Iterable[Json]) -> list[Json]:
        """Return the messages that a call keeps, oldest first; at least the newest one."""
        most = max(self._left, self.LEAST)
        found: list[Json] = []
        size = 0
        for message in newest_first:
            size += _size(message)
            if found and size > most:
                break
            found.append(message)
        self._left -= size
        return found[::-1]


def _size(value: Any) -> int:
    """Count the characters of a value, without recursion: it may be nested deeply."""
    size = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        size += _NODE
    return size

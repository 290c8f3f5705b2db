"""Which fields of a JSON value are meant: ``total``, ``address.city``, ``items[].price``.

A path starts at the top of the value. Names are set apart by points, ``[]`` is every element of a
list, ``*`` every field of an object. A name with a point or a bracket in it stands in brackets and
quotes: ``["a.b"]``. A ``?`` at the end says that a value may lack the field.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]
"""Where a value stands in another: names of fields and numbers of elements."""

ITEMS: Final = 0
"""Stands in a pattern for every element of a list."""
ANY_NAME: Final = None
"""Stands in a pattern for every field of an object."""
_STEP = re.compile(
    r"""\[\]|\["((?:[^"\\]|\\.)*)"\]|(?:^|\.)(\*)(?=\.|\[|$)|(?:^|\.)([^.\[\]"?*]+)"""
)
_PLAIN = re.compile(r"""[^.\[\]"?*]+""")


class FieldPattern(NamedTuple):
    """A path as the user wrote it, taken apart."""

    steps: tuple[str | int | None, ...]
    optional: bool
    written: str

    def covers(self, path: Path) -> bool:
        """Whether it means the value at a path, or one around it."""
        return len(self.steps) <= len(path) and all(
            _meets(step, place) for step, place in zip(self.steps, path, strict=False)
        )

    @property
    def rank(self) -> tuple[int, int]:
        """How much it says: of two that cover a value, the greater one is meant."""
        return len(self.steps), -sum(step is ANY_NAME for step in self.steps)

    def is_in(self, value: Any) -> bool:
        """Whether a value has the field; where a list around it is empty, it may."""
        return _is_in(value, self.steps)


@functools.lru_cache(maxsize=1024)
def parse_path(written: str) -> FieldPattern:
    """A path from its text.

    Raises:
        ConfigError: not a path.
    """
    text = written.removesuffix("?")
    steps: list[str | int | None] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None or found.end() == position:
            raise ConfigError(
                f"{written!r} is no path of a field",
                hint='a path is like total, address.city, items[].price or ["a.b"]',
            )
        steps.append(_step(found))
        position = found.end()
    if not steps:
        raise ConfigError(f"{written!r} is no path of a field")
    return FieldPattern(tuple(steps), text != written, written)


def written_path(path: Path) -> str:
    """A path as a user reads it: ``items[0].price``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text or "the value"


def near_path(pattern: FieldPattern, *values: Any) -> str | None:
    """The path in some values that is written most like one that none of them has."""
    known = {_general(path) for value in values for path in _paths(value)}
    close = difflib.get_close_matches(pattern.written.removesuffix("?"), sorted(known), n=1)
    if close:
        return close[0]
    last = pattern.steps[-1]
    # the right name at another place
    ends = sorted(path for path in known if isinstance(last, str) and path.endswith(f".{last}"))
    return ends[0] if ends else None


def _step(found: re.Match[str]) -> str | int | None:
    if found[0] == "[]":
        return ITEMS
    if found[1] is not None:
        return str(json.loads(f'"{found[1]}"'))
    return ANY_NAME if found[2] else found[3].strip()


def _meets(step: str | int | None, place: str | int) -> bool:
    if isinstance(place, int):
        return step == ITEMS
    return step is ANY_NAME or step == place


def _is_in(value: Any, steps: tuple[str | int | None, ...]) -> bool:
    if not steps or value is None:
        return True
    step, rest = steps[0], steps[1:]
    if step is ANY_NAME:
        return isinstance(value, dict) and any(_is_in(item, rest) for item in value.values())
    if step == ITEMS:
        return isinstance(value, list) and (not value or any(_is_in(item, rest) for item in value))
    return isinstance(value, dict) and step in value and _is_in(value[step], rest)


_MAX_PATHS = 500


def _paths(value: Any) -> Iterator[Path]:
    """The paths of the first fields of a value, objects and lists too."""
    todo: list[tuple[Path, Any]] = [((), value)]
    for _ in range(_MAX_PATHS):
        if not todo:
            return
        path, inner = todo.pop()
        if path:
            yield path
        if isinstance(inner, dict):
            todo.extend(((*path, key), item) for key, item in inner.items())
        elif isinstance(inner, list):
            todo.extend(((*path, ITEMS), item) for item in inner[:3])


def _general(path: Path) -> str:
    return written_path(path).replace("[0]", "[]")

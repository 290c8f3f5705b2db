"""Errors in JSON values: one value changed, dropped or added. Of answers, and of arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.answer_length import is_short
from auditor.criteria.checks.json_text import leaves
from auditor.criteria.comparators.numbers import is_number
from auditor.criteria.mutations.numbers import number_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

Path = tuple[str | int, ...]
Known = Mapping[tuple[str, ...], Sequence[Any]]
"""Values seen at a path; places in lists are ``*``."""

_INVENTED = "none of these"
_SAME_WORDS = 0.5
"""Two texts that share more of their words than this may say the same."""
_SHOWN = 40


class Change(NamedTuple):
    """A changed value, and what was changed in words."""

    value: Any
    detail: str


def leaves_of(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and value of every scalar, places in lists as ``*``."""
    for path, leaf in leaves(value):
        yield general(path), leaf


def general(path: Path) -> tuple[str, ...]:
    """The path with ``*`` for places in lists."""
    return tuple("*" if isinstance(step, int) else step for step in path)


def value_changed(value: Any, known: Known, rng: Random) -> Change | None:
    """Another name, code or choice in a field, one of another answer where there is one."""

    def another(path: Path, leaf: Any) -> Any:
        if isinstance(leaf, bool):
            return not leaf
        if not isinstance(leaf, str) or not leaf.strip() or not is_short(leaf) or is_number(leaf):
            return None
        beside = {_plain(item) for item in _siblings(value, path)}
        others = [
            other
            for other in known.get(general(path), ())
            if isinstance(other, str) and other.strip() and _plain(other) not in beside
        ]
        if others:
            return rng.choice(others)
        if any(character.isdigit() for character in leaf):
            return number_off(leaf, rng)
        return _INVENTED

    return _leaf_changed(value, another, rng)


def text_changed(value: Any, known: Known, rng: Random) -> Change | None:
    """What another answer says, in a field of written text."""

    def another(path: Path, leaf: Any) -> Any:
        if not isinstance(leaf, str) or is_short(leaf):
            return None
        others = [
            other
            for other in known.get(general(path), ())
            if isinstance(other, str) and not is_short(other) and not alike(leaf, other)
        ]
        return rng.choice(others) if others else None

    return _leaf_changed(value, another, rng)


def number_changed(value: Any, rng: Random) -> Change | None:
    """A number off by a digit, its sign or its scale."""

    def another(_: Path, leaf: Any) -> Any:
        if isinstance(leaf, bool):
            return None
        if isinstance(leaf, int | float):
            off = number_off(repr(leaf), rng)
            return None if off is None else type(leaf)(float(off))
        return number_off(leaf, rng) if isinstance(leaf, str) and is_number(leaf) else None

    return _leaf_changed(value, another, rng)


def value_dropped(
    value: Any, rng: Random, defaults: Callable[[Path], Any] = lambda _: None
) -> Change | None:
    """One field less. What is empty or a default is left alone: without it all is the same."""
    paths = [
        path
        for path, item in _members(value)
        if item not in (None, "", [], {}, False) and item != defaults(path)
    ]
    if not paths:
        return None
    path = rng.choice(paths)
    changed = deepcopy(value)
    del _holder(changed, path)[path[-1]]
    return Change(changed, f"without {spelled(path)}")


def value_added(value: Any, rng: Random) -> Change | None:
    """One item or field more: an item in a list where there is a list, else a field."""
    lists = [
        (path, item)
        for path, item in (((), value), *_members(value))
        if isinstance(item, list) and item
    ]
    changed = deepcopy(value)
    if lists:
        path, items = rng.choice(lists)
        more = _another_item(items[-1])
        (_holder(changed, path)[path[-1]] if path else changed).append(more)
        return Change(changed, f"an item more in {spelled(path) if path else 'the list'}")
    if isinstance(changed, dict) and "another_field" not in changed:
        changed["another_field"] = _INVENTED
        return Change(changed, "the field another_field more")
    return None


def alike(one: str, other: str) -> bool:
    """Whether two texts share so many words that they may say the same."""
    first, second = ({*re.findall(r"\w+", text.casefold())} for text in (one, other))
    return len(first & second) > _SAME_WORDS * min(len(first), len(second))


def spelled(path: Path) -> str:
    """A path as people write it: ``items[0].price``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def shown(value: Any) -> str:
    """A value as it stands in a few words."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _leaf_changed(value: Any, another: Callable[[Path, Any], Any], rng: Random) -> Change | None:
    found = list(leaves(value))
    rng.shuffle(found)
    for path, leaf in found:
        if not path:
            continue
        new = another(path, leaf)
        if new is not None and _plain(new) != _plain(leaf):
            changed = deepcopy(value)
            _holder(changed, path)[path[-1]] = new
            return Change(changed, f"{spelled(path)}: {shown(leaf)} → {shown(new)}")
    return None


def _members(value: Any, before: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field of an object, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*before, key), item
            yield from _members(item, (*before, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _members(item, (*before, place))


def _siblings(value: Any, path: Path) -> list[Any]:
    """The items of the list that a leaf stands in; the leaf alone where it is in an object."""
    holder = _holder(value, path)
    return holder if isinstance(holder, list) else [holder[path[-1]]]


def _holder(value: Any, path: Path) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


def _another_item(item: Any) -> Any:
    if isinstance(item, bool) or item is None:
        return item
    if isinstance(item, int | float):
        return item + 7
    return _INVENTED if isinstance(item, str) else deepcopy(item)


def _plain(value: Any) -> Any:
    return " ".join(value.casefold().split()) if isinstance(value, str) else repr(value)

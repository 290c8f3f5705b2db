"""JSON out of hostile text: parsed strictly, found inside prose, compared by value."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import MAX_DEPTH, UnusableError
from auditor.criteria.checks.transforms import code_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_SEARCHED = 1_000_000
_MAX_STARTS = 20
MISSING: Any = object()
"""What a text without JSON holds; None is JSON's null."""


def parse_json(text: str) -> Any:
    """The JSON value that the whole text is, or ``MISSING``.

    NaN and Infinity are not JSON. A repeated key keeps its last value, as in JavaScript.

    Raises:
        UnusableError: nested deeper than any honest answer.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise UnusableError(f"JSON nested deeper than {MAX_DEPTH}") from error
    except ValueError:
        return MISSING
    return _shallow(value)


def find_json(text: str) -> Iterator[Any]:
    """JSON values in a text, likeliest first: all of it, a fenced block, objects and lists in it.

    Only objects and lists are looked for inside other text, from its first few brackets. The
    longest comes first: ``[1]`` in a sentence is a footnote.
    """
    whole = parse_json(text)
    if whole is not MISSING:
        yield whole
        return
    fenced = code_block(text)
    if fenced != text.strip():
        inside = parse_json(fenced)
        if inside is not MISSING:
            yield inside
    for _, _, value in _longest_first(text[:_MAX_SEARCHED]):
        yield value


def _longest_first(searched: str) -> list[tuple[int, int, Any]]:
    return sorted(_objects(searched), key=lambda found: found[0] - found[1])


def _objects(searched: str) -> Iterator[tuple[int, int, Any]]:
    """Start, end and value of each object and list inside a text, from its first few brackets."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    position, starts = 0, 0
    while starts < _MAX_STARTS:
        brackets = [
            at for at in (searched.find("{", position), searched.find("[", position)) if at >= 0
        ]
        if not brackets:
            return
        starts += 1
        start = position = min(brackets)
        try:
            value, position = decoder.raw_decode(searched, position)
        except RecursionError as error:
            raise UnusableError(f"JSON nested deeper than {MAX_DEPTH}") from error
        except ValueError:
            position += 1
            continue
        yield start, position, _shallow(value)


def first_json(text: str) -> Any:
    """The likeliest JSON value in a text, or ``MISSING``."""
    return next(find_json(text), MISSING)


def is_json_answer(text: str) -> bool:
    """Whether an answer is, or opens with, a JSON object or list; in a fenced block or not.

    A list inside code or prose makes no JSON answer.
    """
    inner = code_block(text)
    if inner[:1] not in {"{", "["}:
        return False
    try:
        return isinstance(first_json(inner), dict | list)
    except UnusableError:
        return False


def json_span(text: str) -> str | None:
    """The longest object or list inside a text, as it is written; None without one.

    Where none can be read, what stands between the first bracket and the last one, for a reader
    that is not strict.
    """
    searched = text[:_MAX_SEARCHED]
    for start, end, _ in _longest_first(searched):
        return searched[start:end]
    opening = min((at for at in (searched.find("{"), searched.find("[")) if at >= 0), default=-1)
    closing = max(searched.rfind("}"), searched.rfind("]"))
    return searched[opening : closing + 1] if 0 <= opening < closing else None


def json_equal(left: Any, right: Any, *, tolerance: float = 0.0) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, true is not 1, the order of keys is free."""
    if left is MISSING or right is MISSING:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right or (
            tolerance > 0 and math.isclose(float(left), float(right), rel_tol=tolerance)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            json_equal(left[key], right[key], tolerance=tolerance) for key in left
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            json_equal(one, other, tolerance=tolerance)
            for one, other in zip(left, right, strict=True)
        )
    return type(left) is type(right) and bool(left == right)


def leaves(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Path and value of every scalar, empty object and empty list in a JSON value."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _shallow(value: Any) -> Any:
    """The value itself, where it is not nested too deep for the recursion of the checks."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _inside(outer)]
        if not level:
            return value
    raise UnusableError(f"JSON nested deeper than {MAX_DEPTH}")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()

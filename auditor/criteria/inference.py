"""What a set of JSON values has in common: a schema, and the fields that can be compared."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.answer_length import is_short
from auditor.criteria.comparators.paths import written_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REQUIRED_SHARE = 0.95
"""Share of the texts of a field that must be comparable for the field to be compared."""
COMPARED_SHARE = 0.5
"""Share of all values that must be compared for the comparison to speak of the answer."""
MAX_ENUM = 25
MIN_REPEATS = 5
"""A list of words is closed when each has been seen this often on average."""
MAX_KEYS = 60
MAX_DEPTH = 6
MIN_FOR_CLOSED = 20
"""Values needed to close a list of words or a set of keys, and to limit a number or a text."""
LENGTH_ROOM = 2
"""A list may be this many times as long as the longest seen."""
MAX_CODE = 40
"""Characters of a text that may be a code."""

_RUNS = re.compile(r"\d+|[A-Z]+|[a-z]+|.", re.DOTALL)
_CLASSES = {"\\d": re.compile(r"\d"), "[A-Z]": re.compile("[A-Z]"), "[a-z]": re.compile("[a-z]")}


def coverage(counts: Counter[str]) -> float:
    """Good and Turing's estimate of how much of what comes next has been seen before.

    1 - (values seen once) / (values seen), after I. J. Good, Biometrika 40 (1953), 237-264.
    """
    return 1 - sum(n == 1 for n in counts.values()) / counts.total() if counts else 0.0


def infer_schema(values: Sequence[Any], depth: int = 0) -> dict[str, Any]:
    """A JSON schema (2020-12) that describes the values without fitting them too closely.

    Types; keys that all objects have as required; ranges, lengths and patterns with room around
    what was seen; closed key sets and lists of words only where the values have long stopped
    showing new ones.
    """
    kinds = sorted({_kind(value) for value in values})
    if {"integer", "number"} <= set(kinds):
        kinds.remove("integer")
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    objects = [value for value in values if isinstance(value, dict)]
    items = [item for value in values if isinstance(value, list) for item in value]
    texts = [value for value in values if isinstance(value, str)]
    if objects and depth < MAX_DEPTH:
        schema |= _object_keywords(objects, depth)
    if items and depth < MAX_DEPTH:
        schema["items"] = infer_schema(items, depth + 1)
    if texts and set(kinds) == {"string"} and _closed(Counter(texts)):
        schema["enum"] = sorted(set(texts))
        del schema["type"]
    elif len(values) >= MIN_FOR_CLOSED:
        schema |= _limits(values)
    return schema


class Comparable(NamedTuple):
    """How objects are compared with one another.

    ``fields`` are the comparators of those that are not compared by their types, as ``json-fields``
    takes them; ``ignored`` are the fields of written text. ``share`` is the share of all values
    that are compared.
    """

    fields: dict[str, str]
    ignored: list[str]
    share: float


def comparable_fields(
    objects: Sequence[Mapping[str, Any]], sources: Sequence[str]
) -> Comparable | None:
    """Which top-level fields hold a name, a number or a choice rather than written text.

    ``sources`` are the requests' texts, one per object: text that was copied out of its request can
    be compared however long it is. Lists of names and of objects are compared in any order. Objects
    without common keys are judged as a whole; None where nothing in them can be compared.
    """
    keys = sorted({key for value in objects for key in value})
    if len(keys) > MAX_KEYS:
        return Comparable({}, [], 1.0) if _comparable(objects, sources) else None
    columns = {key: [v.get(key) for v in objects] for key in keys}
    ignored = [key for key, column in columns.items() if not _comparable(column, sources)]
    sizes = {key: sum(map(_size, column)) for key, column in columns.items()}
    total = sum(sizes.values())
    share = 1 - sum(sizes[key] for key in ignored) / total if total else 1.0
    if len(ignored) == len(keys) or share < COMPARED_SHARE:
        return None
    fields = {field_path(key): "ignore" for key in ignored}
    fields |= {
        field_path(key): "list"
        for key in keys
        if key not in ignored and _is_unordered(columns[key])
    }
    return Comparable(fields, ignored, share)


def field_path(name: str) -> str:
    """A top-level field as ``fields`` takes it; it may be absent."""
    return f"{written_path((name,))}?"


def _is_unordered(column: Sequence[Any]) -> bool:
    """Whether a field holds lists of names or of objects; the order of numbers may matter."""
    lists = [value for value in column if isinstance(value, list)]
    items = [item for value in lists for item in value]
    return bool(items) and all(isinstance(item, str | dict) for item in items)


def _size(value: Any) -> int:
    """Scalars in a value."""
    if not isinstance(value, dict | list):
        return 1
    return sum(map(_size, value.values() if isinstance(value, dict) else value))


def _object_keywords(objects: Sequence[Mapping[str, Any]], depth: int) -> dict[str, Any]:
    keys = Counter(key for value in objects for key in value)
    if len(keys) > MAX_KEYS:  # a dictionary with keys of its own, not a record
        return {}
    wanted = sorted(keys)
    keywords: dict[str, Any] = {
        "properties": {
            key: infer_schema([value[key] for value in objects if key in value], depth + 1)
            for key in wanted
        },
        "required": [key for key in wanted if keys[key] == len(objects)],
    }
    if len(objects) >= MIN_FOR_CLOSED and min(keys.values(), default=2) > 1:
        keywords["additionalProperties"] = False
    return keywords


def _limits(values: Sequence[Any]) -> dict[str, Any]:
    """Keywords that limit numbers, texts and lists, with room around what was seen."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    lengths = [len(v) for v in values if isinstance(v, list)]
    texts = [v for v in values if isinstance(v, str)]
    keywords: dict[str, Any] = {}
    if len(numbers) >= MIN_FOR_CLOSED:
        keywords |= _range(min(numbers), max(numbers))
    if len(lengths) >= MIN_FOR_CLOSED:
        keywords |= {"minItems": int(min(lengths) > 0), "maxItems": LENGTH_ROOM * max(lengths) + 1}
    pattern = pattern_of(texts) if len(texts) >= MIN_FOR_CLOSED else None
    if pattern is not None:
        keywords["pattern"] = pattern
    return keywords


def _range(low: float, high: float) -> dict[str, float]:
    """A range with much room on each side; the sign stays, and a share is one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return {}
    if low >= 0 and high <= 1 and isinstance(high, float):
        return {"minimum": 0, "maximum": 1}
    room = max(high - low, abs(low), abs(high), 1)
    least = max(0, low - room) if low >= 0 else low - room
    most = min(0, high + room) if high <= 0 else high + room
    return {"minimum": least, "maximum": most}


def pattern_of(texts: Sequence[str]) -> str | None:
    """One pattern for texts that are built alike, such as dates and codes; None for others.

    A run of digits, capitals or small letters is as long as was seen, other characters stand for
    themselves. Only what has digits in it is taken for a code. The pattern is for whole texts.
    """
    if not texts or any(not text.isascii() or len(text) > MAX_CODE for text in texts):
        return None
    parted = [[(_class(run[0]), run) for run in _RUNS.findall(text)] for text in texts]
    first = [kind for kind, _ in parted[0]]
    if "\\d" not in first or any([kind for kind, _ in parts] != first for parts in parted):
        return None
    written = ""
    for place, kind in enumerate(first):
        runs = [parts[place][1] for parts in parted]
        low, high = min(map(len, runs)), max(map(len, runs))
        if kind == "\\d" or (kind in _CLASSES and len(set(runs)) > 1):
            written += kind + (f"{{{low}}}" if low == high else f"{{{low},{high}}}")
        else:
            written += re.escape(runs[0])
    return f"^{written}$"


def _class(character: str) -> str:
    """The class of a run's characters, or the character itself."""
    return next((c for c, known in _CLASSES.items() if known.match(character)), character)


def _closed(counts: Counter[str]) -> bool:
    return (
        counts.total() >= MIN_FOR_CLOSED
        and len(counts) <= MAX_ENUM
        and counts.total() >= MIN_REPEATS * len(counts)
        and all(is_short(text) for text in counts)
        and min(counts.values()) > 1
    )


def _comparable(values: Sequence[Any], sources: Sequence[str]) -> bool:
    """Whether nearly all texts in the values are short or copied from the request."""
    texts = written = 0
    for value, source in zip(values, sources, strict=True):
        for text in _texts(value):
            texts += 1
            written += not is_short(text) and text.casefold() not in source.casefold()
    return written <= (1 - REQUIRED_SHARE) * texts


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return names.get(type(value), "null")

"""What a set of JSON values has in common: a schema, and the fields that can be compared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.criteria.answer_length import is_short
from auditor.criteria.comparators.paths import written_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REQUIRED_SHARE = 0.95
"""A key that this share of the objects has is required."""
MAX_ENUM = 25
MIN_REPEATS = 5
"""A list of words is closed when each has been seen this often on average."""
MAX_KEYS = 60
MAX_DEPTH = 6
MIN_FOR_CLOSED = 20
"""Values needed to close a list of words or a set of keys."""


def coverage(counts: Counter[str]) -> float:
    """Good and Turing's estimate of how much of what comes next has been seen before.

    1 - (values seen once) / (values seen), after I. J. Good, Biometrika 40 (1953), 237-264.
    """
    return 1 - sum(n == 1 for n in counts.values()) / counts.total() if counts else 0.0


def infer_schema(values: Sequence[Any], depth: int = 0) -> dict[str, Any]:
    """A JSON schema (2020-12) that describes the values without fitting them too closely.

    Types; keys that nearly all objects have as required; closed key sets and lists of words only
    where the values have long stopped showing new ones.
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
    return schema


def comparable_fields(
    objects: Sequence[Mapping[str, Any]], sources: Sequence[str]
) -> list[str] | None:
    """Paths of the top-level fields that hold a name, a number or a choice, not written text.

    One that not all objects have ends with ``?``. None means all of them. ``sources`` are the
    requests' texts, one per object: text that was copied out of its request can be compared however
    long it is. Objects without common keys are judged as a whole, all or nothing.
    """
    keys = sorted({key for value in objects for key in value})
    if len(keys) > MAX_KEYS:
        return None if _comparable(objects, sources) else []
    chosen = [key for key in keys if _comparable([v.get(key) for v in objects], sources)]
    if chosen == keys:
        return None
    return [written_path((k,)) + ("" if all(k in v for v in objects) else "?") for k in chosen]


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
        "required": [key for key in wanted if keys[key] >= REQUIRED_SHARE * len(objects)],
    }
    if len(objects) >= MIN_FOR_CLOSED and min(keys.values(), default=2) > 1:
        keywords["additionalProperties"] = False
    return keywords


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

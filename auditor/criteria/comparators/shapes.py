"""What the schema of a tool says of its arguments: types, choices, defaults, what may be left out.

A default that is not in the schema is read out of the description where it stands right behind the
word, as in BFCL's tools: ``Default is 'celsius'``, ``defaults to 10``.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.criteria.comparators.text_forms import label_key

_MAX_SCHEMA = 200_000
_MAX_DEPTH = 8
_NO_DEFAULT: Any = object()
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_DEFAULT = re.compile(
    r"(?<!\bby )\bdefault(?:s|ed)?(?:\s+(?:value|factor|unit|setting|type|option))?"
    r"(?P<link>\s+is(?:\s+set)?(?:\s+to)?|\s+(?:set\s+)?to|\s*[:=])?"
    r"\s*(?:(?:approximately|approx\.|about|around)\s+)?(?P<value>.{1,200})",
    re.IGNORECASE | re.DOTALL,
)
_AS_DEFAULT = re.compile(r"\bwith\s+(?P<value>\S{1,60})\s+as\s+(?:the\s+)?default\b", re.IGNORECASE)
"""``with 'air' as default``"""
_QUOTED = re.compile(
    r"""(?P<mark>['"`])(?P<inner>.{0,100}?)(?P=mark)|\u201c(?P<curly>[^\u201d]{0,100})\u201d"""
)
_LIST = re.compile(r"\[[^\[\]]{0,150}\]")
_BARE = re.compile(r"(?P<inner>[^.,;()\n]{1,60}?)(?=\s*(?:[.,;()\n]|\bif\b|\bwhen\b|\bunless\b|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is known of a value.

    Attributes:
        known: whether there is a schema; without one nothing is known of what may be left out.
        types: JSON Schema's names of the types it may have; empty where any may be.
        choices: the ``enum`` by its labels, where no two choices are one label.
        default: what it is where it is left out.
        unique: whether it is a list in which no element is twice (``uniqueItems``), a set.
        dated: whether it is a text with the ``format`` of a date or time.
        properties: what is known of an object's fields.
        required: the fields that must not be left out.
        items: what is known of a list's elements.
    """

    known: bool = False
    types: frozenset[str] = frozenset()
    choices: Mapping[str, Any] = field(default_factory=dict)
    default: Any = _NO_DEFAULT
    unique: bool = False
    dated: bool = False
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Shape | None = None

    @property
    def has_default(self) -> bool:
        """Whether it is known what it is where it is left out."""
        return self.default is not _NO_DEFAULT

    @property
    def element(self) -> Shape:
        """What is known of a list's elements."""
        return self.items or ANYTHING

    def may_have(self, steps: Sequence[str | int | None]) -> bool:
        """Whether a value may have something at a path (see ``paths``); known by its schema."""
        if not self.known or not steps:
            return self.known
        step, rest = steps[0], steps[1:]
        if isinstance(step, int):
            return self.items is not None and (not rest or self.items.may_have(rest))
        named = self.properties.values() if step is None else [self.properties.get(step)]
        return any(inner is not None and (not rest or inner.may_have(rest)) for inner in named)

    def may_lack(self, key: str) -> bool:
        """Whether an object may leave a field out."""
        return self.known and key not in self.required


ANYTHING = Shape()


def shape_of(schema: Any) -> Shape:
    """What the ``parameters`` of a tool say; ``ANYTHING`` where there are none."""
    if not isinstance(schema, Mapping) or not schema:
        return ANYTHING
    return _shape(json.dumps(schema))


def is_empty(value: Any, shape: Shape) -> bool:
    """Whether an empty text, list or object is as good as leaving the argument out.

    It is not where another default is known, nor where it is one of the choices.
    """
    if value not in ("", [], {}) or shape.choices:
        return False
    return not shape.has_default or shape.default in ("", [], {})


def same_by_shape(left: Any, right: Any, shape: Shape) -> bool:
    """Whether two scalars that are not equal are the same by what the schema says of them."""
    if isinstance(left, str) and isinstance(right, str):
        key = label_key(left) if shape.choices else ""
        if key and key in shape.choices and key == label_key(right):
            return True
    if shape.types & {"number", "integer"}:
        one, other = _number(left), _number(right)
        if one is not None and one == other:
            return True
    return "boolean" in shape.types and _truth(left) is not None and _truth(left) is _truth(right)


@functools.lru_cache(maxsize=1024)
def _shape(schema_json: str) -> Shape:
    if len(schema_json) > _MAX_SCHEMA:
        return ANYTHING
    root = json.loads(schema_json)
    return _read(root, root, 0)


def _read(schema: Any, root: Any, depth: int) -> Shape:
    parts = list(_parts(schema, root, 0)) if depth < _MAX_DEPTH else []
    if not parts:
        return ANYTHING
    types = frozenset(name for part in parts for name in _types(part))
    choices = [value for part in parts for value in _list(part.get("enum"))]
    keys = [label_key(value) if isinstance(value, str) else "" for value in choices]
    properties: dict[str, Shape] = {}
    for part in parts:
        fields = part.get("properties")
        for key, inner in fields.items() if isinstance(fields, Mapping) else ():
            properties.setdefault(key, _read(inner, root, depth + 1))
    items = next((p["items"] for p in parts if isinstance(p.get("items"), Mapping)), None)
    return Shape(
        known=True,
        types=types,
        choices=dict(zip(keys, choices, strict=True)) if len(set(keys)) == len(keys) else {},
        default=_default(parts, types),
        unique=any(part.get("uniqueItems") is True for part in parts),
        dated=any(part.get("format") in {"date", "date-time"} for part in parts),
        properties=properties,
        required=frozenset(
            name for part in parts for name in _list(part.get("required")) if isinstance(name, str)
        ),
        items=None if items is None else _read(items, root, depth + 1),
    )


def _parts(schema: Any, root: Any, followed: int) -> Iterator[Mapping[str, Any]]:
    """A schema with the schemas that it is put together from."""
    if not isinstance(schema, Mapping) or followed > _MAX_DEPTH:
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target = root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, Mapping) else None
        yield from _parts(target, root, followed + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for inner in _list(schema.get(keyword))[:20]:
            yield from _parts(inner, root, followed + 3)


def _types(part: Mapping[str, Any]) -> list[str]:
    names = part.get("type")
    return [
        name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _default(parts: list[Mapping[str, Any]], types: frozenset[str]) -> Any:
    for part in parts:
        if "default" in part:
            return _NO_DEFAULT if part["default"] is None else part["default"]
    for part in parts:
        description = part.get("description")
        if not isinstance(description, str):
            continue
        if before := _AS_DEFAULT.search(description):
            return _told(before["value"], types, linked=True)
        if found := _DEFAULT.search(description):
            return _told(found["value"], types, linked=found["link"] is not None)
    return _NO_DEFAULT


def _told(text: str, types: frozenset[str], *, linked: bool) -> Any:
    """The value that a description begins with behind ``default``, of one of the types.

    Words without quotes count only behind ``is``, ``to`` or a colon.
    """
    quoted, listed = _QUOTED.match(text), _LIST.match(text)
    if "array" in types:
        value = _loaded(listed[0].replace("'", '"')) if listed else _NO_DEFAULT
        return [] if re.match(r"(?:an )?empty", text, re.IGNORECASE) else value
    inner = (quoted["inner"] or quoted["curly"] or "") if quoted else None
    if types & {"number", "integer"}:
        return _number_told(inner if inner is not None else text)
    if "boolean" in types:
        word = re.match(r"\w+", inner if inner is not None else text)
        truth = _truth(word[0]) if word else None
        return _NO_DEFAULT if truth is None else truth
    if types != {"string"}:
        return _NO_DEFAULT
    if inner is not None:
        return inner
    bare = _BARE.match(text) if linked else None
    value = bare["inner"].strip() if bare else ""
    return _NO_DEFAULT if value.casefold() in {"", "none", "null"} else value


def _number_told(text: str) -> Any:
    number = _NUMBER.match(text)
    if number:
        return _loaded(number[0].lstrip("+"))
    return 0 if re.match(r"zero\b", text, re.IGNORECASE) else _NO_DEFAULT


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _NO_DEFAULT


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    return {"true": True, "false": False}.get(word)

"""``{{variables}}`` in a value: found, checked, and filled in for one call.

The syntax is what promptfoo's templates (nunjucks) and Jinja share: a name with a path,
``{{metadata.order.id}}`` or ``{{params.stop[0]}}``, then filters, ``{{user | trim | lower}}``. A
quoted text stands for itself, ``{{ "{{" }}``, and so does what stands between ``{% raw %}`` and
``{% endraw %}``. Braces around anything else are text: JSON may stand in a value as it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from auditor.domain import canonical_json

_TAG = re.compile(
    r"\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}"
    r"|\{\{-?\s*(?P<inside>(?:[^{}'\"]|'[^']*'|\"[^\"]*\")+?)\s*-?\}\}",
    re.DOTALL,
)
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_STEP = re.compile(r"\.(?P<key>[\w-]+)|\[\s*(?:(?P<index>\d+)|(?P<text>'[^']*'|\"[^\"]*\"))\s*\]")
_FILTER = re.compile(
    r"\s*\|\s*(?P<name>\w+)\s*(?:\((?P<arguments>(?:[^()'\"]|'[^']*'|\"[^\"]*\")*)\))?"
)
_ARGUMENT = re.compile(
    r"\s*(?P<value>'[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|true|false|none)\s*(?:,|$)"
)
_WORDS = {"true": True, "false": False, "none": None}


class UnknownValueError(Exception):
    """A variable has no value for this call; its text is the variable's name."""


class TemplateError(Exception):
    """An expression that cannot be read, or that its value does not fit."""


class Filter(NamedTuple):
    """What a filter makes of a value, and how many arguments it takes: the least and the most."""

    apply: Callable[..., Any]
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between two pairs of braces: a path from a variable, and its filters."""

    source: str
    path: tuple[str | int, ...]
    filters: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @property
    def variable(self) -> str:
        """The name that the path begins with."""
        return str(self.path[0])

    @property
    def problem(self) -> str | None:
        """Why no value can be made of it, whatever the call is; None where it can."""
        for name, arguments in self.filters:
            if name not in FILTERS:
                return f"unknown filter {name!r} in {{{{{self.source}}}}}"
            known = FILTERS[name]
            if not known.least <= len(arguments) <= known.most:
                return f"the filter {name} does not take {len(arguments)} arguments"
        return None

    def value(self, known: Mapping[str, Any]) -> Any:
        """What it stands for, given the variables.

        Raises:
            UnknownValueError: the path leads to nothing, and no filter ``default`` stands in.
            TemplateError: a filter does not fit the value.
        """
        found: Any = known
        for step in self.path:
            found = _step(found, step)
        for name, arguments in self.filters:
            if found is None and name != "default":
                break
            try:
                found = FILTERS[name].apply(found, *arguments)
            except (TypeError, ValueError, AttributeError, LookupError) as error:
                raise TemplateError(
                    f"the filter {name} does not fit {{{{{self.source}}}}}"
                ) from error
        if found is None:
            raise UnknownValueError(".".join(map(str, self.path)))
        return found

    def written(self, known: Mapping[str, Any], write: Callable[[Any], str]) -> str:
        """Its value as text.

        Raises:
            UnknownValueError, TemplateError: as ``value``.
        """
        value = self.value(known)
        return _text(value) if self.filters and self.filters[-1][0] == "safe" else write(value)


@functools.lru_cache(maxsize=512)
def parts(text: str) -> tuple[str | Expression, ...]:
    """Texts and expressions of a template, in their order.

    Raises:
        TemplateError: an expression that begins with a name and goes on as none does.
    """
    found: list[str | Expression] = []
    position = 0
    for tag in _TAG.finditer(text):
        inside = tag["inside"]
        part = tag["raw"] if inside is None else _read(inside)
        if part is not None:
            found += [text[position : tag.start()], part]
            position = tag.end()
    found.append(text[position:])
    return tuple(part for part in found if part != "")


def texts_in(value: Any) -> Iterator[str]:
    """The texts in a value of any shape."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)


def expressions(text: str) -> list[Expression]:
    """The expressions of a template.

    Raises:
        TemplateError: one of them cannot be read.
    """
    return [part for part in parts(text) if isinstance(part, Expression)] if "{" in text else []


def rendered(
    text: str, known: Mapping[str, Any], *, write: Callable[[Any], str], keep_shape: bool = True
) -> Any:
    """A template filled in; ``write`` makes text of a value that stands inside a longer text.

    Where ``write`` escapes, the filter ``safe`` at the end keeps a value as it is.

    What is one expression and nothing else takes the shape of its value (a list, an object), unless
    ``keep_shape`` is off.

    Raises:
        UnknownValueError: a variable has no value.
        TemplateError: a filter does not fit its value.
    """
    found = parts(text) if "{" in text else (text,)
    telling = [part for part in found if not (isinstance(part, str) and not part.strip())]
    if keep_shape and len(telling) == 1 and isinstance(telling[0], Expression):
        return telling[0].value(known)
    return "".join(p if isinstance(p, str) else p.written(known, write) for p in found)


def _read(inside: str) -> str | Expression | None:
    """What stands between braces: a quoted text, an expression, or None where it is neither."""
    if _TEXT.fullmatch(inside):
        return inside[1:-1]
    name = _NAME.match(inside)
    if name is None:
        return None
    path: list[str | int] = [name.group()]
    position = name.end()
    while step := _STEP.match(inside, position):
        index, text = step["index"], step["text"]
        path.append(int(index) if index else text[1:-1] if text else step["key"])
        position = step.end()
    filters: list[tuple[str, tuple[Any, ...]]] = []
    while found := _FILTER.match(inside, position):
        filters.append((found["name"], _arguments(found["arguments"] or "")))
        position = found.end()
    if inside[position:].strip():
        raise TemplateError(f"cannot read {{{{{inside}}}}}: write a variable and filters")
    return Expression(inside, tuple(path), tuple(filters))


def _arguments(text: str) -> tuple[Any, ...]:
    values: list[Any] = []
    position = 0
    while position < len(text) and text[position:].strip():
        found = _ARGUMENT.match(text, position)
        if found is None:
            raise TemplateError(f"cannot read the argument {text[position:].strip()!r} of a filter")
        written = found["value"]
        if written[0] in "'\"":
            values.append(written[1:-1])
        else:
            values.append(_WORDS[written] if written in _WORDS else _number(written))
        position = found.end()
    return tuple(values)


def _number(written: str) -> float:
    return float(written) if "." in written else int(written)


def _step(found: Any, step: str | int) -> Any:
    if isinstance(found, Mapping):
        return found.get(step, found.get(str(step)))
    if isinstance(found, list | tuple):
        at = int(step) if str(step).isdecimal() else -1
        return found[at] if 0 <= at < len(found) else None
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)


FILTERS: Mapping[str, Filter] = {
    "lower": Filter(lambda value: _text(value).lower()),
    "upper": Filter(lambda value: _text(value).upper()),
    "capitalize": Filter(lambda value: _text(value).capitalize()),
    "title": Filter(lambda value: _text(value).title()),
    "trim": Filter(lambda value: _text(value).strip()),
    "string": Filter(_text),
    "safe": Filter(lambda value: value),
    "dump": Filter(lambda value, _indent=None: canonical_json(value), most=1),
    "tojson": Filter(canonical_json),
    "length": Filter(len),
    "first": Filter(lambda value: value[0]),
    "last": Filter(lambda value: value[-1]),
    "join": Filter(lambda value, between="": str(between).join(map(_text, value)), most=1),
    "replace": Filter(lambda value, old, new: _text(value).replace(str(old), str(new)), 2, 2),
    "default": Filter(lambda value, other: other if value is None else value, 1, 1),
    "int": Filter(int),
    "float": Filter(float),
    "abs": Filter(abs),
    "round": Filter(lambda value, digits=0: round(float(value), int(digits)), most=1),
}
"""Every filter by its name: those that nunjucks and Jinja have in common, and ``dump``."""

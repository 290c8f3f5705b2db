"""docs/settings.md: every key of auditor.toml, from the pydantic models."""

from __future__ import annotations

import inspect
import re
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from auditor.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_HEAD = """# Settings

`auditor.toml` is looked for in the working folder, then in the folders above it; `--config` names
another. A flag of the command line wins over `AUDITOR_*` in the environment, that over the file,
and the file over the defaults below. An unknown key is an error that names the nearest known one.
Paths in the file are relative to the file.
"""
_UNITS = (  # by the end of a key's name; the first that fits
    (r"usd_per_hour$", "USD an hour"),
    (r"usd_hour$", "USD an hour"),
    (r"usd_month$", "USD a month"),
    (r"usd_per_kwh$", "USD a kWh"),
    (r"_usd$|^request$|^web_search$", "USD"),
    (r"^(input|output|cache_read|cache_write_\w+)$", "USD a million tokens"),
    (r"tokens_per_s$", "tokens a second"),
    (r"hours_month$", "hours a month"),
    (r"_hours$", "hours"),
    (r"_months$", "months"),
    (r"_watts$", "W"),
    (r"_gb$", "GB"),
    (r"_s$", "s"),
    (r"_tokens$", "tokens"),
    (r"^(margin|alpha|floor|salvage|utilisation|batch_discount|discounts)$", "share of 1"),
)
_NAMES = {
    "str": "text", "int": "whole number", "float": "number", "Decimal": "number", "bool": "boolean",
    "Path": "path", "date": "date", "Any": "any value", "NoneType": "nothing",
}  # fmt: skip
_BOUNDS = (("ge", "at least {}"), ("gt", "above {}"), ("le", "at most {}"), ("lt", "below {}"))


def settings_page() -> str:
    """Return the page: a section for each table, in the order of the model."""
    return "\n".join([_HEAD, *(_section(path, model) for path, model in _tables(Config, ""))])


def _tables(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each table with its path, outer ones first; ``NAME`` stands for a name of the user."""
    if any(_table_in(field) is None for field in model.model_fields.values()):
        yield path, model
    for name, field in model.model_fields.items():
        inner = _table_in(field)
        if inner is not None:
            named = ".NAME" if get_origin(field.annotation) is dict else ""
            yield from _tables(inner, f"{path}.{name}{named}".removeprefix("."))


def _table_in(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    if get_origin(kind) is dict:
        kind = get_args(kind)[1]
    return kind if inspect.isclass(kind) and issubclass(kind, BaseModel) else None


def _section(path: str, model: type[BaseModel]) -> str:
    rows = [
        f"| `{name}` | {_type(field)} | {_default(field)} | {_unit(name)} | {_text(field)} |"
        for name, field in model.model_fields.items()
        if _table_in(field) is None
    ]
    said = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    head = ["| key | type | default | unit | meaning |", "|---|---|---|---|---|"]
    return "\n".join([f"## [{path}]", "", said, "", *head, *rows, ""])


def _text(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("``", "`").replace("|", "\\|")


def _type(field: FieldInfo) -> str:
    bounds = [
        words.format(f"{limit:g}" if isinstance(limit, float) else limit)
        for part in [*field.metadata, *_inner_metadata(field.annotation)]
        for name, words in _BOUNDS
        if (limit := getattr(part, name, None)) is not None
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _inner_metadata(kind: Any) -> list[Any]:
    """Return the bounds of ``Annotated`` types within a union."""
    found = list(kind.__metadata__) if get_origin(kind) is Annotated else []
    parts = [part for bound in found for part in getattr(bound, "metadata", [bound])]
    inner = [arg for arg in get_args(kind) if get_origin(arg) or inspect.isclass(arg)]
    return parts + [more for arg in inner for more in _inner_metadata(arg)]


def _kind(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(args[0])
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in args)
    if origin is dict:
        return "table" if args[1] is Any else f"table ({_kind(args[1])})"
    if origin in {list, tuple}:
        return f"list ({_kind(args[0])})"
    if origin is Union or type(kind).__name__ == "UnionType":
        return " or ".join(_kind(arg) for arg in args if arg is not type(None))
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return " or ".join(f'`"{item.value}"`' for item in kind)
    name = getattr(kind, "__name__", str(kind))
    return _NAMES.get(name, name)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, dict | tuple | list) and not value:
        return "empty"
    return f"`{value}`"


def _unit(name: str) -> str:
    return next((unit for pattern, unit in _UNITS if re.search(pattern, name)), "")

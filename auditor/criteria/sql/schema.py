"""The tables that statements are about: columns, types and constraints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Family = Literal["integer", "real", "text", "date", "timestamp", "boolean", "unknown"]
"""What the values of a column are."""

_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (re.compile(r"\benum|\binterval", re.IGNORECASE), "text"),
    (re.compile(r"timestamp|datetime|smalldatetime", re.IGNORECASE), "timestamp"),
    (re.compile(r"\bdate\b", re.IGNORECASE), "date"),
    (re.compile(r"bool|\bbit\b", re.IGNORECASE), "boolean"),
    (re.compile(r"int|serial|\bnumber\s*\(\s*\d+\s*(?:,\s*0\s*)?\)|\bid\b", re.IGNORECASE),
     "integer"),
    (re.compile(r"real|float|doub|dec|num|money", re.IGNORECASE), "real"),
    (re.compile(r"char|text|clob|string|enum|uuid|json|\btime\b|\bothers?\b", re.IGNORECASE),
     "text"),
)  # fmt: skip


def family_of(type_name: str) -> Family:
    """What a declared type holds, by its name in any dialect (SQLite's affinity by substrings)."""
    return next((family for written, family in _FAMILIES if written.search(type_name)), "unknown")


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``values`` are all that a CHECK or ENUM allows, ``low`` and ``high`` its bounds."""

    name: str
    family: Family = "unknown"
    declared: str = ""
    not_null: bool = False
    unique: bool = False
    values: tuple[str | float, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values are those of the columns of another table, in the same order."""

    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table. Names keep their case; they are compared without."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    """Groups of several columns that are unique together, beside the primary key."""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by their name in lower case."""
        return {column.name.lower(): column for column in self.columns}

    def never_null(self, column: str) -> bool:
        """Whether a column holds no NULL: declared so, or part of the primary key."""
        known = self.by_name.get(column.lower())
        keys = {name.lower() for name in self.primary_key}
        return known is not None and (known.not_null or column.lower() in keys)


@dataclass(frozen=True)
class Schema:
    """Tables by their name in lower case, without the database's name."""

    tables: tuple[Table, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Table]:
        """The tables by their name in lower case."""
        return {table.name.lower(): table for table in self.tables}

    @cached_property
    def column_names(self) -> frozenset[str]:
        """The names of all columns, in lower case."""
        return frozenset(name for table in self.tables for name in table.by_name)

    @cached_property
    def for_sqlglot(self) -> dict[str, dict[str, str]]:
        """Names in lower case: columns with a type, by table."""
        return {name: dict.fromkeys(table.by_name, "text") for name, table in self.by_name.items()}

    def __bool__(self) -> bool:
        return bool(self.tables)

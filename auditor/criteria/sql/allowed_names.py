"""Which tables and columns statements name, against lists of those that they may.

The lists are promptfoo's, which hands them to node-sql-parser's ``whiteListCheck``: an entry is a
pattern, matched whole and in any case, of ``action::database::table`` or ``action::table::column``;
what is not told is ``null``, and all columns are ``(.*)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2
from sqlglot import exp

from auditor.criteria.checks.base import quoted
from auditor.criteria.sql.statements import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ACTIONS: tuple[tuple[type[exp.Expression], str], ...] = (
    (exp.Query, "select"), (exp.Insert, "insert"), (exp.Update, "update"), (exp.Delete, "delete"),
    (exp.Merge, "update"), (exp.Create, "create"), (exp.Drop, "drop"), (exp.Alter, "alter"),
)  # fmt: skip
_ALL_COLUMNS = "(.*)"


def is_usable(entry: object) -> bool:
    """Whether an entry of a list is a pattern."""
    if not isinstance(entry, str):
        return False
    try:
        _pattern(entry)
    except re2.error:
        return False
    return True


def unlisted_name(
    text: str, dialect: str, *, tables: Sequence[str], columns: Sequence[str]
) -> str | None:
    """The first name in a text of SQL that its list lacks, in words; an empty list lacks none.

    Raises:
        UnusableError: longer or more nested than the parser takes.
        SqlglotError: no SQL.
    """
    if not tables and not columns:
        return None
    for statement in parsed(text, dialect):
        for kind, listed, names in (
            ("table", tables, _tables),
            ("column", columns, _columns),
        ):
            patterns = [_pattern(entry) for entry in listed]
            for name in names(statement) if patterns else ():
                if not any(pattern.fullmatch(name) for pattern in patterns):
                    return f"{kind} {quoted(name)} is not allowed"
    return None


def _pattern(entry: str) -> re2._Regexp[str]:
    # A name alone stands for it in any action and any database or table.
    whole = entry if "::" in entry else f"(.*)::(.*)::(?:{entry})"
    return re2.compile(f"(?i:{whole})")


def _action(node: exp.Expression) -> str:
    """What is done where a name stands: the nearest statement around it."""
    while node.parent is not None:
        node = node.parent
        for kind, action in _ACTIONS:
            if isinstance(node, kind):
                return action
    return "select"


def _tables(statement: exp.Expression) -> Iterator[str]:
    own = {entry.alias.lower() for entry in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if table.name and (table.db or table.name.lower() not in own):
            yield f"{_action(table)}::{table.db or 'null'}::{table.name}"


def _columns(statement: exp.Expression) -> Iterator[str]:
    owners = {t.alias_or_name.lower(): t.name for t in statement.find_all(exp.Table)}
    for column in statement.find_all(exp.Column):
        name = _ALL_COLUMNS if isinstance(column.this, exp.Star) else column.name
        table = owners.get(column.table.lower(), column.table) if column.table else "null"
        yield f"{_action(column)}::{table}::{name}"
    for star in statement.find_all(exp.Star):
        if isinstance(star.parent, exp.Select):
            yield f"{_action(star)}::null::{_ALL_COLUMNS}"
    for insert in statement.find_all(exp.Insert):
        if isinstance(insert.this, exp.Schema):
            for named in insert.this.expressions:
                yield f"insert::{insert.this.this.name}::{named.name}"

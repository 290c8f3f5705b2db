"""Tables of ``CREATE TABLE`` statements, in any dialect."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from auditor.criteria.sql.schema import Column, ForeignKey, Schema, Table, family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CREATE = re.compile(r"\bCREATE\s+(?:TEMP(?:ORARY)?\s+|EXTERNAL\s+)?TABLE\b", re.IGNORECASE)
_MAX_DEFINITION = 20_000
"""Characters of a definition that are still read."""
_MOST_FAILURES = 20
"""Definitions of a prompt that cannot be read, after which no more are tried."""
_DIALECTS = ("", "mysql", "postgres", "sqlite", "tsql", "bigquery")


def schema_of(definitions: Iterable[str], dialect: str = "sqlite") -> Schema:
    """The tables that ``CREATE TABLE`` statements make; those that cannot be read are left out."""
    tables = (_table(text, (dialect, "")) for text in definitions)
    return Schema(tuple(table for table in tables if table is not None))


def tables_in_definitions(text: str) -> Iterator[Table]:
    """Yield the tables that ``CREATE TABLE`` statements in a text make."""
    failures = end = 0
    for start in (found.start() for found in _CREATE.finditer(text)):
        if start < end or failures > _MOST_FAILURES:
            continue
        definition = _until_closed(text, start)
        table = _table(definition, _DIALECTS) if definition else None
        if definition is not None and table is not None:
            end = start + len(definition)
            yield table
        else:
            failures += 1


def _until_closed(text: str, start: int) -> str | None:
    """A definition up to the parenthesis that closes it; quoted text is stepped over."""
    depth, quote = 0, ""
    for at in range(start, min(len(text), start + _MAX_DEFINITION)):
        letter = text[at]
        if quote:
            quote = "" if letter in {quote, "\n"} else quote
        elif letter in "'\"`":
            quote = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return text[start : at + 1]
    return None


@lru_cache(maxsize=2048)  # prompts about one database differ in the question alone
def _table(definition: str, dialects: tuple[str, ...]) -> Table | None:
    for dialect in dialects:
        try:
            tree = sqlglot.parse_one(definition, dialect=dialect or None)
        except (SqlglotError, RecursionError):
            continue
        if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
            return _from_tree(tree.this)
    return None


def _from_tree(tree: exp.Schema) -> Table | None:
    columns, primary, foreign, unique = [], [], [], []
    for entry in tree.expressions:
        constraints = entry.expressions if isinstance(entry, exp.Constraint) else [entry]
        for constraint in constraints:
            if isinstance(constraint, exp.ColumnDef):
                column, key = _column(constraint)
                columns.append(column)
                primary += [column.name] if key == "primary" else []
                foreign += _own_reference(constraint)
            elif isinstance(constraint, exp.Identifier | exp.Column):
                columns.append(Column(constraint.name))
            elif isinstance(constraint, exp.PrimaryKey):
                primary = [e.name or e.this.name for e in constraint.expressions]
            elif isinstance(constraint, exp.ForeignKey):
                foreign += _reference(
                    [e.name for e in constraint.expressions], constraint.args.get("reference")
                )
            elif isinstance(constraint, exp.UniqueColumnConstraint):
                inner = constraint.this
                names = [e.name for e in inner.expressions] if inner is not None else []
                unique += [tuple(names)] if names else []
    name = tree.this.name
    if not name or not columns:
        return None
    singles = {group[0].lower() for group in unique if len(group) == 1}
    columns = [replace(c, unique=True) if c.name.lower() in singles else c for c in columns]
    groups = tuple(group for group in unique if len(group) > 1)
    return Table(name, tuple(columns), tuple(primary), tuple(foreign), groups)


def _column(definition: exp.ColumnDef) -> tuple[Column, str]:
    kind = definition.args.get("kind")
    declared = kind.sql() if kind is not None else ""
    key, not_null, unique = "", False, False
    values: tuple[str | float, ...] = ()
    low = high = None
    for constraint in definition.args.get("constraints") or ():
        what = constraint.args.get("kind")
        if isinstance(what, exp.PrimaryKeyColumnConstraint):
            key = "primary"
        elif isinstance(what, exp.NotNullColumnConstraint):
            not_null = not what.args.get("allow_null")
        elif isinstance(what, exp.UniqueColumnConstraint):
            unique = True
        elif isinstance(what, exp.CheckColumnConstraint):
            values, low, high = _allowed(what.this)
    if kind is not None and kind.expressions and "ENUM" in declared.upper():
        values = tuple(e.name for e in kind.expressions if isinstance(e, exp.Literal))
    return (
        Column(definition.name, family_of(declared), declared, not_null, unique, values, low, high),
        key,
    )


def _allowed(check: exp.Expression) -> tuple[tuple[str | float, ...], float | None, float | None]:
    """What a CHECK of one column allows: a list of values, or bounds."""
    values: tuple[str | float, ...] = ()
    low: float | None = None
    high: float | None = None
    for nested in (
        check.unnest().flatten() if isinstance(check.unnest(), exp.And) else [check.unnest()]
    ):
        part = nested.unnest()
        if isinstance(part, exp.In) and not part.args.get("query"):
            values = tuple(_literal(e) for e in part.expressions if isinstance(e, exp.Literal))
        elif isinstance(part, exp.Between):
            low, high = _bound(part.args["low"]), _bound(part.args["high"])
        elif isinstance(part, exp.GTE | exp.GT):
            bound = _bound(part.expression)
            low = None if bound is None else bound + isinstance(part, exp.GT)
        elif isinstance(part, exp.LTE | exp.LT):
            bound = _bound(part.expression)
            high = None if bound is None else bound - isinstance(part, exp.LT)
    return values, low, high


def _literal(node: exp.Literal) -> str | float:
    return node.name if node.is_string else float(node.name)


def _bound(node: exp.Expression) -> float | None:
    try:
        return float(node.sql())
    except ValueError:
        return None


def _own_reference(definition: exp.ColumnDef) -> list[ForeignKey]:
    for constraint in definition.args.get("constraints") or ():
        kind = constraint.args.get("kind")
        reference = kind.args.get("reference") if isinstance(kind, exp.ForeignKey) else kind
        if isinstance(reference, exp.Reference):
            return _reference([definition.name], reference)
    return []


def _reference(columns: list[str], reference: exp.Expression | None) -> list[ForeignKey]:
    if reference is None or reference.this is None:
        return []
    target = reference.this
    table = target.this.name if isinstance(target, exp.Schema) else target.name
    named = [e.name for e in target.expressions] if isinstance(target, exp.Schema) else []
    return [ForeignKey(tuple(columns), table, tuple(named or columns))]

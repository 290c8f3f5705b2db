"""The schema that a statement itself shows: its tables, with the columns that it names."""

from __future__ import annotations

from sqlglot import exp

from auditor.criteria.sql.preparing import prepared
from auditor.criteria.sql.schema import Column, Schema, Table


def selects_all(statement: exp.Expression) -> bool:
    """Whether a statement selects ``*``: which columns that is, it does not show."""
    return any(
        isinstance(star.parent, exp.Select | exp.Column) for star in statement.find_all(exp.Star)
    )


def tables_of(statement: exp.Expression) -> set[str]:
    """The tables that a statement reads, without the queries of its WITH."""
    own = {entry.alias.lower() for entry in statement.find_all(exp.CTE)}
    return {table.name.lower() for table in statement.find_all(exp.Table)} - own


def inferred_schema(statement: exp.Query) -> Schema | None:
    """A schema of the columns that a statement names; None where it is unclear whose they are."""
    tree = prepared(statement, Schema(), "")
    tables = tables_of(tree)
    aliases: dict[str, str] = {}
    for table in tree.find_all(exp.Table):
        if aliases.setdefault(table.alias_or_name, table.name) != table.name:
            return None
    if selects_all(tree):
        return None
    columns: dict[str, dict[str, Column]] = {name: {} for name in tables}
    for column in tree.find_all(exp.Column):
        owner = aliases.get(column.table) if column.table else None
        if not column.table and len(tables) == 1:
            owner = next(iter(tables))
        if owner in columns:
            columns[owner].setdefault(column.name, Column(column.name))
        elif not column.table:
            return None
    if not tables or not all(columns.values()):
        return None
    return Schema(tuple(Table(name, tuple(found.values())) for name, found in columns.items()))

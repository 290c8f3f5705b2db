"""Statements as an engine is given them: quoted, transpiled, and with nothing left to chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.criteria.sql.sandbox import Engine
    from auditor.criteria.sql.schema import Schema

_WHOLE = (exp.AggFunc, exp.Filter, exp.WithinGroup, exp.Query, exp.Star)
"""What has one value for a group, whatever columns are in it."""
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# Of the words that SQLite or DuckDB reserve, those that people use as names all the same.
_RESERVED = frozenset(
    [
        "add",
        "all",
        "alter",
        "analyse",
        "analyze",
        "and",
        "any",
        "as",
        "asc",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "constraint",
        "create",
        "cross",
        "current",
        "default",
        "deferrable",
        "desc",
        "describe",
        "distinct",
        "do",
        "drop",
        "else",
        "end",
        "escape",
        "except",
        "exists",
        "false",
        "fetch",
        "for",
        "foreign",
        "from",
        "full",
        "glob",
        "grant",
        "group",
        "having",
        "in",
        "index",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "outer",
        "placing",
        "primary",
        "qualify",
        "references",
        "returning",
        "right",
        "select",
        "set",
        "show",
        "some",
        "summarize",
        "table",
        "then",
        "to",
        "transaction",
        "trailing",
        "true",
        "union",
        "unique",
        "update",
        "using",
        "values",
        "variadic",
        "when",
        "where",
        "window",
        "with",
    ]
)


class Sorted(NamedTuple):
    """A statement that returns all that another one sorts, and where its sort keys are."""

    statement: exp.Query
    columns: int
    """How many columns, from the first, are the other statement's own."""
    keys: tuple[int, ...]
    offset: int
    limit: int | None


def written(statement: exp.Expression, engine: Engine, schema: Schema) -> str:
    """The SQL of a statement, as ``preparing.prepared`` gives it, for an engine.

    Tables of the schema lose the names of their databases: there is one here.
    """
    tree = statement.copy()
    for table in tree.find_all(exp.Table):
        if table.name in schema.by_name:
            table.set("db", None)
            table.set("catalog", None)
    for identifier in tree.find_all(exp.Identifier):
        name = identifier.name
        if not _PLAIN_NAME.fullmatch(name) or name in _RESERVED:
            identifier.set("quoted", True)  # noqa: FBT003
    return str(tree.sql(dialect=engine, comments=False))


def is_ordered(statement: exp.Expression) -> bool:
    """Whether the rows of a statement come in a settled order."""
    return statement.args.get("order") is not None


def settled(statement: exp.Query) -> exp.Query:
    """The statement with the least value where any of a group's would do.

    A column that is neither grouped by nor aggregated has the value of some row of the group
    (SQLite, MySQL). Beside one MIN or MAX it is that of the row found, which SQLite promises.
    """
    tree = statement.copy()
    for select in tree.find_all(exp.Select):
        _settle(select)
    return tree


def _settle(select: exp.Select) -> None:
    group = select.args.get("group")
    own = [node for node in _within(select) if isinstance(node, exp.AggFunc)]
    if (group is None and not own) or any(isinstance(n, exp.Window) for n in _within(select)):
        return
    if len(own) == 1 and isinstance(own[0], exp.Min | exp.Max):
        return
    keys = [_resolved(key, select) for key in (group.expressions if group else ())]
    places = [*select.expressions]
    clauses = (select.args.get("having"), select.args.get("order"))
    places += [clause for clause in clauses if clause]
    aliases = {entry.alias for entry in select.expressions if entry.alias}
    for place in places:
        for column in _bare_columns(place, keys):
            if not (place.arg_key != "expressions" and not column.table and column.name in aliases):
                column.replace(exp.Min(this=column.copy()))


def _bare_columns(node: exp.Expression, keys: Sequence[exp.Expression]) -> list[exp.Column]:
    """Columns below a node that are outside of aggregates, subqueries and group keys."""
    if any(node == key for key in keys) or isinstance(node, _WHOLE):
        return []
    if isinstance(node, exp.Column):
        same = any(
            isinstance(key, exp.Column) and key.name == node.name
            and (not key.table or not node.table or key.table == node.table)
            for key in keys
        )  # fmt: skip
        return [] if same or isinstance(node.this, exp.Star) else [node]
    return [column for child in node.iter_expressions() for column in _bare_columns(child, keys)]


def _within(select: exp.Select) -> Iterator[exp.Expression]:
    """Yield the nodes of a query without those of its subqueries and sources."""
    waiting = [
        *select.expressions,
        *(select.args[key] for key in ("having", "order") if select.args.get(key)),
    ]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Query):
            continue
        yield node
        waiting += list(node.iter_expressions())


def _resolved(key: exp.Expression, select: exp.Select) -> exp.Expression:
    """A key of GROUP BY or ORDER BY, where it is a position or an alias: what that stands for."""
    if isinstance(key, exp.Literal) and not key.is_string and key.name.isdecimal():
        position = int(key.name) - 1
        if 0 <= position < len(select.expressions):
            return select.expressions[position].unalias()
    if isinstance(key, exp.Column) and not key.table:
        for entry in select.expressions:
            if entry.alias == key.name:
                return entry.unalias()
    return key


def all_sorted(statement: exp.Query) -> Sorted | None:
    """All rows of a statement with LIMIT or ORDER BY, with their sort keys; None where unknown."""
    tree = statement.copy()
    bounds = _bounds(tree)
    if bounds is None:
        return None
    offset, limit = bounds
    for key in ("limit", "offset"):
        tree.set(key, None)
    order = tree.args.get("order")
    entries = [entry.this for entry in order.expressions] if order else []
    outputs = tree.selects
    if any(isinstance(entry.unalias(), exp.Star) or entry.is_star for entry in outputs):
        return Sorted(tree, -1, (), offset, limit) if not entries else None
    if isinstance(tree, exp.Select) and not tree.args.get("distinct"):
        keys = [_resolved(entry, tree) for entry in entries]
        for i, key in enumerate(keys):
            tree.select(exp.alias_(key.copy(), f"sort_key_{i}"), copy=False)
        positions = tuple(range(len(outputs), len(outputs) + len(keys)))
        return Sorted(tree, len(outputs), positions, offset, limit)
    found = [_position(entry, outputs) for entry in entries]
    if None in found:
        return None
    positions = tuple(at for at in found if at is not None)
    return Sorted(tree, len(outputs), positions, offset, limit)


def _position(key: exp.Expression, outputs: Sequence[exp.Expression]) -> int | None:
    if isinstance(key, exp.Literal) and key.name.isdecimal():
        return int(key.name) - 1
    for i, entry in enumerate(outputs):
        same_name = isinstance(key, exp.Column) and entry.alias_or_name == key.name
        if entry.unalias() == key or same_name:
            return i
    return None


def _bounds(tree: exp.Query) -> tuple[int, int | None] | None:
    """OFFSET and LIMIT as numbers, or None where they are no plain numbers."""
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    count = None
    if limit is not None:
        options = limit.args.get("limit_options")
        if options and (options.args.get("percent") or options.args.get("with_ties")):
            return None
        count = limit.args.get("expression") or limit.args.get("count")
        if limit.args.get("offset") is not None and offset is None:
            offset = exp.Offset(expression=limit.args["offset"])
    try:
        return (
            int(offset.expression.name) if offset is not None else 0,
            int(count.name) if count is not None else None,
        )
    except ValueError:
        return None

"""Errors in SQL: statements that return other rows, as far as that can be told without running.

What may return the same rows is avoided: ``<`` for ``<=``, the order of rows that no limit cuts,
a condition that another one implies, what ``EXISTS`` selects, columns that a join makes equal.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from auditor.criteria.checks.base import MAX_SQL
from auditor.criteria.mutations.documents import shown
from auditor.criteria.mutations.model import Mutant
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from auditor.criteria.mutations.model import Logged, Pool

_DIALECTS = (None, "mysql", "postgres", "bigquery", "tsql", "snowflake")
_FLIPPED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LT,
    exp.LTE: exp.GT,
    exp.Max: exp.Min,
    exp.Min: exp.Max,
    exp.Sum: exp.Avg,
    exp.Avg: exp.Sum,
}
_NEGATED = (exp.In, exp.Like, exp.ILike, exp.Between)
_PREDICATES = (exp.EQ, exp.NEQ, exp.GT, exp.LT, exp.GTE, exp.LTE, exp.In, exp.Like, exp.ILike,
               exp.Between)  # fmt: skip


def clause_dropped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A condition or a limit is left out."""

    def drop(tree: exp.Expression) -> Iterator[Callable[[], str]]:
        for select in _selects(tree):
            for name in ("where", "having", "limit"):
                clause = select.args.get(name)
                if clause is None or (name == "limit" and _one_row(select)):
                    continue
                if name == "limit" or any(map(_restricts, _conjuncts(clause.this))):
                    yield functools.partial(_drop_clause, select, name)
        for both in tree.find_all(exp.And):
            if _restricts(both.right) and both.find_ancestor(exp.Not, exp.Or, exp.Join) is None:
                yield functools.partial(_drop_condition, both)

    return _edited(answer, pool, rng, drop)


def operator_flipped(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A comparison, an aggregate, AND, OR or an order that decides is turned around."""

    def flip(tree: exp.Expression) -> Iterator[Callable[[], str]]:
        for node in tree.find_all(*_FLIPPED, *_NEGATED, exp.And, exp.Or, exp.Ordered):
            if isinstance(node, exp.Ordered):
                select = node.find_ancestor(exp.Select)
                if select is not None and select.args.get("limit") and not _one_row(select):
                    yield functools.partial(_turn_order, node)
            elif isinstance(node, _NEGATED):
                if not _is_fixed(node):
                    yield functools.partial(_negate, node)
            elif isinstance(node, exp.And | exp.Or):
                if _restricts(node.left) and _restricts(node.right) and not _in_join(node):
                    new = exp.Or if isinstance(node, exp.And) else exp.And
                    yield functools.partial(_replace_class, node, new)
            elif not _is_fixed(node) and not _in_join(node):
                yield functools.partial(_replace_class, node, _FLIPPED[type(node)])

    return _edited(answer, pool, rng, flip)


def literal_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """A value that rows are compared with, or the limit, is another one."""

    def change(tree: exp.Expression) -> Iterator[Callable[[], str]]:
        for literal in tree.find_all(exp.Literal):
            parent = literal.parent
            compared = isinstance(parent, _PREDICATES) and not _is_fixed(parent)
            limit = isinstance(parent, exp.Limit) and not _one_row(parent.parent)
            if (compared or limit) and not _in_join(literal):
                yield functools.partial(_other_literal, literal)

    return _edited(answer, pool, rng, change)


def column_changed(answer: Logged, pool: Pool, rng: Random) -> Mutant | None:
    """Another column of the statement is selected, or compared."""

    def change(tree: exp.Expression) -> Iterator[Callable[[], str]]:
        joined = {
            column.name.casefold()
            for pair in tree.find_all(exp.EQ)
            if isinstance(pair.left, exp.Column) and isinstance(pair.right, exp.Column)
            for column in (pair.left, pair.right)
        }
        columns = list(tree.find_all(exp.Column))
        for column in columns:
            others = {
                other.name
                for other in columns
                if other.table == column.table
                and other.name.casefold() not in {column.name.casefold(), *joined}
                and not isinstance(other.this, exp.Star)
            }
            if others and column.name.casefold() not in joined and _counts(column):
                yield functools.partial(_rename, column, rng.choice(sorted(others)))

    return _edited(answer, pool, rng, change)


def _edited(
    answer: Logged,
    pool: Pool,
    rng: Random,
    edits: Callable[[exp.Expression], Iterator[Callable[[], str]]],
) -> Mutant | None:
    """The answer with one edit of its statement, where that is another statement."""
    del pool
    parsed = _parsed(answer.block.value)
    if parsed is None:
        return None
    tree, dialect, former = parsed
    tree = tree.copy()
    try:
        found = list(edits(tree))
        if not found:
            return None
        detail = rng.choice(found)()
        written = tree.sql(dialect=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return None
    if written == former:
        return None
    return Mutant(answer.saying(answer.block.replaced(answer.text, written)), detail)


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[exp.Expression, str | None, str] | None:
    """The one statement in a text, its dialect and how it is written; None for anything else."""
    if len(text) > MAX_SQL:
        return None
    for dialect in _DIALECTS:
        try:
            statements = [s for s in sqlglot.parse(without_surrogates(text), dialect=dialect) if s]
            if len(statements) == 1:
                return statements[0], dialect, statements[0].sql(dialect=dialect)
        except (SqlglotError, RecursionError):
            continue
    return None


def _selects(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Selects whose rows count, and statements that change rows."""
    for select in tree.find_all(exp.Select, exp.Update, exp.Delete):
        if select.find_ancestor(exp.Exists) is None or select.args.get("where"):
            yield select


def _one_row(select: exp.Expression | None) -> bool:
    """Whether a select gives one row whatever its limit is: aggregates without groups."""
    if not isinstance(select, exp.Select) or select.args.get("group"):
        return False
    return any(e.find(exp.AggFunc) and not e.find(exp.Window) for e in select.expressions)


def _conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _restricts(condition: exp.Expression) -> bool:
    """Whether a condition surely leaves out rows, so that without it there are more."""
    inner = condition.unnest()
    if isinstance(inner, exp.And | exp.Or):
        return any(map(_restricts, _conjuncts(inner)))
    return isinstance(inner, _PREDICATES) and not _is_fixed(inner) and not _joins(inner)


def _is_fixed(node: exp.Expression) -> bool:
    """Whether a comparison looks at no column: ``1 = 1``."""
    return node.find(exp.Column) is None


def _joins(node: exp.Expression) -> bool:
    return isinstance(node.this, exp.Column) and isinstance(node.args.get("expression"), exp.Column)


def _in_join(node: exp.Expression) -> bool:
    return node.find_ancestor(exp.Join) is not None and node.find_ancestor(exp.Where) is None


def _counts(column: exp.Column) -> bool:
    """Whether the rows returned depend on which column this is."""
    if column.find_ancestor(exp.Count, exp.Exists, exp.Order, exp.Group, exp.Join, exp.Window):
        return False
    if isinstance(column.this, exp.Star):
        return False
    select = column.find_ancestor(exp.Select)
    return select is not None and not (column.find_ancestor(exp.Having))


def _drop_clause(select: exp.Expression, name: str) -> str:
    select.set(name, None)
    return f"without {name.upper()}"


def _drop_condition(both: exp.And) -> str:
    dropped = both.right.sql()
    both.replace(both.left)
    return f"without {shown(dropped)}"


def _turn_order(order: exp.Ordered) -> str:
    descending = bool(order.args.get("desc"))
    order.set("desc", not descending)
    return "ASC for DESC" if descending else "DESC for ASC"


def _negate(node: exp.Expression) -> str:
    word = node.key.upper()
    if isinstance(node.parent, exp.Not):
        node.parent.replace(node.copy())
        return f"{word} for NOT {word}"
    node.replace(exp.Not(this=node.copy()))
    return f"NOT {word} for {word}"


def _replace_class(node: exp.Expression, new: type[exp.Expression]) -> str:
    former = node.sql()
    made = new(**node.args)
    if isinstance(node, exp.Or) or new is exp.Or:
        made = exp.Paren(this=made)
    node.replace(made)
    return f"{shown(former)} → {shown(made.sql())}"


def _other_literal(literal: exp.Literal) -> str:
    former = literal.sql()
    text = str(literal.this)
    if literal.is_string:
        core = text.strip("%")
        new = text.replace(core, f"{core}x") if core else f"{text}x"
    else:
        new = str(int(text) + 3) if text.isdigit() else str(float(text) * 2 + 1)
    literal.set("this", new)
    return f"{shown(former)} → {shown(literal.sql())}"


def _rename(column: exp.Column, name: str) -> str:
    former = column.name
    column.this.set("this", name)
    return f"{former} → {name}"

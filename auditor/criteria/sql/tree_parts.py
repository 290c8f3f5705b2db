"""Parts of sqlglot's trees: what AND joins, what a query returns, what a query wraps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def is_literal(node: exp.Expression) -> bool:
    """Whether a node is a number or a text, a negative number included."""
    return isinstance(node, exp.Literal) or (
        isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)
    )


def conjuncts(nodes: Sequence[exp.Expression | None]) -> list[exp.Expression]:
    """The conditions that AND joins, each by itself."""
    return [
        exp.Not(this=part.copy()) if negated else part
        for node in nodes
        if node is not None
        for part, negated in flat(node, negated=False, kind=exp.And)
        if not (isinstance(part, exp.Boolean) and part.this)
    ]


def flat(
    node: exp.Expression, *, negated: bool, kind: type[exp.Expression]
) -> Iterator[tuple[exp.Expression, bool]]:
    """Yield what ``kind`` joins after negation, with whether it is negated itself."""
    node = node.unnest()
    if isinstance(node, exp.Not) and isinstance(node.this.unnest(), exp.And | exp.Or | exp.Not):
        yield from flat(node.this, negated=not negated, kind=kind)
        return
    if isinstance(node, exp.And | exp.Or):
        actual = (exp.Or if isinstance(node, exp.And) else exp.And) if negated else type(node)
        if actual is kind:
            yield from flat(node.this, negated=negated, kind=kind)
            yield from flat(node.expression, negated=negated, kind=kind)
            return
    if is_range(node):
        bounds = dict(bounds_of(node))
        low, high = bounds["this"], bounds["expression"]
        if (exp.Or if negated else exp.And) is kind:
            yield low, negated
            yield high, negated
            return
    if isinstance(node, exp.Not):
        yield node.this.unnest(), not negated
        return
    yield node, negated


def has_clauses(node: exp.Expression) -> bool:
    """Whether a subquery or a set operation has clauses of its own around its query."""
    return any(node.args.get(key) for key in ("order", "limit", "offset", "where", "joins"))


def operands_of(
    node: exp.Expression, kind: type[exp.Expression], *, distinct: bool
) -> Iterator[exp.Expression]:
    """Yield the sides of nested operations of one kind (of EXCEPT: the first, then the others)."""
    left, right = node.this, node.args["expression"]
    for side in (left, right):
        inner = side.unnest() if isinstance(side, exp.Subquery) else side
        nests = (
            type(inner) is kind
            and (inner.args.get("distinct") is not False) == distinct
            and not has_clauses(inner)
            and not inner.args.get("with_")
            and (side is left or kind is not exp.Except)
        )
        if nests:
            yield from operands_of(inner, kind, distinct=distinct)
        else:
            yield side


def output_names(node: exp.Expression) -> list[str]:
    """The names of a query's columns."""
    while isinstance(node, exp.Subquery | exp.SetOperation):
        node = node.this
    return (
        [entry.alias_or_name for entry in node.expressions] if isinstance(node, exp.Select) else []
    )


def aliased(node: exp.Expression, names: Sequence[str]) -> Sequence[str]:
    """The names of a source's columns, as ``AS t(a, b)`` may have it."""
    alias = node.args.get("alias")
    columns = [c.name for c in (alias.args.get("columns") if alias else None) or ()]
    return columns or names


def only_around(node: exp.Expression) -> exp.Expression | None:
    """The query within ``SELECT * FROM (query)``, which returns the same; None for any other."""
    if not isinstance(node, exp.Select):
        return None
    if any(
        value for key, value in node.args.items() if key not in {"expressions", "from_", "with_"}
    ):
        return None
    start = node.args.get("from_")
    source = start.this if start else None
    inside = source.this if isinstance(source, exp.Subquery) and not has_clauses(source) else None
    if isinstance(source, exp.Table) and node.args.get("with_"):
        clause = node.args["with_"]
        if clause.args.get("recursive") or len(clause.expressions) != 1:
            return None
        (entry,) = clause.expressions
        inside = entry.this if entry.alias == source.name and not source.db else None
    if inside is None or source is None:
        return None
    outputs = list(aliased(source, output_names(inside)))
    chosen = [entry.unalias() for entry in node.expressions]
    if len(chosen) == 1 and isinstance(chosen[0], exp.Star):
        return inside
    named = [c.name if isinstance(c, exp.Column) else None for c in chosen]
    return inside if outputs and named == outputs and len(set(named)) == len(named) else None


def as_exists(node: exp.In) -> exp.Exists | None:
    """``x IN (SELECT y FROM t)`` as ``EXISTS (SELECT 1 FROM t WHERE y = x)``, which is as true."""
    query = node.args.get("query")
    select = query.unnest() if isinstance(query, exp.Subquery) else query
    subject = node.this.unnest()
    if not isinstance(select, exp.Select) or not isinstance(subject, exp.Column):
        return None
    if len(select.expressions) != 1 or not subject.table or not select.args.get("from_"):
        return None
    if any(
        select.args.get(key) for key in ("group", "having", "limit", "offset", "with_", "qualify")
    ):
        return None
    if any(select.expressions[0].find_all(exp.AggFunc, exp.Window)):
        return None
    if any(
        entry.alias_or_name == subject.table for entry in select.find_all(exp.Table, exp.Subquery)
    ):
        return None  # the name would be another one's there
    same = exp.EQ(this=select.expressions[0].unalias().copy(), expression=subject.copy())
    return exp.Exists(this=select.copy().where(same, copy=False))


def is_range(node: exp.Expression) -> bool:
    """Whether a node is a BETWEEN that two comparisons can stand for.

    What is between stands twice then: within one another, they would double at every depth.
    """
    return (
        isinstance(node, exp.Between)
        and not node.args.get("symmetric")
        and node.this.find(exp.Between) is None
    )


def bounds_of(node: exp.Between) -> Iterator[tuple[str, exp.Expression]]:
    """Yield the two comparisons that BETWEEN stands for, as the arguments of AND."""
    yield "this", exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
    yield "expression", exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())

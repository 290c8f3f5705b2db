"""FROM and its joins: what may be taken in any order, and names that no order changes."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product
from math import factorial, prod
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from auditor.criteria.sql.tree_parts import COMPARISONS, conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_NAMINGS = 24
"""Orders of the copies of one table that are tried; a statement with more keeps its own order."""
_REJECTS_NULL = (*COMPARISONS, exp.Like, exp.Between, exp.In)
_PLAIN_JOINS = frozenset({"", "INNER", "CROSS", "OUTER"})


class Source(NamedTuple):
    """An entry of FROM."""

    alias: str
    form: str
    outputs: Sequence[str] | None
    table: str | None


class Sides(NamedTuple):
    """FROM and joins: what is joined inwardly in any order, then the outer joins in theirs."""

    inner: list[exp.Expression]
    conditions: list[exp.Expression]
    outer: list[exp.Join]


def sides_of(select: exp.Select) -> Sides | None:
    """FROM and joins in two heaps, or None where their order matters otherwise."""
    start = select.args.get("from_")
    if start is None:
        return Sides([], [], [])
    joins: list[exp.Join] = select.args.get("joins") or []
    if select.args.get("laterals") or start.this.args.get("joins"):
        return None
    if len(joins) == 1 and joins[0].side == "RIGHT":
        (join,) = joins
        turned = join.copy()
        turned.set("this", start.this.copy())
        turned.set("side", "LEFT")
        return _usable([join.this], [turned], select)
    return _usable([start.this], joins, select)


def _usable(
    first: list[exp.Expression], joins: Sequence[exp.Join], select: exp.Select
) -> Sides | None:
    inner, conditions, outer = first, [], []
    where = select.args.get("where")
    needed = _null_rejecting(where.this if where else None)
    for join in joins:
        plain = join.kind in _PLAIN_JOINS and not join.method and not join.args.get("using")
        if not plain or isinstance(join.this, exp.Lateral | exp.Unnest) or join.side in {
            "RIGHT", "FULL",
        }:  # fmt: skip
            return None
        on = join.args.get("on")
        if join.side == "LEFT" and join.this.alias_or_name not in needed:
            outer.append(join)
            continue
        inner.append(join.this)
        if on is not None:
            conditions.append(on)
    if outer and any(
        column.table in {join.this.alias_or_name for join in outer}
        for on in conditions
        for column in on.find_all(exp.Column)
    ):
        # An inner join after an outer one, by the outer one's columns: it stays where it is
        # unless the condition wants no NULL, and then nothing is filled up.
        return None
    return Sides(inner, conditions, outer)


def _null_rejecting(where: exp.Expression | None) -> set[str]:
    """Sources of which WHERE lets no row pass that an outer join has filled with NULL."""
    found = set()
    for condition in conjuncts([where]):
        turned = condition.this.unnest() if isinstance(condition, exp.Not) else condition
        if isinstance(turned, _REJECTS_NULL):
            operands = (turned.args.get("this"), turned.args.get("expression"))
            found |= {c.table for c in operands if isinstance(c, exp.Column) and c.table}
        elif isinstance(condition, exp.Not) and isinstance(turned, exp.Is):
            column = turned.this
            if isinstance(column, exp.Column) and isinstance(turned.expression, exp.Null):
                found.add(column.table)
    return found


def namings(
    sources: Sequence[Source], inner: int, depth: int
) -> Iterator[dict[str, str]]:  # fmt: skip
    """Yield names for the sources that do not depend on their order or aliases.

    Copies of one table among the inner sources can be told apart only by what is done with them:
    each of their orders is tried, and the least normal form wins.
    """
    forms = Counter(source.form for source in sources[:inner])
    ranks = {form: rank for rank, form in enumerate(sorted(forms))}
    fixed = {
        source.alias: f"{depth}:{ranks[source.form]}"
        for source in sources[:inner]
        if forms[source.form] == 1
    }
    fixed |= {s.alias: f"{depth}:left {i}" for i, s in enumerate(sources[inner:])}
    groups = [
        [source.alias for source in sources[:inner] if source.form == form]
        for form in sorted(form for form, n in forms.items() if n > 1)
    ]
    few = prod(factorial(len(group)) for group in groups) <= _MOST_NAMINGS
    for orders in product(*map(permutations, groups)) if few else [groups]:
        naming = dict(fixed)
        for order in orders:
            form = next(s.form for s in sources if s.alias == order[0])
            naming |= {alias: f"{depth}:{ranks[form]}#{i}" for i, alias in enumerate(order)}
        yield naming

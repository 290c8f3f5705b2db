"""The one way in which statements that mean the same are written, found by rewriting.

sqlglot's optimizer says whose column each name is and merges subqueries; what is left is written
down here in an order of its own: sources and conditions of inner joins are sets, comparisons have
one direction, names that only the statement knows are replaced. Every rewriting keeps the rows
under SQL's three-valued logic; where that needs a constraint, the schema must say it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError

from auditor.criteria.sql.expression_forms import NO_NAMES, ExpressionWriter, Names, bracketed
from auditor.criteria.sql.from_clause import Sides, Source, namings, sides_of
from auditor.criteria.sql.preparing import prepared
from auditor.criteria.sql.tree_parts import (
    aliased,
    conjuncts,
    has_clauses,
    only_around,
    operands_of,
    output_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from auditor.criteria.sql.schema import Schema

_MOST_NAMINGS = 200
"""Namings of sources that are tried in one statement, beside the first of each query."""
_MOST_REPEATED = 1000
"""Characters of a query of WITH that are repeated where it is read; of more, a digest is."""
_OWN_CLAUSES = frozenset(
    ("with_", "expressions", "distinct", "from_", "joins", "where", "group", "having", "order",
     "limit", "offset", "this", "expression", "operation_modifiers")
)  # fmt: skip


def normal_form(statement: exp.Expression, schema: Schema, dialect: str = "") -> str:
    """The statement as all that mean the same are written, as far as rewriting shows it.

    Raises:
        RecursionError: nested deeper than this can follow.
    """
    tree = prepared(statement, schema, dialect)
    if not isinstance(tree, exp.Query):
        return _Writer(schema, dialect).value(tree, NO_NAMES)
    return _Writer(schema, dialect).query(_qualified(tree, schema), NO_NAMES)


def _qualified(tree: exp.Query, schema: Schema) -> exp.Query:
    """The query with the source of each column named, and subqueries merged where that can be."""
    from sqlglot.optimizer.merge_subqueries import merge_subqueries
    from sqlglot.optimizer.qualify import qualify

    known = schema.for_sqlglot if schema else None
    try:
        told = qualify(
            tree.copy(), schema=known, quote_identifiers=False, identify=False,
            validate_qualify_columns=False,
        )  # fmt: skip
        if told.args.get("with_") or any(told.find_all(exp.Subquery)):
            told = merge_subqueries(told)
    except (SqlglotError, AttributeError, KeyError, ValueError, TypeError, IndexError):
        # A name that no table has, or a construct the optimizer stumbles over: as it is written.
        return tree
    return told if isinstance(told, exp.Query) else tree


class _Use(NamedTuple):
    """What of a query's result counts where it stands."""

    as_set: bool
    ordered: bool


class _Writer(ExpressionWriter):
    """Writes queries and expressions down; knows the schema."""

    def __init__(self, schema: Schema, dialect: str) -> None:
        super().__init__()
        self._schema = schema
        self._nulls = _null_ordering(dialect)
        self._budget = _MOST_NAMINGS

    # -- queries -----------------------------------------------------------------------------------

    def query(
        self, node: exp.Expression, names: Names, *, as_set: bool = False,
        ordered: bool = True,
    ) -> str:  # fmt: skip
        """A query; ``as_set``: doubles do not matter; not ``ordered``: its order does not."""
        while isinstance(node, exp.Subquery | exp.Paren) and not has_clauses(node):
            names = self._with(node, names)
            node = node.this
        names = self._with(node, names)
        inside = only_around(node)
        if inside is not None:
            return self.query(inside, names, as_set=as_set, ordered=ordered)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, names, _Use(as_set, ordered))
        if isinstance(node, exp.Select):
            return self._select(node, names, _Use(as_set, ordered))
        return self.generic(node, names)

    def _with(self, node: exp.Expression, names: Names) -> Names:
        clause = node.args.get("with_")
        if clause is None:
            return names
        queries = dict(names.queries)
        for entry in clause.expressions:
            columns = [c.name for c in entry.args["alias"].args.get("columns") or ()]
            inner = Names(queries=queries, depth=names.depth + 1)
            if clause.args.get("recursive"):  # it may name itself: written down as it is
                queries[entry.alias] = (f"recursive {entry.alias}", columns)
                form = f"recursive {entry.alias} as {self.query(entry.this, inner)}"
            else:
                form = self.query(entry.this, inner, ordered=False)
            if len(form) > _MOST_REPEATED:  # each query may read the one before twice
                form = hashlib.sha256(form.encode()).hexdigest()
            queries[entry.alias] = (form, columns or output_names(entry.this))
        return replace(names, queries=queries)

    def _set_operation(self, node: exp.SetOperation, names: Names, use: _Use) -> str:
        kind = type(node)
        distinct = node.args.get("distinct") is not False
        loose = distinct or (use.as_set and kind is exp.Union)
        sides = [
            self.query(side, names, as_set=loose, ordered=False)
            for side in operands_of(node, kind, distinct=distinct)
        ]
        if kind in {exp.Union, exp.Intersect}:
            sides = sorted(set(sides)) if loose else sorted(sides)
        elif kind is exp.Except:
            sides = [sides[0], *sorted(sides[1:])]
        bounds = self._bounds(node)
        order = self._order_of_set(node, names) if use.ordered or bounds else []
        kept = "distinct" if loose else "all"
        return _joined([node.key, kept, *sides, *order, *bounds, *self._others(node, names)])

    def _order_of_set(self, node: exp.SetOperation, names: Names) -> list[str]:
        outputs = {name: f"column {i}" for i, name in enumerate(output_names(node)) if name}
        parts = []
        for entry in node.args["order"].expressions if node.args.get("order") else ():
            told = entry.this
            if isinstance(told, exp.Literal) and told.name.isdecimal():
                key = f"column {int(told.name) - 1}"
            else:
                key = outputs.get(told.name) or self.value(told, names)
            parts.append(f"order {key} {self._direction(entry)}")
        return parts

    def _select(self, node: exp.Select, names: Names, use: _Use) -> str:
        sides = sides_of(node)
        if sides is None:
            return self._as_written(node, names)
        entries = [*sides.inner, *(join.this for join in sides.outer)]
        sources = [self._source(entry, names) for entry in entries]
        inner = len(sides.inner)
        return min(
            self._named_select(
                node, sides, self._named(names, sources, naming, inner), sources, use
            )
            for naming in self._within_budget(namings(sources, inner, names.depth))
        )

    def _within_budget(self, every: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
        """Yield the first naming, and the others while there is time for them.

        Queries within queries that read one table often would be written down for each of many.
        """
        yield next(every)
        for naming in every:
            self._budget -= 1
            if self._budget < 0:
                return
            yield naming

    def _source(self, node: exp.Expression, names: Names) -> Source:
        alias = node.alias_or_name
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            known = names.queries.get(node.name)
            if known is not None and not node.db:
                return Source(alias, f"({known[0]})", aliased(node, known[1]), None)
            form = ".".join(part for part in (node.catalog, node.db, node.name) if part)
            return Source(alias, form, None, node.name)
        if isinstance(node, exp.Subquery):
            form = self.query(node.this, names.deeper(), ordered=False)
            return Source(alias, f"({form})", aliased(node, output_names(node.this)), None)
        return Source(alias, self.generic(node, names), None, None)

    def _named(
        self, above: Names, sources: Sequence[Source], naming: Mapping[str, str], inner: int
    ) -> Names:
        """The names within a query, of which the first ``inner`` sources are joined inwardly."""
        return replace(
            above,
            sources={**above.sources, **naming},
            outputs={
                **{alias: o for alias, o in above.outputs.items() if alias not in naming},
                **{s.alias: s.outputs for s in sources if s.outputs is not None},
            },
            tables={
                **{alias: t for alias, t in above.tables.items() if alias not in naming},
                **{
                    s.alias: self._schema.by_name[s.table]
                    for s in sources[:inner]
                    if s.table in self._schema.by_name
                },
            },
        )

    def _named_select(
        self, node: exp.Select, sides: Sides, names: Names, sources: Sequence[Source], use: _Use
    ) -> str:
        """A query whose sources have their names."""
        group, where = node.args.get("group"), node.args.get("where")
        conditions, having = _with_having(
            node, [*sides.conditions, *([where.this] if where else [])]
        )
        inner = {source.alias for source in sources[: len(sides.inner)]}
        equal = self._equal_columns(conditions, names, inner)
        names = replace(names, equal={**names.equal, **equal})
        read = sorted(f"{names.sources[source.alias]}={source.form}" for source in sources)
        parts = [f"from {bracketed(read)}"]
        for join in sides.outer:
            on = self.conjunction(conjuncts([join.args.get("on")]), names)
            parts.append(f"left {names.sources[join.this.alias_or_name]} on {on}")
        parts += self._classes(equal)
        parts.append(f"where {self.conjunction(conjuncts(conditions), names)}")
        selected = _Selected(node, [self.value(e.unalias(), names) for e in node.expressions])
        keys = self._group_keys(group, selected, names)
        bounds = self._bounds(node)
        keys, is_distinct = _distinctness(node, keys, selected.forms, having)
        distinct = node.args.get("distinct")
        if distinct and distinct.args.get("on"):
            parts.append(f"on {self.value(distinct.args['on'], names)}")
        if is_distinct and not (use.as_set and not bounds):
            parts.append("distinct")
        if keys is not None:
            parts.append(f"group {bracketed(sorted(set(keys)))}")
        if having:
            parts.append(f"having {self.conjunction(having, names)}")
        parts.append(f"select {bracketed(selected.forms)}")
        if use.ordered or bounds:
            parts += self._order(node, selected, names)
        return _joined(parts + bounds + self._others(node, names))

    def _as_written(self, node: exp.Select, names: Names) -> str:
        """A query with joins whose order matters (FULL, RIGHT of many, LATERAL): in that order."""
        naming: dict[str, str] = {}
        outputs: dict[str, Sequence[str]] = {}
        parts = []
        start = node.args.get("from_")
        joins = node.args.get("joins") or []
        for i, entry in enumerate([start.this if start else None, *(j.this for j in joins)]):
            if entry is None:
                continue
            source = self._source(entry, names)
            naming[source.alias] = f"{names.depth}:{i}"
            if source.outputs is not None:
                outputs[source.alias] = source.outputs
            parts.append(f"source {i} {source.form}")
        names = replace(
            names,
            sources={**names.sources, **naming},
            outputs={**names.outputs, **outputs},
            tables={},
        )
        for i, join in enumerate(joins):
            on = self.conjunction(conjuncts([join.args.get("on")]), names)
            using = [column.name for column in join.args.get("using") or ()]
            parts.append(f"join {i} {join.method} {join.side} {join.kind} {using} {on}")
        for key, value in sorted(node.args.items()):
            if value and key not in {"from_", "joins", "with_"}:
                entries = value if isinstance(value, list) else [value]
                written = [
                    self.value(e.unalias() if isinstance(e, exp.Expression) else e, names)
                    for e in entries
                ]
                parts.append(f"{key} {bracketed(written)}")
        return _joined(parts)

    # -- clauses -----------------------------------------------------------------------------------

    def _equal_columns(
        self, conditions: Sequence[exp.Expression], names: Names, inner: set[str]
    ) -> dict[str, str]:
        """Columns that conditions make equal, by the one that stands for all of them."""
        group_of: dict[str, set[str]] = {}
        for condition in conjuncts(conditions):
            left, right = condition.args.get("this"), condition.args.get("expression")
            if (
                not isinstance(condition, exp.EQ)
                or not isinstance(left, exp.Column)
                or not isinstance(right, exp.Column)
                or not {left.table, right.table} <= inner
                or not self._same_family(left, right, names)
            ):
                continue
            together = {self.column(left, names), self.column(right, names)}
            for member in tuple(together):
                together |= group_of.get(member, set())
            group_of.update(dict.fromkeys(together, together))
        return {member: min(together) for member, together in group_of.items()}

    def _same_family(self, left: exp.Column, right: exp.Column, names: Names) -> bool:
        """Whether values of both columns look the same where they are equal."""
        families = []
        for column in (left, right):
            table = names.tables.get(column.table)
            known = table.by_name.get(column.name) if table else None
            families.append(known.family if known else "unknown")
        return "unknown" in families or len(set(families)) == 1 or set(families) == {
            "integer", "real",
        }  # fmt: skip

    def _classes(self, equal: Mapping[str, str]) -> list[str]:
        members: dict[str, list[str]] = {}
        for member, chosen in equal.items():
            members.setdefault(chosen, []).append(member)
        return [f"equal {bracketed(sorted(group))}" for _, group in sorted(members.items())]

    def _group_keys(
        self, group: exp.Group | None, selected: _Selected, names: Names
    ) -> list[str] | None:
        if group is None:
            return None
        keys = [self._key(key, selected, names) for key in group.expressions]
        others = [
            f"{key} {self.value(entry, names)}"
            for key, value in sorted(group.args.items())
            if value and key != "expressions"
            for entry in (value if isinstance(value, list) else [value])
        ]
        return keys + others

    def _order(self, node: exp.Select, selected: _Selected, names: Names) -> list[str]:
        order = node.args.get("order")
        written: dict[str, str] = {}
        for entry in order.expressions if order else ():
            key = self._key(entry.this, selected, names)
            written.setdefault(key, self._direction(entry))
        return [f"order {key} {direction}" for key, direction in written.items()]

    def _key(self, key: exp.Expression, selected: _Selected, names: Names) -> str:
        """A key of GROUP BY or ORDER BY: an expression, or a position or alias of SELECT."""
        if isinstance(key, exp.Literal) and not key.is_string and key.name.isdecimal():
            position = int(key.name) - 1
            if position < len(selected.forms):
                return selected.forms[position]
        if isinstance(key, exp.Column) and not key.table and key.name in selected.by_alias:
            return selected.by_alias[key.name]
        return self.value(key, names)

    def _direction(self, entry: exp.Expression) -> str:
        desc = bool(entry.args.get("desc"))
        first = entry.args.get("nulls_first")
        usual = {"nulls_are_small": not desc, "nulls_are_large": desc}.get(self._nulls, False)
        nulls = "" if first is None or bool(first) == usual else f" nulls first {bool(first)}"
        return ("desc" if desc else "asc") + nulls

    def _bounds(self, node: exp.Expression) -> list[str]:
        """LIMIT, FETCH FIRST or TOP, and OFFSET."""
        parts = []
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if limit is not None:
            options = limit.args.get("limit_options")
            special = options and (options.args.get("percent") or options.args.get("with_ties"))
            count = limit.args.get("expression") or limit.args.get("count")
            parts.append(f"limit {self.value(limit if special else count, NO_NAMES)}")
            inner = limit.args.get("offset")
            offset = offset or (inner and exp.Offset(expression=inner))
        if offset is not None and self.value(offset.expression, NO_NAMES) != "0":
            parts.append(f"offset {self.value(offset.expression, NO_NAMES)}")
        return parts

    def _others(self, node: exp.Expression, names: Names) -> list[str]:
        return [
            f"{key} {self.generic_argument(value, names)}"
            for key, value in sorted(node.args.items())
            if value and key not in _OWN_CLAUSES
        ]


def _joined(parts: Sequence[str]) -> str:
    return "{" + "; ".join(parts) + "}"


def _null_ordering(dialect: str) -> str:
    from sqlglot.dialects.dialect import Dialect

    return str(Dialect.get_or_raise(dialect or None).NULL_ORDERING)


class _Selected:
    """What a query selects."""

    def __init__(self, node: exp.Select, forms: list[str]) -> None:
        self.forms = forms
        self.by_alias = {
            entry.alias: form
            for entry, form in zip(node.expressions, forms, strict=True)
            if entry.alias
        }


def _with_having(
    node: exp.Select, conditions: list[exp.Expression]
) -> tuple[list[exp.Expression], list[exp.Expression]]:
    """Conditions of WHERE, with those of HAVING that are about group keys alone, and the others."""
    having, group = node.args.get("having"), node.args.get("group")
    keys = list(group.expressions) if group else []
    kept: list[exp.Expression] = []
    for condition in conjuncts([having.this] if having else []):
        about_keys = not condition.find(exp.AggFunc, exp.Subquery, exp.Query) and all(
            any(column == key for key in keys) for column in condition.find_all(exp.Column)
        )
        (conditions if keys and about_keys else kept).append(condition)
    return conditions, kept


def _distinctness(
    node: exp.Select, keys: list[str] | None, forms: Sequence[str], having: Sequence[exp.Expression]
) -> tuple[list[str] | None, bool]:
    """The group keys that are left, and whether rows are distinct.

    GROUP BY of all that is selected is DISTINCT; DISTINCT of whole groups says nothing.
    """
    if keys is None:
        return None, bool(node.args.get("distinct"))
    if set(keys) == set(forms) and not having and not any(node.find_all(exp.AggFunc)):
        return None, True
    return keys, bool(node.args.get("distinct")) and not set(keys) <= set(forms)

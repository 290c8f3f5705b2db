"""Expressions and conditions in the one way in which all that mean the same are written."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from auditor.criteria.sql.tree_parts import (
    COMPARISONS,
    as_exists,
    bounds_of,
    flat,
    is_literal,
    is_range,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from auditor.criteria.sql.schema import Table

_NAME = re.compile(r"[\w$]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_FLIPPED = {exp.GT: exp.LT, exp.GTE: exp.LTE}
_NEGATED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}  # fmt: skip
_MIRRORED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.EQ, exp.NEQ: exp.NEQ, exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}  # fmt: skip
_STRICT: dict[type[exp.Expression], tuple[int, type[exp.Expression]]] = {
    exp.GT: (1, exp.GTE), exp.LT: (-1, exp.LTE),
}  # fmt: skip
_COMMUTATIVE = (exp.Add, exp.Mul, exp.BitwiseAnd, exp.BitwiseOr, exp.NullSafeEQ)
_TRUE = frozenset({"true"})


@dataclass(frozen=True, slots=True)
class Names:
    """What names stand for where a query stands: sources by alias, and queries of WITH."""

    sources: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a source that is a query: the names of its columns, in order."""
    queries: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    """Of WITH: the normal form and the names of the columns."""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Columns that an inner join makes equal, by the one that stands for all of them."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    """Tables by alias, of sources whose rows are never filled with NULL by an outer join."""
    depth: int = 0
    """How many queries are around."""

    def deeper(self) -> Names:
        """The names within a query that stands here."""
        return replace(self, depth=self.depth + 1)


NO_NAMES = Names()


class ExpressionWriter(ABC):
    """Writes expressions down; who inherits from it writes queries."""

    def __init__(self) -> None:
        self._writers: tuple[tuple[Any, Callable[..., str]], ...] = (
            (exp.Column, self._equal_column),
            (exp.Literal, self._literal),
            (exp.Neg, self._negative),
            ((exp.Subquery, exp.Query), self._subquery),
            ((exp.Connector, exp.Not, exp.Exists, exp.In, exp.Between), self._condition_alone),
            (COMPARISONS, self._condition_alone),
            (exp.Count, self._count),
            ((exp.Min, exp.Max), self._extreme),
            ((exp.Case, exp.If), self._case),
            (exp.Coalesce, self._coalesce),
            (_COMMUTATIVE, self._commutative),
        )
        self._conditions: tuple[tuple[Any, Callable[..., str]], ...] = (
            ((exp.And, exp.Or), self._connected),
            (exp.Between, self._between),
            (COMPARISONS, self._comparison),
            (exp.In, self._in),
            (exp.Exists, self._exists),
            (exp.Boolean, self._boolean),
        )

    @abstractmethod
    def query(
        self, node: exp.Expression, names: Names, *, as_set: bool = False, ordered: bool = True
    ) -> str:
        """A query; ``as_set``: doubles do not matter; not ``ordered``: its order does not."""

    # -- conditions --------------------------------------------------------------------------------

    def conjunction(self, conditions: Sequence[exp.Expression], names: Names) -> str:
        """Conditions that hold together, each written once; joins by equality are left out."""
        flattened = [
            part for node in conditions for part in flat(node, negated=False, kind=exp.And)
        ]
        return bracketed(sorted(set(self._parts(flattened, names, exp.And)) - _TRUE))

    def condition(self, node: exp.Expression, names: Names, *, negated: bool) -> str:
        """A condition, or the one that is true where it is false and NULL where it is NULL."""
        node = node.unnest()
        if isinstance(node, exp.Not):
            return self.condition(node.this, names, negated=not negated)
        for kinds, write in self._conditions:
            if isinstance(node, kinds):
                return write(node, names, negated=negated)
        written = self.generic(node, names)
        return f"not {written}" if negated else written

    def _connected(self, node: exp.Expression, names: Names, *, negated: bool) -> str:
        kind = (exp.Or if isinstance(node, exp.And) else exp.And) if negated else type(node)
        parts = sorted(set(self._parts(list(flat(node, negated=negated, kind=kind)), names, kind)))
        return parts[0] if len(parts) == 1 else f"{kind.key}{bracketed(parts)}"

    def _between(self, node: exp.Between, names: Names, *, negated: bool) -> str:
        if not is_range(node):
            written = self.generic(node, names)
            return f"not {written}" if negated else written
        return self._connected(exp.And(**dict(bounds_of(node))), names, negated=negated)

    def _boolean(self, node: exp.Boolean, _: Names, *, negated: bool) -> str:
        return str(bool(node.this) != negated).lower()

    def _exists(self, node: exp.Exists, names: Names, *, negated: bool) -> str:
        """EXISTS, whatever its query selects."""
        inner = node.this.copy()
        select = inner if isinstance(inner, exp.Select) else inner.this
        if isinstance(select, exp.Select) and not select.args.get("group"):
            select.set("expressions", [exp.Literal.number(1)])
        written = f"exists {self.query(inner, names.deeper(), as_set=True, ordered=False)}"
        return f"not {written}" if negated else written

    def _parts(
        self, joined: Sequence[tuple[exp.Expression, bool]], names: Names,
        kind: type[exp.Expression],
    ) -> list[str]:  # fmt: skip
        """The conditions, each negated or not, that ``kind`` (AND or OR) joins."""
        verb = "in" if kind is exp.Or else "not in"
        parts = []
        together: dict[str, set[str]] = {}
        for part, turned in joined:
            listed = self._listed(part, names, negated=turned)
            if listed is not None and listed[1] == verb:
                together.setdefault(listed[0], set()).update(listed[2])
            else:
                parts.append(self.condition(part, names, negated=turned))
        parts += [f"{thing} {verb} {bracketed(sorted(v))}" for thing, v in together.items()]
        return parts

    def _listed(
        self, node: exp.Expression, names: Names, *, negated: bool
    ) -> tuple[str, str, set[str]] | None:
        """A condition that one thing is, or is not, among literals: thing, verb, literals."""
        node = node.unnest()
        if isinstance(node, exp.EQ | exp.NEQ):
            left, right = node.left.unnest(), node.right.unnest()
            if is_literal(left):
                left, right = right, left
            if not is_literal(right) or is_literal(left):
                return None
            is_in = isinstance(node, exp.EQ) != negated
            subject = self.value(left, names)
            return subject, "in" if is_in else "not in", {self._compared(right, left)}
        if isinstance(node, exp.In) and not node.args.get("query") and node.expressions:
            values = [value.unnest() for value in node.expressions]
            if all(is_literal(value) for value in values):
                subject = self.value(node.this, names)
                verb = "not in" if negated else "in"
                return subject, verb, {self._compared(v, node.this.unnest()) for v in values}
        return None

    def _comparison(self, node: exp.Expression, names: Names, *, negated: bool) -> str:
        listed = self._listed(node, names, negated=negated)
        if listed is not None:
            return f"{listed[0]} {listed[1]} {bracketed(sorted(listed[2]))}"
        kind = _NEGATED[type(node)] if negated else type(node)
        if node.this.unnest() == node.expression.unnest() and is_literal(node.this.unnest()):
            return str(kind in {exp.EQ, exp.LTE, exp.GTE}).lower()  # 1 = 1
        left_node, right_node = node.this.unnest(), node.expression.unnest()
        if is_literal(left_node):
            kind, left_node, right_node = _MIRRORED[kind], right_node, left_node
        kind, right_node = _as_at_least(kind, left_node, right_node)
        left = self._operand(left_node, right_node, names)
        right = self._operand(right_node, left_node, names)
        if kind in _FLIPPED:
            kind, left, right = _FLIPPED[kind], right, left
        if kind in {exp.EQ, exp.NEQ}:
            left, right = sorted((left, right))
            if kind is exp.EQ and left == right and left in names.equal.values():
                return "true"  # said once, as columns that are equal
        return f"{left} {kind.key} {right}"

    def _operand(self, node: exp.Expression, other: exp.Expression, names: Names) -> str:
        if is_literal(node):
            return self._compared(node, other)
        return self.value(node, names)

    def _compared(self, literal: exp.Expression, other: exp.Expression) -> str:
        """A literal beside what it is compared with: '5' is 5 for a column, by its own type."""
        written = self.value(literal, NO_NAMES)
        if isinstance(other, exp.Column) and isinstance(literal, exp.Literal) and literal.is_string:
            return literal.name if _NUMBER.fullmatch(literal.name) else written
        return written

    def _in(self, node: exp.In, names: Names, *, negated: bool) -> str:
        listed = self._listed(node, names, negated=negated)
        if listed is not None:
            return f"{listed[0]} {listed[1]} {bracketed(sorted(listed[2]))}"
        leaves = exp.Column | exp.Literal
        if isinstance(node.this, leaves) and all(isinstance(e, leaves) for e in node.expressions):
            equal = [exp.EQ(this=node.this.copy(), expression=e.copy()) for e in node.expressions]
            if equal:
                kind = exp.And if negated else exp.Or
                parts = sorted(set(self._parts([(e, negated) for e in equal], names, kind)))
                return parts[0] if len(parts) == 1 else f"{kind.key}{bracketed(parts)}"
        subject = self.value(node.this, names)
        query = node.args.get("query")
        existing = None if negated else as_exists(node)
        if existing is not None:
            return self.condition(existing, names, negated=False)
        if query is not None:
            values = self.query(query, names.deeper(), as_set=True, ordered=False)
        else:
            values = self.generic_argument(
                {k: v for k, v in node.args.items() if k != "this"}, names
            )
        return f"{subject} {'not in' if negated else 'in'} ({values})"

    # -- expressions -------------------------------------------------------------------------------

    def value(self, node: object, names: Names) -> str:
        """An expression."""
        if not isinstance(node, exp.Expression):
            return self.generic_argument(node, names)
        node = node.unnest() if isinstance(node, exp.Paren) else node
        for kinds, write in self._writers:
            if isinstance(node, kinds):
                return write(node, names)
        return self.generic(node, names)

    def _subquery(self, node: exp.Expression, names: Names) -> str:
        return f"({self.query(node, names.deeper(), ordered=False)})"

    def _literal(self, node: exp.Literal, _: Names) -> str:
        return repr(node.name) if node.is_string else _number(node.name)

    def _negative(self, node: exp.Neg, names: Names) -> str:
        if isinstance(node.this, exp.Literal):
            return f"-{self.value(node.this, names)}"
        return self.generic(node, names)

    def _equal_column(self, node: exp.Column, names: Names) -> str:
        written = self.column(node, names)
        return names.equal.get(written, written)

    def _extreme(self, node: exp.Expression, names: Names) -> str:
        """MIN and MAX, to which doubles make no difference."""
        if isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1:
            return f"{node.key}[this={self.value(node.this.expressions[0], names)}]"
        return self.generic(node, names)

    def _coalesce(self, node: exp.Coalesce, names: Names) -> str:
        """COALESCE; of USING, too, where both columns are the same."""
        options = [self.value(entry, names) for entry in (node.this, *node.expressions)]
        different = list(dict.fromkeys(options))
        return different[0] if len(different) == 1 else f"coalesce{bracketed(different)}"

    def _commutative(self, node: exp.Expression, names: Names) -> str:
        parts = sorted(self.value(part, names) for part in node.flatten())
        return f"{node.key}{bracketed(parts)}"

    def _condition_alone(self, node: exp.Expression, names: Names) -> str:
        return self.condition(node, names, negated=False)

    def column(self, node: exp.Column, names: Names) -> str:
        """A column by the name of its source here; of a query by its position."""
        table = node.table
        outputs = names.outputs.get(table)
        column = plain_name(node.name)
        if outputs is not None and node.name in outputs:
            column = str(list(outputs).index(node.name))
        elif isinstance(node.this, exp.Star):
            column = "*"
        return f"{names.sources.get(table, plain_name(table))}.{column}"

    def _count(self, node: exp.Count, names: Names) -> str:
        """COUNT(*), and what counts as many: COUNT(1), COUNT of a column that is never NULL."""
        counted = node.this.unnest() if isinstance(node.this, exp.Expression) else node.this
        if isinstance(counted, exp.Column) and not node.expressions:
            table = names.tables.get(counted.table)
            if table is not None and table.never_null(counted.name):
                return "count(*)"
        if isinstance(counted, exp.Star | exp.Literal) and not node.expressions:
            return "count(*)"
        others = [self.value(entry, names) for entry in node.expressions]
        return f"count{bracketed([self.value(counted, names), *others])}"

    def _case(self, node: exp.Case | exp.If, names: Names) -> str:
        """CASE x WHEN 1 THEN ..., CASE WHEN x = 1 THEN ... and IF(x = 1, ...) alike."""
        branches = [node] if isinstance(node, exp.If) else node.args["ifs"]
        last = node.args.get("false" if isinstance(node, exp.If) else "default")
        subject = None if isinstance(node, exp.If) else node.this
        if subject is not None and not isinstance(subject.unnest(), exp.Column | exp.Literal):
            return self.generic(node, names)  # it would be written down once for each branch
        parts = []
        for branch in branches:
            test = branch.this
            if subject is not None:
                test = exp.EQ(this=subject.copy(), expression=test.copy())
            told = self.condition(test, names, negated=False)
            parts.append(f"{told}: {self.value(branch.args.get('true'), names)}")
        empty = last is None or isinstance(last, exp.Null)
        parts.append("else null" if empty else f"else {self.value(last, names)}")
        return f"case{bracketed(parts)}"

    def generic(self, node: exp.Expression, names: Names) -> str:
        """Any other node: its kind and its arguments by name."""
        if isinstance(node, exp.DataType):
            return str(node.sql()).lower()
        kind = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
        arguments = {
            key: value
            for key, value in node.args.items()
            if value not in (None, False, []) and not (key == "this" and kind == node.name.lower())
        }
        return f"{kind}{self.generic_argument(arguments, names)}"

    def generic_argument(self, value: object, names: Names) -> str:
        """What a node has beside its kind."""
        if isinstance(value, exp.Expression):
            return self.value(value, names)
        if isinstance(value, list):
            return bracketed([self.generic_argument(entry, names) for entry in value])
        if isinstance(value, dict):
            return bracketed(
                [f"{k}={self.generic_argument(v, names)}" for k, v in sorted(value.items())]
            )
        return repr(value)


def _as_at_least(
    kind: type[exp.Expression], left: exp.Expression, right: exp.Expression
) -> tuple[type[exp.Expression], exp.Expression]:
    """COUNT(*) > 1 as COUNT(*) >= 2, and < alike: counts are whole numbers."""
    whole = isinstance(right, exp.Literal) and not right.is_string and right.name.isdecimal()
    if isinstance(left, exp.Count) and whole and kind in _STRICT:
        step, at_least = _STRICT[kind]
        return at_least, exp.Literal.number(int(right.name) + step)
    return kind, right


def bracketed(parts: Sequence[str]) -> str:
    """Forms as one. They are not quoted again: quotes within quotes double at every depth."""
    return "[" + " | ".join(parts) + "]"


def plain_name(name: str) -> str:
    """A name; quoted where it could be taken for something else."""
    return name if _NAME.fullmatch(name) else repr(name)


def _number(text: str) -> str:
    """A numeric literal by its value: 5.0 stays apart from 5, for they divide differently."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return str(value) if "." not in text and "e" not in text.lower() else f"{float(value)!r}"

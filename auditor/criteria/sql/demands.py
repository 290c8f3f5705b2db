"""What statements ask of columns: the values that make their conditions true, or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.criteria.sql.schema import Table

Value = str | int | float | None
Place = tuple[str, str]
"""A column: the names of table and column in lower case."""
Around = tuple[Sequence[Value], Sequence[Value]]
"""Values that a condition is true of, and values next to them that it is not true of."""

ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_YEAR = re.compile(r"[12]\d{3}")
_WHOLE = re.compile(r"-?\d{1,15}")
_EXACT = 2**53
_MOST_VALUES = 200
"""Values asked of one column that are kept."""
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.Like, exp.ILike)


@dataclass(slots=True)
class Demand:
    """What statements ask of one column."""

    witnesses: list[Value] = field(default_factory=list)
    """Values that some condition is true of."""
    others: list[Value] = field(default_factory=list)
    """Values beside the literals, that it is not true of."""
    needs_values: bool = False
    """NULL in it would change what NOT IN, EXCEPT or the first row mean: no author thinks of it."""
    is_number: bool = False
    """It is added up, whatever its type says."""
    is_wide: bool = False
    """Its least, greatest or mean value counts, or the first rows by it: many values, few alike."""


class Demands:
    """What statements ask of the columns of some tables."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = {table.name.lower(): table for table in tables}
        self._aliases: dict[str, set[str]] = {}
        self._parents: dict[Place, Place] = {}
        self.of: dict[Place, Demand] = {}
        for table in tables:
            for key in table.foreign_keys:
                for own, other in zip(key.columns, key.referenced, strict=False):
                    self._share(
                        (table.name.lower(), own.lower()), (key.table.lower(), other.lower())
                    )

    @property
    def shared(self) -> dict[Place, Place]:
        """Each column whose values are those of others, with the one that stands for all."""
        return {place: self._root(place) for place in tuple(self._parents)}

    def read(self, statement: exp.Expression) -> None:
        """Take in a statement, as ``preparing.prepared`` gives it."""
        self._aliases = {}
        for table in statement.find_all(exp.Table):
            if table.name in self._tables:
                self._aliases.setdefault(table.alias_or_name, set()).add(table.name)
        readers = (
            (_COMPARED, self._read_comparison),
            ((exp.Between,), self._read_between),
            ((exp.In,), self._read_in),
            ((exp.SetOperation,), self._read_set_operation),
            ((exp.Sum, exp.Avg, exp.Min, exp.Max), self._read_aggregate),
            ((exp.Query,), self._read_order),
        )
        for kinds, reader in readers:
            for node in statement.find_all(*kinds):
                reader(node)

    # -- conditions --------------------------------------------------------------------------------

    def _read_comparison(self, node: exp.Expression) -> None:
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            if isinstance(node, exp.EQ):
                self._share_columns(left, right)
            return
        for literal, other in ((right, left), (left, right)):
            value = value_of(literal)
            if value is None and not isinstance(literal, exp.Null):
                continue
            for column in other.find_all(exp.Column):
                direct = isinstance(other, exp.Column)
                self._note(column, _around(node, value) if direct else _inside(other, value))

    def _read_between(self, node: exp.Between) -> None:
        for bound in (node.args["low"], node.args["high"]):
            value = value_of(bound)
            if value is not None:
                for column in node.this.find_all(exp.Column):
                    self._note(column, _around(node, value))

    def _read_in(self, node: exp.In) -> None:
        query = node.args.get("query")
        if query is None:
            values = [v for v in map(value_of, node.expressions) if v is not None]
            for column in node.this.find_all(exp.Column):
                self._note(column, (values, [other for v in values for other in _beside(v)]))
            return
        select = query.unnest() if isinstance(query, exp.Subquery) else query
        if not isinstance(select, exp.Select) or len(select.expressions) != 1:
            return
        chosen = select.expressions[0].unalias()
        if isinstance(chosen, exp.Column):
            if isinstance(node.parent, exp.Not):
                for place in self._places(chosen):
                    self._demand(place).needs_values = True
            for column in node.this.find_all(exp.Column):
                self._share_columns(column, chosen)

    def _read_set_operation(self, node: exp.SetOperation) -> None:
        """Columns at one position of both sides share values, so that some rows are in both."""
        left, right = (
            side.unnest() if isinstance(side, exp.Subquery) else side
            for side in (node.this, node.expression)
        )
        if not isinstance(left, exp.Select) or not isinstance(right, exp.Select):
            return
        for entry, other in zip(left.expressions, right.expressions, strict=False):
            one, two = entry.unalias(), other.unalias()
            if isinstance(one, exp.Column) and isinstance(two, exp.Column):
                self._share_columns(one, two)
                if not isinstance(node, exp.Union):
                    for place in (*self._places(one), *self._places(two)):
                        self._demand(place).needs_values = True

    def _read_aggregate(self, node: exp.Expression) -> None:
        for place in self._places_in(node):
            self._demand(place).is_wide = True
            self._demand(place).is_number |= isinstance(node, exp.Sum | exp.Avg)

    def _read_order(self, node: exp.Expression) -> None:
        order = node.args.get("order")
        if order is None or node.args.get("limit") is None:
            return
        for entry in order.expressions:
            for place in self._places(entry.this) if isinstance(entry.this, exp.Column) else ():
                self._demand(place).is_wide = True
                self._demand(place).needs_values = True

    # -- columns -----------------------------------------------------------------------------------

    def _places(self, column: exp.Column) -> list[Place]:
        """The columns of tables that a name may mean."""
        read = {name for names in self._aliases.values() for name in names}
        among = (self._aliases.get(column.table) if column.table else None) or read
        return [(t, column.name) for t in sorted(among) if column.name in self._tables[t].by_name]

    def _places_in(self, node: exp.Expression) -> Iterator[Place]:
        for column in node.find_all(exp.Column):
            yield from self._places(column)

    def _demand(self, place: Place) -> Demand:
        return self.of.setdefault(place, Demand())

    def _note(self, column: exp.Column, around: Around) -> None:
        for place in self._places(column):
            demand = self._demand(place)
            _add(demand.witnesses, around[0])
            _add(demand.others, around[1])

    def _share_columns(self, one: exp.Column, other: exp.Column) -> None:
        for place in self._places(one)[:1]:
            for second in self._places(other)[:1]:
                if place != second:
                    self._share(place, second)

    def _share(self, one: Place, other: Place) -> None:
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first

    def _root(self, place: Place) -> Place:
        while (parent := self._parents.setdefault(place, place)) != place:
            place = parent
        return place


def _add(values: list[Value], more: Iterable[Value]) -> None:
    new = [value for value in dict.fromkeys(more) if value not in values]
    values += new[: max(0, _MOST_VALUES - len(values))]


# -- values ----------------------------------------------------------------------------------------


def value_of(node: exp.Expression) -> Value:
    """The value of a literal, None where it is none."""
    node = node.unnest()
    if isinstance(node, exp.Neg):
        inner = value_of(node.this)
        return -inner if isinstance(inner, int | float) else None
    if isinstance(node, exp.Boolean):
        return int(bool(node.this))
    if isinstance(node, exp.Cast | exp.TsOrDsToDate | exp.Date):
        return str(node.this.name) if isinstance(node.this, exp.Literal) else None
    if not isinstance(node, exp.Literal):
        return None
    return str(node.name) if node.is_string else _number(node.name)


def _number(text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _around(node: exp.Expression, value: Value) -> Around:
    """Values at and beside the literal of a comparison."""
    if isinstance(node, exp.Like | exp.ILike) and isinstance(value, str):
        return _like(value)
    if value is None:  # IS NULL
        return [None], []
    beside = _beside(value)
    if isinstance(node, exp.EQ | exp.NEQ | exp.Is):
        return [value], beside
    far: list[Value] = []
    if isinstance(value, int | float):  # so that the values that pass are not all alike
        far = [value - 50, value - 7, value + 7, value + 50]
    return [value, *beside, *far], [value, *beside, *far]


def _beside(value: Value) -> list[Value]:
    """Values next to a literal."""
    if isinstance(value, int):
        return [value - 1, value + 1]
    if isinstance(value, float):
        return [round(value - 0.5, 6), round(value + 0.5, 6)]
    if not isinstance(value, str):
        return []
    if ISO_DATE.match(value):
        return _days_beside(value)
    if _WHOLE.fullmatch(value):
        return [str(int(value) - 1), str(int(value) + 1)]
    other_case = value.swapcase() if value.swapcase() != value else value + "x"
    return [other_case, value[:-1], value + " y"]  # the last two sort before it and after it


def _days_beside(value: str) -> list[Value]:
    try:
        day = date.fromisoformat(value[:10])
        beside = (day - timedelta(days=1), day + timedelta(days=1))
    except (ValueError, OverflowError):
        return [value + "x"]
    return [other.isoformat() + value[10:] for other in beside]


def _like(pattern: str) -> Around:
    """Texts that a LIKE pattern matches, and texts that it nearly matches."""
    core = pattern.replace("_", "q")
    fits: list[Value] = [core.replace("%", filling) for filling in ("", "zz", "b")]
    inner = core.strip("%").replace("%", "")
    return fits, [f"z{inner}", f"{inner}z", f"z{inner}z", inner[:-1] + "~", "zz"]


def _inside(other: exp.Expression, value: Value) -> Around:
    """Values of a column within an expression that is compared with a literal."""
    adds = other.find(exp.AggFunc) is not None
    if not adds and value is not None and _YEAR.fullmatch(str(value)):  # of strftime, YEAR, EXTRACT
        year = int(value)
        return [f"{year:04d}-03-15", f"{year:04d}-12-31"], [f"{year + 1:04d}-01-01"]
    if isinstance(value, int | float) and adds:
        return [value, value + 1], [value - 1, round(value / 2, 2)]
    if isinstance(value, str):
        return [value, value.lower(), value.title()], [value + "x"]
    return [value], _beside(value)

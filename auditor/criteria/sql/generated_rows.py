"""Rows that tell statements apart, generated from a schema and from what the statements ask for.

Each row of a table is a witness (it has in every column a value that some condition of the
statements wants), a near miss (a witness with one column off) or random. Values lie at and around
the literals of both statements; keys match; NULLs stand where the schema lets them. Constraints of
the schema hold: keys, foreign keys, UNIQUE, NOT NULL, CHECK.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from auditor.criteria.sql.demands import ISO_DATE, Demand, Demands
from auditor.criteria.sql.schema import Column, ForeignKey, Schema, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.criteria.sql.demands import Place, Value
    from auditor.criteria.sql.schema import Family

SHAPES = (
    # rows of a table, values of a plain column, share of NULLs
    (12, 4, 0.0), (24, 6, 0.0), (18, 3, 0.15), (30, 9, 0.0), (40, 14, 0.1), (9, 5, 0.0),
    (26, 4, 0.05), (34, 20, 0.0), (3, 2, 0.0), (22, 7, 0.3), (48, 30, 0.0), (16, 10, 0.1),
)  # fmt: skip
"""How the databases differ from one another; one seed each."""
_MOST_ROWS = 60
_WITNESS, _NEAR_MISS, _FIT_PARENT = 0.35, 0.35, 0.7
_WORDS = (
    "ash", "Birch", "cedar", "Dogwood", "elm", "Fir", "ginkgo", "Hazel", "ivy", "Juniper", "kapok",
    "Larch",
)  # fmt: skip
_NUMERIC_NAME = re.compile(
    r"(?:^|_)(?:id|no|num|number|year|age|count|qty|quantity|price|amount|total|salary|cost|rank"
    r"|score|rating|size|weight|height|capacity|population|points|percent(?:age)?|duration)s?$"
    r"|[a-z]ID$",
)
_DATE_NAME = re.compile(r"date|_at$|_on$|day$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Database:
    """Tables to make, and their rows."""

    tables: Mapping[str, Sequence[Column]]
    rows: Mapping[str, Sequence[Sequence[Value]]]

    def definitions(self, engine: str) -> list[str]:
        """``CREATE TABLE`` statements, without constraints: the rows keep them."""
        types = _TYPES[engine]
        return [
            f"CREATE TABLE {_quoted(name)} ("
            + ", ".join(f"{_quoted(c.name)} {types[c.family]}" for c in columns)
            + ")"
            for name, columns in self.tables.items()
        ]

    def rows_for(self, engine: str) -> Mapping[str, Sequence[Sequence[Value]]]:
        """The rows of each table; for DuckDB, which is strict, NULL where a type does not fit."""
        if engine == "sqlite":
            return self.rows
        return {
            name: [
                [_fitting(v, c.family) for v, c in zip(row, self.tables[name], strict=True)]
                for row in rows
            ]
            for name, rows in self.rows.items()
        }


_TYPES: Mapping[str, Mapping[str, str]] = {
    # NUMERIC keeps text that is no number, and takes '5' for 5: right for what is not known.
    "sqlite": {
        "integer": "INTEGER", "real": "NUMERIC", "text": "TEXT", "date": "NUMERIC",
        "timestamp": "NUMERIC", "boolean": "NUMERIC", "unknown": "NUMERIC",
    },
    "duckdb": {
        "integer": "BIGINT", "real": "DOUBLE", "text": "VARCHAR", "date": "DATE",
        "timestamp": "TIMESTAMP", "boolean": "BOOLEAN", "unknown": "VARCHAR",
    },
}  # fmt: skip


@dataclass(slots=True)
class RowMaker:
    """Makes databases for statements; ``tables`` are those that they read, parents first."""

    tables: list[Table]
    wanted: dict[Place, Demand]
    shared: dict[Place, Place]
    """The column that stands for all with the same values."""
    witnesses: set[int] = field(default_factory=set)
    """The rows of the database being made that are witnesses, by identity."""

    def database(self, seed: int) -> Database:
        """One database; the same seed gives the same rows."""
        rows, domain, nulls = SHAPES[seed % len(SHAPES)]
        chance = random.Random(f"{seed}")  # noqa: S311 - rows, no secrets
        made: dict[str, list[list[Value]]] = {}
        self.witnesses.clear()
        for table in self.tables:
            size = min(_MOST_ROWS, max(2, round(rows * chance.uniform(0.6, 1.4))))
            made[table.name] = _Table(
                self, table, made, chance=chance, domain=domain, nulls=nulls
            ).rows(size)
        return Database({t.name: self.columns(t) for t in self.tables}, made)

    def columns(self, table: Table) -> list[Column]:
        """The columns with the families that their values have here."""
        return [
            Column(column.name, self.family((table.name.lower(), column.name.lower())))
            for column in table.columns
        ]

    def family(self, place: Place) -> Family:
        """What the values of a column are: as declared, else by literals, else by its name."""
        root = self.shared.get(place, place)
        together = [other for other, first in self.shared.items() if first == root]
        told = [self._declared(place)]
        if place in self.wanted and self.wanted[place].is_number:
            told.append("integer")
        known = {self._declared(other) for other in together} - {"unknown"}
        if len(known) == 1:
            told += known
        told.append(_family_of([v for p in (place, *together) for v in self._witnesses(p)]))
        told.append(self._by_name(place))
        return next(family for family in told if family != "unknown")

    def _witnesses(self, place: Place) -> list[Value]:
        return self.wanted[place].witnesses if place in self.wanted else []

    def _by_name(self, place: Place) -> Family:
        """What a column's own name says that it holds."""
        table = next(t for t in self.tables if t.name.lower() == place[0])
        name = table.by_name[place[1]].name if place[1] in table.by_name else place[1]
        if _DATE_NAME.search(name):
            return "date"
        return "integer" if _NUMERIC_NAME.search(name) else "text"

    def _declared(self, place: Place) -> Family:
        table = next((t for t in self.tables if t.name.lower() == place[0]), None)
        column = table.by_name.get(place[1]) if table else None
        return column.family if column else "unknown"


def _family_of(values: Sequence[Value]) -> Family:
    """What literals are, all together."""
    literals = [value for value in values if value is not None]
    if not literals:
        return "unknown"
    if all(isinstance(value, int | float) for value in literals):
        return "real" if any(isinstance(value, float) for value in literals) else "integer"
    texts = [str(value) for value in literals]
    if all(ISO_DATE.match(text) for text in texts):
        return "date" if all(ISO_DATE.fullmatch(text) for text in texts) else "timestamp"
    return "text"


class _Table:
    """The rows of one table."""

    def __init__(
        self, maker: RowMaker, table: Table, made: Mapping[str, list[list[Value]]], *,
        chance: random.Random, domain: int, nulls: float,
    ) -> None:  # fmt: skip
        self._maker, self._table, self._made = maker, table, made
        self._chance, self._domain, self._nulls = chance, domain, nulls
        self._places = [(table.name.lower(), c.name.lower()) for c in table.columns]
        keys = {name.lower() for name in table.primary_key}
        self._alone = {
            c.name.lower() for c in table.columns if c.unique or keys == {c.name.lower()}
        }
        self._together = [
            [self._index(name) for name in group]
            for group in (*([table.primary_key] if len(keys) > 1 else []), *table.unique)
            if all(name.lower() in table.by_name for name in group)
        ]
        self._taken: dict[int, int] = {}
        self._is_witness = False
        self._settles = domain % 2 == 0
        self._domains = [self._values(place) for place in self._places]

    def _index(self, name: str) -> int:
        return [c.name.lower() for c in self._table.columns].index(name.lower())

    def rows(self, size: int) -> list[list[Value]]:
        """``size`` rows, fewer where keys run out."""
        rows: list[list[Value]] = []
        used: list[set[Value]] = [set() for _ in self._places]
        tuples: list[set[tuple[Value, ...]]] = [set() for _ in self._together]
        for _ in range(size):
            for _try in range(4):
                row = self._row(rows, used)
                if row is None:
                    break
                keys = [tuple(row[i] for i in group) for group in self._together]
                if any(key in seen for key, seen in zip(keys, tuples, strict=True)):
                    continue
                for key, seen in zip(keys, tuples, strict=True):
                    seen.add(key)
                for value, seen_values in zip(row, used, strict=True):
                    seen_values.add(value)
                rows.append(row)
                if self._is_witness:
                    self._maker.witnesses.add(id(row))
                break
        return rows

    def _row(self, rows: list[list[Value]], used: list[set[Value]]) -> list[Value] | None:
        """One row, None where a key has no value left."""
        mood = self._chance.random()
        self._is_witness = mood < _WITNESS
        is_witness = mood < _WITNESS + _NEAR_MISS
        asked = [i for i, place in enumerate(self._places) if place in self._maker.wanted]
        off = self._chance.choice(asked) if asked and is_witness and not self._is_witness else -1
        copied = self._from_parents(rows, is_witness=is_witness)
        row: list[Value] = []
        for i, column in enumerate(self._table.columns):
            name = column.name.lower()
            if name in copied:
                value = copied[name]
            else:
                value = self._value(i, is_witness=is_witness and i != off, off=i == off)
            value = self._null_or(value, i, share=self._nulls * (0.4 if i in asked else 1))
            if name in self._alone and value is not None and value in used[i]:
                possible = self._parent_values(column.name) if name in copied else self._domains[i]
                left = [other for other in possible if other not in used[i]]
                if not left:
                    return None
                value = self._chance.choice(left)
            row.append(value)
        return row

    def _null_or(self, value: Value, i: int, *, share: float) -> Value:
        """NULL in a share of the rows, where the column takes it; never NULL where it does not."""
        demand = self._maker.wanted.get(self._places[i])
        if self._table.never_null(self._table.columns[i].name) or (demand and demand.needs_values):
            options = self._domains[i] if value is None else ()
            return self._chance.choice(options) if options else value
        return None if self._chance.random() < share else value

    def _value(self, i: int, *, is_witness: bool, off: bool) -> Value:
        chance, column = self._chance, self._table.columns[i]
        wanted = self._maker.wanted.get(self._places[i])
        if wanted is not None and (wanted.witnesses or wanted.others):
            options = None
            if off and wanted.others:
                options = wanted.others
            elif is_witness and wanted.witnesses:
                options = wanted.witnesses
            elif chance.random() < 0.4:  # noqa: PLR2004
                options = [*wanted.witnesses, *wanted.others]
            allowed = self._allowed(column, options or ())
            if allowed:
                return chance.choice(allowed)
        domain = self._domains[i]
        if not domain:
            return None
        if wanted is not None and wanted.is_wide and self._settles:
            return self._unused(i)
        # Squared: some values are frequent and some rare, so that groups differ in size.
        return domain[int(len(domain) * chance.random() ** 2)]

    def _unused(self, i: int) -> Value:
        """A value that no row has yet, where there is one."""
        domain = self._domains[i]
        self._taken[i] = taken = self._taken.get(i, -1) + 1
        return domain[(taken * 7 + len(domain) // 2) % len(domain)]

    def _from_parents(self, rows: list[list[Value]], *, is_witness: bool) -> dict[str, Value]:
        """Values of foreign keys, from rows of the tables they point to."""
        found: dict[str, Value] = {}
        for key in self._table.foreign_keys:
            parents = self._parents(key.table, rows)
            target = next(
                (t for t in self._maker.tables if t.name.lower() == key.table.lower()), None
            )
            if not parents or target is None:
                continue
            names = [c.name.lower() for c in target.columns]
            if is_witness:
                parents = self._fitting_parents(key, names, parents)
            # Some parents have many rows that point to them, and some have none.
            parent = parents[int(len(parents) * self._chance.random() ** 1.5)]
            for column, referenced in zip(key.columns, key.referenced, strict=False):
                if referenced.lower() in names and column.lower() in self._table.by_name:
                    found[column.lower()] = parent[names.index(referenced.lower())]
        return found

    def _fitting_parents(
        self, key: ForeignKey, names: Sequence[str], parents: list[list[Value]]
    ) -> list[list[Value]]:
        """The parents of a row that conditions shall be true of; all where none is fitter."""
        for own, referenced in zip(key.columns, key.referenced, strict=False):
            demand = self._maker.wanted.get((self._table.name.lower(), own.lower()))
            if demand is not None and demand.witnesses and referenced.lower() in names:
                at = names.index(referenced.lower())
                fit = [row for row in parents if row[at] in demand.witnesses]
                if fit:
                    return fit
        fit = [row for row in parents if id(row) in self._maker.witnesses]
        return fit if fit and self._chance.random() < _FIT_PARENT else parents

    def _parents(self, name: str, rows: list[list[Value]]) -> list[list[Value]]:
        if name.lower() == self._table.name.lower():
            return rows
        return next((made for key, made in self._made.items() if key.lower() == name.lower()), [])

    def _parent_values(self, column: str) -> list[Value]:
        for key in self._table.foreign_keys:
            for own, referenced in zip(key.columns, key.referenced, strict=False):
                target = next(
                    (t for t in self._maker.tables if t.name.lower() == key.table.lower()), None
                )
                if own.lower() == column.lower() and target is not None:
                    names = [c.name.lower() for c in target.columns]
                    if referenced.lower() in names:
                        at = names.index(referenced.lower())
                        return [row[at] for row in self._parents(key.table, [])]
        return []

    def _values(self, place: Place) -> list[Value]:
        """What a column may hold where nothing is wanted of it."""
        column = self._table.by_name[place[1]]
        if column.values:
            return list(column.values)
        maker, shared = self._maker, self._maker.shared
        root = shared.get(place, place)
        family = maker.family(root if maker.family(place) == "unknown" else place)
        demand = maker.wanted.get(place, Demand())
        if demand.is_number and family in {"text", "unknown"}:
            family = "integer"
        is_key = place[1] in self._alone or (
            len(self._table.primary_key) > 1
            and place[1] in {name.lower() for name in self._table.primary_key}
        )
        if is_key or (demand.is_wide and self._settles):
            size = _MOST_ROWS + 11
        else:
            size = max(self._domain, 12) if place in shared else self._domain
        by_chance = None if is_key or place in shared else self._chance
        values = _base_values(family, size, by_chance)
        of_all = maker.wanted.get(root)
        if of_all is not None and (is_key or place in shared) and not demand.is_wide:
            values = [*dict.fromkeys([*of_all.witnesses, *of_all.others, *values])]
        return self._allowed(column, [value for value in values if value is not None])

    def _allowed(self, column: Column, values: Iterable[Value]) -> list[Value]:
        """Those values that a CHECK or an ENUM lets in."""
        if column.values:
            return [value for value in values if value in column.values]
        return [
            value
            for value in values
            if not isinstance(value, int | float)
            or (
                (column.low is None or value >= column.low)
                and (column.high is None or value <= column.high)
            )
        ]


def _base_values(family: str, size: int, chance: random.Random | None) -> list[Value]:
    if family in {"text", "unknown"}:
        return [_WORDS[i] if i < len(_WORDS) else f"word {i}" for i in range(size)]
    if family == "boolean":
        return [0, 1]
    if family in {"date", "timestamp"}:
        start = date(2014, 1, 5)
        days = [start + timedelta(days=97 * i) for i in range(size)]
        return [day.isoformat() + (" 10:30:00" if family == "timestamp" else "") for day in days]
    if family == "real":
        step = 0.5 if chance is None else chance.choice((1, 2.5, 10, 75.25))
        numbers: list[Value] = [round(step * i, 2) for i in range(size)]
        return numbers if chance is not None else [i + 1 for i in range(size)]
    step_whole = 1 if chance is None else chance.choice((1, 1, 3, 40))
    return [step_whole * i + 1 for i in range(size)]


def row_maker(schema: Schema, statements: Sequence[exp.Expression]) -> RowMaker:
    """What makes rows for statements, as ``preparing.prepared`` gives them."""
    tables = _in_order(_needed(schema, statements))
    demands = Demands(tables)
    for statement in statements:
        demands.read(statement)
    return RowMaker(tables, demands.of, demands.shared)


def _needed(schema: Schema, statements: Sequence[exp.Expression]) -> list[Table]:
    """The tables that statements read, and those that their foreign keys point to."""
    names = [table.name.lower() for s in statements for table in s.find_all(exp.Table)]
    needed: dict[str, Table] = {}
    while names:
        table = schema.by_name.get(names.pop())
        if table is not None and table.name.lower() not in needed:
            needed[table.name.lower()] = table
            names += [key.table.lower() for key in table.foreign_keys]
    return [table for table in schema.tables if table.name.lower() in needed]


def _in_order(tables: Sequence[Table]) -> list[Table]:
    """Tables after those that their foreign keys point to, circles left as they are."""
    done: dict[str, Table] = {}
    by_name = {table.name.lower(): table for table in tables}

    def place(table: Table, above: frozenset[str]) -> None:
        name = table.name.lower()
        if name in done or name in above:
            return
        for key in table.foreign_keys:
            if key.table.lower() in by_name:
                place(by_name[key.table.lower()], above | {name})
        done[name] = table

    for table in tables:
        place(table, frozenset())
    return list(done.values())


def _fitting(value: Value, family: str) -> Value:
    """A value that a strict type of the family takes, else None."""
    if family in {"text", "unknown"}:
        return None if value is None else str(value)
    if family in {"date", "timestamp"}:
        return value if isinstance(value, str) and ISO_DATE.match(value) else None
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    if number is None or family == "real":
        return number
    return int(number) if family == "integer" else int(bool(number))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

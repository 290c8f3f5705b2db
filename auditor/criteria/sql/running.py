"""Two statements compared by running both: on the user's database, or on generated rows."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from auditor.criteria.sql.generated_rows import row_maker
from auditor.criteria.sql.preparing import prepared
from auditor.criteria.sql.rows import Window, difference, is_telling, same_rows
from auditor.criteria.sql.runnable import Sorted, all_sorted, is_ordered, settled, written
from auditor.criteria.sql.sandbox import Engine, Ran, Sandbox, SandboxError
from auditor.criteria.sql.schema import Column, Schema, Table, family_of
from auditor.criteria.sql.schema_definitions import schema_of
from auditor.criteria.sql.schema_inferred import inferred_schema, tables_of
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot import exp

Outcome = Literal["same", "by chance", "other", "unknown"]
"""By chance: the same rows, of which LIMIT or a group has taken a few of many that differ."""
DATABASES: Mapping[Engine, int] = {"sqlite": 20, "duckdb": 10}
"""Generated databases on which two statements must agree; DuckDB takes ten times as long."""
_SECONDS_ON_FILE, _SECONDS_ON_ROWS = 3.0, 1.0
_ENOUGH = 2
"""Of them, those with a telling result."""
_MOST_COLUMNS = 1000
_OWN_ENGINE: Mapping[str, Engine] = {"sqlite": "sqlite", "duckdb": "duckdb"}
_SQLITE_FIRST = frozenset({"", "sqlite", "mysql"})
_WRONG_NAME = re.compile(
    r"no such (?:column|table)|ambiguous column|not found in FROM|does not exist|must appear in the"
    r" GROUP BY|Referenced (?:column|table)|misuse of aggregate|number of result columns",
    re.IGNORECASE,
)


class Told(NamedTuple):
    """What running says: whether the answers are the same, and in words."""

    outcome: Literal["same", "other", "unknown"]
    words: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A database to run on."""

    engine: Engine
    key: str
    words: str
    file: Path | None = None
    definitions: tuple[str, ...] = ()
    rows: Mapping[str, Sequence[Sequence[Any]]] | None = None


class Runner:
    """Runs pairs of statements, on ``database`` where there is one; a context manager.

    ``database`` is a SQLite or DuckDB file of the user's. It is copied, and the copy is opened to
    be read only.
    """

    def __init__(self, database: Path | None = None) -> None:
        self._database = database
        self._sandboxes: dict[Engine, Sandbox] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._known: dict[tuple[str, str], Ran] = {}
        self._serial = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sandbox in self._sandboxes.values():
            sandbox.close()
        self._sandboxes.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def has_database(self) -> bool:
        """Whether statements run on a file of the user's."""
        return self._database is not None

    @cached_property
    def schema(self) -> Schema:
        """The tables of the user's database; none without one.

        Raises:
            ConfigError: the file cannot be read as SQLite or DuckDB.
        """
        if self._database is None:
            return Schema()
        engine, copy = self._file
        try:
            found = self._sandbox(engine).tables(copy)
        except SandboxError as error:
            raise ConfigError(
                f"{self._database} cannot be opened: {error}", hint="check [grade] database"
            ) from error
        read = schema_of([t["definition"] for t in found if t["definition"]], engine).by_name
        return Schema(
            tuple(
                known
                if (known := read.get(t["name"].lower()))
                and len(known.columns) == len(t["columns"])
                else Table(
                    t["name"],
                    tuple(Column(name, family_of(kind), kind) for name, kind in t["columns"]),
                )
                for t in found
            )
        )

    def compare(self, wanted: exp.Query, got: exp.Query, schema: Schema, dialect: str) -> Told:
        """Whether two statements return the same rows.

        ``schema`` is the one that rows are generated from where there is no database.
        """
        if self._database is None:
            return self._on_generated(wanted, got, schema, dialect)
        told = self._on_file(wanted, got, dialect)
        if told is not None:
            return told
        words = f"nothing to tell them apart by in {self._database.name}"
        generated = self._on_generated(wanted, got, self.schema, dialect)
        return Told(generated.outcome, f"{words}; {generated.words}")

    # -- the user's file ---------------------------------------------------------------------------

    def _on_file(self, wanted: exp.Query, got: exp.Query, dialect: str) -> Told | None:
        """What the user's database says, None where it cannot tell."""
        assert self._database is not None
        engine, copy = self._file
        place = _Place(engine, f"file {copy}", self._database.name, file=copy)
        asked = _Question(wanted, got, self.schema, dialect)
        outcome, words, telling = _Pair(self, place, asked).compared()
        if outcome == "same" and telling:
            return Told("same", f"the same rows in {self._database.name} ({words})")
        if outcome == "other":
            return Told("other", f"in {self._database.name} {words}")
        if outcome == "unknown" and words:
            return Told("unknown", words)
        return None

    @cached_property
    def _file(self) -> tuple[Engine, Path]:
        """The engine of the user's database, and the copy of it that is opened.

        Raises:
            ConfigError: there is no such file, or it is neither SQLite nor DuckDB.
        """
        assert self._database is not None
        try:
            with self._database.open("rb") as file:
                head = file.read(16)
        except OSError as error:
            raise ConfigError(
                f"cannot read {self._database}: {error.strerror}", hint="check [grade] database"
            ) from error
        engine = _engine_of(head)
        if engine is None:
            raise ConfigError(
                f"{self._database} is no SQLite and no DuckDB file",
                hint="[grade] database: the database that logged statements run on",
            )
        self._folder = tempfile.TemporaryDirectory(prefix="auditor-sql-")
        copy = Path(self._folder.name) / f"copy.{engine}"
        try:
            _copy(engine, self._database, copy)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"{self._database} cannot be copied: {error}", hint="check the room on the disk"
            ) from error
        return engine, copy

    # -- generated rows ----------------------------------------------------------------------------

    def _on_generated(
        self, wanted: exp.Query, got: exp.Query, schema: Schema, dialect: str
    ) -> Told:
        from_words = ""
        tables = tables_of(wanted)
        if not tables <= schema.by_name.keys():
            told = inferred_schema(wanted)
            if told is None:
                missing = ", ".join(sorted(tables - schema.by_name.keys())) or "the tables"
                return Told("unknown", f"no schema of {missing} in the prompt to make rows from")
            schema, from_words = told, " (columns as the logged statement names them)"
        engines: tuple[Engine, ...] = ("sqlite", "duckdb")
        if dialect not in _SQLITE_FIRST:
            engines = ("duckdb", "sqlite")
        reasons = []
        for engine in engines:
            told_by = self._by_engine(engine, _Question(wanted, got, schema, dialect))
            if told_by.outcome != "unknown":
                return Told(told_by.outcome, told_by.words + from_words)
            reasons.append(told_by.words)
        return Told("unknown", reasons[0])

    def _by_engine(self, engine: Engine, asked: _Question) -> Told:
        statements = [prepared(s, asked.schema, asked.dialect) for s in (asked.wanted, asked.got)]
        maker = row_maker(asked.schema, statements)
        if sum(len(table.columns) for table in maker.tables) > _MOST_COLUMNS:
            return Told("unknown", f"rows of more than {_MOST_COLUMNS} columns are not generated")
        agreed = 0
        words = ""
        for seed in range(DATABASES[engine]):
            made = maker.database(seed)
            place = _Place(
                engine,
                f"rows {next(self._serial)}",
                "generated rows",
                definitions=tuple(made.definitions(engine)),
                rows=made.rows_for(engine),
            )
            outcome, words, telling = _Pair(self, place, asked).compared()
            if outcome == "other":
                return Told("other", f"on generated rows {words}")
            if outcome == "unknown" and words:
                return Told("unknown", words)
            if outcome == "by chance":
                return Told("unknown", "the first generated rows are the same, others are not")
            agreed += outcome == "same" and telling
        if agreed < _ENOUGH:
            return Told("unknown", "on generated rows neither returns anything that tells")
        return Told(
            "same",
            f"the same rows on {DATABASES[engine]} generated databases, {agreed} of them telling",
        )

    # -- the sandboxes -----------------------------------------------------------------------------

    def run(self, place: _Place, statements: Sequence[str], *, reverse: bool = False) -> list[Ran]:
        """Run statements; one that ends its process is told so, and so are those before it.

        What the user's database returned is kept: the logged statement is asked for once.
        """
        keep = place.file is not None and not reverse
        due = [s for s in statements if not (keep and (place.key, s) in self._known)]
        found: dict[str, Ran] = {}
        if due:
            try:
                found = dict(zip(due, self._ask(place, due, reverse=reverse), strict=True))
            except SandboxError:
                for statement in due:
                    found[statement] = self._alone(place, statement, reverse=reverse)
        if keep:
            if len(self._known) > 2000:  # noqa: PLR2004
                self._known.clear()
            self._known |= {(place.key, statement): ran for statement, ran in found.items()}
            return [self._known[place.key, statement] for statement in statements]
        return [found[statement] for statement in statements]

    def _alone(self, place: _Place, statement: str, *, reverse: bool) -> Ran:
        try:
            return self._ask(place, [statement], reverse=reverse)[0]
        except SandboxError as error:
            return Ran(None, str(error), "limit")

    def _ask(self, place: _Place, statements: Sequence[str], *, reverse: bool) -> list[Ran]:
        return self._sandbox(place.engine).run(
            place.key, statements, file=place.file, definitions=place.definitions,
            rows=place.rows, reverse=reverse,
            seconds=_SECONDS_ON_FILE if place.file else _SECONDS_ON_ROWS,
        )  # fmt: skip

    def _sandbox(self, engine: Engine) -> Sandbox:
        return self._sandboxes.setdefault(engine, Sandbox(engine))


_OPEN: tuple[Outcome, str, bool] = ("unknown", "", False)
"""Several results of the logged statement are right on this database."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Which statements are compared, and what is known of them."""

    wanted: exp.Query
    got: exp.Query
    schema: Schema
    dialect: str


class _Pair:
    """Two statements on one database."""

    def __init__(self, runner: Runner, place: _Place, asked: _Question) -> None:
        self._runner, self._place = runner, place
        self._schema, self._dialect = asked.schema, asked.dialect
        self._wanted, self._got = (
            prepared(s, asked.schema, asked.dialect) for s in (asked.wanted, asked.got)
        )
        if place.engine == "duckdb":  # it takes no column that is neither grouped nor aggregated
            self._wanted, self._got = settled(self._wanted), settled(self._got)
        self._ordered = is_ordered(self._wanted)

    def compared(self) -> tuple[Outcome, str, bool]:
        """The outcome, in words, and whether the result is one that tells.

        Unknown without words: several results of the logged statement would be right here.
        """
        wanted, got = self._run([self._wanted, self._got])
        if wanted.rows is None:
            return "unknown", f"the logged statement was not run: {wanted.error}", False
        if got.rows is None:
            return self._not_run(got)
        if same_rows(wanted.rows, got.rows, ordered=self._ordered):
            count = len(wanted.rows)
            words = "1 row" if count == 1 else f"{count} rows"
            return self._unless_by_chance(words, wanted.rows)
        if self._place.file is not None:
            outcome, words, _ = self._among_right_ones(wanted, got)
            return outcome, words, False  # rows that differ are right only where others agree
        if not is_telling((*wanted.rows, *got.rows)) and not (wanted.rows and got.rows):
            return _OPEN  # nothing, and one row of NULL: alike to who asks for the greatest of none
        return self._among_right_ones(wanted, got)

    def _unless_by_chance(
        self, words: str, rows: Sequence[tuple[Any, ...]]
    ) -> tuple[Outcome, str, bool]:
        """The same rows; on generated ones only if they are so before some of them are chosen."""
        if self._place.file is not None:
            return "same", words, is_telling(rows)
        before = self._before_choosing()
        if before == "other":
            return "by chance", words, False
        return "same", words, before == "same" and is_telling(rows)

    def _before_choosing(self) -> Literal["same", "other", "open"]:
        """Whether both have the same rows before LIMIT, and before any value of a group's is taken.

        The first of many rows is often the same by chance. Open: all rows have the same sort keys.
        """
        one, other = settled(self._wanted), settled(self._got)
        everything, all_got = all_sorted(one), all_sorted(other)
        if everything is not None and all_got is not None and _same_bounds(everything, all_got):
            ran = self._run([everything.statement, all_got.statement])
            if ran[0].rows is None or ran[1].rows is None:
                return "open"
            window = _window(everything, ran[0].rows)
            if not Window(window.rows, window.keys).may_return(_window(all_got, ran[1].rows).rows):
                return "other"
            return "open" if _is_all_tied(window) else "same"
        if any(self._takes_all(side) for side in (everything, all_got)):
            return "open"
        ran = self._run([one, other])
        if ran[0].rows is None or ran[1].rows is None:
            return "open"
        return "same" if same_rows(ran[0].rows, ran[1].rows, ordered=False) else "other"

    def _takes_all(self, side: Sorted | None) -> bool:
        """Whether the LIMIT of a statement takes nothing away here."""
        if side is None or side.limit is None:
            return False
        (ran,) = self._run([side.statement])
        return ran.rows is not None and len(ran.rows) <= side.offset + side.limit

    def _not_run(self, got: Ran) -> tuple[Outcome, str, bool]:
        own = _OWN_ENGINE.get(self._dialect) == self._place.engine or self._place.file is not None
        if got.kind in {"limit", "refused"} or own or _WRONG_NAME.search(got.error):
            return "other", f"the answer does not run: {got.error}", False
        return "unknown", f"the answer was not run: {got.error}", False

    def _among_right_ones(  # noqa: PLR0911 - one for each way in which rows can be right
        self, wanted: Ran, got: Ran
    ) -> tuple[Outcome, str, bool]:
        """Other rows: are they right as well, for an order or a choice that is left open?"""
        assert wanted.rows is not None
        assert got.rows is not None
        words = difference(wanted.rows, got.rows, ordered=self._ordered)
        one, other = settled(self._wanted), settled(self._got)
        everything, all_got = all_sorted(one), all_sorted(other)
        asked = [one, other]
        asked += [everything.statement] if everything else []
        asked += [all_got.statement] if everything and all_got else []
        ran = self._run(asked)
        if ran[0].rows is None or ran[1].rows is None:
            return "other", words, True
        if same_rows(ran[0].rows, ran[1].rows, ordered=self._ordered):
            return self._unless_by_chance("any value of a group", ran[0].rows)
        if everything is None or ran[2].rows is None:
            return self._unless_open(words)
        window = _window(everything, ran[2].rows)
        if window.cuts_a_tie and self._place.file is not None:
            return _OPEN if window.may_return(ran[1].rows) else ("other", words, True)
        if window.cuts_a_tie:
            if all_got is None or ran[3].rows is None or not _same_bounds(everything, all_got):
                return _OPEN
            return self._before_ties(window, _window(all_got, ran[3].rows), words)
        if window.may_return(ran[1].rows):
            return self._unless_by_chance("the same but for the order of equals", ran[1].rows)
        return self._unless_open(words)

    def _before_ties(self, window: Window, other: Window, words: str) -> tuple[Outcome, str, bool]:
        """Where LIMIT takes some of many with equal keys: are they the same before it does?"""
        if not Window(window.rows, window.keys).may_return(other.rows):
            return "other", words, True
        tells = is_telling(other.rows) and not _is_all_tied(window)
        return "same", "the same before LIMIT chooses among equals", tells

    def _unless_open(self, words: str) -> tuple[Outcome, str, bool]:
        """Other, unless the logged statement's own result depends on how tables are read."""
        if self._place.engine == "sqlite":
            forth = self._run([self._wanted])[0]
            back = self._run([self._wanted], reverse=True)[0]
            if forth.rows is not None and back.rows is not None:
                everything = all_sorted(self._wanted)
                if not same_rows(forth.rows, back.rows, ordered=False) and not (
                    everything and everything.keys
                ):
                    return _OPEN
        return "other", words, True

    def _run(self, statements: Sequence[exp.Expression], *, reverse: bool = False) -> list[Ran]:
        texts = [written(s, self._place.engine, self._schema) for s in statements]
        return self._runner.run(self._place, texts, reverse=reverse)


def _window(everything: Sorted, rows: Sequence[tuple[Any, ...]]) -> Window:
    columns = everything.columns if everything.columns >= 0 else None
    return Window(
        [row[:columns] for row in rows],
        [tuple(row[i] for i in everything.keys) for row in rows],
        everything.offset,
        everything.limit,
    )


def _is_all_tied(window: Window) -> bool:
    """Whether all rows have the same sort keys, so that any order is right."""
    return any(window.keys) and len(set(window.keys)) == 1


def _same_bounds(one: Sorted, other: Sorted) -> bool:
    return (one.offset, one.limit) == (other.offset, other.limit)


def _engine_of(head: bytes) -> Engine | None:
    """The engine of a database, by the first bytes of its file."""
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    return "duckdb" if head[8:12] == b"DUCK" else None


def _copy(engine: Engine, source: Path, target: Path) -> None:
    """Copy a database with what is still in its log."""
    if engine == "sqlite":
        address = f"{source.resolve().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(address, uri=True)) as one,
            closing(sqlite3.connect(target)) as other,
        ):
            one.backup(other)
            other.execute("PRAGMA journal_mode=DELETE")
        return
    shutil.copyfile(source, target)
    log = source.with_name(source.name + ".wal")
    if log.is_file():
        shutil.copyfile(log, target.with_name(target.name + ".wal"))

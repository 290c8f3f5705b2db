"""The audit database: what every stage reads and writes through.

A ``Store`` opens its file when it is first used and can be put to ``rest()`` between batches, so
that ``auditor status`` or a SQL shell can read meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from auditor.errors import StoreError
from auditor.store import deletion, schema
from auditor.store.checks import CHECKS
from auditor.store.connection import connect, first_line, require, translated
from auditor.store.frames import to_frame

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import polars as pl
    import pyarrow as pa

MEMORY = ":memory:"


class Violation(NamedTuple):
    """An integrity query that returned rows: its name, how many, and the first of them."""

    check: str
    rows: int
    example: str


class Store:
    """One audit database. Use ``Store.open``; ``with`` closes it."""

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._depth = 0
        self._streams = 0
        self._on_connect = ""
        self.finished_deletion: str | None = None
        """What the user is told where opening has finished an interrupted deletion."""

    @classmethod
    def open(cls, path: str | Path = MEMORY, *, read_only: bool = False) -> Store:
        """Open a database, made anew if there is none, migrated if it is of an older auditor.

        A deletion that was interrupted is finished first; ``finished_deletion`` says so.

        Raises:
            NotReadyError: ``read_only`` and there is no such file.
            StoreError: in use by another process, not an audit database, made by a newer auditor,
                or to be migrated or rewritten and write-protected or without room on the disk.
        """
        if read_only:
            require(path)
        store = cls(str(path), read_only=read_only)
        try:
            if read_only and (schema.is_older(store) or schema.has_unfinished_deletion(store)):
                store.rest()
                store.finished_deletion = cls._bring_up_to_date(path)
            schema.prepare(store)
            if not read_only:
                store.finished_deletion = deletion.finish(store)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def _bring_up_to_date(cls, path: str | Path) -> str | None:
        """Migrate a file that is only to be read, or finish a deletion in it.

        It is opened for writing for a moment; returns what the user is told of the deletion.
        """
        try:
            with cls.open(path) as store:
                return store.finished_deletion
        except StoreError as error:
            raise StoreError(
                f"{path} was made by an older auditor, or a deletion in it was interrupted; it has "
                f"to be brought up to date before it is read: {error.message}",
                hint=error.hint,
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- connection --------------------------------------------------------------------------------

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = connect(self.path, read_only=self.read_only)
            if self._on_connect:
                self._connection.execute(self._on_connect).fetchall()
        return self._connection

    def run_on_connect(self, sql: str) -> None:
        """Run statements now and on every connection to come: what they make is temporary."""
        self.execute(sql)
        self._on_connect = sql

    @property
    def is_in_memory(self) -> bool:
        """Whether there is no file."""
        return self.path == MEMORY

    def rest(self) -> None:
        """Close the file until the next use; what is in memory stays open."""
        busy = self._depth or self._streams or self.is_in_memory
        if self._connection is not None and not busy:
            connection, self._connection = self._connection, None
            with translated(self.path):
                connection.close()

    def close(self) -> None:
        """Close the database for good; closing twice is fine."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with translated(self.path):
                connection.close()

    # -- reading and writing -----------------------------------------------------------------------

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement for its effect."""
        with translated(self.path):
            self._db.execute(sql, params or None).fetchall()

    def rows(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        with translated(self.path):
            return self._db.execute(sql, params or None).fetchall()

    def dicts(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[dict[str, Any]]:
        """Run a query and return its rows as ``{column: value}``."""
        with translated(self.path):
            result = self._db.execute(sql, params or None)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def value(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """Return the first column of the first row, None if there is no row."""
        rows = self.rows(sql, params)
        return rows[0][0] if rows else None

    def refusal(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> str | None:
        """Run a query that a user wrote a part of; return what is wrong with it, if anything."""
        import duckdb

        try:
            if len(self._db.extract_statements(sql)) != 1:
                return "it is more than one statement"
            self.rows(sql, params)
        except duckdb.Error as error:
            return first_line(error)
        return None

    def frame(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
        """Run a query and return a polars frame; ``frames`` says which type becomes which.

        Raises:
            StoreError: a statement that returns no rows.
        """
        with translated(self.path):
            result = self._db.sql(sql, params=params or None)
            if result is None:  # DuckDB 1 answers SET and the like so
                raise StoreError("the statement returns no rows", hint="give a query: SELECT ...")
            return to_frame(result.to_arrow_table())

    def batches(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = (), *, size: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """Run a query and yield Arrow batches of at most ``size`` rows.

        The query has a cursor of its own, so that other statements may run meanwhile; it sees
        what was committed, not what an open transaction has written.
        """
        cursor = self._db.cursor()
        self._streams += 1
        try:
            with translated(self.path):
                if self._on_connect:
                    cursor.execute(self._on_connect).fetchall()
                reader: Any = cursor.sql(sql, params=params or None).to_arrow_reader(size)
                yield from reader
        finally:
            self._streams -= 1
            cursor.close()

    def append(
        self, table: str, data: pa.Table | pl.DataFrame | Sequence[Mapping[str, Any]]
    ) -> int:
        """Append rows to a table, columns matched by name, absent ones NULL; return how many.

        A sequence of mappings is for small tables; large ones come as Arrow or polars.
        """
        if isinstance(data, Sequence):
            return self._append_mappings(table, data)
        with translated(self.path):
            self._db.register("_incoming", data)
            try:
                self._db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM _incoming").fetchall()
            finally:
                self._db.unregister("_incoming")
        return len(data)

    def _append_mappings(self, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
        if not rows:
            return 0
        columns = list(rows[0])
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        with translated(self.path):
            self._db.executemany(sql, [[row[name] for name in columns] for row in rows]).fetchall()
        return len(rows)

    @contextmanager
    def registered(self, name: str, data: pa.Table | pl.DataFrame) -> Iterator[None]:
        """Make an Arrow table or polars frame readable as ``name`` in SQL for the block."""
        self._db.register(name, data)
        try:
            yield
        finally:
            self._db.unregister(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or none of it; blocks nest."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self.execute("BEGIN")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._depth = 0
            self._rollback()
            raise
        self._depth = 0
        self.execute("COMMIT")

    def _rollback(self) -> None:
        import duckdb

        try:
            self._db.execute("ROLLBACK").fetchall()
        except (duckdb.Error, StoreError):
            # The failure that brought us here is the one to tell; DuckDB may have rolled back.
            self._connection = None

    def check(self) -> list[Violation]:
        """Run the integrity queries; an empty list is a sound database."""
        found = []
        for name, sql in CHECKS.items():
            rows = self.rows(sql)
            if rows:
                found.append(Violation(name, len(rows), str(rows[0][0])))
        return found

"""The audit database: one DuckDB file whose tables are the contract between the stages.

The only module that knows DuckDB. A ``Store`` opens its file when it is first used and can be put
to ``rest()`` between batches, so that ``auditor status`` or a SQL shell can read meanwhile.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from auditor.errors import NotReadyError, StoreError
from auditor.store.checks import CHECKS

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

SCHEMA_VERSION = "3"
MEMORY = ":memory:"
LOCK_WAIT_S = 12.0
"""A running stage holds the file for at most 10 s at a time; a reader waits a little longer."""

_MAGIC, _MAGIC_AT = b"DUCK", 8
"""How a DuckDB file begins, behind a checksum: duckdb.org, "Storage Versions and Format"."""

_SETTINGS = {
    "autoinstall_known_extensions": "false",  # nothing is downloaded, ever
    "autoload_known_extensions": "false",
}


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

    @classmethod
    def open(cls, path: str | Path = MEMORY, *, read_only: bool = False) -> Store:
        """Open a database, made anew if there is none.

        Raises:
            NotReadyError: ``read_only`` and there is no such file.
            StoreError: in use by another process, not an audit database, made by another schema.
        """
        store = cls(str(path), read_only=read_only)
        if read_only:
            require(path)
        store._ensure_schema()
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- connection --------------------------------------------------------------------------------

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        self._refuse_other_files()
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                connection = duckdb.connect(
                    self.path, read_only=self.read_only, config=dict(_SETTINGS)
                )
            except duckdb.IOException as error:
                text = str(error)
                if "lock" not in text.lower():
                    raise self._unusable(error) from error
                if time.monotonic() > deadline:
                    raise self._locked(text) from error
                time.sleep(0.1)
            except (duckdb.Error, ValueError) as error:
                raise self._unusable(error) from error
            else:
                connection.execute("SET TimeZone = 'UTC'").fetchall()
                return connection

    def _refuse_other_files(self) -> None:
        """DuckDB would open a .jsonl or .csv as a view of its rows, and lose what is written."""
        path = Path(self.path)
        with suppress(OSError):  # missing, a folder, no permission: DuckDB says which
            with path.open("rb") as file:
                head = file.read(_MAGIC_AT + len(_MAGIC))
            if head[_MAGIC_AT:] != _MAGIC:
                raise StoreError(
                    f"{self.path} is {'no' if head else 'an empty file, no'} audit database",
                    hint="name another one with --db; it is made if it is not there",
                )

    def _locked(self, text: str) -> StoreError:
        pid = re.search(r"PID (\d+)", text)
        who = f" (PID {pid.group(1)})" if pid else ""
        return StoreError(
            f"{self.path} is in use by another process{who}",
            hint="wait until it has finished, or give another file with --db",
        )

    def _unusable(self, error: Exception) -> StoreError:
        path = Path(self.path)
        folder = path.resolve().parent
        if not folder.is_dir():
            return StoreError(
                f"{self.path}: the folder {folder} does not exist", hint="make it, or use --db"
            )
        if path.is_dir():
            return StoreError(f"{self.path} is a folder", hint="name a file with --db")
        if not path.exists() and not os.access(folder, os.W_OK):
            return StoreError(
                f"{self.path}: the folder {folder} cannot be written",
                hint="name a database elsewhere, for example --db /tmp/audit.duckdb",
            )
        if path.exists() and not os.access(path, os.R_OK):
            return StoreError(f"{self.path}: no permission to read it", hint="check its owner")
        if path.exists() and not self.read_only and not path.stat().st_mode & stat.S_IWUSR:
            return StoreError(
                f"{self.path} is write-protected", hint="name another database with --db"
            )
        verb = "opened as an audit database" if path.exists() else "made"
        return StoreError(
            f"{self.path} cannot be {verb}: {first_line(error)}",
            hint="name another database with --db, for example --db /tmp/audit.duckdb",
        )

    def rest(self) -> None:
        """Close the file until the next use; what is in memory stays open."""
        busy = self._depth or self._streams or self.path == MEMORY
        if self._connection is not None and not busy:
            connection, self._connection = self._connection, None
            with self._translated():
                connection.close()

    def close(self) -> None:
        """Close the database for good; closing twice is fine."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with self._translated():
                connection.close()

    # -- reading and writing -----------------------------------------------------------------------

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Run a statement for its effect."""
        with self._translated():
            self._db.execute(sql, params or None).fetchall()

    def rows(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        with self._translated():
            return self._db.execute(sql, params or None).fetchall()

    def dicts(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[dict[str, Any]]:
        """Run a query and return its rows as ``{column: value}``."""
        with self._translated():
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
        """Run a query and return a polars frame."""
        import polars as pl

        with self._translated():
            frame = pl.from_arrow(self._db.sql(sql, params=params or None).to_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame

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
            with self._translated():
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
        with self._translated():
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
        with self._translated():
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

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what a full disk, a small memory or Ctrl-C do to DuckDB into what they are."""
        import duckdb

        try:
            yield
        except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
            raise StoreError(
                f"{self.path}: cannot be written or read: {first_line(error)}",
                hint="is the disk full or write-protected? What was committed before is kept: "
                "make room and run the same command again",
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise StoreError(
                f"{self.path}: not enough memory: {first_line(error)}",
                hint="close other programs, or ingest the logs in smaller parts",
            ) from error
        except RuntimeError as error:
            # Ctrl-C during a statement: DuckDB takes the KeyboardInterrupt and raises this.
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise

    # -- the contract ------------------------------------------------------------------------------

    def _ensure_schema(self) -> None:
        found = self.rows(
            "SELECT table_name FROM duckdb_tables() WHERE table_name IN ('meta', 'calls')"
        )
        if not found and not self.rows("SELECT 1 FROM duckdb_tables() LIMIT 1"):
            if self.read_only:
                raise NotReadyError(f"{self.path} is empty", hint="run 'auditor ingest LOGS' first")
            self._create()
            return
        if len(found) < 2:  # noqa: PLR2004 - meta and calls
            raise StoreError(
                f"{self.path} is a DuckDB file, but not an audit database",
                hint="name another one with --db",
            )
        version = self.value("SELECT value FROM meta WHERE key = 'schema_version'")
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}; this auditor reads {SCHEMA_VERSION}",
                hint="ingest the logs into a fresh file: auditor ingest LOGS --db new.duckdb",
            )

    def _create(self) -> None:
        sql = schema_sql()
        with self.transaction():
            self.execute(sql)
            self.execute(column_comments(sql))
            self.execute("INSERT INTO meta VALUES ('schema_version', ?)", [SCHEMA_VERSION])
        self.rest()

    def check(self) -> list[Violation]:
        """Run the integrity queries; an empty list is a sound database."""
        found = []
        for name, sql in CHECKS.items():
            rows = self.rows(sql)
            if rows:
                found.append(Violation(name, len(rows), str(rows[0][0])))
        return found


def require(path: str | Path) -> None:
    """Raise NotReadyError where there is no file: only reading logs makes a database."""
    if not Path(path).exists():
        raise NotReadyError(
            f"{path}: there is no audit database here",
            hint="run 'auditor ingest LOGS', or name one with --db",
        )


def schema_sql() -> str:
    """Return the text of ``schema.sql``, the data contract."""
    return (files("auditor.store") / "schema.sql").read_text(encoding="utf-8")


def column_comments(sql: str) -> str:
    """Turn the words behind each column of a ``CREATE TABLE`` into ``COMMENT ON`` statements."""
    statements, table = [], ""
    for line in sql.splitlines():
        if start := re.match(r"CREATE TABLE IF NOT EXISTS (\w+) \(", line):
            table = start.group(1)
        elif line.startswith(")"):
            table = ""
        elif table and (column := re.match(r"    (\w+) .*?-- (.+)$", line)):
            words = column.group(2).replace("'", "''")
            statements.append(f"COMMENT ON COLUMN {table}.{column.group(1)} IS '{words}';")
    return "\n".join(statements)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, for a message of one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

"""The data contract: tables made once and migrated, views made anew.

``tables.sql`` and ``views.sql`` are the contract. ``prepare`` brings a database to it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from auditor.errors import NotReadyError, StoreError
from auditor.store import deletion, migrations
from auditor.store.safety_copy import remove_copy

if TYPE_CHECKING:
    from auditor.store.store import Store


def prepare(store: Store) -> None:
    """Make the tables of an empty database, or bring those of an older auditor up to date.

    Views are made anew where they differ from those of this program: in the file, or for as long as
    the connection lasts where the file is only read.

    Raises:
        NotReadyError: only to be read, and empty.
        StoreError: not an audit database, or one of a newer auditor; it is left as it is.
    """
    version = version_of(store)
    if version is None:
        if store.read_only:
            raise NotReadyError(f"{store.path} is empty", hint="run 'auditor ingest LOGS' first")
        _create(store)
    elif store.read_only:
        if not _views_agree(store):
            store.run_on_connect(_temporary(views_sql()))
    else:
        if version < migrations.newest():
            migrations.migrate(store, version, comments(tables_sql()))
        else:
            remove_copy(store.path)  # of a process that was killed right after its migration
        if not _views_agree(store):
            with store.transaction():
                _make_views(store)


def version_of(store: Store) -> int | None:
    """Return the schema version of a database, None where it is empty.

    Raises:
        StoreError: not an audit database, or one whose version this program cannot read.
    """
    found = store.rows(
        "SELECT table_name FROM duckdb_tables() WHERE table_name IN ('meta', 'calls')"
    )
    if not found and not store.rows("SELECT 1 FROM duckdb_tables() LIMIT 1"):
        return None
    if len(found) < 2:  # noqa: PLR2004 - meta and calls
        raise StoreError(
            f"{store.path} is a DuckDB file, but not an audit database",
            hint="name another one with --db",
        )
    text = str(store.value("SELECT value FROM meta WHERE key = 'schema_version'"))
    version = int(text) if text.isdecimal() else 0
    if version > migrations.newest():
        raise StoreError(
            f"{store.path} was made by a newer auditor: it has schema version {version}, this one "
            f"reads up to {migrations.newest()}",
            hint="install the newer auditor; nothing was changed",
        )
    if version < migrations.OLDEST:
        raise StoreError(
            f"{store.path} has schema version {text}, from before the first release",
            hint="ingest the logs into a fresh file: auditor ingest LOGS --db new.duckdb",
        )
    return version


def is_older(store: Store) -> bool:
    """Say whether a database needs a migration.

    Raises:
        StoreError: not an audit database, or one whose version this program cannot read.
    """
    version = version_of(store)
    return version is not None and version < migrations.newest()


def has_unfinished_deletion(store: Store) -> bool:
    """Say whether a deletion was begun in a database and not finished."""
    return version_of(store) is not None and deletion.pending(store) is not None


def tables_sql() -> str:
    """Return the statements that make the tables of a new database."""
    return (files("auditor.store") / "tables.sql").read_text(encoding="utf-8")


def views_sql() -> str:
    """Return the statements that make the views."""
    return (files("auditor.store") / "views.sql").read_text(encoding="utf-8")


def comments(sql: str) -> str:
    """Return the ``COMMENT ON`` statements of all tables, and of the words behind each column."""
    statements, table = [], ""
    for line in sql.splitlines():
        if start := re.match(r"CREATE TABLE IF NOT EXISTS (\w+) \(", line):
            table = start.group(1)
        elif line.startswith("COMMENT ON TABLE"):
            statements.append(line)
        elif line.startswith(")"):
            table = ""
        elif table and (column := re.match(r"    (\w+) .*?-- (.+)$", line)):
            words = column.group(2).replace("'", "''")
            statements.append(f"COMMENT ON COLUMN {table}.{column.group(1)} IS '{words}';")
    return "\n".join(statements)


def _create(store: Store) -> None:
    tables = tables_sql()
    with store.transaction():
        store.execute(tables)
        store.execute(comments(tables))
        version = str(migrations.newest())
        store.execute("INSERT INTO meta VALUES ('schema_version', ?)", [version])
        _make_views(store)
    store.rest()


def _make_views(store: Store) -> None:
    store.execute(views_sql())
    store.execute("INSERT OR REPLACE INTO meta VALUES ('views', ?)", [_hash_of_views()])


def _views_agree(store: Store) -> bool:
    return bool(store.value("SELECT value FROM meta WHERE key = 'views'") == _hash_of_views())


def _hash_of_views() -> str:
    return sha256(views_sql().encode()).hexdigest()[:16]


def _temporary(sql: str) -> str:
    """Turn the statements into those of views that last as long as a connection."""
    lines = [line for line in sql.splitlines() if not line.startswith("COMMENT ON VIEW")]
    return "\n".join(lines).replace("CREATE OR REPLACE VIEW", "CREATE OR REPLACE TEMP VIEW")

"""The database of the last release, unpacked for a test."""

from __future__ import annotations

import gzip
import runpy
import shutil
from pathlib import Path

import duckdb

DATA = Path(__file__).parent / "data"
PACKED = DATA / "audit-0.1.0.duckdb.gz"


def unpack(folder: Path) -> Path:
    """Write the database and the settings it was made with into a folder; return its path."""
    path = folder / "audit.duckdb"
    with gzip.open(PACKED) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)
    runpy.run_path(str(DATA / "make_log.py"))["main"](folder)
    return path


def contents(path: Path) -> dict[str, tuple[list[str], list[tuple]]]:
    """Return columns and rows of every table, as DuckDB itself tells them."""
    with duckdb.connect(str(path), read_only=True) as db:
        tables = db.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        found = {}
        for (table,) in tables:
            result = db.execute(f"SELECT * FROM {table} ORDER BY ALL")
            found[table] = ([column[0] for column in result.description], result.fetchall())
        return found


def rows_under(found: dict, table: str, columns: list[str]) -> list[tuple]:
    """Return the rows of a table, only the columns given."""
    names, rows = found[table]
    at = [names.index(column) for column in columns]
    return sorted((tuple(row[i] for i in at) for row in rows), key=repr)

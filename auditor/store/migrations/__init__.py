"""Numbered steps that bring the tables of an older database to those of ``tables.sql``.

A step is a file beside this one, ``NNNN_what_it_does.sql``; a database that has taken it is of
schema version ``NNNN``. To add one, take the next number and change ``tables.sql`` to say the same:
the test suite compares a migrated database with a new one. A step may add, drop and rename, and
rewrite rows; comments and views follow by themselves. DuckDB cannot change the
constraints of a table: rename it, create it anew, ``INSERT INTO ... BY NAME SELECT`` and drop the
former one.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import StoreError
from auditor.store.connection import first_line
from auditor.store.safety_copy import copy_of, safety_copy

if TYPE_CHECKING:
    from auditor.store.store import Store

OLDEST = 3
"""The schema version of the first release."""


class Migration(NamedTuple):
    """One step: the schema version it leads to, its name and its statements."""

    version: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Return all steps in order."""
    found = []
    for file in files(__name__).iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            text = file.read_text(encoding="utf-8")
            found.append(Migration(int(match.group(1)), match.group(2), text))
    return sorted(found)


def newest() -> int:
    """Return the schema version that this program reads and writes."""
    return max((step.version for step in migrations()), default=OLDEST)


def migrate(store: Store, version: int, comments: str) -> None:
    """Take the steps that a database of an older version lacks, and let go of it.

    Each step is one transaction together with the record of it; ``comments`` are the statements
    that comment tables and columns anew. A copy of the file is kept until all of them succeeded. A
    process killed meanwhile leaves a sound file, and the next one to open it goes on.

    Raises:
        StoreError: no room for the copy, or a step fails; nothing of that step is kept.
    """
    steps = [step for step in migrations() if step.version > version]
    with safety_copy(store):
        for step in steps:
            _take(store, step, comments if step is steps[-1] else "")


def _take(store: Store, step: Migration, comments: str) -> None:
    import duckdb

    try:
        with store.transaction():
            store.execute(f"{step.sql}\n;{comments}")
            store.execute("DELETE FROM meta WHERE key = 'views'")  # they are made anew
            record = "UPDATE meta SET value = ? WHERE key = 'schema_version'"
            store.execute(record, [str(step.version)])
    except duckdb.Error as error:
        raise StoreError(
            f"{store.path} cannot be brought to schema version {step.version} ({step.name}): "
            f"{first_line(error)}",
            hint=f"nothing of this step is kept, and the file as it was is {copy_of(store.path)}; "
            "please report it",
        ) from error

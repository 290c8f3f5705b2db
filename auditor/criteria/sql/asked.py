"""Whether the user asked for SQL to be run: in this command, or when these answers were graded.

What was asked for last is kept in the audit, so that a later command without ``--run-sql`` leaves
those grades as they are. It runs nothing itself: answers that came since then wait.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.criteria.file import criterion_from
from auditor.criteria.sql.equivalence import WAITING_WORDS, statements_run
from auditor.domain import canonical_json, digest
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.store.store import Store

_KEY = "run_sql"
SQL_CHECK = "sql-equals"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSettings:
    """``[grade] run_sql`` and ``database``; ``run`` is None where the user says nothing."""

    run: bool | None = None
    database: Path | None = None

    @property
    def way(self) -> str | None:
        """The way that is asked for as JSON text, None where none is.

        Raises:
            ConfigError: the database is no file that can be read.
        """
        if self.run is None:
            return None
        if not self.run:
            return canonical_json({"run": False})
        return canonical_json({"run": True, "database": _identity(self.database)})


def way_in_force(store: Store, settings: SqlSettings) -> str | None:
    """The way that statements are compared from here on; None: without running, as at first.

    Raises:
        ConfigError: the database is no file that can be read.
    """
    way = settings.way or _kept(store)
    return None if way is None or not json.loads(way)["run"] else way


def waiting(store: Store) -> int:
    """How many grades wait for statements to be run again."""
    count: int = store.value(
        "SELECT count(*) FROM grades WHERE passed IS NULL AND contains(explanation, ?)",
        [WAITING_WORDS],
    )
    return count


def adopt(store: Store, settings: SqlSettings) -> None:
    """Keep the way that is asked for, and give up the grades that were made another way.

    Raises:
        ConfigError: the database is no file that can be read.
    """
    way = settings.way
    if way is None:
        return
    before = way_in_force(store, SqlSettings())
    after = way_in_force(store, settings)
    with store.transaction():
        if before != after:
            store.execute(
                "DELETE FROM grades WHERE list_contains(?, criterion_id)", [_sql_criteria(store)]
            )
        elif after is not None:
            store.execute(
                "DELETE FROM grades WHERE passed IS NULL AND contains(explanation, ?)",
                [WAITING_WORDS],
            )
        store.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_KEY, way])


@contextmanager
def as_asked(store: Store, settings: SqlSettings) -> Iterator[None]:
    """Within this, statements are compared as the user asked for."""
    if way_in_force(store, settings) is None:
        with statements_run(None):
            yield
    elif not settings.run:
        with statements_run(None, waits=True):
            yield
    else:
        from auditor.criteria.sql.running import Runner

        with Runner(settings.database) as runner, statements_run(runner):
            yield


def _kept(store: Store) -> str | None:
    way: str | None = store.value("SELECT value FROM meta WHERE key = ?", [_KEY])
    return way


def _sql_criteria(store: Store) -> list[str]:
    return [
        criterion_id
        for criterion_id, definition in store.rows(
            "SELECT DISTINCT criterion_id, definition FROM criteria"
        )
        if any(a.type == SQL_CHECK for a in criterion_from(json.loads(definition)).assertions)
    ]


def _identity(database: Path | None) -> str | None:
    """What tells one state of a database file from another."""
    if database is None:
        return None
    try:
        facts = database.stat()
    except OSError as error:
        raise ConfigError(
            f"cannot read {database}: {error.strerror}", hint="check [grade] database"
        ) from error
    return digest(str(database.resolve()), facts.st_size, facts.st_mtime_ns)

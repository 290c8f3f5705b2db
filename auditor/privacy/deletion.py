"""Deleting on purpose: a source, a category, a user; or all texts, keeping the figures.

DuckDB marks the place of deleted rows as free and leaves their bytes where they were, so the
database is written anew afterwards.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.store.store import MEMORY, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_CALLS = ("contents", "call_sensitivity", "call_categories", "eligibility", "calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted, or would be."""

    calls: int
    answers: int
    rejects: int


def subject(*, source: str | None, category: str | None, user: str | None) -> tuple[str, str]:
    """Return which of the three was given, and its value.

    Raises:
        ConfigError: none of them, or several.
    """
    named = {"source": source, "category": category, "user": user}
    given = [(kind, value) for kind, value in named.items() if value]
    if len(given) != 1:
        raise ConfigError("forget needs one of --source, --category and --user", hint="name one")
    return given[0]


def preview(
    store: Store,
    *,
    source: str | None = None,
    category: str | None = None,
    user: str | None = None,
) -> Forgotten:
    """Return what ``forget`` would delete; for a read-only database too.

    Raises:
        ConfigError: as ``forget``.
    """
    return _meant(store, *subject(source=source, category=category, user=user))


def forget(
    store: Store,
    *,
    source: str | None = None,
    category: str | None = None,
    user: str | None = None,
) -> Forgotten:
    """Delete the calls of a source (path or id), category (name or id) or user, with their answers.

    The ledger keeps one line per record, without the call. A source that is forgotten is read anew
    when it is named again.

    Raises:
        ConfigError: not exactly one of the three, or nothing matches.
    """
    kind, value = subject(source=source, category=category, user=user)
    with store.transaction():
        found = _meant(store, kind, value)
        _delete(store)
        if kind == "source":
            for table in ("rejects", "records", "sources"):
                store.execute(f"DELETE FROM {table} WHERE source_id IN (FROM gone_sources)")
        for table in ("gone", "gone_answers", "gone_sources"):
            store.execute(f"DROP TABLE {table}")
    _rewrite(store)
    return found


_SOURCES = """SELECT source_id FROM sources
    WHERE list_contains($values, path) OR list_contains($values, source_id)"""
_CALLS = {
    "source": f"SELECT call_id FROM calls WHERE source_id IN ({_SOURCES})",
    "category": "SELECT call_id FROM call_categories JOIN categories USING (category_id) "
    "WHERE list_contains($values, name) OR list_contains($values, category_id)",
    "user": "SELECT call_id FROM calls WHERE list_contains($values, user_id)",
}


def _meant(store: Store, kind: str, value: str) -> Forgotten:
    """Gather what is meant in temporary tables and count it."""
    paths = [str(Path(value).absolute()), str(Path(value).resolve())] if kind == "source" else []
    values = {"values": [value, *paths]}
    store.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {_CALLS[kind]}", values)
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE gone_sources AS {_SOURCES}",
        values if kind == "source" else {"values": []},
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE gone_answers AS "
        "SELECT answer_id FROM answers SEMI JOIN gone USING (call_id)"
    )
    calls, sources, answers = (
        int(store.value(f"SELECT count(*) FROM {table}"))
        for table in ("gone", "gone_sources", "gone_answers")
    )
    if not calls and not sources:
        raise ConfigError(
            f"no call of {kind} {value} in {store.path}",
            hint="name one that 'auditor ingest' showed, with its whole path"
            if kind == "source"
            else f"'auditor spend --by {kind}' lists them",
        )
    rejects = store.value("SELECT count(*) FROM rejects SEMI JOIN gone_sources USING (source_id)")
    return Forgotten(calls=calls, answers=answers, rejects=int(rejects))


def _delete(store: Store) -> None:
    """Delete the calls of the table ``gone`` and their answers everywhere."""
    answered = "(FROM gone_answers)"
    store.execute(f"DELETE FROM grades WHERE answer_id IN {answered}")
    store.execute(f"DELETE FROM comparisons WHERE answer_a IN {answered} OR answer_b IN {answered}")
    # Labels are of a call, by its own id or by the log's, or of an answer.
    store.execute(
        f"""DELETE FROM labels WHERE subject IN {answered} OR subject IN (FROM gone) OR subject IN (
            SELECT log_id FROM calls SEMI JOIN gone USING (call_id) WHERE log_id IS NOT NULL)"""
    )
    store.execute(f"DELETE FROM answers WHERE answer_id IN {answered}")
    # A sample that held one of the calls is no sample of what is left: it is drawn anew.
    store.execute(
        "CREATE OR REPLACE TEMP TABLE gone_designs AS "
        "SELECT DISTINCT design_id FROM draws SEMI JOIN gone USING (call_id)"
    )
    for table in ("draws", "looks", "designs"):
        store.execute(f"DELETE FROM {table} WHERE design_id IN (FROM gone_designs)")
    store.execute("DROP TABLE gone_designs")
    store.execute("DELETE FROM bars")
    for table in _OF_CALLS:
        store.execute(f"DELETE FROM {table} WHERE call_id IN (FROM gone)")
    store.execute(
        "UPDATE records SET outcome = 'not-call', call_id = NULL WHERE call_id IN (FROM gone)"
    )
    store.execute(
        """UPDATE sources SET calls = n.calls, duplicates = n.duplicates, not_calls = n.not_calls
        FROM (SELECT source_id, count(*) FILTER (outcome = 'call') AS calls,
                     count(*) FILTER (outcome = 'duplicate') AS duplicates,
                     count(*) FILTER (outcome = 'not-call') AS not_calls
              FROM records GROUP BY source_id) n
        WHERE sources.source_id = n.source_id"""
    )


_TEXTS: Mapping[str, str] = {
    "calls": "content_state = 'absent', error = NULL, tags = NULL",
    "answers": "text = NULL, tool_calls = NULL, error_detail = NULL",
    "grades": "explanation = NULL",
    "comparisons": "explanation = NULL",
    "rejects": "excerpt = NULL, detail = NULL",
    "labels": "expected = NULL",
    "routes": "template = NULL",
}
"""What of each table is text, or holds a piece of one."""


def purge_text(store: Store) -> int:
    """Drop every text and keep the figures; return the number of calls that had any.

    Answers of local models, explanations of grades and excerpts of rejects are texts too. The rules
    by which routes are found again keep their constant words: without them calls that are read
    later would make categories of their own.
    """
    had = int(store.value("SELECT count(*) FROM contents"))
    with store.transaction():
        store.execute("DELETE FROM contents")
        for table, changes in _TEXTS.items():
            store.execute(f"UPDATE {table} SET {changes}")
    _rewrite(store)
    return had


def _rewrite(store: Store) -> None:
    """Write the database into a new file, row by row, and put it in the place of the old one."""
    if store.path == MEMORY:
        return
    path = Path(store.path).resolve()
    fresh = path.with_name(path.name + ".rewriting")
    store.rest()
    try:
        with suppress(FileNotFoundError):
            fresh.unlink()
        with Store.open(fresh) as target:
            quoted = str(path).replace("'", "''")
            target.execute(f"ATTACH '{quoted}' AS former (READ_ONLY)")
            with target.transaction():
                for (table,) in target.rows(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'former'"
                ):
                    target.execute(f"DELETE FROM {table}")
                    target.execute(f"INSERT INTO {table} BY NAME SELECT * FROM former.{table}")
            target.execute("DETACH former")
            target.execute("CHECKPOINT")
        shutil.copymode(path, fresh)
        fresh.replace(path)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()

"""Deleting for good: marked, carried out, and the file written anew.

DuckDB marks the place of deleted rows as free and leaves their bytes where they were, so the
database is written anew afterwards. The mark in ``meta`` says what is to be deleted; it is written
first and is not in the new file. Where a process was killed in between, the next one that opens the
file finds the mark and finishes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.store.store import Store

_MARK = "deletion"
"""The key in ``meta``."""

_OF_CALLS = ("contents", "call_sensitivity", "call_categories", "eligibility", "calls")

Kind = Literal["source", "category", "user", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What is to be deleted: the calls of a source, category or user, or all texts.

    ``values`` are the names by which it may stand in the database: a source has its path and id.
    """

    kind: Kind
    values: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that asked for it."""
        return "auditor purge" if self.kind == "text" else "auditor forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How much a deletion is about."""

    calls: int
    sources: int
    answers: int
    rejects: int


def carry_out(store: Store, deletion: Deletion) -> None:
    """Delete, and write the file anew; what is interrupted is finished when it is opened again.

    Raises:
        StoreError: no room for the new file, or the database is in use; the mark stays.
    """
    mark = json.dumps({"kind": deletion.kind, "values": deletion.values})
    store.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [_MARK, mark])
    _delete_rows(store, deletion)
    _rewrite(store)


def pending(store: Store) -> Deletion | None:
    """Return the deletion that was begun in a database and not finished."""
    mark = store.value("SELECT value FROM meta WHERE key = ?", [_MARK])
    if mark is None:
        return None
    begun = json.loads(mark)
    return Deletion(kind=begun["kind"], values=tuple(begun["values"]))


def finish(store: Store) -> str | None:
    """Finish a deletion that was interrupted, if any; return what the user is told of it.

    Raises:
        StoreError: as ``carry_out``.
    """
    begun = pending(store)
    if begun is None:
        return None
    _delete_rows(store, begun)
    _rewrite(store)
    what = "all texts" if begun.kind == "text" else f"a {begun.kind}"
    return (
        f"'{begun.command}' was interrupted; it is finished now: nothing of {what} that was to be "
        f"deleted is left in {store.path}"
    )


def count(store: Store, deletion: Deletion) -> Counted:
    """Count what would be deleted; writes temporary tables only."""
    _gather(store, deletion)
    calls, sources, answers = (
        int(store.value(f"SELECT count(*) FROM {table}"))
        for table in ("gone", "gone_sources", "gone_answers")
    )
    rejects = store.value("SELECT count(*) FROM rejects SEMI JOIN gone_sources USING (source_id)")
    return Counted(calls=calls, sources=sources, answers=answers, rejects=int(rejects))


_SOURCES = """SELECT source_id FROM sources
    WHERE list_contains($values, path) OR list_contains($values, source_id)"""
_CALLS = {
    "source": f"SELECT call_id FROM calls WHERE source_id IN ({_SOURCES})",
    "category": "SELECT call_id FROM call_categories JOIN categories USING (category_id) "
    "WHERE list_contains($values, name) OR list_contains($values, category_id)",
    "user": "SELECT call_id FROM calls WHERE list_contains($values, user_id)",
}


def _gather(store: Store, deletion: Deletion) -> None:
    """Gather what is meant in temporary tables."""
    values = {"values": list(deletion.values)}
    none: dict[str, list[str]] = {"values": []}
    store.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {_CALLS[deletion.kind]}", values)
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE gone_sources AS {_SOURCES}",
        values if deletion.kind == "source" else none,
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE gone_answers AS "
        "SELECT answer_id FROM answers SEMI JOIN gone USING (call_id)"
    )


def _delete_rows(store: Store, deletion: Deletion) -> None:
    """Delete in one transaction; a second time there is nothing left to delete."""
    with store.transaction():
        if deletion.kind == "text":
            _delete_texts(store)
            return
        _gather(store, deletion)
        _delete(store)
        if deletion.kind == "source":
            for table in ("rejects", "records", "sources"):
                store.execute(f"DELETE FROM {table} WHERE source_id IN (FROM gone_sources)")
        for table in ("gone", "gone_answers", "gone_sources"):
            store.execute(f"DROP TABLE {table}")


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
    # What a criterion was tried on stays as figures; errors are described in the answers' words.
    for table, changes in _TRIAL_TEXTS.items():
        store.execute(
            f"UPDATE {table} SET {changes} WHERE category_id IN "
            "(SELECT category_id FROM call_categories SEMI JOIN gone USING (call_id))"
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


_TRIAL_TEXTS: Mapping[str, str] = {
    "criterion_trials": "missed = NULL, missed_call_id = NULL",
    "criterion_baselines": "failures = NULL",
}
_TEXTS: Mapping[str, str] = {
    "calls": "content_state = 'absent', error = NULL, tags = NULL",
    "answers": "text = NULL, tool_calls = NULL, error_detail = NULL",
    "grades": "explanation = NULL",
    "comparisons": "explanation = NULL",
    "rejects": "excerpt = NULL, detail = NULL",
    "labels": "expected = NULL",
    "routes": "template = NULL",
    **_TRIAL_TEXTS,
}
"""What of each table is text, or holds a piece of one."""


def _delete_texts(store: Store) -> None:
    """Drop every text and keep the figures.

    Answers of local models, explanations of grades and excerpts of rejects are texts too. The rules
    by which routes are found again keep their constant words: without them calls that are read
    later would make categories of their own.
    """
    store.execute("DELETE FROM contents")
    for table, changes in _TEXTS.items():
        store.execute(f"UPDATE {table} SET {changes}")


def _rewrite(store: Store) -> None:
    """Write the database into a new file, row by row, and put it in the place of the old one."""
    if store.is_in_memory:
        store.execute("DELETE FROM meta WHERE key = ?", [_MARK])
        return
    store.rest()  # the file alone holds everything now
    if pending(store) is None:
        return  # it was free for a moment, and another process has finished this
    path = Path(store.path).resolve()
    fresh = path.with_name(path.name + ".rewriting")
    unfinished = (fresh, fresh.with_name(fresh.name + ".wal"))
    for left in unfinished:
        left.unlink(missing_ok=True)  # of a process that was killed
    try:
        store.open(fresh).close()
        _copy_rows(store, fresh)
        shutil.copymode(path, fresh)
        # The old file is held until the new one has its name: whoever waits for it opens the new.
        fresh.replace(path)
    finally:
        store.close()
        for left in unfinished:
            left.unlink(missing_ok=True)


def _copy_rows(store: Store, fresh: Path) -> None:
    """Copy all rows into a new database but for the mark."""
    quoted = str(fresh).replace("'", "''")
    store.execute(f"ATTACH '{quoted}' AS fresh")
    with store.transaction():
        for (table,) in store.rows(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'fresh'"
        ):
            store.execute(f"DELETE FROM fresh.{table}")
            kept = _KEPT.get(table, "true")
            store.execute(f"INSERT INTO fresh.{table} BY NAME SELECT * FROM {table} WHERE {kept}")
    store.execute("CHECKPOINT fresh")
    store.execute("DETACH fresh")


_KEPT = {"meta": f"key <> '{_MARK}'"}
"""Which rows are copied, where not all of them are."""

"""Deleting on purpose: a source, a category, a user; or all texts, keeping the figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.store import Store

_OF_CALLS = ("contents", "call_sensitivity", "call_categories", "eligibility", "calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted."""

    calls: int
    answers: int
    rejects: int


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
    given = [(k, v) for k, v in (("source", source), ("category", category), ("user", user)) if v]
    if len(given) != 1:
        raise ConfigError("forget needs one of --source, --category and --user", hint="name one")
    kind, value = given[0]
    with store.transaction():
        store.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {_CALLS[kind]}", {"value": value})
        calls = store.value("SELECT count(*) FROM gone")
        sources = store.value(_SOURCES, {"value": value}) if kind == "source" else 0
        if not calls and not sources:
            raise ConfigError(f"no {kind} {value} in {store.path}", hint="see auditor spend")
        answers = _delete(store)
        rejects = _unread(store, value) if kind == "source" else 0
    return Forgotten(calls=calls, answers=answers, rejects=rejects)


_SOURCES = "SELECT count(*) FROM sources WHERE path = $value OR source_id = $value"
_CALLS = {
    "source": "SELECT call_id FROM calls JOIN sources s USING (source_id) "
    "WHERE s.path = $value OR s.source_id = $value",
    "category": "SELECT call_id FROM call_categories JOIN categories USING (category_id) "
    "WHERE name = $value OR category_id = $value",
    "user": "SELECT call_id FROM calls WHERE user_id = $value",
}


def _delete(store: Store) -> int:
    """Delete the calls of the table ``gone`` everywhere; return how many answers went with them."""
    store.execute(
        "CREATE OR REPLACE TEMP TABLE gone_answers AS "
        "SELECT answer_id FROM answers SEMI JOIN gone USING (call_id)"
    )
    answers = int(store.value("SELECT count(*) FROM gone_answers"))
    answered = "(SELECT answer_id FROM gone_answers)"
    store.execute(f"DELETE FROM grades WHERE answer_id IN {answered}")
    store.execute(f"DELETE FROM comparisons WHERE answer_a IN {answered} OR answer_b IN {answered}")
    store.execute(f"DELETE FROM answers WHERE answer_id IN {answered}")
    # A sample that held one of the calls is no sample of what is left: it is drawn anew.
    designs = "(SELECT design_id FROM draws SEMI JOIN gone USING (call_id))"
    store.execute(f"CREATE OR REPLACE TEMP TABLE gone_designs AS FROM {designs}")
    for table in ("draws", "looks", "designs"):
        store.execute(f"DELETE FROM {table} WHERE design_id IN (FROM gone_designs)")
    store.execute("DELETE FROM bars")
    for table in _OF_CALLS:
        store.execute(f"DELETE FROM {table} WHERE call_id IN (SELECT call_id FROM gone)")
    store.execute(
        "UPDATE records SET outcome = 'not-call', call_id = NULL "
        "WHERE call_id IN (SELECT call_id FROM gone)"
    )
    store.execute(
        """UPDATE sources SET calls = n.calls, duplicates = n.duplicates, not_calls = n.not_calls
        FROM (SELECT source_id, count(*) FILTER (outcome = 'call') AS calls,
                     count(*) FILTER (outcome = 'duplicate') AS duplicates,
                     count(*) FILTER (outcome = 'not-call') AS not_calls
              FROM records GROUP BY source_id) n
        WHERE sources.source_id = n.source_id"""
    )
    return answers


def _unread(store: Store, value: str) -> int:
    """Delete what the ledger holds of a source."""
    ids = "(SELECT source_id FROM sources WHERE path = $value OR source_id = $value)"
    rejects = int(
        store.value(f"SELECT count(*) FROM rejects WHERE source_id IN {ids}", {"value": value})
    )
    for table in ("rejects", "records", "sources"):
        store.execute(f"DELETE FROM {table} WHERE source_id IN {ids}", {"value": value})
    return rejects


def purge_text(store: Store) -> int:
    """Drop every text and keep the figures; return the number of calls that had any.

    Answers of local models, explanations of grades and excerpts of rejects are texts too. The file
    is written anew, so that the space is not only marked as free.
    """
    had = int(store.value("SELECT count(*) FROM contents"))
    with store.transaction():
        store.execute("DELETE FROM contents")
        store.execute("UPDATE calls SET content_state = 'absent', error = NULL, tags = NULL")
        store.execute("UPDATE answers SET text = NULL, tool_calls = NULL, error_detail = NULL")
        store.execute("UPDATE grades SET explanation = NULL")
        store.execute("UPDATE comparisons SET explanation = NULL")
        store.execute("UPDATE rejects SET excerpt = NULL, detail = NULL")
    store.execute("CHECKPOINT")
    return had

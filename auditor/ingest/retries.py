"""Retries: which try of a request a call is, within its trace or conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.store.store import Store

_COUNTED = """
CREATE OR REPLACE TEMP TABLE counted AS
WITH told AS (
    SELECT call_id, coalesce(trace_id, conversation_id) AS run_id, request_hash, status,
           called_at, source_id, record_no, attempt_no
    FROM calls WHERE run_id IS NOT NULL AND called_at IS NOT NULL
), parted AS (
    SELECT *, count(*) FILTER (status = 'ok') OVER (
        PARTITION BY run_id, request_hash ORDER BY called_at, source_id, record_no
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS answered_before
    FROM told
)
SELECT call_id, attempt_no AS before,
       row_number() OVER (PARTITION BY run_id, request_hash, answered_before
                          ORDER BY called_at, source_id, record_no)::INTEGER AS attempt_no
FROM parted"""
_UPDATE = """
UPDATE calls SET attempt_no = n.attempt_no FROM counted n
WHERE calls.call_id = n.call_id AND n.before IS DISTINCT FROM n.attempt_no"""


def number_attempts(store: Store) -> None:
    """Number the tries of equal requests of a trace, from 1; an answer ends the counting.

    The same request after an answer is a new request, not a retry. Calls that belong to no
    trace or conversation, or whose time is unknown, have no number.
    """
    if not store.value(
        "SELECT count(*) FROM calls WHERE trace_id IS NOT NULL OR conversation_id IS NOT NULL"
    ):
        return
    with store.transaction():
        store.execute(_COUNTED)
        store.execute(_UPDATE)
        store.execute("DROP TABLE counted")

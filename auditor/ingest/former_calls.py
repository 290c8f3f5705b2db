"""Calls that have another id when their log is read again: what was paid for stays with them.

An id changes where auditor has learnt to read a time, a model or a copy better, and where a log
without times is a new file. What stood in the same place of the same log and asked for the same is
the same call: its answers and draws go to the new id. Which those were is kept in the database
until the log is read to its end, whatever happens meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.store.store import Store

_REMEMBER = """
INSERT INTO former_calls BY NAME
SELECT c.source_id, c.record_no, c.call_id, c.request_hash
FROM calls c JOIN opened o USING (source_id)
ANTI JOIN former_calls f ON f.source_id = c.source_id AND f.record_no = c.record_no
WHERE o.bytes_read = 0 AND c.request_hash IS NOT NULL
  AND (c.call_id IN (SELECT call_id FROM answers WHERE candidate_id IS NOT NULL)
       OR c.call_id IN (SELECT call_id FROM draws))"""

# Two calls of old may be one now, as the copies of a fork are: the first of them hands over.
_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed AS
SELECT min(f.call_id) AS former_id, c.call_id
FROM former_calls f SEMI JOIN finished USING (source_id)
JOIN records r USING (source_id, record_no) JOIN calls c ON c.call_id = r.call_id
WHERE c.request_hash = f.request_hash AND c.call_id <> f.call_id
  AND f.call_id NOT IN (SELECT call_id FROM calls)
GROUP BY c.call_id"""
_ANSWERS = """
UPDATE answers SET call_id = n.call_id FROM changed n
WHERE answers.call_id = n.former_id AND answers.candidate_id IS NOT NULL AND NOT EXISTS (
    FROM answers a WHERE a.call_id = n.call_id AND a.candidate_id = answers.candidate_id
                     AND a.replicate = answers.replicate)"""
_DRAWS = """
UPDATE draws SET call_id = n.call_id FROM changed n
WHERE draws.call_id = n.former_id AND NOT EXISTS (
    FROM draws d WHERE d.call_id = n.call_id AND d.design_id = draws.design_id)"""
_FORGET = "DELETE FROM former_calls WHERE source_id IN (SELECT source_id FROM finished)"


def remember(store: Store) -> None:
    """Remember the calls with answers or draws of the sources ``opened`` that are read anew."""
    store.execute(_REMEMBER)


def hand_over(store: Store) -> None:
    """Give what calls of the sources ``finished`` had to what they are now."""
    if not store.value("SELECT count(*) FROM former_calls SEMI JOIN finished USING (source_id)"):
        return
    with store.transaction():
        store.execute(_CHANGED)
        store.execute(_ANSWERS)
        store.execute(_DRAWS)
        store.execute(_FORGET)

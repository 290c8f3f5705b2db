"""When records with the same id are not the same call, and records with different ids are.

A provider's response id names a call, but not every server's ids are unique: some count from 0 to
999 at random, some answer with a constant. Two records with one id are the same call where their
content or their time agrees, or is unknown in one of them. Where both differ, the later record is a
call of its own, and its id is made of what it holds.

The other way round, agents copy the history of a session into the files of its forks, with new
times. What a copy shares with its original is its ``copy_key``: the first record of a key is the
call, the others are duplicates of it.

The first record keeps the id it always had, so that what was paid for in older audits stays found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.store.store import Store

NEAR_S = 60
"""How far apart two logs may put the same call: one writes its start, the other its end."""

_TIMES_DIFFER = f"""(
    s.called_at IS NOT NULL AND h.called_at IS NOT NULL
    AND s.time_kind <> 'file' AND h.time_kind <> 'file'
    AND CASE WHEN s.reader = h.reader THEN s.called_at <> h.called_at
             ELSE abs(epoch(s.called_at) - epoch(h.called_at)) > {NEAR_S}
                  + greatest(coalesce(s.latency_ms, 0), coalesce(h.latency_ms, 0)) / 1000 END)"""

LONG_ID = 20
"""Characters of an id that no counter and no die of a small server makes."""

# Of every repeated id the record that holds it: in the database, or the first one of the batch.
_HOLDERS = """
CREATE OR REPLACE TEMP TABLE holders AS
SELECT call_id, reader, called_at, time_kind, latency_ms, request_hash, content_state,
       NULL AS "row"
FROM calls SEMI JOIN (SELECT * FROM staged SEMI JOIN wanted USING ("row")) USING (call_id)
UNION ALL
SELECT call_id, reader, called_at, time_kind, latency_ms, request_hash, content_state,
       "row"
FROM staged SEMI JOIN fresh USING ("row")"""
_SUSPECTS = f"""
CREATE OR REPLACE TEMP TABLE suspects AS
SELECT s."row", h."row" AS holder, s.reader = h.reader AS one_format,
       s.request_hash = h.request_hash AS one_request,
       s.content_state = 'full' AND h.content_state = 'full' AS whole
FROM staged s SEMI JOIN wanted USING ("row") JOIN holders h USING (call_id)
WHERE h."row" IS DISTINCT FROM s."row" AND s.provider_response_id IS NOT NULL
  AND s.copy_key IS NULL AND {_TIMES_DIFFER}"""

# One format writes a call in one way: there requests must be equal, and answers too, or one the
# beginning of the other as in a log written while an answer grew. Two formats write, cut and redact
# in their own ways: there a long id is trusted, and with a short one whole answers are compared.
# What is not logged differs from nothing.
_ANSWER = "nullif(concat({0}.response_text, {0}.tool_calls::VARCHAR), '')"
_REUSED = f"""
SELECT "row", left(sha256(concat_ws(chr(0), call_id, epoch_us(called_at), request_hash, answer)),
                   24) AS call_id
FROM (
    SELECT u.*, s.call_id, s.called_at, s.request_hash, {_ANSWER.format("s")} AS answer,
           length(s.provider_response_id) >= {LONG_ID} AS long_id,
           coalesce({_ANSWER.format("f")}, {_ANSWER.format("n")}) AS held,
           NOT coalesce(starts_with(answer, held) OR starts_with(held, answer), true) AS differ,
           len(s.messages) > 2 AND coalesce(len(f.messages), len(n.messages::VARCHAR)) > 2 AS asked
    FROM suspects u JOIN staged s ON s."row" = u."row" LEFT JOIN staged f ON f."row" = u.holder
    LEFT JOIN contents n ON u.holder IS NULL AND n.call_id = s.call_id
)
WHERE CASE WHEN one_format THEN (asked AND NOT one_request) OR differ
           ELSE differ AND whole AND NOT long_id END"""

_COPIES = """
WITH keyed AS (
    SELECT s."row", s.call_id, s.copy_key FROM staged s SEMI JOIN wanted USING ("row")
    WHERE s.copy_key IS NOT NULL
), originals AS (
    SELECT copy_key, call_id, -1 AS "row" FROM calls SEMI JOIN keyed USING (copy_key)
    UNION ALL SELECT copy_key, call_id, "row" FROM keyed
)
SELECT k."row", o.call_id
FROM keyed k JOIN (
    SELECT copy_key, arg_min(call_id, "row") AS call_id FROM originals GROUP BY copy_key
) o USING (copy_key)
WHERE k.call_id <> o.call_id"""


def renamed(store: Store) -> dict[int, str]:
    """Return the rows of ``staged`` that are known by another id than theirs, and that id.

    Reads ``staged``, ``wanted`` and ``fresh`` of the ledger, inside its transaction.
    """
    store.execute(_HOLDERS)
    store.execute(_SUSPECTS)
    found: dict[int, str] = dict(store.rows(f"{_REUSED} UNION ALL SELECT * FROM ({_COPIES})"))
    for table in ("holders", "suspects"):
        store.execute(f"DROP TABLE {table}")
    return found


def rename(table: pa.Table, ids: Mapping[int, str]) -> pa.Table:
    """Return a table of a batch with the ids of some of its rows changed."""
    at = pc.index_in(table["row"].combine_chunks(), pa.array(list(ids), pa.int64()))
    changed = pa.array(list(ids.values()), pa.string()).take(at)
    now = pc.coalesce(changed, table["call_id"].combine_chunks())
    return table.set_column(table.column_names.index("call_id"), "call_id", now)

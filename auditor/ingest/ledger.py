"""Sources, records and calls in the database: what was read of a file, and writing a batch of it.

A batch is one transaction: its calls, their texts, its lines in the ledger and how far the source
was read. So the database is consistent after any kill, and reading goes on from what it says.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor.domain import digest
from auditor.ingest import former_calls, merge_repeats, same_calls
from auditor.pricing import rate_card
from auditor.readers.files.containers import EDGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.pricing.price_book import PriceBook
    from auditor.readers.columns.batch import Columns
    from auditor.readers.files.containers import Source
    from auditor.store.filters import CallFilter
    from auditor.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where reading of a source begins, and why; ``position`` None: nothing is new."""

    source_id: str
    position: int | None
    rewritten: bool = False


def find(
    store: Store, sources: Sequence[Source], conditions: str | None = None
) -> dict[str, Place]:
    """Find sources by the identity of their files, and where to read on; keyed by path."""
    paths = pa.table({"path": pa.array([source.path for source in sources], type=pa.string())})
    known: dict[str, list[dict[str, Any]]] = {}
    with store.registered("named", paths):
        for row in store.dicts(
            """SELECT path, source_id, size_bytes, modified_at, head_hash, tail_hash, bytes_read,
                      complete, conditions
            FROM sources SEMI JOIN named USING (path) ORDER BY ingested_at DESC, source_id"""
        ):
            known.setdefault(row["path"], []).append(row)
    return {s.path: _place(s, known.get(s.path, ()), conditions) for s in sources}


def _place(source: Source, known: Sequence[dict[str, Any]], conditions: str | None) -> Place:
    for row in known:
        place = _compare(source, row)
        if place is not None:
            if row["conditions"] != conditions:
                return Place(source_id=place.source_id, position=0)
            return place
    source_id = digest("source", source.path, source.head_hash(source.size))
    return Place(source_id=source_id, position=0)


def _compare(source: Source, known: dict[str, Any]) -> Place | None:
    position, source_id = known["bytes_read"], known["source_id"]
    if (
        source.size >= max(position, known["size_bytes"])
        and source.head_hash(position) == known["head_hash"]
        and source.tail_hash(position) == known["tail_hash"]
    ):
        if not known["complete"] or source.size > known["size_bytes"]:
            return Place(source_id=source_id, position=position)
        unchanged = source.modified_at == known["modified_at"]
        # Written to without growing: what is between head and tail may have changed.
        return Place(source_id=source_id, position=None if unchanged else 0)
    if position >= EDGE <= source.size and source.head_hash(EDGE) == known["head_hash"]:
        return Place(source_id=source_id, position=0, rewritten=True)
    return None


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far one source is read: bytes, records and lines before what comes next."""

    source: Source
    source_id: str
    position: int
    records: int = 0
    lines: int = 0
    complete: bool = False
    readers: Counter[str] = field(default_factory=Counter)
    """How many calls each reader read, those that were known already too."""


def begin(store: Store, progress: Sequence[Progress], only: CallFilter) -> None:
    """Write sources down as being read; forget what was read at and after their positions."""
    now = datetime.now(UTC)
    rows = pa.table(
        {
            "source_id": pa.array([p.source_id for p in progress], pa.string()),
            "path": pa.array([p.source.path for p in progress], pa.string()),
            "size_bytes": pa.array([p.source.size for p in progress], pa.int64()),
            "modified_at": pa.array([p.source.modified_at for p in progress], _TIME),
            "head_hash": pa.array([p.source.head_hash(p.position) for p in progress], pa.string()),
            "tail_hash": pa.array([p.source.tail_hash(p.position) for p in progress], pa.string()),
            "bytes_read": pa.array([p.position for p in progress], pa.int64()),
            "ingested_at": pa.array([now] * len(progress), _TIME),
            "conditions": pa.array([conditions(only)] * len(progress), pa.string()),
        }
    )
    with store.registered("opened", rows), store.transaction():
        known = store.value("SELECT count(*) FROM sources SEMI JOIN opened USING (source_id)")
        if known:
            former_calls.remember(store)
            for table in ("contents", "call_sensitivity", "calls"):
                store.execute(_FORGET_CALLS.format(table=table))
            for table in ("records", "rejects"):
                store.execute(_FORGET_RECORDS.format(table=table))
            store.execute("DELETE FROM sources WHERE source_id IN (SELECT source_id FROM opened)")
        store.execute(_BEGIN if known else _BEGIN_NEW)
        if known:
            counted = dict(
                store.rows(
                    "SELECT source_id, records FROM sources SEMI JOIN opened USING (source_id)"
                )
            )
            for p in progress:
                p.records = counted[p.source_id]
                p.lines = p.source.lines_before(p.position) if p.position else 0


def write(
    store: Store,
    parts: Sequence[tuple[Progress, Columns]],
    *,
    book: PriceBook,
    only: CallFilter,
) -> None:
    """Write a batch of one or many sources, and how far each is read now.

    Parts of the same source follow each other. Large batches are much cheaper: DuckDB writes whole
    row groups (122,880 rows) straight to its file, smaller ones to the log first.
    """
    places = _places(parts)
    batch = {"staged": _joined([(p, c.calls) for p, (_, c) in zip(places, parts, strict=True)])}
    batch |= {name: _tables(places, parts, name) for name in ("ledger", "sensitivity")}
    beside = {"unread": _tables(places, parts, "rejects"), "progress": _positions(parts)}
    # What is registered is let go of after the transaction ended: one that failed takes nothing.
    with ExitStack() as held:
        _register(store, held, batch | beside)
        with store.transaction():
            _choose(store, only)
            # Where every row becomes a call, as in most batches, no two can be the same.
            every = _all_fresh(store, batch) and not _copies(batch)
            ids = {} if every else same_calls.renamed(store)
            if ids:
                batch = {name: same_calls.rename(table, ids) for name, table in batch.items()}
                _register(store, held, batch)
                _choose(store, only)
            _write(store, book, every=every or _all_fresh(store, batch))
    for progress, columns in parts:
        progress.records += columns.records
        progress.lines += columns.lines
        for found in pc.value_counts(columns.calls["reader"]).to_pylist():
            progress.readers[found["values"]] += found["counts"]
        progress.position = columns.position


def _write(store: Store, book: PriceBook, *, every: bool) -> None:
    rate_card.add_missing(store, book, "staged")
    # Where every row becomes a call, the join would only cost time.
    chosen = "staged" if every else 'staged SEMI JOIN fresh USING ("row")'
    store.execute(_CALLS.format(chosen=chosen))
    store.execute(_CONTENTS.format(chosen=chosen))
    store.execute(_SENSITIVITY)
    if not every:
        merge_repeats.merge(store)
    store.execute(_OUTCOMES)
    store.execute(_RECORDS)
    store.execute(_REJECTS)
    store.execute(_SAVE)


def _all_fresh(store: Store, batch: Mapping[str, pa.Table]) -> bool:
    return bool(store.value("SELECT count(*) FROM fresh") == len(batch["staged"]))


def _copies(batch: Mapping[str, pa.Table]) -> bool:
    keys = batch["staged"]["copy_key"]
    return bool(keys.null_count < len(keys))


def _register(store: Store, held: ExitStack, tables: Mapping[str, pa.Table]) -> None:
    """Make tables readable in SQL by their names; one of the same name gives way."""
    for name, table in tables.items():
        held.enter_context(store.registered(name, table))


def _positions(parts: Sequence[tuple[Progress, Columns]]) -> pa.Table:
    """Return how far each source is read with this batch."""
    last = {p.source_id: (p, c) for p, c in parts}
    return pa.table(
        {
            "source_id": list(last),
            "position": pa.array([c.position for _, c in last.values()], pa.int64()),
            "head": [p.source.head_hash(c.position) for p, c in last.values()],
            "tail": [p.source.tail_hash(c.position) for p, c in last.values()],
        }
    )


def _places(parts: Sequence[tuple[Progress, Columns]]) -> list[tuple[str, int, int]]:
    """Return, for each part, its source and the records and lines before it."""
    done: dict[str, tuple[int, int]] = {}
    places = []
    for progress, columns in parts:
        source_id = progress.source_id
        records, lines = done.get(source_id, (progress.records, progress.lines))
        places.append((source_id, records, lines))
        done[source_id] = (records + columns.records, lines + columns.lines)
    return places


def _tables(
    places: Sequence[tuple[str, int, int]], parts: Sequence[tuple[Progress, Columns]], name: str
) -> pa.Table:
    return _joined([(p, getattr(c, name)) for p, (_, c) in zip(places, parts, strict=True)])


def _joined(parts: Sequence[tuple[tuple[str, int, int], pa.Table]]) -> pa.Table:
    """Join the tables of parts, numbers counted on from what was read of each source before.

    ``row`` tells the records of a batch apart: it is the same number in all tables of the batch.
    """
    tables = []
    for n, ((source_id, records, lines), table) in enumerate(parts):
        numbers = table["record_no"]
        columns = {
            "row": pc.add(numbers, n * _STRIDE),
            "source_id": pa.repeat(source_id, len(table)),
            "record_no": pc.add(numbers, records),
        }
        if "line_no" in table.column_names:
            columns["line_no"] = pc.add(table["line_no"], lines)
        kept = table.drop_columns([c for c in columns if c in table.column_names])
        for name, column in columns.items():
            kept = kept.append_column(name, column)
        tables.append(kept)
    return pa.concat_tables(tables)


def _choose(store: Store, only: CallFilter) -> None:
    """Put the rows that become calls into tables of their own."""
    condition, values = only.sql()
    store.execute(_WANTED.format(condition=condition), values)
    store.execute(_FRESH)


def complete(store: Store, progress: Sequence[Progress]) -> None:
    """Say that sources are read to their end.

    What is read item by item has no position on the way: after a kill it is read again.
    """
    ends = [p.position or p.source.size for p in progress]
    # Most calls of the file say its format; where all were known already, what they were read as.
    known = [next((name for name, _ in p.readers.most_common(1)), None) for p in progress]
    table = pa.table(
        {
            "source_id": pa.array([p.source_id for p in progress], pa.string()),
            "known_as": pa.array(known, pa.string()),
            "position": pa.array(ends, pa.int64()),
            "head": [p.source.head_hash(end) for p, end in zip(progress, ends, strict=True)],
            "tail": [p.source.tail_hash(end) for p, end in zip(progress, ends, strict=True)],
        }
    )
    with store.registered("finished", table):
        store.execute(_COMPLETE, {"now": datetime.now(UTC)})
        former_calls.hand_over(store)


def conditions(only: CallFilter) -> str | None:
    """Return the filter as text, as the ledger keeps it; None: no filter."""
    return f"{only.sql()[0]} {only.sql()[1]}" if only else None


def rows(store: Store, source_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return sources' rows of the ledger as ``--json`` shows them, in the order given."""
    ids = pa.table({"source_id": pa.array(source_ids, pa.string()), "n": range(len(source_ids))})
    with store.registered("asked", ids):
        return store.dicts(
            """SELECT path, reader, records, calls, duplicates, not_calls, rejects, spend_usd
            FROM v_ledger JOIN asked USING (source_id) ORDER BY n"""
        )


_TIME = pa.timestamp("us", tz="UTC")
_STRIDE = 1 << 40

_FORGET_CALLS = """
DELETE FROM {table} WHERE call_id IN (
    SELECT call_id FROM records JOIN opened o USING (source_id)
    WHERE outcome = 'call' AND (o.bytes_read = 0 OR byte_offset >= o.bytes_read))"""
_FORGET_RECORDS = """
DELETE FROM {table} USING opened o
WHERE {table}.source_id = o.source_id AND (o.bytes_read = 0 OR byte_offset >= o.bytes_read)"""
_BEGIN_NEW = """
INSERT INTO sources BY NAME
SELECT *, NULL AS reader, false AS complete, 0 AS records, 0 AS calls, 0 AS duplicates,
       0 AS not_calls, 0 AS rejects
FROM opened"""
_BEGIN = """
INSERT INTO sources BY NAME
SELECT o.*, NULL AS reader, false AS complete, coalesce(n.records, 0) AS records,
       coalesce(n.calls, 0) AS calls, coalesce(n.duplicates, 0) AS duplicates,
       coalesce(n.not_calls, 0) AS not_calls, coalesce(n.rejects, 0) AS rejects
FROM opened o LEFT JOIN (
    SELECT source_id, count(*) AS records,
           count(*) FILTER (outcome = 'call') AS calls,
           count(*) FILTER (outcome = 'duplicate') AS duplicates,
           count(*) FILTER (outcome = 'not-call') AS not_calls,
           count(*) FILTER (outcome = 'reject') AS rejects
    FROM records SEMI JOIN opened USING (source_id) GROUP BY source_id
) n USING (source_id)"""
_COMPLETE = """
UPDATE sources SET complete = true, ingested_at = $now, reader = n.reader,
    bytes_read = n.position, head_hash = n.head, tail_hash = n.tail
FROM (
    SELECT f.source_id, position, head, tail,
           coalesce(mode(reader ORDER BY reader), any_value(known_as)) AS reader
    FROM finished f LEFT JOIN calls USING (source_id) GROUP BY ALL
) n
WHERE sources.source_id = n.source_id"""

_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted AS SELECT call_id, "row" FROM staged WHERE {condition}"""
_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT min("row") AS "row" FROM wanted ANTI JOIN calls USING (call_id) GROUP BY call_id"""
_STAGED = """(
    SELECT * REPLACE (logged_cost_usd::DECIMAL(18, 12) AS logged_cost_usd) FROM {chosen})"""
_CALLS = f"""
INSERT INTO calls BY NAME
SELECT * EXCLUDE ("row", system_text, messages, tools, params, response_text, tool_calls)
FROM ({rate_card.costs(_STAGED)})"""
_CONTENTS = """
INSERT INTO contents BY NAME
SELECT call_id, system_text, messages, tools, params, response_text, tool_calls
FROM {chosen}"""
_SENSITIVITY = """
INSERT INTO call_sensitivity BY NAME
SELECT call_id, rule_id, class, n FROM sensitivity SEMI JOIN fresh USING ("row")"""
_OUTCOMES = """
CREATE OR REPLACE TEMP TABLE outcomes AS
SELECT source_id, member, record_no, byte_offset,
       CASE WHEN outcome = 'call' AND w."row" IS NULL THEN NULL ELSE l.call_id END AS call_id,
       CASE WHEN outcome <> 'call' THEN outcome
            WHEN w."row" IS NULL THEN 'not-call'
            WHEN f."row" IS NULL THEN 'duplicate' ELSE 'call' END AS outcome
FROM ledger l LEFT JOIN fresh f USING ("row") LEFT JOIN wanted w USING ("row")"""
_RECORDS = "INSERT INTO records BY NAME SELECT * FROM outcomes"
_REJECTS = 'INSERT INTO rejects BY NAME SELECT * EXCLUDE ("row") FROM unread'
_SAVE = """
UPDATE sources SET bytes_read = n.position, head_hash = n.head, tail_hash = n.tail,
    records = sources.records + n.records, calls = sources.calls + n.calls,
    duplicates = sources.duplicates + n.duplicates,
    not_calls = sources.not_calls + n.not_calls, rejects = sources.rejects + n.rejects
FROM (
    SELECT source_id, p.position, p.head, p.tail, count(o.record_no) AS records,
           count(*) FILTER (outcome = 'call') AS calls,
           count(*) FILTER (outcome = 'duplicate') AS duplicates,
           count(*) FILTER (outcome = 'not-call') AS not_calls,
           count(*) FILTER (outcome = 'reject') AS rejects
    FROM progress p LEFT JOIN outcomes o USING (source_id) GROUP BY ALL
) n
WHERE sources.source_id = n.source_id"""

"""Log files to calls: every record accounted for, every call priced, in batches that survive a kill.

A batch is one transaction: its calls, their texts, its lines in the ledger and how far the source
was read. So a database is consistent after any kill, and the same command goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor import ratecard
from auditor.domain import StageResult, Watch, digest, silent
from auditor.prices import PriceBook, PricesConfig
from auditor.readers import containers, lines
from auditor.readers.batch import Masking
from auditor.readers.containers import EDGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.readers.batch import Columns
    from auditor.readers.containers import Source
    from auditor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """How to read logs.

    ``redact`` masks personal data, secrets are masked always; ``classes`` off does not look for
    personal data at all, which is faster.
    """

    redact: bool = False
    classes: bool = True
    prices: PricesConfig = field(default_factory=PricesConfig)

    @property
    def masking(self) -> Masking:
        """Return what to look for in texts."""
        return Masking(personal=self.redact, classes=self.classes or self.redact)


@dataclass(slots=True, kw_only=True)
class _Progress:
    """Where the reading of one source stands."""

    source_id: str
    source: Source
    position: int
    records: int
    lines: int


def run(
    store: Store,
    paths: Sequence[str | Path],
    settings: IngestSettings | None = None,
    watch: Watch = silent,
) -> StageResult:
    """Read logs into the database.

    Args:
        store: the audit database.
        paths: files, folders and globs.
        settings: masking and prices.
        watch: told of progress in bytes.

    Returns:
        The result; ``detail["sources"]`` has a row of the ledger for each file named.

    Raises:
        LogError: a path that does not exist, cannot be read, or is a broken archive.
    """
    settings = settings or IngestSettings()
    started = time.monotonic()
    found = containers.sources(paths)
    watch.start("reading logs", sum(source.size for source in found), "B")
    warnings: list[str] = []
    ledger, read = [], 0
    for source in found:
        source_id, position = _find(store, source, warnings)
        if position is not None:
            read += _read(store, source_id, source, position, settings, watch)
        else:
            watch.advance(source.size, source.path.name)
        ledger.append(_ledger(store, source_id))
    watch.finish()
    for warning in warnings:
        watch.warn(warning)
    return StageResult(
        stage="ingest",
        rows_read=read,
        rows_written=sum(row["calls"] for row in ledger),
        seconds=time.monotonic() - started,
        skipped=read == 0,
        warnings=warnings,
        detail={"sources": ledger},
    )


# -- identity ----------------------------------------------------------------------------------------


def _find(store: Store, source: Source, warnings: list[str]) -> tuple[str, int | None]:
    """Return the id of a source and where to read on; None: nothing is new."""
    known_sources = store.dicts(
        """SELECT source_id, size_bytes, modified_at, head_hash, tail_hash, bytes_read, complete
        FROM sources WHERE path = ? ORDER BY ingested_at DESC, source_id""",
        [str(source.path)],
    )
    for known in known_sources:
        position = known["bytes_read"]
        if _is_prefix(source, known):
            if not known["complete"] or source.size > known["size_bytes"]:
                return known["source_id"], 0 if source.packed else position
            if source.modified_at == known["modified_at"]:
                return known["source_id"], None
            # Written to without growing: what is between head and tail may have changed.
            return known["source_id"], 0
        if position >= EDGE <= source.size and source.head_hash(EDGE) == known["head_hash"]:
            warnings.append(f"{source.path} was rewritten since it was read: it is read again")
            return known["source_id"], 0
    return digest("source", str(source.path), source.head_hash(source.size)), 0


def _is_prefix(source: Source, known: dict[str, Any]) -> bool:
    """Say whether the file still begins with what was read of it."""
    position = known["bytes_read"]
    return (
        source.size >= max(position, known["size_bytes"])
        and source.head_hash(position) == known["head_hash"]
        and source.tail_hash(position) == known["tail_hash"]
    )


# -- reading -----------------------------------------------------------------------------------------


def _read(
    store: Store,
    source_id: str,
    source: Source,
    position: int,
    settings: IngestSettings,
    watch: Watch,
) -> int:
    """Read a source from a position to its end; return the number of records read."""
    progress = _begin(store, source_id, source, position)
    before = progress.records
    book = PriceBook(settings.prices)
    for piece in containers.pieces(source, position):
        columns = lines.columns(source.path, piece, settings.masking)
        with store.transaction():
            _write(store, progress, columns, book)
            _save(store, progress, columns)
        progress.records += columns.records
        progress.lines += columns.lines
        progress.position = columns.position
        store.rest()
        watch.advance(piece.end - piece.start, source.path.name)
    with store.transaction():
        store.execute(_COMPLETE, {"id": source_id, "now": datetime.now(UTC)})
    return progress.records - before


def _begin(store: Store, source_id: str, source: Source, position: int) -> _Progress:
    """Forget what was read of a source at and after a position, and stand there."""
    parameters = {"id": source_id, "position": position}
    with store.transaction():
        for table in ("contents", "call_sensitivity", "calls"):
            store.execute(_FORGET_CALLS.format(table=table), parameters)
        for table in ("records", "rejects"):
            store.execute(_FORGET_RECORDS.format(table=table), parameters)
        store.execute("DELETE FROM sources WHERE source_id = ?", [source_id])
        store.execute(
            _BEGIN,
            parameters
            | {
                "path": str(source.path),
                "size": source.size,
                "modified": source.modified_at,
                "head": source.head_hash(position),
                "tail": source.tail_hash(position),
                "now": datetime.now(UTC),
            },
        )
        records = store.value("SELECT records FROM sources WHERE source_id = ?", [source_id])
    return _Progress(
        source_id=source_id,
        source=source,
        position=position,
        records=records,
        lines=0 if source.packed else source.lines_before(position),
    )


_FORGET_CALLS = """
DELETE FROM {table} WHERE call_id IN (
    SELECT call_id FROM records
    WHERE source_id = $id AND outcome = 'call' AND ($position = 0 OR byte_offset >= $position))"""
_FORGET_RECORDS = """
DELETE FROM {table}
WHERE source_id = $id AND ($position = 0 OR byte_offset >= $position)"""
_BEGIN = """
INSERT INTO sources BY NAME
SELECT $id AS source_id, $path AS path, NULL AS reader, $size AS size_bytes,
       $modified AS modified_at, $head AS head_hash, $tail AS tail_hash, $position AS bytes_read,
       false AS complete, count(*) AS records,
       count(*) FILTER (outcome = 'call') AS calls,
       count(*) FILTER (outcome = 'duplicate') AS duplicates,
       count(*) FILTER (outcome = 'not-call') AS not_calls,
       count(*) FILTER (outcome = 'reject') AS rejects, $now AS ingested_at
FROM records WHERE source_id = $id"""
_COMPLETE = """
UPDATE sources SET complete = true, ingested_at = $now, reader = (
    SELECT reader FROM calls WHERE source_id = $id GROUP BY reader ORDER BY count(*) DESC, reader
    LIMIT 1)
WHERE source_id = $id"""


# -- writing -----------------------------------------------------------------------------------------


def _write(store: Store, progress: _Progress, columns: Columns, book: PriceBook) -> None:
    """Write one batch; runs inside a transaction."""
    parameters = {"id": progress.source_id, "base": progress.records, "lines": progress.lines}
    with (
        store.registered("staged", columns.calls),
        store.registered("ledger", columns.ledger),
        store.registered("bad", columns.rejects),
        store.registered("sensitive", columns.sensitivity),
    ):
        store.execute(_FRESH)
        ratecard.complete(store, book, "staged")
        store.execute(_CALLS, parameters)
        store.execute(_CONTENTS)
        store.execute(_SENSITIVITY)
        store.execute(_RECORDS, {"id": progress.source_id, "base": progress.records})
        store.execute(_REJECTS, parameters)


_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT min(record_no) AS record_no FROM staged ANTI JOIN calls USING (call_id) GROUP BY call_id"""
_STAGED = """(
    SELECT * REPLACE (logged_cost_usd::DECIMAL(18, 12) AS logged_cost_usd)
    FROM staged SEMI JOIN fresh USING (record_no))"""
_CALLS = f"""
INSERT INTO calls BY NAME
SELECT s.* EXCLUDE (record_no, line_no, system_text, messages, tools, params, response_text,
                    tool_calls),
       $id AS source_id, $base + s.record_no AS record_no, $lines + s.line_no AS line_no
FROM ({ratecard.costs(_STAGED)}) s"""
_CONTENTS = """
INSERT INTO contents BY NAME
SELECT call_id, system_text, messages, tools, params, response_text, tool_calls
FROM staged SEMI JOIN fresh USING (record_no)"""
_SENSITIVITY = """
INSERT INTO call_sensitivity BY NAME
SELECT call_id, rule_id, class, n FROM sensitive SEMI JOIN fresh USING (record_no)"""
_RECORDS = """
INSERT INTO records BY NAME
SELECT $id AS source_id, member, $base + l.record_no AS record_no, byte_offset, call_id,
       CASE WHEN outcome = 'call' AND f.record_no IS NULL THEN 'duplicate' ELSE outcome END AS outcome
FROM ledger l LEFT JOIN fresh f USING (record_no)"""
_REJECTS = """
INSERT INTO rejects BY NAME
SELECT $id AS source_id, member, $base + record_no AS record_no, $lines + line_no AS line_no,
       byte_offset, reason, detail, excerpt
FROM bad"""


def _save(store: Store, progress: _Progress, columns: Columns) -> None:
    """Write down how far the source is read and what its records became."""
    store.execute(
        _SAVE,
        {
            "id": progress.source_id,
            "position": columns.position,
            "head": progress.source.head_hash(columns.position),
            "tail": progress.source.tail_hash(columns.position),
            "base": progress.records,
        },
    )


_SAVE = """
UPDATE sources SET bytes_read = $position, head_hash = $head, tail_hash = $tail,
    records = sources.records + n.records, calls = sources.calls + n.calls,
    duplicates = sources.duplicates + n.duplicates,
    not_calls = sources.not_calls + n.not_calls, rejects = sources.rejects + n.rejects
FROM (
    SELECT count(*) AS records, count(*) FILTER (outcome = 'call') AS calls,
           count(*) FILTER (outcome = 'duplicate') AS duplicates,
           count(*) FILTER (outcome = 'not-call') AS not_calls,
           count(*) FILTER (outcome = 'reject') AS rejects
    FROM records WHERE source_id = $id AND record_no > $base
) n
WHERE source_id = $id"""


def _ledger(store: Store, source_id: str) -> dict[str, Any]:
    """Return the source's row of the ledger as ``--json`` shows it."""
    return store.dicts(
        """SELECT path, reader, records, calls, duplicates, not_calls, rejects, spend_usd
        FROM v_ledger WHERE source_id = ?""",
        [source_id],
    )[0]


def reprice(store: Store, settings: IngestSettings) -> int:
    """Price all calls anew after ``[prices]`` changed; return how many amounts changed."""
    return ratecard.reprice(store, PriceBook(settings.prices))

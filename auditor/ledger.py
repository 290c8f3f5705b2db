"""Sources, records and calls in the database: what was read of a file, and writing a batch of it.

A batch is one transaction: its calls, their texts, its lines in the ledger and how far the source
was read. So the database is consistent after any kill, and reading goes on from what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor import ratecard
from auditor.domain import digest
from auditor.errors import ConfigError, StoreError
from auditor.readers.containers import EDGE

if TYPE_CHECKING:
    from auditor.filters import CallFilter
    from auditor.prices import PriceBook
    from auditor.readers.batch import Columns
    from auditor.readers.containers import Source
    from auditor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where reading of a source begins, and why; ``position`` None: nothing is new."""

    source_id: str
    position: int | None
    rewritten: bool = False


def find(store: Store, source: Source, conditions: str | None = None) -> Place:
    """Find a source by the identity of its file, and where to read on."""
    known_sources = store.dicts(
        """SELECT source_id, size_bytes, modified_at, head_hash, tail_hash, bytes_read, complete,
                  conditions
        FROM sources WHERE path = ? ORDER BY ingested_at DESC, source_id""",
        [source.path],
    )
    for known in known_sources:
        place = _compare(source, known)
        if place is not None:
            if known["conditions"] != conditions:
                return Place(source_id=place.source_id, position=0)
            return place
    return Place(source_id=digest("source", source.path, source.head_hash(source.size)), position=0)


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


class Writer:
    """Writes what is read of one source; ``position`` is where reading begins."""

    def __init__(
        self, store: Store, source: Source, source_id: str, position: int, *,
        book: PriceBook, only: CallFilter,
    ) -> None:  # fmt: skip
        self._store = store
        self._source = source
        self._id = source_id
        self._book = book
        self._condition, self._values = only.sql()
        self._lines = source.lines_before(position) if position else 0
        self._begin(position, conditions(only))
        self.records = int(
            store.value("SELECT records FROM sources WHERE source_id = ?", [source_id])
        )

    def _begin(self, position: int, only: str | None) -> None:
        """Forget what was read of the source at and after the position."""
        parameters = {"id": self._id, "position": position}
        store = self._store
        with store.transaction():
            if store.value("SELECT count(*) FROM sources WHERE source_id = ?", [self._id]):
                for table in ("contents", "call_sensitivity", "calls"):
                    store.execute(_FORGET_CALLS.format(table=table), parameters)
                for table in ("records", "rejects"):
                    store.execute(_FORGET_RECORDS.format(table=table), parameters)
                store.execute("DELETE FROM sources WHERE source_id = ?", [self._id])
            store.execute(
                _BEGIN,
                parameters
                | {
                    "path": self._source.path,
                    "size": self._source.size,
                    "modified": self._source.modified_at,
                    "head": self._source.head_hash(position),
                    "tail": self._source.tail_hash(position),
                    "conditions": only,
                    "now": datetime.now(UTC),
                },
            )

    def write(self, columns: Columns) -> None:
        """Write one batch and how far the source is read now."""
        with self._store.transaction():
            self._write(columns)
            self._save(columns)
        self.records += columns.records
        self._lines += columns.lines
        self._store.rest()

    def complete(self) -> None:
        """Say that the source is read to its end."""
        self._store.execute(_COMPLETE, {"id": self._id, "now": datetime.now(UTC)})

    def _write(self, columns: Columns) -> None:
        store = self._store
        here = {"id": self._id, "base": self.records}
        with (
            store.registered("staged", columns.calls),
            store.registered("ledger", columns.ledger),
            store.registered("bad", columns.rejects),
            store.registered("sensitive", columns.sensitivity),
        ):
            self._choose()
            ratecard.complete(store, self._book, "staged")
            store.execute(_CALLS, here | {"lines": self._lines})
            store.execute(_CONTENTS)
            if len(columns.sensitivity):
                store.execute(_SENSITIVITY)
            store.execute(_RECORDS, here)
            if len(columns.rejects):
                store.execute(_REJECTS, here | {"lines": self._lines})

    def _choose(self) -> None:
        """Put the numbers of the records that become calls into a table of their own."""
        try:
            self._store.execute(_WANTED.format(condition=self._condition), self._values)
        except (StoreError, ConfigError):
            raise
        except Exception as error:
            if self._condition == "true":
                raise
            raise ConfigError(
                f"--where cannot be used: {str(error).splitlines()[0]}",
                hint="it is a condition on the columns of calls, for example \"status = 'ok'\"",
            ) from error
        self._store.execute(_FRESH)

    def _save(self, columns: Columns) -> None:
        self._store.execute(
            _SAVE,
            {
                "id": self._id,
                "position": columns.position,
                "head": self._source.head_hash(columns.position),
                "tail": self._source.tail_hash(columns.position),
                "base": self.records,
            },
        )


def conditions(only: CallFilter) -> str | None:
    """Return the filter as text, as the ledger keeps it; None: no filter."""
    return f"{only.sql()[0]} {only.sql()[1]}" if only else None


def row(store: Store, source_id: str) -> dict[str, Any]:
    """Return a source's row of the ledger as ``--json`` shows it."""
    return store.dicts(
        """SELECT path, reader, records, calls, duplicates, not_calls, rejects, spend_usd
        FROM v_ledger WHERE source_id = ?""",
        [source_id],
    )[0]


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
       count(*) FILTER (outcome = 'reject') AS rejects, $now AS ingested_at,
       $conditions AS conditions
FROM records WHERE source_id = $id"""
_COMPLETE = """
UPDATE sources SET complete = true, ingested_at = $now, reader = (
    SELECT reader FROM calls WHERE source_id = $id GROUP BY reader ORDER BY count(*) DESC, reader
    LIMIT 1)
WHERE source_id = $id"""

_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted AS SELECT call_id, record_no FROM staged WHERE {condition}"""
_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT min(record_no) AS record_no FROM wanted ANTI JOIN calls USING (call_id) GROUP BY call_id"""
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
SELECT $id AS source_id, member, $base + l.record_no AS record_no, byte_offset,
       CASE WHEN outcome = 'call' AND w.record_no IS NULL THEN NULL ELSE l.call_id END AS call_id,
       CASE WHEN outcome <> 'call' THEN outcome
            WHEN w.record_no IS NULL THEN 'not-call'
            WHEN f.record_no IS NULL THEN 'duplicate' ELSE 'call' END AS outcome
FROM ledger l LEFT JOIN fresh f USING (record_no) LEFT JOIN wanted w USING (record_no)"""
_REJECTS = """
INSERT INTO rejects BY NAME
SELECT $id AS source_id, member, $base + record_no AS record_no, $lines + line_no AS line_no,
       byte_offset, reason, detail, excerpt
FROM bad"""
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

"""The logs of one run: read in shards, written in batches, each file from where the last run ended.

Files of plain JSON lines are read in pieces, and only from where they have grown; of everything
else a file is a shard, or several whose records belong together. Shards come back in their order,
so the database is the same for any number of processes that read.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow.compute as pc

from auditor.ingest import isolation, ledger, unread
from auditor.ingest.ledger import Place, Progress
from auditor.readers.files import containers, folding
from auditor.readers.files.containers import Piece
from auditor.readers.registry import registry
from auditor.readers.shards.pool import pool
from auditor.readers.shards.shard import Reading, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.domain import Watch
    from auditor.pricing.price_book import PriceBook
    from auditor.readers.columns.batch import Columns
    from auditor.readers.files.containers import Source
    from auditor.store.filters import CallFilter
    from auditor.store.store import Store

BATCH_CALLS = 195_000
BATCH_RECORDS = 1_000_000
BATCH_BYTES = 384 * 1024 * 1024
"""How much is written in one transaction, and lost by a kill: a little more than a row group.

DuckDB writes whole row groups (122,880 calls) straight to its file and less than one twice.
"""

BATCH_TEXTS = 64 * 1024 * 1024
"""And how much of texts that are not read in pieces: each carries the history of its session."""

REST_S = 6.0
"""How long the database is held at most, but for the time of one batch."""

SMALL_BYTES = 4 * 1024 * 1024
TOGETHER_BYTES = 32 * 1024 * 1024
TOGETHER_FILES = 2_000
"""Small files are begun together: some logs are a folder of one file for each call."""

_KEPT_WHOLE_BYTES = 64 << 20
"""Of files whose records belong together, larger ones are read one at a time."""

_TEXTS = ("system_text", "messages", "tools", "params", "response_text", "tool_calls")


class _Group(NamedTuple):
    """Sources that are read together; ``in_pieces`` if it is one of plain lines."""

    sources: tuple[Source, ...]
    in_pieces: bool


@dataclass(slots=True, kw_only=True)
class LogReading:
    """Reads logs into the database, and gathers what has to be said of them."""

    store: Store
    reading: Reading
    book: PriceBook
    only: CallFilter
    watch: Watch
    processes: int | None = None
    """How many processes read; None: as many as there are cores."""
    warnings: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    """Where each source is in the ledger, by path."""
    records: int = 0
    """How many records were read and written."""
    _rested: float = field(default_factory=time.monotonic)

    def read(self, found: Sequence[Source]) -> None:
        """Read what is new in the sources.

        Raises:
            LogError: a file that cannot be read.
        """
        readers = registry(self.reading.tables)
        self.places = ledger.find(self.store, found, ledger.conditions(self.only))
        for path in unread.known_now(self.store, found, readers):
            # Its format has been declared since it was read.
            self.places[path] = replace(self.places[path], position=0)
        self.store.rest()
        groups: list[_Group] = []
        for source in found:
            if self.places[source.path].rewritten:
                self.warnings.append(
                    f"{source.path} was rewritten since it was read: it is read again"
                )
        for group in folding.groups(found, readers):
            if all(self.places[source.path].position is None for source in group):
                for source in group:
                    self.watch.advance(source.size, Path(source.path).name)
            else:
                groups.append(_Group(tuple(group), self._is_read_in_pieces(group)))
        self._read(groups)

    def _is_read_in_pieces(self, group: Sequence[Source]) -> bool:
        """Say whether it is a log of lines that is worth cutting, or has grown."""
        source, readers = group[0], registry(self.reading.tables)
        return (
            len(group) == 1
            and bool(source.size > SMALL_BYTES or self.places[source.path].position)
            and folding.is_plain_lines(source)
            and folding.reader_of(source, readers) is None
        )

    def _read(self, groups: Sequence[_Group]) -> None:
        size = sum(source.size for group in groups for source in group.sources)
        coming = deque(groups)
        begun: dict[str, Progress] = {}
        ended: list[Progress] = []
        batch = _Batch()
        with pool(self.reading, size, self.processes) as readers:
            for run in readers.read(chain.from_iterable(map(self._shards, groups))):
                if run.shard.sources[0].path not in begun:
                    begun |= self._begin(coming)
                if run.columns is not None:
                    batch.add(begun[run.shard.sources[run.source_no].path], run.shard, run.columns)
                else:
                    self.watch.advance(run.shard.size, Path(run.shard.sources[-1].path).name)
                    if run.shard.last:
                        ended += [begun[source.path] for source in run.shard.sources]
                if batch.is_full:
                    self._write(batch, ended)
                    batch, ended = _Batch(), []
                self._rest()
        self._write(batch, ended)

    def _shards(self, group: _Group) -> Iterator[Shard]:
        if not group.in_pieces:
            size = sum(source.size for source in group.sources)
            readers = registry(self.reading.tables)
            kept_whole = size > _KEPT_WHOLE_BYTES and (
                len(group.sources) > 1 or folding.reader_of(group.sources[0], readers) is not None
            )
            yield Shard(sources=group.sources, kept_whole=kept_whole)
            return
        (source,) = group.sources
        pieces = containers.pieces(source, self._position(group))
        piece = next(pieces, Piece(source.size, source.size))
        for following in pieces:
            yield Shard(sources=group.sources, piece=piece, last=False)
            piece = following
        yield Shard(sources=group.sources, piece=piece)

    def _position(self, group: _Group) -> int:
        """Return where reading of a group begins."""
        if not group.in_pieces:
            return 0
        (source,) = group.sources
        return source.line_start(self.places[source.path].position or 0)

    def _begin(self, coming: deque[_Group]) -> dict[str, Progress]:
        """Begin to write the next sources, small ones together."""
        found: dict[str, Progress] = {}
        size = 0
        while coming and len(found) < TOGETHER_FILES and size < TOGETHER_BYTES:
            group = coming.popleft()
            position = self._position(group)
            self.watch.advance(position, Path(group.sources[0].path).name)
            for source in group.sources:
                size += source.size
                source_id = self.places[source.path].source_id
                found[source.path] = Progress(source=source, source_id=source_id, position=position)
        ledger.begin(self.store, list(found.values()), self.only)
        return found

    def _write(self, batch: _Batch, ended: Sequence[Progress]) -> None:
        """Write a batch, and that with it sources are read to their end."""
        if batch.parts:
            isolation.write(self.store, batch.parts, book=self.book, only=self.only)
            self.records += batch.records
        if ended:
            ledger.complete(self.store, ended)

    def _rest(self) -> None:
        """Let others read now and then; the last rows are written once more each time."""
        if time.monotonic() - self._rested > REST_S:
            self.store.rest()
            self._rested = time.monotonic()


class _Batch:
    """Columns that are written in one transaction."""

    def __init__(self) -> None:
        self.parts: list[tuple[Progress, Columns]] = []
        self.records = self._calls = self._bytes = self._texts = 0

    def add(self, progress: Progress, shard: Shard, columns: Columns) -> None:
        """Take a run of records."""
        self.parts.append((progress, columns))
        self.records += columns.records
        self._calls += len(columns.calls)
        if shard.piece is not None:
            self._bytes += shard.size
        else:
            self._texts += _text_bytes(columns)

    @property
    def is_full(self) -> bool:
        """Whether it is worth a transaction; that depends on nothing but what was read."""
        return (
            self._bytes >= BATCH_BYTES
            or self._texts >= BATCH_TEXTS
            or self._calls >= BATCH_CALLS
            or self.records >= BATCH_RECORDS
        )


def _text_bytes(columns: Columns) -> int:
    """Return how long the texts of calls are; what packed files hold, their size does not tell."""
    lengths = (pc.sum(pc.binary_length(columns.calls[name])).as_py() for name in _TEXTS)
    return sum(length or 0 for length in lengths)

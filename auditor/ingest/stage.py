"""Log files to calls: every record accounted for, every call priced.

Plain JSON lines are read in pieces, ahead of what is written, and only from where the last run
stopped. Everything else is read item by item, or together where records belong
together.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.domain import StageResult, Watch, silent
from auditor.ingest import isolation, ledger, retries, token_estimates, unread
from auditor.ingest.doubts import doubts
from auditor.ingest.ledger import Place, Progress
from auditor.ingest.repricing import prices_id
from auditor.pricing.price_book import PriceBook, PricesConfig
from auditor.readers.call import INTERNAL_ERROR
from auditor.readers.columns.batch import Masking
from auditor.readers.files import containers, folding, json_lines
from auditor.readers.registry import READER_ERROR, pack, registry
from auditor.stage import Stage
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.readers.columns.batch import Columns
    from auditor.readers.files.containers import Piece, Source
    from auditor.readers.mapped import FormatTable
    from auditor.readers.registry import Registry
    from auditor.stage import StageContext
    from auditor.store.store import Store

AHEAD_PIECES = 40
"""How many pieces are read ahead: about what is read while one batch is written."""


AHEAD_RECORDS = 400_000
"""And how many records of them: a piece may be four million line feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult(StageResult):
    """``sources`` has a row of the ledger for each file named; ``unread``: those without calls."""

    sources: Sequence[Mapping[str, Any]] = ()
    unread: Sequence[unread.Unread] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """How to read logs.

    ``redact`` masks personal data, secrets are masked always; ``classes`` off does not look for
    personal data at all, which is faster. ``readers`` are formats the user declared. ``only`` makes
    every other call a not-call in the ledger.
    """

    redact: bool = False
    classes: bool = True
    prices: PricesConfig = field(default_factory=PricesConfig)
    readers: Mapping[str, FormatTable] = field(default_factory=dict)
    only: CallFilter = field(default_factory=CallFilter)

    @property
    def masking(self) -> Masking:
        """Return what to look for in texts."""
        return Masking(personal=self.redact, classes=self.classes or self.redact)


BATCH_CALLS = 195_000
BATCH_RECORDS = 1_000_000
BATCH_BYTES = 384 * 1024 * 1024
"""How much is written in one transaction, and lost by a kill: a little more than a row group.

DuckDB writes whole row groups (122,880 calls) straight to its file and less than one twice.
"""

BATCH_TEXTS = 64 * 1024 * 1024
"""And how much of calls that are read item by item, which carry the history of their session."""

REST_S = 6.0
"""How long the database is held at most, but for the time of one batch."""

SMALL_BYTES = 4 * 1024 * 1024
TOGETHER_BYTES = 32 * 1024 * 1024
TOGETHER_FILES = 2_000
"""Small files are written together: some logs are a folder of one file for each call."""


@dataclass(slots=True)
class _Run:
    """What one run of the stage needs everywhere, and what it gathers."""

    store: Store
    settings: IngestSettings
    watch: Watch
    book: PriceBook
    tables: str
    registry: Registry
    warnings: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    read: int = 0
    rested: float = field(default_factory=time.monotonic)

    def begin(self, sources: Sequence[Source], position: int = 0) -> dict[str, Progress]:
        """Begin to write sources."""
        found = {
            source.path: Progress(
                source=source, source_id=self.places[source.path].source_id, position=position
            )
            for source in sources
        }
        ledger.begin(self.store, list(found.values()), self.settings.only)
        return found

    def write(self, parts: Sequence[tuple[Progress, Columns]]) -> None:
        """Write a batch."""
        isolation.write(self.store, parts, book=self.book, only=self.settings.only)
        if time.monotonic() - self.rested > REST_S:
            # Others may read meanwhile; each rest writes the last rows of every column again.
            self.store.rest()
            self.rested = time.monotonic()
        self.read += sum(columns.records for _, columns in parts)

    def complete(self, progress: Iterable[Progress]) -> None:
        """Say that sources are read to their end."""
        ledger.complete(self.store, list(progress))
        self.store.rest()


def run(
    store: Store,
    paths: Sequence[str | Path],
    settings: IngestSettings | None = None,
    watch: Watch = silent,
) -> IngestResult:
    """Read logs into the database.

    Args:
        store: the audit database.
        paths: files, folders, globs; - for standard input.
        settings: masking, prices, the user's formats, filters.
        watch: told of progress in bytes.

    Returns:
        The result, with a row of the ledger for each file named.

    Raises:
        LogError: a path that does not exist or a file that cannot be read.
        ConfigError: a filter that is not a condition on calls.
    """
    settings = settings or IngestSettings()
    settings.only.check(store)
    started = time.monotonic()
    # Arrow's own allocator clears pages of 2 MiB for what waits to be written: measured, it takes
    # 3 us a call more, and a tenth more memory.
    pa.set_memory_pool(pa.system_memory_pool())
    tables = pack(settings.readers)
    this = _Run(store, settings, watch, PriceBook(settings.prices), tables, registry(tables))
    with containers.sources(paths, this.warnings) as found:
        watch.start("reading logs", sum(source.size for source in found), "B")
        _read_all(this, found)
        if this.read:
            retries.number_attempts(store)
            token_estimates.estimate(store, this.book)
            this.warnings += _doubts(store, this)
            this.warnings += doubts(store)
            store.rest()
        rows = ledger.rows(store, [this.places[source.path].source_id for source in found])
        without = unread.find(found, rows, this.registry)
    if len(without) < len(rows):
        this.warnings += unread.warnings(without)
    watch.finish()
    for warning in this.warnings:
        watch.warn(warning)
    return IngestResult(
        stage="ingest",
        rows_read=this.read,
        rows_written=sum(row["calls"] for row in rows),
        seconds=time.monotonic() - started,
        skipped=this.read == 0,
        warnings=this.warnings,
        sources=rows,
        unread=without,
    )


def _doubts(store: Store, this: _Run) -> list[str]:
    """Say how many calls have figures no call can have, and how often auditor stumbled."""
    read = pa.table({"source_id": [place.source_id for place in this.places.values()]})
    with store.registered("named", read):
        implausible, example = store.rows(
            "SELECT count(*), arg_min(implausible[1], (source_id, record_no)) FROM calls"
            " SEMI JOIN named USING (source_id) WHERE implausible IS NOT NULL"
        )[0]
        stumbled = store.value(
            "SELECT count(*) FROM rejects SEMI JOIN named USING (source_id) WHERE reason IN (?, ?)",
            [INTERNAL_ERROR, READER_ERROR],
        )
    found = []
    if implausible:
        those = "calls have figures" if implausible > 1 else "call has a figure"
        found.append(
            f"{implausible:,} {those} that no call can have ({example}): taken as unknown, "
            "and kept in calls.implausible"
        )
    if stumbled:
        found.append(
            f"auditor stumbled over {stumbled:,} record{'s' if stumbled > 1 else ''}, a bug: "
            "'auditor rejects' shows where; please report it"
        )
    return found


def _read_all(this: _Run, found: Sequence[Source]) -> None:
    this.places = _places(this, found)
    this.store.rest()
    for source in found:
        if this.places[source.path].rewritten:
            this.warnings.append(f"{source.path} was rewritten since it was read: it is read again")
    small: list[Source] = []
    for group in folding.groups(found, this.registry):
        if all(this.places[source.path].position is None for source in group):
            for source in group:
                this.watch.advance(source.size, Path(source.path).name)
        elif len(group) > 1:
            _read_items(this, [group])
        elif group[0].size <= SMALL_BYTES:
            small.append(group[0])
            if len(small) == TOGETHER_FILES or sum(s.size for s in small) > TOGETHER_BYTES:
                _read_small(this, small)
                small = []
        elif _is_lines(this, group[0]):
            _read_lines(this, group[0])
        else:
            _read_items(this, [group])
    _read_small(this, small)


def _places(this: _Run, found: Sequence[Source]) -> dict[str, Place]:
    """Return where to read each source on; one whose format is declared by now, from its start."""
    places = ledger.find(this.store, found, ledger.conditions(this.settings.only))
    known = unread.known_now(this.store, found, this.registry)
    return places | {path: replace(places[path], position=0) for path in known}


def _read_small(this: _Run, sources: Sequence[Source]) -> None:
    """Read small files; new ones are written together, of known ones only what is new is read."""
    new = [s for s in sources if not this.places[s.path].position]
    for source in sources:
        if this.places[source.path].position:
            if _is_lines(this, source):
                _read_lines(this, source)
            else:
                _read_items(this, [[source]])
    if new:
        _read_items(this, [[source] for source in new])


def _is_lines(this: _Run, source: Source) -> bool:
    return folding.is_plain_lines(source) and folding.reader_of(source, this.registry) is None


def _read_lines(this: _Run, source: Source) -> None:
    position = source.line_start(this.places[source.path].position or 0)
    progress = this.begin([source], position)[source.path]
    this.watch.advance(position, Path(source.path).name)
    parts: list[tuple[Progress, Columns]] = []
    waiting = 0
    for piece, columns in _pieces(this, source, position):
        parts.append((progress, columns))
        waiting += piece.end - piece.start
        calls, records = (sum(len(c.calls) for _, c in parts), sum(c.records for _, c in parts))
        if waiting >= BATCH_BYTES or calls >= BATCH_CALLS or records >= BATCH_RECORDS:
            this.write(parts)
            parts, waiting = [], 0
        this.watch.advance(piece.end - piece.start, Path(source.path).name)
    if parts:
        this.write(parts)
    this.complete([progress])


def _read_items(this: _Run, groups: Sequence[Sequence[Source]]) -> None:
    """Read groups of sources item by item; small batches are gathered into one transaction."""
    sources = [source for group in groups for source in group]
    progress = this.begin(sources)
    parts: list[tuple[Progress, Columns]] = []
    waiting = held = 0
    for group in groups:
        for source, columns in folding.read_group(group, this.registry, this.settings.masking):
            parts.append((progress[source.path], columns))
            waiting += columns.records
            held += columns.calls.nbytes
            if waiting >= BATCH_CALLS or held >= BATCH_TEXTS:
                this.write(parts)
                parts, waiting, held = [], 0, 0
    if parts:
        this.write(parts)
    this.complete(progress.values())
    for source in sources:
        this.watch.advance(source.size, Path(source.path).name)


def _pieces(this: _Run, source: Source, position: int) -> Iterator[tuple[Piece, Columns]]:
    """Read the pieces of a file in order, in a thread that reads on while others are written.

    Python reads and DuckDB writes without Python's lock: between them they keep two cores busy,
    and nothing has to travel between processes.
    """
    masking, tables, modified = this.settings.masking, this.tables, source.modified_at
    with ThreadPoolExecutor(1, "reader") as pool:
        waiting: deque[tuple[Piece, Future[Columns]]] = deque()
        try:
            for piece in containers.pieces(source, position):
                job = pool.submit(
                    json_lines.read_piece, source.file, piece, masking, tables, modified
                )
                waiting.append((piece, job))
                while len(waiting) > AHEAD_PIECES or _records(waiting) > AHEAD_RECORDS:
                    first, done = waiting.popleft()
                    yield first, done.result()
            while waiting:
                first, done = waiting.popleft()
                yield first, done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _records(waiting: Iterable[tuple[Piece, Future[Columns]]]) -> int:
    """Count the records that are read and wait to be written."""
    return sum(job.result().records for _, job in waiting if job.done() and not job.exception())


def require_calls(store: Store, result: IngestResult) -> None:
    """Refuse logs without a single call: the audit would go on without them in silence.

    Raises:
        LogError: no record of any log is a call; names the first reason.
    """
    sources = result.sources
    if not sources or any(source["calls"] or source["duplicates"] for source in sources):
        return
    raise unread.refuse(store, sources, result.unread)


def _run(context: StageContext, watch: Watch) -> IngestResult:
    config = context.config
    settings = IngestSettings(
        redact=config.ingest.redact,
        prices=config.prices,
        readers=config.readers,
        only=context.only,
    )
    return run(context.store, context.paths, settings, watch)


def _settings(context: StageContext) -> object:
    sources = context.store.rows("SELECT source_id, bytes_read, calls FROM sources ORDER BY 1")
    return [prices_id(context.config.prices), sources]


STAGE = Stage(name="ingest", run=_run, settings=_settings)

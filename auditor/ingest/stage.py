"""Log files to calls: every record accounted for, every call priced."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.domain import StageResult, Watch, silent
from auditor.ingest import ledger, retries, token_estimates, unread
from auditor.ingest.doubts import doubts
from auditor.ingest.reading import LogReading
from auditor.ingest.repricing import prices_id
from auditor.pricing.price_book import PriceBook, PricesConfig
from auditor.readers.columns.batch import Masking
from auditor.readers.files import containers
from auditor.readers.registry import pack, registry
from auditor.readers.shards.shard import Reading
from auditor.stage import Stage
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from auditor.readers.mapped import FormatTable
    from auditor.stage import StageContext
    from auditor.store.store import Store


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
    every other call a not-call in the ledger. ``processes`` is how many read; None: one on each
    core. What is written does not depend on it.
    """

    redact: bool = False
    classes: bool = True
    prices: PricesConfig = field(default_factory=PricesConfig)
    readers: Mapping[str, FormatTable] = field(default_factory=dict)
    only: CallFilter = field(default_factory=CallFilter)
    processes: int | None = None

    @property
    def masking(self) -> Masking:
        """Return what to look for in texts."""
        return Masking(personal=self.redact, classes=self.classes or self.redact)


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
    this = LogReading(
        store=store,
        reading=Reading(masking=settings.masking, tables=tables),
        book=PriceBook(settings.prices),
        only=settings.only,
        watch=watch,
        processes=settings.processes,
    )
    with containers.sources(paths, this.warnings) as found:
        watch.start("reading logs", sum(source.size for source in found), "B")
        this.read(found)
        if this.records:
            retries.number_attempts(store)
            token_estimates.estimate(store, this.book)
            this.warnings += doubts(store, [place.source_id for place in this.places.values()])
            store.rest()
        rows = ledger.rows(store, [this.places[source.path].source_id for source in found])
        without = unread.find(found, rows, registry(tables))
    if len(without) < len(rows):
        this.warnings += unread.warnings(without)
    watch.finish()
    for warning in this.warnings:
        watch.warn(warning)
    return IngestResult(
        stage="ingest",
        rows_read=this.records,
        rows_written=sum(row["calls"] for row in rows),
        seconds=time.monotonic() - started,
        skipped=this.records == 0,
        warnings=this.warnings,
        sources=rows,
        unread=without,
    )


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
        processes=config.ingest.processes,
    )
    return run(context.store, context.paths, settings, watch)


def _settings(context: StageContext) -> object:
    sources = context.store.rows("SELECT source_id, bytes_read, calls FROM sources ORDER BY 1")
    return [prices_id(context.config.prices), sources]


STAGE = Stage(name="ingest", run=_run, settings=_settings)

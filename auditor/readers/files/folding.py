"""Sources whose records have to be read one by one, or together, to columns.

Most containers are read item by item. Where a reader says that its records belong together (the
lines of an answer, the spans of a trace, a batch and its results), the items are kept until all of
them are there; the reader's ``reach`` says whether that is one file, a folder, or all files of the
run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from auditor.readers.call import Call
from auditor.readers.columns.batch import Batch, Columns, Masking
from auditor.readers.files import documents, json_lines, side_files
from auditor.readers.files.compression import Allowance
from auditor.readers.registry import fold_with, folds, named, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.readers.call import FoldingReader, Outcome
    from auditor.readers.files.containers import Source
    from auditor.readers.files.json_records import Item
    from auditor.readers.registry import Registry

SNIFF_RECORDS = 50
BATCH_RECORDS = 20_000
BATCH_BYTES = 64 << 20
"""Records that stand for themselves are gathered up to this much memory, as ``weight`` has it."""

TOGETHER_BYTES = 512 << 20
"""Records that belong together are kept up to this much memory; then they are read as they are."""

_ITEM_BYTES = 500


def reader_of(source: Source, registry: Registry) -> FoldingReader | None:
    """Return the reader whose records belong together, if the first ones are of such a format."""
    allowance = Allowance(source.size)
    for item in islice(documents.glance(source, allowance), SNIFF_RECORDS):
        if isinstance(item.record, dict):
            reader = registry.find(item.record)
            if reader is not None:
                allowance.worthwhile()
            if folds(reader):
                return reader
    return None


def is_plain_lines(source: Source) -> bool:
    """Say whether a file is plain JSON lines, which are read in pieces."""
    return source.magic is None and documents.is_lines(source)


def groups(sources: Sequence[Source], registry: Registry) -> list[list[Source]]:
    """Part the sources of a run into groups that are read together, in their order."""
    found: dict[tuple[str, ...], list[Source]] = {}
    sides = {source.path: side_files.of(source.file) for source in sources}
    with_parts = {side.folder for side in sides.values() if side is not None}
    for source in sources:
        side = sides[source.path]
        folder = side.folder if side is not None else source.file.parent
        if folder in with_parts:
            found.setdefault(("parts", str(folder)), []).append(source)
            continue
        reader = reader_of(source, registry)
        key: tuple[str, ...] = (source.path,)
        if reader is not None and reader.reach == "folder":
            key = ("folder", reader.name, str(source.file.parent))
        elif reader is not None and reader.reach == "run":
            key = ("run", reader.name)
        found.setdefault(key, []).append(source)
    return list(found.values())


def read_group(
    group: Sequence[Source], registry: Registry, masking: Masking
) -> Iterator[tuple[Source, Columns]]:
    """Read a group of sources; yields batches of one source after another."""
    if len(group) == 1:
        yield from ((group[0], part) for part in _read_source(group[0], registry, masking))
        return
    for window in _windows(group, registry):
        items = [item for _, item in window]
        outcomes = _fold(items, registry)
        position = 0
        for _, run in groupby(window, key=lambda pair: pair[0].path):
            source = window[position][0]
            end = position + sum(1 for _ in run)
            for part in _collect(source, items[position:end], outcomes[position:end], masking):
                yield source, part
            position = end


def _windows(group: Sequence[Source], registry: Registry) -> Iterator[list[tuple[Source, Item]]]:
    """Yield the items of sources, as many together as memory allows.

    Records that belong together lie near each other: the lines of an answer, the spans of a trace.
    """
    window: list[tuple[Source, Item]] = []
    held = 0
    for source in group:
        allowance = Allowance(source.size)
        for n, item in enumerate(documents.items(source, allowance)):
            looked_at = item.record if n % SNIFF_RECORDS == 0 else None
            if isinstance(looked_at, dict) and registry.find(looked_at) is not None:
                allowance.worthwhile()
            window.append((source, item))
            held += item.weight + _ITEM_BYTES
            if held > TOGETHER_BYTES:
                yield window
                window, held = [], 0
    if window:
        yield window


def _read_source(source: Source, registry: Registry, masking: Masking) -> Iterator[Columns]:
    if reader_of(source, registry) is not None:
        for window in _windows([source], registry):
            items = [item for _, item in window]
            yield from _collect(source, items, _fold(items, registry), masking)
        return
    if documents.is_lines(source):
        yield from _read_lines(source, registry, masking)
    else:
        yield from _read_alone(source, registry, masking)


def _read_alone(source: Source, registry: Registry, masking: Masking) -> Iterator[Columns]:
    """Read records that stand for themselves."""
    allowance = Allowance(source.size)
    items: list[Item] = []
    outcomes: list[list[Outcome]] = []
    held = 0
    for item in documents.items(source, allowance):
        found = _read_item(item, registry)
        if any(isinstance(outcome, Call) for outcome in found):
            allowance.worthwhile()
        else:
            allowance.worthless(1)
        items.append(item)
        outcomes.append(found)
        held += item.weight
        if len(items) >= BATCH_RECORDS or held > BATCH_BYTES:
            yield from _collect(source, items, outcomes, masking)
            items, outcomes, held = [], [], 0
    yield from _collect(source, items, outcomes, masking)


def _read_lines(source: Source, registry: Registry, masking: Masking) -> Iterator[Columns]:
    """Read the lines of a compressed file, which reading cannot go on in the middle of."""
    allowance = Allowance(source.size)
    for start, block in documents.line_blocks(source, allowance):
        if isinstance(block, bytes):
            at = source.modified_at
            for read in json_lines.read_parts(block, start or 0, masking, registry, at):
                if len(read.calls):
                    allowance.worthwhile()
                else:
                    allowance.worthless(read.records)
                yield replace(read, position=0)
        else:
            count = 0 if start is None else 1
            batch = Batch(masking, source.modified_at)
            batch.add(block, b"", line_no=count or None, offset=start)
            yield batch.columns(lines=count, position=0)


def _read_item(item: Item, registry: Registry) -> list[Outcome]:
    if isinstance(item.record, dict):
        return list(registry.read(item.record))
    return [item.record]


def _fold(items: Sequence[Item], registry: Registry) -> list[list[Outcome]]:
    outcomes: list[list[Outcome]] = [[] for _ in items]
    together: dict[str, list[int]] = defaultdict(list)
    readers: dict[str, FoldingReader] = {}
    for n, item in enumerate(items):
        if not isinstance(item.record, dict):
            outcomes[n] = [item.record]
            continue
        reader = registry.find(item.record)
        if reader is None:
            outcomes[n] = [unknown(item.record)]
        elif folds(reader):
            readers[reader.name] = reader
            together[reader.name].append(n)
        else:
            outcomes[n] = list(registry.read(item.record))
    for name, members in together.items():
        records: list[Any] = [items[n].record for n in members]
        folded = fold_with(readers[name], records)
        for n, found in zip(members, folded, strict=True):
            outcomes[n] = named(readers[name], found)
    return outcomes


def _collect(
    source: Source, items: Sequence[Item], outcomes: Sequence[list[Outcome]], masking: Masking
) -> Iterator[Columns]:
    """Yield the columns of records; more than one batch where their texts are long."""
    batch = Batch(masking, source.modified_at)
    for item, found in zip(items, outcomes, strict=True):
        for outcome in found:
            batch.add(
                outcome, item.raw, line_no=item.line_no, offset=item.offset, member=item.member
            )
        if batch.characters > BATCH_BYTES:
            yield batch.columns(lines=0, position=0)
            batch = Batch(masking, source.modified_at)
    if batch.records:
        yield batch.columns(lines=0, position=0)

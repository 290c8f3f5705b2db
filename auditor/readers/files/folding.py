"""Sources whose records have to be read one by one, or together, to columns.

Most containers are read item by item. Where a reader says that its records belong together (the
lines of an answer, the spans of a trace, a batch and its results), the items are kept until all of
them are there; the reader's ``reach`` says whether that is one file, a folder, or all files of the
run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from auditor.readers.columns.batch import Batch, Columns, Masking
from auditor.readers.files import documents, json_lines, side_files
from auditor.readers.registry import fold_with, folds, named, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.readers.call import FoldingReader, Outcome
    from auditor.readers.files.containers import Source
    from auditor.readers.files.json_records import Item
    from auditor.readers.registry import Registry

SNIFF_RECORDS = 50
BATCH_RECORDS = 20_000
GROUP_BYTES = 1 << 30
"""Files that belong together are read together up to this size; beyond, each on its own."""


def reader_of(source: Source, registry: Registry) -> FoldingReader | None:
    """Return the reader whose records belong together, if the first ones are of such a format."""
    for item in islice(documents.items(source), SNIFF_RECORDS):
        if isinstance(item.record, dict):
            reader = registry.find(item.record)
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
    parted: list[list[Source]] = []
    for group in found.values():
        if sum(source.size for source in group) > GROUP_BYTES:
            parted += [[source] for source in group]
        else:
            parted.append(group)
    return parted


def read_group(
    group: Sequence[Source], registry: Registry, masking: Masking
) -> Iterator[tuple[Source, Columns]]:
    """Read a group of sources; yields batches of one source after another."""
    if len(group) == 1:
        yield from ((group[0], part) for part in _read_source(group[0], registry, masking))
        return
    kept = [list(documents.items(source)) for source in group]
    outcomes = _fold([item for items in kept for item in items], registry)
    position = 0
    for source, items in zip(group, kept, strict=True):
        yield source, _collect(source, items, outcomes[position : position + len(items)], masking)
        position += len(items)


def _read_source(source: Source, registry: Registry, masking: Masking) -> Iterator[Columns]:
    if reader_of(source, registry) is not None:
        items = list(documents.items(source))
        yield _collect(source, items, _fold(items, registry), masking)
        return
    if documents.is_lines(source):
        yield from _read_lines(source, registry, masking)
        return
    stream = documents.items(source)
    while items := list(islice(stream, BATCH_RECORDS)):
        yield _collect(source, items, [_read_item(item, registry) for item in items], masking)


def _read_lines(source: Source, registry: Registry, masking: Masking) -> Iterator[Columns]:
    """Read the lines of a compressed file, which reading cannot go on in the middle of."""
    for start, block in documents.line_blocks(source):
        if isinstance(block, bytes):
            read = json_lines.read_block(block, start or 0, masking, registry, source.modified_at)
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
) -> Columns:
    batch = Batch(masking, source.modified_at)
    for item, found in zip(items, outcomes, strict=True):
        for outcome in found:
            batch.add(
                outcome, item.raw, line_no=item.line_no, offset=item.offset, member=item.member
            )
    return batch.columns(lines=0, position=0)

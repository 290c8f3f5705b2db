"""A block of JSON lines to columns. Pure; may run in a thread of its own."""

from __future__ import annotations

import gc
import io
from typing import IO, TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.readers.columns.batch import TABLES, Batch, Columns, Masking
from auditor.readers.columns.typed import TypedPairs
from auditor.readers.files import json_records
from auditor.readers.files.archives import Part
from auditor.readers.files.containers import PIECE_BYTES
from auditor.readers.files.json_records import MAX_RECORD
from auditor.readers.parsing import BOM, parse
from auditor.readers.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from auditor.readers.files.containers import Piece
    from auditor.readers.registry import Registry

MOST_LINES = 100_000
"""Lines read at a time; a piece of pairs has some thousand of them, one of line feeds millions."""

_LINE_FEED = ord("\n")


def read_piece(
    path: Path,
    piece: Piece,
    masking: Masking,
    tables: str = "{}",
    modified_at: datetime | None = None,
) -> Columns:
    """Read the records of a piece of a file, each of which stands for itself."""
    readers = registry(tables)
    with path.open("rb") as file:
        file.seek(piece.start)
        if piece.end - piece.start <= MAX_RECORD:
            data = file.read(piece.end - piece.start)
            return read_block(data, piece.start, masking, readers, modified_at)
        return _read_long(file, piece, masking, readers, modified_at)


def _read_long(
    file: IO[bytes],
    piece: Piece,
    masking: Masking,
    readers: Registry,
    modified_at: datetime | None,
) -> Columns:
    """Read a piece that ends with a line longer than any record, which is given up unread."""
    parts = []
    with io.BufferedReader(Part(file, piece.end - piece.start), PIECE_BYTES) as limited:
        for start, block in json_records.blocks(limited):
            if isinstance(block, bytes):
                at = piece.start + start
                parts.append(read_block(block, at, masking, readers, modified_at))
            else:
                batch = Batch(masking, modified_at)
                batch.add(block, b"", 1, piece.start + start)
                parts.append(batch.columns(lines=1, position=piece.end))
    return joined(parts)


def read_block(
    data: bytes,
    start: int,
    masking: Masking,
    readers: Registry,
    modified_at: datetime | None = None,
) -> Columns:
    """Read the records of whole lines, which begin at ``start`` of the uncompressed bytes."""
    return joined(list(read_parts(data, start, masking, readers, modified_at)))


def read_parts(
    data: bytes,
    start: int,
    masking: Masking,
    readers: Registry,
    modified_at: datetime | None = None,
) -> Iterator[Columns]:
    """Read whole lines as ``read_block`` does, ``MOST_LINES`` at a time.

    Parsing makes millions of objects and no cycles: looking for cycles meanwhile is a sixth of the
    time, for nothing.
    """
    for at, part in _parts(data):
        collecting = gc.isenabled()
        gc.disable()
        try:
            columns = _read_lines(part, start + at, Batch(masking, modified_at), readers)
        finally:
            if collecting:
                gc.enable()
        yield columns


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a block where its lines are so many that their objects would outweigh it by far."""
    at = 0
    while (lines := _line_feeds(data, at)) > MOST_LINES:
        end = at + len(data) // (lines // MOST_LINES + 1)
        end = data.find(b"\n", max(end, at)) + 1
        if not 0 < end < len(data):
            break
        yield at, data[at:end]
        at = end
    yield at, data[at:] if at else data


def _line_feeds(data: bytes, start: int = 0) -> int:
    """Count line feeds; ``bytes.count`` takes four times as long for a single byte."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8)[start:] == _LINE_FEED))


def joined(parts: Sequence[Columns]) -> Columns:
    """Join the columns of runs that follow each other, their numbers counted on."""
    if len(parts) == 1:
        return parts[0]
    records = lines = 0
    tables: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    for part in parts:
        for name, found in tables.items():
            found.append(_moved(getattr(part, name), record_no=records, line_no=lines))
        records, lines = records + part.records, lines + part.lines
    together = {name: pa.concat_tables(found) for name, found in tables.items()}
    return Columns(**together, records=records, lines=lines, position=parts[-1].position)


def _moved(table: pa.Table, **by: int) -> pa.Table:
    for name in by.keys() & set(table.column_names):
        at = table.column_names.index(name)
        table = table.set_column(at, table.schema.field(name), pc.add(table[name], by[name]))
    return table


def _read_lines(data: bytes, start: int, batch: Batch, readers: Registry) -> Columns:
    position = start + len(data)
    lines = io.BytesIO(data).readlines()  # finds their ends faster than bytes.split
    ended = data.endswith(b"\n") or not data
    del data
    typed = TypedPairs(batch.masking)
    # Where others want to be asked first, what is ours by its types may be theirs by its keys.
    fits = typed.decode(lines) if readers.ours_only else np.zeros(len(lines), dtype=bool)
    offsets = np.full(len(lines) + 1, start, dtype=np.int64)
    offsets[1:] += np.cumsum(np.fromiter(map(len, lines), np.int64, len(lines)))
    records = np.ones(len(lines), dtype=np.int64)
    more = 0
    for n in np.flatnonzero(~fits).tolist():
        batch.records = before = n + more
        _read_line(readers, batch, lines[n].removesuffix(b"\n"), n + 1, int(offsets[n]))
        records[n] = batch.records - before
        more += batch.records - before - 1
    batch.records = len(lines) + more
    beside = typed.tables(
        record_no=np.cumsum(records), line_no=np.arange(1, len(lines) + 1), byte_offset=offsets
    )
    if not ended:
        position -= len(lines[-1])
    return batch.columns(lines=len(lines), position=position, beside=beside)


def _read_line(readers: Registry, batch: Batch, line: bytes, line_no: int, offset: int) -> None:
    record = parse(line.removeprefix(BOM) if offset == 0 else line)
    if type(record) is dict:
        for outcome in readers.read(record):
            batch.add(outcome, line, line_no, offset)
    else:
        batch.add(record, line, line_no, offset)  # type: ignore[arg-type]

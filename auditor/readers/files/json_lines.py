"""A block of JSON lines to columns. Pure; may run in a thread of its own."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import numpy as np

from auditor.readers.columns.batch import Batch, Columns, Masking
from auditor.readers.columns.typed import TypedPairs
from auditor.readers.parsing import BOM, parse
from auditor.readers.registry import registry

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.readers.files.containers import Piece
    from auditor.readers.registry import Registry


def read_piece(
    path: Path,
    piece: Piece,
    masking: Masking,
    tables: str = "{}",
    modified_at: datetime | None = None,
) -> Columns:
    """Read the records of a piece of a file, each of which stands for itself."""
    with path.open("rb") as file:
        file.seek(piece.start)
        data = file.read(piece.end - piece.start)
    return read_block(data, piece.start, masking, registry(tables), modified_at)


def read_block(
    data: bytes,
    start: int,
    masking: Masking,
    readers: Registry,
    modified_at: datetime | None = None,
) -> Columns:
    """Read the records of whole lines, which begin at ``start`` of the uncompressed bytes.

    Parsing makes millions of objects and no cycles: looking for cycles meanwhile is a sixth of the
    time, for nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _read_lines(data, start, Batch(masking, modified_at), readers)
    finally:
        if collecting:
            gc.enable()


def _read_lines(data: bytes, start: int, batch: Batch, readers: Registry) -> Columns:
    position = start + len(data)
    lines = data.split(b"\n")
    del data
    ended = not lines[-1]
    if ended:
        lines.pop()
    typed = TypedPairs(batch.masking)
    # Where others want to be asked first, what is ours by its types may be theirs by its keys.
    fits = typed.decode(lines) if readers.ours_only else np.zeros(len(lines), dtype=bool)
    offsets = start + np.cumsum([0, *(len(line) + 1 for line in lines)])
    records = np.ones(len(lines), dtype=np.int64)
    more = 0
    for n in np.flatnonzero(~fits).tolist():
        batch.records = before = n + more
        _read_line(readers, batch, lines[n], n + 1, int(offsets[n]))
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

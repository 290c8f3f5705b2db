"""One piece of a file of JSON lines to columns. Pure; runs in a thread of its own."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from auditor.readers.batch import Batch, Columns, Masking
from auditor.readers.parsing import BOM, parse
from auditor.readers.registry import registry
from auditor.readers.typed import CHUNK_LINES, TypedPairs

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.readers.containers import Piece
    from auditor.readers.registry import Registry


def columns(
    path: Path,
    piece: Piece,
    masking: Masking,
    tables: str = "{}",
    modified_at: datetime | None = None,
) -> Columns:
    """Read the records of a piece, each of which stands for itself.

    Parsing makes millions of objects and no cycles: looking for cycles meanwhile is a sixth of the
    time, for nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _columns(path, piece, masking, tables, modified_at)
    finally:
        if collecting:
            gc.enable()


def _columns(
    path: Path, piece: Piece, masking: Masking, tables: str, modified_at: datetime | None
) -> Columns:
    with path.open("rb") as file:
        file.seek(piece.start)
        data = file.read(piece.end - piece.start)
    batch = Batch(masking, modified_at)
    readers = registry(tables)
    # Where others want to be asked first, what is ours by its types may be theirs by its keys.
    typed, trying = TypedPairs(masking), readers.ours_only
    offset = piece.start
    lines = data.split(b"\n")
    del data
    ended = not lines[-1]
    if ended:
        lines.pop()
    for line_no, line in enumerate(lines, 1):
        if trying and typed.take(line, batch.records + 1, line_no, offset):
            batch.records += 1
        else:
            _read(readers, batch, line, line_no, offset)
        offset += len(line) + 1
        if trying and line_no % CHUNK_LINES == 0:
            trying = typed.flush() > 0  # else it is a log of another kind
    typed.flush()
    position = piece.end if ended else piece.end - len(lines[-1])
    return batch.columns(lines=len(lines), position=position, beside=typed.tables())


def _read(readers: Registry, batch: Batch, line: bytes, line_no: int, offset: int) -> None:
    record = parse(line.removeprefix(BOM) if offset == 0 else line)
    if type(record) is dict:
        for outcome in readers.read(record):
            batch.add(outcome, line, line_no, offset)
    else:
        batch.add(record, line, line_no, offset)  # type: ignore[arg-type]

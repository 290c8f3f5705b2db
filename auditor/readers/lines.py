"""One piece of a file of JSON lines to columns. Pure; runs in worker processes."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from auditor.readers.batch import Batch, Columns, Masking
from auditor.readers.parsing import BOM, parse
from auditor.readers.registry import registry

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.readers.containers import Piece


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
    read = registry(tables).read
    offset = piece.start
    lines = data.split(b"\n")
    del data
    ended = not lines[-1]
    if ended:
        lines.pop()
    for line_no, line in enumerate(lines, 1):
        record = parse(line.removeprefix(BOM) if offset == 0 else line)
        if type(record) is dict:
            for outcome in read(record):
                batch.add(outcome, line, line_no, offset)
        else:
            batch.add(record, line, line_no, offset)  # type: ignore[arg-type]
        offset += len(line) + 1
    position = piece.end if ended else piece.end - len(lines[-1])
    return batch.columns(lines=len(lines), position=position)

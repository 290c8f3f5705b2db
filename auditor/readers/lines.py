"""One piece of a file of JSON lines to columns. Pure; runs in worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import Reject, parse, read
from auditor.readers.batch import Batch, Columns, Masking
from auditor.readers.model import NotCall

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.readers.containers import Piece

BOM = b"\xef\xbb\xbf"


def columns(path: Path, piece: Piece, masking: Masking) -> Columns:
    """Read the records of a piece."""
    data = piece.data
    if data is None:
        with path.open("rb") as file:
            file.seek(piece.start)
            data = file.read(piece.end - piece.start)
    batch = Batch(masking)
    offset = piece.start
    lines = data.split(b"\n")
    ended = not lines[-1]
    if ended:
        lines.pop()
    for line_no, line in enumerate(lines, 1):
        raw = line.removeprefix(BOM) if offset == 0 else line
        record = parse(raw)
        if type(record) is dict:
            try:
                outcomes = read(record)
            except RecursionError:
                outcomes = (Reject("too-deep", "nested too deeply"),)
            for outcome in outcomes:
                batch.add(outcome, line, line_no=line_no, offset=offset)
        else:
            assert isinstance(record, Reject | NotCall)
            batch.add(record, line, line_no=line_no, offset=offset)
        offset += len(line) + 1
    position = piece.end if ended else piece.end - len(lines[-1])
    return batch.columns(lines=len(lines), position=position)

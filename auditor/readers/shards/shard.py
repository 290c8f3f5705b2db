"""What can be read by itself: a run of lines of a file, or files whose records belong together.

``parse`` is a pure function of the bytes that a shard names: it gives the same columns in every
process and on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.readers.columns.batch import Masking
from auditor.readers.files import folding, json_lines
from auditor.readers.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.columns.batch import Columns
    from auditor.readers.files.containers import Piece, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How records are read: what is masked, and the user's own formats as ``registry.pack``."""

    masking: Masking = field(default_factory=Masking)
    tables: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A piece of one file of plain lines; without ``piece`` all of its files."""

    sources: tuple[Source, ...]
    piece: Piece | None = None
    last: bool = True
    """Whether nothing of its files follows in another shard."""
    kept_whole: bool = False
    """Whether its records are held until all of them are there: this takes the most memory."""

    @property
    def size(self) -> int:
        """How much there is to read, in bytes of the files."""
        if self.piece is not None:
            return self.piece.end - self.piece.start
        return sum(source.size for source in self.sources)


def parse(shard: Shard, reading: Reading) -> Iterator[tuple[int, Columns]]:
    """Read the records of a shard.

    Yields:
        Runs of records of one source after another: the place of the source in the shard, and the
        columns, whose records and lines count from 1 within the run.
    """
    if shard.piece is not None:
        (source,) = shard.sources
        masking, tables = reading.masking, reading.tables
        at = source.modified_at
        yield 0, json_lines.read_piece(source.file, shard.piece, masking, tables, at)
        return
    places = {source.path: n for n, source in enumerate(shard.sources)}
    readers = registry(reading.tables)
    for source, columns in folding.read_group(shard.sources, readers, reading.masking):
        yield places[source.path], columns

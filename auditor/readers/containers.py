"""From paths to bytes: files, folders, archives, and pieces of them that end at a line.

A source is one file as the ledger knows it. Its identity is the hash of its head and of the bytes
before the point up to which it was read, so that a file that only grew is told from one that was
rotated or rewritten.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from auditor.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EDGE = 4096
"""Bytes at head and tail that tell a file."""

GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log file as it lies on the disk now."""

    path: Path
    size: int
    modified_at: datetime
    packed: bool
    """Compressed: read from the start again when it changed."""

    def head_hash(self, size: int) -> str:
        """Hash the first bytes, of the first ``size`` ones."""
        with self.path.open("rb") as file:
            return _hash(file.read(min(EDGE, size)))

    def tail_hash(self, position: int) -> str:
        """Hash the bytes before a position."""
        with self.path.open("rb") as file:
            file.seek(max(0, position - EDGE))
            return _hash(file.read(min(EDGE, position)))

    def lines_before(self, position: int) -> int:
        """Count the line feeds before a position."""
        lines = 0
        with self.path.open("rb") as file:
            while position > 0 and (block := file.read(min(position, 1 << 22))):
                lines += block.count(b"\n")
                position -= len(block)
        return lines


def _hash(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


def sources(paths: Sequence[str | Path]) -> list[Source]:
    """Return the log files that paths name.

    Raises:
        LogError: a path that does not exist or cannot be read.
    """
    return [_source(path) for given in paths for path in _files(Path(given))]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        if not found:
            raise LogError(f"{path}: the folder holds no files", hint="name the folder of the logs")
        return found
    if path.exists():
        return [path]
    matches = (
        sorted(Path().glob(str(path)))
        if not path.is_absolute()
        else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    )
    if matches:
        return [file for match in matches for file in _files(match)]
    raise LogError(f"{path}: no such file", hint="check the path; a folder or a glob is fine too")


def _source(path: Path) -> Source:
    try:
        stat = path.stat()
        with path.open("rb") as file:
            magic = file.read(2)
    except OSError as error:
        raise LogError(
            f"{path}: cannot be read: {error.strerror}", hint="check its owner"
        ) from error
    return Source(
        path=path.resolve(),
        size=stat.st_size,
        modified_at=datetime.fromtimestamp(stat.st_mtime, UTC),
        packed=magic == GZIP,
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of whole lines: where it begins and ends in the uncompressed bytes."""

    start: int
    end: int
    data: bytes | None = None
    """The bytes, where they cannot be read from the file at ``start``."""


PIECE_BYTES = 32 * 1024 * 1024


def pieces(source: Source, start: int) -> Iterator[Piece]:
    """Cut a file of lines into pieces of about 32 MiB that end at a line feed.

    Raises:
        LogError: a compressed file that is broken.
    """
    if source.packed:
        yield from _unpacked_pieces(source)
        return
    with source.path.open("rb") as file:
        while start < source.size:
            end = _line_end(file, start + PIECE_BYTES, source.size)
            yield Piece(start, end)
            start = end


def _line_end(file: IO[bytes], position: int, size: int) -> int:
    """Return the position after the first line feed at or after a position."""
    while position < size:
        file.seek(position - 1)
        block = file.read(1 << 20)
        if not block:
            break
        found = block.find(b"\n")
        if found >= 0:
            return position + found
        position += len(block) - 1 or 1
    return size


def _unpacked_pieces(source: Source) -> Iterator[Piece]:
    start, rest = 0, b""
    try:
        with gzip.open(source.path, "rb") as file:
            while block := file.read(PIECE_BYTES):
                data = rest + block
                cut = data.rfind(b"\n") + 1
                rest = data[cut:]
                if cut:
                    yield Piece(start, start + cut, data[:cut])
                    start += cut
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(
            f"{source.path}: the archive is broken: {error}", hint="was it copied completely?"
        ) from error
    if rest:
        yield Piece(start, start + len(rest), rest)

"""From paths to bytes: files, folders, globs, standard input, archives.

A source is one file as the ledger knows it. Its identity is the hash of its head and of the bytes
before the point up to which it was read, so that a file that only grew is told from one that was
rotated or rewritten. What is in a file is told by its first bytes, never by its name.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from auditor import outputs
from auditor.errors import LogError
from auditor.readers.columns.labels import masked_name
from auditor.readers.files import decoding
from auditor.text.surrogates import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EDGE = 4096
"""Bytes at head and tail that tell a file."""

PIECE_BYTES = 4 * 1024 * 1024
"""Measured: 4 to 16 MiB take a sixth less time than 32, for their memory is used again."""

PEEK = 64 * 1024
STDIN = "-"

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "sqlite"),
)
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
HEAD = 512
"""Bytes that tell what a file is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log file as it lies on the disk now."""

    path: str
    """As the ledger shows it: absolute and without secrets, or - for standard input."""
    file: Path
    size: int
    modified_at: datetime | None
    magic: str | None
    """What its first bytes say it is, as ``magic`` returns it."""

    def head_hash(self, size: int) -> str:
        """Hash the first bytes, of the first ``size`` ones."""
        with self.file.open("rb") as file:
            return _hash(file.read(min(EDGE, size)))

    def tail_hash(self, position: int) -> str:
        """Hash the bytes before a position."""
        with self.file.open("rb") as file:
            file.seek(max(0, position - EDGE))
            return _hash(file.read(min(EDGE, position)))

    def line_start(self, position: int) -> int:
        """Return a position that a line begins at: the one given, or the start of the file."""
        with self.file.open("rb") as file:
            file.seek(max(0, position - 1))
            return position if position and file.read(1) == b"\n" else 0

    def lines_before(self, position: int) -> int:
        """Count the line feeds before a position."""
        lines = 0
        with self.file.open("rb") as file:
            while position > 0 and (block := file.read(min(position, 1 << 22))):
                lines += block.count(b"\n")
                position -= len(block)
        return lines


def _hash(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


@contextmanager
def sources(
    paths: Sequence[str | Path], skipped: list[str] | None = None
) -> Iterator[list[Source]]:
    """Give the log files that paths name; standard input is spooled for the time of the block.

    In a folder, what auditor itself wrote there and files that cannot be read are left out, and
    ``skipped`` is told.

    Raises:
        LogError: a path that does not exist, a named file that cannot be read or is none.
    """
    skipped = [] if skipped is None else skipped
    several = len(paths) > 1
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        found = []
        for given in dict.fromkeys(map(str, paths)):
            if given == STDIN:
                spool = Path(folder) / "stdin"
                with spool.open("wb") as file:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                found.append(_source(spool, STDIN))
            else:
                found += _named(Path(given), skipped, several=several)
        yield list({source.path: source for source in found}.values())


def _named(path: Path, skipped: list[str], *, several: bool) -> list[Source]:
    """Give the logs of a path; a file of ours that is named alone is taken at its word."""
    found, ours = [], []
    for file in _files(path):
        try:
            source = _source(file, masked_name(file_name(str(file.resolve()))))
        except LogError as error:
            if file == path:
                raise
            skipped.append(f"{error.message}: left out")
            continue
        written = outputs.kind_of(file) is not None if file == path else outputs.is_ours(file)
        if written and (several or file != path):
            ours.append(file_name(file.name))
        else:
            found.append(source)
    if ours:
        some = ", ".join(ours[:5]) + (", ..." if len(ours) > 5 else "")  # noqa: PLR2004 - a line
        files = "file" if len(ours) == 1 else "files"
        skipped.append(f"{file_name(str(path))}: left out {len(ours):,} {files} of auditor: {some}")
    return found


def _files(path: Path) -> list[Path]:
    shown = file_name(str(path))
    if path.is_dir():
        found = sorted(
            p for p in path.rglob("*")
            if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
        )  # fmt: skip
        if not found:
            hint = "name the folder of the logs"
            raise LogError(f"{shown}: the folder holds no files", hint=hint)
        return found
    if path.exists():
        return [path]
    root = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else str(path)
    matches = sorted(root.glob(pattern)) if any(c in pattern for c in "*?[") else []
    if matches:
        return [file for match in matches for file in _files(match)]
    raise LogError(f"{shown}: no such file", hint="check the path; a folder or a glob is fine too")


def _source(path: Path, name: str) -> Source:
    shown = file_name(str(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LogError(
                f"{shown} is no file but {_kind_of(status.st_mode)}",
                hint="to read what a program writes, pipe it: PROGRAM | auditor ingest -",
            )
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise LogError(
            f"{shown}: cannot be read: {error.strerror}", hint="check its owner and permissions"
        ) from error
    return Source(
        path=name,
        file=path,
        size=status.st_size,
        modified_at=None if name == STDIN else datetime.fromtimestamp(status.st_mtime, UTC),
        magic=magic(head),
    )


def _kind_of(mode: int) -> str:
    kinds = {
        stat.S_ISFIFO: "a pipe",
        stat.S_ISCHR: "a device",
        stat.S_ISBLK: "a device",
        stat.S_ISSOCK: "a socket",
    }
    return next((name for test, name in kinds.items() if test(mode)), "a folder")


def magic(head: bytes) -> str | None:
    """Return what the first ``HEAD`` bytes of a file say it is; None: text in UTF-8.

    gzip, zip, tar, parquet, ..., or the encoding of a text: utf-16-le, utf-16-be, ...
    """
    if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
        return "tar"
    found = next((name for mark, name in _MAGIC if head.startswith(mark)), None)
    return found or decoding.encoding_of(head)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of whole lines: where it begins and ends in the bytes of the file."""

    start: int
    end: int


def pieces(source: Source, start: int) -> Iterator[Piece]:
    """Cut a plain file of lines into pieces of about ``PIECE_BYTES`` that end at a line feed."""
    with source.file.open("rb") as file:
        while start < source.size:
            end = _line_end(file, start + PIECE_BYTES, source.size)
            yield Piece(start, end)
            start = end


def _line_end(file: IO[bytes], position: int, size: int) -> int:
    """Return the position after the first line feed at or after the byte before a position."""
    while position < size:
        file.seek(position - 1)
        block = file.read(1 << 20)
        if not block:
            break
        found = block.find(b"\n")
        if found >= 0:
            return position + found
        position += len(block)
    return size

"""The members of zip and tar archives, also of damaged ones: what is whole comes out.

Formats: APPNOTE.TXT 6.3 of PKWARE (zip), POSIX.1-2017 pax (tar). A zip is read by its directory at
the end; where that is damaged or cut off, by the headers before the members.
"""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from auditor.readers.files.compression import Allowance, DamagedError, Unpacked
from auditor.text.surrogates import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _SIZES_BEHIND = 1, 8
_METHODS = {0: None, 8: "deflate", 12: "bzip2", 93: "zstd"}
_UNKNOWN = 0xFFFFFFFF
_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; ``damage`` says why it cannot be read at all."""

    name: str
    stream: Part | _Checked | None
    damage: str | None = None


class Part(io.RawIOBase):
    """The next bytes of a file, up to a size; ``error`` says if they end before it."""

    error: Exception | None = None

    def __init__(self, file: IO[bytes], size: int) -> None:
        super().__init__()
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        found = self._file.read(min(len(buffer), self._left))
        if not found and self._left and len(buffer):
            self.error = EOFError(_CUT)
            self._left = 0
        self._left -= len(found)
        buffer[: len(found)] = found
        return len(found)

    def drain(self) -> None:
        """Pass over what nobody has read."""
        while self.read(1 << 20):
            pass


class _Checked(io.RawIOBase):
    """The bytes of a member of a zip; ``error`` says if they are not those that were packed."""

    error: Exception | None = None

    def __init__(self, stream: Part | Unpacked, crc: int | None) -> None:
        super().__init__()
        self._stream = stream
        self._crc = crc
        self._found = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        size = self._stream.readinto(buffer)
        self._found = zlib.crc32(buffer[:size], self._found)
        if not size:
            self.error = self._stream.error
            if self.error is None and self._crc not in (None, self._found):
                self.error = DamagedError(
                    "the checksum is another one: some of what was read may be wrong"
                )
        return size


def is_hidden(name: str) -> bool:
    """Say whether a member is one that systems leave: a dot file, macOS's resource fork."""
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or (
        "__MACOSX" in parts
    )


# -- zip -------------------------------------------------------------------------------------------


def of_zip(file: IO[bytes], allowance: Allowance) -> Iterator[Member]:
    """Yield the members of a zip that can be sought in, by name.

    Raises:
        DamagedError: last, where the directory is damaged: some members may be missing.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.filename)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        yield from _without_directory(file, allowance)
        raise DamagedError(f"no directory of the archive: {error}") from error
    for info in infos:
        if not info.is_dir() and not is_hidden(info.filename):
            yield _listed(file, info, allowance)


def _listed(file: IO[bytes], info: zipfile.ZipInfo, allowance: Allowance) -> Member:
    name = file_name(info.filename)
    if info.flag_bits & _ENCRYPTED:
        return Member(name, None, "it is encrypted")
    try:
        file.seek(info.header_offset)
        header = _header(file)
    except (OSError, ValueError, struct.error) as error:
        return Member(name, None, f"no header of the member: {error}")
    part = Part(file, info.compress_size)
    return _member(name, part, header.method, allowance, info.CRC)


def _member(name: str, part: Part, method: int, allowance: Allowance, crc: int | None) -> Member:
    if method not in _METHODS:
        return Member(name, None, f"packed by method {method}, which is not read")
    kind = _METHODS[method]
    inner = Unpacked(io.BufferedReader(part), kind, allowance) if kind else part
    return Member(name, _Checked(inner, crc))


@dataclass(frozen=True, slots=True)
class _Header:
    """What stands before a member of a zip."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int


def _header(file: IO[bytes]) -> _Header:
    """Read the header at the position of a file; its member begins there then."""
    mark, _, flags, method, _, _, crc, packed, _, name, extra = _LOCAL_HEADER.unpack(
        file.read(_LOCAL_HEADER.size)
    )
    if mark != _LOCAL:
        raise DamagedError("another mark stands there")
    found = _Header(file.read(name), flags, method, crc, packed)
    file.seek(extra, io.SEEK_CUR)
    return found


def _without_directory(file: IO[bytes], allowance: Allowance) -> Iterator[Member]:
    """Yield the members by the headers before them."""
    position = 0
    while (position := _next_header(file, position)) >= 0:
        file.seek(position)
        try:
            header = _header(file)
        except (OSError, ValueError, struct.error):
            position += len(_LOCAL)
            continue
        begins = file.tell()
        name = file_name(header.name.decode("utf-8", "replace"))
        unknown = bool(header.flags & _SIZES_BEHIND) or header.packed == _UNKNOWN
        size = (1 << 62) if unknown else header.packed
        if name.endswith("/") or is_hidden(name) or header.flags & _ENCRYPTED:
            position = begins + (0 if unknown else size)
            continue
        if unknown and header.method == 0:
            yield Member(name, None, "how long it is was in the directory, which is damaged")
            position = begins
            continue
        crc = None if unknown else header.crc
        yield _member(name, Part(file, size), header.method, allowance, crc)
        # Where the next one begins is found by its mark, which packed bytes hold by chance only.
        position = begins + (1 if unknown else size)


def _next_header(file: IO[bytes], position: int) -> int:
    """Return where the next header is at or after a position; -1: nowhere."""
    file.seek(position)
    before = b""
    while block := file.read(1 << 20):
        at = (before + block).find(_LOCAL)
        if at >= 0:
            return position - len(before) + at
        position += len(block)
        before = block[-3:]
    return -1


# -- tar -------------------------------------------------------------------------------------------


def of_tar(file: IO[bytes]) -> Iterator[Member]:
    """Yield the files of a tar stream, in their order; each has to be read before the next.

    Raises:
        DamagedError: last, where a header was damaged or the end is missing.
    """
    damage: str | None = None
    long_name: str | None = None
    while len(block := file.read(_BLOCK)) == _BLOCK:
        if not block.strip(b"\0"):
            continue
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            damage = damage or f"a header of the archive: {error}"
            continue
        part = Part(file, max(0, info.size) if _has_data(info) else 0)
        if info.type in _NAMES:
            long_name = _long_name(part.read(1 << 20) or b"", info.type) or long_name
        elif info.type not in _OF_THE_NEXT:
            name, long_name = file_name(long_name or info.name), None
            if info.isreg() and not is_hidden(name):
                yield Member(name, part)
        part.drain()
        if part.error is not None:
            break  # the member has said so
        if _has_data(info):
            file.read(-info.size % _BLOCK)
    else:
        damage = damage or (_CUT if block else None)
    if damage is not None:
        raise DamagedError(damage)


_CUT = "it ends in the middle: the rest is missing"
_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE)
"""Entries that hold the name of the next one."""

_OF_THE_NEXT = (*_NAMES, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE)


def _has_data(info: tarfile.TarInfo) -> bool:
    return info.isreg() or info.type in _OF_THE_NEXT


def _long_name(raw: bytes, kind: bytes) -> str | None:
    """Return the name that GNU tar or pax writes before a member."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
    for line in raw.split(b"\n"):
        _, _, record = line.partition(b" ")
        if record.startswith(b"path="):
            return record[5:].decode("utf-8", "surrogateescape")
    return None


BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
"""What reading a damaged file raises."""

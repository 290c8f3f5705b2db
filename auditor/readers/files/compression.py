"""Compressed streams: everything up to the damage, and no more than is worth reading.

Python's own ``gzip`` and ``zipfile`` drop what they have unpacked when they meet damage behind it,
a wrong checksum at the end included. Here the bytes before the damage come out, and ``error`` says
what came then. ``Allowance`` ends a bomb: a small file that unpacks to gigabytes of nothing.

Formats: RFC 1952 (gzip), RFC 1951 (deflate), RFC 8878 (zstd).
"""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 16 * 1024
"""Compressed bytes taken at a time: what is lost, at most, where a decoder keeps nothing back."""

_OUT = 256 * 1024
_XZ_MEMORY = 128 << 20
"""xz -9 takes 65 MB to unpack; a file that asks for more is one to be afraid of."""

COMPRESSED = ("gzip", "zstd", "bzip2", "xz")


class DamagedError(OSError):
    """A compressed file or an archive is damaged, or a bomb; says how in one line."""


class Allowance:
    """How much of a packed file is unpacked before a call turns up in it.

    A log that unpacks to a hundred times its size is rare, and one that does so without a call
    in it for ``GAP`` bytes is none. Whoever reads says when there was one: ``worthwhile()``.
    """

    RATIO = 100
    GAP = 64 << 20
    LEAST = 1 << 20
    """What is left of ``GAP`` for a member of an archive that was full of bombs."""

    RECORD = 100
    """Bytes that a record which is no call counts for besides its own: the ledger's row of it."""

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._total = self._gap = self._kept = 0
        self._most = self.GAP

    def take(self, unpacked: int) -> None:
        """Count unpacked bytes.

        Raises:
            DamagedError: it is a bomb.
        """
        self._total += unpacked
        self._gap += unpacked
        if self._gap > self._most and self._total + self._kept > self.RATIO * self._size:
            # The next member of an archive has a chance too; ever less of one with each bomb.
            self._gap, self._most = 0, max(self._most // 2, self.LEAST)
            raise DamagedError(
                f"{self._total:,} bytes unpacked from {self._size:,}, and no call in them "
                "for long: the rest is not read"
            )

    def worthwhile(self) -> None:
        """Say that there was a call in what was unpacked last."""
        self._gap = 0

    def worthless(self, records: int) -> None:
        """Say that so many records were no calls: each is kept, so that short ones weigh more."""
        self._gap += records * self.RECORD
        self._kept += records * self.RECORD


class _Decoder(Protocol):
    """Unpacks one stream; ``unused_data`` is what follows it."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class Deflate:
    """A raw deflate stream that keeps what it has unpacked where it meets damage."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        self._kept = b""
        self._damage: zlib.error | None = None

    @property
    def needs_input(self) -> bool:
        """Whether it has nothing left to unpack."""
        return not self._kept and self._damage is None

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the stream."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """Return at most ``max_length`` unpacked bytes; input that is left is kept.

        Raises:
            zlib.error: nothing more can be unpacked.
        """
        if self._damage is not None:
            raise self._damage
        before = self._inner.copy()
        data = self._kept + data
        try:
            found = self._inner.decompress(data, max(max_length, 0))
        except zlib.error as error:
            self._damage = error
            return _bytewise(before, data)
        self._kept = self._inner.unconsumed_tail
        return found


def _bytewise(decoder: Any, data: bytes) -> bytes:
    """Unpack up to the very byte that is wrong."""
    found = io.BytesIO()
    with suppress(zlib.error):  # known already
        for n in range(len(data)):
            found.write(decoder.decompress(data[n : n + 1]))
    return found.getvalue()


class _Gzip:
    """A gzip member: header, deflate stream, checksum."""

    _TRAILER = 8
    _EXTRA, _NAME, _COMMENT, _HEADER_CRC = 4, 8, 16, 2

    def __init__(self) -> None:
        self._deflate: Deflate | None = None
        self._crc = self._size = 0
        self._head = self._tail = b""
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """Return unpacked bytes.

        Raises:
            DamagedError: no gzip header, or a checksum that is another one.
            zlib.error: damage in the stream.
        """
        if self._deflate is None:
            self._head += data
            size = self._header_size()
            if size is None:
                return b""
            self._deflate, data, self._head = Deflate(), self._head[size:], b""
        if self._deflate.eof:
            self._end(data)
            return b""
        found = self._deflate.decompress(data, max_length)
        self._crc = zlib.crc32(found, self._crc)
        self._size += len(found)
        if self._deflate.eof:
            self._tail = self._deflate.unused_data
        return found

    @property
    def needs_input(self) -> bool:
        """Whether it has nothing left to unpack or to compare."""
        if self._deflate is None:
            return True
        return len(self._tail) < self._TRAILER if self._deflate.eof else self._deflate.needs_input

    def _end(self, data: bytes) -> None:
        self._tail += data
        if len(self._tail) < self._TRAILER:
            return
        crc, size = struct.unpack("<II", self._tail[: self._TRAILER])
        if (crc, size) != (self._crc, self._size & 0xFFFFFFFF):
            raise DamagedError("the checksum is another one: some of what was read may be wrong")
        self.eof, self.unused_data = True, self._tail[self._TRAILER :]

    def _header_size(self) -> int | None:
        """Return how long the header is; None: not all of it is there."""
        head = self._head
        if not b"\x1f\x8b\x08".startswith(head[:3]):
            raise DamagedError("bytes that are no gzip follow")
        if len(head) < 10:  # noqa: PLR2004 - RFC 1952, 2.3.1
            return None
        flags, at = head[3], 10
        if flags & self._EXTRA:
            if len(head) < at + 2:
                return None
            at += 2 + int.from_bytes(head[at : at + 2], "little")
        for flag in (self._NAME, self._COMMENT):
            if flags & flag:
                end = head.find(b"\0", at)
                if end < 0:
                    if len(head) > 1 << 17:
                        raise DamagedError("a header without an end")
                    return None
                at = end + 1
        at += 2 if flags & self._HEADER_CRC else 0
        return at if at <= len(head) else None


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a stream, up to where it is damaged."""

    error: Exception | None = None
    """What is wrong with it, once all that is whole was read."""

    unused: bytes
    """What was read of the file and follows the stream."""

    def __init__(self, file: IO[bytes], kind: str, allowance: Allowance) -> None:
        super().__init__()
        self._file = file
        self._allowance = allowance
        self._waiting = self.unused = b""
        if kind == "zstd":
            self._fill = self._of_zstd(file)
        else:
            drops = kind == "xz" and file.seekable()
            self._fill = self._of_decoder(_MAKERS[kind], one=kind == "deflate", to_the_byte=drops)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0: the end, or the damage."""
        while not self._waiting and self.error is None:
            try:
                found = self._fill()
                if found is None:
                    return 0
                self._waiting = found
                self._allowance.take(len(found))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                self.error = error
        taken = self._waiting[: len(buffer)]
        self._waiting = self._waiting[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _of_zstd(self, file: IO[bytes]) -> Callable[[], bytes | None]:
        """Return what gives the next bytes; what a read that fails had is read again, bytewise."""
        start = file.tell() if file.seekable() else None
        stream = _zstd(file)
        done = 0
        damage: OSError | None = None

        def fill() -> bytes | None:
            nonlocal done, damage
            if damage is not None:
                raise damage
            try:
                found = bytes(stream.read(_CHUNK))
            except OSError as error:
                if start is None:
                    raise
                damage = error
                file.seek(start)
                return _up_to_damage(_zstd(file), done)
            done += len(found)
            return found or None

        return fill

    def _of_decoder(
        self, make: Callable[[], _Decoder], *, one: bool, to_the_byte: bool
    ) -> Callable[[], bytes | None]:
        """Return what gives the next bytes of streams that may follow each other; None: the end."""
        decoder: _Decoder | None = None
        ended = False

        def fill(limit: int = _OUT) -> bytes | None:
            nonlocal decoder, ended
            if ended and one:
                return None
            data = b""
            if decoder is None or decoder.needs_input:
                data, self.unused = self.unused or self._file.read(_CHUNK), b""
            if decoder is None:
                if not data:
                    return None
                data = data.lstrip(b"\0") if ended else data  # archives are padded with them
                if not data:
                    return b""
                decoder = make()
            found = decoder.decompress(data, limit)
            if decoder.eof:
                self.unused, decoder, ended = decoder.unused_data, None, True
            elif not found and not data and decoder.needs_input:
                raise EOFError("it ends in the middle: the rest is missing")
            return found

        def begin_again() -> None:
            nonlocal decoder, ended
            decoder, ended, self.unused = None, False, b""

        return self._to_the_byte(fill, begin_again) if to_the_byte else fill

    def _to_the_byte(
        self, fill: Callable[[int], bytes | None], begin_again: Callable[[], None]
    ) -> Callable[[], bytes | None]:
        """Return what gives the next bytes of a decoder that drops some where it meets damage.

        Those are unpacked again, one by one.
        """
        start = self._file.tell()
        done = 0
        damage: lzma.LZMAError | None = None

        def careful() -> bytes | None:
            nonlocal done, damage
            if damage is not None:
                raise damage
            try:
                found = fill(_OUT)
            except lzma.LZMAError as error:
                damage = error
                self._file.seek(start)
                begin_again()
                while done > 0:
                    done -= len(fill(min(done, _OUT)) or b"")
                rest = io.BytesIO()
                with suppress(lzma.LZMAError, EOFError):  # known already
                    while rest.tell() < _OUT and (byte := fill(1)) is not None:
                        rest.write(byte)
                return rest.getvalue()
            done += len(found or b"")
            return found

        return careful


def _zstd(file: IO[bytes]) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


def _up_to_damage(stream: Any, skip: int) -> bytes:
    """Return what a stream gives behind the first ``skip`` bytes, to the very last byte."""
    while skip > 0:
        skip -= len(stream.read(min(skip, _CHUNK)))
    found = io.BytesIO()
    with suppress(OSError):  # known already
        while byte := bytes(stream.read(1)):
            found.write(byte)
    return found.getvalue()


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


_MAKERS: dict[str, Callable[[], Any]] = {
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": _xz,
    "deflate": Deflate,
}

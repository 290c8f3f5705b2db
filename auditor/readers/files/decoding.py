"""Texts that are not UTF-8, as UTF-8: told by their byte order mark, or by where their zeros are.

Windows PowerShell writes what ``>`` redirects as UTF-16 with a mark (Microsoft, about Character
Encoding); .NET and Java programs write UTF-16 without one. Whatever follows reads UTF-8 and knows
of no other encoding: offsets are those of the UTF-8 text.
"""

from __future__ import annotations

import codecs
import io
from typing import IO, Any

_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
ENCODINGS = frozenset(name for _, name in _MARKS)
"""The encodings that are told from UTF-8."""

_LEAST = 8
_BLOCK = 1 << 16


def encoding_of(head: bytes) -> str | None:
    """Return the encoding of a text by its first bytes; None: UTF-8, or no text at all.

    Without a mark it is told by ASCII characters whose other bytes are zeros: every log begins
    with such, and no UTF-8 text holds a zero.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[: 2 * _LEAST]
    if len(sample) < _LEAST or len(sample) % 2:
        return None
    for name, zeros, letters in (
        ("utf-32-le", sample[1::4] + sample[2::4] + sample[3::4], sample[::4]),
        ("utf-32-be", sample[::4] + sample[1::4] + sample[2::4], sample[3::4]),
        ("utf-16-le", sample[1::2], sample[::2]),
        ("utf-16-be", sample[::2], sample[1::2]),
    ):
        if not any(zeros) and all(_is_ascii_text(byte) for byte in letters):
            return name
    return None


def _is_ascii_text(byte: int) -> bool:
    return 0x20 <= byte < 0x7F or byte in b"\t\r\n"  # noqa: PLR2004 - ASCII


def as_utf8(file: IO[bytes], encoding: str) -> IO[bytes]:
    """Return the text of a stream as UTF-8, decoded block by block.

    What the encoding cannot mean becomes U+FFFD: its record is read, the rest of it is right.
    """
    return io.BufferedReader(_Utf8(file, encoding), _BLOCK)


class _Utf8(io.RawIOBase):
    """Decodes as it is read; the byte order mark is left out."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        super().__init__()
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""
        self._begun = self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            raw = self._file.read(_BLOCK)
            self._ended = not raw
            text = self._decoder.decode(raw, final=self._ended)
            if text and not self._begun:
                self._begun = True
                text = text.removeprefix("\ufeff")
            self._ready = text.encode("utf-8", "replace")
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

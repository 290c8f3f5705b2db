"""JSON text to records: cut into lines, or into the values of a document, on the bytes.

So one broken value costs one reject and each has its offset: arrays, single objects, and objects
one after another over any number of lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from auditor.readers.call import Reject
from auditor.readers.files import brackets
from auditor.readers.files.containers import PIECE_BYTES
from auditor.readers.parsing import BOM, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Json, Outcome

MAX_RECORD = 256 * 1024 * 1024
"""A single value longer than this is rejected, not parsed."""

EXCERPT = 1000
_VALUE_BYTES = 80
BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a container, parsed; or what it is instead."""

    record: Json | Outcome
    raw: bytes = b""
    line_no: int | None = None
    offset: int | None = None
    member: str | None = None
    weight: int = 0
    """About how much memory the parsed record takes, in bytes."""


def weight(raw: bytes) -> int:
    """Estimate how much memory a JSON text takes when it is parsed, in bytes."""
    return len(raw) + _VALUE_BYTES * (raw.count(b",") + raw.count(b"{") + raw.count(b"["))


def blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes | Reject]]:
    """Yield blocks of whole lines, and where they begin.

    A line that is longer than any record is given up without being kept.
    """
    kept: list[bytes] = []
    start = size = 0
    while block := file.read(PIECE_BYTES):
        end = block.rfind(b"\n") + 1
        if not end:
            size += len(block)
            kept = [*kept, block] if size <= MAX_RECORD else []
            continue
        at, first = start, 0
        if size > MAX_RECORD:
            first = block.find(b"\n") + 1
            at += size + first
            yield start, Reject("too-long", f"{size + first} bytes")
        if first < end:
            yield at, b"".join([*kept, block[first:end]])
        start, kept, size = start + size + end, [block[end:]], len(block) - end
    if size > MAX_RECORD:
        yield start, Reject("too-long", f"{size} bytes")
    elif size:
        yield start, b"".join(kept)


def lines(file: IO[bytes], member: str | None) -> Iterator[Item]:
    """Cut lines into records, each of which is one."""
    for line_no, offset, line in numbered(file):
        if isinstance(line, Reject):
            yield Item(line, b"", line_no, offset, member)
        else:
            yield Item(_parsed(line), line[:EXCERPT], line_no, offset, member, weight(line))


def numbered(file: IO[bytes]) -> Iterator[tuple[int, int, bytes | Reject]]:
    """Yield lines with their number and where they begin."""
    line_no = 0
    for start, block in blocks(file):
        if isinstance(block, Reject):
            line_no += 1
            yield line_no, start, block
            continue
        offset = start
        for line in block.removesuffix(b"\n").split(b"\n"):
            line_no += 1
            yield line_no, offset, line.removeprefix(BOM) if offset == 0 else line
            offset += len(line) + 1


def _parsed(raw: bytes) -> Json | Outcome:
    return Reject("too-long", f"{len(raw)} bytes") if len(raw) > MAX_RECORD else parse(raw)


_TOKEN = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def values(file: IO[bytes], member: str | None) -> Iterator[Item]:
    """Cut a JSON document into the values at its top, or in its one array at the top."""
    cutter = Cutter(member)
    while block := file.read(BLOCK):
        yield from cutter.feed(block)
    yield from cutter.close()


class Cutter:
    """Finds where values begin and end by counting brackets outside of strings.

    Of a value, or of what stands between values, no more than ``MAX_RECORD`` bytes are kept.
    """

    def __init__(self, member: str | None) -> None:
        self._member = member
        self._buffer = bytearray()
        self._base = 0  # offset of the buffer in the file
        self._line = 1  # line at the start of the buffer
        self._at = 0  # where scanning goes on in the buffer
        self._depth = 0
        self._array = False
        self._in_string = False
        self._start: int | None = None
        self._gap = 0  # where what is between values begins
        self._lost: tuple[int, int] | None = None  # offset and line of a value that is too long

    def feed(self, block: bytes) -> Iterator[Item]:
        """Yield the values that end in the next block."""
        self._buffer += block
        while True:
            if self._in_string:
                end = _STRING_END.match(self._buffer, self._at)
                if end is None:
                    # The string goes on in the next block: a backslash at the end does so too.
                    new = self._buffer[self._at :]
                    self._at = len(self._buffer) - (len(new) - len(new.rstrip(b"\\"))) % 2
                    break
                self._at, self._in_string = end.end(), False
            if self._is_long():
                self._at, self._depth, self._in_string = brackets.follow(
                    self._buffer, self._at, self._depth, self._top
                )
                if self._in_string:
                    continue
            token = _TOKEN.search(self._buffer, self._at)
            if token is None:
                self._at = len(self._buffer)
                break
            self._at = token.end()
            if token.group() == b'"':
                self._in_string = True
            else:
                yield from self._bracket(token.group(), token.start())
        self._drop()

    def _is_long(self) -> bool:
        """Say whether the value at work is so long that its brackets are better counted."""
        if self._start is None or self._depth <= self._top:
            return False
        return self._lost is not None or self._at - self._start > brackets.WINDOW

    @property
    def _top(self) -> int:
        """The depth at which values begin."""
        return 1 if self._array else 0

    def _bracket(self, mark: bytes, position: int) -> Iterator[Item]:
        top = self._top
        if mark in (b"{", b"["):
            if mark == b"[" and self._depth == 0 and not self._array:
                yield from self._between(position)
                self._array, self._depth, self._gap = True, 1, position + 1
                return
            if self._depth == top:
                yield from self._between(position)
                self._start = position
            self._depth += 1
            return
        self._depth -= 1
        if self._array and self._depth <= 0:
            yield from self._between(position)
            self._array, self._depth, self._gap = False, 0, position + 1
        elif self._depth == top and self._start is not None:
            yield self._item(self._start, position + 1)
            self._start, self._gap = None, position + 1
        elif self._depth < top:
            self._depth = top

    def _between(self, end: int) -> Iterator[Item]:
        raw = self._buffer[self._gap : end]
        if self._lost is not None or raw.removeprefix(BOM).strip(b" \t\r\n,\x1e"):
            yield self._item(self._gap, end)
        self._gap = end

    def _item(self, start: int, end: int) -> Item:
        if self._lost is not None:
            (offset, line), self._lost = self._lost, None
            why = Reject("too-long", f"{self._base + end - offset} bytes")
            return Item(why, b"", line, offset, self._member)
        raw = bytes(self._buffer[start:end])
        stripped = raw.strip(b" \t\r\n,")
        line = self._line + self._buffer.count(b"\n", 0, start)
        offset = self._base + start
        return Item(
            _parsed(stripped), stripped[:EXCERPT], line, offset, self._member, weight(stripped)
        )

    def _drop(self) -> None:
        """Forget what lies before the value at work, and of that what no record is as long as."""
        done = self._gap if self._start is None else self._start
        if len(self._buffer) - done > MAX_RECORD:
            if self._lost is None:
                line = self._line + self._buffer.count(b"\n", 0, done)
                self._lost = (self._base + done, line)
            done = self._at
        elif done < BLOCK // 2 and done < len(self._buffer):
            return
        self._line += self._buffer.count(b"\n", 0, done)
        self._base += done
        del self._buffer[:done]
        self._at -= done
        self._gap = max(0, self._gap - done)
        if self._start is not None:
            self._start = max(0, self._start - done)

    def close(self) -> Iterator[Item]:
        """Yield what is left: a value that was cut off."""
        start = self._gap if self._start is None else self._start
        rest = self._buffer[start:]
        if self._lost is not None or rest.removeprefix(BOM).strip(b" \t\r\n,\x00"):
            yield self._item(start, len(self._buffer))

"""Logs of containers: what a program wrote, line by line, in the envelope of its runtime.

Sources: Docker, json-file logging driver (``log`` ends with a line feed where a line does: longer
ones than 16 KiB are several entries); Kubernetes, CRI log format (time, stream, tag, text; the tag
is P for a part of a line and F for its end); Fluent Bit's records of both (``logtag`` or ``_p``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NamedTuple

import orjson

from auditor.readers import log_line
from auditor.readers.call import NotCall, Reject
from auditor.readers.files.json_records import EXCERPT, MAX_RECORD, Item, numbered, weight
from auditor.readers.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_CRI = re.compile(rb"(\d{4}-\d\d-\d\dT[0-9:.]{8,18}\S{1,6}) (stdout|stderr) ([PF])(?::\S{0,20})? ")
_STREAMS = ("stdout", "stderr")
_LONG = 1 << 20
"""An entry of Docker holds 16 KiB: what is longer is a record of something else."""


class _Entry(NamedTuple):
    """A line of the log of a container."""

    stream: str
    time: str
    text: bytes
    ends: bool
    """Whether the program's line ends here."""


@dataclass(slots=True)
class _Line:
    """A line of a program whose end has not come yet."""

    line_no: int
    offset: int
    time: str
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


def is_entry(line: bytes) -> bool:
    """Say whether a line is one of a container's log."""
    return _entry(line) is not None


def lines(file: IO[bytes], member: str | None) -> Iterator[Item]:
    """Yield the lines of the program as records; parts are joined, each stream for itself.

    A record has the place of its first part, and the time of it where it has none of its own.
    """
    begun: dict[str, _Line] = {}
    for line_no, offset, raw in numbered(file):
        entry = None if isinstance(raw, Reject) else _entry(raw)
        if isinstance(raw, Reject):
            yield Item(raw, b"", line_no, offset, member)
            continue
        if entry is None:
            yield Item(parse(raw), raw[:EXCERPT], line_no, offset, member, weight(raw))
            continue
        line = begun.setdefault(entry.stream, _Line(line_no, offset, entry.time))
        line.size += len(entry.text)
        line.parts = [*line.parts, entry.text] if line.size <= MAX_RECORD else []
        if entry.ends or (len(line.parts) == 1 and _is_whole(entry.text)):
            yield _item(begun.pop(entry.stream), member)
        else:
            yield Item(NotCall("a part of a line"), entry.text[:EXCERPT], line_no, offset, member)
    for line in begun.values():
        if line.parts and line.size <= MAX_RECORD:
            yield _item(line, member)


def _entry(raw: bytes) -> _Entry | None:
    if found := _CRI.match(raw):
        time, stream, tag = (part.decode("utf-8", "replace") for part in found.groups())
        return _Entry(stream, time, raw[found.end() :], tag == "F")
    if len(raw) > _LONG or not raw.startswith(b"{") or b'"stream"' not in raw:
        return None
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    stream, time = record.get("stream"), record.get("time") or record.get("@timestamp")
    text = next((record[k] for k in ("log", "message") if isinstance(record.get(k), str)), None)
    if stream not in _STREAMS or not isinstance(time, str) or text is None:
        return None
    tag = record.get("logtag") or record.get("_p")
    ends = tag == "F" if isinstance(tag, str) else text.endswith("\n")
    return _Entry(stream, time, text.removesuffix("\n").encode("utf-8", "replace"), ends)


def _is_whole(text: bytes) -> bool:
    """Say whether a text that no line feed ends is an object: the last that a program wrote."""
    return text[:1] == b"{" and text.rstrip()[-1:] == b"}" and isinstance(parse(text), dict)


def _item(line: _Line, member: str | None) -> Item:
    if line.size > MAX_RECORD:
        too_long = Reject("too-long", f"{line.size} bytes")
        return Item(too_long, b"", line.line_no, line.offset, member)
    text = b"".join(line.parts)
    if b"{" not in text:
        # Whatever a program says on its output is in such a log: words are no damaged record.
        return Item(NotCall("a line of text"), text[:EXCERPT], line.line_no, line.offset, member)
    record = parse(text)
    if isinstance(record, dict):
        record = log_line.stamped(record, line.time)
    return Item(record, text[:EXCERPT], line.line_no, line.offset, member, weight(text))

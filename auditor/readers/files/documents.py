"""Containers of every kind: bytes to parsed records, one after another."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from auditor.readers.call import Call, NotCall, Reject, stumbled
from auditor.readers.files import (
    archives,
    container_logs,
    containers,
    decoding,
    json_records,
    side_files,
)
from auditor.readers.files.archives import BROKEN
from auditor.readers.files.compression import COMPRESSED, Allowance, DamagedError, Unpacked
from auditor.readers.files.json_records import BLOCK, EXCERPT, MAX_RECORD, Item, weight
from auditor.readers.parsing import BOM, parse
from auditor.readers.values import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Json


_SNIFF_LINES = 100
_BRACKETED = re.compile(rb"\[[A-Za-z0-9]")
"""How a logger's line begins, ``[2026-01-15 09:30:00] INFO``, and no array of records."""


def kind_of(head: bytes) -> str:  # noqa: PLR0911 - one return for each kind
    """Tell lines, lines of a container's log, values, csv and yaml apart by their first bytes."""
    text = head.removeprefix(BOM).lstrip()
    if container_logs.is_entry(text.split(b"\n", 1)[0]):
        return "container"
    if _BRACKETED.match(text):
        return "lines"
    if text[:1] not in (b"{", b"["):
        if re.search(rb"^interactions:", text[:4096], re.MULTILINE):
            return "yaml"
        first = text.split(b"\n", 1)[0]
        return "csv" if _is_header(first) else "lines"
    lines = text.split(b"\n")
    first = lines[0].strip()
    if first.startswith(b"[") and not first.startswith(b"[{}"):
        return "values"
    if isinstance(parse(first), dict):
        return "lines"
    if len(lines) == 1:
        # A line that goes on behind the head is one record, unless a value has ended in it.
        goes_on = len(head) >= containers.PEEK and not _ends_a_value(first)
        return "lines" if goes_on else "values"
    if _holds_several(first):
        return "values"
    complete = [
        line for line in lines[1:_SNIFF_LINES] if line[:1] == b"{" and isinstance(parse(line), dict)
    ]
    return "lines" if complete or len(first) > 200 else "values"  # noqa: PLR2004 - a long broken line


def _ends_a_value(line: bytes) -> bool:
    """Say whether a JSON value ends in the beginning of a line, so that others may follow."""
    try:
        json.JSONDecoder().raw_decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _holds_several(line: bytes) -> bool:
    """Say whether objects follow one another on a line, or lines end in carriage returns alone."""
    text = line.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end:].lstrip()[:1] == "{"


_COLUMN = re.compile(r"@?[^\W\d][^{}\x00-\x1f]{0,90}")
"""The name of a column: words of any language, with units and paths behind them."""


_NAME = re.compile(r"@?[a-z][A-Za-z0-9_.]{0,60}")
"""A column where there are but two: as a program names it, and no words of a sentence."""


def _is_header(line: bytes) -> bool:
    text = line.decode("utf-8", "replace").rstrip("\r")
    for delimiter in ",\t;":
        try:
            names = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:  # a carriage return within it: no line of a table
            return False
        column = _COLUMN if len(names) > 2 else _NAME  # noqa: PLR2004
        if len(names) > 1 and all(column.fullmatch(name.strip()) for name in names):
            return True
    return False


def glance(source: containers.Source, allowance: Allowance | None = None) -> Iterator[Item]:
    """Yield the first records of a file, of any kind, for those who ask what it is.

    Of a plain file no more is read than its first record can be long.
    """
    allowance = allowance or Allowance(source.size)
    if source.magic is not None or side_files.of(source.file) is not None:
        yield from items(source, allowance)
        return
    place = _Place(None, source.file, None, 0, allowance)
    with source.file.open("rb") as file:
        most = min(source.size, MAX_RECORD + BLOCK)
        yield from _items(place, io.BufferedReader(archives.Part(file, most), containers.PEEK))


def items(source: containers.Source, allowance: Allowance | None = None) -> Iterator[Item]:
    """Yield the records of a file of any kind.

    What is damaged costs one reject with its member; what could be read of it was yielded before,
    and other members of an archive follow. ``allowance`` is told by whoever reads when there was a
    call, so that a bomb ends.
    """
    allowance = allowance or Allowance(source.size)
    side = side_files.of(source.file)
    with source.file.open("rb") as file:
        if side is not None:
            yield _part(_opened(file, source.magic, allowance), side)
            return
        yield from _items(_Place(source.magic, source.file, None, 0, allowance), file)


def is_lines(source: containers.Source) -> bool:
    """Say whether a file is JSON lines, plain, compressed or in another encoding."""
    if source.magic not in (None, *COMPRESSED, *decoding.ENCODINGS):
        return False
    with source.file.open("rb") as file:
        head = _opened(file, source.magic, Allowance(source.size)).read(containers.PEEK)
    return containers.magic(head) is None and kind_of(head) == "lines"


def line_blocks(
    source: containers.Source, allowance: Allowance
) -> Iterator[tuple[int | None, bytes | Reject]]:
    """Yield blocks of whole lines of a file, and where they begin in the unpacked bytes.

    A damaged file ends with a reject that has no place, for the damage and the line it cut.
    """
    with source.file.open("rb") as file:
        stream = _opened(file, source.magic, allowance)
        spoilt = 0
        for start, block in json_records.blocks(stream):
            if _error_of(stream) is not None and isinstance(block, bytes):
                whole = _whole_lines(block)
                if len(whole) < len(block):
                    spoilt += block[len(whole) :].removesuffix(b"\n").count(b"\n") + 1
                block = whole  # noqa: PLW2901 - what is left of it
            if block:
                yield start, block
        if (error := _error_of(stream)) is not None:
            yield None, _damage(error, spoilt)


def _whole_lines(block: bytes) -> bytes:
    """Return lines without those at the end that damage has cut or made of other bytes."""
    whole = block.removesuffix(b"\n")
    while whole and not isinstance(parse(whole[whole.rfind(b"\n") + 1 :]), dict):
        whole = whole[: max(whole.rfind(b"\n"), 0)]
    return block if len(whole) == len(block) else block[: len(whole) + 1] if whole else b""


def _damage(error: Exception, spoilt: int = 0) -> Reject:
    """Return the one reject of a damage; ``spoilt`` records before it are no records any more."""
    lost = f"; {spoilt:,} record{'s' if spoilt > 1 else ''} before it cannot be read"
    return Reject(DAMAGED, f"{error}{lost if spoilt else ''}")


def _opened(file: IO[bytes], kind: str | None, allowance: Allowance) -> IO[bytes]:
    """Return the text of a file as UTF-8, unpacked where it is compressed."""
    if kind in decoding.ENCODINGS:
        return decoding.as_utf8(file, kind or "")
    if kind not in COMPRESSED:
        return file
    return io.BufferedReader(Unpacked(file, kind, allowance), containers.PEEK)


def _error_of(stream: IO[bytes]) -> Exception | None:
    """Return the damage that ended what ``_opened`` gave."""
    raw = getattr(stream, "raw", None)
    return raw.error if isinstance(raw, Unpacked) else None


def _part(file: IO[bytes], side: side_files.SideFile) -> Item:
    """Read a file that is one part of a record elsewhere."""
    record = {"schemaType": side_files.KIND, "requestId": side.request_id, "part": side.part}
    if side.is_media:
        return Item(record)
    raw = file.read(MAX_RECORD + 1)
    if (error := _error_of(file)) is not None:
        return Item(_damage(error), raw[:EXCERPT])
    if len(raw) > MAX_RECORD:
        return Item(Reject("too-long", f"more than {MAX_RECORD} bytes"), raw[:EXCERPT])
    body = parse(b'{"body": %b}' % raw)
    return Item({**body, **record} if isinstance(body, dict) else body, raw[:EXCERPT], 1, 0)


DAMAGED = "broken-archive"
_MOST_SPOILT = 1_000


def _is_damage(item: Item) -> bool:
    return isinstance(item.record, Reject) and item.record.reason == DAMAGED


MAX_DEPTH = 4
"""Archives in archives: a log rotated by one tool and collected by another makes two or three."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where bytes lie: what they are, and in which file, member and depth of archives."""

    kind: str | None
    path: Path | None
    """The file, where the bytes are a whole one on the disk."""
    member: str | None
    depth: int
    allowance: Allowance

    def inside(self, kind: str | None, member: str | None) -> _Place:
        return _Place(kind, None, member, self.depth + 1, self.allowance)


def _items(place: _Place, file: IO[bytes]) -> Iterator[Item]:
    try:
        if place.depth > MAX_DEPTH:
            raise DamagedError(f"more than {MAX_DEPTH} archives in each other")  # noqa: TRY301
        if place.kind in COMPRESSED:
            stream = Unpacked(file, place.kind or "", place.allowance)
            yield from _stream(place, stream, place.member)
        elif place.kind in decoding.ENCODINGS:
            yield from _text(decoding.as_utf8(file, place.kind or ""), place.member)
        elif place.kind == "tar":
            yield from _members(place, archives.of_tar(file))
        elif place.kind in ("zip", "parquet", "sqlite"):
            yield from _seekable(place, file)
        else:
            yield from _text(file, place.member)
    except BROKEN as error:
        yield Item(_damage(error), member=place.member)
    except Exception as error:  # noqa: BLE001 - it costs this file, not the run
        yield Item(stumbled(error), member=place.member)


def _stream(place: _Place, raw: Any, member: str | None) -> Iterator[Item]:
    """Read what is packed; the record that damage has cut is told with the damage, once."""
    stream = io.BufferedReader(raw, BLOCK)
    head = stream.read(containers.HEAD)
    inside = place.inside(containers.magic(head), member)
    doubtful: list[Item] = []
    for item in _items(inside, _joined(head, stream)):
        doubtful.append(item)
        if not isinstance(item.record, Reject) or len(doubtful) > _MOST_SPOILT:
            yield from doubtful
            doubtful = []
    if raw.error is None:
        yield from doubtful
    elif not (told := [item for item in doubtful if _is_damage(item)]):
        yield Item(_damage(raw.error, len(doubtful)), member=member)
    else:  # a member inside has met the same damage, and may not know its cause
        yield from (_caused(item, raw.error) for item in told)


def _caused(item: Item, cause: Exception) -> Item:
    """Return the reject of a damage with the cause that lies outside of its member."""
    effect = item.record.detail or "" if isinstance(item.record, Reject) else ""
    if effect.startswith(str(cause)):
        return item
    return replace(item, record=Reject(DAMAGED, f"{cause}: {effect}"))


def _joined(head: bytes, stream: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Joined(head, stream), BLOCK)


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of the stream."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        super().__init__()
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head or self._stream.read(min(len(buffer), containers.PEEK))
        taken, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _members(place: _Place, members: Iterator[archives.Member]) -> Iterator[Item]:
    damaged = False
    try:
        for member in members:
            name = f"{place.member}/{member.name}" if place.member else member.name
            if member.stream is None:
                yield Item(Reject(DAMAGED, member.damage or ""), member=name)
                continue
            yield from _stream(place, member.stream, name)
            damaged = damaged or member.stream.error is not None
    except DamagedError:
        if not damaged:  # else it has been told with the member that it cut
            raise


def _seekable(place: _Place, file: IO[bytes]) -> Iterator[Item]:
    """Read a container that needs a file of its own; one inside an archive is copied out."""
    if place.path is not None:
        yield from _in_file(place, place.path, file)
        return
    with tempfile.NamedTemporaryFile(prefix="auditor-") as copy:
        while block := file.read(BLOCK):
            copy.write(block)
        copy.flush()
        yield from _in_file(place, Path(copy.name), copy)


def _in_file(place: _Place, path: Path, file: IO[bytes]) -> Iterator[Item]:
    if place.kind == "zip":
        yield from _members(place, archives.of_zip(file, place.allowance))
    elif place.kind == "parquet":
        yield from _parquet(path, place.member)
    else:
        yield from _sqlite(path, place.member)


def _text(file: IO[bytes], member: str | None) -> Iterator[Item]:
    head = file.read(containers.PEEK)
    joined = _joined(head, file)
    kind = kind_of(head)
    if kind == "lines":
        yield from json_records.lines(joined, member)
    elif kind == "container":
        yield from container_logs.lines(joined, member)
    elif kind == "values":
        yield from json_records.values(joined, member)
    elif kind == "csv":
        yield from _csv(joined, head, member)
    else:
        yield from _yaml(joined, member)


def _csv(file: IO[bytes], head: bytes, member: str | None) -> Iterator[Item]:
    csv.field_size_limit(MAX_RECORD)
    text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
    first = head.removeprefix(BOM).split(b"\n", 1)[0]
    delimiter = max(",\t;", key=lambda d: first.count(d.encode()))
    rows = csv.reader(_Lines(text), delimiter=delimiter)
    header: list[str] | None = None
    line_no = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            yield Item(Reject("bad-csv", str(error)), b"", line_no, None, member)
            line_no = rows.line_num + 1
            continue
        here, line_no = line_no, rows.line_num + 1
        raw = delimiter.join(row)[:EXCERPT].encode("utf-8", "surrogateescape")
        if header is None:
            header = [name.strip() for name in row]
            yield Item(NotCall("header"), raw, here, None, member)
        elif not row:
            yield Item(NotCall("blank line"), raw, here, None, member)
        elif len(row) != len(header):
            why = f"{len(row)} cells under {len(header)} columns"
            yield Item(Reject("bad-csv", why), raw, here, None, member)
        elif any("\udc80" <= c <= "\udcff" for cell in row for c in cell if c > "\ud7ff"):
            yield Item(Reject("not-utf8", "a byte that is no UTF-8"), raw, here, None, member)
        else:
            record, size = dict(zip(header, row, strict=True)), sum(map(len, row))
            yield Item(record, raw, here, None, member, size)


MAX_CSV_LINE = 32 << 20
"""Characters: cells are objects, so that a line of commas is much larger when it is cut."""


class _Lines:
    """Lines of a text; one longer than ``MAX_CSV_LINE`` is passed over and raises ``csv.Error``."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_CSV_LINE)
        if not line:
            raise StopIteration
        if len(line) < MAX_CSV_LINE or line.endswith("\n"):
            return line
        size = len(line)
        while (more := self._text.readline(MAX_CSV_LINE)) and not more.endswith("\n"):
            size += len(more)
        raise csv.Error(f"a line of {size + len(more):,} characters")


MAX_YAML = 32 << 20
"""Parsed YAML is twenty times as large."""

_MOST_NODES = 5_000_000
"""An alias names a node again: a few lines of them can stand for more nodes than memory holds."""


def _nodes(value: Any, known: dict[int, int]) -> int:
    """Count the nodes of a document as if no alias were shared."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = _MOST_NODES  # in itself: an endless one
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_nodes(one, known) for one in inner)
    return known[id(value)]


def _yaml(file: IO[bytes], member: str | None) -> Iterator[Item]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = file.read(MAX_YAML + 1)
    if len(raw) > MAX_YAML:
        why = f"a YAML file of more than {MAX_YAML >> 20} MiB"
        yield Item(Reject("too-long", why), raw[:EXCERPT], 1, 0, member)
        return
    try:
        document = yaml.load(raw, loader)  # noqa: S506 - the safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        yield Item(Reject("bad-yaml", str(error)), raw[:EXCERPT], 1, 0, member)
        return
    record: Json | Reject = Reject("not-an-object", "YAML without keys")
    if isinstance(document, dict):
        large = _nodes(document, {}) >= _MOST_NODES
        record = Reject("too-large", "aliases that stand for a document without end")
        record = record if large else document
    yield Item(record, raw[:EXCERPT], 1, 0, member, len(raw))


def _parquet(path: Path, member: str | None) -> Iterator[Item]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(2_000):
                for row in batch.to_pylist():
                    record = {key: _plain(value) for key, value in row.items()}
                    raw = dumps(record).encode()
                    yield Item(record, raw[:EXCERPT], None, None, member, weight(raw))
    except pa.ArrowException as error:
        yield Item(Reject("bad-parquet", str(error)), b"", None, None, member)


def _plain(value: Any) -> Any:
    """Return a parquet value as JSON would hold it: maps come as lists of pairs."""
    if isinstance(value, list):
        if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):  # noqa: PLR2004
            return {str(k): _plain(v) for k, v in value}
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _sqlite(path: Path, member: str | None) -> Iterator[Item]:
    from auditor.readers.formats import llm_db

    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            if not llm_db.matches_database(db):
                yield Item(
                    Reject("unknown-format", "an SQLite database of another program"),
                    b"",
                    None,
                    None,
                    member,
                )
                return
            for table, outcome in llm_db.read_database(db):
                raw = (
                    outcome.log_id.encode() if isinstance(outcome, Call) and outcome.log_id else b""
                )
                yield Item(outcome, raw, None, None, f"{member}/{table}" if member else table)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the second of its own words
        yield Item(Reject("bad-sqlite", str(error)), b"", None, None, member)

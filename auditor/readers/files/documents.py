"""Containers of every kind: bytes to parsed records, one after another."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from auditor.readers.call import Call, NotCall, Reject
from auditor.readers.files import container_logs, containers, json_records, side_files
from auditor.readers.files.json_records import BLOCK, EXCERPT, MAX_RECORD, Item
from auditor.readers.parsing import BOM, parse
from auditor.readers.values import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    whole = len(lines) == 1 or len(head) < containers.PEEK
    first = lines[0].strip()
    if first.startswith(b"[") and not first.startswith(b"[{}"):
        return "values"
    if isinstance(parse(first), dict):
        return "lines"
    if len(lines) == 1:
        return "lines" if not whole else "values"
    complete = [
        line for line in lines[1:_SNIFF_LINES] if line[:1] == b"{" and isinstance(parse(line), dict)
    ]
    return "lines" if complete or len(first) > 200 else "values"  # noqa: PLR2004 - a long broken line


_COLUMN = re.compile(r"[^\W\d][^{}\x00-\x1f]{0,90}")
"""The name of a column: words of any language, with units and paths behind them."""


def _is_header(line: bytes) -> bool:
    text = line.decode("utf-8", "replace").rstrip("\r")
    for delimiter in ",\t;":
        names = next(csv.reader([text], delimiter=delimiter), [])
        if len(names) > 2 and all(_COLUMN.fullmatch(name.strip()) for name in names):  # noqa: PLR2004
            return True
    return False


def items(source: containers.Source) -> Iterator[Item]:
    """Yield the records of a file of any kind.

    A damaged archive ends with a reject; what could be read of it was yielded before.
    """
    side = side_files.of(source.file)
    with source.file.open("rb") as file:
        if side is not None:
            yield _part(file, source.magic, side)
            return
        yield from _items(file, source.magic, source.file, None)


def is_lines(source: containers.Source) -> bool:
    """Say whether a file is JSON lines, plain, in gzip or zstd, or in another encoding."""
    if source.magic is not None and source.magic not in containers.STREAMED:
        return False
    with source.file.open("rb") as file:
        try:
            head = containers.unpacked(file, source.magic).read(containers.PEEK)
        except containers.BROKEN:
            return False
    return containers.magic(head) is None and kind_of(head) == "lines"


def line_blocks(source: containers.Source) -> Iterator[tuple[int | None, bytes | Reject]]:
    """Yield blocks of whole lines of a file, and where they begin in the uncompressed bytes.

    A damaged file ends with a reject that has no place.
    """
    with source.file.open("rb") as file:
        packed = _Joined(b"", containers.unpacked(file, source.magic))
        yield from json_records.blocks(io.BufferedReader(packed, containers.PEEK))
        if packed.error is not None:
            yield None, Reject("broken-archive", str(packed.error))


def _part(file: IO[bytes], kind: str | None, side: side_files.SideFile) -> Item:
    """Read a file that is one part of a record elsewhere."""
    record = {"schemaType": side_files.KIND, "requestId": side.request_id, "part": side.part}
    if side.is_media:
        return Item(record)
    try:
        raw = containers.unpacked(file, kind).read(MAX_RECORD + 1)
    except containers.BROKEN as error:
        return Item(Reject("broken-archive", str(error)))
    if len(raw) > MAX_RECORD:
        return Item(Reject("too-long", f"more than {MAX_RECORD} bytes"), raw[:EXCERPT])
    body = parse(b'{"body": %b}' % raw)
    return Item({**body, **record} if isinstance(body, dict) else body, raw[:EXCERPT], 1, 0)


def _items(
    file: IO[bytes], kind: str | None, path: Path | None, member: str | None
) -> Iterator[Item]:
    try:
        if kind in containers.STREAMED:
            yield from _unpacked(containers.unpacked(file, kind), member)
        elif kind == "zip":
            yield from _zip(file)
        elif kind in ("parquet", "sqlite"):
            yield from _seekable(file, kind, path, member)
        else:
            yield from _text(file, member)
    except containers.BROKEN as error:
        yield Item(Reject("broken-archive", str(error)), member=member)


def _unpacked(stream: IO[bytes], member: str | None) -> Iterator[Item]:
    head = stream.read(16)
    kind = containers.magic(head)
    raw = _Joined(head, stream)
    yield from _items(io.BufferedReader(raw, BLOCK), kind, None, member)
    if raw.error is not None:
        yield Item(Reject("broken-archive", str(raw.error)), member=member)


def _joined(head: bytes, stream: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Joined(head, stream), BLOCK)


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of the stream, up to where it is damaged."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        super().__init__()
        self._head = head
        self._stream = stream
        self.error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._head or self._stream.read(min(len(buffer), containers.PEEK))
        except containers.BROKEN as error:
            # A damaged archive ends here; what came before is not lost with it.
            self.error, data = error, b""
        taken, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _zip(file: IO[bytes]) -> Iterator[Item]:
    with zipfile.ZipFile(file) as archive:
        for info in sorted(archive.infolist(), key=lambda i: i.filename):
            if info.is_dir() or Path(info.filename).name.startswith((".", "__MACOSX")):
                continue
            with archive.open(info) as stream:
                yield from _unpacked(stream, info.filename)


def _seekable(file: IO[bytes], kind: str, path: Path | None, member: str | None) -> Iterator[Item]:
    """Read a container that needs a file of its own; one inside an archive is copied out."""
    if path is not None:
        yield from (_parquet(path, member) if kind == "parquet" else _sqlite(path, member))
        return
    with tempfile.NamedTemporaryFile(prefix="auditor-") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        inner = Path(copy.name)
        yield from (_parquet(inner, member) if kind == "parquet" else _sqlite(inner, member))


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
    rows = csv.reader(text, delimiter=delimiter)
    header: list[str] | None = None
    line_no = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
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
            yield Item(dict(zip(header, row, strict=True)), raw, here, None, member)


def _yaml(file: IO[bytes], member: str | None) -> Iterator[Item]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = file.read(MAX_RECORD + 1)
    if len(raw) > MAX_RECORD:
        yield Item(
            Reject("too-long", "a YAML file of more than 256 MiB"), raw[:EXCERPT], 1, 0, member
        )
        return
    try:
        document = yaml.load(raw, loader)  # noqa: S506 - the safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        yield Item(Reject("bad-yaml", str(error)), raw[:EXCERPT], 1, 0, member)
        return
    record = (
        document if isinstance(document, dict) else Reject("not-an-object", "YAML without keys")
    )
    yield Item(record, raw[:EXCERPT], 1, 0, member)


def _parquet(path: Path, member: str | None) -> Iterator[Item]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(2_000):
                for row in batch.to_pylist():
                    record = {key: _plain(value) for key, value in row.items()}
                    yield Item(record, dumps(record)[:EXCERPT].encode(), None, None, member)
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
    except sqlite3.DatabaseError as error:
        yield Item(Reject("bad-sqlite", str(error)), b"", None, None, member)

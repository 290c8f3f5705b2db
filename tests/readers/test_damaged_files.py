"""Damaged, packed and endless files: what is whole is read, the damage is one reject, memory ends."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from contextlib import closing

import pyarrow as pa
import pytest

from auditor.errors import LogError
from auditor.ingest import reading
from auditor.ingest import stage as ingest
from auditor.readers import parsing
from auditor.readers.files import (
    brackets,
    container_logs,
    documents,
    folding,
    json_lines,
    json_records,
)  # fmt: skip
from auditor.readers.files.compression import Allowance
from auditor.readers.parsing import parse
from auditor.text.surrogates import file_name


def record(n: int) -> bytes:
    noise = random.Random(n).randbytes(40).hex()
    return (
        json.dumps(
            {
                "timestamp": "2026-10-01T10:00:00Z",
                "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": noise}]},
                "response": {
                    "id": f"chatcmpl-{n:08d}",
                    "choices": [{"message": {"role": "assistant", "content": "A"}}],
                    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
                },
            }
        ).encode()
        + b"\n"
    )


def records(first: int, n: int = 200) -> bytes:
    return b"".join(map(record, range(first, first + n)))


def read(store, path):
    row = ingest.run(store, [path]).detail["sources"][0]
    rejects = store.rows("SELECT member, reason, detail FROM rejects")
    assert store.check() == []
    return row["calls"], rejects


PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda raw: bytes(pa.Codec("zstd").compress(raw)),
}


def zipped(members: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return raw.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return raw.getvalue()


MEMBERS = {f"part{n}.jsonl": records(n * 1000, 50) for n in range(4)}


@pytest.mark.parametrize("kind", PACK)
def test_a_whole_file_of_every_compression_is_read(store, tmp_path, kind):
    path = tmp_path / "log"
    path.write_bytes(PACK[kind](records(0)) + PACK[kind](records(500, 3)))
    assert read(store, path) == (203, [])


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("kind", PACK)
def test_bytes_behind_the_end_cost_one_reject(store, tmp_path, kind, end):
    path = tmp_path / "log"
    path.write_bytes(PACK[kind](records(0).removesuffix(b"\n") + end) + b"and then garbage")
    calls, rejects = read(store, path)
    assert calls == 200
    assert [reason for _, reason, _ in rejects] == ["broken-archive"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_wrong_checksum_costs_one_reject_and_no_record(store, tmp_path, end):
    packed = gzip.compress(records(0).removesuffix(b"\n") + end)
    path = tmp_path / "log.gz"
    path.write_bytes(packed[:-8] + b"\0\0\0\0" + packed[-4:])
    calls, rejects = read(store, path)
    assert calls == 200
    ((member, reason, detail),) = rejects
    assert (member, reason) == (None, "broken-archive")
    assert "checksum" in detail


@pytest.mark.parametrize("cut", range(20, 4000, 397))
def test_a_gzip_cut_anywhere_gives_every_record_before_the_cut(store, tmp_path, cut):
    import zlib

    packed = gzip.compress(records(0))[:-cut]
    whole = zlib.decompressobj(31).decompress(packed).count(b"\n")
    path = tmp_path / "log.gz"
    path.write_bytes(packed)
    calls, rejects = read(store, path)
    assert calls == whole
    assert [reason for _, reason, _ in rejects] == ["broken-archive"]


def test_an_xz_with_a_wrong_byte_gives_what_is_before_it(store, tmp_path):
    path = tmp_path / "log.xz"
    raw = bytearray(lzma.compress(records(0)))
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    calls, rejects = read(store, path)
    assert calls >= 80
    assert "broken-archive" in {reason for _, reason, _ in rejects}


def test_a_member_that_is_damaged_costs_itself_only(store, tmp_path):
    raw = bytearray(zipped(MEMBERS))
    at = raw.find(b"part1.jsonl") + 60
    raw[at : at + 30] = b"\xff" * 30
    path = tmp_path / "logs.zip"
    path.write_bytes(raw)
    calls, rejects = read(store, path)
    assert 150 <= calls < 200
    assert [(member, reason) for member, reason, _ in rejects] == [
        ("part1.jsonl", "broken-archive")
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
def test_a_zip_that_is_cut_off_gives_what_is_whole(store, tmp_path, method):
    raw = zipped(MEMBERS, method)
    path = tmp_path / "logs.zip"
    path.write_bytes(raw[: len(raw) * 5 // 8])
    calls, rejects = read(store, path)
    assert 100 <= calls < 150
    assert [(member, reason) for member, reason, _ in rejects] == [
        ("part2.jsonl", "broken-archive")
    ]


def test_a_zip_without_its_directory_is_read_by_its_headers(store, tmp_path):
    path = tmp_path / "logs.zip"
    path.write_bytes(zipped(MEMBERS)[:-150])
    calls, rejects = read(store, path)
    assert calls == 200
    assert [reason for _, reason, _ in rejects] == ["broken-archive"]


def test_an_encrypted_member_is_told_and_the_others_are_read(store, tmp_path):
    raw = bytearray(zipped(MEMBERS))
    entry = raw.find(b"PK\x01\x02", raw.find(b"PK\x01\x02") + 4)
    raw[entry + 8] |= 1
    path = tmp_path / "logs.zip"
    path.write_bytes(raw)
    calls, rejects = read(store, path)
    assert calls == 150
    assert rejects == [("part1.jsonl", "broken-archive", "it is encrypted")]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives_are_read_with_long_names_too(store, tmp_path, mode):
    path = tmp_path / "logs"
    long = "folder/" * 40 + "log.jsonl"
    path.write_bytes(tarred(MEMBERS | {long: records(9000, 5), "._hidden": b"\x00\x05"}, mode))
    assert read(store, path) == (205, [])
    assert long in {row[0] for row in store.rows("SELECT DISTINCT member FROM records")}


def test_a_tar_that_is_cut_off_gives_what_is_whole(store, tmp_path):
    raw = tarred(MEMBERS)
    path = tmp_path / "logs.tar"
    path.write_bytes(raw[: len(raw) * 5 // 8])
    calls, rejects = read(store, path)
    assert 100 <= calls < 150
    assert [(member, reason) for member, reason, _ in rejects] == [
        ("part2.jsonl", "broken-archive")
    ]


def test_a_damaged_header_of_a_tar_costs_its_member_only(store, tmp_path):
    raw = bytearray(tarred(MEMBERS))
    at = raw.find(b"part1.jsonl")
    raw[at + 100 : at + 160] = b"\xee" * 60
    path = tmp_path / "logs.tar"
    path.write_bytes(raw)
    calls, rejects = read(store, path)
    assert calls == 150
    assert [reason for _, reason, _ in rejects] == ["broken-archive"]


def test_archives_in_archives_are_read_up_to_a_depth(store, tmp_path):
    inner = zipped(
        {"logs.tar.gz": tarred(MEMBERS, "w:gz"), "more.zip": zipped({"a": records(7000, 2)})}
    )
    path = tmp_path / "nest.zip"
    path.write_bytes(inner)
    assert read(store, path) == (202, [])
    for n in range(6):
        inner = zipped({f"{n}.zip": inner})
    path.write_bytes(inner)
    row = ingest.run(store, [path]).detail["sources"][0]
    assert row["calls"] == 0
    assert "archives in each other" in store.value("SELECT detail FROM rejects")


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes on POSIX only")
def test_a_name_that_is_not_utf8_is_read_and_shown(store, tmp_path):
    for n, name in enumerate((b"caf\xe9.jsonl", b"caf\xff.jsonl")):
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:  # noqa: PTH123
            file.write(records(n * 10, 3))
    result = ingest.run(store, [tmp_path])
    assert [row["calls"] for row in result.detail["sources"]] == [3, 3]
    shown = sorted(path.rpartition("/")[2] for (path,) in store.rows("SELECT path FROM sources"))
    assert shown == ["caf\\xe9.jsonl", "caf\\xff.jsonl"]
    assert ingest.run(store, [tmp_path]).rows_read == 0
    assert file_name("\ud800") == "\\ud800"


def test_names_in_an_archive_need_not_be_utf8(store, tmp_path):
    raw = tarred({"caf\udce9.jsonl": records(0, 2)})
    path = tmp_path / "a.tar"
    path.write_bytes(raw)
    assert read(store, path) == (2, [])
    assert store.value("SELECT any_value(member) FROM records") == "caf\\xe9.jsonl"


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(store, tmp_path, kind):
    path = tmp_path / "it"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))  # the file stays when nobody listens any more
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(LogError, match=f"is no file but a {kind}") as refused:
        ingest.run(store, [path])
    assert "| auditor ingest -" in refused.value.hint


def test_a_pipe_in_a_folder_of_logs_is_passed_over(store, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "log.jsonl").write_bytes(records(0, 2))
    assert ingest.run(store, [tmp_path]).detail["sources"][0]["calls"] == 2


# -- bounds ----------------------------------------------------------------------------------------


def bomb(kind: str) -> bytes:
    """Pack 24 MB of one thing into some ten kilobytes."""
    blank = bytes(1 << 20)
    lines = (b"a" * 999 + b"\n") * 1_000
    if kind == "zip":
        return zipped({"zeros": blank * 24})
    if kind == "tar.gz":
        return gzip.compress(tarred({"zeros": blank * 24}), 6)
    if kind == "gz of gz":
        return gzip.compress(gzip.compress(blank * 24))
    packed = PACK[kind.split(maxsplit=1)[0]]
    return packed((lines if "lines" in kind else blank) * 24)


@pytest.mark.parametrize(
    "kind", ["gz", "zst", "bz2", "xz", "zip", "tar.gz", "gz of gz", "gz lines"]
)
def test_a_bomb_is_given_up(store, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(Allowance, "GAP", 5 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(bomb(kind))
    calls, rejects = read(store, path)
    assert calls == 0
    assert any("no call in them" in (detail or "") for _, _, detail in rejects), rejects


def test_the_members_behind_a_bomb_are_read(store, tmp_path, monkeypatch):
    monkeypatch.setattr(Allowance, "GAP", 5 << 20)
    path = tmp_path / "logs.zip"
    zeros = bytes(24 << 20)
    path.write_bytes(zipped({"a": zeros, "b": zeros, "c.jsonl": records(0, 2_000)}))
    calls, rejects = read(store, path)
    assert calls == 2_000
    assert [(member, reason) for member, reason, _ in rejects] == [
        ("a", "broken-archive"), ("b", "broken-archive"),
    ]  # fmt: skip


def test_a_log_that_packs_well_is_no_bomb(store, tmp_path, monkeypatch):
    monkeypatch.setattr(Allowance, "GAP", 6 << 20)  # a little more than is read at a time
    monkeypatch.setattr(folding, "BATCH_RECORDS", 1_000_000)
    long = "The same long prompt. " * 5_000
    lines = [
        record(n).replace(b'"content": "', b'"content": "' + long.encode(), 1) for n in range(150)
    ]
    for n, whole in enumerate((b"".join(lines), b"[" + b",".join(lines) + b"]")):
        path = tmp_path / f"log{n}.zst"
        path.write_bytes(PACK["zst"](whole))
        assert path.stat().st_size * Allowance.RATIO < len(whole)
        row = ingest.run(store, [path]).detail["sources"][0]
        assert row["calls"] + row["duplicates"] == 150


SCRIPT = r"""
import re, sys
from pathlib import Path
from auditor.ingest import stage as ingest
from auditor.store.store import Store
with Store.open(sys.argv[2]) as store:
    ingest.run(store, [sys.argv[1]])
    print(store.rows("SELECT reason, count(*) FROM rejects GROUP BY 1"))
# Not ru_maxrss: a new process begins with the peak of the one that made it.
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


ENDLESS = {
    # How it begins, a block, how many of them are too many, and the reason that is told.
    "line": (b"", b"x" * (1 << 20), 600, "too-long"),
    "value": (b"", b'{"a": [1, 2, 3],\n' * 60_000, 600, "too-long"),
    "value on a line": (b'{"a": "', b"x" * (1 << 20), 600, "too-long"),
    "string": (b'{"a":\n"', b'\\"\n' * (1 << 18), 800, "too-long"),
    "csv line": (b"x,y,z\n", b"a,b," * (1 << 18), 600, "bad-csv"),
    "line feeds": (b"", b"\n" * (1 << 20), 8, None),
    "short lines": (b"", b"a\n" * (1 << 19), 4, None),
    "many values": (b'{"a": [', b"[],[{}," * 150_000, 60, "too-large"),
}


def endless(path, kind, times):
    start, block, _, _ = ENDLESS[kind]
    with path.open("wb") as file:
        file.write(start)
        for _ in range(times):
            file.write(block)


@pytest.mark.parametrize("kind", [kind for kind, (*_, reason) in ENDLESS.items() if reason])
def test_what_never_ends_is_one_reject(store, tmp_path, monkeypatch, kind):
    for module in (container_logs, documents, json_lines, json_records):
        monkeypatch.setattr(module, "MAX_RECORD", 1 << 20)
    monkeypatch.setattr(documents, "MAX_CSV_LINE", 1 << 20)
    monkeypatch.setattr(parsing, "MOST_VALUES", 100_000)
    monkeypatch.setattr(parsing, "_LARGE", 1 << 18)
    path = tmp_path / "log"
    endless(path, kind, 1 if kind == "many values" else 3)
    if kind == "many values":
        path.write_bytes(path.read_bytes()[:700_000])
    assert [reason for _, reason, _ in read(store, path)[1]] == [ENDLESS[kind][3]]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is told by Linux only")
@pytest.mark.parametrize("kind", ENDLESS)
def test_memory_has_a_bound(tmp_path, kind):
    path = tmp_path / "log"
    *_, times, reason = ENDLESS[kind]
    endless(path, kind, times)
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, tmp_path / "audit.duckdb"],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    rejects, peak = ran.stdout.split("\n")[:2]
    assert reason is None or f"'{reason}'" in rejects, ran.stdout
    assert int(peak) < 1_024, f"{kind}: {peak} MiB"


def test_a_long_line_costs_itself_and_the_lines_around_it_are_read(store, tmp_path, monkeypatch):
    from auditor.readers.files import containers

    for module in (json_records, json_lines):
        monkeypatch.setattr(module, "MAX_RECORD", 20_000)
        monkeypatch.setattr(module, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(containers, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(reading, "SMALL_BYTES", 10)
    long = b'{"x": "' + b"y" * 50_000 + b'"}\n'
    path = tmp_path / "log.jsonl"
    path.write_bytes(records(0, 30) + long + records(30, 30))
    calls, rejects = read(store, path)
    assert (calls, [reason for _, reason, _ in rejects]) == (60, ["too-long"])
    line, offset = store.rows("SELECT line_no, byte_offset FROM rejects")[0]
    assert (line, path.read_bytes()[offset : offset + 6]) == (31, b'{"x": ')
    assert store.value("SELECT count(DISTINCT line_no) FROM calls") == 60


def test_a_value_longer_than_any_record_costs_itself_only(monkeypatch):
    monkeypatch.setattr(json_records, "MAX_RECORD", 5_000)
    monkeypatch.setattr(json_records, "BLOCK", 1_000)
    long = {"long": ["}", '\\"', "x" * 20_000]}
    text = json.dumps([{"n": 1}, long, {"n": 2}], indent=1).encode()
    found = list(json_records.values(io.BytesIO(text), None))
    assert [getattr(item.record, "reason", item.record) for item in found] == [
        {"n": 1}, "too-long", {"n": 2},
    ]  # fmt: skip
    assert text[found[1].offset :].lstrip().startswith(b'{\n  "long"')


def test_a_long_value_is_cut_alike_whether_its_brackets_are_counted_or_looked_at(monkeypatch):
    draw = random.Random(5)
    texts = ["}", "{[", '"', "\\", '\\"', "plain", "\u00e9"]

    def grown(depth):
        if not depth or draw.random() < 0.2:
            return "".join(draw.choices(texts, k=3))
        inner = [grown(depth - 1) for _ in range(draw.randint(0, 4))]
        return (
            inner
            if draw.random() < 0.5
            else {f"{n}{draw.choice(texts)}": v for n, v in enumerate(inner)}
        )

    for whole in (True, False):
        values = [{"n": n, "v": grown(6)} for n in range(40)]
        text = json.dumps(values, indent=draw.choice([None, 1])).encode()
        text = text if whole else text[1:-1].replace(b"]", b"}", 2)
        found = []
        for window, block in ((1 << 18, 1 << 22), (1, 7), (3, 1000), (64, 50)):
            monkeypatch.setattr(brackets, "WINDOW", window)
            monkeypatch.setattr(json_records, "BLOCK", block)
            found.append(list(json_records.values(io.BytesIO(text), None)))
        assert all(one == found[0] for one in found[1:])
        assert not whole or [item.record for item in found[0]] == values


def test_lines_of_a_piece_are_numbered_on_however_it_is_parted(store, tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "MOST_LINES", 7)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join([records(0, 50) + b"no", records(50, 50) + b"\n\n"]))
    calls, rejects = read(store, path)
    assert (calls, len(rejects)) == (100, 1)
    numbers = [n for (n,) in store.rows("SELECT record_no FROM records ORDER BY 1")]
    assert numbers == list(range(1, len(numbers) + 1))
    raw = path.read_bytes()
    for line_no, offset in store.rows(
        "SELECT line_no, byte_offset FROM calls JOIN records USING (call_id)"
    ):
        assert raw[:offset].count(b"\n") == line_no - 1


def test_records_that_belong_together_are_kept_up_to_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(folding, "TOGETHER_BYTES", 20_000)
    line = {
        "type": "assistant", "sessionId": "s", "timestamp": "2026-01-01T00:00:00Z",
        "message": {"model": "claude-opus-4", "content": [{"type": "text", "text": "t" * 500}],
                    "usage": {"input_tokens": 1, "output_tokens": 1}},
    }  # fmt: skip
    path = tmp_path / "session.jsonl"
    with path.open("w") as file:
        for n in range(200):
            message = line["message"] | {"id": f"msg_{n:010d}"}
            file.write(json.dumps(line | {"uuid": f"u{n}", "message": message}) + "\n")
    from auditor.store.store import Store

    with Store.open() as store:
        assert read(store, path) == (200, [])


def test_yaml_whose_aliases_never_end_is_refused(store, tmp_path):
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    path = tmp_path / "cassette.yaml"
    path.write_text(f"interactions:\n- 1\na0: &a0 [x]\n{levels}\n")
    _, rejects = read(store, path)
    assert [reason for _, reason, _ in rejects] == ["too-large"]


def test_what_holds_too_many_values_is_refused_and_a_long_text_is_not():
    assert parse(b'{"a": [' + b"[]," * 6_000_000 + b"0]}").reason == "too-large"
    assert isinstance(parse(json.dumps({"a": "word " * 2_000_000}).encode()), dict)


def test_a_file_that_a_library_stumbles_over_costs_itself_only(store, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 20 + b"PAR1")
    (tmp_path / "b.sqlite").write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 20)
    (tmp_path / "c.csv").write_bytes("a,b,c\n1,2,3\n".encode("utf-16")[:-1])
    (tmp_path / "d.jsonl").write_bytes(records(0, 2))
    result = ingest.run(store, [tmp_path])
    assert [row["calls"] for row in result.detail["sources"]] == [0, 0, 0, 2]
    assert store.check() == []


def test_a_database_whose_names_are_no_utf8_costs_itself_only(store, tmp_path):
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE responses (id TEXT, model VARCHAR_OF_MODELS)")
    raw = path.read_bytes()
    path.write_bytes(
        raw.replace(b"responses", b"resp\x87nses").replace(b"CREATE TABLE", b"CRE\x87TE T\x87BLE")
    )
    assert [reason for _, reason, _ in read(store, path)[1]] == ["bad-sqlite"]


def test_documents_of_damaged_files_are_told_the_same_way_in_a_part(tmp_path):
    from auditor.readers.files import containers

    folder = tmp_path / "data"
    folder.mkdir()
    name = "01234567-0123-0123-0123-0123456789ab_input.json.gz"
    (folder / name).write_bytes(gzip.compress(b'{"messages": []}' * 100)[:-20])
    with containers.sources([folder / name]) as (source,):
        (item,) = documents.items(source)
    assert item.record.reason == "broken-archive"


def test_a_broken_line_hides_none_behind_a_first_line_that_is_long(store, tmp_path):
    long = record(0).replace(b'"content": "', b'"content": "' + b"A long prompt. " * 5_000, 1)
    path = tmp_path / "log.jsonl"
    path.write_bytes(long + b'{"cut": [{"a": "\n' + records(1, 20))
    calls, rejects = read(store, path)
    assert (calls, [reason for _, reason, _ in rejects]) == (21, ["bad-json"])
    path = tmp_path / "values.json"
    path.write_bytes(b"".join(record(n).rstrip() for n in range(1_000, 1_400)))
    assert ingest.run(store, [path]).detail["sources"][0]["calls"] == 400


def test_a_carriage_return_in_a_first_line_is_no_table(store, tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"a,b,c\rd,e\n" + records(0, 3))
    assert read(store, path)[0] == 3


@pytest.mark.parametrize("deep", [b'{"a":' * 20_000, b'{\n "version": ' + b"[" * 500_000])
def test_a_file_that_is_nested_without_end_is_one_reject(store, tmp_path, deep):
    path = tmp_path / "log"
    path.write_bytes(deep)
    calls, rejects = read(store, path)
    assert (calls, len(rejects)) == (0, 1)

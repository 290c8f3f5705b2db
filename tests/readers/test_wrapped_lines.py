"""What stands around the JSON of a line: encodings, prefixes of loggers, envelopes of runtimes."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import paired_log
import pytest

from auditor.ingest import stage as ingest
from auditor.readers.call import NotCall, Reject
from auditor.readers.files import container_logs, json_records
from auditor.readers.parsing import parse

RECORD = {"request": {"model": "gpt-4o", "messages": []}, "response": {"choices": []}}
TEXT = json.dumps(RECORD)


def pair(number: int, **more: object) -> str:
    return json.dumps(paired_log.pair(number, **more), ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_every_encoding_is_read_plain_and_packed(store, tmp_path, encoding, packed):
    text = "".join(f"{pair(n, text=f'Käse {n} 🧀')}\r\n" for n in range(3))
    (tmp_path / "log").write_bytes(packed(text.encode(encoding)))
    result = ingest.run(store, [tmp_path / "log"])
    (row,) = result.detail["sources"]
    assert (row["calls"], row["rejects"]) == (3, 0)
    said = store.value("SELECT string_agg(messages) FROM contents")
    assert all(f"Käse {n} 🧀" in said for n in range(3))


def test_a_member_of_an_archive_may_be_utf_16(store, tmp_path):
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("a.jsonl", f"\ufeff{pair(1)}\n".encode("utf-16-le"))
        archive.writestr("b.jsonl", f"{pair(2)}\n")
    (row,) = ingest.run(store, [tmp_path / "logs.zip"]).detail["sources"]
    assert (row["calls"], row["rejects"]) == (2, 0)


def test_half_a_character_costs_no_record(store, tmp_path):
    raw = f"\ufeff{pair(1, text='odd 🧀')}\n{pair(2)}\n".encode("utf-16-le")
    cheese = "🧀".encode("utf-16-le")
    (tmp_path / "log").write_bytes(raw.replace(cheese, cheese[:2]) + b"\x00")
    (row,) = ingest.run(store, [tmp_path / "log"]).detail["sources"]
    assert row["calls"] == 2


@pytest.mark.parametrize(
    "prefix",
    [
        "2026-03-02 10:00:00,123 INFO llm ",
        "[2026-03-02 10:00:00] [worker {7}] DEBUG: ",
        "<14>1 2026-03-02T10:00:00Z host app 12 - - ",
        "I0302 10:00:00.000001 1 llm.go:12] ",
        "Mar  2 10:00:00 host app[12]: ",
        "INFO:llm:",
        "[pod/app-1/app] ",
        "\x1e",
        "\x1b[32mINFO\x1b[0m ",
    ],
)
def test_a_loggers_prefix_is_cut_off(prefix):
    record = parse(f"{prefix}{TEXT}".encode())
    assert isinstance(record, dict)
    assert record.items() >= RECORD.items()


def test_what_follows_an_empty_context_of_a_logger_is_cut_off_too():
    php = f"[2026-03-02T10:00:00.123456+00:00] app.INFO: llm call {TEXT} []"
    assert parse(php.encode()).items() >= RECORD.items()
    printed = f'[0] app.llm: [[1772445600.5, {{}}], {{"log": {json.dumps(TEXT)}}}]'
    assert parse(printed.encode()) == {"timestamp": "1772445600.5", "log": TEXT}


def test_of_two_records_on_a_line_none_is_lost_in_silence(store, tmp_path):
    (tmp_path / "mac").write_text("".join(f"{pair(n)}\r" for n in range(3)), newline="")
    (tmp_path / "joined").write_text(f"{pair(3)}{pair(4)}\n{pair(5)}{pair(6)}\n")
    result = ingest.run(store, [tmp_path])
    assert [(row["calls"], row["rejects"]) for row in result.detail["sources"]] == [(4, 0), (3, 0)]
    assert isinstance(parse(f"{TEXT}{TEXT}".encode()), Reject)


def test_a_table_of_two_columns_may_hold_lines_of_a_logger(store, tmp_path):
    line = json.dumps(paired_log.pair(1)).replace('"', '""')
    (tmp_path / "log.csv").write_text(
        f'@timestamp,@message\n2026-03-02 10:00:00.000,"[INFO]\t8f5c\t{line}"\n'
    )
    (row,) = ingest.run(store, [tmp_path / "log.csv"]).detail["sources"]
    assert (row["calls"], row["rejects"]) == (1, 0)


def test_a_message_in_quotes_is_unquoted_once():
    quoted = json.dumps(TEXT)
    assert parse(f"level=info msg={quoted}".encode()) == RECORD
    assert parse(f"level=info msg={quoted} caller=llm.go:40".encode()) == RECORD


def test_the_time_of_the_line_stands_in_where_the_record_has_none():
    line = "2026-03-02 10:00:00,123 INFO {}"
    assert parse(line.format('{"a": 1}').encode())["timestamp"] == "2026-03-02 10:00:00.123"
    assert "timestamp" not in parse(line.format('{"ts": 1}').encode())
    assert "timestamp" not in parse(b'2026-99-99 10:00:00 {"a": 1}')


@pytest.mark.parametrize(
    "line",
    [
        f'"response": {TEXT}',
        f'"response": {TEXT}}}',
        f'{{"id": 1, {TEXT}',
        f"data: {TEXT}",
        f"2026-03-02 10:00:00 INFO {TEXT[:-2]}",
        f"{'x' * 2000} {TEXT}",
    ],
)
def test_a_fragment_does_not_become_a_record(line):
    assert isinstance(parse(line.encode()), Reject)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("2026-03-02 10:00:01,123 INFO web GET /health 200", NotCall),
        ("ERROR llm timed out", NotCall),
        ("some words", Reject),
        ("2026-03-02 10:00:01,123 INFO {cut", Reject),
    ],
)
def test_words_of_a_logger_are_no_damaged_record(line, outcome):
    assert isinstance(parse(line.encode()), outcome)


def entries(*lines: str) -> list[json_records.Item]:
    return list(container_logs.lines(io.BytesIO("\n".join(lines).encode()), None))


def docker(text: str, stream: str = "stdout") -> str:
    return json.dumps({"log": text, "stream": stream, "time": "2026-03-02T10:00:00Z"})


def test_parts_are_joined_for_each_stream_alone():
    out, err = f"{TEXT}\n", f"{TEXT.replace('gpt-4o', 'gpt-5')}\n"
    items = entries(
        docker(out[:9]), docker(err[:7], "stderr"), docker(out[9:]), docker(err[7:], "stderr")
    )
    first, second, third, fourth = items
    assert isinstance(first.record, NotCall)
    assert isinstance(second.record, NotCall)
    assert third.record == {"timestamp": "2026-03-02T10:00:00Z", **RECORD}
    assert (third.line_no, third.offset) == (1, 0)
    assert fourth.record["request"]["model"] == "gpt-5"
    assert fourth.line_no == 2


def test_a_line_that_never_ends_is_rejected_not_forgotten():
    items = entries("2026-03-02T10:00:00.1Z stdout P " + TEXT[:30])
    assert [type(item.record) for item in items] == [NotCall, Reject]


def test_an_endless_line_is_given_up_without_being_kept(monkeypatch):
    monkeypatch.setattr(container_logs, "MAX_RECORD", 50)
    items = entries(*["2026-03-02T10:00:00.1Z stdout P " + "x" * 20] * 4,
                    "2026-03-02T10:00:00.1Z stdout F end",
                    "2026-03-02T10:00:00.1Z stdout F " + '{"a": 1}')  # fmt: skip
    assert items[-2].record == Reject("too-long", "83 bytes")
    assert items[-1].record["a"] == 1


def test_a_record_that_only_looks_like_an_entry_is_read_as_itself():
    line = json.dumps({"stream": True, "log": "x", "time": 5, **RECORD})
    assert not container_logs.is_entry(line.encode())

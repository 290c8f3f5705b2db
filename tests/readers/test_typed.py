"""A line has the same row whether it is decoded by types or by the readers."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.privacy.rules import RULES
from auditor.readers.api_shapes.common import PARAMS
from auditor.readers.columns import pair_types, typed
from auditor.readers.columns.batch import Masking
from auditor.readers.files import json_lines
from auditor.readers.files.containers import Piece

SAMPLES = Path(__file__).parents[2] / "sample_logs"
DATA = Path(__file__).parents[3] / "shared" / "data"
MODIFIED = datetime(2026, 11, 1, tzinfo=UTC)


def chat(**given):
    """A record in OpenAI's shape that fits the types."""
    return {
        "id": "log_1",
        "timestamp": "2026-10-12T06:29:58.808Z",
        "request": {
            "model": "gpt-5-2025-08-07",
            "messages": [
                {"role": "system", "content": "Answer with one label."},
                {"role": "user", "content": 'Größe 🙂 \u2028 \x07 "quoted" \\ /'},
            ],
            "temperature": 0,
            "max_completion_tokens": 20,
            "user": "u_1",
            "metadata": {"project": "helpdesk", "build": 7, "user_id": "m_1"},
        },
        "response": {
            "id": "chatcmpl-123456",
            "object": "chat.completion",
            "created": 1791786598,
            "model": "gpt-5-2025-08-07",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "billing"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 88,
                "completion_tokens": 130,
                "prompt_tokens_details": {"cached_tokens": 8},
                "completion_tokens_details": {"reasoning_tokens": 128},
            },
        },
        "status": 200,
        "latency_ms": 800,
    } | given


def messages(**given):
    """A record in Anthropic's shape that fits the types."""
    return {
        "id": "log_2",
        "timestamp": "2026-10-12T06:29:58+02:00",
        "request": {
            "model": "claude-sonnet-4-5",
            "system": "You write SQL.",
            "max_tokens": 256,
            "messages": [
                {"role": "user", "content": "how many orders"},
                {"role": "assistant", "content": "of which day?"},
                {"role": "user", "content": "today"},
            ],
            "metadata": {"user_id": "m_2"},
        },
        "response": {
            "id": "msg_0123456789",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5",
            "content": [{"type": "text", "text": "SELECT "}, {"type": "text", "text": "1"}],
            "stop_reason": "end_turn",
            "usage": {
                "input_tokens": 400,
                "cache_read_input_tokens": 20,
                "cache_creation_input_tokens": 30,
                "cache_creation": {"ephemeral_1h_input_tokens": 10},
                "output_tokens": 60,
            },
        },
        "status": 200,
        "latency_ms": 900.5,
        "user": "outer",
        "session_id": "s_1",
        "tags": {"project": "reviews", "env": "prod", "session": "s_0"},
        "metadata": {"team": "a", "env": "test"},
    } | given


def within(record, path, value):
    """A copy of a record with another value at a path of keys; DROP removes the key."""
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if value is DROP:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return copy


DROP = object()


def both_ways(raw, tmp_path, monkeypatch, masking=None):
    """Read bytes by types and without them; return (rows, ledger) of each, and how many fitted."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(raw)
    masking = masking or Masking()
    piece = Piece(0, len(raw))
    fitted = []
    take = typed.TypedPairs.decode

    def counting(self, *args):
        fits = take(self, *args)
        fitted.append(int(fits.sum()))
        return fits

    with monkeypatch.context() as patch:
        patch.setattr(typed.TypedPairs, "decode", counting)
        by_types = json_lines.read_piece(path, piece, masking, modified_at=MODIFIED)
    with monkeypatch.context() as patch:
        patch.setattr(typed.TypedPairs, "decode", lambda _, some: np.zeros(len(some), dtype=bool))
        by_readers = json_lines.read_piece(path, piece, masking, modified_at=MODIFIED)
    return contents(by_types), contents(by_readers), sum(fitted)


def contents(columns):
    def rows(table):
        return sorted(table.to_pylist(), key=lambda row: row["record_no"])

    return (
        rows(columns.calls),
        rows(columns.ledger),
        rows(columns.rejects),
        rows(columns.sensitivity),
        columns.records,
        columns.lines,
        columns.position,
    )


def dumped(*records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.mark.parametrize("record", [
    chat(),
    messages(),
    within(chat(), ["request", "messages"], [{"role": "system", "content": "a"}, {"role": "system", "content": "b"}]),
    within(chat(), ["request", "messages", 0, "content"], ""),
    within(chat(), ["request", "temperature"], 0.0),
    within(chat(), ["request", "stop"], ["\n", "END"]),
    within(chat(), ["request", "n"], 1),
    within(chat(), ["request", "n"], 2**31),
    within(chat(), ["request", "response_format"], {"type": "json_schema", "json_schema": {"name": "label", "schema": {}}}),
    within(chat(), ["request", "tools"], [{"type": "function", "function": {"name": "b"}}, {"type": "function", "function": {"name": "a"}}]),
    within(chat(), ["request", "metadata"], ["a", "b"]),
    within(chat(), ["request", "metadata"], None),
    within(chat(), ["request", "model"], "acme/unheard-of"),
    within(chat(), ["response", "model"], ""),
    within(chat(), ["response", "choices", 0, "finish_reason"], None),
    within(chat(), ["response", "service_tier"], "default"),
    within(chat(), ["response", "usage", "prompt_tokens"], 4),
    within(chat(), ["timestamp"], "2026-10-12 06:29:58"),
    within(chat(), ["id"], ""),
    within(chat(), ["status"], DROP),
    within(messages(), ["request", "stop_sequences"], ["END"]),
    within(messages(), ["request", "tool_choice"], {"type": "any"}),
    within(messages(), ["request", "tools"], [{"type": "web_search_20250305", "name": "web_search"}]),
    within(messages(), ["request", "metadata"], DROP),
    within(messages(), ["request", "system"], ""),
    within(messages(), ["tags"], ["x", "y"]),
    within(messages(), ["metadata"], None),
    within(messages(), ["metadata"], "of words"),
    within(messages(), ["response", "usage", "service_tier"], "standard"),
    within(messages(), ["response", "usage", "inference_geo"], "not_available"),
    within(chat(), ["response", "usage", "total_tokens"], 218),
    within(chat(), ["response", "usage", "prompt_tokens_details", "audio_tokens"], 0),
    within(chat(), ["request", "messages", 1, "content"], "mail to ada@example.org or\n+49 30 1234567, ada@example.org"),
    within(messages(), ["response", "content", 0, "text"], "her card is 4111 1111 1111 1111"),
])  # fmt: skip
def test_what_fits_comes_out_as_the_readers_have_it(record, tmp_path, monkeypatch):
    by_types, by_readers, fitted = both_ways(dumped(record), tmp_path, monkeypatch)
    assert fitted == 1
    assert by_types == by_readers


@pytest.mark.parametrize("record", [
    within(chat(), ["request", "messages", 1, "content"], [{"type": "text", "text": "in parts"}]),
    within(chat(), ["request", "max_tokens"], 0),
    within(within(chat(), ["request", "stop"], "a"), ["request", "stop_sequences"], ["b"]),
    within(chat(), ["request", "messages", 1, "role"], "developer"),
    within(chat(), ["request", "messages", 1, "name"], "Ada"),
    within(chat(), ["request", "messages", 1, "content"], "mail to ada@example.com, key AKIAIOSFODNN7QXZWVT3"),
    within(chat(), ["response", "choices", 0, "message", "tool_calls"], [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]),
    within(chat(), ["response", "choices", 0, "message", "content"], None),
    within(chat(), ["response", "choices"], []),
    within(chat(), ["response", "error"], {"message": "overloaded"}),
    within(chat(), ["response", "service_tier"], "flex"),
    within(chat(), ["response", "usage"], DROP),
    within(chat(), ["response", "usage", "prompt_tokens"], -1),
    within(chat(), ["response", "usage", "prompt_tokens"], "88"),
    within(chat(), ["response", "usage", "cost"], 0.01),
    within(chat(), ["response", "usage", "cost_in_usd_ticks"], 7),
    within(chat(), ["response", "usage", "total_tokens"], 346),
    within(chat(), ["response", "usage", "prompt_tokens_details", "audio_tokens"], 8),
    within(chat(), ["response", "usage", "completion_tokens_details", "reasoning_tokens"], 140),
    within(chat(), ["response", "id"], "gen-1791786598-AbCdEf"),
    within(chat(), ["response", "id"], "1"),
    within(chat(), ["response", "type"], "message"),
    within(chat(), ["status"], 429),
    within(chat(), ["timestamp"], 1791786598),
    within(chat(), ["timestamp"], "12 October"),
    within(chat(), ["timestamp"], "9999-01-01T00:00:00Z"),
    within(chat(), ["timestamp"], DROP),
    within(chat(), ["latency_ms"], -4),
    within(chat(), ["url"], "https://example.com/v1/chat/completions"),
    within(messages(), ["request", "system"], [{"type": "text", "text": "blocks"}]),
    within(messages(), ["response", "content"], [{"type": "thinking", "thinking": "hm"}]),
    within(messages(), ["response", "usage", "service_tier"], "batch"),
    within(messages(), ["response", "usage", "speed"], "fast"),
    within(messages(), ["response", "usage", "inference_geo"], "us"),
    within(messages(), ["response", "usage", "iterations"], [{"type": "compaction", "input_tokens": 9}]),
    within(messages(), ["response", "id"], "msg_bdrk_0123456789"),
    within(messages(), ["request", "inference_geo"], "us"),
    within(messages(), ["response", "usage", "output_tokens"], 0) | {"timestamp": "2026-13-45"},
    within(messages(), ["response", "usage", "server_tool_use"], {"web_search_requests": 1}),
    {"nothing": "known"},
    ["no", "object"],
])  # fmt: skip
def test_what_does_not_fit_is_left_to_the_readers(record, tmp_path, monkeypatch):
    by_types, by_readers, fitted = both_ways(dumped(record), tmp_path, monkeypatch)
    assert fitted == 0
    assert by_types == by_readers


@pytest.mark.parametrize(
    "path", [["metadata"], ["tags"], ["request", "metadata"], ["request", "stop"]]
)
def test_a_number_that_no_float_holds_costs_its_own_line_only(path, tmp_path, monkeypatch):
    bad = json.dumps(within(chat(), path, {"a": "HUGE"})).replace('"HUGE"', "1e999")
    raw = dumped(chat()) + bad.encode() + b"\n" + dumped(messages())
    by_types, by_readers, fitted = both_ways(raw, tmp_path, monkeypatch)
    assert fitted == 2
    assert by_types == by_readers


def test_records_are_counted_on_across_both_ways(tmp_path, monkeypatch):
    raw = b"\n".join(
        [
            b"\xef\xbb\xbf" + json.dumps(chat()).encode(),
            json.dumps(messages()).encode(),
            b"",
            b'{"request": {"model"',
            json.dumps(chat()).encode().replace(b"billing", b"bill\xffing"),
            json.dumps(chat(extra="\udc80")).encode(),
            json.dumps(chat(), ensure_ascii=False).encode(),
            json.dumps(chat()).encode(),
        ]
    )
    by_types, by_readers, fitted = both_ways(raw, tmp_path, monkeypatch)
    assert fitted == 3
    assert by_types == by_readers


def test_chunks_follow_each_other_however_small_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(typed, "CHUNK_LINES", 2)
    secret = within(chat(), ["request", "messages", 1, "content"], "key AKIAIOSFODNN7QXZWVT3")
    asked = within(chat(), ["request", "stop"], ["END"])
    other = messages(session_id="s_2", tags=None, user=None)
    raw = dumped(chat(), secret, asked, other, messages(), {}, within(chat(), ["id"], ""), asked)
    by_types, by_readers, fitted = both_ways(raw, tmp_path, monkeypatch)
    assert fitted == 6
    assert by_types == by_readers


def test_no_rule_takes_the_fields_of_a_message_for_those_of_a_secret():
    fields = [rule.compiled_fields for rule in RULES if rule.compiled_fields]
    assert fields
    assert not [name for name in ("content", "role") for field in fields if field.fullmatch(name)]


def test_every_parameter_that_shapes_keep_is_looked_at():
    assert set(PARAMS) <= set(pair_types.Request.__struct_fields__)


def test_secrets_only_and_masking_go_the_same_way(tmp_path, monkeypatch):
    record = within(chat(), ["request", "messages", 1, "content"], "write to ada@example.com")
    for masking, fits in ((Masking(classes=False), 1), (Masking(personal=True), 0)):
        by_types, by_readers, fitted = both_ways(dumped(record), tmp_path, monkeypatch, masking)
        assert fitted == fits
        assert by_types == by_readers


def test_readers_of_other_packages_are_asked_first(tmp_path, monkeypatch):
    from auditor.readers import registry

    theirs = type("Theirs", (), {
        "name": "theirs", "title": "", "matches": staticmethod(lambda _: True),
        "read": staticmethod(lambda _: []),
    })  # fmt: skip
    monkeypatch.setattr(json_lines, "registry", lambda _: registry.Registry([theirs]))
    path = tmp_path / "log.jsonl"
    path.write_bytes(dumped(chat()))
    columns = json_lines.read_piece(path, Piece(0, path.stat().st_size), Masking())
    assert columns.ledger.column("outcome").to_pylist() == ["not-call"]


def test_the_sample_logs_come_out_the_same(tmp_path, monkeypatch):
    raw = (SAMPLES / "support-app.openai.jsonl").read_bytes()
    by_types, by_readers, fitted = both_ways(raw, tmp_path, monkeypatch)
    assert by_types == by_readers
    assert fitted > 0.8 * by_types[4]
    raw = gzip.decompress((SAMPLES / "dev-platform.anthropic.jsonl.gz").read_bytes())
    by_types, by_readers, fitted = both_ways(raw, tmp_path, monkeypatch)
    assert by_types == by_readers
    assert fitted > 0.8 * by_types[4]


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_every_sample_of_every_format_comes_out_the_same(tmp_path, monkeypatch):
    read = 0
    for path in sorted((DATA / "formats").rglob("*.jsonl")):
        raw = path.read_bytes()
        by_types, by_readers, _ = both_ways(raw, tmp_path, monkeypatch)
        assert by_types == by_readers, path
        read += by_types[4]
    assert read > 100


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(allow_nan=False),
    st.text(max_size=8), st.just(DROP),
    st.sampled_from(["system", "user", "2026-01-01", "batch", "flex", "gpt-4o", 0, 200, "\udc80"]),
)  # fmt: skip
VALUES = st.one_of(SCALARS.filter(lambda v: v is not DROP), st.lists(st.text(max_size=3), max_size=2),
                   st.dictionaries(st.sampled_from(["type", "text", "role", "user_id"]), st.text(max_size=4)))  # fmt: skip


def paths(value, prefix=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*prefix, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*prefix, key))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_value_anywhere_comes_out_the_same(tmp_path_factory, data):
    record = data.draw(st.sampled_from([chat(), messages()]))
    for _ in range(data.draw(st.integers(1, 3))):
        places = [path for path in paths(record) if not isinstance(path[-1], int)]
        path = data.draw(st.sampled_from(places))
        added = data.draw(st.sampled_from(["", "", *pair_types.Request.__struct_fields__]))
        if added and path[0] == "request" and len(path) == 2:
            path = ("request", added)
        value = data.draw(SCALARS | VALUES)
        record = within(record, list(path), value)
    with pytest.MonkeyPatch.context() as patch:
        raw = dumped(messages(), record, chat())
        by_types, by_readers, fitted = both_ways(raw, tmp_path_factory.mktemp("typed"), patch)
    assert fitted >= 2
    assert by_types == by_readers, orjson.dumps(by_types, default=str)

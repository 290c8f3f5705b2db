"""Hostile logs: no crash, no lost record, no hang, the rest of the log untouched."""

from __future__ import annotations

import gzip
import json
import os
import string
import tarfile
import zipfile

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.ingest import stage as ingest
from auditor.readers.call import TOKEN_COUNTS, Call, stumbled
from auditor.readers.columns import batch
from auditor.readers.files import json_records
from auditor.readers.parsing import parse
from auditor.readers.registry import READER_ERROR, folds, registry
from auditor.readers.values import count, is_call_time, moment

FUZZ = settings(
    max_examples=int(os.environ.get("AUDITOR_FUZZ", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SEEDS: dict[str, dict] = {
    "pair": {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}, "response": {"id": "chatcmpl-12345678", "choices": [{"message": {"role": "assistant", "content": "yo", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]}}], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}}},
    "anthropic": {"request": {"model": "claude-x", "max_tokens": 3, "system": [{"type": "text", "text": "s"}], "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "r"}]}]}], "tools": [{"name": "n", "input_schema": {}}]}, "response": {"id": "msg_12345678", "type": "message", "content": [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "t", "name": "n", "input": {}}], "usage": {"input_tokens": 5, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 2}}}},
    "responses": {"request": {"model": "gpt-5", "input": [{"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"}, {"type": "function_call_output", "call_id": "c", "output": "o"}], "tools": [{"type": "function", "name": "f"}]}, "response": {"id": "resp_12345678", "object": "response", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "t"}]}], "usage": {"input_tokens": 1, "output_tokens": 2}}},
    "gemini": {"request": {"contents": [{"role": "user", "parts": [{"text": "a"}, {"inlineData": {"data": "AA==", "mimeType": "image/png"}}]}], "generationConfig": {"temperature": 0}}, "response": {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {}}}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3, "thoughtsTokenCount": 4}, "responseId": "abcdefgh1"}},
    "converse": {"schemaType": "ModelInvocationLog", "modelId": "us.amazon.nova-micro-v1:0", "requestId": "r-12345678", "operation": "Converse", "timestamp": "2026-01-01T00:00:00Z", "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "a"}, {"toolResult": {"toolUseId": "t", "content": [{"json": {}}]}}]}], "system": [{"text": "s"}]}}, "output": {"outputBodyJson": {"output": {"message": {"content": [{"text": "b"}]}}, "usage": {"inputTokens": 1, "outputTokens": 2}}}},
    "otlp": {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}, "scopeSpans": [{"spans": [{"traceId": "a" * 32, "spanId": "b" * 16, "startTimeUnixNano": "1795233706040479321", "endTimeUnixNano": "1795233706055581141", "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "3"}}, {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "3"}}, {"key": "gen_ai.prompt.0.content", "value": {"stringValue": "x"}}]}]}]}]},
    "litellm": {"id": "chatcmpl-123456789", "call_type": "acompletion", "model_parameters": {"tools": [{"function": {"name": "f"}}]}, "hidden_params": {}, "response_cost": 0.1, "startTime": 1795233597.7, "endTime": 1795233598.1, "messages": [{"role": "user", "content": "q"}], "response": {"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 1}}, "prompt_tokens": 1, "completion_tokens": 1, "metadata": {}, "status": "success"},
    "spendlogs": {"request_id": "chatcmpl-123456780", "call_type": "acompletion", "api_key": "h", "spend": 0.1, "startTime": "2026-11-21 03:59:56.973801+00:00", "endTime": "2026-11-21 03:59:57", "metadata": '{"usage_object": {}}', "messages": "{}", "response": '{"choices": []}', "proxy_server_request": '{"messages": []}', "prompt_tokens": 3, "completion_tokens": 4, "model": "gpt-4o"},
    "langfuse": {"trace": {"id": "t"}, "observations": [{"id": "o", "traceId": "t", "type": "GENERATION", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "input": '[{"role": "user", "content": "q"}]', "output": {"role": "assistant", "content": "a"}, "usageDetails": {"input": 3, "output": 4, "total": 7}, "modelParameters": {"temperature": "1"}}]},
    "langsmith": {"id": "x", "run_type": "llm", "inputs": {"messages": [[{"kwargs": {"content": "q"}, "type": "constructor", "id": ["a", "HumanMessage"]}]]}, "outputs": {"generations": [[{"text": "a", "message": {"kwargs": {"usage_metadata": {"input_tokens": 1, "output_tokens": 2}}}}]]}, "start_time": 1728803135809, "trace_id": "t", "dotted_order": "20241013T070535809001Zx"},
    "claude": {"type": "assistant", "uuid": "u", "parentUuid": "p", "sessionId": "s", "timestamp": "2026-01-01T00:00:00Z", "requestId": "r", "message": {"id": "msg_1234567890", "model": "claude-opus-4", "content": [{"type": "text", "text": "t"}], "usage": {"input_tokens": 1, "output_tokens": 1}}},
    "codex": {"type": "event_msg", "timestamp": "2026-01-01T00:00:00Z", "payload": {"type": "token_count", "info": {"last_token_usage": {"input_tokens": 3, "output_tokens": 4}, "total_token_usage": {"input_tokens": 3}}}},
    "batch": {"id": "b", "custom_id": "c", "response": {"status_code": 200, "body": {"id": "chatcmpl-123456781", "choices": [], "usage": {}}}, "error": None},
    "anthropic-batch": {"custom_id": "c", "result": {"type": "succeeded", "message": {"id": "msg_12345679", "type": "message", "content": [], "usage": {}}}},
    "helicone": {"response_id": "r", "request_id": "q", "request_created_at": "2026-01-01", "response_status": 200, "request_body": {"messages": []}, "response_body": {"choices": []}, "prompt_tokens": 1, "completion_tokens": 2, "model": "gpt-4o"},
    "azure": {"category": "GatewayLogs", "time": "2026-01-01T00:00:00Z", "correlationId": "c", "properties": {"backendRequestBody": '{"messages": []}', "backendResponseBody": '{"choices": []}', "backendUrl": "https://x.openai.azure.com/openai/deployments/d/chat/completions"}},
    "vertex": {"full_request": {"contents": []}, "full_response": {"candidates": []}, "logging_time": "2026-01-01T00:00:00Z", "metadata": {"request_latency": 5}, "model": "publishers/google/models/gemini-2.5-pro"},
    "har": {"log": {"entries": [{"request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "postData": {"text": "{}"}}, "response": {"status": 200, "content": {"text": "aGk=", "encoding": "base64"}}, "startedDateTime": "2026-01-01T00:00:00Z", "time": 3, "timings": {"wait": 1}}]}},
    "vcr": {"interactions": [{"request": {"method": "POST", "uri": "https://api.anthropic.com/v1/messages", "body": "{}"}, "response": {"status": {"code": 200}, "headers": {"Date": ["x"]}, "body": {"string": "data: {}\n\n"}}}]},
    "span": {"name": "ai.generateText.doGenerate", "spanContext": {"traceId": "t", "spanId": "s"}, "attributes": {"ai.operationId": "ai.generateText.doGenerate", "ai.prompt.messages": "[]", "ai.usage.promptTokens": 3, "ai.response.toolCalls": '[{"toolName": "f"}]'}, "startTime": [1770131992, 5], "endTime": [1770131993, 5]},
    "portkey": {"ai_org": "openai", "ai_model": "gpt-4o", "req_units": 3, "res_units": 4, "request": {}, "response": {}, "cost": 1.5, "created_at": "2026-01-01"},
    "cloudflare": {"tokens_in": 3, "tokens_out": 4, "provider": "openai", "model": "gpt-4o", "created_at": "2026-01-01", "metadata": "{}"},
    "weave": {"op_name": "weave:///e/p/op/openai.chat.completions.create:h", "started_at": "2026-01-01", "inputs": {"model": "gpt-4o", "messages": []}, "output": {"choices": []}},
    "openrouter": {"generation_id": "gen-1234567890", "model_permaslug": "openai/gpt-4o", "tokens_prompt": "3", "tokens_completion": "4", "created_at": "2026-01-01 00:00:00", "cost_total": "0.1"},
}  # fmt: skip

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=()), max_size=12), st.sampled_from(["-1", "1e999", "12", "2026-01-01", "9999-12-31T23:59:59Z", "0001-01-01", "{", "[]", "data: {}", "\x00", "\u2028"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_lowercase, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def paths(value, here=()):
    yield here
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from paths(inner, (*here, key))


def mutated(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = mutated(value[path[0]], path[1:], new)
    return copy


def collect(record):
    """Read a record as ingest does; returns the columns."""
    readers = registry()
    reader = readers.find(record)
    made = batch.Batch(batch.Masking(personal=True))
    outcomes = readers.read(record)
    for outcome in outcomes:
        made.add(outcome, b"")
    return reader, outcomes, made.columns(lines=0, position=0)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_seed_is_read_by_its_reader(name):
    reader, outcomes, _ = collect(SEEDS[name])
    assert reader is not None
    assert any(isinstance(outcome, Call) for outcome in outcomes)


@pytest.mark.parametrize("name", sorted(SEEDS))
@FUZZ
@given(data=st.data())
def test_any_value_anywhere(name, data):
    record = SEEDS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(paths(record))))
        record = mutated(record, path, data.draw(values))
        if not isinstance(record, dict):
            return
    _, outcomes, columns = collect(record)
    assert len(outcomes) >= 1
    assert not any(getattr(outcome, "reason", "") == READER_ERROR for outcome in outcomes), outcomes
    assert columns.records == len(columns.ledger) == len(outcomes)
    for name_ in TOKEN_COUNTS:
        assert all(n is None or n >= 0 for n in columns.calls[name_].to_pylist())
    both = zip(
        columns.calls["reasoning_tokens"].to_pylist(),
        columns.calls["output_tokens"].to_pylist(),
        strict=True,
    )
    assert all(r is None or r <= o for r, o in both)


@FUZZ
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40), st.sampled_from([orjson.dumps(s) for s in SEEDS.values()])
        ),
        max_size=8,
    )
)
def test_any_bytes_as_lines(tmp_path_factory, lines):
    raw = b"\n".join(line.replace(b"\n", b" ") for line in lines)
    from auditor.store.store import Store

    path = tmp_path_factory.mktemp("fuzz") / "log"
    path.write_bytes(raw)
    with Store.open() as store:
        ingest.run(store, [path])
        assert store.check() == []
        again = ingest.run(store, [path])
        assert again.rows_read == 0


@FUZZ
@given(st.lists(values, max_size=5), st.sampled_from(["", " ", "\n", ",\n"]), st.booleans())
def test_documents_are_cut_where_values_end(parts, gap, array):
    records = [{"n": n, "v": v} for n, v in enumerate(parts)]
    texts = [json.dumps(r, indent=n % 3) for n, r in enumerate(records)]
    text = ("[" + ",".join(texts) + "]") if array else gap.join(texts)
    cutter = json_records.Cutter(None)
    raw = text.encode()
    found = [item for n in range(0, len(raw), 7) for item in cutter.feed(raw[n : n + 7])] + list(
        cutter.close()
    )
    assert [item.record for item in found] == [parse(t.encode()) for t in texts]
    assert all(raw[item.offset :].lstrip(b", \n").startswith(item.raw[:5]) for item in found)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": ' * 3000 + b"1" + b"}" * 3000, "too-deep"),
        (b'{"a": "\xff"}', "not-utf8"),
        (b'{"a": 1', "bad-json"),
        (b"not json", "bad-json"),
        (b"\x00\x00", "bad-json"),
        (b"12", "not-an-object"),
    ],
)
def test_why_a_line_is_no_record(line, reason):
    assert parse(line).reason == reason


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b'{"a": 1, "a": 2}',
        b'\xef\xbb\xbf{"a": 123456789012345678901234567890}',
    ],
)
def test_what_loggers_write_and_json_forbids(line):
    assert isinstance(parse(line), dict)


def test_each_trouble_costs_its_own_line(store, tmp_path):
    pair = SEEDS["pair"]

    def one(n, text="x", **response):
        body = {**pair["response"], "id": f"chatcmpl-{n:08d}", **response}
        return json.dumps(
            {
                "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]},
                "response": body,
            },
            ensure_ascii=False,
        ).encode()

    huge = one(4, "y" * 20_000_000)
    lines = [
        one(1, "a\u2028b"),
        b'{"request": "\xff"}',
        one(2),
        one(2),
        huge,
        one(3, "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")),
        b'{"request":{"messages":[{"role":"user","content":"\\ud800"}]},"response":{"id":"chatcmpl-99999999","choices":[]}}',
    ]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines))
    row = ingest.run(store, [path]).detail["sources"][0]
    assert (row["records"], row["calls"], row["duplicates"], row["rejects"]) == (7, 5, 1, 1)
    assert "a\u2028b" in store.value(
        "SELECT messages FROM contents JOIN calls USING (call_id) WHERE line_no = 1"
    )
    assert store.rows("SELECT line_no, reason FROM rejects") == [(2, "not-utf8")]


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.000+00:00",
        "2026-11-21 10:00:00",
        "Sat, 21 Nov 2026 10:00:00 GMT",
        1795255200,
        1795255200000,
        1795255200000000,
        "1795255200000000000",
        "2026-11-21T11:00:00+01:00",
        "2026-11-21T10:00:00.000000000Z",
    ],
)
def test_spellings_of_a_time(value):
    assert moment(value) == 1795255200 * 10**6


@pytest.mark.parametrize(
    "value", ["9999-12-31T00:00:00Z", -5, 0, "0001-01-01", 10**25, "1970-01-01T00:00:00Z"]
)
def test_no_call_was_at_such_a_moment(value):
    assert not is_call_time(moment(value))


@pytest.mark.parametrize("value", ["soon", True, float("inf"), float("nan"), [], "", "2026-13-45"])
def test_what_is_no_time(value):
    assert moment(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        ("12", 12),
        (4.0, 4),
        ("1e3", 1000),
        (-1, None),
        (True, None),
        (1.5, None),
        ("many", None),
        (10**15, 10**15),
        (float("nan"), None),
        ("9" * 400, None),
    ],
)
def test_counts(value, expected):
    assert count(value) == expected


@pytest.mark.parametrize("kind", ["gz", "zst", "zip", "array", "pretty", "concatenated"])
def test_containers_hold_the_same_calls(store, tmp_path, kind):
    import pyarrow as pa

    records = [
        {**SEEDS["pair"], "response": {**SEEDS["pair"]["response"], "id": f"chatcmpl-{n:08d}"}}
        for n in range(5)
    ]
    lines = b"\n".join(orjson.dumps(r) for r in records)
    path = tmp_path / f"log.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(lines))
    elif kind == "zst":
        path.write_bytes(pa.compress(lines, "zstd", asbytes=True))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.jsonl", lines)
            archive.writestr("folder/b.json.gz", gzip.compress(orjson.dumps(records)))
    elif kind == "array":
        path.write_bytes(orjson.dumps(records))
    elif kind == "pretty":
        path.write_text(json.dumps(records, indent=2))
    else:
        path.write_text("\n".join(json.dumps(r, indent=1) for r in records))
    row = ingest.run(store, [path]).detail["sources"][0]
    assert (row["calls"], row["duplicates"], row["rejects"]) == (5, 5 if kind == "zip" else 0, 0)
    assert store.check() == []


def test_a_broken_archive_keeps_what_could_be_read(store, tmp_path):
    lines = b"\n".join(
        orjson.dumps(
            {
                **SEEDS["pair"],
                "id": f"{n}",
                "response": {
                    **SEEDS["pair"]["response"],
                    "id": f"chatcmpl-{n:08d}-{n * 7919 % 104729}",
                },
            }
        )
        for n in range(5000)
    )
    packed = gzip.compress(lines)
    path = tmp_path / "log.gz"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    row = ingest.run(store, [path]).detail["sources"][0]
    assert row["calls"] > 1000
    assert ("broken-archive",) in store.rows("SELECT reason FROM rejects")


def test_parquet_and_csv(store, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {
            "request_id": f"chatcmpl-{n:08d}",
            "call_type": "acompletion",
            "api_key": "k",
            "spend": 0.1,
            "startTime": "2026-01-01 00:00:00",
            "model": "gpt-4o",
            "prompt_tokens": 10,
            "completion_tokens": 5,
        }
        for n in range(4)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text(
        "\n".join([",".join(rows[0]), *(",".join(map(str, r.values())) for r in rows), "too,few"])
    )
    result = ingest.run(store, [tmp_path / "a.parquet", tmp_path / "b.csv"])
    found = [
        (r["calls"], r["duplicates"], r["not_calls"], r["rejects"])
        for r in result.detail["sources"]
    ]
    assert found == [(4, 0, 0, 0), (0, 4, 1, 1)]


def test_binary_and_empty_files(store, tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "b").write_bytes(b"")
    with tarfile.open(tmp_path / "c.tar", "w") as archive:
        archive.add(tmp_path / "a", "a")
    result = ingest.run(store, [tmp_path])
    assert all(row["calls"] == 0 for row in result.detail["sources"])
    assert store.check() == []


def test_readers_say_how_far_their_records_reach():
    assert {r.reach for r in registry().readers if folds(r)} == {"file", "folder", "run"}


def test_nesting_that_is_too_deep_for_our_own_code_is_no_bug():
    assert stumbled(RecursionError("maximum recursion depth exceeded")).reason == "too-deep"
    assert stumbled(ValueError("odd")).reason == "internal-error"

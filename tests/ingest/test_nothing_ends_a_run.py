"""Nothing ends a run: an absurd figure, a record that auditor stumbles over, a value refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from auditor.ingest import isolation, ledger
from auditor.ingest import stage as ingest
from auditor.pricing.price_book import PriceBook
from auditor.readers.call import INTERNAL_ERROR, Call
from auditor.readers.columns.batch import Batch, Masking
from auditor.readers.files import containers
from auditor.readers.registry import READER_ERROR, Registry
from auditor.store.filters import CallFilter


def pair(n: int, usage: dict | None = None, **beside) -> dict:
    return {
        "timestamp": "2026-10-01T10:00:00Z",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Q{n}"}]},
        "response": {
            "id": f"chatcmpl-{n:08d}",
            "model": "gpt-4o",
            "choices": [{"message": {"role": "assistant", "content": "A"}}],
            "usage": usage or {"prompt_tokens": 5, "completion_tokens": 1},
        },
    } | beside


def read(store, path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return ingest.run(store, [path])


@pytest.mark.parametrize(
    ("beside", "column", "figure"),
    [
        ({"cost_usd": 3_000_000}, "logged_cost_usd", "3e+06"),
        ({"cost": 10_001}, "logged_cost_usd", "10001"),
        ({"cost_usd": 1e290}, "logged_cost_usd", "1e+290"),
        ({"usage": {"prompt_tokens": 7 * 10**11, "completion_tokens": 1}}, "input_uncached_tokens", "700000000000"),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 2**63}}, "output_tokens", "9.22337e+18"),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 10**40}}, "output_tokens", "1e+40"),
        ({"latency_ms": 10**21}, "latency_ms", "1e+21"),
        ({"ttft_ms": 10**12}, "ttft_ms", "1e+12"),
        ({"timestamp": "9998-01-01T00:00:00Z"}, "called_at", "9998-01-01T00:00:00+00:00"),
        ({"timestamp": "1970-01-01T00:00:00Z"}, "called_at", "1970-01-01T00:00:00+00:00"),
        ({"timestamp": 10**24}, "called_at", "1000000000000000000000 us after 1970"),
    ],
)  # fmt: skip
def test_an_absurd_figure_is_flagged_on_its_call_and_unknown(
    store, tmp_path, beside, column, figure
):
    result = read(store, tmp_path / "log.jsonl", pair(1), pair(2, **beside), pair(3))
    assert result.detail["sources"][0]["calls"] == 3
    flagged = store.rows(
        "SELECT record_no, implausible FROM calls WHERE implausible IS NOT NULL ORDER BY ALL"
    )
    assert flagged == [(2, [f"{column}={figure}"])]
    if column != "called_at":  # of which the file's time takes the place
        assert store.value(f"SELECT {column} FROM calls WHERE record_no = 2") is None or (
            column.endswith("tokens")
            and store.value("SELECT usage_state FROM calls WHERE record_no = 2") == "estimated"
        )
    assert store.value("SELECT sum(cost_usd) < 1 FROM calls")
    assert any(column in warning for warning in result.warnings)
    assert store.check() == []


def test_a_figure_that_a_call_can_have_is_left_alone(store, tmp_path):
    dear = {"prompt_tokens": 9_000_000, "completion_tokens": 100_000}
    result = read(store, tmp_path / "l.jsonl", pair(1, dear, cost_usd=9_000, latency_ms=86_400_000))
    assert store.rows("SELECT implausible, latency_ms FROM calls") == [(None, 86_400_000)]
    assert not result.warnings


def test_a_duration_of_minus_one_is_unknown_and_no_doubt(store, tmp_path):
    line = {
        "schemaType": "ModelInvocationLog", "modelId": "us.amazon.nova-micro-v1:0",
        "requestId": "r-12345678", "operation": "Converse", "timestamp": "2026-01-01T00:00:00Z",
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "a"}]}]}},
        "output": {"outputBodyJson": {"output": {"message": {"content": [{"text": "b"}]}},
                                      "usage": {"inputTokens": 1, "outputTokens": 2},
                                      "metrics": {"latencyMs": -1}}},
    }  # fmt: skip
    read(store, tmp_path / "log.jsonl", line)
    assert store.rows("SELECT latency_ms, implausible FROM calls") == [(None, None)]


def test_an_absurd_time_beside_a_good_one_gives_way(store, tmp_path):
    record = pair(1, timestamp="0001-01-01T00:00:00Z")
    record["response"]["created"] = 1790848800
    read(store, tmp_path / "log.jsonl", record)
    assert store.rows("SELECT called_at::VARCHAR, implausible FROM calls") == [
        ("2026-10-01 10:00:00+00", None)
    ]


def test_a_record_that_auditor_stumbles_over_costs_itself_only():
    batch = Batch(Masking())
    for n, project in enumerate(["a", ["no", "text"], "c"]):
        call = Call()
        call.reader, call.project, call.response_text = "own", project, f"answer {n}"
        batch.add(call, b"raw", line_no=n + 1)
    columns = batch.columns(lines=3, position=9)
    assert columns.calls["project"].to_pylist() == ["a", "c"]
    assert columns.ledger["outcome"].to_pylist() == ["call", "reject", "call"]
    (reject,) = columns.rejects.to_pylist()
    assert (reject["line_no"], reject["reason"]) == (2, INTERNAL_ERROR)
    assert "TypeError" in reject["detail"]


def test_a_value_that_fits_no_column_costs_its_record_only():
    batch = Batch(Masking())
    for n, choices in enumerate([1, 2**40, 3]):
        call = Call()
        call.reader, call.choices, call.response_text = "own", choices, f"answer {n}"
        batch.add(call, b"raw", line_no=n + 1, offset=n * 10)
    columns = batch.columns(lines=3, position=30)
    assert columns.calls["choices"].to_pylist() == [1, 3]
    assert columns.ledger["outcome"].to_pylist() == ["call", "reject", "call"]
    assert columns.rejects["byte_offset"].to_pylist() == [10]


@pytest.mark.parametrize("bad", [1, 4, 7])
def test_a_record_that_the_database_refuses_costs_itself_only(store, tmp_path, bad):
    path = tmp_path / "log"
    path.write_bytes(b"x" * 70)
    batch = Batch(Masking())
    for n in range(7):
        call = Call()
        call.reader, call.log_id = "own", f"call {n + 1}"
        call.messages = [{"role": "user", "content": str(n)}]
        batch.add(call, b"raw", line_no=n + 1, offset=n * 10)
    columns = batch.columns(lines=7, position=70)
    messages = columns.calls["messages"].to_pylist()
    messages[bad - 1] = "{no JSON"
    at = columns.calls.column_names.index("messages")
    calls = columns.calls.set_column(at, "messages", pa.array(messages))
    object.__setattr__(columns, "calls", calls)

    with containers.sources([path]) as (source,):
        progress = ledger.Progress(source=source, source_id="s", position=0)
        ledger.begin(store, [progress], CallFilter())
        isolation.write(store, [(progress, columns)], book=PriceBook(), only=CallFilter())
        ledger.complete(store, [progress])
    kept = [n for n in range(1, 8) if n != bad]
    assert store.rows("SELECT record_no, line_no FROM calls ORDER BY 1") == [(n, n) for n in kept]
    assert store.rows("SELECT record_no, line_no, reason FROM rejects") == [
        (bad, bad, INTERNAL_ERROR)
    ]
    assert store.value("SELECT bytes_read FROM sources") == 70
    assert store.check() == []


ODD = {
    "runs posted as a flag": {"post": True, "patch": [], "runs": 4},
    "runs posted as a number": {"post": [{"run_type": "llm", "inputs": {}}], "patch": 1.5},
    "no finish reasons in a list": {
        "resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "a" * 32, "spanId": "b" * 16, "name": "chat",
            "attributes": [
                {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
                {"key": "gen_ai.response.finish_reasons", "value": {"stringValue": "[]"}},
                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "5"}},
            ],
        }]}]}],
    },
    "a block whose type is a list": {
        "request": {"model": "m", "messages": [{"role": "user", "content": [{"type": []}]}]},
        "response": {},
    },
    "a session whose id is a list": {
        "sessionId": ["a"], "projectHash": "p", "startTime": "2026-01-15T09:30:00Z",
        "messages": [{"id": "1", "type": "gemini", "content": "A", "tokens": {"input": 1}}],
    },
    "choices of an event that are a number": {
        "request": pair(1)["request"], "response": 'data: {"choices": 1.5, "id": "x"}\n\n',
    },
    "a status that is no status": {
        "scope": "https://api.openai.com:443", "method": "POST", "path": "/v1/chat/completions",
        "status": 2**31, "body": pair(1)["request"], "response": pair(1)["response"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_field_makes_nobody_stumble(store, tmp_path, name):
    result = read(store, tmp_path / "log.jsonl", pair(2), ODD[name], pair(3))
    assert result.detail["sources"][0]["calls"] >= 2
    stumbled = ("internal-error", "reader-error")
    assert not store.rows("SELECT reason, detail FROM rejects WHERE reason IN (?, ?)", stumbled)


class Fragile:
    name = title = "fragile"

    def matches(self, record):
        return record["no such key"]

    def read(self, record):
        raise AssertionError


def test_a_reader_that_cannot_say_what_is_its_own_hides_no_record_of_others():
    readers = Registry([Fragile()])
    (call,) = readers.read(pair(1))
    assert call.reader == "pair"
    (reject,) = readers.read({"nobody": "knows"})
    assert (reject.reason, "fragile: KeyError" in reject.detail) == (READER_ERROR, True)

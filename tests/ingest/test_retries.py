"""Retries are numbered within their trace; what is asked again after an answer is none."""

from __future__ import annotations

import json

from auditor.ingest import stage as ingest


def call(n, *, second, status=200, trace="t1", text="hello", **more):
    response = {
        "id": f"chatcmpl-{n:08d}",
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }
    return {
        "id": f"log_{n}",
        "timestamp": f"2026-01-15T00:00:{second:02d}Z",
        "trace_id": trace,
        "status": status,
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]},
        "response": response if status == 200 else {"error": {"message": "overloaded"}},
    } | more


def numbers(store):
    return dict(store.rows("SELECT log_id, attempt_no FROM calls"))


def test_tries_are_counted_until_one_is_answered(store, tmp_path):
    log = tmp_path / "log.jsonl"
    calls = [
        call(3, second=3),
        call(1, second=1, status=500),
        call(2, second=2, status=529),
        call(4, second=4),
        call(5, second=5, status=500, text="another question"),
        call(6, second=6, status=500, trace="t2"),
        call(7, second=7, trace=None),
        call(8, second=8, trace=None, session_id="s1"),
    ]
    log.write_text("".join(json.dumps(c) + "\n" for c in calls))
    ingest.run(store, [log])
    assert numbers(store) == {
        "log_1": 1, "log_2": 2, "log_3": 3, "log_4": 1,
        "log_5": 1, "log_6": 1, "log_7": None, "log_8": 1,
    }  # fmt: skip


def test_a_log_that_grows_counts_on(store, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(call(1, second=1, status=500)) + "\n")
    ingest.run(store, [log])
    assert numbers(store) == {"log_1": 1}
    with log.open("a") as file:
        file.write(json.dumps(call(2, second=2)) + "\n")
    ingest.run(store, [log])
    assert numbers(store) == {"log_1": 1, "log_2": 2}
    assert store.check() == []

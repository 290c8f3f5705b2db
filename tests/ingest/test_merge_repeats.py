"""A call that two logs know: each gives what the other does not hold, in either order."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from auditor.ingest import stage as ingest

SECRET = "AKIAQQQQQQQQQQQQQQQQ"


def full(n, **more):
    return {
        "id": f"log_{n}", "timestamp": "2026-01-15T00:00:00Z",
        "request": {
            "model": "gpt-4o-2024-08-06",
            "messages": [{"role": "user", "content": f"question {n}, key {SECRET}"}],
        },
        "response": {
            "id": f"chatcmpl-{n:08d}", "model": "gpt-4o-2024-08-06",
            "choices": [{"message": {"role": "assistant", "content": f"answer {n}"}, "finish_reason": "stop"}],
        },
    } | more  # fmt: skip


def bare(n):
    """What a gateway logs that keeps no texts."""
    return {
        "id": f"gw_{n}", "timestamp": "2026-01-15T00:00:01Z", "latency_ms": 812, "project": "shop",
        "response": {
            "id": f"chatcmpl-{n:08d}", "model": "gpt-4o-2024-08-06",
            "choices": [{"finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
        },
    }  # fmt: skip


def read(store, folder, name, *records):
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return ingest.run(store, [path])


def known(store):
    return store.rows(
        """SELECT content_state, usage_state, cost_usd, cost_basis, project, latency_ms, masked,
                  messages, response_text, log_id
        FROM calls JOIN contents USING (call_id) ORDER BY provider_response_id"""
    )


@pytest.mark.parametrize("order", [("bare", "full"), ("full", "bare")])
@pytest.mark.parametrize("together", [True, False])
def test_texts_of_one_and_tokens_of_the_other(store, tmp_path, order, together):
    made = {"bare": bare, "full": full}
    if together:
        read(store, tmp_path, "both.jsonl", *(made[name](1) for name in order))
    else:
        for name in order:
            read(store, tmp_path, f"{name}.jsonl", made[name](1))
    (row,) = known(store)
    assert row[:7] == ("full", "provider", Decimal("0.0035"), "price-book", "shop", 812, 1)
    assert "question 1, key [SECRET:aws-access-key]" in row[7]
    assert row[8] == "answer 1"
    assert row[9] == ("gw_1" if order[0] == "bare" else "log_1")
    assert store.rows("SELECT rule_id, n FROM call_sensitivity") == [("aws-access-key", 1)]
    assert store.rows("SELECT outcome, count(*) FROM records GROUP BY 1 ORDER BY 1") == [
        ("call", 1), ("duplicate", 1),
    ]  # fmt: skip
    assert store.check() == []


def test_three_records_of_one_call_and_no_class_twice(store, tmp_path):
    answer = full(1)
    del answer["request"]  # a log of answers only
    answer["response"]["choices"][0]["message"]["content"] = f"your key {SECRET}"
    whole = full(1)
    whole["response"]["choices"][0]["message"]["content"] = f"your key {SECRET}"
    read(store, tmp_path, "log.jsonl", answer, bare(1), whole)
    (row,) = known(store)
    assert row[:4] == ("full", "provider", Decimal("0.0035"), "price-book")
    assert store.rows("SELECT rule_id, n FROM call_sensitivity") == [("aws-access-key", 2)]
    assert store.check() == []


def test_what_holds_no_more_changes_nothing(store, tmp_path):
    told = {"usage": {"prompt_tokens": 1000, "completion_tokens": 100}}
    whole = full(1)
    whole["response"] |= told
    read(store, tmp_path, "a.jsonl", whole)
    before = known(store), store.rows("SELECT * FROM calls")
    other = full(1, project="another", id="again")
    other["request"]["messages"][0]["content"] = "other words"
    other["response"] |= {"usage": {"prompt_tokens": 9, "completion_tokens": 9}}
    read(store, tmp_path, "b.jsonl", other, bare(1))
    assert (known(store), store.rows("SELECT * FROM calls")) == before
    assert store.check() == []


def test_a_filter_holds_for_what_would_enrich_too(store, tmp_path):
    from auditor.store.filters import CallFilter

    read(store, tmp_path, "bare.jsonl", bare(1))
    path = tmp_path / "full.jsonl"
    path.write_text(json.dumps(full(1)) + "\n")
    only = CallFilter(projects=("nowhere",))
    ingest.run(store, [path], ingest.IngestSettings(only=only))
    assert known(store)[0][0] != "full"

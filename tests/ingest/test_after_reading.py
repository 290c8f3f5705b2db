"""What is asked of the calls once they are read: spend, bills, deletion, export."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from auditor.errors import ConfigError, LogError
from auditor.ingest import stage as ingest
from auditor.ingest.stage import IngestSettings
from auditor.pricing import bills
from auditor.pricing.savings import find_savings
from auditor.pricing.spend import spend_by
from auditor.privacy import deletion
from auditor.store import export
from auditor.store.filters import CallFilter

DAY = "2026-11-20"


def pair(
    n: int,
    *,
    model="gpt-4o-2024-08-06",
    text=None,
    user="u1",
    project="app",
    prompt=1000,
    output=100,
    hour=10,
    system="Be brief.",
    **response,
):
    return {
        "timestamp": f"{DAY}T{hour:02d}:00:{n % 60:02d}Z",
        "request": {"model": model, "messages": [{"role": "system", "content": system}, {"role": "user", "content": text or f"question {n}"}], "temperature": 0, "user": user, "metadata": {"project": project}},
        "response": {"id": f"chatcmpl-{n:08d}", "model": model, "choices": [{"message": {"role": "assistant", "content": f"a{n}"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": prompt, "completion_tokens": output}} | response,
        "status": 200,
    }  # fmt: skip


@pytest.fixture
def load(store, tmp_path):
    def read(records, **settings):
        path = tmp_path / "log.jsonl"
        path.write_bytes(b"\n".join(json.dumps(r).encode() for r in records) + b"\nbroken\n")
        return ingest.run(store, [path], IngestSettings(**settings))

    return read


def test_spend_by(store, load):
    load(
        [
            pair(1),
            pair(2, user="u2", project="other"),
            pair(3, model="gpt-4o-mini-2024-07-18", hour=11),
        ]
    )
    # gpt-4o: 1000 * 2.50 + 100 * 10 = $0.0035; gpt-4o-mini: 1000 * 0.15 + 100 * 0.60 = $0.00021
    found = {row.value: (row.calls, row.spend_usd) for row in spend_by(store, "model")}
    assert found == {
        "gpt-4o-2024-08-06": (2, Decimal("0.007")),
        "gpt-4o-mini-2024-07-18": (1, Decimal("0.00021")),
    }
    assert sum(row.share for row in spend_by(store, "user")) == pytest.approx(1)
    assert [row.value for row in spend_by(store, "hour")] == ["10", "11"]
    assert [row.value for row in spend_by(store, "project", CallFilter(projects=("oth*",)))] == [
        "other"
    ]
    assert [row.value for row in spend_by(store, "sensitivity")] == ["none found"]
    for dimension in ("provider", "category", "team", "key", "day", "status", "reader"):
        assert sum(row.calls for row in spend_by(store, dimension)) == 3
    with pytest.raises(ConfigError):
        spend_by(store, "moon")


def test_savings_name_the_calls_behind_them(store, load):
    long = "policy " * 800
    cut = {"choices": [{"message": {"content": "a"}, "finish_reason": "length"}]}
    load(
        [
            pair(1, text="same"),
            pair(2, text="same"),
            pair(3, **cut),
            pair(4, system=long, hour=12),
            pair(5, system=long, hour=12),
        ]
    )
    found = {s.kind: s for s in find_savings(store)}
    assert (found["duplicates"].calls, found["duplicates"].saving_usd) == (1, Decimal("0.0035"))
    assert (found["failed"].calls, found["failed"].saving_usd) == (1, Decimal("0.0035"))
    # 5600 characters = 1400 tokens, at most the 1000 of the call: 1000 * (2.50 - 1.25) per million
    assert (found["prompt-caching"].calls, found["prompt-caching"].saving_usd) == (
        1,
        Decimal("0.00125"),
    )
    assert "batch" not in found
    assert all(len(s.example_call_ids) == s.calls for s in found.values())


def test_a_filter_at_ingest(store, load):
    row = load([pair(1), pair(2, user="u2")], only=CallFilter(where="user_id = 'u2'")).detail[
        "sources"
    ][0]
    assert (row["records"], row["calls"], row["not_calls"], row["rejects"]) == (3, 1, 1, 1)
    assert store.check() == []
    row = load([pair(1), pair(2, user="u2")]).detail["sources"][0]
    assert (row["calls"], row["not_calls"]) == (2, 0)
    early = CallFilter(until=datetime(2026, 11, 20, 10, 0, 12, tzinfo=UTC), models=("gpt-4*",))
    assert load([pair(11), pair(12)], only=early).detail["sources"][0]["calls"] == 1
    with pytest.raises(ConfigError, match="--where"):
        load([pair(1)], only=CallFilter(where="no_such_column = 1"))


def test_forget_a_user_a_source_and_nothing(store, load, tmp_path):
    load([pair(1), pair(2, user="u2"), pair(3)])
    assert deletion.forget(store, user="u1").calls == 2
    assert store.rows("SELECT user_id FROM calls") == [("u2",)]
    assert store.value("SELECT count(*) FROM contents") == 1
    assert store.check() == []
    with pytest.raises(ConfigError):
        deletion.forget(store, user="u1")
    with pytest.raises(ConfigError):
        deletion.forget(store)
    assert deletion.forget(store, source=str(tmp_path / "log.jsonl")).rejects == 1
    assert (
        store.value("SELECT count(*) FROM calls")
        == store.value("SELECT count(*) FROM records")
        == 0
    )


def test_purge_keeps_figures(store, load):
    load([pair(1), pair(2)])
    before = store.rows("SELECT sum(cost_usd), sum(output_tokens) FROM calls")
    assert deletion.purge_text(store) == 2
    assert store.value("SELECT count(*) FROM contents") == 0
    assert store.value("SELECT count(excerpt) FROM rejects") == 0
    assert store.rows("SELECT sum(cost_usd), sum(output_tokens) FROM calls") == before


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_export(store, load, tmp_path, form):
    import duckdb

    load([pair(1), pair(2, user="it's")])
    path = tmp_path / f"it's calls.{form}"
    assert export.export(store, "calls", path, texts=True) == 2
    name = str(path).replace("'", "''")
    assert duckdb.sql(
        f"SELECT count(*), sum(output_tokens) FROM '{name}'"
        if form != "jsonl"
        else f"SELECT count(*), sum(output_tokens) FROM read_json('{name}')"
    ).fetchall() == [(2, 200)]
    assert export.export(store, "rejects", tmp_path / f"r.{form}") == 1
    for what in export.WHAT:
        export.export(store, what, tmp_path / f"{what}.{form}")
    with pytest.raises(ConfigError):
        export.export(store, "moon", path)
    with pytest.raises(ConfigError):
        export.export(store, "calls", tmp_path / "x.docx")


def test_reconcile_tokens_and_discount(store, load, tmp_path):
    load([pair(1), pair(2)])
    bill = tmp_path / "activity.csv"
    bill.write_text("start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens\n"
                    f"1,{DAY}T00:00:00+00:00,4,gpt-4o-2024-08-06,4000,400\n2,2026-11-21T00:00:00+00:00,,,,\n")  # fmt: skip
    found = bills.reconcile(store, bill)
    assert (found.rows[0].model, found.rows[0].day, found.rows[0].calls) == (
        "gpt-4o-2024-08-06",
        date(2026, 11, 20),
        2,
    )
    assert found.rows[0].coverage == 0.5
    assert (found.skipped_rows, found.billed_usd) == (1, None)
    cost = tmp_path / "cost.csv"
    cost.write_text(
        f"start_time,start_time_iso,amount_value,line_item\n1,{DAY}T00:00:00+00:00,0.0140,\n"
    )
    found = bills.reconcile(store, cost)
    assert (found.billed_usd, found.computed_usd, found.coverage) == (
        Decimal("0.0140"),
        Decimal("0.007"),
        0.5,
    )


def test_reconcile_real_exports(store, shared_data):
    for folder in ("openai-usage-csv", "anthropic-console-csv"):
        for path in (shared_data / "formats" / folder).iterdir():
            assert bills.reconcile(store, path).rows


def test_reconcile_needs_a_bill(store, tmp_path):
    (tmp_path / "x.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(LogError, match="no usage or cost export"):
        bills.reconcile(store, tmp_path / "x.csv")

"""Bills beside calls: every export by the names of its columns, coverage by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from paired_log import DAY, pair, write

from auditor.errors import LogError
from auditor.ingest import stage as ingest
from auditor.pricing import bills

GPT, CLAUDE = "gpt-4o-2024-08-06", "claude-sonnet-4-5"
# two calls of 1000 in and 100 out: gpt-4o $0.0035 each, claude $3 and $15 a million: $0.0045 each


@pytest.fixture
def calls(store, tmp_path):
    claude = {"model": CLAUDE, "provider": "anthropic"}
    ingest.run(
        store,
        [write(tmp_path / "log.jsonl", [pair(1), pair(2), pair(3, **claude), pair(4, **claude)])],
    )
    return store


def bill(tmp_path, header, *lines):
    path = tmp_path / "bill.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


OPENAI_USAGE = "start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens"
OPENAI_COST = "start_time,start_time_iso,amount_value,amount_currency,line_item"
CLAUDE_USAGE = (
    "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens"
)
CLAUDE_COST = "usage_date_utc,model,token_type,cost_usd"
NOON = f"1,{DAY}T00:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "header", "line", "model", "coverage"),
    [
        ("openai-usage", OPENAI_USAGE, f"{NOON},4,{GPT},4000,400", GPT, 0.5),
        ("openai-cost", OPENAI_COST, f'{NOON},0.014,usd,"{GPT}, input"', GPT, 0.5),
        ("openai-cost", OPENAI_COST, f"{NOON},0.007,usd,", None, 1),
        ("anthropic-usage", CLAUDE_USAGE, f"{DAY} 02:00,{CLAUDE},2000,200,0,2000,200", CLAUDE, 0.5),
        ("anthropic-cost", CLAUDE_COST, f"{DAY},{CLAUDE},input,0.009", CLAUDE, 1),
    ],
)
def test_each_export_is_set_beside_its_calls(calls, tmp_path, kind, header, line, model, coverage):
    found = bills.reconcile(calls, bill(tmp_path, header, line))
    assert found.kind == kind
    (row,) = [row for row in found.rows if row.calls]
    assert (row.model, row.day, row.calls) == (model, date.fromisoformat(DAY), 2)
    assert row.coverage == found.coverage == pytest.approx(coverage)


def test_columns_are_found_by_name_in_any_order(calls, tmp_path):
    names = OPENAI_USAGE.split(",")
    cells = f"{NOON},4,{GPT},4000,400".split(",")
    there = bills.reconcile(calls, bill(tmp_path, ",".join(names), ",".join(cells)))
    back = bill(tmp_path, ",".join(["new", *reversed(names)]), ",".join(["x", *reversed(cells)]))
    assert bills.reconcile(calls, back) == there


def test_a_discount_shows_where_tokens_agree(calls, tmp_path):
    header = OPENAI_USAGE
    both = bill(tmp_path, header, f"{NOON},2,{GPT},2000,200")
    (row,) = bills.reconcile(calls, both).rows
    assert (row.coverage, row.price_ratio) == (1, None)  # this export has no cost
    activity = bill(
        tmp_path,
        "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug",
        f"gen-1,{DAY} 10:00:00,0.00308,1000,100,openai/gpt-4o",
    )
    found = bills.reconcile(calls, activity)
    assert (found.kind, found.billed_usd, found.coverage) == (
        "openrouter-activity",
        Decimal("0.00308"),
        0,
    )


def test_models_add_up_their_days(calls, tmp_path):
    lines = [f"{NOON},2,{GPT},2000,200", f"1,2026-10-21T00:00:00+00:00,2,{GPT},2000,200"]
    found = bills.reconcile(calls, bill(tmp_path, OPENAI_USAGE, *lines))
    assert [row.coverage for row in found.rows] == [1, 0]
    (whole,) = found.models()
    assert (whole.billed_tokens, whole.tokens, whole.calls, whole.coverage) == (4400, 2200, 2, 0.5)
    assert (found.billed_tokens, found.tokens, found.coverage) == (4400, 2200, 0.5)


def test_empty_buckets_are_skipped_and_counted(calls, tmp_path):
    found = bills.reconcile(
        calls, bill(tmp_path, OPENAI_USAGE, f"{NOON},2,{GPT},2000,200", f"{NOON},,,,")
    )
    assert (len(found.rows), found.skipped_rows) == (1, 1)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "", "generation_id,cost_total\n"])
def test_what_is_no_bill_is_told(calls, tmp_path, text):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(LogError):
        bills.reconcile(calls, tmp_path / "x.csv")

"""Tokens of calls without usage: fitted where they can be, bounded, made anew."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from auditor.ingest import stage as ingest
from auditor.ingest.repricing import reprice
from auditor.ingest.stage import IngestSettings
from auditor.pricing.price_book import ModelPrices, PricesConfig


def pair(n, *, usage=True, chars=400, model="gpt-4o-2024-08-06", **response):
    counts = {"prompt_tokens": chars // 4 + n % 7, "completion_tokens": chars // 8}
    return {
        "timestamp": "2026-01-15T00:00:00Z",
        "request": {"model": model, "messages": [{"role": "user", "content": "x" * chars}]},
        "response": {"id": f"chatcmpl-{n:08d}", "model": model, "choices": [{"message": {"content": "y" * chars}, "finish_reason": "stop"}]}
        | ({"usage": counts} if usage else {}) | response,
    }  # fmt: skip


@pytest.fixture
def load(store, tmp_path):
    def read(records, **settings):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        path.write_text("\n".join(map(json.dumps, records)))
        return ingest.run(store, [path], IngestSettings(**settings))

    return read


BOUNDS = "SELECT cost_low_usd, cost_usd, cost_high_usd, cost_basis, usage_state, output_tokens FROM calls WHERE provider_response_id = 'chatcmpl-00000099'"


def test_fitted_from_the_same_model(store, load):
    load([*(pair(n, chars=200 + 20 * n) for n in range(30)), pair(99, usage=False, chars=800)])
    low, cost, high, basis, state, output = store.rows(BOUNDS)[0]
    assert (basis, state, output) == ("estimated", "estimated", 100)
    assert low <= cost <= high
    # 800 characters are 200 tokens in these logs, and 100 out: 200*2.50 + 100*10
    assert float(cost) == pytest.approx(0.0015, rel=0.05)
    assert store.check() == []


def test_wide_bounds_when_nothing_can_be_fitted(store, load):
    load([pair(99, usage=False)])
    low, cost, high, *_ = store.rows(BOUNDS)[0]
    assert low * 3 < high
    assert low < cost < high


def test_more_logs_fit_better_and_prices_change(store, load):
    load([pair(99, usage=False)])
    wide = store.rows(BOUNDS)[0]
    load([pair(n) for n in range(30)])
    tight = store.rows(BOUNDS)[0]
    assert tight[2] - tight[0] < wide[2] - wide[0]
    own = PricesConfig(
        models={"gpt-4o-2024-08-06": ModelPrices(input=Decimal(0), output=Decimal(1))}
    )
    reprice(store, own)
    assert store.rows(BOUNDS)[0][1] == Decimal("0.00005")  # 50 tokens out at $1 per million
    assert store.rows("SELECT DISTINCT cost_basis FROM calls ORDER BY 1") == [
        ("estimated",),
        ("override",),
    ]


@pytest.mark.parametrize(
    "record",
    [
        pair(99, usage=False, model="no-such-model"),
        pair(99, usage=False, choices=[], error={"message": "no"}),
        {"timestamp": "2026-01-15T00:00:00Z", "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]}, "response": {"id": "chatcmpl-00000099", "choices": [{"message": {"content": "a"}}]}},
    ],
    ids=["no price", "failed", "image"],
)  # fmt: skip
def test_what_is_not_estimated(store, load, record):
    load([record])
    assert store.rows(BOUNDS)[0][4] == "absent"
    assert store.check() == []

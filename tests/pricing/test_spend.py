"""Spend by dimension and savings before migration, against arithmetic done by hand.

Prices per million tokens: gpt-4o $2.50 in, $1.25 cached, $10 out; claude-sonnet-4-5 $3 in, $0.30
cache read, $3.75 cache write.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from paired_log import pair, write

from auditor.errors import ConfigError
from auditor.ingest import stage as ingest
from auditor.pricing.savings import find_savings
from auditor.pricing.spend import DIMENSIONS, spend_by
from auditor.store.filters import CallFilter

LONG = "You sort tickets by these rules. " * 250  # 8,250 characters: 2,062 tokens
ONE = Decimal("0.0035")  # 1000 in, 100 out of gpt-4o


@pytest.fixture
def load(store, tmp_path):
    def read(*records):
        ingest.run(store, [write(tmp_path / "log.jsonl", records)])

    return read


def saved(store, only=None):
    return {found.kind: found for found in find_savings(store, only)}


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_each_dimension_holds_all_calls_and_all_spend(store, load, dimension):
    load(pair(1), pair(2, user="u2", at="11:00:00"), pair(3, model="o3-2025-04-16"))
    rows = spend_by(store, dimension)
    assert sum(row.calls for row in rows) == 3
    assert sum(row.spend_usd for row in rows) == store.value("SELECT sum(cost_usd) FROM calls")
    assert sum(row.share for row in rows) == pytest.approx(1)


def test_a_model_of_many_providers_has_one_order(store, load):
    names = [f"p{n:02d}" for n in range(40)]
    load(*(pair(n, model="acme-7") | {"provider": name} for n, name in enumerate(names[::-1])))
    assert [row["provider"] for row in store.dicts("FROM v_models")] == names


def test_by_two_dimensions_at_once(store, load):
    load(pair(1, text="write to ada@example.org, card 4111 1111 1111 1111"), pair(2, user="u2"))
    found = {row.value: row for row in spend_by(store, "sensitivity,user")}
    assert {value: row.calls for value, row in found.items()} == {
        "contact / u1": 1, "financial / u1": 1, "none found / u2": 1,
    }  # fmt: skip
    # One call holds two classes and counts in both: shares are of all spend.
    assert sum(row.share for row in found.values()) == pytest.approx(1.5)
    with pytest.raises(ConfigError, match="by moon"):
        spend_by(store, "day,moon")


def test_token_buckets_are_disjoint(store, load):
    load(pair(1, prompt=1000, cached=400), pair(2))
    (row,) = spend_by(store, "model")
    assert (row.input_uncached_tokens, row.cache_read_tokens, row.output_tokens) == (1600, 400, 200)


def test_an_unpriced_call_is_counted_and_costs_nothing(store, load):
    load(pair(1), pair(2, model="acme-1"))
    found = {row.value: row for row in spend_by(store, "model")}
    assert (found["acme-1"].unpriced_calls, found["acme-1"].spend_usd) == (1, 0)
    assert found["gpt-4o-2024-08-06"].share == 1


def test_costliest_first_but_time_in_its_course(store, load):
    load(pair(1, at="11:00:00"), pair(2, at="12:00:00"), pair(3, at="12:30:00"), pair(4, user="u2"))
    assert [row.value for row in spend_by(store, "user")] == ["u1", "u2"]
    assert [row.value for row in spend_by(store, "hour")] == ["10", "11", "12"]


@pytest.mark.parametrize(
    ("only", "calls"),
    [
        (CallFilter(since=datetime(2026, 10, 20, 11, tzinfo=UTC)), 2),
        (CallFilter(until=datetime(2026, 10, 20, 11, tzinfo=UTC)), 1),
        (CallFilter(models=("o3*",)), 1),
        (CallFilter(models=("'; DROP TABLE calls; --",)), 0),
        (CallFilter(where="output_tokens > 100"), 1),
        (CallFilter(models=("gpt*",), where="user_id = 'u1' OR user_id = 'u2'"), 2),
    ],
)
def test_filters(store, load, only, calls):
    load(
        pair(1),
        pair(2, at="11:00:00", output=101, user="u2"),
        pair(3, at="12:00:00", model="o3-2025-04-16"),
    )
    assert sum(row.calls for row in spend_by(store, "model", only)) == calls


@pytest.mark.parametrize(
    "where",
    [
        "nope = 1",
        "model::INT = 1",
        "1 = 1) --",
        "SELECT",
        "model)",
        "1); DROP TABLE calls; SELECT (1",
    ],
)
def test_a_condition_that_is_none_is_told(store, load, where):
    load(pair(1))
    with pytest.raises(ConfigError, match="--where cannot be used"):
        CallFilter(where=where).check(store)
    assert store.value("SELECT count(*) FROM calls") == 1


def test_duplicates_are_all_but_the_first_and_only_without_sampling(store, load):
    load(
        pair(1, text="same"),
        pair(2, text="same", at="12:00:00"),
        pair(3, text="same", at="13:00:00"),
        pair(4, text="hot", temperature=1),
        pair(5, text="hot", temperature=1),
    )
    found = saved(store)["duplicates"]
    assert (found.calls, found.spend_usd, found.saving_usd) == (2, 2 * ONE, 2 * ONE)
    first = store.value("SELECT call_id FROM calls ORDER BY called_at LIMIT 1")
    assert first not in found.example_call_ids


def test_calls_that_were_cut_off(store, load):
    load(pair(1), pair(2, finish="length"))
    assert (saved(store)["failed"].calls, saved(store)["failed"].saving_usd) == (1, ONE)


def test_a_batch_halves_what_is_sent_a_hundred_times_an_hour(store, load):
    load(*(pair(n) for n in range(100)), *(pair(n, system="Rare.") for n in range(100, 150)))
    found = saved(store)["batch"]
    assert (found.calls, found.saving_usd) == (100, 50 * ONE)


def test_caching_saves_from_the_second_call_within_five_minutes(store, load):
    load(
        pair(1, system=LONG, prompt=3000),
        pair(2, system=LONG, prompt=3000, at="10:04:00"),
        pair(3, system=LONG, prompt=3000, at="10:20:00"),
        pair(4, system="Short.", at="10:01:00"),
        pair(5, system=LONG, prompt=3000, cached=2048, at="10:05:00"),
    )
    found = saved(store)["prompt-caching"]
    # 2,062 tokens * ($2.50 - $1.25) per million
    assert (found.calls, found.saving_usd) == (1, Decimal("0.002578"))


def test_what_writing_the_cache_costs_is_taken_off(store, load):
    claude = {"model": "claude-sonnet-4-5", "system": LONG, "prompt": 3000, "provider": "anthropic"}
    load(pair(1, **claude), pair(2, at="10:01:00", **claude), pair(3, at="10:02:00", **claude))
    found = saved(store)["prompt-caching"]
    # 2,062 tokens: two read at $3 - $0.30 less, one written at $3.75 - $3 more, per million
    expected = Decimal(2062) * (2 * Decimal("2.70") - Decimal("0.75")) / 1_000_000
    assert (found.calls, found.saving_usd) == (3, expected.quantize(Decimal("0.000001")))


def test_flex_for_slow_calls_of_models_that_have_it(store, load):
    slow = {"latency_ms": 25_000}
    load(pair(1, **slow), pair(2, model="o3-2025-04-16", **slow), pair(3, model="o3-2025-04-16"))
    found = saved(store)["cheaper-tier"]
    assert found.calls == 1
    assert found.saving_usd == found.spend_usd / 2


def test_savings_obey_the_filter_and_none_is_no_line(store, load):
    load(pair(1, finish="length"), pair(2, user="u2"))
    assert set(saved(store)) == {"failed"}
    assert saved(store, CallFilter(where="user_id = 'u2'")) == {}

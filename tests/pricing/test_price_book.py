"""The rate card against the book it is made from, and against providers' published rules."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from auditor.pricing import rate_card
from auditor.pricing.price_book import Key, ModelPrices, PriceBook, PricesConfig, find
from auditor.pricing.published_rules import published_rules

CONTEXTS = {
    "standard": None, "batch": {"processing": "batch"}, "flex": {"service_tier": "flex"},
}  # fmt: skip
COLUMNS = (
    "input_uncached_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "web_searches",
)

LATER = {
    "region": pa.string(), "extra_units": pa.string(), "inner_usage": pa.string(),
    "context_tokens": pa.int64(), "logged_cost_by": pa.string(),
}  # fmt: skip


def priced(store, rows, config=None):
    """Return {n: (cost, basis)} of rows of (provider, model, at, tier, *tokens) by the rate card.

    The number of searches of the web may be left out.
    """
    names = ("provider", "model", "called_at", "service_tier", *COLUMNS)
    rows = [row if len(row) == len(names) else (*row, 0) for row in rows]
    data = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    data["called_at"] = pa.array(data["called_at"], type=pa.timestamp("us", tz="UTC"))
    table = pa.table(
        data
        | {
            "n": range(len(rows)),
            "status": ["ok"] * len(rows),
            "usage_state": ["provider"] * len(rows),
            "call_id": [str(n) for n in range(len(rows))],
        }
        | {name: pa.nulls(len(rows), kind) for name, kind in LATER.items()}
    )
    with store.registered("priceless", table):
        rate_card.add_missing(store, PriceBook(config or PricesConfig()), "priceless")
        source = "(SELECT *, NULL::DECIMAL(18, 12) AS logged_cost_usd FROM priceless)"
        found = store.rows(f"SELECT n, cost_usd, cost_basis FROM ({rate_card.costs(source)})")
    return {n: (cost, basis) for n, cost, basis in found}


@pytest.mark.parametrize(
    "provider",
    ["openai", "anthropic", "google", "aws", "azure", "mistral", "groq", "x-ai", "openrouter"],
)
def test_equal_to_the_book_for_every_model(store, provider):  # noqa: PLR0912
    """Each model, tier and kind of cached token: within 1e-9 of genai-prices' own arithmetic."""
    rng = random.Random(provider)
    book = next(p for p in get_snapshot().providers if p.id == provider)
    rows, wanted = [], []
    for model in book.models:
        if (
            model.prices
            and not hasattr(model.prices, "__dict__")
            and any("Time" in type(c.constraint).__name__ for c in model.prices)
        ):
            continue  # prices by the hour of the day are tested apart
        for tier, context in CONTEXTS.items():
            variants = [v.when for v in model.price_variants or ()]
            if context and context not in variants:
                continue
            at = datetime.combine(date(2024, rng.randint(1, 12), 15), time(rng.randint(0, 23)), UTC)
            if rng.random() < 0.7:
                at = at.replace(year=2026)
            if context:
                at = datetime(2027, 2, 1, 12, tzinfo=UTC)  # every tier in the book has begun
            for size in (10, 5_000, 199_999, 200_001, 272_001, 900_000):
                fresh = rng.randint(0, size)
                read = rng.randint(0, size - fresh)
                written = size - fresh - read
                hour = rng.randint(0, written)
                if rng.random() < 0.3:
                    fresh, read, written, hour = size, 0, 0, 0
                out = rng.randint(0, 20_000)
                if "cache_write_1h_mtok" not in model.get_prices(at, context or None).__dict__:
                    hour = 0  # of Claude's models it follows Anthropic's factor
                known = "web_searches_kcount" in model.get_prices(at).__dict__
                searches = rng.randint(0, 3) if known and not context else 0
                usage = Usage(
                    input_tokens=size, cache_read_tokens=read, cache_write_tokens=written,
                    cache_write_1h_tokens=hour, output_tokens=out, web_searches=searches,
                )  # fmt: skip
                try:
                    cost = calc_price(
                        usage,
                        model.id,
                        provider_id=provider,
                        genai_request_timestamp=at,
                        price_context=context,
                    ).total_price
                except (LookupError, ValueError):
                    continue
                found = find(provider, model.id)
                if found is None or found[1] is not model:
                    continue  # another entry matches this id first
                tokens = (fresh, read, written - hour, hour, out)
                rows.append((provider, model.id, at, tier, *tokens, searches))
                fees = published_rules().fees(provider, model.id, at.date())
                wanted.append(cost + fees.get("requests", 0))
    assert len(rows) > 50
    card = priced(store, rows)
    wrong = []
    for n, (row, cost) in enumerate(zip(rows, wanted, strict=True)):
        got, basis = card[n]
        if basis == "unpriced":
            if cost != 0 and (row[4] + row[8]):
                wrong.append((row, cost, None))
        elif abs(got - cost) > Decimal("1e-9"):
            wrong.append((row, cost, got))
    assert wrong == []


def test_a_tier_holds_for_the_whole_call(store):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [("google", "gemini-2.5-pro", at, "standard", n, 0, 0, 0, 0) for n in (200_000, 200_001)]
    card = priced(store, rows)
    # $1.25 per million up to 200k tokens, $2.50 for all of them beyond
    assert card[0][0] == Decimal("0.25")
    assert card[1][0] == Decimal("0.5000025")


@pytest.mark.parametrize(
    "model", ["claude-3-5-haiku-20241022", "claude-sonnet-4-5", "gpt-4o-mini", "gpt-5"]
)
def test_a_batch_costs_half(store, model):
    provider = "anthropic" if model.startswith("claude") else "openai"
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [(provider, model, at, tier, 1000, 0, 0, 0, 500) for tier in ("standard", "batch")]
    card = priced(store, rows)
    assert card[1][0] * 2 == card[0][0] > 0


def input_usd(provider, model, tier="standard", region=""):
    key = Key(
        provider=provider, model=model, day=date(2026, 11, 2), service_tier=tier, region=region
    )
    (rate, *_) = PriceBook().rates(key)
    return rate.input_usd


@pytest.mark.parametrize(
    ("provider", "model", "tier", "factor"),
    [
        ("google", "gemini-2.5-pro", "priority", "1.8"),
        ("google", "gemini-2.5-flash", "flex", "0.5"),
        ("groq", "llama-3.3-70b-versatile", "flex", "1"),
        ("groq", "llama-3.3-70b-versatile", "batch", "0.5"),
    ],
)
def test_a_tier_that_the_book_does_not_price_has_the_factor_of_its_provider(
    provider, model, tier, factor
):
    standard = input_usd(provider, model)
    assert input_usd(provider, model, tier) == standard * Decimal(factor) > 0


@pytest.mark.parametrize(
    ("provider", "model", "region", "factor"),
    [
        ("google", "gemini-3.5-flash", "europe-west4", "1.1"),
        ("google", "gemini-3.5-flash", "global", "1"),
        ("google", "gemini-2.5-flash", "europe-west4", "1"),
        ("openai", "gpt-5.4", "eu", "1.1"),
        ("openai", "gpt-5", "eu", "1"),
    ],
)
def test_a_call_bound_to_a_place_costs_what_its_provider_adds(provider, model, region, factor):
    anywhere = input_usd(provider, model)
    assert input_usd(provider, model, region=region) == anywhere * Decimal(factor) > 0


def test_a_batch_of_xai_is_a_fifth_cheaper_for_the_models_that_take_batches():
    rules, day = published_rules(), date(2026, 11, 2)
    assert rules.tier_factor("x-ai", "grok-4.20-0309-reasoning", day, "batch") == Decimal("0.8")
    assert rules.tier_factor("x-ai", "grok-4.5", day, "batch") is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openrouter", "google/gemini-2.0-flash-exp:free"),
        ("openai", "no-such-model"),
        (None, "llama-3.1-70b"),
    ],
)
def test_what_has_no_price_is_unpriced(store, provider, model):
    card = priced(
        store, [(provider, model, datetime(2026, 3, 1, tzinfo=UTC), "standard", 1000, 0, 0, 0, 500)]
    )
    assert card[0] == (None, "unpriced")


def test_free_when_the_user_says_so(store):
    row = (
        "openrouter",
        "x/y:free",
        datetime(2026, 3, 1, tzinfo=UTC),
        "standard",
        1000,
        0,
        0,
        0,
        500,
    )
    assert priced(store, [row], PricesConfig(free=("x/y:free",)))[0] == (Decimal(0), "free")


def test_a_negotiated_discount(store):
    row = ("openai", "gpt-4o", datetime(2026, 3, 1, tzinfo=UTC), "standard", 1_000_000, 0, 0, 0, 0)
    config = PricesConfig(discounts={"openai": Decimal("0.12")})
    assert priced(store, [row], config)[0][0] == Decimal("2.2")


def test_a_search_costs_what_the_user_says(store):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    row = ("mistral", "m", at, "standard", 1_000_000, 0, 0, 0, 0, 4)
    told = ModelPrices(input=Decimal(1), output=Decimal(2), web_search=Decimal("0.02"))
    for own, cost in (
        (told, Decimal("1.08")),
        (told.model_copy(update={"web_search": None}), None),
    ):
        with store.transaction():
            store.execute("DELETE FROM rate_card")
        assert priced(store, [row], PricesConfig(models={"m": own}))[0][0] == cost


def test_own_prices_begin_on_their_day():
    own = ModelPrices(input=Decimal(1), output=Decimal(2), since=date(2026, 2, 1))
    book = PriceBook(PricesConfig(models={"m": own}))
    key = {"provider": "p", "model": "m", "service_tier": "standard"}
    assert book.rates(Key(day=date(2026, 1, 31), **key)) == []
    assert book.rates(Key(day=date(2026, 2, 1), **key))[0].output_usd == Decimal("0.000002")


def test_the_price_of_the_day_holds(store):
    rows = [
        (
            "openai",
            "o3",
            datetime(2025, 6, day, 12, tzinfo=UTC),
            "standard",
            1_000_000,
            0,
            0,
            0,
            1_000_000,
        )
        for day in (1, 30)
    ]
    card = priced(store, rows)
    # o3 cost $10 in and $40 out until 2025-06-10, then $2 and $8 (OpenAI's announcement)
    assert (card[0][0], card[1][0]) == (Decimal(50), Decimal(10))

"""Prices: from genai-prices' book and the user's own to one row of unit prices per kind of call.

A million calls share a few hundred combinations of provider, model, day, tier and region. For each
of them the book is asked once, through its own arithmetic (so its rules for cached tokens hold),
and the answer becomes rows of ``rate_card`` that SQL joins to the calls. The book is the one
bundled with the package: nothing is downloaded. What it lacks is in ``published_rules``.

A model that is not in the book, or that the book prices at nothing, has no rows: its calls stay
unpriced until ``[prices]`` says otherwise.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    TieredPrices,
    TimeOfDateConstraint,
)
from pydantic import BaseModel, ConfigDict, Field

from auditor.pricing.published_rules import published_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MILLION = 1_000_000
NO_LIMIT = 2**62
"""Upper end of the last tier of input tokens."""

MINUTES = 24 * 60
"""Of a day."""

PROVISIONED = "provisioned"
"""The tier of calls that ran on capacity paid by the hour or month: nothing per token."""

MODALITIES: Mapping[str, tuple[str, str]] = {
    "input_audio_tokens": ("input_audio_mtok", "input_mtok"),
    "input_image_tokens": ("input_image_mtok", "input_mtok"),
    "input_video_tokens": ("input_video_mtok", "input_mtok"),
    "cache_read_audio_tokens": ("cache_audio_read_mtok", "cache_read_mtok"),
    "cache_read_image_tokens": ("cache_image_read_mtok", "cache_read_mtok"),
    "output_audio_tokens": ("output_audio_mtok", "output_mtok"),
    "output_image_tokens": ("output_image_mtok", "output_mtok"),
    "output_video_tokens": ("output_video_mtok", "output_mtok"),
}
"""Units of what is not text: their prices in the book, and those of text in the same place."""

_AS_TEXT = frozenset(("input_image_tokens", "cache_read_image_tokens", "input_video_tokens"))
"""Pictures that are read cost what text costs, where the book does not say otherwise."""

_GOOGLE_AS_TEXT = _AS_TEXT | {"input_audio_tokens", "cache_read_audio_tokens"}
"""Source: Gemini API pricing has a price of its own for sound only where it differs from text's."""

_CONTEXTS: Mapping[str, tuple[dict[str, str], ...]] = {
    "standard": (),
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"}, {"service_tier": "fast"}, {"speed": "fast"}),
}


class ModelPrices(BaseModel):
    """``[prices."my-model"]``: USD per million tokens.

    What is not given follows the input price, as at the providers: a cache read or write without a
    price of its own costs what any input token costs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    input: Decimal = Field(ge=0)
    """Input that no cache served."""
    output: Decimal = Field(ge=0)
    """Output, reasoning included."""
    cache_read: Decimal | None = Field(default=None, ge=0)
    """Input read from the provider's cache."""
    cache_write_5m: Decimal | None = Field(default=None, ge=0)
    """Input written to a cache of five minutes."""
    cache_write_1h: Decimal | None = Field(default=None, ge=0)
    """Input written to a cache of an hour."""
    request: Decimal = Field(default=Decimal(0), ge=0)
    """USD per request."""
    web_search: Decimal | None = Field(default=None, ge=0)
    """USD per search of the web; without it calls that searched are unpriced."""
    provider: str | None = None
    """Only calls to this provider; all by default."""
    since: date | None = None
    """Only calls from this day on."""
    batch_discount: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    """Share taken off in a batch."""


class PricesConfig(BaseModel):
    """``[prices]`` in auditor.toml: models by name, and a discount per provider.

    ``free`` names models that truly cost nothing, which is otherwise taken for unpriced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    models: dict[str, ModelPrices] = Field(default_factory=dict)
    """Prices by model name, for models the book has not, or other prices than its own."""
    discounts: dict[str, Decimal] = Field(default_factory=dict)
    """Share taken off the list price, by provider."""
    free: tuple[str, ...] = ()
    """Models that truly cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a price depends on."""

    provider: str
    model: str
    day: date
    service_tier: str
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Unit prices in USD per token that hold for a range of input tokens and minutes of the day.

    ``extra_usd`` are USD per unit of what is billed beside tokens of text; of sound and pictures,
    whose tokens are in the buckets too, what they cost more than text.
    """

    key: Key
    above_tokens: int
    up_to_tokens: int
    input_usd: Decimal
    cache_read_usd: Decimal
    cache_write_5m_usd: Decimal
    cache_write_1h_usd: Decimal
    output_usd: Decimal
    request_usd: Decimal
    web_search_usd: Decimal | None
    basis: str
    price_source: str
    extra_usd: Mapping[str, Decimal] = field(default_factory=dict)
    from_minute: int = 0
    to_minute: int = MINUTES

    def row(self) -> dict[str, Any]:
        """Return the rate as a row of ``rate_card``."""
        fields = {name: getattr(self, name) for name in _RATE_COLUMNS}
        key = self.key
        return {
            "provider": key.provider,
            "model": key.model,
            "day": key.day,
            "service_tier": key.service_tier,
            "region": key.region,
            "extra_usd": json.dumps({unit: f"{usd:f}" for unit, usd in self.extra_usd.items()}),
            **fields,
        }


_RATE_COLUMNS = (
    "above_tokens",
    "up_to_tokens",
    "input_usd",
    "cache_read_usd",
    "cache_write_5m_usd",
    "cache_write_1h_usd",
    "output_usd",
    "request_usd",
    "web_search_usd",
    "basis",
    "price_source",
    "from_minute",
    "to_minute",
)


@dataclass(frozen=True)
class PriceBook:
    """The bundled book with the user's prices before it."""

    config: PricesConfig = field(default_factory=PricesConfig)

    def rates(self, key: Key) -> list[Rate]:
        """Return the rates of a kind of call, by context tier and hours; none: unpriced."""
        if key.model in self.config.free:
            return [_nothing(key, "auditor.toml")]
        if key.service_tier == PROVISIONED:
            return [_nothing(key, "provisioned throughput: paid as capacity, not by token")]
        own = self.config.models.get(key.model)
        if own and own.provider in (None, key.provider) and (own.since or key.day) <= key.day:
            return [self._own(key, own)]
        return self._from_book(key)

    def _own(self, key: Key, own: ModelPrices) -> Rate:
        factor = self._factor(key)
        if key.service_tier == "batch":
            factor *= 1 - own.batch_discount
        read = own.input if own.cache_read is None else own.cache_read
        write = own.input if own.cache_write_5m is None else own.cache_write_5m
        hour = write if own.cache_write_1h is None else own.cache_write_1h
        return Rate(
            key=key,
            above_tokens=-1,
            up_to_tokens=NO_LIMIT,
            input_usd=own.input * factor / MILLION,
            cache_read_usd=read * factor / MILLION,
            cache_write_5m_usd=write * factor / MILLION,
            cache_write_1h_usd=hour * factor / MILLION,
            output_usd=own.output * factor / MILLION,
            request_usd=own.request * factor,
            web_search_usd=None if own.web_search is None else own.web_search * self._factor(key),
            basis="override",
            price_source="auditor.toml",
            extra_usd={**dict.fromkeys(MODALITIES, Decimal(0)), **self._fees(key)},
        )

    def _factor(self, key: Key) -> Decimal:
        return 1 - self.config.discounts.get(key.provider, Decimal(0))

    def _fees(self, key: Key) -> dict[str, Decimal]:
        fees = published_rules().fees(key.provider, key.model, key.day)
        return {unit: usd * self._factor(key) for unit, usd in fees.items()}

    def _from_book(self, key: Key) -> list[Rate]:
        found = find(key.provider, key.model)
        if found is None:
            return []
        hours = _hours(key, found[1])
        rates = [
            replace(rate, from_minute=start, to_minute=end)
            for (start, end), at in hours.items()
            for rate in self._at(key, found, at)
        ]
        # The book knows prices of 0: promotions, and models whose price it does not know.
        return rates if any(rate.input_usd or rate.output_usd for rate in rates) else []

    def _at(self, key: Key, found: tuple[Provider, ModelInfo], at: datetime) -> list[Rate]:
        """Return the rates at a time of the day, one for each context tier."""
        provider, model = found
        source = f"genai-prices {version('genai-prices')}: {provider.id}/{model.id}"
        priced = _tier(provider.id, model, at, key.service_tier)
        if priced is None:
            return []
        prices, share, note = priced
        regional = published_rules().region_factor(key.provider, key.model, key.day, key.region)
        if regional != 1:
            note += f" (times {regional} for {key.region} alone, by the provider's rule)"
        starts = sorted(
            {
                tier.start
                for p in prices.__dict__.values()
                if isinstance(p, TieredPrices)
                for tier in p.tiers
            }
        )
        edges = [-1, *starts, NO_LIMIT]
        standard = model.get_prices(at)
        fees = self._fees(key)
        request = fees.pop("requests", None)
        search, files = (_per_thousand(standard, name) for name in _BY_THE_THOUSAND)
        if files is not None:
            fees["file_searches"] = files * self._factor(key)
        for unit, name in _TOKENS_BESIDE.items():
            if (price := _price(standard, name)) is not None:
                fees[unit] = price * self._factor(key) / MILLION
        rates = []
        for low, high in itertools.pairwise(edges):
            flat = _flat(prices, low)
            rate = self._rate(key, (low, high), flat, source + note, share * regional)
            extra = {
                unit: usd * self._factor(key) * share * regional
                for unit, usd in _modality_surcharges(key, flat, _flat(standard, low)).items()
            }
            rates.append(
                replace(
                    rate,
                    # The book knows one fee per request; where it depends on what was asked for,
                    # that is the highest of them.
                    request_usd=rate.request_usd if request is None else request,
                    web_search_usd=None if search is None else search * self._factor(key),
                    extra_usd=extra | fees,
                )
            )
        return rates

    def _rate(
        self, key: Key, tokens: tuple[int, int], prices: ModelPrice, source: str, share: Decimal
    ) -> Rate:
        """Ask the book's own arithmetic for the price of a million tokens of each kind.

        Writing a token of Claude's to the cache for an hour costs two of input, everywhere.
        Source: Anthropic, prompt caching; resellers' pages name the same factor.
        """
        factor = self._factor(key) * share

        def usd(**usage: int) -> Decimal:
            return Decimal(prices.calc_price(Usage(**usage))["total_price"]) * factor

        request = usd(input_tokens=0, output_tokens=0)

        def per_token(**usage: int) -> Decimal:
            return (usd(**usage) - request) / MILLION

        hour = per_token(
            input_tokens=MILLION,
            cache_write_tokens=MILLION,
            cache_write_1h_tokens=MILLION,
            output_tokens=0,
        )
        if _has_no_hour(key.model, prices):
            hour = max(hour, 2 * per_token(input_tokens=MILLION, output_tokens=0))

        return Rate(
            key=key,
            above_tokens=tokens[0],
            up_to_tokens=tokens[1],
            input_usd=per_token(input_tokens=MILLION, output_tokens=0),
            cache_read_usd=per_token(
                input_tokens=MILLION, cache_read_tokens=MILLION, output_tokens=0
            ),
            cache_write_5m_usd=per_token(
                input_tokens=MILLION, cache_write_tokens=MILLION, output_tokens=0
            ),
            cache_write_1h_usd=hour,
            output_usd=per_token(input_tokens=0, output_tokens=MILLION),
            request_usd=request,
            web_search_usd=None,
            basis="price-book",
            price_source=source,
        )


def _has_no_hour(model: str, prices: ModelPrice) -> bool:
    """Say whether the book knows what a model of Claude writes to a cache, but not for an hour."""
    written, hour = (_price(prices, f"cache_write{life}_mtok") for life in ("", "_1h"))
    return "claude" in model.lower() and written is not None and hour is None


_TOKENS_BESIDE: Mapping[str, str] = {
    "citation_tokens": "output_citation_mtok",
    "research_reasoning_tokens": "output_reasoning_mtok",
}
"""Units that lie in no bucket, and their prices in the book."""

_BY_THE_THOUSAND = ("web_searches_kcount", "storage_searches_kcount")


def _per_thousand(prices: ModelPrice, name: str) -> Decimal | None:
    """Return what one costs in USD that the book prices by the thousand; None: not in the book."""
    price = prices.__dict__.get(name)
    return price / 1000 if isinstance(price, Decimal) else None


def _modality_surcharges(key: Key, prices: ModelPrice, standard: ModelPrice) -> dict[str, Decimal]:
    """Return what a token of sound or picture costs more than one of text, where it is known.

    A tier of the book may leave out what its standard price has: then the tier's discount on text
    holds for the rest too.
    """
    published = published_rules().modality_usd(key.provider, key.model, key.day)
    as_text = _GOOGLE_AS_TEXT if key.provider == "google" else _AS_TEXT
    name = key.model.lower()
    if "tts" in name or "gpt-image" in name:
        # All that they make is sound or pictures: the book has its price as that of the output.
        as_text |= {"output_audio_tokens", "output_image_tokens"}
    found = {}
    for unit, (name, text_name) in MODALITIES.items():
        text = _price(prices, text_name) or _price(prices, "input_mtok") or Decimal(0)
        price, full = _price(prices, name), _price(standard, name)
        if price is None and full is not None:
            full_text = _price(standard, text_name) or _price(standard, "input_mtok")
            price = full * text / full_text if full_text else None
        if price is not None:
            found[unit] = (price - text) / MILLION
        elif unit in published:
            share = text / (_price(standard, text_name) or text) if text else Decimal(1)
            found[unit] = published[unit] * share - text / MILLION
        elif unit in as_text:
            found[unit] = Decimal(0)
    return found


def _price(prices: ModelPrice, name: str) -> Decimal | None:
    price = prices.__dict__.get(name)
    return price if isinstance(price, Decimal) else None


def _hours(key: Key, model: ModelInfo) -> dict[tuple[int, int], datetime]:
    """Return the spans of a day with a price each, in minutes, and a moment to ask the book for."""
    day = datetime.combine(key.day, time(), UTC)
    conditions = model.prices if isinstance(model.prices, list) else ()
    spans = [
        price.constraint
        for price in conditions
        if isinstance(price, ConditionalPrice)
        and isinstance(price.constraint, TimeOfDateConstraint)
    ]
    if not spans:
        return {(0, MINUTES): day + timedelta(hours=12)}
    edges = {0, *(_minute(t) for s in spans for t in (s.start_time, s.end_time)), MINUTES}
    found = {
        (start, end): day + timedelta(minutes=start)
        for start, end in itertools.pairwise(sorted(edges))
    }
    if published_rules().hours_hold(key.provider, key.model, key.day):
        return found
    outside = (at for at in found.values() if not any(span.active(at) for span in spans))
    return {(0, MINUTES): next(outside, day + timedelta(hours=12))}


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _nothing(key: Key, source: str) -> Rate:
    """Return the rate of calls that cost nothing by the token."""
    nothing = Decimal(0)
    return Rate(
        key=key, above_tokens=-1, up_to_tokens=NO_LIMIT, input_usd=nothing, cache_read_usd=nothing,
        cache_write_5m_usd=nothing, cache_write_1h_usd=nothing, output_usd=nothing,
        request_usd=nothing, web_search_usd=nothing, basis="free", price_source=source,
        extra_usd=dict.fromkeys(MODALITIES, nothing),
    )  # fmt: skip


def _tier(
    provider_id: str, model: ModelInfo, at: datetime, tier: str
) -> tuple[ModelPrice, Decimal, str] | None:
    """Return the prices of a service tier, a factor on them, and what to say about it.

    The book knows tiers only from the day they were written into it; the tiers are older than that.
    Before, the tier stands to the standard price as it does on its first day; where the book has
    none, the provider's published rule holds, and without one the tier is unpriced.
    """
    standard = model.get_prices(at)
    contexts = _CONTEXTS.get(tier)
    if contexts is None:
        return None
    if not contexts:
        return standard, Decimal(1), ""
    for context in contexts:
        variants = [v for v in model.price_variants or () if v.when == context]
        if any(v.constraint is None or v.constraint.active(at) for v in variants):
            return model.get_prices(at, context), Decimal(1), ""
        starts = [getattr(v.constraint, "start_date", None) for v in variants]
        days = [day for day in starts if day is not None]
        if days:
            first = datetime.combine(min(days), time(12), UTC)
            then, now = _input_price(model.get_prices(first)), _input_price(standard)
            factor = now / then if then and now else Decimal(1)
            return model.get_prices(first, context), factor, f" ({tier} price of {min(days)})"
    share = published_rules().tier_factor(provider_id, model.id, at.date(), tier)
    if share is None:
        return None
    return standard, share, f" (times {share} for {tier}, by the provider's rule)"


def _input_price(prices: ModelPrice) -> Decimal | None:
    price: Any = prices.input_mtok
    found: Decimal | None = price.base if isinstance(price, TieredPrices) else price
    return found


def _flat(prices: ModelPrice, above: int) -> ModelPrice:
    """Return the prices of one context tier without tiers: a tier holds for the whole call."""
    flat: dict[str, Decimal | None] = {}
    for name, price in prices.__dict__.items():
        value = price
        if isinstance(price, TieredPrices):
            value = price.base
            for tier in price.tiers:
                if above >= tier.start:
                    value = tier.price
        flat[name] = value
    return ModelPrice(**flat)


@lru_cache(maxsize=20_000)
def find(provider: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """Return the book's entry for a model as a provider names it; None: not in the book.

    Without a provider there is no price: the same open model costs something else everywhere.
    """
    if not provider:
        return None
    book = get_snapshot()
    for name in _spellings(provider, model):
        try:
            found: tuple[Provider, ModelInfo] = book.find_provider_model(name, None, provider, None)
        except LookupError:
            continue
        return found
    return None


def _spellings(provider: str, model: str) -> Iterable[str]:
    """Give a model's name as it stands, without what gateways put before it, and Bedrock's."""
    yield model
    rest = model
    while "/" in rest:
        rest = rest.partition("/")[2]
        yield rest
    last = rest.partition(":")[2] if ":" in rest and not rest.startswith("ft:") else rest
    if last != rest:
        yield last
    if "@" in last:
        yield last.replace("@", "-")
    if provider == "aws":
        # What a model of Bedrock calls itself in its answer.
        yield f"anthropic.{last}-v1:0"


def rate_rows(book: PriceBook, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Return the rows of ``rate_card`` for kinds of calls."""
    return [rate.row() for key in keys for rate in book.rates(key)]

"""Prices: from genai-prices' book and the user's own to one row of unit prices per kind of call.

A million calls share a few hundred combinations of provider, model, day and tier. For each of
them the book is asked once, through its own arithmetic (so its rules for cached tokens hold), and
the answer becomes rows of ``rate_card`` that SQL joins to the calls. The book is the one bundled
with the package: nothing is downloaded.

A model that is not in the book, or that the book prices at nothing, has no rows: its calls stay
unpriced until ``[prices]`` says otherwise.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MILLION = 1_000_000
NO_LIMIT = 2**62
"""Upper end of the last tier of input tokens."""

HALF = Decimal("0.5")
_HALF_PRICE = frozenset(("openai", "anthropic", "azure", "google", "aws"))
"""Providers whose batches cost half by published rule, also where the book has no batch price."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Unit prices in USD per token that hold above and up to a number of input tokens."""

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

    def row(self) -> dict[str, Any]:
        """Return the rate as a row of ``rate_card``."""
        fields = {name: getattr(self, name) for name in _RATE_COLUMNS}
        key = self.key
        return {
            "provider": key.provider,
            "model": key.model,
            "day": key.day,
            "service_tier": key.service_tier,
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
)


@dataclass(frozen=True)
class PriceBook:
    """The bundled book with the user's prices before it."""

    config: PricesConfig = field(default_factory=PricesConfig)

    def rates(self, key: Key) -> list[Rate]:
        """Return the rates of a kind of call, one for each context tier; none: unpriced."""
        if key.model in self.config.free:
            return [_nothing(key)]
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
        )

    def _factor(self, key: Key) -> Decimal:
        return 1 - self.config.discounts.get(key.provider, Decimal(0))

    def _from_book(self, key: Key) -> list[Rate]:
        found = find(key.provider, key.model)
        if found is None:
            return []
        provider, model = found
        at = datetime.combine(key.day, time(12), UTC)
        source = f"genai-prices {version('genai-prices')}: {provider.id}/{model.id}"
        priced = _tier(provider.id, model, at, key.service_tier)
        if priced is None:
            return []
        prices, share, note = priced
        source += note
        starts = sorted(
            {
                tier.start
                for p in prices.__dict__.values()
                if isinstance(p, TieredPrices)
                for tier in p.tiers
            }
        )
        edges = [-1, *starts, NO_LIMIT]
        rates = [
            self._rate(key, (low, high), _flat(prices, low), source, share)
            for low, high in itertools.pairwise(edges)
        ]
        search = _web_search(model.get_prices(at))
        if search is not None:
            rates = [replace(rate, web_search_usd=search * self._factor(key)) for rate in rates]
        # The book knows prices of 0: promotions, and models whose price it does not know.
        return rates if any(rate.input_usd or rate.output_usd for rate in rates) else []

    def _rate(
        self, key: Key, tokens: tuple[int, int], prices: ModelPrice, source: str, share: Decimal
    ) -> Rate:
        """Ask the book's own arithmetic for the price of a million tokens of each kind."""
        factor = self._factor(key) * share

        def usd(**usage: int) -> Decimal:
            return Decimal(prices.calc_price(Usage(**usage))["total_price"]) * factor

        request = usd(input_tokens=0, output_tokens=0)

        def per_token(**usage: int) -> Decimal:
            return (usd(**usage) - request) / MILLION

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
            cache_write_1h_usd=per_token(
                input_tokens=MILLION,
                cache_write_tokens=MILLION,
                cache_write_1h_tokens=MILLION,
                output_tokens=0,
            ),
            output_usd=per_token(input_tokens=0, output_tokens=MILLION),
            request_usd=request,
            web_search_usd=None,
            basis="price-book",
            price_source=source,
        )


def _web_search(prices: ModelPrice) -> Decimal | None:
    """Return what a search of the web costs in USD, in every tier; None: not in the book."""
    price = prices.__dict__.get("web_searches_kcount")
    return price / 1000 if isinstance(price, Decimal) else None


def _nothing(key: Key) -> Rate:
    """Return the rate of a model that the user says costs nothing."""
    nothing = Decimal(0)
    return Rate(
        key=key, above_tokens=-1, up_to_tokens=NO_LIMIT, input_usd=nothing, cache_read_usd=nothing,
        cache_write_5m_usd=nothing, cache_write_1h_usd=nothing, output_usd=nothing,
        request_usd=nothing, web_search_usd=nothing, basis="free", price_source="auditor.toml",
    )  # fmt: skip


def _tier(
    provider_id: str, model: ModelInfo, at: datetime, tier: str
) -> tuple[ModelPrice, Decimal, str] | None:
    """Return the prices of a service tier, a factor on them, and what to say about it.

    The book knows tiers only from the day they were written into it; the tiers are older than that.
    Before, the tier stands to the standard price as it does on its first day; where the book has
    none, batch and flex cost half by the providers' published rules, and other tiers are unpriced.
    """
    standard = model.get_prices(at)
    contexts = _CONTEXTS[tier]
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
    if tier in ("batch", "flex") and provider_id in _HALF_PRICE:
        return standard, HALF, f" (half of it for {tier}, by the provider's rule)"
    return None


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
    for name in _spellings(model):
        try:
            found: tuple[Provider, ModelInfo] = book.find_provider_model(name, None, provider, None)
        except LookupError:
            continue
        return found
    return None


def _spellings(model: str) -> Iterable[str]:
    yield model
    if "/" in model:
        yield model.rpartition("/")[2]


def rate_rows(book: PriceBook, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Return the rows of ``rate_card`` for kinds of calls."""
    return [rate.row() for key in keys for rate in book.rates(key)]

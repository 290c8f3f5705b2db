"""A row of a provider's export to what was billed: for which model, on which day.

Columns are found by their name, never by position. A cloud's bill is about everything that runs
there: rows that are not about models are left out. Its names of models are descriptions ("Gemini
2.5 Flash Input Tokens"), which ``bill_models`` finds the models of.

Sources: those of ``auditor.readers.formats.aggregates``, and OpenRouter's activity export.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.errors import LogError
from auditor.readers.formats import aggregates
from auditor.readers.values import count, json_or_none, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Row = Mapping[str, Any]


class BillLine(NamedTuple):
    """What one line of an export bills; None: it does not say."""

    model: str | None
    day: date | None
    usd: Decimal | None
    tokens: int | None
    requests: int | None
    provider: str | None = None
    """Who bills, where an export is of several."""


_PROVIDERS = {
    "openrouter": "openrouter", "openai": "openai", "anthropic": "anthropic", "aws": "aws",
    "azure": "azure", "google": "google",
}  # fmt: skip


def kind_of(record: Row) -> str | None:
    """Return which export a row is of; None: none that is known."""
    if {"generation_id", "cost_total"} <= record.keys():
        return "openrouter-activity"
    return aggregates.kind_of(dict(record))


def provider_of(kind: str) -> str | None:
    """Return who bills by an export; None: its lines say so."""
    return _PROVIDERS.get(kind.partition("-")[0])


def is_described(kind: str) -> bool:
    """Say whether an export names models by descriptions."""
    # Anthropic's console writes "Claude Sonnet 4.5" where money is, and ids where tokens are.
    return provider_of(kind) in ("aws", "azure", "google", None) or kind == "anthropic-cost"


def lines(kind: str, row: Row) -> Iterator[BillLine]:
    """Yield what a row bills; nothing for an empty one, or one that is not about models.

    Raises:
        LogError: the amounts are not in USD.
    """
    yield from _READ[kind](row)


# -- providers of models -------------------------------------------------------------------------


def _openrouter(r: Row) -> Iterator[BillLine]:
    tokens = _sum(r, "tokens_prompt", "tokens_completion")
    usd, day = _money(r.get("cost_total")), _day(r.get("created_at"))
    yield BillLine(_text(r, "model_permaslug"), day, usd, tokens, 1)


def _openai_usage(r: Row) -> Iterator[BillLine]:
    if requests := count(r.get("num_model_requests")):
        tokens = _sum(r, "input_tokens", "output_tokens")
        day = _day(r.get("start_time_iso") or r.get("start_time"))
        yield BillLine(_text(r, "model"), day, None, tokens, requests)


def _openai_cost(r: Row) -> Iterator[BillLine]:
    amount = _money(r.get("amount_value"))
    if amount is None:
        return
    _require_usd(_text(r, "amount_currency"))
    item = _text(r, "line_item")
    model = item.partition(",")[0] if item else None
    day = _day(r.get("start_time_iso") or r.get("start_time"))
    yield BillLine(model, day, amount, None, None)


def _openai_legacy(r: Row) -> Iterator[BillLine]:
    tokens = _sum(r, "n_context_tokens_total", "n_generated_tokens_total")
    day, requests = _day(r.get("timestamp")), count(r.get("n_requests"))
    yield BillLine(_text(r, "model"), day, None, tokens, requests)


def _anthropic_usage(r: Row) -> Iterator[BillLine]:
    tokens = _sum(
        r, "usage_input_tokens_no_cache", "usage_input_tokens_cache_write_5m",
        "usage_input_tokens_cache_write_1h", "usage_input_tokens_cache_read",
        "usage_output_tokens",
    )  # fmt: skip
    yield BillLine(_text(r, "model_version"), _day(r.get("usage_date_utc")), None, tokens, None)


def _anthropic_cost(r: Row) -> Iterator[BillLine]:
    model, day = _text(r, "model", "model_version"), _day(r.get("usage_date_utc"))
    yield BillLine(model, day, _money(r.get("cost_usd")), None, None)


def _openrouter_day(r: Row) -> Iterator[BillLine]:
    tokens = _sum(r, "prompt_tokens", "completion_tokens")
    usd, model = _money(r.get("usage")), _text(r, "model_permaslug", "model")
    yield BillLine(model, _day(r.get("date")), usd, tokens, count(r.get("requests")))


def _openai_cost_row(r: Row) -> Iterator[BillLine]:
    amount, currency = _in(r, "amount", "value"), _in(r, "amount", "currency")
    yield from _openai_cost({**r, "amount_value": amount, "amount_currency": currency})


def _anthropic_cost_row(r: Row) -> Iterator[BillLine]:
    """Read a row of the cost report, whose amounts are in cents."""
    _require_usd(_text(r, "currency"))
    cents, day = _money(r.get("amount")), _day(r.get("starting_at"))
    model = _text(r, "model", "description")
    yield BillLine(model, day, None if cents is None else cents / 100, None, None)


def _anthropic_usage_row(r: Row) -> Iterator[BillLine]:
    written = r.get("cache_creation")
    given = {**r, **written} if isinstance(written, dict) else r
    tokens = _sum(
        given, "uncached_input_tokens", "cache_read_input_tokens", "output_tokens",
        "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens",
    )  # fmt: skip
    yield BillLine(_text(r, "model"), _day(r.get("starting_at")), None, tokens, None)


def _page(read: Callable[[Row], Iterator[BillLine]]) -> Callable[[Row], Iterator[BillLine]]:
    return lambda page: (line for row in aggregates.page_rows(dict(page)) for line in read(row))


# -- clouds --------------------------------------------------------------------------------------

_MODELS = re.compile(
    r"bedrock|openai|foundry|gemini|generative language|claude|\bgpt\b|tokens?\b|TokenCount|llama"
    r"|mistral|deepseek|grok|\bnova\b|titan|cohere|command|embedding",
    re.IGNORECASE,
)
"""By what a line of a cloud's bill is known to be about models."""
_TOKENS = re.compile(r"tokens?\b|TokenCount", re.IGNORECASE)
_UNITS = ((re.compile(r"\b1?m\b|million", re.IGNORECASE), 1_000_000),
          (re.compile(r"\b1?k\b|thousand|\b1,?000\b", re.IGNORECASE), 1_000),
          (re.compile(r"\b(count|1|tokens?)\b", re.IGNORECASE), 1))  # fmt: skip
_NOT_USAGE = ("Tax", "Credit", "Refund")
_EDITION = re.compile(r"\s*\(Amazon Bedrock Edition\).*", re.IGNORECASE)


def _cur(r: Row) -> Iterator[BillLine]:
    product = json_or_none(r.get("product"))
    named = product.get("product_name") if isinstance(product, dict) else None
    name = _text(r, "product/ProductName", "product_product_name") or named
    code = _text(r, "lineItem/ProductCode", "line_item_product_code")
    usage = _text(r, "lineItem/UsageType", "line_item_usage_type") or ""
    said = _text(r, "lineItem/LineItemDescription", "line_item_line_item_description") or ""
    kind = _text(r, "lineItem/LineItemType", "line_item_line_item_type")
    if kind in _NOT_USAGE or "bedrock" not in f"{name} {code}".lower():
        return
    _require_usd(_text(r, "lineItem/CurrencyCode", "line_item_currency_code"))
    unit = _text(r, "pricing/unit", "pricing_unit") or ""
    amount = _money(_first(r, "lineItem/UsageAmount", "line_item_usage_amount"))
    edition = name is not None and _EDITION.search(name) is not None
    yield BillLine(
        _EDITION.sub("", name) if edition and name else usage or name,
        _day(_first(r, "lineItem/UsageStartDate", "line_item_usage_start_date")),
        _money(_first(r, "lineItem/UnblendedCost", "line_item_unblended_cost")),
        _tokens(amount, unit if _TOKENS.search(unit) else said, usage),
        None,
    )


def _cost_explorer(r: Row) -> Iterator[BillLine]:
    results = r.get("ResultsByTime")
    for result in results if isinstance(results, list) else ():
        day = _day(_in(result, "TimePeriod", "Start"))
        groups = result.get("Groups") if isinstance(result, dict) else None
        for group in groups if isinstance(groups, list) else ():
            keys = group.get("Keys") if isinstance(group, dict) else None
            name = " ".join(map(str, keys)) if isinstance(keys, list) else ""
            cost = next(
                (c for m in ("UnblendedCost", "NetUnblendedCost", "BlendedCost", "AmortizedCost")
                 if isinstance(c := _in(group, "Metrics", m), dict)), {},
            )  # fmt: skip
            if _MODELS.search(name):
                _require_usd(_text(cost, "Unit"))
                model = _EDITION.sub("", name)
                yield BillLine(model, day, _money(cost.get("Amount")), None, None)


def _cost_explorer_csv(r: Row) -> Iterator[BillLine]:
    first, *columns = r
    day = _day(r[first])
    if day is None:
        return  # the row of totals
    for column in columns:
        usd = _money(r[column])
        if usd is not None and column.endswith("($)") and _MODELS.search(column):
            yield BillLine(_EDITION.sub("", column.removesuffix("($)")), day, usd, None, None)


def _azure(given: Row) -> Iterator[BillLine]:
    r = {key.lower(): value for key, value in given.items()}
    meter = " ".join(filter(None, (_text(r, "metersubcategory"), _text(r, "metername"))))
    if not _MODELS.search(f"{r.get('metercategory')} {meter}"):
        return
    usd = _money(_first(r, "costinusd"))
    if usd is None:
        _require_usd(_text(r, "billingcurrency", "billingcurrencycode", "currency"))
        usd = _money(_first(r, "costinbillingcurrency", "pretaxcost", "cost"))
    quantity, unit = _money(_first(r, "quantity", "usagequantity")), _text(r, "unitofmeasure") or ""
    day = _day(_first(r, "date", "usagedatetime", "usagedate"))
    yield BillLine(meter, day, usd, _tokens(quantity, unit, meter), None)


def _google(r: Row) -> Iterator[BillLine]:
    flat = _text(r, "service.description", "service_description")
    service = _in(r, "service", "description") or flat
    sku = _in(r, "sku", "description") or _text(r, "sku.description", "sku_description") or ""
    if not _MODELS.search(f"{service} {sku}"):
        return
    usd = _money(r.get("cost"))
    rate = _money(r.get("currency_conversion_rate"))
    given = json_or_none(r.get("credits"))
    for credit in given if isinstance(given, list) else ():
        usd = (usd or Decimal(0)) + (_money(_in(credit, "amount")) or Decimal(0))
    if rate and usd is not None:
        usd /= rate  # from the currency of the account back to USD
    else:
        _require_usd(_text(r, "currency"))
    amount = _money(_in(r, "usage", "amount") or _first(r, "usage.amount", "usage_amount"))
    unit = _in(r, "usage", "unit") or _text(r, "usage.unit", "usage_unit") or ""
    day = _day(_first(r, "usage_start_time", "usage_date", "day"))
    yield BillLine(str(sku), day, usd, _tokens(amount, str(unit), str(sku)), None)


def _google_table(r: Row) -> Iterator[BillLine]:
    sku = _text(r, "SKU description") or ""
    if not _MODELS.search(f"{r.get('Service description')} {sku}"):
        return
    column = next((k for p in ("Subtotal (", "Cost (") for k in r if k.startswith(p)), None)
    if column is not None and "$" not in column and "USD" not in column:
        _require_usd(column.partition("(")[2].rstrip(") "))
    amount, unit = _money(r.get("Usage amount")), _text(r, "Usage unit") or ""
    usd = _money(r[column]) if column else None
    yield BillLine(sku, _day(r["Usage start date"]), usd, _tokens(amount, unit, sku), None)


def _focus(r: Row) -> Iterator[BillLine]:
    service = _text(r, "ServiceName") or ""
    meter = _text(r, "SkuMeter", "x_SkuMeterName", "ChargeDescription", "ResourceName") or ""
    if not _MODELS.search(f"{service} {meter}") or r.get("ChargeCategory") in _NOT_USAGE:
        return
    _require_usd(_text(r, "BillingCurrency"))
    biller = (_text(r, "ServiceProviderName", "ProviderName", "PublisherName") or "").lower()
    provider = next(
        (ours for mark, ours in (("amazon", "aws"), ("aws", "aws"), ("microsoft", "azure"),
                                 ("azure", "azure"), ("google", "google")) if mark in biller),
        biller or None,
    )  # fmt: skip
    quantity, unit = _money(r.get("ConsumedQuantity")), _text(r, "ConsumedUnit") or ""
    model = _EDITION.sub("", service) if _EDITION.search(service) else meter or service
    yield BillLine(
        model, _day(r.get("ChargePeriodStart")), _money(r.get("BilledCost")),
        _tokens(quantity, unit, f"{unit} {meter}"), None, provider,
    )  # fmt: skip


_READ = {
    "openrouter-activity": _openrouter,
    "openai-usage": _openai_usage,
    "openai-cost": _openai_cost,
    "openai-legacy": _openai_legacy,
    "anthropic-usage": _anthropic_usage,
    "anthropic-cost": _anthropic_cost,
    "openrouter-day": _openrouter_day,
    "openrouter-page": _page(_openrouter_day),
    "openai-cost-page": _page(_openai_cost_row),
    "openai-usage-page": _page(_openai_usage),
    "anthropic-cost-page": _page(_anthropic_cost_row),
    "anthropic-usage-page": _page(_anthropic_usage_row),
    "aws-cur": _cur,
    "aws-cost-explorer": _cost_explorer,
    "aws-cost-explorer-csv": _cost_explorer_csv,
    "azure-cost": _azure,
    "google-billing": _google,
    "google-table": _google_table,
    "focus": _focus,
}


# -- cells ---------------------------------------------------------------------------------------


def _first(r: Row, *keys: str) -> Any:
    return next((value for key in keys if (value := r.get(key)) not in (None, "")), None)


def _text(r: Row, *keys: str) -> str | None:
    return str(_first(r, *keys) or "").strip() or None


def _in(value: Any, *keys: str) -> Any:
    """Return what lies in objects in each other; None where there is no such."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _sum(r: Row, *keys: str) -> int | None:
    found = [n for key in keys if (n := count(r.get(key))) is not None]
    return sum(found) if found else None


def _tokens(amount: Decimal | None, unit: str, what: str) -> int | None:
    """Return how many tokens an amount is; None: it counts something else, or in unknown units."""
    if amount is None or not _TOKENS.search(f"{unit} {what}"):
        return None
    factor = next((size for pattern, size in _UNITS if pattern.search(unit)), None)
    return None if factor is None or amount < 0 else round(amount * factor)


def _money(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value).strip().replace(",", "").lstrip("$"))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < _ABSURD else None


_ABSURD = Decimal(10) ** 15


def _require_usd(currency: str | None) -> None:
    if currency is not None and currency.upper() not in ("USD", "$", "US$"):
        raise LogError(
            f"the bill is in {currency}", hint="export it in USD: the prices of calls are in USD"
        )


def _day(value: Any) -> date | None:
    if isinstance(value, str) and value[10:13].strip().isdigit() and "T" not in value:
        value = value[:10]  # '2026-03-31 14:00', an hour's bucket
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    at = moment(value)
    if at is None and isinstance(value, str) and re.fullmatch(r"\d\d/\d\d/\d{4}", value.strip()):
        month, day, year = map(int, value.strip().split("/"))
        return date(year, month, day) if 1 <= month <= 12 and 1 <= day <= 28 else None  # noqa: PLR2004
    return None if at is None else datetime.fromtimestamp(at / 1_000_000, UTC).date()

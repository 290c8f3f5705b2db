"""Bills and usage by day: not calls, but what ``auditor reconcile`` compares calls with.

Which export a row is of is told here, by the names of its columns; what is in it, by
``auditor.pricing.bill_exports``. Sources: OpenAI's usage and cost exports; the Anthropic Console's;
the pages of both admin APIs and of OpenRouter's activity API;
AWS Cost and Usage Report (legacy and 2.0) and Cost Explorer, its CSV and ``get-cost-and-usage``;
Azure cost details; Cloud Billing's BigQuery export and the console's table; FOCUS 1.0 to 1.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.call import Json, NotCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Outcome

name = "usage-export"
title = (
    "bills and usage by day, for auditor reconcile: OpenAI, Anthropic, AWS, Azure, Google, FOCUS"
)

_SIGNATURES = (
    ("openai-usage", {"start_time", "num_model_requests"}),
    ("openai-cost", {"start_time", "amount_value"}),
    ("openrouter-day", {"date", "model_permaslug", "usage", "requests"}),
    ("openai-legacy", {"n_context_tokens_total", "n_generated_tokens_total"}),
    ("anthropic-usage", {"usage_input_tokens_no_cache"}),
    ("anthropic-cost", {"usage_date_utc", "cost_usd"}),
    ("aws-cur", {"lineItem/UsageType", "lineItem/UnblendedCost", "lineItem/UsageStartDate"}),
    ("aws-cur", {"line_item_usage_type", "line_item_unblended_cost", "line_item_usage_start_date"}),
    ("aws-cost-explorer", {"ResultsByTime"}),
    ("google-billing", {"service", "sku", "cost", "usage_start_time"}),
    ("google-billing", {"service.description", "sku.description", "cost"}),
    ("google-billing", {"service_description", "sku_description", "cost"}),
    ("google-table", {"Service description", "SKU description", "Usage start date"}),
    ("focus", {"BilledCost", "ChargePeriodStart", "ServiceName"}),
)
_PAGES = (
    ("openai-cost-page", {"amount", "line_item"}),
    ("openai-usage-page", {"num_model_requests", "input_tokens"}),
    ("anthropic-cost-page", {"amount", "currency", "description"}),
    ("anthropic-usage-page", {"uncached_input_tokens", "output_tokens"}),
    ("openrouter-page", {"model_permaslug", "usage", "requests"}),
)
"""What the rows have that an API gives in pages, most of them in buckets of a day."""
_AZURE = {"metercategory", "metername", "quantity"}
_COST_EXPLORER = "Total costs($)"


def kind_of(record: Json) -> str | None:
    """Return which export a row is of; None: it is none that is known."""
    keys = record.keys()
    for kind, needed in _SIGNATURES:
        if needed <= keys:
            return kind
    if _COST_EXPLORER in keys:
        return "aws-cost-explorer-csv"
    # Azure writes its columns in either case, by the kind of the contract.
    if ("meterName" in keys or "MeterName" in keys) and {key.lower() for key in keys} >= _AZURE:
        return "azure-cost"
    return next(
        (kind for row in page_rows(record) for kind, needed in _PAGES if needed <= row.keys()), None
    )


def page_rows(record: Json) -> Iterator[Json]:
    """Yield the rows of a page of an API, each with the time of its bucket; none: it is no page."""
    data = record.get("data")
    for bucket in data if isinstance(data, list) else ():
        if not isinstance(bucket, dict):
            continue
        results = bucket.get("results", [bucket])
        times = {k: bucket[k] for k in ("start_time", "starting_at") if k in bucket}
        for row in results if isinstance(results, list) else ():
            if isinstance(row, dict):
                yield {**row, **times}


def matches(record: Json) -> bool:
    """Say whether the record is a row of a usage or cost export."""
    return kind_of(record) is not None


def read(record: Json) -> list[Outcome]:
    """Return that a row is not a call."""
    return [NotCall(f"a sum over {len(record)} columns: see auditor reconcile")]

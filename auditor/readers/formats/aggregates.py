"""Bills and usage by day: not calls, but what ``auditor reconcile`` compares calls with.

Sources: OpenAI's usage and cost exports, the Anthropic Console's usage and cost exports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.call import Json, NotCall

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "usage-export"
title = "usage and cost exports of OpenAI and Anthropic: for auditor reconcile"

_SIGNATURES = (
    ("start_time", "end_time", "num_model_requests"),
    ("start_time", "end_time", "amount_value"),
    ("n_context_tokens_total", "n_generated_tokens_total"),
    ("usage_input_tokens_no_cache", "model_version"),
    ("usage_date_utc", "model_version"),
    ("usage_date_utc", "token_type", "cost_usd"),
)


def matches(record: Json) -> bool:
    """Say whether the record is a row of a usage or cost export."""
    return any(all(key in record for key in keys) for keys in _SIGNATURES)


def read(record: Json) -> list[Outcome]:
    """Return that a row is not a call."""
    return [NotCall(f"a sum over {len(record)} columns: see auditor reconcile")]

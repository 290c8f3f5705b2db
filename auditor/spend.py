"""Where the money goes, and what could be saved before anything moves.

Every amount is a query over ``calls`` and comes with the calls behind it. Savings before migration
are estimates with their rule written beside them, and they overlap: they are never added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from auditor.errors import ConfigError
from auditor.filters import CallFilter

if TYPE_CHECKING:
    from decimal import Decimal

    from auditor.store import Store

Dimension = Literal[
    "model", "provider", "category", "project", "team", "user", "key", "day", "hour", "status",
    "reader", "sensitivity",
]  # fmt: skip

_COLUMNS: dict[str, str] = {
    "model": "model",
    "provider": "provider",
    "category": "(SELECT name FROM call_categories JOIN categories USING (category_id) "
    "WHERE call_id = c.call_id)",
    "project": "project",
    "team": "team",
    "user": "user_id",
    "key": "api_key_id",
    "day": "strftime(called_at AT TIME ZONE 'UTC', '%Y-%m-%d')",
    "hour": "strftime(called_at AT TIME ZONE 'UTC', '%H')",
    "status": "status",
    "reader": "reader",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """Spend of one value of a dimension; ``value`` None: the log does not say."""

    value: str | None
    calls: int
    spend_usd: Decimal
    share: float | None
    unpriced_calls: int
    input_tokens: int | None
    cache_read_tokens: int | None
    output_tokens: int | None
    logged_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """An amount that could be saved without moving anything, and the rule it rests on."""

    kind: str
    title: str
    calls: int
    spend_usd: Decimal
    saving_usd: Decimal
    rule: str
    example_call_ids: tuple[str, ...]


def by(store: Store, dimension: str, only: CallFilter | None = None) -> list[SpendRow]:
    """Return spend by a dimension in falling order; days and hours in their own order.

    Raises:
        ConfigError: no such dimension.
    """
    if dimension == "sensitivity":
        return _by_sensitivity(store, only)
    if dimension not in _COLUMNS:
        known = ", ".join([*_COLUMNS, "sensitivity"])
        raise ConfigError(f"spend cannot be shown by {dimension}", hint=f"it can by {known}")
    order = "value" if dimension in ("day", "hour") else "spend_usd DESC, calls DESC, value"
    condition, values = (only or CallFilter()).sql()
    return [
        SpendRow(**row)
        for row in store.dicts(
            f"""SELECT {_COLUMNS[dimension]} AS value, {_SUMS}
            FROM calls c WHERE {condition} GROUP BY value ORDER BY {order}""",
            values,
        )
    ]


_ALL = "sum(coalesce(sum(cost_usd), 0)) OVER ()"
_ALL_SOME = "(SELECT sum(cost_usd) FROM chosen)"
_SUMS = """count(*) AS calls, coalesce(sum(cost_usd), 0) AS spend_usd,
       coalesce(sum(cost_usd), 0)::DOUBLE
           / nullif(sum(coalesce(sum(cost_usd), 0)) OVER (), 0)::DOUBLE AS share,
       count(*) FILTER (cost_basis = 'unpriced') AS unpriced_calls,
       sum(input_uncached_tokens + coalesce(cache_read_tokens, 0)
           + coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0))::BIGINT
           AS input_tokens,
       sum(cache_read_tokens)::BIGINT AS cache_read_tokens,
       sum(output_tokens)::BIGINT AS output_tokens, sum(logged_cost_usd) AS logged_usd"""


def _by_sensitivity(store: Store, only: CallFilter | None) -> list[SpendRow]:
    """Spend by class of sensitive data; a call of two classes counts in both, so shares overlap."""
    condition, values = (only or CallFilter()).sql()
    return [
        SpendRow(**row)
        for row in store.dicts(
            f"""WITH chosen AS (SELECT * FROM calls WHERE {condition}), kinds AS (
                SELECT DISTINCT call_id, class
                FROM call_sensitivity SEMI JOIN chosen USING (call_id)
            )
            SELECT coalesce(class, 'none found') AS value, {_SUMS.replace(_ALL, _ALL_SOME)}
            FROM chosen c LEFT JOIN kinds USING (call_id) GROUP BY value
            ORDER BY spend_usd DESC, value""",
            values,
        )
    ]


def savings(store: Store, only: CallFilter | None = None) -> list[Saving]:
    """Return what could be saved without moving anything, largest first."""
    condition, values = (only or CallFilter()).sql()
    found = []
    for kind, (title, rule, sql) in _SAVINGS.items():
        row = store.dicts(
            f"""WITH chosen AS (SELECT * FROM calls WHERE {condition} AND cost_usd IS NOT NULL),
            hits AS ({sql})
            SELECT count(*) AS calls, coalesce(sum(spend), 0)::DECIMAL(18, 6) AS spend_usd,
                   coalesce(sum(saving), 0)::DECIMAL(18, 6) AS saving_usd,
                   (SELECT list(call_id) FROM (
                       SELECT call_id FROM hits ORDER BY saving DESC, call_id LIMIT 5)) AS examples
            FROM hits""",
            values,
        )[0]
        examples = tuple(row.pop("examples") or ())
        if row["calls"]:
            found.append(
                Saving(kind=kind, title=title, rule=rule, example_call_ids=examples, **row)
            )
    return sorted(found, key=lambda saving: (-saving.saving_usd, saving.kind))


_RATES = """JOIN rate_card r ON r.provider = coalesce(c.provider, '') AND r.model = c.model
     AND r.service_tier = c.service_tier
     AND r.day = CAST(c.called_at AT TIME ZONE 'UTC' AS DATE) AND r.above_tokens = -1"""

_SAVINGS: dict[str, tuple[str, str, str]] = {
    "duplicates": (
        "the same request answered again",
        (
            "equal requests (model, texts, tools, parameters) within a day after the first one, at "
            "temperature 0 or unset; all but the first"
        ),
        """SELECT c.call_id, cost_usd AS spend, cost_usd AS saving
        FROM chosen c JOIN contents USING (call_id)
        WHERE coalesce(try_cast(params->>'temperature' AS DOUBLE), 0) = 0 AND status = 'ok'
          AND content_state = 'full'
        QUALIFY row_number() OVER (PARTITION BY request_hash,
            CAST(called_at AT TIME ZONE 'UTC' AS DATE) ORDER BY called_at, c.call_id) > 1""",
    ),
    "failed": (
        "failed, cancelled or cut off, and billed",
        "calls with a cost that ended in an error, were cancelled, or stopped at the token limit",
        """SELECT call_id, cost_usd AS spend, cost_usd AS saving FROM chosen
        WHERE cost_usd > 0 AND (status IN ('error', 'cancelled') OR finish_reason = 'length')""",
    ),
    "batch": (
        "batch instead of at once",
        (
            "half the cost of calls outside a batch whose system prompt was sent 100 times or "
            "more in one hour: work that nobody waits for, if the team agrees"
        ),
        """SELECT call_id, cost_usd AS spend, cost_usd / 2 AS saving
        FROM chosen JOIN contents USING (call_id)
        WHERE service_tier = 'standard' AND system_text IS NOT NULL AND cost_usd > 0
        QUALIFY 100 <= count(*) OVER (
            PARTITION BY md5(system_text), date_trunc('hour', called_at))""",
    ),
    "prompt-caching": (
        "prompt caching of long system prompts",
        (
            "system prompts of 4,096 characters or more that were sent again within five minutes: "
            "a quarter of their characters as tokens, at input price less cache-read price"
        ),
        f"""SELECT call_id, cost_usd AS spend,
               least(tokens, input_uncached_tokens) * (input_usd - cache_read_usd) AS saving
        FROM (
            SELECT c.*, r.input_usd, r.cache_read_usd, length(system_text) // 4 AS tokens
            FROM chosen c JOIN contents USING (call_id) {_RATES}
            WHERE length(system_text) >= 4096 AND coalesce(cache_read_tokens, 0) = 0
            QUALIFY called_at - lag(called_at) OVER (
                PARTITION BY c.model, md5(system_text) ORDER BY called_at) <= INTERVAL 5 MINUTE
        ) WHERE input_usd > cache_read_usd""",
    ),
    "cheaper-tier": (
        "flex instead of standard",
        (
            "half the cost of standard calls to OpenAI models that are offered as flex and "
            "answered after 20 seconds or more: slow already, nobody waits"
        ),
        """SELECT call_id, cost_usd AS spend, cost_usd / 2 AS saving FROM chosen
        WHERE provider = 'openai' AND service_tier = 'standard' AND latency_ms >= 20000
          AND regexp_matches(model, '^(o3|o4-mini|gpt-5)') AND cost_usd > 0""",
    ),
}

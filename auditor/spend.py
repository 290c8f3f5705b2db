"""Where the money goes: calls, tokens and spend by any dimension of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.filters import CallFilter

if TYPE_CHECKING:
    from decimal import Decimal

    from auditor.store import Store

_COLUMNS: dict[str, str] = {
    "model": "model",
    "provider": "provider",
    "tier": "service_tier",
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
DIMENSIONS = (*_COLUMNS, "sensitivity")
"""What spend can be shown by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """Spend of one value of a dimension; ``value`` None: the log does not say.

    The buckets of tokens are disjoint; a sum is None where no call of the row tells its tokens.
    """

    value: str | None
    calls: int
    spend_usd: Decimal
    share: float | None
    unpriced_calls: int
    input_uncached_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    logged_usd: Decimal | None


def by(store: Store, dimension: str, only: CallFilter | None = None) -> list[SpendRow]:
    """Return spend by a dimension in falling order; days and hours in their own order.

    Raises:
        ConfigError: no such dimension.
    """
    if dimension == "sensitivity":
        return _by_sensitivity(store, only)
    if dimension not in _COLUMNS:
        raise ConfigError(
            f"spend cannot be shown by {dimension}", hint=f"it can by {', '.join(DIMENSIONS)}"
        )
    order = "value" if dimension in ("day", "hour") else "spend_usd DESC, calls DESC, value"
    condition, values = (only or CallFilter()).sql()
    return [
        SpendRow(**row)
        for row in store.dicts(
            f"""SELECT {_COLUMNS[dimension]} AS value, {_sums()}
            FROM calls c WHERE {condition} GROUP BY value ORDER BY {order}""",
            values,
        )
    ]


def _sums(total: str = "sum(coalesce(sum(cost_usd), 0)) OVER ()") -> str:
    """Return the columns of a row; ``total`` is the spend that shares are of, in SQL."""
    return f"""count(*) AS calls, coalesce(sum(cost_usd), 0) AS spend_usd,
       coalesce(sum(cost_usd), 0)::DOUBLE / nullif({total}, 0)::DOUBLE AS share,
       count(*) FILTER (cost_basis = 'unpriced') AS unpriced_calls,
       sum(input_uncached_tokens)::BIGINT AS input_uncached_tokens,
       sum(cache_read_tokens)::BIGINT AS cache_read_tokens,
       coalesce(sum(cache_write_5m_tokens) + coalesce(sum(cache_write_1h_tokens), 0),
                sum(cache_write_1h_tokens))::BIGINT AS cache_write_tokens,
       sum(output_tokens)::BIGINT AS output_tokens, sum(logged_cost_usd) AS logged_usd"""


def _by_sensitivity(store: Store, only: CallFilter | None) -> list[SpendRow]:
    """Spend by class of sensitive data; a call of two classes counts in both, so shares overlap."""
    condition, values = (only or CallFilter()).sql()
    columns = _sums("(SELECT sum(cost_usd) FROM chosen)")
    return [
        SpendRow(**row)
        for row in store.dicts(
            f"""WITH chosen AS (SELECT * FROM calls WHERE {condition}), kinds AS (
                SELECT DISTINCT call_id, class
                FROM call_sensitivity SEMI JOIN chosen USING (call_id)
            )
            SELECT coalesce(class, 'none found') AS value, {columns}
            FROM chosen c LEFT JOIN kinds USING (call_id) GROUP BY value
            ORDER BY spend_usd DESC, value""",
            values,
        )
    ]

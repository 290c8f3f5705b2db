"""Where the money goes: calls, tokens and spend by any dimension of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from decimal import Decimal

    from auditor.store.store import Store

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
    "sensitivity": "coalesce(class, 'none found')",
}
DIMENSIONS = tuple(_COLUMNS)
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


def spend_by(store: Store, dimension: str, only: CallFilter | None = None) -> list[SpendRow]:
    """Return spend by a dimension, or by several with commas between them.

    In falling order of spend; days and hours in their own order. Shares are of the spend of all
    chosen calls: a call that holds two classes of sensitive data counts in both.

    Raises:
        ConfigError: no such dimension.
    """
    fields = dimension.split(",")
    for name in fields:
        if name not in _COLUMNS:
            raise ConfigError(
                f"spend cannot be shown by {name}",
                hint=f"it can by {', '.join(DIMENSIONS)}, or by two with a comma between them",
            )
    order = "value" if fields[0] in ("day", "hour") else "spend_usd DESC, calls DESC, value"
    condition, values = (only or CallFilter()).sql()
    kinds = "LEFT JOIN kinds USING (call_id)" if "sensitivity" in fields else ""
    return [
        SpendRow(**row)
        for row in store.dicts(
            f"""WITH chosen AS (SELECT * FROM calls WHERE {condition}), kinds AS (
                SELECT DISTINCT call_id, class
                FROM call_sensitivity SEMI JOIN chosen USING (call_id)
            )
            SELECT {_value(fields)} AS value, {_SUMS}
            FROM chosen c {kinds} GROUP BY value ORDER BY {order}""",
            values,
        )
    ]


def _value(fields: list[str]) -> str:
    if len(fields) == 1:
        return _COLUMNS[fields[0]]
    told = (f"coalesce({_COLUMNS[name]}, 'no {name}')" for name in fields)
    return f"concat_ws(' / ', {', '.join(told)})"


_SUMS = """count(*) AS calls, coalesce(sum(cost_usd), 0) AS spend_usd,
       coalesce(sum(cost_usd), 0)::DOUBLE
         / nullif((SELECT sum(cost_usd) FROM chosen), 0)::DOUBLE AS share,
       count(*) FILTER (cost_basis = 'unpriced') AS unpriced_calls,
       sum(input_uncached_tokens)::BIGINT AS input_uncached_tokens,
       sum(cache_read_tokens)::BIGINT AS cache_read_tokens,
       coalesce(sum(cache_write_5m_tokens) + coalesce(sum(cache_write_1h_tokens), 0),
                sum(cache_write_1h_tokens))::BIGINT AS cache_write_tokens,
       sum(output_tokens)::BIGINT AS output_tokens, sum(logged_cost_usd) AS logged_usd"""

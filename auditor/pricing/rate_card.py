"""The rate card in the database, and what calls cost by it.

Unit prices come from ``price_book``; multiplying them with tokens is SQL over all calls at once. A
call whose tokens are known and whose model has a price costs what the card says. One that failed
without usage, or that a gateway answered from its cache, costs nothing (basis ``free``). The
provider's own bill in the log comes before the book; what a logger reckoned counts only where the
book has no price (basis ``logged`` both). Where nobody says anything the call is unpriced.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from auditor.pricing.price_book import MINUTES, Key, PriceBook, rate_rows
from auditor.pricing.tokens import input_tokens

if TYPE_CHECKING:
    from auditor.store.store import Store

NO_DAY = date(9999, 12, 31)
"""The day of calls whose time is unknown: they have today's prices."""

_AT = "(called_at AT TIME ZONE 'UTC')"
_DAY = f"coalesce(CAST({_AT} AS DATE), DATE '{NO_DAY}')"
_MINUTE = f"coalesce(hour({_AT}) * 60 + minute({_AT}), 720)"
_SEARCHES = """CASE WHEN c.web_searches > 0
                              THEN c.web_searches::DECIMAL(13, 0) * r.web_search_usd ELSE 0 END"""
"""NULL, and with it the cost of the call, where a call searched at a price that is not known."""

_EXTRAS = """CASE WHEN c.extra_units IS NULL THEN 0
            WHEN len(list_filter(json_keys(c.extra_units),
                 lambda u: json_extract_string(r.extra_usd, u) IS NULL)) > 0 THEN NULL
            ELSE list_sum(list_transform(json_keys(c.extra_units),
                 lambda u: json_extract_string(c.extra_units, u)::DECIMAL(13, 0)
                         * json_extract_string(r.extra_usd, u)::DECIMAL(24, 18))) END"""
"""NULL too where one of the units has no known price."""

_INNER_TYPE = """STRUCT(model VARCHAR, input_uncached_tokens BIGINT, cache_read_tokens BIGINT,
    cache_write_5m_tokens BIGINT, cache_write_1h_tokens BIGINT, output_tokens BIGINT)[]"""


def _inner(table: str) -> str:
    """Return a query of what other models did inside the answers of a table's calls."""
    return f"""SELECT call_id, provider, service_tier, region, called_at,
           NULL::BIGINT AS context_tokens,
           unnest(inner_usage::JSON::{_INNER_TYPE}, recursive := true)
    FROM {table} WHERE inner_usage IS NOT NULL"""


_MISSING = f"""
SELECT DISTINCT coalesce(provider, '') AS provider, model, {_DAY} AS day, service_tier,
       coalesce(region, '') AS region
FROM (
    SELECT provider, model, called_at, service_tier, region FROM {{table}}
    WHERE usage_state <> 'absent'
    UNION ALL SELECT provider, model, called_at, service_tier, region FROM ({{inner}})
) WHERE model IS NOT NULL
EXCEPT SELECT provider, model, day, service_tier, region FROM rate_card
ORDER BY ALL"""


def add_missing(store: Store, book: PriceBook, table: str) -> None:
    """Add the rates to the card that the calls of a table need and that it lacks."""
    missing = [
        Key(provider=provider, model=model, day=day, service_tier=tier, region=region)
        for provider, model, day, tier, region in store.rows(
            _MISSING.format(table=table, inner=_inner(table))
        )
    ]
    store.append("rate_card", rate_rows(book, missing))


def _join(calls: str) -> str:
    """Return the condition that finds the rate of a call, or of a model inside one."""
    context = f"coalesce({calls}.context_tokens, {input_tokens(calls)})"
    day, minute = (words.replace("called_at", f"{calls}.called_at") for words in (_DAY, _MINUTE))
    return f"""r.provider = coalesce({calls}.provider, '') AND r.model = {calls}.model
         AND r.service_tier = {calls}.service_tier AND r.region = coalesce({calls}.region, '')
         AND r.day = {day}
         AND (r.to_minute - r.from_minute = {MINUTES}
              OR ({minute} >= r.from_minute AND {minute} < r.to_minute))
         AND {context} > r.above_tokens AND {context} <= r.up_to_tokens"""


def _tokens_usd(calls: str) -> str:
    buckets = ("cache_read", "cache_write_5m", "cache_write_1h")
    cached = " + ".join(
        f"coalesce({calls}.{name}_tokens, 0)::DECIMAL(13, 0) * r.{name}_usd" for name in buckets
    )
    return f"""{calls}.input_uncached_tokens::DECIMAL(13, 0) * r.input_usd + {cached}
               + {calls}.output_tokens::DECIMAL(13, 0) * r.output_usd"""


def costs(table: str) -> str:
    """Return a query: ``table`` with computed_cost_usd, cost_usd, its bounds and its basis.

    The provider's own bill counts before the price book, but not before the user's prices.
    """
    return f"""
    WITH priced_inside AS (
        SELECT i.call_id, CASE WHEN count(r.basis) = count(*)
               THEN sum(({_tokens_usd("i")})::DECIMAL(28, 18)) END AS usd
        FROM ({_inner(table)}) i LEFT JOIN rate_card r ON {_join("i")}
        GROUP BY i.call_id
    )
    SELECT * EXCLUDE (rate_basis, nothing, billed),
           CASE WHEN nothing AND computed_cost_usd IS NULL THEN 0
                WHEN billed THEN logged_cost_usd
                WHEN rate_basis IS NOT NULL AND computed_cost_usd IS NOT NULL THEN computed_cost_usd
                WHEN logged_cost_usd > 0 THEN logged_cost_usd END AS cost_usd,
           cost_usd AS cost_low_usd, cost_usd AS cost_high_usd,
           CASE WHEN nothing AND computed_cost_usd IS NULL THEN 'free'
                WHEN billed THEN 'logged'
                WHEN computed_cost_usd IS NOT NULL THEN rate_basis
                WHEN logged_cost_usd > 0 THEN 'logged' ELSE 'unpriced' END AS cost_basis
    FROM (
        SELECT c.*, r.basis AS rate_basis,
               c.status = 'cached_by_gateway'
                 OR (c.status = 'error' AND c.usage_state = 'absent') AS nothing,
               coalesce(c.logged_cost_by = 'provider' AND c.logged_cost_usd > 0
                 AND r.basis IS DISTINCT FROM 'override' AND c.status <> 'cached_by_gateway', false)
                 AS billed,
               CASE WHEN c.status <> 'cached_by_gateway' AND c.usage_state <> 'absent'
                     AND c.input_uncached_tokens IS NOT NULL AND c.output_tokens IS NOT NULL
                     AND (c.inner_usage IS NULL OR p.usd IS NOT NULL)
               THEN CAST({_tokens_usd("c")}
                       + r.request_usd
                       + {_SEARCHES}
                       + {_EXTRAS}
                       + coalesce(p.usd, 0) AS DECIMAL(18, 12))
               END AS computed_cost_usd
        FROM {table} c LEFT JOIN rate_card r ON {_join("c")}
        LEFT JOIN priced_inside p ON p.call_id = c.call_id
    )"""


_UNPRICED = """(
    SELECT * EXCLUDE (computed_cost_usd, cost_usd, cost_low_usd, cost_high_usd, cost_basis)
    FROM calls)"""


def reprice(store: Store, book: PriceBook) -> int:
    """Price all calls anew, in one transaction; return how many amounts changed.

    For changed ``[prices]``: the card is made anew from the book.
    """
    with store.transaction():
        store.execute("DELETE FROM rate_card")
        add_missing(store, book, "calls")
        store.execute(
            f"""CREATE OR REPLACE TEMP TABLE repriced AS
            SELECT n.call_id, n.computed_cost_usd, n.cost_usd, n.cost_basis
            FROM ({costs(_UNPRICED)}) n
            JOIN calls c USING (call_id)
            WHERE n.cost_usd IS DISTINCT FROM c.cost_usd OR n.cost_basis <> c.cost_basis
               OR n.computed_cost_usd IS DISTINCT FROM c.computed_cost_usd"""
        )
        store.execute(
            """UPDATE calls SET computed_cost_usd = n.computed_cost_usd, cost_usd = n.cost_usd,
                   cost_low_usd = n.cost_usd, cost_high_usd = n.cost_usd, cost_basis = n.cost_basis
            FROM repriced n WHERE calls.call_id = n.call_id"""
        )
        changed = store.value("SELECT count(*) FROM repriced")
        store.execute("DROP TABLE repriced")
    return int(changed)

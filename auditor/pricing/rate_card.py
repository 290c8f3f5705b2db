"""The rate card in the database, and what calls cost by it.

Unit prices come from ``price_book``; multiplying them with tokens is SQL over all calls at once. A
call whose tokens are known and whose model has a price costs what the card says. One that failed
without usage, or that a gateway answered from its cache, costs nothing (basis ``free``). Otherwise
what the log itself says it cost counts (basis ``logged``); where it says nothing the call is
unpriced.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from auditor.pricing.price_book import Key, PriceBook, rate_rows
from auditor.pricing.tokens import input_tokens

if TYPE_CHECKING:
    from auditor.store.store import Store

NO_DAY = date(9999, 12, 31)
"""The day of calls whose time is unknown: they have today's prices."""

_DAY = f"coalesce(CAST(called_at AT TIME ZONE 'UTC' AS DATE), DATE '{NO_DAY}')"
_SEARCHES = """CASE WHEN c.web_searches > 0
                              THEN c.web_searches::DECIMAL(13, 0) * r.web_search_usd ELSE 0 END"""
"""NULL, and with it the cost of the call, where a call searched at a price that is not known."""

_MISSING = f"""
SELECT DISTINCT coalesce(provider, '') AS provider, model, {_DAY} AS day, service_tier
FROM {{table}}
WHERE model IS NOT NULL AND usage_state <> 'absent'
EXCEPT SELECT provider, model, day, service_tier FROM rate_card
ORDER BY ALL"""


def add_missing(store: Store, book: PriceBook, table: str) -> None:
    """Add the rates to the card that the calls of a table need and that it lacks."""
    missing = [
        Key(provider=provider, model=model, day=day, service_tier=tier)
        for provider, model, day, tier in store.rows(_MISSING.format(table=table))
    ]
    store.append("rate_card", rate_rows(book, missing))


def costs(table: str) -> str:
    """Return a query: ``table`` with computed_cost_usd, cost_usd, its bounds and its basis."""
    return f"""
    SELECT * EXCLUDE (rate_basis, nothing),
           CASE WHEN nothing AND computed_cost_usd IS NULL THEN 0
                WHEN rate_basis IS NOT NULL AND computed_cost_usd IS NOT NULL THEN computed_cost_usd
                WHEN logged_cost_usd > 0 THEN logged_cost_usd END AS cost_usd,
           cost_usd AS cost_low_usd, cost_usd AS cost_high_usd,
           CASE WHEN nothing AND computed_cost_usd IS NULL THEN 'free'
                WHEN computed_cost_usd IS NOT NULL THEN rate_basis
                WHEN logged_cost_usd > 0 THEN 'logged' ELSE 'unpriced' END AS cost_basis
    FROM (
        SELECT c.*, r.basis AS rate_basis,
               c.status = 'cached_by_gateway'
                 OR (c.status = 'error' AND c.usage_state = 'absent') AS nothing,
               CASE WHEN c.status <> 'cached_by_gateway' AND c.usage_state <> 'absent'
                     AND c.input_uncached_tokens IS NOT NULL AND c.output_tokens IS NOT NULL
               THEN TRY_CAST(c.input_uncached_tokens::DECIMAL(13, 0) * r.input_usd
                       + coalesce(c.cache_read_tokens, 0)::DECIMAL(13, 0) * r.cache_read_usd
                       + coalesce(c.cache_write_5m_tokens, 0)::DECIMAL(13, 0) * r.cache_write_5m_usd
                       + coalesce(c.cache_write_1h_tokens, 0)::DECIMAL(13, 0) * r.cache_write_1h_usd
                       + c.output_tokens::DECIMAL(13, 0) * r.output_usd
                       + r.request_usd
                       + {_SEARCHES} AS DECIMAL(18, 12))
               END AS computed_cost_usd
        FROM {table} c LEFT JOIN rate_card r
          ON r.provider = coalesce(c.provider, '') AND r.model = c.model
         AND r.service_tier = c.service_tier
         AND r.day = {_DAY.replace("called_at", "c.called_at")}
         AND {input_tokens()} > r.above_tokens AND {input_tokens()} <= r.up_to_tokens
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

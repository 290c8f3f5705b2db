"""Known calls are priced anew when ``[prices]`` says something else than it did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.domain import digest
from auditor.ingest import token_estimates
from auditor.pricing import rate_card
from auditor.pricing.price_book import PriceBook

if TYPE_CHECKING:
    from auditor.pricing.price_book import PricesConfig
    from auditor.store.store import Store


def prices_id(prices: PricesConfig) -> str:
    """Return a hash of the user's prices."""
    return digest("prices", prices.model_dump(mode="json"))


def reprice_if_changed(store: Store, prices: PricesConfig) -> int:
    """Price every call anew where the prices are not those of the last time.

    Returns:
        How many calls got another amount or another basis.
    """
    wanted = prices_id(prices)
    known = store.value("SELECT value FROM meta WHERE key = 'prices'")
    if known == wanted:
        return 0
    changed = reprice(store, prices) if known else 0
    with store.transaction():
        store.execute("DELETE FROM meta WHERE key IN ('prices', 'priced_at')")
        facts = {"prices": wanted, "priced_at": datetime.now(UTC).isoformat()}
        store.append("meta", [{"key": key, "value": value} for key, value in facts.items()])
    return changed


def reprice(store: Store, prices: PricesConfig) -> int:
    """Price all calls anew; return how many amounts or bases changed."""
    book = PriceBook(prices)
    with store.transaction():
        before = (
            "CREATE OR REPLACE TEMP TABLE priced AS SELECT call_id, cost_usd, cost_basis FROM calls"
        )
        store.execute(before)
        token_estimates.undo(store)
        rate_card.reprice(store, book)
        token_estimates.estimate(store, book)
        changed = store.value(
            """SELECT count(*) FROM calls c JOIN priced p USING (call_id)
            WHERE c.cost_usd IS DISTINCT FROM p.cost_usd OR c.cost_basis <> p.cost_basis"""
        )
        store.execute("DROP TABLE priced")
    return int(changed)

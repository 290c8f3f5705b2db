"""Tokens of calls whose log has no usage, fitted from calls that have it; low and high beside.

The ratio of tokens to characters is taken from calls of the same model and category, else of the
same model, else of the same provider, whichever has enough of them; its tenth and ninetieth
percentile over calls are the bounds. Where nothing was logged with usage, English prose gives the
middle and the extremes measured over kinds of text (German prose, Chinese) give the bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.pricing import rate_card
from auditor.pricing.tokens import input_tokens

if TYPE_CHECKING:
    from auditor.pricing.price_book import PriceBook
    from auditor.store.store import Store

MIN_CALLS = 20
"""Calls with usage that a ratio is fitted from at least."""

_PROSE = (1 / 5.34, 1 / 3.86, 1 / 1.36)
"""Tokens per character of o200k: German prose, English prose, Chinese (measured)."""


def undo(store: Store) -> None:
    """Undo all estimates: the calls have no usage again."""
    store.execute(
        """UPDATE calls SET usage_state = 'absent', input_uncached_tokens = NULL,
            cache_read_tokens = NULL, cache_write_5m_tokens = NULL, cache_write_1h_tokens = NULL,
            output_tokens = NULL, reasoning_tokens = NULL, computed_cost_usd = NULL,
            cost_usd = CASE WHEN logged_cost_usd > 0 THEN logged_cost_usd END,
            cost_low_usd = CASE WHEN logged_cost_usd > 0 THEN logged_cost_usd END,
            cost_high_usd = CASE WHEN logged_cost_usd > 0 THEN logged_cost_usd END,
            cost_basis = CASE WHEN logged_cost_usd > 0 THEN 'logged' ELSE 'unpriced' END
        WHERE usage_state = 'estimated'"""
    )


def estimate(store: Store, book: PriceBook) -> int:
    """Estimate tokens and cost of all calls that were answered and have no usage; return how many.

    Estimates of before are made anew: more logs fit better. Calls without texts, with images, or
    of a model without a price stay as they are.
    """
    with store.transaction():
        undo(store)
        if not store.value(f"SELECT count(*) FROM calls WHERE {_WANTING}"):
            return 0
        categorized = bool(store.value("SELECT count(*) FROM call_categories"))
        category = "(SELECT category_id FROM call_categories k WHERE k.call_id = c.call_id)"
        store.execute(
            _LENGTHS.format(
                category=category if categorized else "NULL", input_tokens=input_tokens("c")
            )
        )
        store.execute(_RATIOS)
        store.execute(_GUESSED)
        rate_card.add_missing(store, book, "guessed")
        store.execute(_COSTS.format(costs=rate_card.costs("guessed")))
        count = int(store.value("SELECT count(*) FROM estimates"))
        store.execute(_UPDATE)
        for table in ("lengths", "ratios", "guessed", "estimates"):
            store.execute(f"DROP TABLE {table}")
    return count


_WANTING = (
    "usage_state = 'absent' AND cost_basis = 'unpriced' AND status IN ('ok', 'cancelled') "
    "AND content_state = 'full' AND NOT needs_vision"
)
_LENGTHS = """
CREATE OR REPLACE TEMP TABLE lengths AS
SELECT c.call_id, c.provider, c.model, {category} AS category_id,
       (coalesce(length(n.system_text), 0) + coalesce(length(n.messages::VARCHAR), 0)
         + coalesce(length(n.tools::VARCHAR), 0))::DOUBLE AS input_chars,
       (coalesce(length(n.response_text), 0) + coalesce(length(n.tool_calls::VARCHAR), 0))::DOUBLE
         AS output_chars,
       {input_tokens} AS input_tokens, c.output_tokens
FROM calls c JOIN contents n USING (call_id)
WHERE c.content_state = 'full' AND NOT c.needs_vision AND c.status IN ('ok', 'cancelled')"""
_SIDES = ("input", "output")
_RATIO = """
SELECT '{side}' AS side, {level} AS level, {keys},
       quantile_cont({side}_tokens / {side}_chars, 0.1) AS low,
       sum({side}_tokens) / sum({side}_chars) AS middle,
       quantile_cont({side}_tokens / {side}_chars, 0.9) AS high
FROM lengths WHERE {side}_chars > 0 AND {side}_tokens > 0
  AND input_tokens <= 1.5 * input_chars -- more tokens than text: part of the prompt is not logged
GROUP BY ALL HAVING count(*) >= {least}"""
_LEVELS = (
    "provider, model, category_id",
    "provider, model, NULL AS category_id",
    "provider, NULL AS model, NULL AS category_id",
)
_RATIOS = "CREATE OR REPLACE TEMP TABLE ratios AS " + " UNION ALL ".join(
    _RATIO.format(side=side, level=level, keys=keys, least=MIN_CALLS)
    for side in _SIDES
    for level, keys in enumerate(_LEVELS)
)


def _best(side: str) -> str:
    """Return the query for the closest ratio of each call that wants one."""
    return f"""
    SELECT l.call_id, arg_min(
        struct_pack(low := r.low, middle := r.middle, high := r.high), r.level) AS {side}_ratio
    FROM lengths l JOIN ratios r ON r.side = '{side}' AND r.provider = l.provider
     AND (r.level > 1 OR r.model = l.model)
     AND (r.level > 0 OR r.category_id = l.category_id)
    GROUP BY l.call_id"""


_DEFAULT = "struct_pack(low := {}, middle := {}, high := {})".format(*_PROSE)


def _three(ratio: str) -> str:
    """Return the three bounds of a ratio, or of prose where a call has no ratio."""
    found = f"coalesce({ratio}, {_DEFAULT})"
    return ", ".join(f"{found}.{bound}" for bound in ("low", "middle", "high"))


_GUESSED = f"""
CREATE OR REPLACE TEMP TABLE guessed AS
SELECT c.* EXCLUDE (computed_cost_usd, cost_usd, cost_low_usd, cost_high_usd, cost_basis)
       REPLACE ('estimated' AS usage_state, 0 AS cache_read_tokens, 0 AS cache_write_5m_tokens,
                0 AS cache_write_1h_tokens,
                greatest(1, round(l.input_chars * v.input))::BIGINT AS input_uncached_tokens,
                round(l.output_chars * v.output)::BIGINT AS output_tokens),
       v.variant
FROM calls c JOIN lengths l USING (call_id)
LEFT JOIN ({_best("input")}) i USING (call_id) LEFT JOIN ({_best("output")}) o USING (call_id),
LATERAL (
    SELECT unnest(['low', 'middle', 'high']) AS variant,
           unnest([{_three("i.input_ratio")}]) AS input,
           unnest([{_three("o.output_ratio")}]) AS output
) v
WHERE {_WANTING}"""
_COSTS = """
CREATE OR REPLACE TEMP TABLE estimates AS
SELECT call_id, any_value(input_uncached_tokens) FILTER (variant = 'middle') AS input_tokens,
       any_value(output_tokens) FILTER (variant = 'middle') AS output_tokens,
       any_value(computed_cost_usd) FILTER (variant = 'middle') AS middle,
       min(computed_cost_usd) AS low, max(computed_cost_usd) AS high
FROM ({costs}) GROUP BY call_id HAVING middle IS NOT NULL"""
_UPDATE = """
UPDATE calls SET usage_state = 'estimated', input_uncached_tokens = e.input_tokens,
    cache_read_tokens = 0, cache_write_5m_tokens = 0, cache_write_1h_tokens = 0,
    output_tokens = e.output_tokens, computed_cost_usd = e.middle, cost_usd = e.middle,
    cost_low_usd = e.low, cost_high_usd = e.high, cost_basis = 'estimated'
FROM estimates e WHERE calls.call_id = e.call_id"""

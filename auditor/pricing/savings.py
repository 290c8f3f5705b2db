"""What could be saved before anything moves: caching, batches, repetitions, waste, cheaper tiers.

Each amount is a query over ``calls`` and ``contents``, with the calls behind it and the rule it
rests on in words. They are estimates and overlap (a repeated call could also have been cached):
they are never added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from decimal import Decimal

    from auditor.store.store import Store

_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """An amount that could be saved without moving anything, in USD, and the rule it rests on.

    ``calls`` and ``spend_usd`` are the calls behind it and what they cost.
    """

    kind: str
    title: str
    calls: int
    spend_usd: Decimal
    saving_usd: Decimal
    rule: str
    example_call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A query over ``chosen`` (the priced calls) that returns call_id, spend and saving."""

    title: str
    words: str
    sql: str


def find_savings(store: Store, only: CallFilter | None = None) -> list[Saving]:
    """Return what could be saved without moving anything, largest first; nothing where it is 0."""
    condition, values = (only or CallFilter()).sql()
    found = []
    for kind, rule in _RULES.items():
        row = store.dicts(
            f"""WITH chosen AS (
                SELECT * FROM calls WHERE {condition} AND cost_usd > 0
            ), hits AS ({rule.sql})
            SELECT count(*) AS calls, coalesce(sum(spend), 0)::DECIMAL(18, 6) AS spend_usd,
                   coalesce(sum(saving), 0)::DECIMAL(18, 6) AS saving_usd,
                   (SELECT list(call_id) FROM (
                       SELECT call_id FROM hits ORDER BY saving DESC, call_id LIMIT {_EXAMPLES}
                   )) AS examples
            FROM hits""",
            values,
        )[0]
        examples = tuple(row.pop("examples") or ())
        if row["saving_usd"] > 0:
            found.append(
                Saving(
                    kind=kind, title=rule.title, rule=rule.words, example_call_ids=examples, **row
                )
            )
    return sorted(found, key=lambda saving: (-saving.saving_usd, saving.kind))


_RULES = {
    "duplicates": _Rule(
        title="the same request answered again",
        words="equal requests (model, texts, tools, parameters) at temperature 0 or with none set: "
        "all but the first of the log; a cache of answers would have held them",
        sql="""SELECT c.call_id, cost_usd AS spend, cost_usd AS saving
        FROM chosen c JOIN contents USING (call_id)
        WHERE coalesce(try_cast(params ->> 'temperature' AS DOUBLE), 0) = 0 AND status = 'ok'
          AND content_state = 'full' AND request_hash IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY request_hash ORDER BY called_at NULLS LAST, c.call_id) > 1""",
    ),
    "failed": _Rule(
        title="failed, cancelled or cut off, and billed",
        words="calls with a cost that ended in an error, were cancelled, or stopped at the token "
        "limit; at most this, where a cut answer was of use after all",
        sql="""SELECT call_id, cost_usd AS spend, cost_usd AS saving FROM chosen
        WHERE status IN ('error', 'cancelled') OR finish_reason = 'length'""",
    ),
    "batch": _Rule(
        title="a batch instead of one by one",
        words="half the cost of calls whose system prompt was sent 100 times or more in one hour, "
        "at providers that halve the price of a batch (OpenAI, Anthropic, Google, Mistral, Groq): "
        "whether somebody waits for the answers is not in the log",
        sql="""SELECT call_id, cost_usd AS spend, cost_usd / 2 AS saving
        FROM chosen JOIN contents USING (call_id)
        WHERE service_tier = 'standard' AND system_text IS NOT NULL AND called_at IS NOT NULL
          AND provider IN ('openai', 'anthropic', 'google', 'mistral', 'groq')
        QUALIFY 100 <= count(*) OVER (
            PARTITION BY md5(system_text), date_trunc('hour', called_at))""",
    ),
    # A call within five minutes after another reads the prompt from the cache; the first of a row
    # writes it, which costs more than plain input at Anthropic.
    "prompt-caching": _Rule(
        title="prompt caching of long system prompts",
        words="system prompts of 4,096 characters (about 1,024 tokens, the least that is cached) "
        "or more, sent again within five minutes and not read from a cache: a quarter of their "
        "characters as tokens, at input price less cache-read price, less the surcharge for "
        "writing the first one",
        sql="""SELECT call_id, cost_usd AS spend,
               CASE WHEN again THEN tokens * (input_usd - cache_read_usd)
                    ELSE tokens * (input_usd - cache_write_5m_usd) END AS saving
        FROM (
            SELECT c.call_id, c.cost_usd, r.input_usd, r.cache_read_usd, r.cache_write_5m_usd,
                   least(length(system_text) // 4, input_uncached_tokens) AS tokens,
                   coalesce(called_at - lag(called_at) OVER same <= INTERVAL 5 MINUTE, false)
                     AS again,
                   coalesce(lead(called_at) OVER same - called_at <= INTERVAL 5 MINUTE, false)
                     AS first
            FROM chosen c JOIN contents USING (call_id)
            JOIN rate_card r ON r.provider = coalesce(c.provider, '') AND r.model = c.model
             AND r.service_tier = c.service_tier AND r.region = coalesce(c.region, '')
             AND r.above_tokens = -1 AND r.from_minute = 0
             AND r.day = CAST(c.called_at AT TIME ZONE 'UTC' AS DATE)
            WHERE length(system_text) >= 4096 AND coalesce(cache_read_tokens, 0) = 0
              AND coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0) = 0
            WINDOW same AS (
                PARTITION BY c.provider, c.model, md5(system_text)
                ORDER BY called_at, c.call_id)
        ) WHERE input_usd > cache_read_usd
            AND (again OR (first AND cache_write_5m_usd > input_usd))""",
    ),
    "cheaper-tier": _Rule(
        title="flex instead of standard",
        words="half the cost of standard calls to OpenAI models that are offered as flex (o3, "
        "o4-mini, gpt-5) and took 20 seconds or more: slow already, perhaps nobody waits",
        sql="""SELECT call_id, cost_usd AS spend, cost_usd / 2 AS saving FROM chosen
        WHERE provider = 'openai' AND service_tier = 'standard' AND latency_ms >= 20000
          AND regexp_matches(model, '^(o3|o4-mini|gpt-5)')""",
    ),
}

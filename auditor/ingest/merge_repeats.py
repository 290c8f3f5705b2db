"""The same call in two logs: what the first does not hold is taken from the second.

A gateway logs the cost and no texts, the client the texts and no cost. The call keeps the place it
was first seen in; a later record of it gives its texts where it holds more of them, its tokens
where none were told, and whatever else was unknown. Of two copies of an answer that grew the fuller
one counts, and the provider's bill before what a logger reckoned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.pricing import rate_card

if TYPE_CHECKING:
    from auditor.store.store import Store

_TEXTS = ("content_state", "request_hash", "masked", "tool_names", "response_format",
          "needs_vision", "needs_hosted_tools")  # fmt: skip
_TOKENS = ("usage_state", "input_uncached_tokens", "cache_read_tokens", "cache_write_5m_tokens",
           "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "extra_units",
           "inner_usage", "context_tokens", "service_tier")  # fmt: skip
_FACTS = ("log_id", "provider_response_id", "latency_ms", "ttft_ms", "endpoint", "conversation_id",
          "trace_id", "parent_id", "project", "user_id", "api_key_id", "team", "tags",
          "http_status", "error", "finish_reason", "choices", "web_searches", "region",
          "copy_key")  # fmt: skip


def _held(table: str) -> str:
    """Return in SQL how much of prompt and answer a call's log holds: 0 nothing to 4 all."""
    order = ("absent", "partial", "redacted", "truncated", "full")
    return f"list_position({list(order)}, {table}.content_state)"


_FULLER = """(s.usage_state = 'provider' AND c.usage_state = 'provider'
              AND s.output_tokens > c.output_tokens)"""
_MORE = f"""({_held("s")} > {_held("c")}
             OR {_held("s")} = {_held("c")} AND coalesce({_FULLER}, false))"""
_TOLD = f"""(c.usage_state IN ('absent', 'estimated')
             AND s.usage_state NOT IN ('absent', 'estimated') OR coalesce({_FULLER}, false))"""
_BILLED = """(s.logged_cost_usd IS NOT NULL AND s.logged_cost_by = 'provider'
              AND (c.logged_cost_by IS DISTINCT FROM 'provider'
                   OR s.logged_cost_usd::DECIMAL(18, 12) > c.logged_cost_usd))"""

# A new call may be in the batch twice: so every record but the first of each call is looked at.
_REPEATED = f"""
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT arg_max("row", rank) AS "row", call_id FROM (
    SELECT s."row", call_id, struct_pack(
        texts := {_held("s")},
        tokens := s.usage_state = 'provider',
        output := coalesce(s.output_tokens, -1),
        first := -s."row") AS rank
    FROM staged s SEMI JOIN wanted USING ("row") ANTI JOIN fresh USING ("row")
    JOIN calls c USING (call_id)
    WHERE {_MORE} OR {_TOLD} OR {_BILLED}
) GROUP BY call_id"""
_PRICES = ("computed_cost_usd", "cost_usd", "cost_low_usd", "cost_high_usd", "cost_basis")


def _taken() -> str:
    """Return the columns of a call with what its repetition knows better, in SQL."""
    columns = [f"CASE WHEN {_MORE} THEN s.{name} ELSE c.{name} END AS {name}" for name in _TEXTS]
    columns += [f"CASE WHEN {_TOLD} THEN s.{name} ELSE c.{name} END AS {name}" for name in _TOKENS]
    columns += [
        f"""CASE WHEN {_FULLER} THEN coalesce(s.{name}, c.{name})
                 ELSE coalesce(c.{name}, s.{name}) END AS {name}"""
        for name in _FACTS
    ]
    later = f"{_BILLED} OR c.logged_cost_usd IS NULL"
    costs = {"logged_cost_usd": "s.logged_cost_usd::DECIMAL(18, 12)",
             "logged_cost_by": "s.logged_cost_by"}  # fmt: skip
    columns += [
        f"CASE WHEN {later} THEN {given} ELSE c.{name} END AS {name}"
        for name, given in costs.items()
    ]
    return ", ".join(columns)


_ENRICHED = f"""
CREATE OR REPLACE TEMP TABLE enriched AS
SELECT c.* EXCLUDE ({", ".join(_PRICES)}) REPLACE ({_taken()}), {_MORE} AS more
FROM repeated r JOIN calls c USING (call_id) JOIN staged s ON s."row" = r."row" """
_UNPRICED = "(SELECT * EXCLUDE (more) FROM enriched)"
_STATEMENTS = (
    "DELETE FROM calls WHERE call_id IN (SELECT call_id FROM enriched)",
    f"INSERT INTO calls BY NAME SELECT * FROM ({rate_card.costs(_UNPRICED)})",
    "DELETE FROM contents WHERE call_id IN (SELECT call_id FROM enriched WHERE more)",
    """INSERT INTO contents BY NAME
    SELECT s.call_id, system_text, messages, s.tools, params, response_text, tool_calls
    FROM staged s SEMI JOIN repeated USING ("row")
    SEMI JOIN (FROM enriched WHERE more) e ON e.call_id = s.call_id""",
    "DELETE FROM call_sensitivity WHERE call_id IN (SELECT call_id FROM enriched WHERE more)",
    """INSERT INTO call_sensitivity BY NAME
    SELECT f.call_id, rule_id, class, n FROM sensitivity f SEMI JOIN repeated USING ("row")
    SEMI JOIN (FROM enriched WHERE more) e ON e.call_id = f.call_id""",
)


def merge(store: Store) -> None:
    """Give known calls what repeated records of the batch know better.

    Reads ``staged``, ``sensitivity``, ``wanted`` and ``fresh`` of the ledger, inside its
    transaction. One record may know the texts and another the tokens: so it goes on until no
    record knows more.
    """
    while True:
        store.execute(_REPEATED)
        store.execute(_ENRICHED)
        if not store.value("SELECT count(*) FROM enriched"):
            return
        for statement in _STATEMENTS:
            store.execute(statement)

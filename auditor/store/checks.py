"""The integrity queries: each must return no row in a sound database.

They stand in for the keys that DuckDB's tables do without (see ``tables.sql``).
"""

CHECKS = {
    "the ledger of every source adds up": """
        SELECT path FROM sources
        WHERE complete AND records <> calls + duplicates + not_calls + rejects""",
    "records agree with the ledger": """
        SELECT s.path FROM sources s
        LEFT JOIN (SELECT source_id, count(*) AS n FROM records GROUP BY ALL) r USING (source_id)
        WHERE complete AND s.records <> coalesce(r.n, 0)""",
    "call_id is unique": "SELECT call_id FROM calls GROUP BY call_id HAVING count(*) > 1",
    "every call record has its call": """
        SELECT call_id FROM (SELECT call_id FROM records WHERE outcome = 'call')
        ANTI JOIN calls USING (call_id)""",
    "token counts are not negative": """
        SELECT call_id FROM calls WHERE least(input_uncached_tokens, cache_read_tokens,
            cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens) < 0""",
    "reasoning is part of the output": """
        SELECT call_id FROM calls WHERE reasoning_tokens > output_tokens""",
    "unpriced calls have no cost, the others have one": """
        SELECT call_id FROM calls WHERE (cost_basis = 'unpriced') <> (cost_usd IS NULL)""",
    "each call is in at most one category": """
        SELECT call_id FROM call_categories GROUP BY call_id HAVING count(*) > 1""",
    "once categorized, no call is without a category": """
        SELECT call_id FROM calls ANTI JOIN call_categories USING (call_id)
        WHERE (SELECT count(*) FROM call_categories) > 0
          AND (SELECT status FROM stage_runs WHERE stage = 'categorize' AND started_at >
               (SELECT max(started_at) FROM stage_runs WHERE stage = 'ingest')
               ORDER BY started_at DESC LIMIT 1) = 'done'""",
    "categories of calls exist": """
        SELECT DISTINCT category_id FROM call_categories
        ANTI JOIN categories USING (category_id)""",
    "category names are unique": "SELECT name FROM categories GROUP BY name HAVING count(*) > 1",
    "draws are of known calls": "SELECT call_id FROM draws ANTI JOIN calls USING (call_id)",
    "draws of a design are numbered from 0 without a gap": """
        SELECT design_id FROM draws GROUP BY design_id
        HAVING count(*) <> max(draw_no) + 1 OR count(DISTINCT draw_no) <> count(*)""",
    "one answer per call, candidate and replicate": """
        SELECT answer_id FROM answers GROUP BY answer_id HAVING count(*) > 1""",
    "grades are of known answers": """
        SELECT answer_id FROM grades ANTI JOIN answers USING (answer_id)""",
    "one grade per answer, criterion and replicate": """
        SELECT answer_id FROM grades GROUP BY answer_id, criterion_id, replicate
        HAVING count(*) > 1""",
    "the bars are the priced spend": """
        SELECT 'bars' FROM (SELECT sum(spend_usd) AS b FROM bars),
                           (SELECT sum(cost_usd) AS c FROM calls)
        WHERE b IS NOT NULL AND b <> c
          AND (SELECT max(started_at) FROM stage_runs WHERE stage = 'plan' AND status = 'done')
            > (SELECT max(started_at) FROM stage_runs WHERE stage = 'ingest')
          AND (SELECT max(started_at) FROM stage_runs WHERE stage = 'plan' AND status = 'done')
            > coalesce((SELECT value::TIMESTAMPTZ FROM meta WHERE key = 'priced_at'),
                       '-infinity'::TIMESTAMPTZ)""",
}

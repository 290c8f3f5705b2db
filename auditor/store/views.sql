-- What report, terminal and plan.md read: every figure is computed here, once. Views hold no data and
-- are made anew whenever a database is opened by an auditor whose views differ, so a change here needs
-- no migration. A COMMENT is one line of its own. A view that goes is dropped by a migration.

CREATE OR REPLACE VIEW v_calls AS
SELECT *, coalesce(conversation_id, request_hash, call_id) AS unit_id FROM calls;
COMMENT ON VIEW v_calls IS 'ingest: calls with the unit each is drawn in: a conversation, a set of equal requests, or the call alone.';

CREATE OR REPLACE VIEW v_ledger AS
SELECT source_id, path, reader, s.records, s.calls, s.duplicates, s.not_calls, s.rejects, complete,
       (SELECT sum(cost_usd) FROM calls c WHERE c.source_id = s.source_id) AS spend_usd,
       (SELECT count(*) FROM calls c WHERE c.source_id = s.source_id AND cost_basis = 'unpriced') AS unpriced
FROM sources s
ORDER BY path, source_id;
COMMENT ON VIEW v_ledger IS 'ingest: records = calls + duplicates + not_calls + rejects for every source.';

CREATE OR REPLACE VIEW v_period AS
WITH days AS (
    SELECT DISTINCT CAST(called_at AT TIME ZONE 'UTC' AS DATE) AS day FROM calls WHERE called_at IS NOT NULL
), steps AS (
    SELECT day, date_diff('day', lag(day) OVER (ORDER BY day), day) - 1 AS empty_before FROM days
)
SELECT min(day) AS first_day, max(day) AS last_day, count(*) AS days_with_calls, 30.4 AS days_per_month,
       date_diff('day', min(day), max(day)) + 1
         - coalesce(sum(empty_before) FILTER (empty_before > 3), 0) AS covered_days,
       coalesce(sum(empty_before) FILTER (empty_before > 3), 0) AS gap_days
FROM steps;
COMMENT ON VIEW v_period IS 'ingest: days the logs cover; four or more empty days in a row are a gap, a quiet weekend is not. Also the days of a month, for every amount a month.';

CREATE OR REPLACE VIEW v_totals AS
SELECT count(*) AS calls, sum(cost_usd) AS total_usd,
       sum(cost_usd) / max(p.covered_days) * max(p.days_per_month) AS total_usd_month,
       max(p.covered_days) AS covered_days,
       count(*) FILTER (cost_basis = 'unpriced' AND status NOT IN ('error', 'cached_by_gateway')) AS unpriced_calls,
       count(*) FILTER (status = 'error') AS failed_calls,
       count(*) FILTER (masked > 0) AS masked_calls,
       sum(input_uncached_tokens) AS input_uncached_tokens, sum(cache_read_tokens) AS cache_read_tokens,
       sum(cache_write_5m_tokens) + sum(cache_write_1h_tokens) AS cache_write_tokens,
       sum(output_tokens) AS output_tokens
FROM calls CROSS JOIN v_period p;
COMMENT ON VIEW v_totals IS 'ingest: calls, spend, and spend a month as mean per covered day times the days of a month.';

CREATE OR REPLACE VIEW v_spend AS
WITH spend AS (
    SELECT category_id, count(*) AS calls, coalesce(sum(cost_usd), 0) AS spend_usd,
           count(*) FILTER (cost_basis = 'unpriced') AS unpriced_calls,
           quantile_cont(latency_ms, 0.5) AS latency_ms_p50, quantile_cont(latency_ms, 0.95) AS latency_ms_p95
    FROM calls JOIN call_categories USING (call_id)
    GROUP BY category_id
)
SELECT category_id, name, method, output_shape, ignored, calls, spend_usd, unpriced_calls, latency_ms_p50, latency_ms_p95,
       spend_usd / nullif(sum(spend_usd) OVER (), 0) AS share,
       sum(spend_usd) OVER (ORDER BY spend_usd DESC, category_id) / nullif(sum(spend_usd) OVER (), 0) AS cumulative_share,
       row_number() OVER (ORDER BY spend_usd DESC, category_id) AS spend_rank
FROM spend JOIN categories USING (category_id)
ORDER BY spend_rank;
COMMENT ON VIEW v_spend IS 'report: spend by category in falling order, with the Pareto share.';

CREATE OR REPLACE VIEW v_models AS
SELECT coalesce(provider, '(unknown)') AS provider, coalesce(model, '(unknown)') AS model, count(*) AS calls, sum(cost_usd) AS spend_usd,
       sum(input_uncached_tokens) AS input_uncached_tokens, sum(cache_read_tokens) AS cache_read_tokens,
       sum(output_tokens) AS output_tokens, string_agg(DISTINCT cost_basis, ', ' ORDER BY cost_basis) AS cost_basis
FROM calls GROUP BY ALL
ORDER BY spend_usd DESC NULLS LAST, model, provider;
COMMENT ON VIEW v_models IS 'report: spend and tokens by provider and model.';

CREATE OR REPLACE VIEW v_speed AS
SELECT candidate_id, arg_max(prompt_tokens_per_s, (measured_at, output_tokens_per_s)) AS prompt_tokens_per_s,
       arg_max(output_tokens_per_s, (measured_at, output_tokens_per_s)) AS output_tokens_per_s,
       arg_max(concurrency, (measured_at, output_tokens_per_s)) AS concurrency
FROM speeds GROUP BY candidate_id ORDER BY candidate_id;
COMMENT ON VIEW v_speed IS 'cost: the newest speed of each candidate, at the concurrency that was fastest.';

CREATE OR REPLACE VIEW v_verdicts AS
WITH kinds(bar, bar_no) AS (VALUES ('move', 1), ('fallback', 2), ('undecided', 3), ('keep', 4), ('unmeasured', 5))
SELECT bar, coalesce(sum(calls), 0)::BIGINT AS calls, coalesce(sum(spend_usd), 0) AS spend_usd,
       coalesce(sum(spend_usd) / nullif((SELECT sum(spend_usd) FROM bars), 0), 0)::DOUBLE AS share
FROM kinds LEFT JOIN bars USING (bar)
GROUP BY bar, bar_no ORDER BY bar_no;
COMMENT ON VIEW v_verdicts IS 'report: the five bars; the shares sum to 1 of priced spend.';

CREATE OR REPLACE VIEW v_headline AS
SELECT sum(spend_usd) AS total_usd,
       coalesce(sum(spend_usd) FILTER (bar = 'move'), 0) AS low_usd,
       sum(spend_usd) - coalesce(sum(spend_usd) FILTER (shown_not_movable), 0) AS high_usd,
       coalesce(sum(spend_usd * earns) FILTER (bar = 'fallback'), 0) AS fallback_usd,
       coalesce(low_usd / nullif(total_usd, 0), 0)::DOUBLE AS low,
       coalesce(high_usd / nullif(total_usd, 0), 1)::DOUBLE AS high,
       coalesce(fallback_usd / nullif(total_usd, 0), 0)::DOUBLE AS fallback
FROM bars;
COMMENT ON VIEW v_headline IS 'report: between low and high of priced spend can move; the one sentence at the top.';

CREATE OR REPLACE VIEW v_categories AS
SELECT s.spend_rank, s.category_id, s.name, s.method, s.output_shape, s.calls, s.spend_usd, s.share, s.cumulative_share,
       s.spend_usd / nullif(s.calls, 0) * 1000 AS usd_per_1000_calls, s.latency_ms_p50, s.latency_ms_p95,
       p.verdict, p.reason, p.wave, p.candidate_id, p.gross_usd_month, p.local_usd_month, p.net_usd_month,
       d.criterion_id, coalesce(d.n, 0) AS n, d.n_calls, d.ungradable, d.design_effect,
       d.baseline_rate, d.baseline_low, d.baseline_high, d.local_rate, d.local_low, d.local_high,
       d.difference, d.difference_low, d.difference_high, d.p_not_worse, d.p_worse,
       d.test_result, d.more_draws, d.live_pass_rate, d.masked_share, d.flags
FROM v_spend s
LEFT JOIN plan_items p USING (category_id)
LEFT JOIN decisions d ON d.category_id = s.category_id AND d.candidate_id = p.candidate_id
ORDER BY s.spend_rank;
COMMENT ON VIEW v_categories IS 'report: one row per category with spend, rates, test and verdict.';

CREATE OR REPLACE VIEW v_savings AS
SELECT count(*) AS categories, coalesce(sum(gross_usd_month), 0) AS gross_usd_month,
       CASE WHEN count(local_usd_month) = count(*) THEN sum(local_usd_month) END AS local_usd_month,
       CASE WHEN count(net_usd_month) = count(*) THEN sum(net_usd_month) END AS net_usd_month
FROM plan_items WHERE wave IS NOT NULL;
COMMENT ON VIEW v_savings IS 'report: gross, local cost and net a month of the whole plan; one unknown cost makes the sum unknown.';

CREATE OR REPLACE VIEW v_waves AS
WITH waves AS (
    SELECT wave, count(*) AS categories, coalesce(sum(gross_usd_month), 0) AS gross_usd_month,
           CASE WHEN count(local_usd_month) = count(*) THEN sum(local_usd_month) END AS local_usd_month,
           CASE WHEN count(net_usd_month) = count(*) THEN sum(net_usd_month) END AS net_usd_month
    FROM plan_items WHERE wave IS NOT NULL GROUP BY wave
)
SELECT *, sum(gross_usd_month) OVER (ORDER BY wave) AS cumulative_gross_usd_month,
       CASE WHEN count(*) FILTER (net_usd_month IS NULL) OVER (ORDER BY wave) = 0
            THEN sum(net_usd_month) OVER (ORDER BY wave) END AS cumulative_net_usd_month
FROM waves ORDER BY wave;
COMMENT ON VIEW v_waves IS 'report: what each wave moves and saves a month, and all waves up to it.';

CREATE OR REPLACE VIEW v_pairs AS
WITH drawn AS (
    SELECT designs.category_id, candidate_id, call_id, min(draw_no) AS draw_no, count(*) AS times
    FROM designs JOIN draws USING (design_id) WHERE active GROUP BY ALL
)
SELECT drawn.category_id, drawn.candidate_id, draw_no, times, drawn.call_id, decisions.criterion_id,
       api.answer_id AS api_answer_id, local.answer_id AS local_answer_id,
       api_grade.passed AS api_passed, local_grade.passed AS local_passed,
       (api.text, api.tool_calls) IS DISTINCT FROM (local.text, local.tool_calls) AS differ
FROM drawn
JOIN decisions ON decisions.category_id = drawn.category_id AND decisions.candidate_id = drawn.candidate_id
JOIN answers api ON api.call_id = drawn.call_id AND api.candidate_id IS NULL AND api.replicate = 0
JOIN answers local ON local.call_id = drawn.call_id AND local.candidate_id = drawn.candidate_id AND local.replicate = 0
LEFT JOIN grades api_grade ON api_grade.answer_id = api.answer_id
      AND api_grade.criterion_id = decisions.criterion_id AND api_grade.replicate = 0
LEFT JOIN grades local_grade ON local_grade.answer_id = local.answer_id
      AND local_grade.criterion_id = decisions.criterion_id AND local_grade.replicate = 0
ORDER BY drawn.category_id, drawn.candidate_id, draw_no;
COMMENT ON VIEW v_pairs IS 'report: each drawn call once, with both answers and their grades by the criterion that decides.';

CREATE OR REPLACE VIEW v_ungradable AS
WITH graded AS (
    SELECT g.category_id, g.candidate_id, api_grade.passed IS NULL OR local_grade.passed IS NULL AS ungradable,
           CASE WHEN api_grade.passed IS NULL THEN api_grade.explanation
                ELSE coalesce(local.error, local_grade.explanation) END AS why
    FROM designs g JOIN draws d USING (design_id)
    JOIN criteria k ON k.category_id = g.category_id AND k.active AND k.role = 'verdict'
    JOIN answers local ON local.call_id = d.call_id AND local.candidate_id = g.candidate_id AND local.replicate = 0
    JOIN grades local_grade ON local_grade.answer_id = local.answer_id
         AND local_grade.criterion_id = k.criterion_id AND local_grade.replicate = 0
    LEFT JOIN answers api ON api.call_id = d.call_id AND api.candidate_id IS NULL AND api.replicate = 0
    LEFT JOIN grades api_grade ON api_grade.answer_id = api.answer_id
         AND api_grade.criterion_id = k.criterion_id AND api_grade.replicate = 0
    WHERE g.active
), counted AS (
    SELECT category_id, candidate_id, ungradable, count(*) OVER (PARTITION BY category_id, candidate_id) AS draws_in_all,
           CASE WHEN contains(why, 'waits for a judge') THEN 'waits for a judge'
                ELSE coalesce(why, 'no reason is kept') END AS cause
    FROM graded
)
SELECT spend_rank, category_id, name, candidate_id, model, cause, count(*) AS draws, draws_in_all
FROM counted JOIN v_spend USING (category_id) JOIN candidates USING (candidate_id)
WHERE ungradable
GROUP BY spend_rank, category_id, name, rung, candidate_id, model, cause, draws_in_all
ORDER BY spend_rank, rung, candidate_id, draws DESC, cause;
COMMENT ON VIEW v_ungradable IS 'report: draws that could not be graded by category, candidate and cause: the slug of an error that was not the model''s fault, or what the criterion lacked; and all draws of that category and candidate.';

CREATE OR REPLACE VIEW v_baseline_noise AS
SELECT s.spend_rank, s.category_id, s.name, count(*) AS calls,
       avg(logged_grade.passed::INTEGER) AS logged_rate, avg(again_grade.passed::INTEGER) AS rerun_rate,
       avg((logged_grade.passed <> again_grade.passed)::INTEGER) AS differing
FROM criteria k JOIN v_spend s USING (category_id) JOIN call_categories m ON m.category_id = k.category_id
JOIN answers logged ON logged.call_id = m.call_id AND logged.candidate_id IS NULL AND logged.replicate = 0
JOIN answers again ON again.call_id = m.call_id AND again.candidate_id IS NULL AND again.replicate = 1
JOIN grades logged_grade ON logged_grade.answer_id = logged.answer_id
     AND logged_grade.criterion_id = k.criterion_id AND logged_grade.replicate = 0
JOIN grades again_grade ON again_grade.answer_id = again.answer_id
     AND again_grade.criterion_id = k.criterion_id AND again_grade.replicate = 0
WHERE k.active AND k.role = 'verdict' AND logged_grade.passed IS NOT NULL AND again_grade.passed IS NOT NULL
GROUP BY ALL ORDER BY s.spend_rank;
COMMENT ON VIEW v_baseline_noise IS 'report: calls asked again of their own API model: shares that pass as logged and again, and whose verdict differs.';

CREATE OR REPLACE VIEW v_trials AS
SELECT criterion_id, category_id, count(*) FILTER (told > 0) AS kinds,
       count(*) FILTER (told > 0 AND caught >= 0.9 * told) AS noticed,
       string_agg(mutation, ', ' ORDER BY caught / nullif(told, 0), mutation) FILTER (told > 0 AND caught < 0.9 * told) AS misses
FROM (SELECT *, planted - untold AS told FROM criterion_trials)
GROUP BY ALL ORDER BY ALL;
COMMENT ON VIEW v_trials IS 'report: how many kinds of planted errors each criterion notices, and which it misses; nine of ten must be noticed.';

CREATE OR REPLACE VIEW v_rejects AS
SELECT reason, count(*) AS records, arg_min(detail, (source_id, record_no)) AS example
FROM rejects GROUP BY reason ORDER BY records DESC, reason;
COMMENT ON VIEW v_rejects IS 'report: rejected records by reason, with the first one''s detail.';

CREATE OR REPLACE VIEW v_sensitivity AS
WITH found AS (SELECT DISTINCT call_id, class FROM call_sensitivity)
SELECT class, count(*) AS calls, sum(cost_usd) AS spend_usd,
       sum(cost_usd) / nullif((SELECT sum(cost_usd) FROM calls), 0) AS share_of_spend,
       sum(cost_usd) FILTER (plan_items.verdict = 'move' AND eligibility.call_id IS NULL) AS movable_spend_usd
FROM found JOIN calls USING (call_id)
LEFT JOIN call_categories USING (call_id)
LEFT JOIN plan_items USING (category_id)
LEFT JOIN eligibility ON eligibility.call_id = found.call_id AND eligibility.candidate_id = plan_items.candidate_id
GROUP BY class ORDER BY calls DESC, class;
COMMENT ON VIEW v_sensitivity IS 'report: calls and spend by class of sensitive data; a call may hold several classes.';

CREATE OR REPLACE VIEW v_gaps AS
SELECT count(*) FILTER (finish_reason = 'length') AS truncated_answers,
       count(*) FILTER (content_state IN ('redacted', 'absent')) AS textless_calls,
       (SELECT count(*) FROM answers WHERE candidate_id IS NOT NULL AND replicate = 0) AS replayed_calls,
       (SELECT coalesce(sum(n), 0)::BIGINT FROM v_categories) AS graded_draws
FROM calls;
COMMENT ON VIEW v_gaps IS 'report: what limits the audit (cut answers, calls without text), and how much was replayed and graded.';

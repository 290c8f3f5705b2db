"""cost: what every category costs a month, and how much work it would be locally.

Replaces all rows of category_costs. Local tokens are estimated from the draws: with calls drawn in
proportion to their cost, total spend times the mean of tokens per dollar is an unbiased estimate
of all tokens (Hansen and Hurwitz 1943).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auditor.domain import StageResult, Watch, silent
from auditor.errors import NotReadyError
from auditor.stage import Column, Stage, View

if TYPE_CHECKING:
    from auditor.config import LocalConfig
    from auditor.stage import StageContext
    from auditor.store.store import Store

_COSTS = """
INSERT INTO category_costs BY NAME
WITH scale AS (SELECT days_per_month / covered_days AS per_month FROM v_period),
spend AS (
    SELECT category_id, candidate_id, count(*) AS calls, coalesce(sum(cost_usd), 0) AS api_usd,
           coalesce(sum(cost_usd) FILTER (reason IS NULL), 0) AS eligible_usd
    FROM (SELECT category_id, candidate_id, call_id, cost_usd
          FROM calls JOIN call_categories USING (call_id) CROSS JOIN candidates)
    LEFT JOIN eligibility USING (call_id, candidate_id)
    GROUP BY ALL
), tokens AS (
    -- In the order of the draws: the last bit of a sum of floats depends on it.
    SELECT d.category_id, g.candidate_id,
           avg(a.input_tokens / c.cost_usd ORDER BY draw_no) AS input_per_usd,
           avg(a.output_tokens / c.cost_usd ORDER BY draw_no) AS output_per_usd
    FROM draws d JOIN designs g USING (design_id) JOIN calls c USING (call_id)
    JOIN answers a ON a.call_id = d.call_id AND a.candidate_id = g.candidate_id
    WHERE g.active AND c.cost_usd > 0 AND a.error IS NULL
    GROUP BY ALL
)
SELECT category_id, candidate_id, calls * per_month AS calls_month,
       (api_usd * per_month)::DECIMAL(18, 6) AS api_usd_month,
       (eligible_usd * per_month)::DECIMAL(18, 6) AS eligible_usd_month,
       eligible_usd * per_month * input_per_usd AS input_tokens_month,
       eligible_usd * per_month * output_per_usd AS output_tokens_month,
       (eligible_usd * per_month * input_per_usd / speed.prompt_tokens_per_s
        + eligible_usd * per_month * output_per_usd / speed.output_tokens_per_s) / 3600
         AS busy_hours_month
FROM spend CROSS JOIN scale LEFT JOIN tokens USING (category_id, candidate_id)
LEFT JOIN (
    SELECT candidate_id, coalesce($prompt, prompt_tokens_per_s) AS prompt_tokens_per_s,
           coalesce($output, output_tokens_per_s) AS output_tokens_per_s FROM v_speed
) speed USING (candidate_id)
ORDER BY category_id, candidate_id
"""


def run(store: Store, settings: LocalConfig, watch: Watch = silent) -> StageResult:
    """Work out monthly spend and local work for every category and candidate.

    Raises:
        NotReadyError: no candidate has been asked yet.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM candidates"):
        raise NotReadyError("no local model has been tried yet", hint="run 'auditor replay' first")
    watch.start("Costing")
    speeds = {"prompt": settings.prompt_tokens_per_s, "output": settings.output_tokens_per_s}
    with store.transaction():
        store.execute("DELETE FROM category_costs")
        store.execute(_COSTS, speeds)
    written = store.value("SELECT count(*) FROM category_costs")
    watch.finish()
    return StageResult(
        stage="cost", rows_read=written, rows_written=written, seconds=time.monotonic() - began
    )


# -- the stage -------------------------------------------------------------------------------------


_VIEW = """
SELECT s.name AS category, m.model, c.calls_month, c.api_usd_month, c.eligible_usd_month,
       c.busy_hours_month
FROM category_costs c JOIN v_spend s USING (category_id) JOIN candidates m USING (candidate_id)
ORDER BY s.spend_rank, m.rung, m.model
"""


def _run(context: StageContext, watch: Watch) -> StageResult:
    return run(context.store, context.config.local, watch)


def _settings(context: StageContext) -> object:
    return context.config.local.model_dump(mode="json")


def _view(store: Store) -> View:
    return View(
        (
            Column("category", "category"),
            Column("model", "model", when_several=True),
            Column("calls/month", "calls_month", "count"),
            Column("API/month", "api_usd_month", "usd"),
            Column("eligible", "eligible_usd_month", "usd"),
            Column("local hours", "busy_hours_month", "hours"),
        ),
        store.dicts(_VIEW),
    )


STAGE = Stage(
    name="cost", rests_on=("categorize", "replay"), run=_run, settings=_settings, view=_view
)

"""plan: what to do with each category, with which model, and why.

Replaces all rows of decisions, bars, plan_items and machine_costs. ``auditor.decision.verdicts``
decides; this stage reads the evidence for it and writes down what it decided.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.criteria.ungradable import read_ungradable
from auditor.decision import reasons, verdicts
from auditor.decision.verdicts import Reason
from auditor.domain import StageResult, Verdict, Watch, canonical_json, silent
from auditor.errors import NotReadyError
from auditor.plan.machines import Load, Serving, Work, serve
from auditor.plan.read_evidence import read_spend, read_tested, why_untested
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.config import LocalConfig, PlanConfig
    from auditor.decision.verdicts import Decision, Portfolio
    from auditor.plan.read_evidence import Key, Spend, Tested
    from auditor.stage import StageContext
    from auditor.store.store import Store

# A verdict that rests on a larger share of masked calls says so.
_MASKED_SHARE = 0.05

# Tokens of the busiest hour: what a category needs, spread over the hours as its calls are.
_BUSIEST = """
WITH moved AS (
    SELECT category_id, candidate_id, input_tokens_month, output_tokens_month
    FROM category_costs JOIN plan_items USING (category_id, candidate_id) WHERE wave IS NOT NULL
), counts AS (
    SELECT category_id, date_trunc('hour', called_at) AS hour, count(*) AS calls
    FROM calls JOIN call_categories USING (call_id) GROUP BY ALL
), hours AS (
    SELECT category_id, hour, calls / sum(calls) OVER (PARTITION BY category_id) AS share
    FROM counts
), load AS (
    SELECT candidate_id, hour,
           sum(input_tokens_month * share / days_per_month * covered_days ORDER BY category_id)
             AS input_tokens,
           sum(output_tokens_month * share / days_per_month * covered_days ORDER BY category_id)
             AS output_tokens
    FROM moved JOIN hours USING (category_id) CROSS JOIN v_period GROUP BY ALL
), busiest AS (
    SELECT candidate_id, max(input_tokens) AS input_tokens, max(output_tokens) AS output_tokens
    FROM load GROUP BY ALL
), months AS (
    SELECT candidate_id, sum(input_tokens_month ORDER BY category_id) AS input_month,
           sum(output_tokens_month ORDER BY category_id) AS output_month
    FROM moved GROUP BY ALL
)
SELECT candidate_id, input_month, output_month, input_tokens, output_tokens,
       (days_per_month * 24)::DOUBLE AS hours_month
FROM months JOIN busiest USING (candidate_id) CROSS JOIN v_period ORDER BY candidate_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult(StageResult):
    """The fewest draws that can show anything, and the level of the headline interval."""

    smallest_n: int | None
    level: float


def run(
    store: Store, settings: PlanConfig, local: LocalConfig, watch: Watch = silent
) -> PlanResult:
    """Decide every category, fill the bars, pick a model each and batch the moves in waves.

    Raises:
        NotReadyError: no call has a category.
    """
    began = time.monotonic()
    spend = read_spend(store)
    if not spend:
        raise NotReadyError(
            "no priced call has a category yet", hint="run 'auditor ingest LOGS' first"
        )
    watch.start("Planning")
    tested = read_tested(store, spend, settings.floor)
    portfolio = verdicts.decide(
        [item.evidence for item in tested.values()], margin=settings.margin, alpha=settings.alpha
    )
    why = _Reasons(store, why_untested(store, tested.values()), settings.margin)
    with store.transaction():
        for table in ("decisions", "bars", "plan_items", "machine_costs"):
            store.execute(f"DELETE FROM {table}")
        store.append("decisions", _decisions(portfolio, tested, why))
        store.append("bars", _bars(portfolio, spend, why))
        store.append("plan_items", _items(store, portfolio, why, settings.margin))
        _price(store, local)
        store.append("looks", _looks(portfolio, tested))
    rows = len(portfolio.decisions)
    watch.finish()
    return PlanResult(
        stage="plan",
        rows_read=sum(len(item.evidence.baseline_passed) for item in tested.values()),
        rows_written=rows,
        seconds=time.monotonic() - began,
        smallest_n=portfolio.smallest_n,
        level=portfolio.level,
    )


class _Reasons:
    """The reason of every decision as a sentence."""

    def __init__(self, store: Store, untested: Mapping[str, str], margin: float) -> None:
        self._untested = untested
        self._margin = margin
        self._ungradable = {
            (item.category_id, item.candidate_id): item.why for item in read_ungradable(store)
        }

    def of(self, decision: Decision) -> str:
        if decision.reason is Reason.NOT_REPLAYED:
            return self._untested[decision.category_id]
        why = self._ungradable.get((decision.category_id, decision.candidate_id), "")
        return reasons.reason_text(decision, margin=self._margin, ungradable=why)


def _decisions(
    portfolio: Portfolio, tested: Mapping[Key, Tested], why: _Reasons
) -> list[dict[str, Any]]:
    rows = []
    for d in portfolio.decisions:
        if not d.candidate_id:
            continue
        item = tested[d.category_id, d.candidate_id]
        unknown = (None, None)
        baseline, local = d.baseline_interval or unknown, d.local_interval or unknown
        difference = d.difference_interval or unknown
        rows.append(
            {
                "category_id": d.category_id,
                "candidate_id": d.candidate_id,
                "criterion_id": item.criterion_id,
                "n": d.n,
                "n_calls": item.n_calls,
                "ungradable": d.draws - d.n,
                "design_effect": d.design_effect if d.n else None,
                "baseline_rate": d.baseline_rate,
                "baseline_low": baseline[0],
                "baseline_high": baseline[1],
                "local_rate": d.local_rate,
                "local_low": local[0],
                "local_high": local[1],
                "difference": d.difference,
                "difference_low": difference[0],
                "difference_high": difference[1],
                "p_not_worse": d.p_not_worse,
                "p_worse": d.p_worse,
                "test_result": d.test_result,
                "verdict": d.verdict,
                "reason": d.reason,
                "reason_text": why.of(d),
                "more_draws": d.more_draws,
                "live_pass_rate": d.live_rate,
                "masked_share": item.masked_share,
                "flags": _flags(d, item),
            }
        )
    return rows


def _flags(decision: Decision, item: Tested) -> list[str]:
    return [
        flag
        for flag, raised in {
            "weak-baseline": decision.weak_baseline,
            "masked": (item.masked_share or 0) > _MASKED_SHARE,
            "agreement": item.agreement,
            "looked-again": item.looks > 1,
            "ungradable": bool(decision.ungradable_share),
            "unfinished": item.missing is not None,
        }.items()
        if raised
    ]


def _looks(portfolio: Portfolio, tested: Mapping[Key, Tested]) -> list[dict[str, Any]]:
    """Return the looks to record; deciding on the same draws again adds none."""
    now = datetime.now(UTC)
    return [
        {
            "design_id": item.design_id,
            "candidate_id": d.candidate_id,
            "look_no": item.looks,
            "n": d.draws,
            "alpha_spent": portfolio.level,
            "test_result": d.test_result,
            "looked_at": now,
        }
        for d in portfolio.decisions
        if (item := tested[d.category_id, d.candidate_id]).new_look
    ]


def _bars(portfolio: Portfolio, spend: Spend, why: _Reasons) -> list[dict[str, Any]]:
    """Put every priced dollar on a bar; the rows add up to exactly the priced spend."""
    rows = []
    for category_id, pick in portfolio.picks.items():
        for reason, (calls, usd) in spend[category_id, pick.candidate_id].items():
            if reason is None:
                bar, text = pick.verdict, why.of(pick)
                shown = pick.test_result == "worse"
            else:
                shown = reason in reasons.CANNOT
                bar = Verdict.KEEP if shown else Verdict.UNMEASURED
                text = reasons.CANNOT.get(reason) or reasons.UNKNOWN[reason]
            earns = {Verdict.MOVE: 1.0, Verdict.FALLBACK: pick.live_low or 0.0}.get(bar, 0.0)
            rows.append(
                {
                    "category_id": category_id,
                    "bar": bar,
                    "reason": text,
                    "shown_not_movable": shown,
                    "calls": calls,
                    "spend_usd": usd,
                    "earns": earns,
                }
            )
    return rows


def _items(
    store: Store, portfolio: Portfolio, why: _Reasons, margin: float
) -> list[dict[str, Any]]:
    """Return one row per category; what moves gets its wave and its gross amount a month."""
    monthly = {
        (row[0], row[1]): row[2]
        for row in store.rows(
            "SELECT category_id, candidate_id, eligible_usd_month FROM category_costs"
        )
    }
    items = []
    for category_id, pick in portfolio.picks.items():
        wave = _wave(pick, margin)
        gross = monthly.get((category_id, pick.candidate_id)) if wave else None
        if gross is not None and pick.verdict is Verdict.FALLBACK:
            gross *= Decimal(str(pick.live_low or 0))
        items.append(
            {
                "category_id": category_id,
                "candidate_id": pick.candidate_id or None,
                "verdict": pick.verdict,
                "reason": why.of(pick),
                "wave": wave,
                "gross_usd_month": gross,
            }
        )
    return items


def _wave(pick: Decision, margin: float) -> int | None:
    """Return 1 for moves with room to spare, 2 for other moves, 3 for fallbacks, None for the rest.

    A move has room to spare when the interval of its difference ends above half the margin.
    """
    if pick.verdict is Verdict.FALLBACK:
        return 3
    if pick.verdict is not Verdict.MOVE or pick.difference_interval is None:
        return None
    return 1 if pick.difference_interval[0] > -margin / 2 else 2


def _price(store: Store, local: LocalConfig) -> None:
    """Size and price the machines of each candidate, and split their cost by hours of work."""
    speeds = {row[0]: row[1:] for row in store.rows("SELECT * FROM v_speed")}
    rows: list[dict[str, Any]] = []
    for needed in store.dicts(_BUSIEST):
        if None in needed.values():
            continue
        candidate_id = needed["candidate_id"]
        prompt, output, _ = speeds.get(candidate_id, (None, None, None))
        work = Work(
            month=Load(input_tokens=needed["input_month"], output_tokens=needed["output_month"]),
            hours_month=needed["hours_month"],
            busiest_hour=Load(
                input_tokens=needed["input_tokens"], output_tokens=needed["output_tokens"]
            ),
        )
        serving = serve(work, measured_prompt=prompt, measured_output=output, local=local)
        rows.append(_machine_row(candidate_id, serving))
    store.append("machine_costs", rows)
    store.execute(
        """
        UPDATE plan_items SET local_usd_month = s.usd, net_usd_month = gross_usd_month - s.usd
        FROM (
            SELECT i.category_id,
                   (usd_month * busy_hours_month
                    / sum(busy_hours_month) OVER (PARTITION BY candidate_id))::DECIMAL(18, 6) AS usd
            FROM plan_items i JOIN category_costs USING (category_id, candidate_id)
            JOIN machine_costs USING (candidate_id) WHERE wave IS NOT NULL
        ) s WHERE s.category_id = plan_items.category_id
        """
    )


def _machine_row(candidate_id: str, serving: Serving) -> dict[str, Any]:
    return {
        "candidate_id": candidate_id,
        "machines": serving.machines,
        "usd_month": serving.usd_month,
        "fixed_usd_month": serving.fixed_usd_month,
        "setup_usd": serving.setup_usd,
        "busiest_hour_load": serving.busiest_hour_load,
        "assumptions": canonical_json(dict(serving.assumptions)),
    }


# -- the stage -------------------------------------------------------------------------------------


def _run(context: StageContext, watch: Watch) -> PlanResult:
    return run(context.store, context.config.plan, context.config.local, watch)


def _settings(context: StageContext) -> object:
    config = context.config
    return {
        "plan": config.plan.model_dump(mode="json"),
        "local": config.local.model_dump(mode="json"),
    }


STAGE = Stage(name="plan", rests_on=("trials", "grade", "cost"), run=_run, settings=_settings)

"""Reads the database into the tree of ``data``."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.criteria.trial_records import read_trials
from auditor.criteria.ungradable import Ungradable, read_ungradable
from auditor.decision.faults import MODELS_OWN
from auditor.domain import Verdict
from auditor.errors import NotReadyError
from auditor.plan.business_case import HORIZON_MONTHS, PlanCost, business_case
from auditor.plan.machines import assumed
from auditor.report.data import (
    Bar,
    BarReason,
    BreakEven,
    CandidateReport,
    CategoryReport,
    CriterionReport,
    FailedCheck,
    Headline,
    Machines,
    Method,
    ModelSpend,
    Noise,
    PlanSaving,
    RejectReason,
    Report,
    SensitiveClass,
    SourceLedger,
    SpeedReport,
    Totals,
    Wave,
)
from auditor.report.examples import choose_examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.store.store import Store

# The model that comes with auditor, by the name of its file: good for a smoke test only.
_SMOKE_TEST_MODEL = "smollm2-135m"

_CANDIDATES = """
SELECT c.candidate_id, engine, model, weights_hash, context_tokens, settings,
       count(a.answer_id) AS answers,
       count(a.error) FILTER (list_contains($models_own, a.error)) AS failed_answers,
       count(a.error) FILTER (NOT list_contains($models_own, a.error)) AS unanswered,
       quantile_cont(a.latency_ms, 0.5) FILTER (a.error IS NULL) AS latency_ms_p50,
       quantile_cont(a.latency_ms, 0.95) FILTER (a.error IS NULL) AS latency_ms_p95
FROM candidates c LEFT JOIN answers a ON a.candidate_id = c.candidate_id AND a.replicate = 0
GROUP BY ALL ORDER BY any_value(rung), c.candidate_id
"""
_LAST_RUNS = """
SELECT stage, arg_max(status, started_at) AS status, arg_max(settings, started_at) AS settings
FROM stage_runs WHERE stage <> 'report' GROUP BY stage ORDER BY stage
"""
_CRITERIA = """
SELECT criterion_id, category_id, name, origin, form_only, live_checkable, definition,
       active AND (role = 'live' OR live_checkable) AS can_check_live
FROM criteria ORDER BY role DESC, active, criterion_id
"""


def read_report(
    store: Store, *, version: str, command: str = "auditor report", examples: bool = True
) -> Report:
    """Read everything that the report says.

    Raises:
        NotReadyError: nothing is ingested, or the plan was not made.
    """
    if not store.value("SELECT count(*) FROM calls"):
        raise NotReadyError("there is nothing to report yet", hint="run 'auditor ingest LOGS'")
    if not store.value("SELECT count(*) FROM plan_items"):
        raise NotReadyError("there is no plan to report on yet", hint="run 'auditor plan'")
    ungradable = read_ungradable(store)
    categories = _categories(store, ungradable, examples=examples)
    candidates = _candidates(store)
    saving = _saving(store)
    return Report(
        headline=_headline(store),
        totals=_totals(store),
        bars=_bars(store),
        categories=categories,
        examples=choose_examples(store, categories) if examples else (),
        candidates=candidates,
        saving=saving,
        break_even=_break_even(saving, categories, candidates),
        waves=_waves(store, categories),
        ledger=[SourceLedger(**row) for row in _without(store, "v_ledger", "source_id")],
        rejects=[RejectReason(**row) for row in store.dicts("SELECT * FROM v_rejects")],
        models=[ModelSpend(**row) for row in store.dicts("SELECT * FROM v_models")],
        sensitive=[
            SensitiveClass(name=row.pop("class"), **row)
            for row in store.dicts("SELECT * FROM v_sensitivity")
        ],
        ungradable=ungradable,
        checks=[
            FailedCheck(name=found.check, rows=found.rows, example=found.example)
            for found in store.check()
        ],
        method=_method(store, version, command),
    )


def _row(store: Store, sql: str) -> dict[str, Any]:
    return store.dicts(sql)[0]


def _without(store: Store, view: str, *columns: str) -> list[dict[str, Any]]:
    return store.dicts(f"SELECT * EXCLUDE ({', '.join(columns)}) FROM {view}")


def _only(row: dict[str, Any], figure: type[Any]) -> dict[str, Any]:
    """Keep the columns that are fields of ``figure``."""
    return {field.name: row[field.name] for field in fields(figure) if field.name in row}


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _usd(amount: float | Decimal) -> Decimal:
    """Return an amount that was worked out in floating point, to the millionth of a dollar."""
    return Decimal(f"{amount:.6f}")


def _headline(store: Store) -> Headline:
    row = _row(store, "SELECT * FROM v_headline")
    # Without a priced call there are no bars, and so no sums.
    for name in ("total_usd", "low_usd", "high_usd", "fallback_usd"):
        row[name] = Decimal(0) if row[name] is None else row[name]
    row["fallback_usd"] = _usd(row["fallback_usd"])
    return Headline(**row)


def _totals(store: Store) -> Totals:
    row = _row(store, "SELECT * FROM v_totals") | _row(store, "SELECT * FROM v_period")
    row |= _row(store, "SELECT * FROM v_gaps")
    row["categories"] = store.value("SELECT count(*) FROM v_spend")
    row["gap_days"] = row["gap_days"] or 0
    if row["total_usd_month"] is not None:
        row["total_usd_month"] = _usd(row["total_usd_month"])
    return Totals(**_only(row, Totals))


def _bars(store: Store) -> list[Bar]:
    reasons: defaultdict[str, list[BarReason]] = defaultdict(list)
    for row in store.dicts(
        "SELECT bar, reason, sum(calls)::BIGINT AS calls, sum(spend_usd) AS spend_usd FROM bars"
        " GROUP BY bar, reason ORDER BY bar, spend_usd DESC, reason"
    ):
        reasons[row["bar"]].append(BarReason(**_only(row, BarReason)))
    return [
        Bar(verdict=Verdict(row["bar"]), reasons=tuple(reasons[row["bar"]]), **_only(row, Bar))
        for row in store.dicts("SELECT * FROM v_verdicts")
    ]


def _categories(
    store: Store, ungradable: Sequence[Ungradable], *, examples: bool
) -> list[CategoryReport]:
    why = {(item.category_id, item.candidate_id): item.why for item in ungradable}
    criteria, live_checks = {}, {}
    for row in store.dicts(_CRITERIA):
        if row["can_check_live"]:
            live_checks[row["category_id"]] = row["name"]
        row["definition"] = _json(row["definition"])
        criteria[row["criterion_id"]] = CriterionReport(**_only(row, CriterionReport))
    noise = {
        row["category_id"]: Noise(**_only(row, Noise))
        for row in store.dicts("SELECT * FROM v_baseline_noise")
    }
    trials = read_trials(store)
    categories = []
    for row in store.dicts("SELECT * FROM v_categories"):
        trial = trials.get(row["category_id"])
        row["trial"] = trial if trial is None or examples else trial.without_texts()
        row["ungradable_why"] = why.get((row["category_id"], row["candidate_id"]))
        row["noise"] = noise.get(row["category_id"])
        row["criterion"] = criteria.get(row["criterion_id"])
        row["live_check"] = live_checks.get(row["category_id"])
        # A category that came after the last plan has no item in it yet.
        row["verdict"] = Verdict(row["verdict"] or Verdict.UNMEASURED)
        row["reason"] = row["reason"] or "came after the last plan"
        if row["usd_per_1000_calls"] is not None:
            row["usd_per_1000_calls"] = _usd(row["usd_per_1000_calls"])
        row["flags"] = tuple(row["flags"] or ())
        categories.append(CategoryReport(**_only(row, CategoryReport)))
    return categories


def _candidates(store: Store) -> list[CandidateReport]:
    speeds: defaultdict[str, list[SpeedReport]] = defaultdict(list)
    for row in store.dicts("SELECT * FROM speeds ORDER BY candidate_id, concurrency, measured_at"):
        speeds[row["candidate_id"]].append(SpeedReport(**_only(row, SpeedReport)))
    machines = {}
    for row in store.dicts("SELECT * FROM machine_costs ORDER BY candidate_id"):
        row["assumptions"] = _json(row["assumptions"])
        machines[row["candidate_id"]] = Machines(**_only(row, Machines))
    found = []
    for row in store.dicts(_CANDIDATES, {"models_own": sorted(MODELS_OWN)}):
        row["settings"] = _json(row["settings"])
        found.append(
            CandidateReport(
                smoke_test=_SMOKE_TEST_MODEL in row["model"].lower(),
                speeds=tuple(speeds[row["candidate_id"]]),
                machines=machines.get(row["candidate_id"]),
                **row,
            )
        )
    return found


def _saving(store: Store) -> PlanSaving | None:
    saving = PlanSaving(**_row(store, "SELECT * FROM v_savings"))
    return saving if saving.categories else None


def _break_even(
    saving: PlanSaving | None,
    categories: Sequence[CategoryReport],
    candidates: Sequence[CandidateReport],
) -> BreakEven | None:
    """Return the business case of the plan, None where its local cost is not known."""
    if saving is None or saving.local_usd_month is None:
        return None
    used = {item.candidate_id for item in categories if item.wave is not None}
    machines = [one.machines for one in candidates if one.machines and one.candidate_id in used]
    whole = _sum_of_known(one.usd_month for one in machines)
    fixed = _sum_of_known(one.fixed_usd_month for one in machines)
    setup = _sum_of_known(one.setup_usd for one in machines)
    if not whole or fixed is None or setup is None:
        return None
    # The plan's local cost is split as the machines' cost is.
    fixed = saving.local_usd_month * fixed / whole
    case = business_case(
        float(saving.gross_usd_month),
        PlanCost(
            machines=sum(one.machines or 0 for one in machines),
            usd_month=float(saving.local_usd_month),
            fixed_usd_month=float(fixed),
            setup_usd=float(setup),
        ),
        assumed(machines[0].assumptions),
    )
    return BreakEven(
        api_usd_month=saving.gross_usd_month,
        fixed_usd_month=fixed,
        variable_usd_month=saving.local_usd_month - fixed,
        volume=case.break_even_volume,
        purchase_usd=_usd(case.purchase_usd),
        setup_usd=setup,
        payback_months=case.payback_months,
        horizon_months=HORIZON_MONTHS,
        npv_usd=_usd(case.npv_usd),
    )


def _sum_of_known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum, None where one of them is unknown or there is none."""
    known = list(amounts)
    if not known or None in known:
        return None
    return sum((amount for amount in known if amount is not None), Decimal(0))


def _waves(store: Store, categories: Sequence[CategoryReport]) -> list[Wave]:
    members: defaultdict[int, list[CategoryReport]] = defaultdict(list)
    for category in categories:
        if category.wave is not None:
            members[category.wave].append(category)
    return [
        Wave(categories=tuple(members[row["wave"]]), **row)
        for row in _without(store, "v_waves", "categories")
    ]


def _method(store: Store, version: str, command: str) -> Method:
    runs = store.dicts(_LAST_RUNS)
    # Kept as {"plan": ..., "local": ...}, the two tables of auditor.toml that the stage reads.
    settings = next((_json(run["settings"]) for run in runs if run["stage"] == "plan"), None)
    plan = settings["plan"] if settings else {}
    return Method(
        margin=plan.get("margin"),
        alpha=plan.get("alpha"),
        floor=plan.get("floor"),
        seeds=[row[0] for row in store.rows("SELECT DISTINCT seed FROM designs ORDER BY seed")],
        price_sources=[
            row[0] for row in store.rows("SELECT DISTINCT price_source FROM rate_card ORDER BY ALL")
        ],
        # The newest finish, not the clock: the same database gives the same bytes.
        generated_at=store.value("SELECT max(finished_at) FROM stage_runs WHERE stage <> 'report'"),
        version=version,
        command=command,
        incomplete_stages=[run["stage"] for run in runs if run["status"] != "done"],
    )

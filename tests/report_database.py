"""A small audit database as the stages leave it: eight categories, all five verdicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from auditor.store.store import Store

START = datetime(2026, 9, 1, tzinfo=UTC)
CALLS_EACH = 60
DRAWS_EACH = 40
CANDIDATE = "cand-qwen"

_PELICAN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80">'
    '<circle cx="30" cy="60" r="14" fill="none" stroke="#333" stroke-width="3"/>'
    '<circle cx="90" cy="60" r="14" fill="none" stroke="#333" stroke-width="3"/>'
    '<path d="M30 60L55 35L90 60" fill="none" stroke="#b33" stroke-width="3"/>'
    '<ellipse cx="62" cy="26" rx="18" ry="12" fill="#eee" stroke="#333"/></svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    key: str
    name: str
    spend: str
    verdict: str
    reason: str
    baseline: float | None = None
    local: float | None = None
    difference: tuple[float, float, float] | None = None
    p: tuple[float, float] | None = None
    result: str = "untested"
    more: int | None = None
    wave: int | None = None
    question: str = ""
    api: str = ""
    answer: str = ""


ROWS = (
    Row(
        key="tickets", name="Ticket classification", spend="214.10", verdict="move", wave=1,
        reason="shown no worse than the API by more than 5 points: 98 % against 98 % pass, n = 240",
        baseline=0.983, local=0.979, difference=(-0.004, -0.028, 0.018), p=(0.0004, 0.98),
        result="not-worse", api="billing", answer="billing",
        question="Customer writes: I was charged twice for October. Which queue?",
    ),
    Row(
        key="invoices", name="Invoice extraction", spend="141.30", verdict="move", wave=2,
        reason="shown no worse than the API by more than 5 points: 96 % against 97 % pass, n = 240",
        baseline=0.967, local=0.958, difference=(-0.009, -0.041, 0.022), p=(0.0098, 0.91),
        result="not-worse", question="Invoice 2026-0113, ACME GmbH, total EUR 1,204.50",
        api='{"number": "2026-0113", "total": 1204.5, "currency": "EUR"}',
        answer='{"number": "2026-0113", "total": 1204.5, "currency": "EUR"}',
    ),
    Row(
        key="sql", name="Text to SQL for the sales dashboard", spend="98.40", verdict="fallback",
        wave=3, reason="a live check lets 81 % or more of spend pass, and what passes is no worse "
        "than the API by more than 5 points", baseline=0.93, local=0.84,
        difference=(-0.09, -0.135, -0.048), p=(0.97, 0.04), result="open",
        question="Revenue per country last month, highest first",
        api="SELECT country, sum(amount) AS revenue\nFROM orders\nGROUP BY country\nORDER BY revenue DESC;",
        answer="SELECT country, sum(amount) FROM orders GROUP BY country",
    ),
    Row(
        key="summary", name="Support summary", spend="76.20", verdict="undecided",
        reason="tested, not settled: 90 % against 93 % pass, n = 240; about 340 more replays "
        "would settle it", baseline=0.93, local=0.904, difference=(-0.026, -0.066, 0.012),
        p=(0.12, 0.61), result="open", more=340,
        question="Summarise this thread of eleven messages for the next agent.",
        api="The customer could not log in after the update. A reset of the session solved it.",
        answer="The customer had a login problem.",
    ),
    Row(
        key="icons", name="SVG icon", spend="52.00", verdict="keep",
        reason="shown worse than the API by more than 5 points: 61 % against 90 % pass, n = 240",
        baseline=0.90, local=0.61, difference=(-0.29, -0.36, -0.22), p=(1.0, 0.0000001),
        result="worse", question="Draw a pelican riding a bicycle as an SVG.",
        api=_PELICAN, answer=_PELICAN.replace("<ellipse", "<circle").replace("#b33", "#38c"),
    ),
    Row(
        key="review", name="Code review", spend="49.00", verdict="keep",
        reason="the prompts are longer than the model's context",
    ),
    Row(
        key="legal", name="Contract questions and answers", spend="26.00", verdict="unmeasured",
        reason="no criterion can grade its answers: write one in criteria.yaml",
    ),
    Row(
        key="chat", name="Open chat", spend="14.80", verdict="unmeasured",
        reason="not replayed: outside the costliest categories that were asked for",
    ),
)  # fmt: skip


def _append(store, table, rows) -> None:
    """Append rows as one frame: a row at a time takes seconds."""
    store.append(table, pl.from_dicts(rows, infer_schema_length=None))


def fill(
    store: Store,
    *,
    local_cost: bool = True,
    model: str = "qwen3.6-35b-a3b-q4_k_m.gguf",
    hostile: str = "",
) -> None:
    """Fill the tables as a finished audit would; ``hostile`` is appended to every text of a log."""

    def text(value: str) -> str:
        return value + hostile

    calls, contents, in_category, answers, grades, draws = [], [], [], [], [], []
    number = 0
    for row in ROWS:
        # Cents that do not divide evenly stay with the first call: the bars are exact.
        each = (Decimal(row.spend) / CALLS_EACH).quantize(Decimal("0.000001"))
        for k in range(CALLS_EACH):
            number += 1
            call_id = f"{row.key}-{k:03d}"
            cost = each if k else Decimal(row.spend) - each * (CALLS_EACH - 1)
            calls.append(_call(call_id, number, k, cost, text))
            contents.append(
                {
                    "call_id": call_id,
                    "system_text": text(f"You do this for a shop: {row.name}."),
                    "messages": json.dumps(
                        [{"role": "user", "content": text(f"{row.question} (#{k})")}]
                    ),
                    "params": "{}",
                    "response_text": text(row.api),
                }
            )
            in_category.append(
                {
                    "call_id": call_id,
                    "category_id": row.key,
                    "route_id": row.key,
                    "confidence": 0.97,
                }
            )
        if row.baseline is None:
            continue
        for k in range(DRAWS_EACH):
            call_id = f"{row.key}-{k:03d}"
            draws.append(
                {
                    "design_id": f"design-{row.key}",
                    "category_id": row.key,
                    "draw_no": k,
                    "unit_id": call_id,
                    "call_id": call_id,
                }
            )
            passes = {"api": k % 10 != 9, "local": k % 4 != 3}
            for side, body in (("api", row.api), ("local", row.answer)):
                answers.append(
                    {
                        "answer_id": f"{call_id}-{side}", "call_id": call_id,
                        "candidate_id": None if side == "api" else CANDIDATE, "replicate": 0,
                        "text": text(body if passes[side] else body[:9]),
                        "input_tokens": None if side == "api" else 131, "output_tokens": None if side == "api" else 22,
                        "latency_ms": None if side == "api" else 930.0,
                        "error": _error(row, side, k),
                    }
                )  # fmt: skip
                grades.append(
                    {
                        "answer_id": f"{call_id}-{side}", "criterion_id": f"crit-{row.key}", "replicate": 0,
                        "passed": None if _error(row, side, k) == "timeout" else passes[side], "cost_usd": 0, "graded_at": START,
                        "explanation": text("equal to the expected answer" if passes[side] else "differs from the expected answer"),
                    }
                )  # fmt: skip
    _append(store, "calls", [*calls, *_odd_calls(number, text)])
    _append(store, "contents", contents)
    _append(
        store,
        "call_categories",
        [
            *in_category,
            *(
                {
                    "call_id": f"odd-{k}",
                    "category_id": "chat",
                    "route_id": "chat",
                    "confidence": 0.4,
                }
                for k in range(3)
            ),
        ],
    )
    _append(store, "draws", draws)
    _append(store, "answers", answers)
    _append(store, "grades", grades)
    _ingest_tables(store, len(calls) + 3, text)
    _middle_tables(store, model, text)
    _plan_tables(store, text, local_cost=local_cost)
    stages = ("ingest", "categorize", "criteria", "sample", "replay", "grade", "cost", "plan")
    _append(store,
        "stage_runs",
        [
            {
                "run_id": stage, "stage": stage, "fingerprint": "f", "status": "done",
                "settings": json.dumps({"plan": {"margin": 0.05, "alpha": 0.05, "floor": None}, "local": {}}) if stage == "plan" else None,
                "started_at": START + timedelta(days=31, minutes=k), "finished_at": START + timedelta(days=31, minutes=k, seconds=30),
            }
            for k, stage in enumerate(stages)
        ],
    )  # fmt: skip


def _error(row, side, k):
    """A fail of the model in each category, and in one of them three timeouts of the server."""
    if side == "api":
        return None
    if row.key == "summary" and k < 3:
        return "timeout"
    return "truncated" if k == 7 else None


def _call(call_id, number, k, cost, text):
    return {
        "call_id": call_id, "source_id": "s1", "record_no": number, "line_no": number, "reader": "openai",
        "called_at": START + timedelta(hours=11.7 * k + 3), "latency_ms": 1200.0 + 13 * k, "provider": "openai",
        "model": text("gpt-4.1"), "api_shape": "chat", "status": "ok", "finish_reason": "length" if k == 5 else "stop",
        "content_state": "full", "usage_state": "provider", "input_uncached_tokens": 412, "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0, "output_tokens": 35, "service_tier": "standard",
        "needs_vision": False, "needs_hosted_tools": False, "masked": int(k == 3), "computed_cost_usd": cost,
        "cost_usd": cost, "cost_basis": "price-book",
    }  # fmt: skip


def _odd_calls(number, text):
    """Two unpriced calls and a failed one."""
    odd = [_call(f"odd-{k}", number + k + 1, k, None, text) for k in range(3)]
    for call in odd:
        call |= {"cost_basis": "unpriced", "model": text("ft:acme-internal-7")}
    odd[2] |= {"status": "error"}
    return odd


def _ingest_tables(store, calls, text):
    duplicates, not_calls, rejects = 12, 2, 3
    _append(store,
        "sources",
        [
            {
                "source_id": "s1", "path": text("/logs/2026-09.openai.jsonl"), "reader": text("openai"), "size_bytes": 1, "head_hash": "h", "tail_hash": "t",
                "bytes_read": 1, "complete": True, "records": calls + duplicates + not_calls + rejects, "calls": calls,
                "duplicates": duplicates, "not_calls": not_calls, "rejects": rejects, "ingested_at": START,
            }
        ],
    )  # fmt: skip
    outcomes = (
        ["call"] * calls
        + ["duplicate"] * duplicates
        + ["not-call"] * not_calls
        + ["reject"] * rejects
    )
    _append(
        store,
        "records",
        [
            {
                "source_id": "s1",
                "record_no": n,
                "outcome": outcome,
                "call_id": "tickets-000" if outcome in {"call", "duplicate"} else None,
            }
            for n, outcome in enumerate(outcomes, 1)
        ],
    )
    _append(store,
        "rejects",
        [
            {"source_id": "s1", "record_no": calls + 15 + k, "line_no": calls + 15 + k, "reason": reason, "detail": text("expected ',' at column 118")}
            for k, reason in enumerate(("bad-json", "bad-json", "unknown-format"))
        ],
    )  # fmt: skip
    _append(store,
        "call_sensitivity",
        [
            {"call_id": f"{key}-{k:03d}", "rule_id": "r", "class": text(kind), "n": 1}
            for key, kind, n in (("tickets", "contact", 31), ("invoices", "financial", 22), ("legal", "contact", 9), ("chat", "secret", 1))
            for k in range(n)
        ],
    )  # fmt: skip
    _append(store,
        "rate_card",
        [
            {
                "provider": "openai", "model": "gpt-4.1", "day": START.date(), "service_tier": "standard", "region": "", "from_minute": 0, "to_minute": 1440, "extra_usd": "{}",
                "above_tokens": -1, "up_to_tokens": 10**9,
                "input_usd": "0.000002", "cache_read_usd": "0.0000005", "cache_write_5m_usd": 0, "cache_write_1h_usd": 0, "output_usd": "0.000008",
                "request_usd": 0, "basis": "price-book", "price_source": text("genai-prices 0.2.3, openai/gpt-4.1"),
            }
        ],
    )  # fmt: skip


def _middle_tables(store, model, text):
    _append(
        store,
        "categories",
        [
            {
                "category_id": row.key,
                "name": text(row.name),
                "name_origin": "rule",
                "method": "route",
                "output_shape": "label",
                "ignored": False,
                "confidence": 0.97,
            }
            for row in ROWS
        ],
    )
    tested = [row for row in ROWS if row.baseline is not None]
    _append(store,
        "criteria",
        [
            {
                "criterion_id": f"crit-{row.key}", "category_id": row.key, "name": text("equals the expected answer"),
                "definition": json.dumps({"assert": [{"type": "equals", "value": text("{{expected}}")}]}), "origin": "user" if row.key == "tickets" else "proposed",
                "form_only": False, "live_checkable": row.key == "sql", "role": "verdict", "active": True,
            }
            for row in tested
        ],
    )  # fmt: skip
    _append(
        store,
        "criterion_baselines",
        [
            {
                "criterion_id": f"crit-{row.key}", "category_id": row.key, "answers": 40, "passed": 38, "untold": 0, "content_share": 0.9,
                "failures": json.dumps([{"call_id": f"{row.key}-001", "explanation": text("got Hello, wanted Goodbye")}]),
            }
            for row in tested
        ],
    )  # fmt: skip
    _append(
        store,
        "criterion_trials",
        [
            {
                "criterion_id": f"crit-{row.key}", "category_id": row.key, "mutation": mutation, "content": mutation != "refused", "planted": 12,
                "caught": caught, "untold": 0, "missed": text("total: 12 → 22") if caught < 12 else None, "missed_call_id": None,
            }
            for row in tested
            for mutation, caught in (("refused", 12), ("other-answer", 12), ("number-off", 3))
        ],
    )  # fmt: skip
    _append(
        store,
        "candidates",
        [
            {
                "candidate_id": CANDIDATE,
                "engine": "llama_cpp",
                "model": text(model),
                "weights_hash": "9f3c1a77" * 8,
                "context_tokens": 32768,
                "settings": json.dumps({"slots": 4}),
                "rung": 0,
                "added_at": START,
            }
        ],
    )
    _append(
        store,
        "designs",
        [
            {
                "design_id": f"design-{row.key}",
                "category_id": row.key,
                "candidate_id": CANDIDATE,
                "seed": 7,
                "units": CALLS_EACH,
                "calls": CALLS_EACH,
                "spend_usd": row.spend,
                "by_spend": True,
                "active": True,
                "made_at": START,
            }
            for row in tested
        ],
    )
    _append(
        store,
        "speeds",
        [
            {
                "candidate_id": CANDIDATE,
                "concurrency": c,
                "prompt_tokens_per_s": 2400.0 * c,
                "output_tokens_per_s": 61.0 * c,
                "ttft_ms_p50": 210.0,
                "requests": 120,
                "peak_memory_bytes": 5_450_000_000,
                "energy_wh": 12.34,
                "machine": text("16 CPU threads, RTX 4090"),
                "measured_at": START,
            }
            for c in (1, 4)
        ],
    )


def _plan_tables(store, text, *, local_cost):
    decisions, items, bars = [], [], []
    for row in ROWS:
        spend = Decimal(row.spend)
        tested = row.baseline is not None
        gross = spend * Decimal("30.4") / 30 if row.wave else None
        if row.verdict == "fallback":
            gross *= Decimal("0.81")
        local = gross * Decimal("0.09") if gross is not None and local_cost else None
        items.append(
            {
                "category_id": row.key, "candidate_id": CANDIDATE, "verdict": row.verdict, "reason": text(row.reason), "wave": row.wave,
                "gross_usd_month": gross, "local_usd_month": local, "net_usd_month": None if local is None else gross - local,
            }
        )  # fmt: skip
        bars.append(
            {
                "category_id": row.key, "bar": row.verdict, "reason": text(row.reason), "shown_not_movable": row.verdict == "keep",
                "calls": CALLS_EACH, "spend_usd": spend, "earns": {"move": 1.0, "fallback": 0.81}.get(row.verdict, 0.0),
            }
        )  # fmt: skip
        half = 0.03 if tested else None
        decisions.append(
            {
                "category_id": row.key, "candidate_id": CANDIDATE, "criterion_id": f"crit-{row.key}" if tested else None,
                "n": 240 if tested else 0, "n_calls": 40 if tested else 0, "ungradable": 3 if row.key == "summary" else 0,
                "design_effect": 1.0 if tested else None,
                "baseline_rate": row.baseline, "baseline_low": row.baseline - half if tested else None, "baseline_high": min(1.0, row.baseline + half) if tested else None,
                "local_rate": row.local, "local_low": row.local - half if tested else None, "local_high": min(1.0, row.local + half) if tested else None,
                "difference": row.difference and row.difference[0], "difference_low": row.difference and row.difference[1], "difference_high": row.difference and row.difference[2],
                "p_not_worse": row.p and row.p[0], "p_worse": row.p and row.p[1], "test_result": row.result, "verdict": row.verdict,
                "reason": "slug", "reason_text": text(row.reason), "more_draws": row.more, "live_pass_rate": 0.86 if row.key == "sql" else None,
                "masked_share": 0.02 if tested else None, "flags": ["masked"] if row.key == "summary" else [],
            }
        )  # fmt: skip
    _append(store, "decisions", decisions)
    _append(store, "plan_items", items)
    _append(store, "bars", bars)
    if any(row.wave for row in ROWS):
        _append(store,
            "machine_costs",
            [
                {
                    "candidate_id": CANDIDATE, "machines": 1, "usd_month": "40.30" if local_cost else None, "fixed_usd_month": "31.00" if local_cost else None,
                    "setup_usd": "400" if local_cost else None, "busiest_hour_load": 0.31,
                    "assumptions": json.dumps(
                        {
                            "usd_per_hour": {"value": "0.42", "origin": "auditor.toml"}, "utilisation": {"value": 0.7, "origin": "default"},
                            "life_months": {"value": 36, "origin": "default"}, "output_tokens_per_s": {"value": 244.0, "origin": "measured"},
                        }
                    ),
                }
            ],
        )  # fmt: skip

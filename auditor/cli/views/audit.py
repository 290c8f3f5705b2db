"""How the result of each command reads on a terminal, and as the object of ``--json``."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

from auditor import __version__
from auditor.criteria.ungradable import read_ungradable
from auditor.decision.faults import causes_in_words
from auditor.report import sentences, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.cli.terminal import Terminal
    from auditor.domain import Part, StageResult
    from auditor.ingest.stage import IngestResult
    from auditor.pipeline.runs import StageState
    from auditor.replay.replay_stage import ReplayResult
    from auditor.store.store import Store

_PLAN = """
SELECT category_id, name, calls, spend_usd, n, baseline_rate, local_rate, verdict, reason,
       share, cumulative_share, baseline_low, baseline_high, local_low, local_high, difference,
       difference_low, difference_high, more_draws, wave
FROM v_categories ORDER BY spend_rank
"""
_SHOWN_CATEGORIES = 15


def ingest(terminal: Terminal, result: IngestResult, store: Store) -> None:
    """Show the ledger of every source that was read, and what deserves a second look."""
    for source in result.sources:
        terminal.say(f"{source['path']}")
        if source.get("unchanged"):
            terminal.say("  already read, nothing new")
            continue
        terminal.say(f"  {source['reader'] or 'no known format'}")
        for label, amount, extra in (
            ("call", source["calls"], wording.money(source["spend_usd"])),
            ("duplicate", source["duplicates"], "known already"),
            ("not call", source["not_calls"], "wrappers, metadata, blank or filtered out"),
            ("reject", source["rejects"], "see 'auditor rejects'"),
        ):
            if amount or label == "call":
                plural = label if amount == 1 else f"{label}s"
                terminal.say(f"  {amount:>9,} {plural:<11} {extra}")
        terminal.say(f"  {source['records']:>9,} record{'' if source['records'] == 1 else 's'}")
    totals = store.dicts("SELECT * FROM v_totals")[0]
    masked = totals["masked_calls"]
    if masked:
        terminal.say(f"{wording.counted(masked, 'call')} held secrets or personal data: masked")
    if totals["unpriced_calls"]:
        models = store.rows(
            "SELECT coalesce(model, '(no model named)'), count(*) FROM calls"
            " WHERE cost_basis = 'unpriced' AND status NOT IN ('error', 'cached_by_gateway')"
            " GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 3"
        )
        named = ", ".join(f"{model} ({n:,})" for model, n in models)
        terminal.warn(
            f"{wording.counted(totals['unpriced_calls'], 'call')} without a price, left out of "
            f"spend: {named}"
        )


def stages(terminal: Terminal, results: Sequence[StageResult], *, skipped: bool = True) -> None:
    """Show one line per stage that was looked at."""
    for result in results:
        for warning in result.warnings:
            terminal.warn(warning)
        if result.skipped:
            if skipped:
                terminal.note(f"{result.stage:<12} unchanged")
            continue
        terminal.note(
            f"{result.stage:<12} {result.rows_written:>9,} rows  "
            f"{wording.duration(result.seconds * 1000)}"
        )


def replays(terminal: Terminal, results: Sequence[StageResult]) -> None:
    """Show what the replay did per category, where it had something to do."""
    from auditor.replay.replay_stage import ReplayResult

    ran = [result for result in results if isinstance(result, ReplayResult)]
    for result in ran:
        _replayed(terminal, result)
    if not ran:
        terminal.say("Every drawn call has its answer already.")


def _replayed(terminal: Terminal, result: ReplayResult) -> None:
    if result.resumed:
        terminal.say(f"Resumed: {result.resumed:,} answers were there already")
    rows = result.categories
    if not rows:
        return  # a warning has said why there was nothing to replay
    terminal.table(
        ["category", "model", "calls", "failed", "not answered", "p50 / call", "tokens"],
        [
            [
                row["name"],
                row["model"],
                f"{row['calls']:,}",
                f"{row['failed']:,}",
                f"{sum(row['unanswered'].values()):,}",
                wording.duration(row["latency_ms_p50"]),
                f"{row['output_tokens']:,}",
            ]
            for row in rows
        ],
        right=(2, 3, 4, 5, 6),
    )
    failed = sum(row["failed"] for row in rows)
    if failed:
        terminal.say(f"{failed:,} failed; they count as not passed. The report says why.")
    causes = sum((Counter(row["unanswered"]) for row in rows), Counter())
    if causes:
        terminal.warn(
            f"{causes.total():,} of {wording.counted(sum(row['calls'] for row in rows), 'call')} "
            f"not answered: {causes_in_words(causes)}. The model is not to blame, so they count "
            "against any claim; 'auditor replay' asks for them again"
        )


def plan_result(store: Store) -> dict[str, Any]:
    """Return headline, total and categories as ``--json`` gives them."""
    head = store.dicts("SELECT * FROM v_headline")[0]
    return {
        "headline": {key: head[key] for key in ("low", "high", "fallback")},
        "total_usd": head["total_usd"],
        "total_usd_month": store.value("SELECT total_usd_month FROM v_totals"),
        "bars": store.dicts("SELECT * FROM v_verdicts"),
        "categories": store.dicts(_PLAN),
        "ungradable": ungradable_rows(store),
    }


def ungradable_rows(store: Store) -> list[dict[str, Any]]:
    """Return the draws that could not be graded, by category and candidate, for ``--json``."""
    return [
        {
            "category_id": item.category_id, "name": item.name, "candidate_id": item.candidate_id,
            "draws": item.draws, "draws_in_all": item.draws_in_all, "causes": dict(item.causes),
        }
        for item in read_ungradable(store)
    ]  # fmt: skip


def ungradable(terminal: Terminal, store: Store) -> None:
    """Say which draws could not be graded and why; many of them are a warning."""
    for item in read_ungradable(store):
        say = terminal.warn if item.deserves_a_warning else terminal.say
        say(item.sentence)


def plan(terminal: Terminal, store: Store) -> None:
    """Show the headline and what is to be done with the costliest categories."""
    from auditor.report.read import read_report

    report = read_report(store, version=__version__, examples=False)
    terminal.say(sentences.headline_sentence(report) + ".", style="bold")
    for sentence in (
        sentences.amount_sentence(report),
        sentences.fallback_sentence(report),
        sentences.saving_sentence(report),
        sentences.payback_sentence(report.break_even),
    ):
        if sentence:
            terminal.say(sentence)
    terminal.say()
    rows = store.dicts(_PLAN)
    terminal.table(
        ["category", "spend", "so far", "API passes", "local passes", "n", "verdict", "why"],
        [
            [
                row["name"],
                wording.money(row["spend_usd"]),
                wording.percent(row["cumulative_share"]),
                wording.percent(row["baseline_rate"]),
                _rate(row),
                str(row["n"] or ""),
                _verdict(row["verdict"], terminal),
                row["reason"],
            ]
            for row in rows[:_SHOWN_CATEGORIES]
        ],
        right=(1, 2, 3, 4, 5),
        sentence=7,
    )
    if len(rows) > _SHOWN_CATEGORIES:
        terminal.say(f"and {len(rows) - _SHOWN_CATEGORIES} smaller categories: see the report")
    blind = [
        item.name
        for item, trial in report.tried
        if trial.notices_nothing and item.criterion and not item.criterion.form_only
    ]
    if blind:
        terminal.warn(
            "no planted wrong answer of the right form is noticed, so nothing can move, in: "
            f"{', '.join(blind)}; 'auditor criteria show' says more"
        )
    ungradable(terminal, store)


def _rate(row: dict[str, Any]) -> str:
    if row["local_rate"] is None:
        return wording.UNKNOWN
    low, high = row["local_low"], row["local_high"]
    return f"{wording.percent(row['local_rate'])} ({low * 100:.0f}-{high * 100:.0f})"


def _verdict(verdict: str, terminal: Terminal) -> str:
    from auditor.domain import Verdict

    marks = wording.MARKS if terminal.encodes_marks() else wording.ASCII_MARKS
    return f"{marks[Verdict(verdict)]} {verdict}"


def status(terminal: Terminal, states: Sequence[StageState], path: str) -> None:
    """Show where every stage stands."""
    terminal.say(path)
    terminal.table(
        ["stage", "state", "rows", "when", "progress"],
        [
            [
                state.stage,
                state.state,
                wording.count(state.rows) if state.rows is not None else "",
                f"{state.when.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if state.when else "",
                _progress(state),
            ]
            for state in states
        ],
        right=(2,),
    )
    for state in states:
        if state.parts:
            terminal.say()
            terminal.say(f"{state.note}:")
            terminal.table(
                ["category", "done", "failed", "tokens/s", "left"],
                [_part(part, running=state.state == "running") for part in state.parts],
                right=(1, 2, 3, 4),
            )


def _part(part: Part, *, running: bool) -> list[str]:
    """Return how far a part of a stage is; one that stands still has no time left to tell."""
    left = part.seconds_left if running else None
    return [
        part.name,
        f"{part.done:,}/{part.total:,}",
        f"{part.failed:,}" if part.failed else "",
        f"{part.tokens_per_s:,.0f}" if part.tokens_per_s is not None else "",
        wording.duration(left * 1000) if left else "",
    ]


def _progress(state: StageState) -> str:
    """Return how far a stage is and about how long it still takes, as far as it has come."""
    if state.state not in {"running", "interrupted"} or not state.done:
        return ""
    if not state.total:
        return f"{state.done:,}"
    text = f"{state.done:,}/{state.total:,}"
    if state.state == "running" and state.began and state.when:
        spent = (state.when - state.began).total_seconds()
        left = spent / state.done * (state.total - state.done)
        text += f", about {wording.duration(left * 1000)} left"
    return text

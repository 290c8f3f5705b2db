"""The sentences of the report, the same on page, plan and terminal.

Each section opens with its conclusion, before chart and table prove it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.domain import Verdict
from auditor.report.wording import count, counted, money, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.trials import KindTrial, Trial
    from auditor.report.data import BreakEven, Noise, Report, Wave

_MOST_OF_SPEND = 0.8
_ANY_VOLUME = 0.01

SMOKE_TEST_COMMANDS = (
    "auditor replay --model path.gguf",
    "auditor replay --model ollama:qwen3.6:35b",
    "auditor replay --model http://host:8000/v1#name",
)
"""How to replay on a model that people would really serve."""


def headline_sentence(report: Report) -> str:
    """The one sentence of the audit: an interval of the share of priced spend that can move."""
    headline = report.headline
    if not headline.total_usd:
        return "No call has a price, so no share of spend can be given"
    if not headline.high:
        return "No part of the spend can move to the local model"
    low, high = percent(headline.low), percent(headline.high)
    if headline.low == headline.high:
        return f"{low} of spend can move, and no more: every category is settled"
    return f"Between {low} and {high} of spend can move"


def amount_sentence(report: Report) -> str:
    """Return the headline in dollars, per month where the logs have dates."""
    headline, month = report.headline, report.totals.total_usd_month
    if not headline.total_usd:
        return ""
    if month is None:
        low, high, whole, unit = (
            headline.low_usd,
            headline.high_usd,
            headline.total_usd,
            " in these logs",
        )
    else:
        scale = month / headline.total_usd
        low, high, whole, unit = (
            headline.low_usd * scale,
            headline.high_usd * scale,
            month,
            " a month",
        )
    return f"{money(low)} to {money(high)} of {money(whole)}{unit}."


def fallback_sentence(report: Report) -> str:
    """Return what could move with a live check on top of the lower end; empty if nothing could."""
    headline = report.headline
    if not headline.fallback_usd:
        return ""
    return (
        f"A further {percent(headline.fallback)} of spend ({_fallback_money(report)}) "
        "can move with fallback: each answer is checked live and a failed one goes back to the API."
    )


def _fallback_money(report: Report) -> str:
    """Return the fallback spend per month, or as logged where the logs hold no dates."""
    headline, month = report.headline, report.totals.total_usd_month
    if month is None or not headline.total_usd:
        return money(headline.fallback_usd)
    return f"{money(headline.fallback_usd * month / headline.total_usd)} a month"


def saving_sentence(report: Report) -> str:
    """Return gross, local cost and net saving of the whole plan, or which setting is missing."""
    saving = report.saving
    if saving is None or not saving.gross_usd_month:
        return ""
    gross = money(saving.gross_usd_month)
    if saving.local_usd_month is None or saving.net_usd_month is None:
        return (
            f"The plan moves {gross} a month, gross. What serving that locally costs is not known, "
            "so no saving is claimed: describe the machine under [local] in auditor.toml."
        )
    if saving.net_usd_month < 0:
        return (
            f"Serving the plan locally would cost {money(saving.local_usd_month)} a month, "
            f"{money(-saving.net_usd_month)} more than the {gross} of API spend it replaces: "
            "at this volume moving does not pay."
        )
    return (
        f"The plan moves {gross} a month, gross; after {money(saving.local_usd_month)} of local "
        f"serving cost the net saving is {money(saving.net_usd_month)} a month."
    )


def spend_conclusion(report: Report) -> str:
    """Return how concentrated the spend is."""
    priced = [item for item in report.categories if item.spend_usd]
    if not priced:
        return "No category has a priced call."
    first = priced[0]
    if len(priced) == 1:
        return f"All priced spend is in one category, {first.name}."
    needed = next(
        (
            number
            for number, item in enumerate(priced, start=1)
            if (item.cumulative_share or 0) >= _MOST_OF_SPEND
        ),
        len(priced),
    )
    share = percent(priced[needed - 1].cumulative_share)
    return (
        f"{needed} of {counted(len(report.categories), 'category', 'categories')} "
        f"{'makes' if needed == 1 else 'make'} up {share} of spend; the costliest, {first.name}, "
        f"is {percent(first.share)} of it."
    )


def quality_conclusion(report: Report) -> str:
    """Return what the paired tests showed."""
    tested = report.tested
    if not tested:
        return "No category has been replayed and graded yet, so nothing is known about quality."
    found = dict.fromkeys(("not-worse", "worse", "open"), 0)
    for item in tested:
        found[item.test_result or "open"] = found.get(item.test_result or "open", 0) + 1
    parts = [
        f"{found['not-worse'] or 'none'} shown no worse than the API model",
        f"{found['worse'] or 'none'} shown worse",
        f"{found['open'] or 'none'} still open",
    ]
    margin = report.method.margin
    by = "" if margin is None else f" by more than {margin * 100:g} points"
    tests = counted(len(tested), "category", "categories")
    return f"{tests} tested: {parts[0]}{by}, {parts[1]}, {parts[2]}."


def plan_conclusion(report: Report) -> str:
    """Return what the plan moves."""
    if not report.waves:
        return "Nothing is ready to move yet."
    last = report.waves[-1]
    moved = sum(len(wave.categories) for wave in report.waves)
    net = (
        "; what it saves depends on the local cost, which is not known"
        if last.cumulative_net_usd_month is None
        else f", net {money(last.cumulative_net_usd_month)} a month after local cost"
    )
    return (
        f"{counted(moved, 'category', 'categories')} "
        f"{'moves' if moved == 1 else 'move'} in {counted(len(report.waves), 'wave')}: "
        f"{money(last.cumulative_gross_usd_month)} a month of API spend, gross{net}."
    )


def data_conclusion(report: Report) -> str:
    """Return the ledger in one sentence."""
    sums = {
        name: sum(getattr(row, name) for row in report.ledger)
        for name in ("records", "calls", "duplicates", "not_calls", "rejects")
    }
    whole = sums["calls"] + sums["duplicates"] + sums["not_calls"] + sums["rejects"]
    start = (
        f"Every one of {count(sums['records'])} records is accounted for"
        if whole == sums["records"]
        else f"{count(sums['records'])} records do not add up"
    )
    return (
        f"{start}: {counted(sums['calls'], 'call')}, {counted(sums['duplicates'], 'duplicate')}, "
        f"{counted(sums['not_calls'], 'that is no call', 'that are no calls')}, "
        f"{count(sums['rejects'])} rejected."
    )


def break_even_conclusion(break_even: BreakEven) -> str:
    """Return where local cost meets the API's, and when what is paid once is paid back."""
    volume = break_even.volume
    if volume is None:
        at = "Local serving costs more than the API at any volume."
    elif volume < _ANY_VOLUME:
        at = "Local serving is cheaper than the API at any volume."
    else:
        # Beyond twice today's volume a percentage misleads.
        times = percent(volume) if volume <= 2 else f"{volume:.1f} times"  # noqa: PLR2004
        at = f"Break-even is at {times} of today's volume."
    return f"{at} {payback_sentence(break_even)}".rstrip()


def payback_sentence(break_even: BreakEven | None) -> str:
    """Return when what is paid once is paid back; empty where nothing is, or cost is not known."""
    if break_even is None:
        return ""
    once = [
        f"{what} of {money(amount)}"
        for what, amount in (
            ("purchase", break_even.purchase_usd),
            ("setup", break_even.setup_usd),
        )
        if amount
    ]
    if not once:
        return ""
    verb = "is" if len(once) == 1 else "are"
    when = (
        f"not paid back within {break_even.horizon_months} months"
        if break_even.payback_months is None
        else f"paid back in {counted(break_even.payback_months, 'month')}"
    )
    return f"The {' and the '.join(once)} {verb} {when}."


def open_points(report: Report) -> list[str]:
    """Return what the headline says nothing about, and the reader must know."""
    totals = report.totals
    found: list[str] = []
    found += [
        f"{percent(bar.share)} of spend ({money(bar.spend_usd)} in these logs) was not measured. "
        "It is not in the lower figure, and nothing rules it out of the upper one."
        for bar in report.bars
        if bar.verdict is Verdict.UNMEASURED and bar.spend_usd
    ]
    if totals.unpriced_calls:
        found.append(
            f"{counted(totals.unpriced_calls, 'call')} "
            f"({percent(totals.unpriced_calls / totals.calls, 1)}) "
            f"{'has' if totals.unpriced_calls == 1 else 'have'} no price and "
            f"{'is' if totals.unpriced_calls == 1 else 'are'} left out of spend; a price can be "
            "given under [prices] in auditor.toml."
        )
    found += [f"{item.sentence}." for item in report.ungradable if item.deserves_a_warning]
    few = [item for item in report.ungradable if not item.deserves_a_warning]
    if few:
        draws, whole = sum(i.draws for i in few), sum(i.draws_in_all for i in few)
        where = f"in {few[0].name}" if len(few) == 1 else f"in {len(few):,} categories"
        found.append(
            f"{draws:,} of {whole:,} drawn answers {where} could not be graded; each counts "
            "against what it would support."
        )
    found += [
        f"The last run of '{stage}' did not finish: what is shown rests on a part of it."
        for stage in report.method.incomplete_stages
    ]
    found += [
        f"An integrity check failed: {check.name} ({counted(check.rows, 'row')})."
        for check in report.checks
    ]
    return found


def guardrail(wave: Wave, margin: float | None) -> str:
    """Return what to watch while a wave moves, and when to go back."""
    limit = "the margin" if margin is None else f"{margin * 100:g} points"
    if any(item.verdict is Verdict.FALLBACK for item in wave.categories):
        return (
            "Check every answer live and send failures to the API; go back when fewer answers "
            "pass than in this audit."
        )
    return (
        "Shadow 5 % of calls on both models for two weeks; go back when the local pass rate falls "
        f"more than {limit} below the API's."
    )


def noise_sentence(noise: Noise) -> str:
    """Return how much the API model differs from itself when it is asked again."""
    return (
        f"Asked again, the API itself passes {percent(noise.rerun_rate)} of "
        f"{counted(noise.calls, 'call')}, against {percent(noise.logged_rate)} as logged; the "
        f"verdict differs for {percent(noise.differing)} of them."
    )


def trial_sentence(trial: Trial) -> str:
    """Return what a criterion notices of planted errors, and what it would not notice."""
    told = [kind for kind in trial.kinds if kind.told]
    if not trial.kinds:
        return "No error could be planted: no logged answer passes."
    if not told:
        return "Nothing can be told of planted errors before a judge has graded them."
    noticed = [kind for kind in told if kind.noticed]
    kinds = f"{len(noticed)} of {counted(len(told), 'kind')} of planted errors"
    if len(noticed) == len(told):
        return f"Notices {kinds}."
    missed = "; ".join(_missed(kind) for kind in told if kind not in noticed)
    return f"Notices {kinds}; would not notice: {missed}."


def _missed(kind: KindTrial) -> str:
    often = f" ({kind.caught} of {kind.told} noticed)" if kind.caught else ""
    return f"{kind.words}{often}" + (f", as in “{kind.missed}”" if kind.missed else "")


def trials_conclusion(trials: Sequence[Trial]) -> str:
    """Return what the criteria of an audit notice altogether."""
    blind = sum(trial.notices_nothing for trial in trials)
    told = (
        "Every criterion was tried on wrong answers before it decided anything: errors that a "
        "model makes were put into logged answers of "
        f"{counted(len(trials), 'category', 'categories')}."
    )
    if not blind:
        return told
    return (
        f"{told} {counted(blind, 'criterion', 'criteria')} noticed none of those that have the "
        "right form, and can move nothing."
    )

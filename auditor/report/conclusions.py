"""The sentence each section opens with: its conclusion, before chart and table prove it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.domain import Verdict
from auditor.report.wording import UNKNOWN, count, counted, money, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.report.data import BreakEven, Candidate, Category, Figures, Wave

_MOST_OF_SPEND = 0.8
_NEVER_BELOW = 0.01

_ASSUMPTIONS = {
    "usd_per_hour": ("Rent of a machine, an hour", "$"),
    "capex_usd": ("Price of a machine", "$"),
    "life_months": ("Life of a machine", "months"),
    "salvage": ("Share of the price left at the end", "%"),
    "hosting_usd_month": ("Hosting of a machine, a month", "$"),
    "load_watts": ("Power under load", "W"),
    "idle_watts": ("Power when idle", "W"),
    "usd_per_kwh": ("Electricity, a kWh", "$"),
    "pue": ("Power usage effectiveness", ""),
    "ops_hours_month": ("People, a month", "h"),
    "setup_hours": ("People, setup", "h"),
    "people_usd_hour": ("People, an hour", "$"),
    "utilisation": ("Load allowed in the busiest hour", "%"),
    "prompt_tokens_per_s": ("Prompt speed, one machine", "tokens/s"),
    "output_tokens_per_s": ("Answer speed, one machine", "tokens/s"),
}
_ORIGINS = {
    "auditor.toml": "said by you in auditor.toml",
    "default": "default; set it under [local]",
    "measured": "measured in this replay",
    "unknown": "not known; set it under [local]",
}

SMOKE_TEST_COMMANDS = (
    "auditor replay --model path.gguf",
    "auditor replay --model ollama:qwen3.6:35b",
    "auditor replay --model http://host:8000/v1#name",
)
"""How to replay on a model that people would really serve."""


def spend_conclusion(figures: Figures) -> str:
    """How concentrated the spend is."""
    priced = [item for item in figures.categories if item.spend_usd]
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
        f"{needed} of {counted(len(figures.categories), 'category', 'categories')} "
        f"{'makes' if needed == 1 else 'make'} up {share} of spend; the costliest, {first.name}, "
        f"is {percent(first.share)} of it."
    )


def quality_conclusion(figures: Figures) -> str:
    """What the paired tests showed."""
    tested = tested_categories(figures)
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
    margin = figures.method.margin
    by = "" if margin is None else f" by more than {margin * 100:g} points"
    tests = counted(len(tested), "category", "categories")
    return f"{tests} tested: {parts[0]}{by}, {parts[1]}, {parts[2]}."


def plan_conclusion(figures: Figures) -> str:
    """What the plan moves."""
    if not figures.waves:
        return "Nothing is ready to move yet."
    last = figures.waves[-1]
    moved = sum(len(wave.categories) for wave in figures.waves)
    net = (
        "; what it saves depends on the local cost, which is not known"
        if last.cumulative_net_usd_month is None
        else f", net {money(last.cumulative_net_usd_month)} a month after local cost"
    )
    return (
        f"{counted(moved, 'category', 'categories')} "
        f"{'moves' if moved == 1 else 'move'} in {counted(len(figures.waves), 'wave')}: "
        f"{money(last.cumulative_gross_usd_month)} a month of API spend, gross{net}."
    )


def data_conclusion(figures: Figures) -> str:
    """The ledger in one sentence."""
    sums = {
        name: sum(getattr(row, name) for row in figures.ledger)
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


def break_even_conclusion(break_even: BreakEven | None) -> str:
    """Where local cost meets the API's."""
    if break_even is None:
        return ""
    if break_even.volume is None:
        return "Local serving costs more than the API at any volume."
    at = break_even.volume
    if at < _NEVER_BELOW:
        return "Local serving is cheaper than the API at any volume."
    times = percent(at) if at <= 2 else f"{at:.1f} times"  # noqa: PLR2004 - then percent misleads
    text = f"Break-even is at {times} of today's volume"
    if break_even.payback_months is not None and break_even.setup_usd:
        months = f"{break_even.payback_months:.1f}".removesuffix(".0")
        unit = "month" if months == "1" else "months"
        text += f"; the setup of {money(break_even.setup_usd)} is paid back in {months} {unit}"
    return text + "."


def open_points(figures: Figures) -> list[str]:
    """What the reader must know beside the headline: spend and calls it says nothing about."""
    totals = figures.totals
    found: list[str] = []
    found += [
        f"{percent(bar.share)} of spend ({money(bar.spend_usd)} in these logs) was not measured. "
        "It is not in the lower figure, and nothing rules it out of the upper one."
        for bar in figures.bars
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
    found += [
        f"The last run of '{stage}' did not finish: what is shown rests on a part of it."
        for stage in figures.method.incomplete_stages
    ]
    found += [
        f"An integrity check failed: {check.name} ({counted(check.rows, 'row')})."
        for check in figures.checks
    ]
    return found


def guardrail(wave: Wave, margin: float | None) -> str:
    """What to watch while a wave moves, and when to go back."""
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


class Staying(NamedTuple):
    """Categories that stay for one reason."""

    verdict: Verdict
    reason: str
    categories: Sequence[Category]


def staying(figures: Figures) -> list[Staying]:
    """What no wave moves, grouped by verdict and reason, costliest group first."""
    groups: dict[tuple[Verdict, str], list[Category]] = {}
    for item in figures.categories:
        if item.wave is None:
            groups.setdefault((item.verdict, item.reason), []).append(item)
    return [Staying(*key, found) for key, found in groups.items()]


def assumption_rows(assumptions: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each assumption of the local cost as name, value and origin, in words."""
    rows = []
    for key, said in assumptions.items():
        name, unit = _ASSUMPTIONS.get(key, (key.replace("_", " "), ""))
        value = said["value"]
        if value is None:
            text = UNKNOWN
        elif unit == "$":
            text = money(Decimal(str(value)))
        elif unit == "%":
            text = percent(value)
        else:
            text = f"{float(value):,.4g} {unit}".rstrip() if _is_number(value) else str(value)
        rows.append((name, text, _ORIGINS.get(said["origin"], said["origin"])))
    return rows


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def tested_categories(figures: Figures) -> list[Category]:
    """The categories with paired grades, in order of spend."""
    return [item for item in figures.categories if item.n and item.local_rate is not None]


def smoke_test_models(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that only show that everything works."""
    return [one for one in candidates if one.smoke_test]


def verdict_word(verdict: Verdict) -> str:
    """The verdict with a capital: ``Move``."""
    return verdict.value.capitalize()

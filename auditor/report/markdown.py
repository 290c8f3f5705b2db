"""plan.md: the migration plan for the engineer who switches it on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.domain import Verdict
from auditor.report import conclusions
from auditor.report import wording as words
from auditor.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.report.data import Candidate, Category, Figures, Wave

# What opens markup inside a line; a line of ours never begins with text from the logs. The last
# two would make a link of a bare address.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)


def render_plan(figures: Figures) -> str:
    """Return the plan as Markdown; text from the logs is escaped, so that it stays text."""
    models = {one.candidate_id: one for one in figures.candidates}
    lines = [
        "# Migration plan",
        "",
        f"{words.headline_sentence(figures)}. {words.amount_sentence(figures)}".strip(),
        "",
    ]
    for sentence in (words.fallback_sentence(figures), words.saving_sentence(figures)):
        lines += [sentence, ""] if sentence else []
    for model in conclusions.smoke_test_models(figures.candidates):
        lines += _smoke_test(model)
    for point in conclusions.open_points(figures):
        lines += [f"- {escaped(point)}"]
    lines += ["", conclusions.plan_conclusion(figures), ""]
    for wave in figures.waves:
        lines += _wave(wave, figures.method.margin, models)
    lines += _staying(figures)
    lines += [
        "---",
        "",
        f"Written by auditor {figures.method.version} from the same figures as the report.",
        f"To write it again: {code(figures.method.command)}",
        "",
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _smoke_test(model: Candidate) -> list[str]:
    return [
        f"**A smoke test, not a proposal:** {escaped(model.model)} has 135 million parameters.",
        "Replay on a model you would really serve before you follow this plan:",
        "",
        *(f"    {command}" for command in conclusions.SMOKE_TEST_COMMANDS),
        "",
    ]


def _wave(wave: Wave, margin: float | None, models: dict[str, Candidate]) -> list[str]:
    gross, local = words.money(wave.gross_usd_month), words.money(wave.local_usd_month)
    net = words.money(wave.net_usd_month)
    rows = [_row(item, models) for item in wave.categories]
    return [
        f"## Wave {wave.wave}",
        "",
        f"Moves {gross} a month, gross; local cost {local}, net {net}.",
        "",
        "| Category | Verdict | Model | Calls | Local passes | Difference, points | a month |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        "Steps:",
        "",
        *(f"{number}. {step}" for number, step in enumerate(_steps(wave, margin), start=1)),
        "",
        "Owner: ",
        "",
    ]


def _row(item: Category, models: dict[str, Candidate]) -> str:
    model = models.get(item.candidate_id or "")
    rate = f"{words.percent(item.local_rate)} ({words.interval(item.local_low, item.local_high)})"
    return (
        f"| {escaped(item.name)} | {words.MARKS[item.verdict]} {item.verdict.value} "
        f"| {escaped(model.model) if model else words.UNKNOWN} | {item.calls:,} | {rate} "
        f"| {words.points(item.difference)} | {words.money(item.gross_usd_month)} |"
    )


def _steps(wave: Wave, margin: float | None) -> list[str]:
    steps = ["Serve the model with the settings of the replay (report.json, `candidates`)."]
    if any(item.verdict is Verdict.FALLBACK for item in wave.categories):
        checks = sorted({item.live_check for item in wave.categories if item.live_check})
        steps.append(
            "Put the live check before the answer leaves: "
            + "; ".join(escaped(check) for check in checks)
        )
    steps.append(conclusions.guardrail(wave, margin))
    steps.append("Switch 10 %, then 50 %, then all calls of the category; keep the API key.")
    return steps


def _staying(figures: Figures) -> list[str]:
    groups = conclusions.staying(figures)
    if not groups:
        return []
    return [
        "## What stays for now",
        "",
        *(
            (
                f"- {words.MARKS[group.verdict]} {group.verdict.value}: "
                f"{_names(group.categories)}: {escaped(group.reason)}"
            )
            for group in groups
        ),
        "",
    ]


def _names(categories: Sequence[Category]) -> str:
    return ", ".join(
        f"**{escaped(item.name)}** ({words.money(item.spend_usd)})" for item in categories
    )


def escaped(text: str) -> str:
    """One line of Markdown that reads as ``text`` and is nothing but text."""
    line = " ".join(visible(text).split())
    return _SPECIAL.sub(r"\\\1", line)


def code(text: str) -> str:
    """``text`` as inline code, with a fence longer than any run of backticks in it."""
    line = " ".join(visible(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"

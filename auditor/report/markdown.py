"""plan.md: the migration plan for the engineer who switches it on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.domain import Verdict
from auditor.report import sentences, wording
from auditor.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.report.data import CandidateReport, CategoryReport, Report, Wave

_TRIALS_SHOWN = 100
"""Categories, by spend, whose criterion is described; report.json has all of them."""

# What opens markup inside a line; a line of ours never begins with text from the logs. The last
# two would make a link of a bare address.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)


def render_plan(report: Report) -> str:
    """Return the plan as Markdown; text from the logs is escaped, so that it stays text."""
    models = {one.candidate_id: one for one in report.candidates}
    lines = [
        "# Migration plan",
        "",
        f"{sentences.headline_sentence(report)}. {sentences.amount_sentence(report)}".strip(),
        "",
    ]
    for sentence in (
        sentences.fallback_sentence(report),
        sentences.saving_sentence(report),
        sentences.payback_sentence(report.break_even),
    ):
        lines += [sentence, ""] if sentence else []
    for model in report.smoke_tests:
        lines += _smoke_test(model)
    for point in sentences.open_points(report):
        lines += [f"- {escaped(point)}"]
    lines += ["", sentences.plan_conclusion(report), ""]
    for wave in report.waves:
        lines += _wave(wave, report.method.margin, models)
    lines += _staying(report)
    lines += _trials(report)
    lines += [
        "---",
        "",
        f"Written by auditor {report.method.version} from the same figures as the report.",
        f"To write it again: {code(report.method.command)}",
        "",
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _smoke_test(model: CandidateReport) -> list[str]:
    return [
        f"**A smoke test, not a proposal:** {escaped(model.model)} has 135 million parameters.",
        "Replay on a model you would really serve before you follow this plan:",
        "",
        *(f"    {command}" for command in sentences.SMOKE_TEST_COMMANDS),
        "",
    ]


def _wave(wave: Wave, margin: float | None, models: dict[str, CandidateReport]) -> list[str]:
    gross, local = wording.money(wave.gross_usd_month), wording.money(wave.local_usd_month)
    net = wording.money(wave.net_usd_month)
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


def _row(item: CategoryReport, models: dict[str, CandidateReport]) -> str:
    model = models.get(item.candidate_id or "")
    interval = wording.interval(item.local_low, item.local_high)
    rate = f"{wording.percent(item.local_rate)} ({interval})"
    return (
        f"| {escaped(item.name)} | {wording.MARKS[item.verdict]} {item.verdict.value} "
        f"| {escaped(model.model) if model else wording.UNKNOWN} | {item.calls:,} | {rate} "
        f"| {wording.points(item.difference)} | {wording.money(item.gross_usd_month)} |"
    )


def _steps(wave: Wave, margin: float | None) -> list[str]:
    steps = ["Serve the model with the settings of the replay (report.json, `candidates`)."]
    if any(item.verdict is Verdict.FALLBACK for item in wave.categories):
        checks = sorted({item.live_check for item in wave.categories if item.live_check})
        steps.append(
            "Put the live check before the answer leaves: "
            + "; ".join(escaped(check) for check in checks)
        )
    steps.append(sentences.guardrail(wave, margin))
    steps.append("Switch 10 %, then 50 %, then all calls of the category; keep the API key.")
    return steps


def _staying(report: Report) -> list[str]:
    groups = report.staying
    if not groups:
        return []
    return [
        "## What stays for now",
        "",
        *(
            (
                f"- {wording.MARKS[group.verdict]} {group.verdict.value}: "
                f"{_names(group.categories)}: {escaped(group.reason)}"
            )
            for group in groups
        ),
        "",
    ]


def _trials(report: Report) -> list[str]:
    tried = report.tried
    if not tried:
        return []
    rows = [
        f"| {escaped(item.name)} | {wording.percent(trial.pass_share)} "
        f"| {escaped(sentences.trial_sentence(trial))} |"
        for item, trial in tried[:_TRIALS_SHOWN]
    ]
    return [
        "## What the criteria would notice",
        "",
        sentences.trials_conclusion([trial for _, trial in tried]),
        "",
        "| Category | Logged answers pass | Of wrong answers |",
        "| --- | ---: | --- |",
        *rows,
        "",
    ]


def _names(categories: Sequence[CategoryReport]) -> str:
    return ", ".join(
        f"**{escaped(item.name)}** ({wording.money(item.spend_usd)})" for item in categories
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

"""Criteria on the terminal: those in force, one of them, and a dry run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from auditor.report import sentences, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.cli.terminal import Terminal
    from auditor.criteria.dry_run import CategoryDryRun, DryRun, Regraded
    from auditor.criteria.listing import CriterionInForce
    from auditor.criteria.trials import Trial


def listing(terminal: Terminal, rows: Sequence[CriterionInForce]) -> None:
    """Show what grades each category."""
    terminal.table(
        ["category", "spend", "criterion", "logged pass", "notices", "would not notice"],
        [
            [
                row.category,
                wording.money(row.spend_usd),
                _kind(row),
                wording.percent(row.trial.pass_share if row.trial else None),
                _notices(row.trial),
                _missed(row.trial),
            ]
            for row in rows
        ],
        right=(1, 3, 4),
        sentence=5,
    )
    blind = [row.category for row in rows if row.trial and row.trial.notices_nothing]
    if blind:
        terminal.warn(
            f"{wording.counted(len(blind), 'criterion', 'criteria')} can move nothing, because no"
            f" planted wrong answer of the right form fails: {', '.join(blind)}"
        )


def one(terminal: Terminal, row: CriterionInForce) -> None:
    """Show the criterion of a category with all that is known of it."""
    terminal.say(row.category, style="bold")
    share = f" ({wording.percent(row.share)} of spend)" if row.share is not None else ""
    terminal.say(f"{wording.money(row.spend_usd)}{share}, {_kind(row)}")
    if row.definition is None:
        terminal.say("Nothing grades its answers. 'auditor criteria edit' opens the file for it.")
        return
    terminal.say(row.words or "")
    for assertion in row.definition.get("assert", ()):
        terminal.say(f"  - {json.dumps(assertion, ensure_ascii=False)}")
    if row.trial is not None:
        _trial(terminal, row.trial)


def dry_run(terminal: Terminal, found: DryRun) -> None:
    """Show what criteria would do, category by category."""
    terminal.table(
        ["category", "spend", "logged pass", "notices", "API", "local", "verdict", "changes"],
        [
            [
                one.name,
                wording.money(one.spend_usd),
                wording.percent(one.trial.pass_share),
                _notices(one.trial),
                _changed(one.api, one),
                _changed(one.local, one),
                one.verdict or wording.UNKNOWN,
                "perhaps" if one.may_change else "no",
            ]
            for one in found.categories
        ],
        right=(1, 2, 3),
    )
    for one in found.categories:
        missed = [kind for kind in one.trial.kinds if kind.told and not kind.noticed]
        if one.trial.failures or one.trial.untold or missed or one.problem:
            terminal.say()
            terminal.say(f"{one.name} ({one.place})" if one.place else one.name, style="bold")
            _details(terminal, one.trial)
            if one.problem:
                terminal.warn(f"{one.place}: {one.name}: {one.problem}")
    for criterion in found.unmatched:
        place = next((a.place for a in criterion.assertions), "")
        terminal.warn(f"{place}: the criterion fits no category; 'auditor categories' lists them")


def _trial(terminal: Terminal, trial: Trial) -> None:
    told = trial.answers - trial.untold
    if told:
        terminal.say(
            f"{trial.passed} of {told} logged answers pass ({wording.percent(trial.pass_share)})."
        )
    _details(terminal, trial)
    if trial.notices_nothing:
        terminal.say("It can move nothing.")
    terminal.say()
    terminal.table(
        ["planted error", "noticed", "planted", "not told", "one that passes"],
        [
            [kind.words, f"{kind.caught}", f"{kind.planted}", f"{kind.untold}", kind.missed or ""]
            for kind in trial.kinds
        ],
        right=(1, 2, 3),
        sentence=4,
    )


def _details(terminal: Terminal, trial: Trial) -> None:
    if trial.untold:
        why = f": {trial.why_untold}" if trial.why_untold else ""
        terminal.say(f"  {wording.counted(trial.untold, 'logged answer')} could not be told{why}")
    for failure in trial.failures:
        terminal.say(f"  fails: {failure.call_id}: {failure.explanation}")
    terminal.say(f"  {sentences.trial_sentence(trial)}")


def _kind(row: CriterionInForce) -> str:
    if row.origin is None:
        return "none"
    about = "waits for a judge" if row.waits else "form only" if row.form_only else ""
    about = about or ("judged in part" if row.judged else "")
    return f"{row.origin}, {about}" if about else row.origin


def _notices(trial: Trial | None) -> str:
    told = [kind for kind in trial.kinds if kind.told] if trial else []
    if not told:
        return wording.UNKNOWN
    return f"{sum(kind.noticed for kind in told)} of {len(told)}"


def _missed(trial: Trial | None) -> str:
    kinds = trial.kinds if trial else ()
    return ", ".join(kind.words for kind in kinds if kind.told and not kind.noticed)


def _changed(side: Regraded, one: CategoryDryRun) -> str:
    """The grades of one side that would change."""
    if one.in_force:
        return "as it is"
    if not side.graded:
        return wording.UNKNOWN
    if not side.changed:
        return f"0 of {side.graded:,}"
    parts = ((side.to_pass, "pass"), (side.to_fail, "fail"), (side.to_open, "not told"))
    changes = ", ".join(f"{n:,} to {word}" for n, word in parts if n)
    return f"{side.graded:,}: {changes}"

"""Reasons as sentences: one for each slug, the same on terminal, page, plan and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.decision.verdicts import Reason

if TYPE_CHECKING:
    from auditor.decision.verdicts import Decision

CANNOT = {
    "needs-vision": "the calls hold images, sound or files, and the replay is of text only",
    "hosted-tools": "the answers rest on the provider's own tools",
    "context": "the prompts are longer than the model's context",
}
"""Why a candidate cannot take a call, by slug of the table ``eligibility``: the spend stays."""

UNKNOWN = {
    "failed-call": "the calls failed at the API",
    "no-content": "the log does not hold the whole prompt and answer",
    "no-price": "the calls have no price",
}
"""Why no candidate can be tried on a call: nothing is shown about its spend."""

NOT_REPLAYED = "not replayed: not among the costliest categories asked for"
NO_CRITERION = "no criterion can grade its answers: write one in criteria.yaml"
UNFINISHED = "the replay has not finished: run the same command again"
OUTDATED = "calls or prices have changed since its calls were drawn: run 'auditor replay'"
IGNORED = "left out by the user"


def reason_text(decision: Decision, *, margin: float, ungradable: str = "") -> str:
    """Return why a tested category has its verdict, with the figures it rests on.

    ``ungradable`` says in words why draws could not be graded.
    """
    points = f"{margin * 100:g} points"
    rates = f"{_percent(decision.local_rate)} against {_percent(decision.baseline_rate)}"
    evidence = f"{rates} pass, n = {decision.n}"
    missing = decision.draws - decision.n
    why = f": {ungradable}" if ungradable else ""
    if missing:
        evidence += f"; {missing:,} of {decision.draws:,} draws could not be graded{why}"
    more = (
        f"; about {decision.more_draws:,} more replays would settle it"
        if decision.more_draws
        else ""
    )
    sentences = {
        Reason.NOT_WORSE: f"shown no worse than the API by more than {points}: {evidence}",
        Reason.LIVE_CHECK: f"a live check lets {_percent(decision.live_low)} or more of spend "
        f"pass, and what passes is no worse than the API by more than {points}",
        Reason.OPEN: f"tested, not settled: {evidence}{more}",
        Reason.FORM_ONLY: f"the criterion checks form alone, so nothing is shown about content: "
        f"{evidence}",
        Reason.UNNOTICING: "the criterion notices no planted wrong answer of the right form, so "
        f"nothing is shown about content: {evidence}",
        Reason.BELOW_FLOOR: f"no worse than the API, but not shown to be above the quality floor: "
        f"{evidence}{more}",
        Reason.UNGRADABLE: f"none of its {decision.draws:,} draws could be graded{why}"
        if not decision.n
        else f"not settled, and what could not be graded counts against any claim: {evidence}",
        Reason.WORSE: f"shown worse than the API by more than {points}: {evidence}",
        Reason.INELIGIBLE: "none of its calls can go to this model",
        Reason.NOT_REPLAYED: NOT_REPLAYED,
    }
    return sentences[decision.reason]


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share * 100:.0f} %"

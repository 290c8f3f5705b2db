"""Reasons in words: one sentence per slug, the same on terminal, page and plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.decision.verdicts import Decision

CANNOT = {
    "needs-vision": "the calls hold images, sound or files, and the replay is of text only",
    "hosted-tools": "the answers rest on the provider's own tools",
    "context": "the prompts are longer than the model's context",
}
"""Calls a candidate cannot take, by slug of the table ``eligibility``: their spend stays."""

UNKNOWN = {
    "failed-call": "the calls failed at the API",
    "no-content": "the log does not hold the whole prompt and answer",
    "no-price": "the calls have no price",
}
"""Calls that cannot be replayed whatever the candidate: nothing is shown about their spend."""

NOT_REPLAYED = "not replayed: not among the costliest categories asked for"
NO_CRITERION = "no criterion can grade its answers: write one in criteria.yaml"
UNFINISHED = "the replay has not finished: run the same command again"
OUTDATED = "calls or prices have changed since its calls were drawn: run 'auditor replay'"
IGNORED = "left out by the user"


def reason_text(decision: Decision, *, margin: float) -> str:
    """Return why a tested category has its verdict, with the figures it rests on."""
    points = f"{margin * 100:g} points"
    rates = f"{_percent(decision.local_rate)} against {_percent(decision.baseline_rate)}"
    evidence = f"{rates} pass, n = {decision.n}"
    more = (
        f"; about {decision.more_draws:,} more replays would settle it"
        if decision.more_draws
        else ""
    )
    sentences = {
        "not-worse": f"shown no worse than the API by more than {points}: {evidence}",
        "live-check": f"a live check lets {_percent(decision.live_low)} or more of spend pass, "
        f"and what passes is no worse than the API by more than {points}",
        "open": f"tested, not settled: {evidence}{more}",
        "form-only": f"the criterion checks form alone, so nothing is shown about content: "
        f"{evidence}",
        "below-floor": f"no worse than the API, but not shown to be above the quality floor: "
        f"{evidence}{more}",
        "ungradable": f"the grader could not tell for {_percent(decision.ungradable_share)} "
        "of the draws",
        "worse": f"shown worse than the API by more than {points}: {evidence}",
        "ineligible": "none of its calls can go to this model",
        "not-replayed": NOT_REPLAYED,
    }
    return sentences[decision.reason.slug]


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share * 100:.0f} %"

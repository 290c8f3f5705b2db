"""What decided between one task and two, as sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.categories.routes.language import form_names
from auditor.categories.routes.lexicon import known_types
from auditor.categories.routes.succession import START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.categories.routes.merge import Comparison, RouteProfile
    from auditor.categories.routes.succession import Prompt

MAX_LISTED = 6  # labels, keys or tools named in a sentence
MIN_LETTERS = 3  # of a word that says what two prompts are about
MAX_QUOTED = 120  # characters of an instruction


def apart(one: RouteProfile, two: RouteProfile, comparison: Comparison) -> list[str]:
    """What shows that two routes are two tasks."""
    a, b = one.contract, two.contract
    said = {
        "message": "The system prompt is the same, but the messages under it ask for two things.",
        "schema": f"Their code names two output schemas: {_form(one)} and {_form(two)}.",
        "tools": f"They offer other tools: {_some(one.tools)}, and {_some(two.tools)}.",
        "answers": f"Their answers have other shapes: {_shares(a.families)}, and"
        f" {_shares(b.families)}.",
        "keys": f"Their answers are JSON with other keys: {_some(sorted(a.keys))}, and"
        f" {_some(sorted(b.keys))}.",
        "labels": f"They answer with other labels: {_some(_frequent(a.labels))}, and"
        f" {_some(_frequent(b.labels))}.",
        "language": f"Their answers are code in other languages: {_some(_frequent(a.languages))},"
        f" and {_some(_frequent(b.languages))}.",
        "task": "The words of their instructions name two kinds of task:"
        f" {_kind(one)}, and {_kind(two)}.",
    }
    return [*(said[aspect] for aspect in comparison.apart), *_orders(comparison)]


def together(one: RouteProfile, two: RouteProfile, comparison: Comparison) -> list[str]:
    """What shows that two routes are one task."""
    share = f"{comparison.instructions.share:.0%}"
    keys = sorted(one.contract.keys & two.contract.keys)
    contract = keys or _frequent(one.contract.labels) or [_form(one)]
    form = sorted(form_names(one.words) & form_names(two.words))
    said = {
        "instruction": f"Their instructions are one, edited: {share} of the words are common.",
        "contract": f"What comes out is the same and no accident: {_some(contract)}.",
        "tools": f"They offer the same tools: {_some(one.tools)}.",
        "form": f"Instructions in two languages name the same tags, keys or fields: {_some(form)}.",
    }
    return [
        *(said[aspect] for aspect in comparison.together),
        "Nothing in their answers, tools or schemas shows two tasks.",
    ]


def version(which: str, old: Prompt, new: Prompt) -> list[str]:
    """That one prompt, the `first` or the `second`, is a new version of the other."""
    assert new.activity is not None
    day = datetime.fromtimestamp(new.activity.times[START], UTC)
    common = sorted(
        (w for w in old.subject.keys() & new.subject.keys() if len(w) >= MIN_LETTERS),
        key=lambda word: (-min(old.subject[word], new.subject[word]), word),
    )
    return [
        f"The {which} is a new version: it took the place of the other about {day:%d %B %Y}.",
        f"Both are about the same: {_some(common)}.",
    ]


def nothing(comparison: Comparison) -> list[str]:
    """That nothing shows two routes to be one task."""
    share = f"{comparison.instructions.share:.0%}"
    return [
        f"Nothing shows that they are one task; {share} of their words are common.",
        "What is not shown to be one task stays apart: a mix would spoil the verdict of both.",
        *_orders(comparison),
    ]


def _orders(comparison: Comparison) -> list[str]:
    out = []
    for which, orders in (
        ("first", comparison.instructions.only_one),
        ("second", comparison.instructions.only_two),
    ):
        if orders:
            out.append(f"Only the {which} says: “{orders[0][:MAX_QUOTED]}”")
    return out


def _kind(one: RouteProfile) -> str:
    known = known_types().get(one.shown_type)
    return known.phrase if known else one.shown_type


def _form(one: RouteProfile) -> str:
    return one.response_format.partition(":")[2] or "none"


def _frequent(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{name} {counts[name] / total:.0%}" for name in _frequent(counts))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_LISTED]) or "none"
    rest = len(names) - MAX_LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown

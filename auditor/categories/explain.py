"""Why two categories, routes or calls are one task or two, in plain words, and how to change it.

The words are those of the search: the same comparison of routes that joined them is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING

from auditor.categories import overrides, route_facts, tables
from auditor.categories.routes import profile
from auditor.categories.routes.merge import Comparison, RouteProfile, compare_routes, idle_sentences
from auditor.categories.routes.succession import (
    START,
    Prompt,
    log_span,
    pooled,
    takes_over,
)
from auditor.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from auditor.store.store import Store

MAX_LISTED = 6  # labels, keys or tools named in a sentence
MAX_QUOTED = 120  # characters of an instruction

_FIND = """
SELECT category_id, NULL AS route_id FROM categories
    WHERE category_id = $asked OR lower(name) = lower($asked)
UNION ALL SELECT category_id, NULL FROM category_aliases WHERE lower(alias) = lower($asked)
UNION ALL SELECT category_id, route_id FROM routes WHERE route_id = $asked
UNION ALL (SELECT a.category_id, route_id FROM call_categories a JOIN calls USING (call_id)
    WHERE call_id = $asked OR log_id = $asked ORDER BY call_id LIMIT 1)
LIMIT 1
"""
_ROUTES = """
SELECT route_id FROM call_categories WHERE category_id = ?
GROUP BY route_id ORDER BY count(*) DESC, route_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What was asked about: a category, and those of its routes that are meant, largest first."""

    category_id: str
    name: str
    method: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether two things are in one category, why (sentences), and how to change it (lines)."""

    one: Side
    two: Side
    together: bool
    why: tuple[str, ...]
    change: tuple[str, ...]


def explain(store: Store, one: str, two: str) -> Explanation:
    """Explain two categories, routes or calls, each by name, former name or id.

    Raises:
        NotReadyError: one of them is not there.
    """
    left, right = _side(store, one), _side(store, two)
    together = left.category_id == right.category_id
    found = tables.load(store)
    evidence = route_facts.complete(store, found.evidence, tables.AssignedCalls().table())
    routes = {route.route_id: route for route in found.rules.routes}
    profiles = {
        route_id: profile(routes[route_id], evidence[route_id])
        for side in (left, right)
        for route_id in side.routes
    }
    span = log_span([Prompt(activity=e.activity, subject={}) for e in evidence.values()])
    free_form = {route_id for route_id in profiles if routes[route_id].free_form}
    home = {route_id: c.category_id for c in found.categories for route_id in c.route_ids}
    why = _by_user(store, left, right, home, together=together) or (
        _free_form(left, right, free_form)
        if free_form
        else _by_comparison(left, right, profiles, span, together=together)
    )
    return Explanation(
        one=left, two=right, together=together, why=tuple(why),
        change=tuple(_split(left, right) if together else _join(left, right)),
    )  # fmt: skip


def _side(store: Store, asked: str) -> Side:
    rows = store.rows(_FIND, {"asked": asked})
    if not rows:
        raise NotReadyError(
            f'no category, route or call is called "{asked}"',
            hint="'auditor categories' lists the categories, 'auditor categories NAME' their routes",
        )
    category_id, route_id = rows[0]
    ((name, method),) = store.rows(
        "SELECT name, method FROM categories WHERE category_id = ?", [category_id]
    )
    own = [route_id] if route_id else [row[0] for row in store.rows(_ROUTES, [category_id])]
    return Side(category_id=category_id, name=name, method=method, routes=tuple(own))


def _by_user(
    store: Store, left: Side, right: Side, home: Mapping[str, str], *, together: bool
) -> list[str]:
    """What the user decided, which comes before all that was found."""
    by_field = next((o for o in overrides.load(store) if o.kind == "group-by"), None)
    if by_field:
        return [f"You make the categories from the field {by_field.value['key']}."]
    found = [{home[route_id] for route_id in side.routes} for side in (left, right)]
    if together and not found[0] & found[1]:
        return ["You joined them: your taxonomy merges or pins one into the other."]
    if not together and found[0] == found[1]:
        return ["You set them apart: your taxonomy splits or pins calls of one category."]
    return []


def _free_form(left: Side, right: Side, free_form: Collection[str]) -> list[str]:
    bare = [side for side in (left, right) if set(side.routes) <= set(free_form)]
    if len(bare) == 2:  # noqa: PLR2004 - both sides
        return [
            "Their calls have no template: they are grouped by what the messages are about, and"
            + (
                " both fall into one group."
                if left.category_id == right.category_id
                else " these are two groups."
            )
        ]
    return [
        f"The calls of “{bare[0].name}” have no template, those of the other have one."
        if bare
        else "Some of their calls have no template and are grouped by what they are about."
    ]


def _by_comparison(
    left: Side,
    right: Side,
    profiles: Mapping[str, RouteProfile],
    span: tuple[float, float] | None,
    *,
    together: bool,
) -> list[str]:
    """The comparison of their routes: of the two largest, or of the pair that decided."""
    if set(left.routes) == set(right.routes) and len(left.routes) == 1:
        return ["They are one route: the same constant text, tools and output format."]
    idle = idle_sentences(list(profiles.values()))
    pairs = [pair for pair in product(left.routes, right.routes) if pair[0] != pair[1]]
    found = [(a, b, compare_routes(profiles[a], profiles[b], idle)) for a, b in pairs]
    apart = [item for item in found if item[2].apart]
    joined = [item for item in found if item[2].joined]
    if together:
        if joined:
            a, b, comparison = joined[0]
            return _together_words(profiles[a], profiles[b], comparison)
        version = _version_words(left, right, profiles, span)
        return version or ["Both are one task with another route of this category."]
    if apart:
        a, b, comparison = apart[0]
        return _apart_words(profiles[a], profiles[b], comparison)
    if joined:
        return [
            "Their routes look like one task, but were found at different times: categories that"
            " exist keep their calls. 'auditor categorize --force' finds all of them anew."
        ]
    return _nothing_words(found[0][2])


def _apart_words(one: RouteProfile, two: RouteProfile, comparison: Comparison) -> list[str]:
    a, b = one.contract, two.contract
    words = {
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
        "task": f"Their instructions name two tasks: {one.task_type}, and {two.task_type}.",
    }
    return [*(words[aspect] for aspect in comparison.apart), *_orders(comparison)]


def _together_words(one: RouteProfile, two: RouteProfile, comparison: Comparison) -> list[str]:
    share = f"{comparison.instructions.share:.0%}"
    words = {
        "instruction": f"Their instructions are one and the same, edited: {share} of the words are"
        " common, and not each of them orders something that the other does not.",
        "contract": "What comes out is the same and no accident: "
        + _some(
            sorted(one.contract.keys & two.contract.keys)
            or _frequent(one.contract.labels)
            or [_form(one)]
        )
        + ".",
        "tools": f"They offer the same tools: {_some(one.tools)}.",
    }
    return [
        *(words[aspect] for aspect in comparison.together),
        "Nothing in their answers, tools or schemas shows two tasks.",
    ]


def _version_words(
    left: Side,
    right: Side,
    profiles: Mapping[str, RouteProfile],
    span: tuple[float, float] | None,
) -> list[str]:
    """That one prompt took the place of the other, if time says so."""
    one, two = (pooled([profiles[r].prompt for r in side.routes]) for side in (left, right))
    for which, old, new in (("second", one, two), ("first", two, one)):
        if span and old.activity and new.activity:
            if not takes_over(old.activity, new.activity, *span):
                continue
            day = datetime.fromtimestamp(new.activity.times[START], UTC)
            common = sorted(
                old.subject.keys() & new.subject.keys(),
                key=lambda word: (-min(old.subject[word], new.subject[word]), word),
            )
            return [
                f"The {which} took the place of the other about {day:%d %B %Y}: one prompt stops where"
                " the other starts, so that it is a new version of it.",
                f"Both are about the same: {_some(common)}.",
            ]
    return []


def _nothing_words(comparison: Comparison) -> list[str]:
    return [
        "Nothing shows that they are one task: only"
        f" {comparison.instructions.share:.0%} of the words of their instructions are common.",
        "What is not shown to be one task stays apart: a mixed category would spoil the verdict of"
        " both.",
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


def _join(left: Side, right: Side) -> list[str]:
    return [
        "To join them: auditor categories --export taxonomy.yaml",
        f"  under id {left.category_id} write   merge: [{right.category_id}]",
        "  and apply it: auditor categories --apply taxonomy.yaml",
    ]


def _split(left: Side, right: Side) -> list[str]:
    own = [route_id for route_id in right.routes if route_id not in left.routes]
    rule = f"route: {own[0]}" if own else "user_contains: WORDS OF ITS MESSAGES"
    return [
        "To split them: auditor categories --export taxonomy.yaml",
        f"  under id {right.category_id} write   split: [{{name: NEW NAME, where: {{{rule}}}}}]",
        "  and apply it: auditor categories --apply taxonomy.yaml",
    ]

"""Why two categories, routes or calls are one task or two, in plain words, and how to change it.

The words are those of the search: the same comparison of routes that joined them is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import combinations, product
from typing import TYPE_CHECKING

from auditor.categories import explain_words as words
from auditor.categories import overrides, route_facts, tables
from auditor.categories.routes import profile
from auditor.categories.routes.merge import RouteProfile, compare_routes, idle_sentences
from auditor.categories.routes.succession import (
    Prompt,
    log_span,
    pooled,
    takes_over,
)
from auditor.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from auditor.store.store import Store

MAX_NEAREST = 3  # names that are proposed where none was found
MIN_CLOSE = 0.5  # likeness of their spelling, from 0 to 1

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
        nearest = _nearest(store, asked)
        raise NotReadyError(
            f'no category, route or call is called "{asked}"',
            hint=f"{nearest}'auditor categories' lists them,"
            " 'auditor categories NAME' their routes",
        )
    category_id, route_id = rows[0]
    ((name, method),) = store.rows(
        "SELECT name, method FROM categories WHERE category_id = ?", [category_id]
    )
    own = [route_id] if route_id else [row[0] for row in store.rows(_ROUTES, [category_id])]
    return Side(category_id=category_id, name=name, method=method, routes=tuple(own))


def _nearest(store: Store, asked: str) -> str:
    """Names that hold what was asked for, or are spelt like it, as the beginning of a hint."""
    found = {name.casefold(): name for (name,) in store.rows("SELECT name FROM categories")}
    # A name in a narrow table is cut, and ends with an ellipsis.
    part = asked.casefold().rstrip("… ")
    holding = sorted(name for name in found if part and part in name)
    close = [*holding, *get_close_matches(part, found, MAX_NEAREST, MIN_CLOSE)]
    near = list(dict.fromkeys(close))[:MAX_NEAREST]
    return f"nearest: {', '.join(f'“{found[name]}”' for name in near)}; " if near else ""


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
    idle = idle_sentences(list(profiles.values()))
    if left.routes == right.routes:
        return _of_itself(left, profiles, idle, span)
    pairs = [pair for pair in product(left.routes, right.routes) if pair[0] != pair[1]]
    found = [(a, b, compare_routes(profiles[a], profiles[b], idle)) for a, b in pairs]
    apart = [item for item in found if item[2].apart]
    joined = [item for item in found if item[2].joined]
    if together:
        if joined:
            a, b, comparison = joined[0]
            return words.together(profiles[a], profiles[b], comparison)
        version = _version(left, right, profiles, span)
        return version or ["Both are one task with another route of this category."]
    if apart:
        a, b, comparison = apart[0]
        return words.apart(profiles[a], profiles[b], comparison)
    if joined:
        return [
            "Their routes look like one task, but were found at different times.",
            "Categories that exist keep their calls; 'auditor categorize --force' finds them anew.",
        ]
    return words.nothing(found[0][2])


def _of_itself(
    side: Side,
    profiles: Mapping[str, RouteProfile],
    idle: Collection[frozenset[str]],
    span: tuple[float, float] | None,
) -> list[str]:
    """Why the routes of one category are one task: what joined the largest of them."""
    if len(side.routes) == 1:
        return ["They are one route: the same constant text, tools and output format."]
    said = [f"That is one category of {len(side.routes)} routes."]
    for a, b in combinations(side.routes, 2):
        found = compare_routes(profiles[a], profiles[b], idle)
        if found.joined:
            return [*said, *words.together(profiles[a], profiles[b], found)]
        one, two = (replace(side, routes=(route,)) for route in (a, b))
        if version := _version(one, two, profiles, span):
            return [*said, *version]
    return said


def _version(
    left: Side,
    right: Side,
    profiles: Mapping[str, RouteProfile],
    span: tuple[float, float] | None,
) -> list[str]:
    """That one prompt took the place of the other, if time says so."""
    one, two = (pooled([profiles[r].prompt for r in side.routes]) for side in (left, right))
    for which, old, new in (("second", one, two), ("first", two, one)):
        if span and old.activity and new.activity and takes_over(old.activity, new.activity, *span):
            return words.version(which, old, new)
    return []


def _join(left: Side, right: Side) -> list[str]:
    return [
        "To join them: auditor categories --export taxonomy.yaml",
        f"  under id {left.category_id} write   merge: [{right.category_id}]",
        "  and apply it: auditor categories --apply taxonomy.yaml",
    ]


def _split(left: Side, right: Side) -> list[str]:
    other = left.routes[:1] if left.routes == right.routes else left.routes
    own = [route_id for route_id in right.routes if route_id not in other]
    rule = f"route: {own[0]}" if own else "user_contains: WORDS OF ITS MESSAGES"
    return [
        "To split them: auditor categories --export taxonomy.yaml",
        f"  under id {right.category_id} write   split: [{{name: NEW NAME, where: {{{rule}}}}}]",
        "  and apply it: auditor categories --apply taxonomy.yaml",
    ]

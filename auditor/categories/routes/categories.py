"""From routes to task categories with names, old ones kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.categories.routes import names
from auditor.categories.routes.lexicon import task_type
from auditor.categories.routes.merge import Profile, group, top_family
from auditor.categories.routes.model import Category, Evidence, Route, name_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A new category before its name is made unique."""

    category: Category
    template: str = ""


def categorize(
    routes: Sequence[Route],
    evidence: Mapping[str, Evidence],
    texts: Mapping[str, Sequence[str]],
    former: Sequence[Category] = (),
) -> tuple[Category, ...]:
    """Join routes to task categories and name them; every route with calls is in one.

    Args:
        routes: All routes.
        evidence: What is known of each route that has calls, by route id.
        texts: Example messages of each new free-form route, for its name.
        former: Categories that exist: they keep id, name and routes, and take in new routes
            of the same task.
    """
    alive = sorted((r for r in routes if r.route_id in evidence), key=lambda r: r.route_id)
    home = {route_id: c.category_id for c in former for route_id in c.route_ids}
    joined: dict[str, list[str]] = defaultdict(list)
    drafts: list[_Draft] = []
    templates = [r for r in alive if not r.free]
    for some in _tasks(templates, evidence):
        old = [r for r in some if r.route_id in home]
        new = [r for r in some if r.route_id not in home]
        if old and new:
            joined[home[old[0].route_id]].extend(r.route_id for r in new)
        elif new:
            drafts.append(_draft(new, evidence))
    free = [r for r in alive if r.free and r.route_id not in home]
    drafts.extend(_free_drafts(free, evidence, texts))
    kept = [replace(c, route_ids=(*c.route_ids, *joined.get(c.category_id, ()))) for c in former]
    drafts.sort(key=lambda draft: draft.category.category_id)
    titles = names.unique(
        [d.category.name for d in drafts], [d.template for d in drafts], {c.name for c in kept}
    )
    fresh = [replace(d.category, name=title) for d, title in zip(drafts, titles, strict=True)]
    return tuple(sorted((*kept, *fresh), key=lambda c: c.category_id))


def _tasks(routes: Sequence[Route], evidence: Mapping[str, Evidence]) -> list[list[Route]]:
    """Template routes grouped by task, the one with most calls first in each group."""
    profiles = [profile(r, evidence[r.route_id]) for r in routes]
    members: dict[int, list[Route]] = defaultdict(list)
    for route, label in zip(routes, group(profiles), strict=True):
        members[label].append(route)
    for some in members.values():
        some.sort(key=lambda r: (-evidence[r.route_id].calls, r.route_id))
    return list(members.values())


def profile(route: Route, proof: Evidence) -> Profile:
    """What `merge` compares of a route."""
    text = proof.template
    for mark in ("{…}", "---", "#"):
        text = text.replace(mark, " ")
    return Profile(
        route_id=route.route_id,
        calls=proof.calls,
        words=" ".join(text.split()),
        shapes=proof.shapes,
        tools=route.structure.tools,
        schema=route.structure.response_format,
        system=route.system_fragments if route.owned else (),
        user=route.user_fragments,
    )


def _draft(routes: Sequence[Route], evidence: Mapping[str, Evidence]) -> _Draft:
    lead = routes[0]
    proof = evidence[lead.route_id]
    kind = profile(lead, proof).kind
    shapes: Counter[str] = Counter()
    for route in routes:
        shapes.update(evidence[route.route_id].shapes)
    title = names.name(
        template=proof.template,
        kind=kind,
        shapes=shapes,
        response_format=lead.structure.response_format,
        owned=lead.owned,
    )
    return _Draft(
        category=Category(
            category_id=category_id(lead.route_id),
            name=title,
            method="route",
            task_type=kind,
            output_shape=top_family(shapes),
            route_ids=tuple(r.route_id for r in routes),
        ),
        template=proof.template,
    )


def _free_drafts(
    routes: Sequence[Route],
    evidence: Mapping[str, Evidence],
    texts: Mapping[str, Sequence[str]],
) -> list[_Draft]:
    samples = [texts.get(r.route_id, ()) for r in routes]
    kinds = [names.usual([task_type(text[:400]) for text in some]) for some in samples]
    titles = names.topic_names(samples, kinds)
    return [
        _Draft(
            category=Category(
                category_id=category_id(r.route_id),
                name=title,
                method="residual",
                task_type=kind,
                output_shape=top_family(evidence[r.route_id].shapes),
                route_ids=(r.route_id,),
            )
        )
        for r, title, kind in zip(routes, titles, kinds, strict=True)
    ]


def category_id(route_id: str) -> str:
    """The id of a category, from the route that was its largest when it was born."""
    return name_digest("category", route_id)[:12]

"""From routes to task categories with names; categories that exist keep theirs."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.categories.routes import names
from auditor.categories.routes.lexicon import task_type
from auditor.categories.routes.merge import RouteProfile, group
from auditor.categories.routes.route import Category, Route, RouteEvidence, stable_id
from auditor.categories.routes.shape import main_family
from auditor.categories.routes.succession import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAX_CHARS = 400  # of a free-form text that are read for its task type


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A new category before its name is made unique."""

    category: Category
    template: str = ""
    facts: tuple[str, ...] = ()


def assemble_categories(
    routes: Sequence[Route],
    evidence: Mapping[str, RouteEvidence],
    texts: Mapping[str, Sequence[str]],
    former: Sequence[Category] = (),
) -> tuple[Category, ...]:
    """Join routes to task categories and name them; every route with calls is in one.

    Args:
        routes: All routes.
        evidence: What is known of each route that has calls, by route id.
        texts: Example messages of each new free-form route, for its name, by route id.
        former: Categories that exist: they keep id, name and routes, and take in new routes
            of the same task.
    """
    alive = sorted((r for r in routes if r.route_id in evidence), key=lambda r: r.route_id)
    home = {route_id: c.category_id for c in former for route_id in c.route_ids}
    joined: dict[str, list[str]] = defaultdict(list)
    drafts: list[_Draft] = []
    for task in _tasks([r for r in alive if not r.free_form], evidence):
        old = [r for r in task if r.route_id in home]
        new = [r for r in task if r.route_id not in home]
        if old and new:
            joined[home[old[0].route_id]].extend(r.route_id for r in new)
        elif new:
            drafts.append(_template_draft(new, evidence))
    free_form = [r for r in alive if r.free_form and r.route_id not in home]
    drafts.extend(_free_form_drafts(free_form, evidence, texts))
    kept = [replace(c, route_ids=(*c.route_ids, *joined.get(c.category_id, ()))) for c in former]
    drafts.sort(key=lambda draft: draft.category.category_id)
    unique = names.unique_names(
        [
            names.Named(
                name=d.category.name,
                category_id=d.category.category_id,
                template=d.template,
                facts=d.facts,
            )
            for d in drafts
        ],
        {c.name for c in kept},
    )
    fresh = [replace(d.category, name=name) for d, name in zip(drafts, unique, strict=True)]
    return tuple(sorted((*kept, *fresh), key=lambda c: c.category_id))


def category_shape(category: Category, evidence: Mapping[str, RouteEvidence]) -> str:
    """The family of shapes that most answers of a category have."""
    return main_family(_shapes(category.route_ids, evidence))


def _shapes(route_ids: Sequence[str], evidence: Mapping[str, RouteEvidence]) -> Counter[str]:
    shapes: Counter[str] = Counter()
    for route_id in route_ids:
        shapes.update(evidence[route_id].shapes)
    return shapes


def _tasks(routes: Sequence[Route], evidence: Mapping[str, RouteEvidence]) -> list[list[Route]]:
    """Template routes grouped by task, the one with most calls first in each group."""
    profiles = [profile(r, evidence[r.route_id]) for r in routes]
    members: dict[int, list[Route]] = defaultdict(list)
    for route, label in zip(routes, group(profiles), strict=True):
        members[label].append(route)
    for task in members.values():
        task.sort(key=lambda r: (-evidence[r.route_id].calls, r.route_id))
    return list(members.values())


def profile(route: Route, evidence: RouteEvidence) -> RouteProfile:
    """What is compared of a route."""
    return RouteProfile(
        words=evidence.template.replace("#", " "),
        shapes=evidence.shapes,
        labels=evidence.labels,
        tools=evidence.tools,
        calls=evidence.calls,
        prompt=Prompt(activity=evidence.activity, subject=evidence.subject),
        response_format=route.structure.response_format,
        system=route.system_fragments if route.task_prompt else (),
        user=route.user_fragments,
    )


def _template_draft(routes: Sequence[Route], evidence: Mapping[str, RouteEvidence]) -> _Draft:
    largest = routes[0]
    of_largest = evidence[largest.route_id]
    kind = profile(largest, of_largest).task_type
    route_ids = tuple(r.route_id for r in routes)
    shapes = _shapes(route_ids, evidence)
    name = names.template_name(
        template=of_largest.template,
        kind=kind,
        shapes=shapes,
        response_format=largest.structure.response_format,
        task_prompt=largest.task_prompt,
    )
    return _Draft(
        category=Category(
            category_id=_category_id(largest.route_id),
            name=name,
            method="route",
            task_type=kind,
            output_shape=main_family(shapes),
            route_ids=route_ids,
        ),
        template=of_largest.template,
        facts=_facts(largest, of_largest),
    )


def _facts(route: Route, evidence: RouteEvidence) -> tuple[str, ...]:
    """What tells a task from another with the same name: its schema, keys, labels and tools."""
    contract = profile(route, evidence).contract
    _, _, schema = route.structure.response_format.partition(":")
    labels = sorted(contract.labels, key=lambda label: (-contract.labels[label], label))
    return (
        *([schema] if schema else []),
        *sorted(contract.keys),
        *(labels if contract.closed else []),
        *evidence.tools,
    )


def _free_form_drafts(
    routes: Sequence[Route],
    evidence: Mapping[str, RouteEvidence],
    texts: Mapping[str, Sequence[str]],
) -> list[_Draft]:
    examples = [texts.get(r.route_id, ()) for r in routes]
    kinds = [
        names.most_common_type([task_type(text[:_MAX_CHARS]) for text in some]) for some in examples
    ]
    return [
        _Draft(
            category=Category(
                category_id=_category_id(r.route_id),
                name=name,
                method="residual",
                task_type=kind,
                output_shape=main_family(evidence[r.route_id].shapes),
                route_ids=(r.route_id,),
            )
        )
        for r, name, kind in zip(routes, names.topic_names(examples, kinds), kinds, strict=True)
    ]


def _category_id(route_id: str) -> str:
    """The id of a category, from the route that was its largest when it was found."""
    return stable_id("category", route_id)[:12]

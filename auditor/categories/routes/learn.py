"""Learn the rules of the routes that a sample of calls shows, at first and when new calls come.

Structural keys come first, then the templates of system prompts, under each of them the templates
of user messages, and in the end the free-form rest.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from auditor.categories.routes.freeform_routes import CATCH_ALL, free_form_routes
from auditor.categories.routes.matcher import NO_ROUTE, Matcher
from auditor.categories.routes.rules import RuleSet
from auditor.categories.routes.sampled_calls import SampledCall, minimum_support, prepare
from auditor.categories.routes.search import Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.categories.routes.route import CallText, Route
    from auditor.categories.routes.rules import FreeFormRule

RARE_SUPPORT = 3  # calls that show a system prompt which is rarer than a template needs to be


def learn(
    known: RuleSet, sample: Sequence[CallText], *, seed: int = 0, fine: bool = False
) -> RuleSet:
    """The known rules, and those of the routes that `sample` shows and they do not explain.

    Searched are the calls that no known template takes, and under each known system prompt the
    messages without a template of their own. Known routes stay as they are. The order of the
    sample does not matter; the same calls and seed give the same rules.

    Args:
        known: What was learnt before; empty at first.
        sample: Calls to search, all of which are read.
        seed: Decides where the clustering of free-form calls starts.
        fine: Split free-form calls by intent instead of into a few tasks.
    """
    support = minimum_support(len(sample))
    if not known.routes:
        return _learn(sample, seed=seed, fine=fine, support=support)
    unexplained: list[CallText] = []
    under: dict[int, list[CallText]] = defaultdict(list)
    for call, match in zip(sample, Matcher(known).assign(sample), strict=True):
        if match.route == NO_ROUTE or (route := known.routes[match.route]).free_form:
            unexplained.append(call)
        elif route.task_prompt and not route.user_fragments:
            under[match.route].append(call)
    rules = known.extended(_learn(unexplained, seed=seed, fine=fine, support=support))
    for number, calls in sorted(under.items()):
        if len(calls) >= support:
            rules = rules.extended(_user_routes(known, known.routes[number], calls, support))
    return rules if rules.free_form else rules.extended(_rule_set(Search(support), [], [CATCH_ALL]))


def _learn(calls: Sequence[CallText], *, seed: int, fine: bool, support: int) -> RuleSet:
    """The routes of calls of which nothing is known yet."""
    if not calls:
        return RuleSet(routes=(), fragments=())
    search = Search(support)
    routes, rest = _template_routes(search, prepare(calls, support))
    # Nobody but code writes a system prompt: a few calls are enough to show one.
    prompted = [m for m in rest if m.structure.system == "specific"]
    if prompted and support > RARE_SUPPORT:
        search = Search(RARE_SUPPORT, search.templates.fragments, user_support=support)
        rare, loose = _template_routes(search, prompted)
        routes += rare
        rest = [m for m in rest if m.structure.system != "specific"] + loose
    free_form = free_form_routes(rest, seed=seed, fine=fine) if rest else [CATCH_ALL]
    return _rule_set(search, routes, free_form)


def _template_routes(
    search: Search, members: Sequence[SampledCall]
) -> tuple[list[Route], list[SampledCall]]:
    """The routes with a template, and the calls that have none."""
    routes: list[Route] = []
    rest: list[SampledCall] = []
    for path, group in search.by_system(members):
        found, loose = search.under_system(path, group)
        routes.extend(found)
        rest.extend(loose)
    return routes, rest


def _user_routes(known: RuleSet, route: Route, calls: Sequence[CallText], support: int) -> RuleSet:
    """Routes that set messages apart under the system prompt of a known route."""
    prompt = [f for f in known.fragments if f.key in route.system_fragments]
    search = Search(support, prompt)
    found, _ = search.under_system(tuple(range(len(prompt))), prepare(calls, support))
    return _rule_set(search, [new for new in found if new.user_fragments], [])


def _rule_set(
    search: Search, routes: Sequence[Route], free_form: Sequence[tuple[Route, FreeFormRule]]
) -> RuleSet:
    used = {key for route in routes for key in (*route.system_fragments, *route.user_fragments)}
    fragments = {f.key: f for f in search.templates.fragments if f.key in used}
    return RuleSet(
        routes=tuple(
            sorted((*routes, *(r for r, _ in free_form)), key=lambda route: route.route_id)
        ),
        fragments=tuple(fragments[key] for key in sorted(fragments)),
        free_form={route.route_id: rule for route, rule in free_form},
    )

"""Which route a call belongs to, by a rule set: for one call or a million."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from auditor.categories.routes import tool_sets
from auditor.categories.routes.fragments import FragmentIndex
from auditor.categories.routes.lexicon import is_generic
from auditor.categories.routes.route import ANY_TOOLS, StructuralKey
from auditor.categories.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.text.vectors import embed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from auditor.categories.routes.route import CallText, Route
    from auditor.categories.routes.rules import RuleSet

NO_ROUTE = -1

_MAX_REMEMBERED = 200_000  # distinct system prompts, and distinct sets of fragments
_EVEN_ODDS = 4.0  # constant shingles of a route that is as likely right as wrong


_Asked = tuple[str, tuple[str, ...], str | None, tuple[int, ...], tuple[int, ...]]
"""What decides the template of a call: the kind of its system prompt, tools, format, fragments."""


class Match(NamedTuple):
    """The route of one call, as an index into `RuleSet.routes` or `NO_ROUTE`.

    `confidence` is from 0 to 1.
    """

    route: int
    confidence: float


def system_kind(system: str | None) -> str:
    """`none`, `generic` ("You are a helpful assistant.") or `specific`."""
    if not system or not system.strip():
        return "none"
    return "generic" if is_generic(system) else "specific"


def structural_key(call: CallText) -> StructuralKey:
    """The structural key of a call as it was sent."""
    return StructuralKey(
        system=system_kind(call.system),
        tools=call.tools,
        response_format=call.response_format or "",
    )


def any_format(name: str) -> str:
    """The output format without the name of its schema."""
    return name.split(":", 1)[0]


def free_text(system: str | None, kind: str, user: str) -> str:
    """What a call without a template is about: a specific system prompt, else the user message."""
    return system or "" if kind == "specific" else user


class Matcher:
    """Applies a rule set to many calls."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._index = FragmentIndex(rules.fragments)
        by_key = {fragment.key: number for number, fragment in enumerate(rules.fragments)}
        self._system = [frozenset(by_key[k] for k in r.system_fragments) for r in rules.routes]
        self._user = [frozenset(by_key[k] for k in r.user_fragments) for r in rules.routes]
        self._template_routes = [i for i, r in enumerate(rules.routes) if not r.free_form]
        self._free_form = {
            specific: groups
            for specific in (False, True)
            if (groups := _FreeFormGroups.of(rules, specific=specific)) is not None
        }
        self._systems: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._best: dict[_Asked, Match | None] = {}

    def assign(self, calls: Sequence[CallText]) -> list[Match]:
        """The route of every call, in order; `NO_ROUTE` only where no free-form route is known."""
        systems = self._system_sides([call.system for call in calls])
        users = self._index.find([call.user for call in calls], USER_HEAD, USER_TAIL)
        out: list[Match | None] = []
        free_form: dict[bool, list[int]] = {False: [], True: []}
        for number, (call, (kind, held), user) in enumerate(
            zip(calls, systems, users, strict=True)
        ):
            asked = (kind, call.tools, call.response_format, held, user)
            # Calls of one template ask the same: each question is answered once.
            try:
                match = self._best[asked]
            except KeyError:
                match = self._best_template(asked)
            if match is None:
                free_form[kind == "specific"].append(number)
            out.append(match)
        for specific, numbers in free_form.items():
            texts = [free_text(calls[i].system, systems[i][0], calls[i].user) for i in numbers]
            for number, match in zip(numbers, self._nearest(texts, specific), strict=True):
                out[number] = match
        return [match for match in out if match is not None]

    def match(self, call: CallText) -> str | None:
        """The id of the route that one call belongs to; None if no route is known for it.

        Only `system`, `user` (the first user message), `tools` and `response_format` are read.
        """
        match = self.assign([call])[0]
        return None if match.route == NO_ROUTE else self.rules.routes[match.route].route_id

    def _best_template(self, asked: _Asked) -> Match | None:
        """The most specific template route that fits, remembered for the next call like it."""
        kind, tools, response_format, system, user = asked
        key = StructuralKey(system=kind, tools=tools, response_format=response_format or "")
        route = self._search(key, frozenset(system), frozenset(user))
        match = None
        if route != NO_ROUTE:
            found = self.rules.routes[route]
            constant = found.system_shingles + found.user_shingles
            match = Match(route, round(constant / (constant + _EVEN_ODDS), 3))
        if len(self._best) > _MAX_REMEMBERED:
            self._best.clear()
        self._best[asked] = match
        return match

    def _search(self, key: StructuralKey, system: frozenset[int], user: frozenset[int]) -> int:
        best, best_rank = NO_ROUTE, (-1, -1, -1, "")
        for number in self._template_routes:
            route = self.rules.routes[number]
            if not (self._system[number] <= system and self._user[number] <= user):
                continue
            fit = _structural_fit(route, key)
            if fit is None:
                continue
            rank = (route.system_shingles, fit, route.user_shingles, route.route_id)
            if rank > best_rank:
                best, best_rank = number, rank
        return best

    def _system_sides(self, systems: Sequence[str | None]) -> list[tuple[str, tuple[int, ...]]]:
        """Kind and fragments of each system prompt; each distinct prompt is read once."""
        new = sorted({s for s in systems if s and s not in self._systems})
        if len(self._systems) + len(new) > _MAX_REMEMBERED:
            self._systems.clear()
            new = sorted({s for s in systems if s})
        for text, held in zip(new, self._index.find(new, SYSTEM_HEAD, SYSTEM_TAIL), strict=True):
            self._systems[text] = (system_kind(text), held)
        return [self._systems[s] if s else ("none", ()) for s in systems]

    def _nearest(self, texts: Sequence[str], specific: bool) -> list[Match]:  # noqa: FBT001
        """The free-form route of texts that no template explains."""
        if not texts:
            return []
        # One kind of free text may have no groups yet: the groups of the other kind take it.
        groups = self._free_form.get(specific) or self._free_form.get(not specific)
        return groups.nearest(texts) if groups else [Match(NO_ROUTE, 0.0)] * len(texts)


@dataclass(frozen=True, slots=True)
class _FreeFormGroups:
    """Free-form routes of one kind: their indices, weights `(k, 256)` and biases `(k,)`."""

    routes: list[int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def of(cls, rules: RuleSet, *, specific: bool) -> Self | None:
        """The groups of texts under a specific system prompt, or of all others; None if none."""
        routes = [
            i
            for i, route in enumerate(rules.routes)
            if route.free_form and (route.structure.system == "specific") == specific
        ]
        if not routes:
            return None
        of_route = [rules.free_form[rules.routes[i].route_id] for i in routes]
        weights = np.array([rule.weights for rule in of_route], np.float32)
        return cls(routes, weights, np.array([rule.bias for rule in of_route], np.float32))

    def nearest(self, texts: Sequence[str]) -> list[Match]:
        """The route with the highest value for each text; its confidence is at most one half."""
        vectors = embed(texts)
        values = vectors @ self.weights.T + self.bias
        top = values.argmax(axis=1)
        lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
        cosine = values[np.arange(len(top)), top] / lengths
        return [
            Match(self.routes[int(group)], round(0.5 * float(c), 3))
            for group, c in zip(top, cosine.clip(0, 1), strict=True)
        ]


def _structural_fit(route: Route, key: StructuralKey) -> int | None:
    """How well tools and format of a request fit a route; None: they rule it out.

    Under a system prompt that states the task they only break ties: the prompt decides.
    """
    want = route.structure
    if want.system != key.system:
        return None
    fit = 0
    if want.tools == key.tools:
        fit += 3
    elif tool_sets.fits(want.tools, key.tools):
        fit += 1 if want.tools == ANY_TOOLS else 2
    elif not route.task_prompt:
        return None
    if want.response_format == key.response_format:
        fit += 2
    elif want.response_format == any_format(key.response_format):
        fit += 1
    elif not route.task_prompt:
        return None
    return fit

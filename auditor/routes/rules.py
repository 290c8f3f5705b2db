"""Routes as rules: which route does one request, or a million, belong to.

A `RuleSet` is everything that was learnt, as plain values that go to JSON and
back. `Matcher` applies it to many calls at a time; `match` to one request.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.routes.fragments import Fragment, FragmentIndex
from auditor.routes.lexicon import is_generic
from auditor.routes.model import ANY_TOOLS, Route, Structure
from auditor.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.routes.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.routes.model import Doc

_MEMO = 200_000  # distinct system prompts remembered
_HALF_MASS = 4.0  # constant shingles that make an assignment even odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The route of one call, as an index into `RuleSet.routes`, and how sure (0 to 1)."""

    route: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All routes with the fragments and cluster centres their rules refer to.

    `centre` is the mean vector that free text is centred by, `centroids` hold one
    unit vector per free-form route, in order of `Route.cluster`.
    """

    routes: tuple[Route, ...]
    fragments: tuple[Fragment, ...]
    centre: tuple[float, ...] = ()
    centroids: tuple[tuple[float, ...], ...] = ()

    def to_json(self) -> str:
        """The rule set as JSON, keys sorted: the same rules give the same bytes."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RuleSet:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            routes=tuple(
                Route(
                    **{
                        **route,
                        "structure": _structure(route["structure"]),
                        "system_fragments": tuple(route["system_fragments"]),
                        "user_fragments": tuple(route["user_fragments"]),
                    }
                )
                for route in raw["routes"]
            ),
            fragments=tuple(
                Fragment(**{**f, "shingles": tuple(f["shingles"]), "words": tuple(f["words"])})
                for f in raw["fragments"]
            ),
            centre=tuple(raw["centre"]),
            centroids=tuple(tuple(row) for row in raw["centroids"]),
        )


def _structure(raw: Mapping[str, Any]) -> Structure:
    return Structure(
        system=raw["system"], tools=tuple(raw["tools"]), response_format=raw["response_format"]
    )


def system_kind(system: str | None) -> str:
    """`none`, `generic` ("You are a helpful assistant.") or `specific`."""
    if not system or not system.strip():
        return "none"
    return "generic" if is_generic(system) else "specific"


def free_text(system: str | None, kind: str, user: str) -> str:
    """What a call without a template is about: its prompt, after a rare system prompt."""
    return f"{(system or '')[:200]}\n{user}" if kind == "specific" else user


class Matcher:
    """Applies a rule set to many calls."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._index = FragmentIndex(rules.fragments)
        by_key = {fragment.key: number for number, fragment in enumerate(rules.fragments)}
        self._system = [frozenset(by_key[k] for k in r.system_fragments) for r in rules.routes]
        self._user = [frozenset(by_key[k] for k in r.user_fragments) for r in rules.routes]
        self._systems: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._memo: dict[tuple[Structure, tuple[int, ...], tuple[int, ...]], int] = {}
        self._clusters = {r.cluster: i for i, r in enumerate(rules.routes) if r.cluster is not None}
        self._template = [i for i, r in enumerate(rules.routes) if r.cluster is None]
        self._centre = np.array(rules.centre, np.float32)
        self._centroids = np.array(rules.centroids, np.float32)

    def assign(self, docs: Sequence[Doc]) -> list[Match]:
        """The route of every call; `Match.route` is -1 only where the rule set is empty."""
        systems = self._system_sides([doc.system for doc in docs])
        users = self._index.find([doc.user for doc in docs], USER_HEAD, USER_TAIL)
        out: list[Match | None] = []
        loose: list[int] = []
        for number, (doc, (kind, held), user) in enumerate(zip(docs, systems, users, strict=True)):
            structure = Structure(
                system=kind, tools=doc.tools, response_format=doc.response_format or ""
            )
            route = self.best(structure, held, user)
            if route < 0:
                loose.append(number)
                out.append(None)
                continue
            mass = self.rules.routes[route].mass
            out.append(Match(route=route, confidence=round(mass / (mass + _HALF_MASS), 3)))
        for number, found in zip(loose, self._nearest(docs, systems, loose), strict=True):
            out[number] = found
        return [found for found in out if found is not None]

    def best(self, structure: Structure, system: tuple[int, ...], user: tuple[int, ...]) -> int:
        """The most specific template route that holds, -1 if none does."""
        memo = (structure, system, user)
        found = self._memo.get(memo)
        if found is None:
            if len(self._memo) > _MEMO:
                self._memo.clear()
            found = self._memo[memo] = self._search(structure, frozenset(system), frozenset(user))
        return found

    def _search(self, have: Structure, system: frozenset[int], user: frozenset[int]) -> int:
        best, best_rank = -1, (-1, -1, -1, -1, "")
        for number in self._template:
            route = self.rules.routes[number]
            if not (self._system[number] <= system and self._user[number] <= user):
                continue
            form = form_fit(route, have)
            if form is None:
                continue
            rank = (route.system_mass, form, route.user_mass, 0, route.route_id)
            if rank > best_rank:
                best, best_rank = number, rank
        return best

    def _system_sides(self, systems: Sequence[str | None]) -> list[tuple[str, tuple[int, ...]]]:
        new = sorted({s for s in systems if s and s not in self._systems})
        if len(self._systems) + len(new) > _MEMO:
            self._systems.clear()
            new = sorted({s for s in systems if s})
        for text, held in zip(new, self._index.find(new, SYSTEM_HEAD, SYSTEM_TAIL), strict=True):
            self._systems[text] = (system_kind(text), held)
        return [self._systems[s] if s else ("none", ()) for s in systems]

    def _nearest(
        self,
        docs: Sequence[Doc],
        systems: Sequence[tuple[str, tuple[int, ...]]],
        which: Sequence[int],
    ) -> list[Match]:
        """The nearest free-form route of calls that no template explains."""
        if not which:
            return []
        if not self._clusters:
            return [Match(route=-1, confidence=0.0)] * len(which)
        vectors = embed([free_text(docs[i].system, systems[i][0], docs[i].user) for i in which])
        near = unit(vectors - self._centre) @ self._centroids.T
        top = near.argmax(axis=1)
        score = near[np.arange(len(top)), top].clip(0, 1)
        return [
            Match(route=self._clusters[int(c)], confidence=round(0.5 * float(s), 3))
            for c, s in zip(top, score, strict=True)
        ]


def form_fit(route: Route, have: Structure) -> int | None:
    """How well tools and format of a request fit a route; None: they rule it out.

    Under a task-bearing system prompt they only break ties: the prompt decides.
    """
    want = route.structure
    if want.system != have.system:
        return None
    fit = 0
    if want.tools == have.tools:
        fit += 2
    elif want.tools == ANY_TOOLS and have.tools:
        fit += 1
    elif not route.owned:
        return None
    if want.response_format == have.response_format:
        fit += 2
    elif want.response_format == any_format(have.response_format):
        fit += 1
    elif not route.owned:
        return None
    return fit


def any_format(name: str) -> str:
    """The output format without the name of its schema."""
    return name.split(":", 1)[0]


@lru_cache(maxsize=8)
def _matcher(rules: RuleSet) -> Matcher:
    return Matcher(rules)


def match(rules: RuleSet, doc: Doc) -> str | None:
    """The id of the route that one new request belongs to; None if there are no routes."""
    found = _matcher(rules).assign([doc])[0]
    return rules.routes[found.route].route_id if found.route >= 0 else None

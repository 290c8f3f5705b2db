"""Routes as rules: which route does one request, or a million, belong to.

A `RuleSet` is everything that was learnt, as plain values that go to JSON and
back. `Matcher` applies it to one request or to many.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.categories.routes.fragments import Fragment, FragmentIndex
from auditor.categories.routes.lexicon import is_generic
from auditor.categories.routes.model import ANY_TOOLS, Route, Structure
from auditor.categories.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.categories.routes.vectors import embed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from auditor.categories.routes.model import Doc

RULE_VERSION = 1
_MEMO = 200_000  # distinct system prompts remembered
_HALF_MASS = 4.0  # constant shingles that make an assignment even odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The route of one call, as an index into `RuleSet.routes`, and how sure (0 to 1)."""

    route: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """The rule of a free-form route: `weights @ v + bias` for the mean word vector `v` of a text.

    The route with the highest value takes the text.
    """

    weights: tuple[float, ...]
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All routes, the fragments their rules refer to, and the rules of free-form routes by id."""

    routes: tuple[Route, ...]
    fragments: tuple[Fragment, ...]
    free: Mapping[str, Free] = field(default_factory=dict)

    def rule(self, route: Route) -> str:
        """One route's matching rule as JSON that stands alone, keys sorted.

        A request belongs to the route if its system prompt is of the kind named, its tools
        and format fit, and each side holds the fragments: `CONTAIN` of the shingles of each.
        Among several the one with more constant text in the system prompt wins, then the
        better fit of tools and format, then more constant text in the user message. A
        free-form route takes what no other does and its `free` gives the highest value for,
        see `Free`; with a specific system prompt that is read instead of the user message.
        """
        by_key = {fragment.key: fragment for fragment in self.fragments}
        free = self.free.get(route.route_id)
        return json.dumps(
            {
                "version": RULE_VERSION,
                "route_id": route.route_id,
                "structure": asdict(route.structure),
                "owned": route.owned,
                "system": [_fragment_out(by_key[key]) for key in route.system_fragments],
                "user": [_fragment_out(by_key[key]) for key in route.user_fragments],
                "free": asdict(free) if free else None,
            },
            sort_keys=True,
            ensure_ascii=False,
        )

    def extended(self, new: RuleSet) -> RuleSet:
        """These rules and the templates of `new`; its free-form routes only where here are none.

        Free text that comes later goes to the groups that exist.
        """
        known = {route.route_id for route in self.routes}
        grouped = {route.structure.system for route in self.routes if route.free}
        added = [
            route
            for route in new.routes
            if route.route_id not in known
            and not (route.free and route.structure.system in grouped)
        ]
        return RuleSet.from_rules(
            [*map(self.rule, self.routes), *(new.rule(route) for route in added)]
        )

    @classmethod
    def from_rules(cls, rules: Iterable[str]) -> RuleSet:
        """Build a rule set from what `rule` wrote, in any order."""
        raws = sorted((json.loads(rule) for rule in rules), key=lambda raw: str(raw["route_id"]))
        fragments: dict[str, Fragment] = {}
        routes: list[Route] = []
        free: dict[str, Free] = {}
        for raw in raws:
            sides = [[_fragment_in(f) for f in raw[side]] for side in ("system", "user")]
            fragments.update((f.key, f) for side in sides for f in side)
            if raw["free"] is not None:
                form = raw["free"]
                free[raw["route_id"]] = Free(weights=tuple(form["weights"]), bias=form["bias"])
            structure = raw["structure"]
            routes.append(
                Route(
                    route_id=raw["route_id"],
                    structure=Structure(
                        system=structure["system"],
                        tools=tuple(structure["tools"]),
                        response_format=structure["response_format"],
                    ),
                    system_fragments=tuple(f.key for f in sides[0]),
                    user_fragments=tuple(f.key for f in sides[1]),
                    free=raw["free"] is not None,
                    owned=raw["owned"],
                    system_mass=sum(len(f.shingles) for f in sides[0]),
                    user_mass=sum(len(f.shingles) for f in sides[1]),
                )
            )
        return cls(
            routes=tuple(routes),
            fragments=tuple(fragments[key] for key in sorted(fragments)),
            free=free,
        )


def _fragment_out(fragment: Fragment) -> dict[str, Any]:
    return {
        "text": fragment.text,
        "words": fragment.words,
        "shingles": [f"{h:016x}" for h in fragment.shingles],
        "support": fragment.support,
        "anchored": fragment.anchored,
    }


def _fragment_in(raw: Mapping[str, Any]) -> Fragment:
    return Fragment(
        shingles=tuple(int(h, 16) for h in raw["shingles"]),
        words=tuple(raw["words"]),
        text=raw["text"],
        support=raw["support"],
        anchored=raw["anchored"],
    )


def system_kind(system: str | None) -> str:
    """`none`, `generic` ("You are a helpful assistant.") or `specific`."""
    if not system or not system.strip():
        return "none"
    return "generic" if is_generic(system) else "specific"


def free_text(system: str | None, kind: str, user: str) -> str:
    """What a call without a template is about: a rare system prompt, else the user message."""
    return system or "" if kind == "specific" else user


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
        self._template = [i for i, r in enumerate(rules.routes) if not r.free]
        self._free: dict[bool, tuple[list[int], NDArray[np.float32], NDArray[np.float32]]] = {}
        for rare in (False, True):
            some = [
                i
                for i, r in enumerate(rules.routes)
                if r.free and (r.structure.system == "specific") == rare
            ]
            forms = [rules.free[rules.routes[i].route_id] for i in some]
            weights = np.array([form.weights for form in forms], np.float32)
            bias = np.array([form.bias for form in forms], np.float32)
            if some:
                self._free[rare] = (some, weights, bias)

    def assign(self, docs: Sequence[Doc]) -> list[Match]:
        """The route of every call; `Match.route` is -1 only where the rule set is empty."""
        systems = self._system_sides([doc.system for doc in docs])
        users = self._index.find([doc.user for doc in docs], USER_HEAD, USER_TAIL)
        out: list[Match | None] = []
        loose: dict[bool, list[int]] = {False: [], True: []}
        for number, (doc, (kind, held), user) in enumerate(zip(docs, systems, users, strict=True)):
            structure = Structure(
                system=kind, tools=doc.tools, response_format=doc.response_format or ""
            )
            route = self.best(structure, held, user)
            if route < 0:
                loose[kind == "specific"].append(number)
                out.append(None)
                continue
            mass = self.rules.routes[route].mass
            out.append(Match(route=route, confidence=round(mass / (mass + _HALF_MASS), 3)))
        for rare, some in loose.items():
            texts = [free_text(docs[i].system, systems[i][0], docs[i].user) for i in some]
            for number, found in zip(some, self._nearest(texts, rare=rare), strict=True):
                out[number] = found
        return [found for found in out if found is not None]

    def match(self, doc: Doc) -> str | None:
        """The id of the route that one request belongs to; None if there are no routes.

        Only `system`, `user` (the first user message), `tools` and `response_format` are read.
        """
        found = self.assign([doc])[0]
        return self.rules.routes[found.route].route_id if found.route >= 0 else None

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

    def _nearest(self, texts: Sequence[str], *, rare: bool) -> list[Match]:
        """The free-form route of texts that no template explains."""
        if not texts:
            return []
        # one kind of free text may have no groups yet: the other's will do
        groups = self._free.get(rare) or self._free.get(not rare)
        if groups is None:
            return [Match(route=-1, confidence=0.0)] * len(texts)
        routes, weights, bias = groups
        vectors = embed(texts)
        values = vectors @ weights.T + bias
        top = values.argmax(axis=1)
        sure = values[np.arange(len(top)), top] / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
        return [
            Match(route=routes[int(group)], confidence=round(0.5 * float(s), 3))
            for group, s in zip(top, sure.clip(0, 1), strict=True)
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

"""Routes as rules: plain values that go to JSON and back. `matcher` applies them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.categories.routes.fragments import Fragment
from auditor.categories.routes.route import Route, StructuralKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RULE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeFormRule:
    """The rule of a free-form route: `weights @ v + bias` for the mean word vector `v` of a text.

    `weights` are 256 numbers. Of all free-form routes the one with the highest value takes the
    text.
    """

    weights: tuple[float, ...]
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All routes, the fragments their rules refer to, and the rules of free-form routes by id."""

    routes: tuple[Route, ...]
    fragments: tuple[Fragment, ...]
    free_form: Mapping[str, FreeFormRule] = field(default_factory=dict)

    def rule(self, route: Route) -> str:
        """One route's matching rule as JSON that stands alone, keys sorted.

        A request belongs to the route if its system prompt is of the kind named, its tools and
        format fit, and each side holds the fragments: `fragments.MIN_CONTAINMENT` of the
        shingles of each. If several routes fit, the one with more constant text in the system
        prompt wins, then the better fit of tools and format, then more constant text in the user
        message. A free-form route takes a request that no template fits if its `free` gives the
        highest value (see `FreeFormRule`) for the user message, or for the system prompt where
        that is specific.
        """
        by_key = {fragment.key: fragment for fragment in self.fragments}
        free_form = self.free_form.get(route.route_id)
        return json.dumps(
            {
                "version": RULE_VERSION,
                "route_id": route.route_id,
                "structure": asdict(route.structure),
                "owned": route.task_prompt,
                "system": [_fragment_out(by_key[key]) for key in route.system_fragments],
                "user": [_fragment_out(by_key[key]) for key in route.user_fragments],
                "free": asdict(free_form) if free_form else None,
            },
            sort_keys=True,
            ensure_ascii=False,
        )

    def extended(self, new: RuleSet) -> RuleSet:
        """These rules and the new templates of `new`.

        Its free-form routes are added only where these rules have none: free text that comes
        later goes to the groups that exist.
        """
        known = {route.route_id for route in self.routes}
        grouped = {route.structure.system for route in self.routes if route.free_form}
        added = [
            route
            for route in new.routes
            if route.route_id not in known
            and not (route.free_form and route.structure.system in grouped)
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
        free_form: dict[str, FreeFormRule] = {}
        for raw in raws:
            sides = [[_fragment_in(f) for f in raw[side]] for side in ("system", "user")]
            fragments.update((f.key, f) for side in sides for f in side)
            if raw["free"] is not None:
                formula = raw["free"]
                free_form[raw["route_id"]] = FreeFormRule(
                    weights=tuple(formula["weights"]), bias=formula["bias"]
                )
            structure = raw["structure"]
            routes.append(
                Route(
                    route_id=raw["route_id"],
                    structure=StructuralKey(
                        system=structure["system"],
                        tools=tuple(structure["tools"]),
                        response_format=structure["response_format"],
                    ),
                    system_fragments=tuple(f.key for f in sides[0]),
                    user_fragments=tuple(f.key for f in sides[1]),
                    free_form=raw["free"] is not None,
                    task_prompt=raw["owned"],
                    system_shingles=sum(len(f.shingles) for f in sides[0]),
                    user_shingles=sum(len(f.shingles) for f in sides[1]),
                )
            )
        return cls(
            routes=tuple(routes),
            fragments=tuple(fragments[key] for key in sorted(fragments)),
            free_form=free_form,
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

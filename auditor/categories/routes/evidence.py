"""The evidence for routes: counts, examples and the template text of the calls they took."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from auditor.categories.routes.fragments import covered_tokens, render
from auditor.categories.routes.route import CallText, RouteEvidence
from auditor.categories.routes.text import (
    SYSTEM_HEAD,
    SYSTEM_TAIL,
    USER_HEAD,
    USER_TAIL,
    anchor_hashes,
    shingles,
    tokenize,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.categories.routes.matcher import Match
    from auditor.categories.routes.rules import RuleSet

MAX_EXAMPLES = 5  # call ids kept as evidence
MAX_DESCRIBED = 12  # example calls read for the template and its share
MAX_KEPT = 200  # example calls kept per route while counting
MIN_CONSTANT = 0.7  # share of the example calls that must have a shingle for it to be constant


class EvidenceCounter:
    """Counts and examples per route, filled batch by batch; the order of calls does not matter."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._shapes: dict[int, Counter[str]] = defaultdict(Counter)
        self._calls: Counter[int] = Counter()
        self._kept: dict[int, list[tuple[int, str, CallText]]] = defaultdict(list)
        self._limit: dict[int, int] = {}

    def add(self, calls: Sequence[CallText], matches: Sequence[Match]) -> None:
        """Count one batch of calls, each with its route."""
        for call, (route, _) in zip(calls, matches, strict=True):
            self._calls[route] += 1
            if call.shape is not None:
                self._shapes[route][call.shape] += 1
            # The calls with the lowest checksums are the examples.
            place = crc32(call.call_id.encode("utf-8", "surrogatepass"))
            if place <= self._limit.get(route, place):
                kept = self._kept[route]
                kept.append((place, call.call_id, call))
                if len(kept) > 2 * MAX_KEPT:
                    kept.sort(key=_place)
                    del kept[MAX_KEPT:]
                    self._limit[route] = kept[-1][0]

    def free_form_texts(self) -> dict[str, list[str]]:
        """Example user messages of every free-form route that has calls, by route id."""
        return {
            route.route_id: [call.user for call in self._examples(number, MAX_KEPT)]
            for number, route in enumerate(self._rules.routes)
            if route.free_form and self._calls[number]
        }

    def by_route(self) -> dict[str, RouteEvidence]:
        """The evidence of every route that has calls, by route id."""
        return {
            self._rules.routes[route].route_id: self._evidence(route)
            for route in sorted(self._calls)
        }

    def _evidence(self, number: int) -> RouteEvidence:
        examples = self._examples(number, MAX_DESCRIBED)
        template, share = describe(examples)
        return RouteEvidence(
            template=template,
            constant_share=round(share, 3),
            shapes=most_frequent_first(self._shapes[number]),
            examples=tuple(call.call_id for call in examples[:MAX_EXAMPLES]),
            calls=self._calls[number],
        )

    def _examples(self, route: int, n: int) -> list[CallText]:
        return [call for _, _, call in sorted(self._kept[route], key=_place)[:n]]


def _place(item: tuple[int, str, CallText]) -> tuple[int, str]:
    return item[:2]


def most_frequent_first(shapes: Counter[str]) -> dict[str, int]:
    """Counts of shapes in falling order; equal counts in order of the name."""
    return dict(sorted(shapes.items(), key=lambda item: (-item[1], item[0])))


def describe(calls: Sequence[CallText]) -> tuple[str, float]:
    """The template of a route as text with slots, and the share of its tokens that is constant.

    The text is read from the call that shows most of it, each side on its own.
    """
    sides = (
        _common([call.system or "" for call in calls], SYSTEM_HEAD, SYSTEM_TAIL),
        _common([call.user for call in calls], USER_HEAD, USER_TAIL),
    )
    constant = sum(n for _, n, _ in sides)
    total = sum(n for _, _, n in sides)
    template = "\n---\n".join(text for text, _, _ in sides if text)
    return template, (constant / total if total else 0.0)


def _common(texts: Sequence[str], head: int, tail: int) -> tuple[str, int, int]:
    """What most of some texts have in common, as text with slots; constant and all tokens."""
    if not any(text.strip() for text in texts):
        return "", 0, 0
    tokens = tokenize(texts, head, tail)
    found = shingles(tokens)
    pairs = np.unique(np.stack((found.hashes, found.rows.astype(np.uint64))), axis=1)
    hashes, counts = np.unique(pairs[0], return_counts=True)
    constant = hashes[counts >= max(MIN_CONSTANT * len(texts), min(2, len(texts)))]
    hit = np.isin(found.hashes, constant)
    per_row = np.bincount(found.rows[hit], minlength=len(texts))
    fullest = int(per_row.argmax())
    covered = covered_tokens(found.positions[hit & (found.rows == fullest)])
    words = ~np.isin(tokens.hashes, anchor_hashes())
    everywhere = covered_tokens(found.positions[hit])
    return (
        render(tokens, covered).strip(),
        int(words[everywhere].sum()),
        int(words.sum()),
    )

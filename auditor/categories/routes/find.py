"""Routes and task categories of a set of calls, from the first look to the names."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

import numpy as np

from auditor.categories.routes.categories import categorize
from auditor.categories.routes.fragments import covered_tokens, render
from auditor.categories.routes.model import Category, Doc, Evidence
from auditor.categories.routes.rules import Match, Matcher, RuleSet
from auditor.categories.routes.search import learn
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
    from collections.abc import Mapping, Sequence

SAMPLE = 8000  # calls mined; measured: 3k to 8k is as good as 30k and less easily misled
RARE_KEYS = "rare"  # the stratum of keys that have none of their own
RARE = 100  # calls of a rare structural key that are mined in any case
EXAMPLES = 5  # call ids kept as evidence
_LOOKED_AT = 12  # examples read for the template and its share
_KEPT = 200  # example calls kept per route while counting


_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The result: rules, evidence per route, categories, and the route of every call.

    `matches` are in the order of the calls given to `find_routes`.
    """

    rules: RuleSet
    evidence: Mapping[str, Evidence]
    categories: tuple[Category, ...]
    matches: tuple[Match, ...]

    def category_of(self, match: Match) -> Category:
        """The category of a match."""
        route_id = self.rules.routes[match.route].route_id
        return next(c for c in self.categories if route_id in c.route_ids)


def find_routes(docs: Sequence[Doc], *, seed: int = 0, sample: int = SAMPLE) -> Routes:
    """Find the routes and categories of `docs`.

    Args:
        docs: The calls, in any order: only the set matters.
        seed: Decides which calls are mined where there are more than `sample`.
        sample: How many calls are mined; all calls are assigned.
    """
    rules = learn(draw(docs, seed=seed, size=sample), seed=seed)
    matches = Matcher(rules).assign(docs)
    gathered = Gathered(rules)
    gathered.add(docs, matches)
    return Routes(
        rules=rules,
        evidence=gathered.by_route,
        categories=categorize(rules.routes, gathered.by_route, gathered.texts()),
        matches=tuple(matches),
    )


def draw(docs: Sequence[Doc], *, seed: int, size: int) -> list[Doc]:
    """Choose the calls to mine: at least a fair share of every structural key, by hash order."""
    if len(docs) <= size:
        return list(docs)
    keys = [(doc.system is None, doc.tools, doc.response_format or "") for doc in docs]
    common = frequent(Counter(keys))
    strata: dict[str, list[tuple[str, str, Doc]]] = defaultdict(list)
    for key, doc in zip(keys, docs, strict=True):
        name = repr(key) if key in common else RARE_KEYS
        strata[name].append((rank(doc.call_id, seed), doc.call_id, doc))
    wanted = quotas({name: len(some) for name, some in strata.items()}, size)
    return [doc for name, n in wanted.items() for _, _, doc in sorted(strata[name])[:n]]


def frequent(counts: Mapping[_Key, int]) -> set[_Key]:
    """Structural keys with enough calls to be a stratum of their own; the others are one."""
    least = max(8, sum(counts.values()) // 2000)
    return {key for key, n in counts.items() if n >= least}


def rank(call_id: str, seed: int) -> str:
    """Place of a call in the order of drawing: `md5(seed:call_id)`, which SQL can compute too."""
    return hashlib.md5(f"{seed}:{call_id}".encode(), usedforsecurity=False).hexdigest()


def quotas(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Share a sample among strata in proportion, rare ones first and up to `RARE` calls each."""
    left, total = size, sum(counts.values())
    out: dict[str, int] = {}
    for key, n in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        out[key] = min(n, left, max(round(left * n / total), RARE))
        total -= n
        left -= out[key]
    return out


class Gathered:
    """Counts and examples per route, filled batch by batch; the order of calls does not matter."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.shapes: dict[int, Counter[str]] = defaultdict(Counter)
        self.calls: Counter[int] = Counter()
        self._kept: dict[int, list[tuple[int, str, Doc]]] = defaultdict(list)
        self._limit: dict[int, int] = {}

    def add(self, docs: Sequence[Doc], matches: Sequence[Match]) -> None:
        """Count one batch of assigned calls."""
        for doc, match in zip(docs, matches, strict=True):
            route = match.route
            self.calls[route] += 1
            if doc.shape is not None:
                self.shapes[route][doc.shape] += 1
            # the calls with the lowest checksums are the examples
            place = crc32(doc.call_id.encode("utf-8", "surrogatepass"))
            if place <= self._limit.get(route, place):
                kept = self._kept[route]
                kept.append((place, doc.call_id, doc))
                if len(kept) > 2 * _KEPT:
                    kept.sort(key=_place)
                    del kept[_KEPT:]
                    self._limit[route] = kept[-1][0]

    def docs(self, route: int, n: int = _KEPT) -> list[Doc]:
        """Up to `n` example calls of a route."""
        return [doc for _, _, doc in sorted(self._kept[route], key=_place)[: min(n, _KEPT)]]

    def texts(self) -> dict[str, list[str]]:
        """The user messages of the example calls of every free-form route."""
        return {
            route.route_id: [doc.user for doc in self.docs(number)]
            for number, route in enumerate(self.rules.routes)
            if route.free and self.calls[number]
        }

    @property
    def by_route(self) -> dict[str, Evidence]:
        """The evidence of every route that has calls."""
        return {
            self.rules.routes[route].route_id: self._evidence(route) for route in sorted(self.calls)
        }

    def _evidence(self, number: int) -> Evidence:
        docs = self.docs(number, _LOOKED_AT)
        template, share = describe(docs)
        shapes = dict(sorted(self.shapes[number].items(), key=lambda item: (-item[1], item[0])))
        return Evidence(
            template=template,
            constant_share=round(share, 3),
            shapes=shapes,
            examples=tuple(doc.call_id for doc in docs[:EXAMPLES]),
            calls=self.calls[number],
        )


def _place(item: tuple[int, str, Doc]) -> tuple[int, str]:
    return item[:2]


def describe(docs: Sequence[Doc]) -> tuple[str, float]:
    """The template of a route as text with slots, and the share of its tokens that is constant.

    Constant is what at least 70 % of the example calls have in common. The text is read
    from the example that shows most of it.
    """
    parts, shares = [], []
    sides = (
        ("system", [doc.system or "" for doc in docs], SYSTEM_HEAD, SYSTEM_TAIL),
        ("user", [doc.user for doc in docs], USER_HEAD, USER_TAIL),
    )
    for _, texts, head, tail in sides:
        text, constant, total = common(texts, head, tail)
        if text:
            parts.append(text)
        shares.append((constant, total))
    constant = sum(c for c, _ in shares)
    total = sum(t for _, t in shares)
    return "\n---\n".join(parts), (constant / total if total else 0.0)


def common(texts: Sequence[str], head: int, tail: int) -> tuple[str, int, int]:
    """What most of some texts have in common, as text with slots; constant and all tokens."""
    if not any(text.strip() for text in texts):
        return "", 0, 0
    tokens = tokenize(texts, head, tail)
    found = shingles(tokens)
    pairs = np.unique(np.stack((found.hashes, found.rows.astype(np.uint64))), axis=1)
    hashes, counts = np.unique(pairs[0], return_counts=True)
    constant = hashes[counts >= max(0.7 * len(texts), min(2, len(texts)))]
    hit = np.isin(found.hashes, constant)
    per_row = np.bincount(found.rows[hit], minlength=len(texts))
    home = int(per_row.argmax())
    covered = covered_tokens(found.positions[hit & (found.rows == home)])
    words = ~np.isin(tokens.hashes, anchor_hashes())
    everywhere = covered_tokens(found.positions[hit])
    n_constant = int(words[everywhere].sum())
    return render(tokens, covered).strip(), n_constant, int(words.sum())

"""Routes and task categories of a set of calls, from the first look to the names."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.routes import names
from auditor.routes.fragments import covered_tokens, render
from auditor.routes.learn import learn
from auditor.routes.lexicon import task_type
from auditor.routes.merge import Profile, group, top_family
from auditor.routes.model import Category, Doc, Evidence, Route, name_digest
from auditor.routes.rules import Match, Matcher, RuleSet
from auditor.routes.text import (
    SYSTEM_HEAD,
    SYSTEM_TAIL,
    USER_HEAD,
    USER_TAIL,
    anchor_hashes,
    shingles,
    tokenize,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SAMPLE = 8000  # calls mined; measured: 3k to 8k is as good as 30k and less easily misled
EXAMPLES = 5  # call ids kept as evidence
_LOOKED_AT = 12  # examples read for the template and its share
_KEPT = 200  # example calls kept per route while counting


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
    evidence = gather(rules, docs, matches)
    return Routes(
        rules=rules,
        evidence=evidence.by_route,
        categories=categorize(rules, evidence),
        matches=tuple(matches),
    )


def draw(docs: Sequence[Doc], *, seed: int, size: int) -> list[Doc]:
    """Choose the calls to mine: at least a fair share of every structural key, by hash order."""
    if len(docs) <= size:
        return list(docs)
    strata: dict[tuple[object, ...], list[tuple[bytes, Doc]]] = defaultdict(list)
    for doc in docs:
        rank = hashlib.blake2b(f"{seed}:{doc.call_id}".encode(), digest_size=8).digest()
        strata[doc.tools, doc.response_format, doc.system is None].append((rank, doc))
    ordered = sorted(strata.items(), key=lambda item: (len(item[1]), repr(item[0])))
    out: list[Doc] = []
    left, total = size, len(docs)
    for _, some in ordered:
        # a rare key gives what it has up to an even share, the others in proportion
        fair = max(round(left * len(some) / max(total, 1)), min(len(some), 100, left))
        some.sort(key=lambda item: (item[0], item[1].call_id))
        out.extend(doc for _, doc in some[:fair])
        total -= len(some)
        left -= min(fair, len(some))
    return out


class Gathered:
    """Counts and examples per route, filled batch by batch."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.shapes: dict[int, Counter[str]] = defaultdict(Counter)
        self.calls: Counter[int] = Counter()
        self.examples: dict[int, list[tuple[bytes, Doc]]] = defaultdict(list)

    def add(self, docs: Sequence[Doc], matches: Sequence[Match]) -> None:
        """Count one batch of assigned calls."""
        for doc, match in zip(docs, matches, strict=True):
            route = match.route
            self.calls[route] += 1
            if doc.shape is not None:
                self.shapes[route][doc.shape] += 1
            kept = self.examples[route]
            if len(kept) < _KEPT or self.calls[route] % 64 == 0:
                kept.append((hashlib.blake2b(doc.call_id.encode(), digest_size=8).digest(), doc))
                if len(kept) > 2 * _KEPT:
                    kept.sort(key=lambda item: (item[0], item[1].call_id))
                    del kept[_KEPT:]

    def docs(self, route: int, n: int) -> list[Doc]:
        """Up to `n` example calls of a route, in hash order."""
        kept = sorted(self.examples[route], key=lambda item: (item[0], item[1].call_id))
        return [doc for _, doc in kept[:n]]

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


def gather(rules: RuleSet, docs: Sequence[Doc], matches: Sequence[Match]) -> Gathered:
    """Collect counts and examples of assigned calls; the order of `docs` does not matter."""
    order = sorted(range(len(docs)), key=lambda i: docs[i].call_id)
    out = Gathered(rules)
    out.add([docs[i] for i in order], [matches[i] for i in order])
    return out


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
    return render(tokens, covered), n_constant, int(words.sum())


def categorize(rules: RuleSet, gathered: Gathered) -> tuple[Category, ...]:
    """Join routes to task categories and name them; every route with calls is in one."""
    evidence = gathered.by_route
    by_id = {route.route_id: number for number, route in enumerate(rules.routes)}
    templates = [r for r in rules.routes if r.cluster is None and r.route_id in evidence]
    profiles = [profile(r, evidence[r.route_id]) for r in templates]
    labels = group(profiles)
    members: dict[int, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        members[label].append(index)
    drafts: list[tuple[Category, list[str]]] = []
    for some in members.values():
        some.sort(key=lambda i: (-profiles[i].calls, profiles[i].route_id))
        lead = profiles[some[0]]
        shapes: Counter[str] = Counter()
        for i in some:
            shapes.update(profiles[i].shapes)
        route = templates[some[0]]
        proof = evidence[route.route_id]
        free = (
            route.owned
            and lead.kind in names.CHAT
            and top_family(shapes) in {"text", "code"}
            and (names.verb_object(lead.words) is None)
        )
        drafts.append(
            (
                _category(
                    lead,
                    names.name(
                        template=proof.template, kind=lead.kind, shapes=shapes, free_form=free
                    ),
                    "route",
                    shapes,
                    [profiles[i].route_id for i in some],
                ),
                names.keywords(proof.template),
            )
        )
    free_routes = [r for r in rules.routes if r.cluster is not None and r.route_id in evidence]
    texts = [[doc.user for doc in gathered.docs(by_id[r.route_id], _KEPT)] for r in free_routes]
    kinds = [names.usual([task_type(text[:400]) for text in some]) for some in texts]
    for r, base, kind in zip(free_routes, names.topic_names(texts, kinds), kinds, strict=True):
        shapes = Counter(evidence[r.route_id].shapes)
        lead = Profile(
            route_id=r.route_id,
            calls=evidence[r.route_id].calls,
            words="",
            shapes=shapes,
            tools=False,
        )
        drafts.append((_category(lead, base, "residual", shapes, [r.route_id], kind), []))
    drafts.sort(key=lambda item: item[0].category_id)
    titles = names.unique([c.name for c, _ in drafts], [hints for _, hints in drafts])
    return tuple(
        Category(
            category_id=c.category_id,
            name=title,
            method=c.method,
            task_type=c.task_type,
            output_shape=c.output_shape,
            route_ids=c.route_ids,
        )
        for (c, _), title in zip(drafts, titles, strict=True)
    )


def profile(route: Route, proof: Evidence) -> Profile:
    """What `merge` compares of a route."""
    words = " ".join(
        proof.template.replace("{…}", " ").replace("---", " ").replace("#", " ").split()
    )
    return Profile(
        route_id=route.route_id,
        calls=proof.calls,
        words=words,
        shapes=proof.shapes,
        tools=bool(route.structure.tools),
    )


def _category(
    lead: Profile,
    name: str,
    method: str,
    shapes: Mapping[str, int],
    route_ids: Iterable[str],
    kind: str | None = None,
) -> Category:
    return Category(
        category_id=name_digest("category", lead.route_id)[:12],
        name=name,
        method=method,
        task_type=kind or lead.kind,
        output_shape=top_family(shapes),
        route_ids=tuple(route_ids),
    )

"""Learn the routes of a sample of calls.

Structural keys, then the templates of system prompts, then under each of them
the templates of user prompts, then the free-form rest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.fragments import Fragment, FragmentIndex, mine
from auditor.categories.routes.freeform import cluster
from auditor.categories.routes.lexicon import instructs, is_generic, is_weak, task_type
from auditor.categories.routes.model import ANY_TOOLS, Doc, Route, Structure, name_digest
from auditor.categories.routes.names import telling_words
from auditor.categories.routes.rules import (
    Free,
    Matcher,
    RuleSet,
    any_format,
    free_text,
    system_kind,
)
from auditor.categories.routes.shape import coarse
from auditor.categories.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.categories.routes.tree import Path, grow
from auditor.categories.routes.vectors import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OWNING_WORDS = 5  # constant words of a system prompt that make a bot; fewer if they name a task
TEMPLATE_WORDS = 10  # constant words of a user template that gives no instruction we know
LINE_WORDS = 2  # on a line of their own
SIGNATURE = 8  # words that name a free-form route
HOMOGENEOUS = 0.8  # share of one family of shapes that makes it the shape of a group

_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Member:
    """One sampled call with what was found in it."""

    doc: Doc
    structure: Structure
    system: tuple[int, ...] = ()
    user: tuple[int, ...] = ()


def minimum_support(n: int) -> int:
    """Calls that a template needs in a sample of `n`: 0.1 %, at least 8; fewer in tiny logs."""
    return max(min(8, max(2, n // 12)), round(0.001 * n))


def learn(
    docs: Iterable[Doc], *, seed: int = 0, fine: bool = False, support: int | None = None
) -> RuleSet:
    """Find the routes of `docs`, all of which are read: sample first if there are many.

    The order of `docs` does not matter. The same set and seed give the same rules.
    `fine` splits the free-form rest by intents instead of a few tasks. `support` is the least
    number of calls of a template, by default as `minimum_support` says.
    """
    ordered = sorted(docs, key=lambda doc: doc.call_id)
    if not ordered:
        return RuleSet(routes=(), fragments=())
    support = support or minimum_support(len(ordered))
    members = _back_off(
        [_Member(doc, _structure(doc)) for doc in _one_per_conversation(ordered)], support
    )
    search = _Search(support)
    routes: list[Route] = []
    rest: list[_Member] = []
    for path, group in search.by_system(members):
        found, loose = search.under_system(path, group)
        routes.extend(found)
        rest.extend(loose)
    return _rule_set(search, routes, _free_form(rest, seed, fine=fine) if rest else [_CATCH_ALL])


def learn_more(
    known: RuleSet, docs: Sequence[Doc], *, seed: int = 0, fine: bool = False
) -> RuleSet:
    """Known rules and those of the routes that `docs` show and they do not explain.

    Searched are the calls that no template takes, and under each system prompt that is known the
    messages without a template of their own. Known routes stay as they are.
    """
    if not known.routes:
        return learn(docs, seed=seed, fine=fine)
    support = minimum_support(len(docs))
    loose: list[Doc] = []
    under: dict[int, list[Doc]] = defaultdict(list)
    for doc, found in zip(docs, Matcher(known).assign(docs), strict=True):
        route = known.routes[found.route] if found.route >= 0 else None
        if route is None or route.free:
            loose.append(doc)
        elif route.owned and not route.user_fragments:
            under[found.route].append(doc)
    rules = known.extended(learn(loose, seed=seed, fine=fine, support=support))
    for number, some in sorted(under.items()):
        if len(some) >= support:
            rules = rules.extended(_user_routes(known, known.routes[number], some, support))
    return rules if rules.free else rules.extended(_rule_set(_Search(support), [], [_CATCH_ALL]))


def _user_routes(known: RuleSet, route: Route, docs: Sequence[Doc], support: int) -> RuleSet:
    """Routes that set messages apart under the system prompt of a known route."""
    search = _Search(support)
    search.fragments.extend(f for f in known.fragments if f.key in route.system_fragments)
    ordered = _one_per_conversation(sorted(docs, key=lambda doc: doc.call_id))
    members = _back_off([_Member(doc, _structure(doc)) for doc in ordered], support)
    found, _ = search.under_system(tuple(range(len(search.fragments))), members)
    return _rule_set(search, [new for new in found if new.user_fragments], [])


def _rule_set(
    search: _Search, routes: Sequence[Route], free: Sequence[tuple[Route, Free]]
) -> RuleSet:
    used = {key for route in routes for key in (*route.system_fragments, *route.user_fragments)}
    fragments = {f.key: f for f in search.fragments if f.key in used}
    return RuleSet(
        routes=tuple(sorted((*routes, *(r for r, _ in free)), key=lambda route: route.route_id)),
        fragments=tuple(fragments[key] for key in sorted(fragments)),
        free={route.route_id: form for route, form in free},
    )


def _structure(doc: Doc) -> Structure:
    return Structure(
        system=system_kind(doc.system), tools=doc.tools, response_format=doc.response_format or ""
    )


def _one_per_conversation(docs: Sequence[Doc]) -> list[Doc]:
    """Keep one call of each conversation, so that a long one does not become a template.

    Calls that share their first message are one conversation if any of them has more turns.
    """
    talk = {(doc.system, doc.user) for doc in docs if doc.turns > 1 and doc.conversation is None}
    seen: set[object] = set()
    kept = []
    for doc in docs:
        name: object = doc.conversation
        if name is None and (doc.system, doc.user) in talk:
            name = (doc.system, doc.user)
        if name is not None:
            if name in seen:
                continue
            seen.add(name)
        kept.append(doc)
    return kept


def _back_off(members: Sequence[_Member], support: int) -> list[_Member]:
    """Replace sets of tools and names of schemas that are too rare to mean anything."""
    tools = Counter((m.structure.system, m.structure.tools) for m in members)
    formats = Counter((m.structure.system, m.structure.response_format) for m in members)
    out = []
    for m in members:
        key = m.structure
        if key.tools and tools[key.system, key.tools] < support:
            key = replace(key, tools=ANY_TOOLS)
        if formats[key.system, key.response_format] < support:
            key = replace(key, response_format=any_format(key.response_format))
        out.append(replace(m, structure=key))
    return out


class _Search:
    """Mining with the fragments found so far."""

    def __init__(self, support: int) -> None:
        self.support = support
        self.fragments: list[Fragment] = []

    def by_system(self, members: Sequence[_Member]) -> list[tuple[Path, list[_Member]]]:
        """Group calls by the template of their system prompt, and by structural key."""
        counts = Counter(m.doc.system for m in members if m.structure.system != "none")
        texts = sorted(text for text in counts if text)
        weights = np.array([counts[text] for text in texts], np.float64)
        found = mine(texts, weights, minsup=self.support, head=SYSTEM_HEAD, tail=SYSTEM_TAIL)
        base = len(self.fragments)
        self.fragments.extend(found)
        index = FragmentIndex(found)
        held = dict(
            zip(
                texts,
                ([base + i for i in row] for row in index.find(texts, SYSTEM_HEAD, SYSTEM_TAIL)),
                strict=True,
            )
        )
        members = [replace(m, system=tuple(held.get(m.doc.system or "", ()))) for m in members]
        groups: dict[tuple[str, Path], list[_Member]] = defaultdict(list)
        for kind in ("none", "generic", "specific"):
            some = [m for m in members if m.structure.system == kind]
            nodes = grow([m.system for m in some], self.support)
            for m in some:
                groups[kind, nodes.descend(m.system)].append(m)
        self._fold_values(groups)
        return sorted(
            ((path, group) for (_, path), group in groups.items()),
            key=lambda item: (item[0], item[1][0].doc.call_id),
        )

    def _fold_values(self, groups: dict[tuple[str, Path], list[_Member]]) -> None:
        """Give groups that differ from the one above by a value only back to it.

        A frequent tenant, date or document in a system prompt is a fragment of its
        own. It is a value, not a template, when the prompt above it already says
        the task and neither its words nor the answers say another.
        """
        for key in sorted(groups, key=lambda k: (-len(k[1]), k)):
            kind, path = key
            for cut in range(1, len(path)):
                above = path[:cut]
                if not self._owns(above) or not self._all_values(path[cut:], above):
                    continue
                others = [
                    m
                    for (other_kind, other), some in groups.items()
                    if other_kind == kind and other[:cut] == above and other != path
                    for m in some
                ]
                if _same_shape(groups[key], others):
                    groups.setdefault((kind, above), []).extend(groups.pop(key))
                    break

    def _all_values(self, added: Path, above: Path) -> bool:
        """Whether fragments inside a system prompt are values of its slots.

        They are if they stand at no fixed place, or tell the model nothing, or, where the prompt
        above them names its task, nothing else.
        """
        told = self._type(above)
        return all(
            not f.anchored
            or not instructs(f.text)
            or (not is_weak(told) and (is_weak(task_type(f.text)) or task_type(f.text) == told))
            for f in (self.fragments[i] for i in added)
        )

    def under_system(
        self, path: Path, group: Sequence[_Member]
    ) -> tuple[list[Route], list[_Member]]:
        """Routes of the calls under one system template, and those that stay free-form."""
        owned = group[0].structure.system == "specific" and self._owns(path)
        nodes_of = self._user_nodes(path, group, owned=owned)
        groups: dict[tuple[Structure, Path], list[_Member]] = defaultdict(list)
        for m, node in zip(group, nodes_of, strict=True):
            groups[m.structure, node].append(m)
        groups = self._back_off_rare(groups)
        routes: list[Route] = []
        rest: list[_Member] = []
        for (structure, node), some in sorted(groups.items(), key=lambda item: item[0]):
            if node or owned or structure.has_form:
                routes.append(self._route(structure, path, node, owned=owned))
            else:
                rest.extend(some)
        return routes, rest

    def _back_off_rare(
        self, groups: dict[tuple[Structure, Path], list[_Member]]
    ) -> dict[tuple[Structure, Path], list[_Member]]:
        """Join groups of one template whose tools or format are rare."""
        out: dict[tuple[Structure, Path], list[_Member]] = defaultdict(list)
        for (structure, node), some in sorted(groups.items(), key=lambda item: item[0]):
            key = structure
            if len(some) < self.support:
                key = replace(
                    key,
                    tools=ANY_TOOLS if key.tools else (),
                    response_format=any_format(key.response_format),
                )
            out[key, node].extend(some)
        return out

    def _user_nodes(self, path: Path, group: Sequence[_Member], *, owned: bool) -> list[Path]:
        counts = Counter(m.doc.user for m in group)
        texts = sorted(counts)
        weights = np.array([counts[text] for text in texts], np.float64)
        found = mine(texts, weights, minsup=self.support, head=USER_HEAD, tail=USER_TAIL)
        base = len(self.fragments)
        self.fragments.extend(found)
        rows = FragmentIndex(found).find(texts, USER_HEAD, USER_TAIL)
        held = {text: tuple(base + i for i in row) for text, row in zip(texts, rows, strict=True)}
        nodes = grow([held[m.doc.user] for m in group], self.support)
        paths = [nodes.descend(held[m.doc.user]) for m in group]
        if owned:
            return self._only_other_tasks(path, group, paths)
        return [user if self._is_template(user) else () for user in paths]

    def _is_template(self, path: Path) -> bool:
        """Whether this is text that code wrote, not a phrase that people like to use.

        Code puts its constant text at a fixed place before or after the value.
        """
        if not any(self.fragments[i].anchored for i in path):
            return False
        words = len(self._words(path))
        told = not is_weak(self._type(path)) or self._instructs(path) or self._written(path)
        return words >= (1 if told else TEMPLATE_WORDS)

    def _only_other_tasks(
        self, system: Path, group: Sequence[_Member], paths: Sequence[Path]
    ) -> list[Path]:
        """Under a task-bearing system prompt a user template counts only if it is another task.

        Where the prompt names its task the answers must look different, too.
        """
        by_path: dict[Path, list[_Member]] = defaultdict(list)
        for m, path in zip(group, paths, strict=True):
            by_path[path].append(m)
        told = self._type(system)
        keep: dict[Path, Path] = {}
        for path, some in by_path.items():
            keep[path] = ()
            if not self._is_template(path) or not self._instructs(path):
                continue
            kind = self._type(path)
            if is_weak(told):
                if not is_weak(kind) or self._written(path):
                    keep[path] = path
                continue
            others = [m for m, p in zip(group, paths, strict=True) if p != path]
            other_shape = bool(others) and not _same_shape(some, others)
            if not is_weak(kind) and kind != told and other_shape:
                keep[path] = path
        return [keep[path] for path in paths]

    def _route(self, structure: Structure, system: Path, user: Path, *, owned: bool) -> Route:
        system_keys = tuple(sorted(self.fragments[i].key for i in system))
        user_keys = tuple(sorted(self.fragments[i].key for i in user))
        constants = sorted({w.lower() for i in (*system, *user) for w in self.fragments[i].words})
        return Route(
            route_id=name_digest(
                structure.system,
                ",".join(structure.tools),
                structure.response_format,
                *constants,
                *system_keys,
                *user_keys,
            ),
            structure=structure,
            system_fragments=system_keys,
            user_fragments=user_keys,
            owned=owned,
            system_mass=sum(len(self.fragments[i].shingles) for i in system),
            user_mass=sum(len(self.fragments[i].shingles) for i in user),
        )

    def _words(self, path: Path) -> list[str]:
        return [w for i in path for w in self.fragments[i].words if any(map(str.isalpha, w))]

    def _written(self, path: Path) -> bool:
        """Whether constant words end with their line, as people seldom type a value after."""
        heads = (self.fragments[i].text.lstrip().partition("\n") for i in path)
        return any(end and len(_LETTERS.findall(head)) >= LINE_WORDS for head, end, _ in heads)

    def _type(self, path: Path) -> str:
        return task_type(" ".join(self.fragments[i].text for i in path))

    def _instructs(self, path: Path) -> bool:
        return any(instructs(self.fragments[i].text) for i in path)

    def _owns(self, path: Path) -> bool:
        """Whether the constant text of a system prompt says what the task or the bot is."""
        words = self._words(path)
        if words and not is_weak(self._type(path)):
            return True
        return len(words) >= OWNING_WORDS and not is_generic(" ".join(words))


def _same_shape(left: Sequence[_Member], right: Sequence[_Member]) -> bool:
    """Whether two groups of calls have answers of one family, as far as can be told."""
    families = []
    for side in (left, right):
        counts = Counter(coarse(m.doc.shape) for m in side if m.doc.shape is not None)
        if not counts:
            return True
        top, n = max(counts.items(), key=lambda item: (item[1], item[0]))
        if n < HOMOGENEOUS * counts.total():
            return True
        families.append(top)
    return families[0] == families[1]


# Every call must find a place, also one that looks like nothing in the sample.
_CATCH_ALL = (
    Route(route_id=name_digest("free-form"), structure=Structure(system="none"), free=True),
    Free(weights=(0.0,) * DIMENSIONS, bias=0.0),
)


def _free_form(rest: Sequence[_Member], seed: int, *, fine: bool) -> list[tuple[Route, Free]]:
    """Sub-split the calls that no template explains by what they are about."""
    out: list[tuple[Route, Free]] = []
    for rare in (False, True):
        some = [m for m in rest if (m.structure.system == "specific") == rare]
        if not some:
            continue
        texts = [free_text(m.doc.system, m.structure.system, m.doc.user) for m in some]
        centre, centroids, labels = cluster(texts, seed=seed, fine=fine)
        groups = [
            [text for text, label in zip(texts, labels.tolist(), strict=True) if label == number]
            for number in range(len(centroids))
        ]
        for words, centroid in zip(telling_words(groups, SIGNATURE), centroids, strict=True):
            structure = Structure(system="specific" if rare else "none")
            # named by its words: the same on every machine, whatever the last bit of a sum
            route_id = name_digest("free-form", structure.system, *sorted(words))
            weights = np.round(centroid.astype(np.float64), 5)
            bias = -float(np.round(centre.astype(np.float64) @ weights, 5))
            out.append(
                (
                    Route(route_id=route_id, structure=structure, free=True),
                    Free(weights=tuple(weights.tolist()), bias=bias),
                )
            )
    seen = Counter(route.route_id for route, _ in out)
    return [
        (replace(route, route_id=name_digest(route.route_id, str(number))), free)
        if seen[route.route_id] > 1
        else (route, free)
        for number, (route, free) in enumerate(out)
    ]

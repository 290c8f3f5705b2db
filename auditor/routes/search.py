"""Learn the routes of a sample of calls.

Structural keys, then the templates of system prompts, then under each of them
the templates of user prompts, then the free-form rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from auditor.routes.fragments import Fragment, FragmentIndex, mine
from auditor.routes.freeform import cluster
from auditor.routes.lexicon import WEAK, task_type
from auditor.routes.model import ANY_TOOLS, Doc, Route, Structure, name_digest
from auditor.routes.rules import RuleSet, any_format, free_text, system_kind
from auditor.routes.shape import coarse
from auditor.routes.text import SYSTEM_HEAD, SYSTEM_TAIL, USER_HEAD, USER_TAIL
from auditor.routes.tree import Path, grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OWNING_WORDS = 14  # constant words that make a system prompt task-bearing,
OWNING_WORDS_TYPED = 6  # or this many if they name a task
TEMPLATE_WORDS = (
    3  # constant words that a user template needs where no system prompt vouches for it
)
HOMOGENEOUS = 0.8  # share of one family of shapes that makes it the shape of a group


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


def learn(docs: Iterable[Doc], *, seed: int = 0) -> RuleSet:
    """Find the routes of `docs`, all of which are read: sample first if there are many.

    The order of `docs` does not matter. The same set and seed give the same rules.
    """
    ordered = sorted(docs, key=lambda doc: doc.call_id)
    if not ordered:
        return RuleSet(routes=(), fragments=())
    support = minimum_support(len(ordered))
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
    centre: tuple[float, ...] = ()
    centroids: tuple[tuple[float, ...], ...] = ()
    if rest:
        free, centre, centroids = _free_form(rest, seed)
        routes.extend(free)
    used = {key for route in routes for key in (*route.system_fragments, *route.user_fragments)}
    fragments = {f.key: f for f in search.fragments if f.key in used}
    return RuleSet(
        routes=tuple(sorted(routes, key=lambda route: route.route_id)),
        fragments=tuple(fragments[key] for key in sorted(fragments)),
        centre=centre,
        centroids=centroids,
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
        self._fold_slots(groups)
        return sorted(
            ((path, group) for (_, path), group in groups.items()),
            key=lambda item: (item[0], item[1][0].doc.call_id),
        )

    def _fold_slots(self, groups: dict[tuple[str, Path], list[_Member]]) -> None:
        """Give groups that differ from the one above by a value only back to it.

        A frequent tenant, date or document in a system prompt is a fragment of its
        own. It is a value, not a template, when the prompt above it already says
        the task and neither its words nor the answers say another.
        """
        for key in sorted(groups, key=lambda k: (-len(k[1]), k)):
            kind, path = key
            for cut in range(1, len(path)):
                above = path[:cut]
                if not self._owns(above):
                    continue
                added = self._words(path[cut:])
                own = self._words(above)
                outer = (kind, above)
                same_type = task_type(" ".join(added)) in WEAK or task_type(
                    " ".join(added)
                ) == task_type(" ".join(own))
                if (
                    same_type
                    and len(added) < len(own)
                    and _same_shape(groups[key], groups.get(outer, []))
                ):
                    groups.setdefault(outer, []).extend(groups.pop(key))
                    break

    def under_system(
        self, path: Path, group: Sequence[_Member]
    ) -> tuple[list[Route], list[_Member]]:
        """Routes of the calls under one system template, and those that stay free-form."""
        owned = group[0].structure.system == "specific" and self._owns(path)
        nodes_of = self._user_nodes(group, owned=owned)
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

    def _user_nodes(self, group: Sequence[_Member], *, owned: bool) -> list[Path]:
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
            return self._only_other_tasks(group, paths)
        return [path if self._is_template(path) else () for path in paths]

    def _is_template(self, path: Path) -> bool:
        """Whether this is text that code wrote, not a phrase that people like to use.

        Code puts its constant text before or after the value: it stands at an end of the message.
        """
        enough = len(self._words(path)) >= TEMPLATE_WORDS
        return enough and any(self.fragments[i].anchored for i in path)

    def _only_other_tasks(self, group: Sequence[_Member], paths: Sequence[Path]) -> list[Path]:
        """Under a task-bearing system prompt a user template counts only if it is another task."""
        by_path: dict[Path, list[_Member]] = defaultdict(list)
        for m, path in zip(group, paths, strict=True):
            by_path[path].append(m)
        keep: dict[Path, Path] = {}
        for path, some in by_path.items():
            others = [m for m, p in zip(group, paths, strict=True) if p != path]
            kind = task_type(" ".join(self._words(path))) if path else ""
            other_shape = bool(others) and not _same_shape(some, others)
            other_task = kind not in WEAK and len(self._words(path)) >= OWNING_WORDS_TYPED
            large = len(some) >= 3 * self.support
            keep[path] = path if path and large and other_shape and other_task else ()
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

    def _owns(self, path: Path) -> bool:
        """Whether the constant text of a system prompt says what the task is."""
        words = self._words(path)
        if len(words) >= OWNING_WORDS:
            return True
        return len(words) >= OWNING_WORDS_TYPED and task_type(" ".join(words)) not in WEAK


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


def _free_form(
    rest: Sequence[_Member], seed: int
) -> tuple[list[Route], tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Sub-split the calls that no template explains by what they are about."""
    texts = [free_text(m.doc.system, m.structure.system, m.doc.user) for m in rest]
    centre, centroids, labels = cluster(texts, seed=seed)
    named = []
    for number, centroid in enumerate(centroids):
        some = [m for m, label in zip(rest, labels.tolist(), strict=True) if label == number]
        kinds = Counter(m.structure.system for m in some) or Counter({"none": 1})
        kind = max(kinds.items(), key=lambda item: (item[1], item[0]))[0]
        # named by its place among the texts: the same texts, the same id
        place = np.round(centroid, 2) + 0.0  # no negative zero
        named.append((name_digest("free-form", place.tobytes().hex()), kind, centroid))
    named.sort(key=lambda item: item[0])
    return (
        [
            Route(route_id=route_id, structure=Structure(system=kind), cluster=number)
            for number, (route_id, kind, _) in enumerate(named)
        ],
        tuple(float(x) for x in np.round(centre.astype(np.float64), 6)),
        tuple(tuple(float(x) for x in np.round(c.astype(np.float64), 6)) for _, _, c in named),
    )

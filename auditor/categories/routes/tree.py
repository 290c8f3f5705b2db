"""A tree of fragments: which of them belong together in one template."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple[int, ...]
"""Fragments on the way from the root, most frequent first."""

COVER = 0.85  # share of a node that its children together must explain to split it
MAJORITY = 0.5  # share that one child alone must explain: an optional part of the template
MAX_DEPTH = 12  # a popular text in a slot is a long chain of fragments; this much tells it apart


@dataclass(frozen=True, slots=True)
class Tree:
    """The accepted nodes."""

    nodes: frozenset[Path]

    def descend(self, held: Path) -> Path:
        """The node of a text that holds these fragments, skipping those that lead nowhere."""
        path: Path = ()
        for fragment in held:
            below = (*path, fragment)
            if below in self.nodes:
                path = below
        return path


def grow(held: Sequence[Path], support: int) -> Tree:
    """Build the tree of texts given the fragments each of them holds, in one global order.

    A child is accepted if it is the first fragment, if it holds for at least `MAJORITY` of its
    parent, or if the children together explain `COVER` of the parent. Popular values of a slot
    fail both tests, so they do not split a template.
    """
    counts: Counter[Path] = Counter()
    for fragments in held:
        for depth in range(min(len(fragments), MAX_DEPTH) + 1):
            counts[fragments[:depth]] += 1
    children: dict[Path, list[Path]] = defaultdict(list)
    for path, n in counts.items():
        if path and n >= support:
            children[path[:-1]].append(path)
    nodes: set[Path] = {()}
    stack: list[Path] = [()]
    while stack:
        node = stack.pop()
        below = sorted(children.get(node, ()))
        covered = sum(counts[child] for child in below) >= COVER * counts[node]
        for child in below:
            if not node or covered or counts[child] >= MAJORITY * counts[node]:
                nodes.add(child)
                stack.append(child)
    return Tree(frozenset(nodes))

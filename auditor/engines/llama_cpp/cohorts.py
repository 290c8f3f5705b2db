"""In which order and company requests are decoded: shared prefixes and cohorts.

An answer of a batched run depends a little on what shares its batches (kernels differ by batch
size). To make it depend on nothing else, the whole set of requests is laid out once, as a
function of their contents alone: sorted by tokens, given their shared prefixes, and cut into
cohorts. Each cohort is decoded from an empty start, so an interrupted run decodes again the
cohorts that were not finished, and only those, and gets the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Payload = TypeVar("Payload")
Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Generic[Payload]):
    """One prompt to decode: its tokens, how many may follow, and what it stands for."""

    tokens: Tokens
    max_new: int
    payload: Payload
    order: str = ""
    """Breaks ties between equal tokens, so that input order never matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[Payload]):
    """A unit and the lengths of the prefixes it shares, shortest first."""

    unit: Unit[Payload]
    anchors: tuple[int, ...]


def lay_out(
    units: Sequence[Unit[Payload]], *, levels: int, shortest: int = 16
) -> list[Placed[Payload]]:
    """Sort units by tokens and find the prefixes worth decoding once.

    Two or more neighbours that share at least ``shortest`` tokens beyond the prefix they already
    have get an anchor, at most ``levels`` deep. The last token of a prompt is never part of an
    anchor: decoding it is what gives the first logits. What may be answered at length comes
    first, so that short answers fill the slots while the last long ones end; units that share a
    prefix stay together.
    """
    ordered = sorted(units, key=lambda unit: (unit.tokens, unit.order))
    shared = [0] + [_common(a.tokens, b.tokens) for a, b in pairwise(ordered)]
    anchors: list[tuple[int, ...]] = [()] * len(ordered)
    pending: list[tuple[int, int, tuple[int, ...]]] = [(0, len(ordered), ())]
    while pending:
        low, high, chain = pending.pop()
        if high - low < 2 or len(chain) == levels:  # noqa: PLR2004 - a prefix is shared by two
            anchors[low:high] = [chain] * (high - low)
            continue
        depth = min(shared[low + 1 : high])
        usable = min(depth, len(ordered[low].tokens) - 1)
        if usable - (chain[-1] if chain else 0) >= shortest:
            chain = (*chain, usable)
        start = low
        for i in range(low + 1, high):
            if shared[i] == depth:
                pending.append((start, i, chain))
                start = i
        pending.append((start, high, chain))
    return _longest_first(
        [Placed(unit=unit, anchors=chain) for unit, chain in zip(ordered, anchors, strict=True)]
    )


def _longest_first(placed: list[Placed[Payload]]) -> list[Placed[Payload]]:
    def prefix(item: Placed[Payload]) -> Tokens:
        return item.unit.tokens[: item.anchors[0]] if item.anchors else item.unit.tokens

    groups = [list(group) for _, group in groupby(placed, key=prefix)]
    groups.sort(key=lambda group: -max(item.unit.max_new for item in group))
    return [item for group in groups for item in group]


def cut(placed: Sequence[Placed[Payload]], *, slots: int) -> list[list[Placed[Payload]]]:
    """Cut a layout into cohorts: big enough to keep the slots full, small enough to do again.

    A cohort ends after ``8 * slots`` units or about ``1024 * slots`` tokens of work, but with
    every slot used equally often and at least twice.
    """
    cohorts: list[list[Placed[Payload]]] = [[]]
    work = 0
    for item in placed:
        count = len(cohorts[-1])
        enough = count >= 8 * slots or (work >= 1024 * slots and count >= 2 * slots)
        if enough and count % slots == 0:
            cohorts.append([])
            work = 0
        cohorts[-1].append(item)
        shared = item.anchors[-1] if item.anchors else 0
        work += len(item.unit.tokens) - shared + item.unit.max_new
    return cohorts


def _common(a: Tokens, b: Tokens) -> int:
    """Length of the common prefix, by halving: slices compare in C."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low

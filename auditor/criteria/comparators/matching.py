"""Elements of two lists paired so that the pairs differ least."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_MATCHED, MAX_PAIRED = 60, 30_000
"""Elements of a list that are paired by best match, and fields looked at for that; longer lists are
compared in their order."""
_FEW = 4
"""Elements of two lists whose pairs are tried out, which is quicker than to load scipy."""


def can_be_matched(wanted: Sequence[Any], got: Sequence[Any]) -> bool:
    """Whether two lists are small enough for their elements to be paired by best match."""
    if max(len(wanted), len(got)) > MAX_MATCHED:
        return False
    return _size(wanted) * len(got) <= MAX_PAIRED and _size(got) * len(wanted) <= MAX_PAIRED


def _size(value: Any) -> int:
    """Values in a value; counted to ``MAX_PAIRED``."""
    size, todo = 0, [value]
    while todo and size <= MAX_PAIRED:
        inner = todo.pop()
        size += 1
        if isinstance(inner, dict | list):
            todo.extend(inner.values() if isinstance(inner, dict) else inner)
    return size


def best_pairs(costs: Sequence[Sequence[float]]) -> Iterator[tuple[int, int]]:
    """Row and column of each pair of the assignment that costs least in sum."""
    if not costs or not costs[0]:
        return iter(())
    if len(costs) == len(costs[0]) <= _FEW:
        orders = itertools.permutations(range(len(costs)))
        best = min(orders, key=lambda order: sum(costs[i][j] for i, j in enumerate(order)))
        return iter(enumerate(best))
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.asarray(costs, dtype=float))
    return iter(zip(rows.tolist(), columns.tolist(), strict=True))

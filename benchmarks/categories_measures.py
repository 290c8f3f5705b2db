"""Measures of a grouping against the truth that more than one benchmark prints."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np


def weighted_ari(
    truth: Sequence[str], found: Sequence[str], weights: np.ndarray[Any, Any]
) -> float:
    """Adjusted Rand index over pairs of calls, a pair counting the product of its weights."""

    def pairs(keys: Iterable[object]) -> float:
        total: dict[object, float] = defaultdict(float)
        square: dict[object, float] = defaultdict(float)
        for key, w in zip(keys, weights, strict=True):
            total[key] += w
            square[key] += w * w
        return sum((total[key] ** 2 - square[key]) / 2 for key in total)

    both, rows, columns = pairs(zip(truth, found, strict=True)), pairs(truth), pairs(found)
    everything = (weights.sum() ** 2 - (weights**2).sum()) / 2
    expected = rows * columns / everything
    most = (rows + columns) / 2
    return (both - expected) / (most - expected) if most != expected else 1.0

"""Clusters of free text by what it is about: coarse, stable, with no noise class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.routes.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_TEXTS = 40  # fewer are one group
COARSE = 8  # groups at most; measured: tasks people bring to an open chat are few
PER_GROUP = 20  # texts a group should have on average


def cluster(
    texts: Sequence[str], *, seed: int, groups: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Group texts; returns the centre, unit centroids `(k, 256)` and the label of each text."""
    from sklearn.cluster import KMeans

    vectors = embed(texts)
    centre = vectors.mean(axis=0)
    points = unit(vectors - centre)
    k = groups or min(COARSE, len(texts) // PER_GROUP)
    if len(texts) < MIN_TEXTS or k < 2:
        mean = unit(points.mean(axis=0, keepdims=True))
        return centre, mean, np.zeros(len(texts), np.int64)
    fitted = KMeans(k, n_init=4, random_state=seed).fit(points)
    centroids = unit(fitted.cluster_centers_.astype(np.float32))
    order = np.lexsort(np.round(centroids, 3).T[::-1])
    centroids = centroids[order]
    return centre, centroids, (points @ centroids.T).argmax(axis=1)

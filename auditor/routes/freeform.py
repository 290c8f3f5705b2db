"""Groups of free text by what it is about: coarse or fine, with no noise class.

Texts are compared by static word vectors, whose strongest directions are damped, and by
the words themselves; the groups are found in both, and new texts are assigned by word
vectors alone. Measured in benchmarks/README.md: each of the two halves adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.routes.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MIN_TEXTS = 40  # fewer are one group
PER_GROUP = 25  # texts a group should have on average, at least
COARSE = (3, 4, 5, 6, 7, 8, 10, 12, 16)
FINE_PER_GROUP, FINE_MOST = 40, 100  # intents: silhouettes say nothing about so many groups
NEAR_BEST = 0.85  # the fewest groups whose silhouette is within 15 % of the best: tasks are few
FITTED = 5000  # texts that decide the groups
JUDGED = 1500  # texts that the silhouette is taken over
DIMENSIONS = 64
DAMPING = 0.3  # exponent of the variance that each direction is divided by; 1 whitens
WORDS = 0.6  # weight of the words beside the vectors


def cluster(
    texts: Sequence[str], *, seed: int, fine: bool = False
) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """Group texts by what they are about.

    Args:
        texts: The texts; with another order the same groups are found in another order.
        seed: Of the starting points.
        fine: Look for intents, one group per `FINE_PER_GROUP` texts, not for a few tasks.

    Returns:
        The centre that vectors are taken from, unit centroids `(k, 256)`, and the group of
        each text: the nearest centroid of its vector less the centre.
    """
    from threadpoolctl import threadpool_limits

    vectors = embed(texts)
    centre = vectors.mean(axis=0)
    points = unit(vectors - centre)
    # a text that is sent again and again is not a group
    _, distinct = np.unique(np.array(texts, dtype=object).astype(str), return_index=True)
    chosen = np.random.default_rng(seed).permutation(distinct)[:FITTED]
    sizes = [k for k in COARSE if k * PER_GROUP <= len(chosen)]
    if fine:
        sizes = [min(FINE_MOST, len(chosen) // FINE_PER_GROUP)]
    if len(chosen) < MIN_TEXTS or not sizes or not points.any():
        return centre, unit(points.mean(axis=0, keepdims=True)), np.zeros(len(texts), np.int64)
    # one thread: sums of floating point numbers depend on how many add them up
    with threadpool_limits(1):
        features = _features([texts[i] for i in chosen], vectors[chosen] - centre)
        labels = _best(features, sizes, seed)
        centroids = np.stack([points[chosen][labels == g].mean(axis=0) for g in np.unique(labels)])
        centroids = unit(centroids)
        return centre, centroids, (points @ centroids.T).argmax(axis=1)


def _features(texts: Sequence[str], vectors: Vectors) -> Vectors:
    """Damped vectors beside words, one row of length `1 + WORDS²` squared per text."""
    from sklearn.decomposition import PCA, TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    width = min(DIMENSIONS, len(texts) - 1)
    pca = PCA(width, random_state=0).fit(vectors)
    spread = np.maximum(pca.explained_variance_, 1e-12) ** (DAMPING / 2)
    damped = unit((pca.transform(vectors) / spread).astype(np.float32))
    words = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=50_000,
        token_pattern=r"[^\W_]{2,}|[\u3040-\u9fff]",  # noqa: S106
    )  # fmt: skip
    try:
        counts = words.fit_transform(texts)
    except ValueError:  # no word occurs twice
        return damped
    if counts.shape[1] <= DIMENSIONS:
        return np.hstack([damped, WORDS * unit(counts.toarray().astype(np.float32))])
    reduced = TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(counts)
    return np.hstack([damped, WORDS * unit(reduced.astype(np.float32))])


def _best(features: Vectors, sizes: Sequence[int], seed: int) -> NDArray[np.int64]:
    """Labels for the number of groups that the silhouette speaks for."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    tried = []
    for k in sizes:
        labels = KMeans(k, n_init=2, random_state=seed).fit_predict(features)
        some = labels[:JUDGED]
        if len(np.unique(some)) > 1:
            tried.append(
                (float(silhouette_score(features[:JUDGED], some, metric="cosine")), labels)
            )
    if not tried:
        return np.zeros(len(features), np.int64)
    best = max(score for score, _ in tried)
    enough = NEAR_BEST * best if best > 0 else best
    labels = next(labels for score, labels in tried if score >= enough)
    return np.asarray(labels, np.int64)

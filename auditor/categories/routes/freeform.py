"""Groups of free text by what it is about: coarse or fine, with no noise class.

Texts are compared by static word vectors, whose strongest directions are damped, and by the words
themselves. The groups are found in both; new texts are assigned by word vectors alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auditor.text.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sklearn.cluster import KMeans

    Vectors = NDArray[np.float32]

MIN_TEXTS = 40  # fewer are one group
MIN_TEXTS_PER_GROUP = 25  # on average
GROUP_COUNTS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32)  # numbers of groups that are tried
MIN_AGREEMENT = 0.78  # adjusted Rand index of two halves of the texts from which groups are real
DEFAULT_GROUPS = 3  # where the halves agree on no number: few, because tasks are few
HALVINGS = 3
TEXTS_PER_INTENT, MAX_INTENTS = 40, 100
MAX_FITTED = 4000  # texts that decide the groups
COMPONENTS = 64  # dimensions of the damped vectors, and of the words
DAMPING = 0.3  # exponent of the variance that each direction is divided by; 1 whitens
WORD_WEIGHT = 0.6  # weight of the words beside the vectors


def cluster(
    texts: Sequence[str], *, seed: int, fine: bool = False
) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """Group texts by what they are about.

    Args:
        texts: The texts; with another order the same groups are found in another order.
        seed: Of the starting points.
        fine: Look for intents, one group per `TEXTS_PER_INTENT` texts, not for tasks.

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
    chosen = np.random.default_rng(seed).permutation(distinct)[:MAX_FITTED]
    sizes = [k for k in GROUP_COUNTS if k * MIN_TEXTS_PER_GROUP <= len(chosen)]
    if len(chosen) < MIN_TEXTS or not sizes or not points.any():
        return centre, unit(points.mean(axis=0, keepdims=True)), np.zeros(len(texts), np.int64)
    # one thread: sums of floating point numbers depend on how many add them up
    with threadpool_limits(1):
        features = _features([texts[i] for i in chosen], vectors[chosen] - centre)
        intents = max(2, min(MAX_INTENTS, len(chosen) // TEXTS_PER_INTENT))
        k = intents if fine else _stable_count(features, sizes, seed)
        labels = _kmeans(features, k, seed).labels_
        centroids = np.stack([points[chosen][labels == g].mean(axis=0) for g in np.unique(labels)])
        centroids = unit(centroids)
        return centre, centroids, (points @ centroids.T).argmax(axis=1)


def _features(texts: Sequence[str], vectors: Vectors) -> Vectors:
    """Damped vectors beside words, one row of length `1 + WORD_WEIGHT²` squared per text."""
    from sklearn.decomposition import PCA, TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    width = min(COMPONENTS, len(texts) - 1)
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
    if counts.shape[1] <= COMPONENTS:
        return np.hstack([damped, WORD_WEIGHT * unit(counts.toarray().astype(np.float32))])
    reduced = TruncatedSVD(COMPONENTS, random_state=0).fit_transform(counts)
    return np.hstack([damped, WORD_WEIGHT * unit(reduced.astype(np.float32))])


def _stable_count(features: Vectors, sizes: Sequence[int], seed: int) -> int:
    """The largest number of groups that two halves of the texts agree on.

    Each half is grouped on its own and both groupings are put to all texts (the prediction
    strength of Tibshirani and Walther, with the Rand index for a measure). Where a text could
    as well be in another group, halves disagree.
    """
    from sklearn.metrics import adjusted_rand_score

    agreement: dict[int, float] = {}
    for k in sizes:
        scores = []
        for number in range(HALVINGS):
            order = np.random.default_rng((seed, number)).permutation(len(features))
            halves = features[order[::2]], features[order[1::2]]
            one, two = (_kmeans(half, k, seed).predict(features) for half in halves)
            scores.append(adjusted_rand_score(one, two))
        agreement[k] = float(np.mean(scores))
    return max(
        (k for k in sizes if agreement[k] >= MIN_AGREEMENT), default=min(DEFAULT_GROUPS, sizes[-1])
    )


def _kmeans(points: Vectors, k: int, seed: int) -> KMeans:
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=3, random_state=seed).fit(points)

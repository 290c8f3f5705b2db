"""Mine the template fragments of a set of texts.

Shingles that occur in the same texts belong to the same piece of a template. Mining looks for
frequent shingles, links those whose sets of texts overlap, and calls each connected component of
at least `MIN_SHINGLES` shingles a fragment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from auditor.categories.routes.fragments import Fragment, covered_tokens, render
from auditor.categories.routes.text import Shingles, Tokens, shingles, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_SHINGLES = 4  # shorter fragments are chance (measured: 3 splits wildly, 6 misses a third)
MIN_JACCARD = 0.6  # overlap of the texts of two shingles of one fragment (flat from .6 to .85)
MAX_FEATURES = 20_000
NEAR_END = 5  # tokens from an end, two of them anchors: nearer is all the same
MIN_FIXED_SHARE = 0.8  # of its texts have a fragment at its usual distance from an end


def mine(
    texts: Sequence[str], weights: NDArray[np.float64], *, min_support: float, head: int, tail: int
) -> list[Fragment]:
    """Find the fragments of `texts`: those at a fixed place first, then the most frequent.

    Args:
        texts: Distinct texts; order matters only for ties.
        weights: How many sampled calls each text stands for.
        min_support: Least weight a shingle needs to be looked at.
        head: Characters read from the start of each text.
        tail: Characters read from its end.
    """
    if not texts:
        return []
    tokens = tokenize(texts, head, tail)
    found = shingles(tokens)
    unique, inverse = np.unique(found.hashes, return_inverse=True)
    cells = np.unique(found.rows * len(unique) + inverse)
    rows, columns = cells // len(unique), cells % len(unique)
    support = np.bincount(columns, weights[rows], len(unique)).astype(np.float64)
    frequent = np.flatnonzero(support >= min_support)
    if not len(frequent):
        return []
    # Shingles of one constant piece occur in exactly the same texts: one column
    # stands for all of them, which makes long constant prompts cheap.
    signature = _column_signatures(rows, columns, len(texts), len(unique))[frequent]
    _, leader, group = np.unique(signature, return_index=True, return_inverse=True)
    if len(leader) > MAX_FEATURES:
        kept = np.argsort(-support[frequent[leader]], kind="stable")[:MAX_FEATURES]
        renumber = np.full(len(leader), -1, np.int64)
        renumber[np.sort(kept)] = np.arange(len(kept))
        group = renumber[group]
        leader = leader[np.sort(kept)]
    label = _components(
        rows=rows,
        columns=columns,
        leaders=frequent[leader],
        support=support,
        weights=weights,
        n_rows=len(texts),
    )
    component = np.where(group >= 0, label[group], -1)
    return _fragments(
        component=component,
        frequent=frequent,
        unique=unique,
        support=support,
        cells=cells,
        inverse=inverse,
        found=found,
        tokens=tokens,
    )


def _column_signatures(
    rows: NDArray[np.int64], columns: NDArray[np.int64], n_rows: int, n_columns: int
) -> NDArray[np.uint64]:
    """A hash of each column's set of rows."""
    mark = np.arange(1, n_rows + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mark ^= mark >> np.uint64(31)
    mark *= np.uint64(0xBF58476D1CE4E5B9)
    mark ^= mark >> np.uint64(29)
    order = np.argsort(columns, kind="stable")
    starts = np.searchsorted(columns[order], np.arange(n_columns))
    return np.add.reduceat(mark[rows[order]], starts)


def _components(
    *,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    leaders: NDArray[np.int64],
    support: NDArray[np.float64],
    weights: NDArray[np.float64],
    n_rows: int,
) -> NDArray[np.int64]:
    """Connected components of the leaders, linked where their texts overlap enough."""
    position = np.full(len(support), -1, np.int64)
    position[leaders] = np.arange(len(leaders))
    led = position[columns] >= 0
    shape = (n_rows, len(leaders))
    ones = np.ones(int(led.sum()))
    matrix = sp.csr_matrix((ones, (rows[led], position[columns[led]])), shape=shape)
    together = (sp.diags(weights) @ matrix).T.tocsr() @ matrix
    together = together.tocoo()
    upper = together.row < together.col
    left, right, both = together.row[upper], together.col[upper], together.data[upper]
    own = support[leaders]
    linked = both >= MIN_JACCARD * (own[left] + own[right] - both)
    from scipy.sparse.csgraph import connected_components  # slow to load

    graph = sp.coo_matrix(
        (np.ones(int(linked.sum())), (left[linked], right[linked])),
        shape=(len(leaders), len(leaders)),
    )
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _fragments(
    *,
    component: NDArray[np.int64],
    frequent: NDArray[np.int64],
    unique: NDArray[np.uint64],
    support: NDArray[np.float64],
    cells: NDArray[np.int64],
    inverse: NDArray[np.int64],
    found: Shingles,
    tokens: Tokens,
) -> list[Fragment]:
    """Turn components of frequent shingles into fragments."""
    owner = np.full(len(unique), -1, np.int64)
    owner[frequent] = component
    rows, fragment = cells // len(unique), owner[cells % len(unique)]
    n_components = int(component.max(initial=-1)) + 1
    # The text that shows most of a fragment is the one to read it from.
    inside = fragment >= 0
    keys, counts = np.unique(fragment[inside] + rows[inside] * n_components, return_counts=True)
    order = np.lexsort((keys // n_components, -counts, keys % n_components))
    where, begins = np.unique((keys % n_components)[order], return_index=True)
    home = dict(zip(where.tolist(), (keys // n_components)[order][begins].tolist(), strict=True))
    by_component = np.argsort(component, kind="stable")
    edges = np.searchsorted(component[by_component], np.arange(n_components + 1))
    fixed = _anchored(owner[inverse], n_components, found, tokens)
    row_edges = np.searchsorted(found.rows, np.arange(int(found.rows.max(initial=-1)) + 2))
    out = []
    for number in range(n_components):
        members = frequent[by_component[edges[number] : edges[number + 1]]]
        if len(members) < MIN_SHINGLES:
            continue
        hashes = np.sort(unique[members])
        begin, end = row_edges[home[number]], row_edges[home[number] + 1]
        here = np.isin(found.hashes[begin:end], hashes)
        covered = covered_tokens(found.positions[begin:end][here])
        words = tuple(word for word in map(tokens.word, covered.tolist()) if word)
        if words:
            out.append(
                Fragment(
                    shingles=tuple(hashes.tolist()),
                    words=words,
                    text=render(tokens, covered),
                    support=round(float(support[members].mean())),
                    anchored=bool(fixed[number]),
                )
            )
    # what has a fixed place first: the frame of a template before the values in it
    return sorted(out, key=lambda f: (not f.anchored, -f.support, f.shingles))


def _anchored(
    owner: NDArray[np.int64], n_fragments: int, found: Shingles, tokens: Tokens
) -> NDArray[np.bool_]:
    """Which fragments stand at a fixed place in their texts.

    Code writes its constant text at the same distance from the head or the tail of a
    message, or near it; a phrase that people like stands anywhere.

    Args:
        owner: Fragment of each shingle in `found`, -1 for none.
        n_fragments: How many there are.
        found: All shingles.
        tokens: What they were made of.
    """
    edges = np.searchsorted(tokens.rows, np.arange(int(tokens.rows.max()) + 2))
    held = owner >= 0
    fragment, row, position = owner[held], found.rows[held], found.positions[held]
    out = np.zeros(n_fragments, np.bool_)
    for distance in (position - edges[row], edges[row + 1] - 3 - position):
        order = np.lexsort((distance, row, fragment))
        pair = np.stack((fragment[order], row[order]))
        nearest = np.flatnonzero(np.any(np.diff(pair, axis=1, prepend=-1), axis=0))
        at, apart = fragment[order][nearest], np.maximum(distance[order][nearest], NEAR_END)
        texts = np.bincount(at, minlength=n_fragments)
        places, counts = np.unique(np.stack((at, apart)), axis=1, return_counts=True)
        most = np.zeros(n_fragments, np.int64)
        np.maximum.at(most, places[0], counts)
        out |= most >= MIN_FIXED_SHARE * texts
    return out

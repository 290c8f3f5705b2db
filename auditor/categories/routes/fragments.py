"""Template fragments: runs of words that many texts of one kind have in common.

Shingles that occur in the same texts belong to the same piece of a template.
Mining looks for frequent shingles, links those whose sets of texts overlap, and
calls each connected component of at least `BLOCK` shingles a fragment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from auditor.categories.routes.text import Shingles, Tokens, shingles, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLOCK = 4  # shingles: shorter fragments are chance (measured: 3 splits wildly, 6 misses a third)
JACCARD = 0.6  # overlap of the texts of two shingles of one fragment (flat between .6 and .85)
CONTAIN = 0.7  # share of its shingles that a text must show to hold a fragment
MAX_FEATURES = 20_000
NEAR_END = 5  # tokens from an end, two of them anchors: nearer is all the same
FIXED = 0.8  # share of its texts in which a fragment stands at its usual distance from an end
SLOT = "{…}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One piece of template text.

    `shingles` are its sorted hashes, `words` its constant tokens in reading
    order and `text` the same for people, with `{…}` where something else may
    stand. `support` is the number of sampled texts it was found in.
    """

    shingles: tuple[int, ...]
    words: tuple[str, ...]
    text: str
    support: int
    anchored: bool  # stands at a fixed distance from the beginning or end of the texts

    @property
    def key(self) -> str:
        """Name of the fragment that depends on its content alone."""
        packed = np.array(self.shingles, np.uint64).tobytes()
        return hashlib.blake2b(packed, digest_size=8).hexdigest()


class FragmentIndex:
    """Finds which of a fixed list of fragments each text holds."""

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        self.fragments = tuple(fragments)
        sizes = np.array([len(f.shingles) for f in fragments], np.int64)
        owner = np.repeat(np.arange(len(fragments)), sizes)
        flat = np.fromiter((h for f in fragments for h in f.shingles), np.uint64, int(sizes.sum()))
        order = np.argsort(flat, kind="stable")
        # one shingle may belong to several fragments: `_owners[_first[i]:_first[i + 1]]`
        self._hashes, first = np.unique(flat[order], return_index=True)
        self._first = np.append(first, len(flat))
        self._owners = owner[order]
        self._need = np.ceil(CONTAIN * sizes).astype(np.int64)
        # One bit per low hash value turns most look-ups away without a search.
        self._seen = np.zeros(1 << 18, np.bool_)
        self._seen[flat & np.uint64((1 << 18) - 1)] = True

    def find(self, texts: Sequence[str], head: int, tail: int) -> list[tuple[int, ...]]:
        """For each text the ascending indices of the fragments it holds."""
        out: list[tuple[int, ...]] = [()] * len(texts)
        if not self.fragments or not texts:
            return out
        step = 4096
        for first in range(0, len(texts), step):
            found = shingles(tokenize(texts[first : first + step], head, tail))
            for row, held in self.held(found).items():
                out[first + row] = held
        return out

    def held(self, found: Shingles) -> dict[int, tuple[int, ...]]:
        """Fragments held per row; rows that hold none are absent."""
        low = self._seen[found.hashes & np.uint64((1 << 18) - 1)]
        hashes, rows = found.hashes[low], found.rows[low]
        at = np.searchsorted(self._hashes, hashes)
        at[at == len(self._hashes)] = 0
        hit = self._hashes[at] == hashes
        # a shingle that a text repeats counts once
        pairs = np.sort(rows[hit] * len(self._hashes) + at[hit])
        pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
        shingle = pairs % len(self._hashes)
        n_owners = self._first[shingle + 1] - self._first[shingle]
        row = np.repeat(pairs // len(self._hashes), n_owners)
        begins = np.repeat(self._first[shingle] - np.cumsum(n_owners) + n_owners, n_owners)
        owner = self._owners[begins + np.arange(len(row))]
        width = len(self.fragments)
        cells = np.sort(row * width + owner)
        edges = np.flatnonzero(np.diff(cells, prepend=-1, append=-1))
        cells, counts = cells[edges[:-1]], np.diff(edges)
        cells = cells[counts >= self._need[cells % width]]
        held: dict[int, list[int]] = {}
        for row, fragment in zip((cells // width).tolist(), (cells % width).tolist(), strict=True):
            held.setdefault(row, []).append(fragment)
        return {row: tuple(some) for row, some in held.items()}


def mine(
    texts: Sequence[str], weights: NDArray[np.float64], *, minsup: float, head: int, tail: int
) -> list[Fragment]:
    """Find the fragments of `texts`: those at a fixed place first, then the most frequent.

    Args:
        texts: Distinct texts; order matters only for ties.
        weights: How many sampled calls each text stands for.
        minsup: Least weight a shingle needs to be looked at.
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
    frequent = np.flatnonzero(support >= minsup)
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
    linked = both >= JACCARD * (own[left] + own[right] - both)
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
        if len(members) < BLOCK:
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
        out |= most >= FIXED * texts
    return out


def covered_tokens(positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the tokens that shingles at these positions cover."""
    return np.unique(np.concatenate((positions, positions + 1, positions + 2)))


def render(tokens: Tokens, covered: NDArray[np.int64]) -> str:
    """Constant tokens as text: `{…}` where something else may stand, `#` for numbers."""
    pieces: list[str] = []
    last = -2
    for index in covered.tolist():
        word = tokens.word(index)
        if index != last + 1 and pieces:
            pieces.append(f" {SLOT} ")
        last = index
        if word:
            # with the white space after it, so that words stand as they were written
            raw = tokens.source[tokens.starts[index] : tokens.ends[index]].strip("\0")
            pieces.append(raw.replace(word, "#") if any(map(str.isdigit, word)) else raw)
    return "".join(pieces)

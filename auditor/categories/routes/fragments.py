"""Template fragments: runs of words that many texts of one kind have in common.

`mining` finds them; `FragmentIndex` tells which of them a text holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.text import shingles, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from auditor.categories.routes.text import Shingles, Tokens

MIN_CONTAINMENT = 0.7  # share of its shingles that a text must show to hold a fragment
SLOT = "{…}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """One piece of template text.

    `shingles` are its sorted hashes, `words` its constant tokens in reading order, and `text`
    the same for people, with `{…}` in place of what varies. `support` is the number of sampled
    calls it was found in. An `anchored` fragment stands at a fixed distance from the beginning
    or the end of its texts.
    """

    shingles: tuple[int, ...]
    words: tuple[str, ...]
    text: str
    support: int
    anchored: bool

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
        self._need = np.ceil(MIN_CONTAINMENT * sizes).astype(np.int64)
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

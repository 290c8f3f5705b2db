"""Static word vectors for free text: one average per text, no model to run, no network.

The vectors are WordLlama's (MIT), 256 numbers for each of 32,000 word pieces,
read from its wheel: its own loader would look for the files on the network.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIMENSIONS = 256
_TOKENIZER, _WEIGHTS = "l2_supercat_tokenizer_config.json", "l2_supercat_256.safetensors"
BATCH = 8192
MAX_WORDS = 100_000  # remembered: 100 MB
MAX_CHARS = 400  # of each text, unless asked for more: what it is about is said early


@cache
def _model() -> tuple[Any, NDArray[np.float32]]:
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")  # found, not imported: its code is not needed
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "the word vectors are not installed", hint="pip install wordllama==0.2.2.post0"
        )
    root = Path(spec.submodule_search_locations[0])
    tokenizer = Tokenizer.from_file(str(root / "tokenizers" / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    weights = load((root / "weights" / _WEIGHTS).read_bytes())
    return tokenizer, np.asarray(next(iter(weights.values())), np.float32)


class _Words:
    """Sums of the vectors of a word's pieces, read once per word.

    The tokenizer never joins pieces across a space, so that a text is the sum of its words.
    """

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.vectors = np.zeros((0, DIMENSIONS), np.float32)
        self.pieces = np.zeros(0, np.float32)

    def add(self, words: Sequence[str]) -> None:
        """Learn the words that are not known yet."""
        new = [word for word in words if word not in self.index]
        if len(self.index) + len(new) > MAX_WORDS:
            self.index.clear()
            self.vectors, self.pieces, new = self.vectors[:0], self.pieces[:0], list(words)
        if not new:
            return
        tokenizer, table = _model()
        # half a surrogate pair, as a cut-off text may end with, is no text to the tokenizer
        plain = [word.encode("utf-8", "replace").decode("utf-8") for word in new]
        encoded = tokenizer.encode_batch(plain, add_special_tokens=False)
        sums = np.stack([table[item.ids].sum(axis=0) for item in encoded])
        self.index.update(zip(new, range(len(self.index), len(self.index) + len(new)), strict=True))
        self.vectors = np.vstack([self.vectors, sums])
        self.pieces = np.append(self.pieces, [len(item.ids) for item in encoded]).astype(np.float32)


_words = _Words()


def embed(texts: Sequence[str], *, max_chars: int | None = MAX_CHARS) -> NDArray[np.float32]:
    """Mean vector of each text's word pieces, `(len(texts), 256)`, not normalised.

    Of a text ``max_chars`` characters are read, all of them where it is None. An empty text gets
    the zero vector. A text has the same vector whatever it stands among.
    """
    out = np.zeros((len(texts), DIMENSIONS), np.float32)
    for first in range(0, len(texts), BATCH):
        split = [text[:max_chars].split() for text in texts[first : first + BATCH]]
        # in order of the words: the sum must not depend on which word was seen first
        vocabulary = sorted({word for words in split for word in words})
        if not vocabulary:
            continue
        _words.add(vocabulary)
        known = np.array([_words.index[word] for word in vocabulary])
        place = {word: number for number, word in enumerate(vocabulary)}
        columns = np.fromiter((place[w] for words in split for w in words), np.int64)
        rows = np.repeat(np.arange(len(split)), [len(words) for words in split])
        counts = sp.csr_matrix(
            (np.ones(len(columns), np.float32), (rows, columns)), (len(split), len(vocabulary))
        )
        pieces = counts @ _words.pieces[known]
        out[first : first + len(split)] = (counts @ _words.vectors[known]) / np.maximum(pieces, 1)[
            :, None
        ]
    return out


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), np.float32)

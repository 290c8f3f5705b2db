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

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIMENSIONS = 256
_TOKENIZER, _WEIGHTS = "l2_supercat_tokenizer_config.json", "l2_supercat_256.safetensors"
MAX_CHARS = 400  # of each text: what it is about is said early


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


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Mean vector of each text's word pieces, `(len(texts), 256)`, not normalised.

    An empty text gets the zero vector.
    """
    tokenizer, table = _model()
    out = np.zeros((len(texts), DIMENSIONS), np.float32)
    for first in range(0, len(texts), 2048):
        batch = [text[:MAX_CHARS] for text in texts[first : first + 2048]]
        encoded = tokenizer.encode_batch(batch, add_special_tokens=False)
        ids = [item.ids for item in encoded]
        lengths = np.array([len(item) for item in ids])
        if not lengths.any():
            continue
        flat = np.concatenate([np.asarray(item, np.int64) for item in ids if item])
        full = np.flatnonzero(lengths)
        starts = np.concatenate(([0], np.cumsum(lengths[full])[:-1]))
        out[first + full] = np.add.reduceat(table[flat], starts) / lengths[full, None]
    return out


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), np.float32)

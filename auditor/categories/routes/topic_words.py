"""Words that set groups of texts apart."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.lexicon import topic_stop_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_TEXTS, _MAX_CHARS = 300, 400  # read of each group, and of each text


def distinctive_words(groups: Sequence[Sequence[str]], n: int) -> list[list[str]]:
    """Up to `n` words of each group of texts that set it apart from the others, best first.

    Class-based TF-IDF over texts: the share of a group's texts that hold the word, times the
    logarithm of how much larger that is than the share of all texts.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    some = [[text[:_MAX_CHARS] for text in group[:_MAX_TEXTS]] for group in groups]
    model = CountVectorizer(
        binary=True,
        stop_words=sorted(ENGLISH_STOP_WORDS | topic_stop_words()),
        token_pattern=r"[^\W\d_]{3,}|[\u3040-\u9fff]{2}",  # noqa: S106
    )
    try:
        held = model.fit_transform(list(chain.from_iterable(some)))
    except ValueError:  # nothing but stop words
        return [[] for _ in groups]
    words = model.get_feature_names_out()
    bounds = np.cumsum([0, *map(len, some)]).tolist()
    overall = np.asarray(held.sum(axis=0), np.float64).ravel() / max(held.shape[0], 1)
    out = []
    for begin, end in pairwise(bounds):
        share = np.asarray(held[begin:end].sum(axis=0), np.float64).ravel() / max(end - begin, 1)
        weight = share * np.log1p(share / overall)
        top: list[str] = []
        for index in np.lexsort((np.arange(len(words)), -weight))[: 4 * n]:
            word = str(words[index])
            if weight[index] > 0 and not any(w[:5] == word[:5] for w in top):
                top.append(word)
        out.append(top[:n])
    return out

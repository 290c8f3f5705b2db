"""Which language a text is in, by the words that carry no subject (``function_words.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files

MIN_FUNCTION_WORDS = 2
"""Words that must be found for a guess."""

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")
"""A word; in Chinese, Japanese and Korean each character."""


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Words that carry no subject, by language (ISO 639-1)."""
    text = (files("auditor.text") / "function_words.toml").read_text(encoding="utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}


def language_of(text: str) -> str | None:
    """The language of most function words in a text (`en`, `de`, ...), None where there are few.

    A guess: the best of the languages known, however near the next one is.
    """
    words = Counter(WORD.findall(text.casefold()))
    counts = {name: sum(words[w] for w in known) for name, known in function_words().items()}
    name, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return name if n >= MIN_FUNCTION_WORDS else None

"""Which language a text is in, and which of its words carry a subject."""

from __future__ import annotations

import re
from collections import Counter

from auditor.categories.routes.lexicon import function_words, topic_stop_words

MIN_FUNCTION_WORDS = 2  # that tell the language of a text

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")

# <tag, attribute=, "key": and {field, field}
_NAMES = re.compile(r"</?([^\W\d][\w-]*)|\b([^\W\d]\w*)=|\"([\w-]+)\"\s*:|\{((?:\w+, ?)+\w+)\}")


def form_names(text: str) -> frozenset[str]:
    """Names of tags, attributes, keys and fields in a text: what code writes in any language."""
    found = _NAMES.findall(text)
    return frozenset(
        name.strip().casefold()
        for names in found
        for part in names
        for name in part.split(",")
        if name.strip()
    )


def content_words(text: str) -> frozenset[str]:
    """The words of a text that are not function words, in lower case."""
    idle = topic_stop_words().union(*function_words().values())
    return frozenset(w for w in _WORD.findall(text.casefold()) if w not in idle)


def language_of(text: str) -> str | None:
    """The language of most function words in a text (`en`, `de`, ...), None where there are few."""
    words = Counter(_WORD.findall(text.casefold()))
    counts = {name: sum(words[word] for word in known) for name, known in function_words().items()}
    name, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return name if n >= MIN_FUNCTION_WORDS else None

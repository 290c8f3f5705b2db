"""Which words of a text carry its subject, and which are names that code writes."""

from __future__ import annotations

import re

from auditor.categories.routes.lexicon import topic_stop_words
from auditor.text.language import WORD, function_words

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
    return frozenset(w for w in WORD.findall(text.casefold()) if w not in idle)

"""Which logged model a line of a cloud's bill is about, told by the words of its description.

"Claude Sonnet 4.5 (Amazon Bedrock Edition)", "USE1-NovaLite-input-tokens", "gpt 4o 0806 Inp glbl
Tokens": a model is meant where all words of its name are there, and no word that names another of
its family. Clouds bill a model and not its dates: those are one. Nothing is guessed: a description
that fits two models or none keeps its own line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX = re.compile(
    r"^.*/|^((us|eu|apac|jp|au|global|us-gov)\.)?"
    r"(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google)\."
)
_DATE = re.compile(r"[-@ ]?(20\d\d[-]?\d\d[-]?\d\d)(?!\d)|-v\d+(:\d+)?$|:\d+$|-(latest|preview)\b")
_WORD = re.compile(r"\d+(?:[.\-_]\d{1,2}(?!\d))*|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FAMILY = frozenset((
    "mini", "nano", "micro", "lite", "pro", "premier", "turbo", "flash", "haiku", "sonnet", "opus",
    "large", "medium", "small", "max", "plus", "codex", "audio", "realtime", "embedding",
    "embeddings", "image", "thinking", "scout", "maverick", "reasoner", "coder", "vision",
))  # fmt: skip
"""Words that tell the models of a family apart."""
_VERSION = re.compile(r"\d+(\.\d+)+")
_LEFT_OUT = frozenset(("instruct", "chat", "it"))
"""Words of models that no bill has."""


def resolve(descriptions: Iterable[str], models: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the logged model of each description that means exactly one, with all its dates."""
    named = {
        model: words(_DATE.sub("", _PREFIX.sub("", model.lower()))) - _LEFT_OUT for model in models
    }
    found = {}
    for description in descriptions:
        said = words(description)
        if "openai" in description.lower():
            said |= {"gpt"}  # Azure's meters leave it out: "5 mini Inp glbl Tokens"
        fits = {model: known for model, known in named.items() if _fits(known, said)}
        longest = max((len(known) for known in fits.values()), default=0)
        best = [model for model, known in fits.items() if len(known) == longest]
        if len({fits[model] for model in best}) == 1:
            found[description] = tuple(sorted(best))
    return found


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """Return the words of a name, lower case; 4-5, 4_5 and 4.5 are one version."""
    return frozenset(re.sub(r"[-_]", ".", word.lower()) for word in _WORD.findall(text))


def _fits(known: frozenset[str], said: frozenset[str]) -> bool:
    if not known or not known <= said:
        return False
    more = said - known
    return not more & _FAMILY and not any(_VERSION.fullmatch(word) for word in more)

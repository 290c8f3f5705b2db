"""Bounds on the tokens of a text, for any tokenizer: they show a cut prompt or a wrong count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.domain import canonical_json
from auditor.engines.chat import text_of

if TYPE_CHECKING:
    from auditor.domain import Request

# Tokenizers of language models split text before they merge: no token spans two words with
# something other than a space between them, and hardly any spans two words at all.
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f\u0531-\u05ea\u0620-\u06d3\u0900-\u0dff]+")
_OF_WORDS = 0.9

# Scripts without spaces: a token is rarely more than a few characters of them. Qwen's documentation
# gives 1.5 to 1.8 Chinese characters for one of its tokens, which is among the best.
_OF_CHARACTERS = (
    (re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+"), 0.4),  # Han
    (re.compile(r"[\uac00-\ud7a3]+"), 0.3),  # Hangul
    (re.compile(r"[\u3041-\u30ff]+"), 0.25),  # kana
    (re.compile(r"[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff]+"), 0.15),  # Thai, Lao, Burmese, Khmer
)

_OF_TEMPLATE, _OF_PREAMBLE = 64, 65_536


def fewest_tokens(request: Request) -> int:
    """Return a lower bound on the tokens of the messages, by their words and characters.

    The true count of English prose is about 1.5 times as high, of Chinese 1.4 times, so a prompt
    cut by more than about 40 % is noticed for certain.
    """
    return int(sum(fewest_of(text_of(message.get("content"))) for message in request.messages))


def most_tokens(request: Request) -> int:
    """Return an upper bound on the tokens of a request, whatever its template adds.

    No token is shorter than a byte; templates add a few tokens a message, servers a preamble or
    what they searched for.
    """
    text = canonical_json([list(request.messages), list(request.tools)])
    written = len(text.encode("utf-8", "replace"))
    return written + _OF_TEMPLATE * len(request.messages) + _OF_PREAMBLE


def fewest_of(text: str) -> float:
    """Return a lower bound on the tokens of a text."""
    found = _OF_WORDS * sum(1 for _ in _WORD.finditer(text))
    if text.isascii():
        return found
    for script, share in _OF_CHARACTERS:
        found += share * sum(len(run.group()) for run in script.finditer(text))
    return found

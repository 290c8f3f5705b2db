"""Which language a text is in: by its script, and by the words that carry no subject.

The words are in ``function_words.toml``. No model is asked, so a short text may stay untold.
Scripts that one language writes alone tell it by themselves (Unicode Standard Annex 24).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files

MIN_FUNCTION_WORDS = 2
"""Words that must be found for a guess (``language_of``)."""
SURE_FUNCTION_WORDS, SURE_LEAD, SURE_SHARE = 3, 1.5, 0.1
"""Function words for a statement (``told_language``): how many, how many times as many as of the
next language, and which share of all words."""
SCRIPT_SHARE = 0.5
"""Share of the letters that must be of a script."""
MAX_READ = 20_000
"""Characters of a text that are read."""

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")
"""A word; in Chinese, Japanese and Korean each character."""

_LETTER = re.compile(r"[^\W\d_]")
# Kana before Han: Japanese is written in both.
_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"),
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ar": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "el": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_KANA_SHARE = 0.1
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_UKRAINIAN = re.compile(r"[\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]")


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Words that carry no subject, by language (ISO 639-1)."""
    text = (files("auditor.text") / "function_words.toml").read_text(encoding="utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}


def language_of(text: str) -> str | None:
    """The language of most function words in a text (`en`, `de`, ...), None where there are few.

    A guess: the best of the languages known, however near the next one is.
    """
    counts = _counts(Counter(WORD.findall(text.casefold())))
    name, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return name if n >= MIN_FUNCTION_WORDS else None


def told_language(text: str) -> str | None:
    """The language of a text where it is clear, as ISO 639-1 (`en`, `uk`, `ja`), else None.

    Of a text that is short, that mixes languages or is in one without a list of words nothing is
    told.
    """
    read = text[:MAX_READ]
    letters = len(_LETTER.findall(read))
    if not letters:
        return None
    for name, script in _SCRIPTS.items():
        share = len(script.findall(read)) / letters
        if share >= (_KANA_SHARE if name == "ja" else SCRIPT_SHARE):
            return name
    if len(_CYRILLIC.findall(read)) >= SCRIPT_SHARE * letters:
        return "uk" if _UKRAINIAN.search(read) else _told({"ru"}, read)
    return _told(set(function_words()) - {"ru", "ja", "zh"}, read)


def _told(names: set[str], text: str) -> str | None:
    """The language of the function words, where they are many and clearly of one language."""
    words = Counter(WORD.findall(text.casefold()))
    counts = {name: n for name, n in _counts(words).items() if name in names}
    (name, n), *others = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    enough = max(SURE_FUNCTION_WORDS, SURE_SHARE * words.total())
    return name if n >= enough and all(n >= SURE_LEAD * other for _, other in others[:1]) else None


def _counts(words: Counter[str]) -> dict[str, int]:
    return {name: sum(words[w] for w in known) for name, known in function_words().items()}

"""Names for categories by rule: a verb, its object, who does it, and what comes out."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import chain, count, pairwise
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.lexicon import (
    OTHER,
    SENTENCE,
    USE_TOOLS,
    edges,
    is_weak,
    known_types,
    topicless,
    verbs,
)
from auditor.categories.routes.merge import top_family

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_OBJECT = 5  # words
MAX_ROLE = 7
MOST_WORD, MOST_NAME = 30, 90  # characters
TOPIC_WORDS = 4
SPECIAL = {"embeddings": "embeddings", "no-text": "calls without text"}
"""Names of calls that have nothing to read; `Doc.response_format` marks them."""

_SHAPES = {
    "json": "JSON",
    "sql": "SQL",
    "svg": "SVG",
    "code": "code",
    "markup": "markup",
}
_LEAD = (
    r"(?:please |now |then |your (?:task|job|goal)(?: is)?:? (?:to )?"
    r"|you (?:will |must |should |can )?)?"
)
_ROLE = re.compile(
    r"\b(?:you are|you're|act as) (?:[\w' ]{1,30}, )?(?:the|an?) ([^.,;:\n{]{3,90})",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\b(?:read|given|from|based on|about) (?:the|this|each|an?) ([^.,;:\n{]{3,60})", re.IGNORECASE
)
# where the object of an instruction ends
_STOP = re.compile(
    r"[.,;:!?()\[\]{}<>\"`“”|=]"
    r"|\b(?:that|which|who|whose|so|using|with|without|as|by|below|above|following|given|exactly"
    r"|only|strictly|whether|if|when|where|based|because|according|then|and|at most|at least"
    r"|no more|must|in (?:one|exactly|the tone)|for (?:each|every|this)|into (?:exactly )?one"
    r"|one of|from the (?:following|text|list))\b",
    re.IGNORECASE,
)  # fmt: skip
_DROP = re.compile(
    r"\b(?:the|an?|this|these|those|their|your|our|its|his|her|single|short|brief|concise"
    r"|helpful|friendly|one|every|incoming|text of|content of)\b|#",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:do not|don't|never|must not|no)\b", re.IGNORECASE)
_NOT_A_TASK = re.compile(
    r"^create table\b|^(?:answer|give|add|return) (?:with|in|as|it)\b", re.IGNORECASE
)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """An instruction at the start of a sentence, and one inside it."""
    flags = re.IGNORECASE | re.DOTALL
    return (
        re.compile(rf"^{_LEAD}({verbs()})s?\b(.*)", flags),
        re.compile(rf"\b(?:to|and|that|who|you) ({verbs()})s?\b(.*)", flags),
    )


def instructions(template: str) -> list[str]:
    """Verb and object of the instructions in a template, the plainest first, lower case."""
    sentences = [s.strip(" -*#\t'\"") for s in SENTENCE.split(template) if s.strip()][:12]
    out = []
    for pattern in _patterns():
        for sentence in sentences:
            found = pattern.search(sentence)
            if not found or _NEGATED.search(sentence[: found.start(1)]):
                continue
            words = _phrase(found[2], MAX_OBJECT)
            said = f"{found[1].lower()} {words}"
            if words and not _NOT_A_TASK.search(said):
                out.append(said)
    return out


def _phrase(text: str, most: int) -> str:
    """The noun phrase that a text begins with, without articles."""
    stop = _STOP.search(text)
    words = _DROP.sub(" ", text[: stop.start()] if stop else text).split()[:most]
    while words and words[-1].lower() in edges():
        words.pop()
    while words and words[0].lower() in edges():
        words.pop(0)
    return " ".join(words)


def role(template: str) -> str | None:
    """Who the prompt says the model is ("SQL assistant of analytics console"), or None."""
    found = _ROLE.search(template)
    words = _phrase(found[1], MAX_ROLE) if found else ""
    return words if words.lower() not in {"", "assistant", "ai assistant", "ai"} else None


def source(template: str) -> str | None:
    """What the prompt says it is given ("Read the bug report": "bug report"), or None."""
    found = _SOURCE.search(template)
    return (_phrase(found[1], MAX_OBJECT) or None) if found else None


def name(
    *, template: str, kind: str, shapes: Mapping[str, int], response_format: str, owned: bool
) -> str:
    """Name one category.

    Args:
        template: Constant text of its largest route, system prompt first.
        kind: Its task type.
        shapes: How many answers have which shape.
        response_format: Its output format, which also marks calls without text.
        owned: Whether its system prompt says what the task or the bot is.
    """
    if response_format in SPECIAL:
        return SPECIAL[response_format]
    who, said = role(template), instructions(template)
    top = top_family(shapes)
    open_kind = kind in {OTHER, "write code", "draft reply"} or is_weak(kind)
    if owned and who and not said and open_kind and top in {"text", "code"}:
        return f"general chat, {who}"
    title = _title(template, kind, who, said) or f"prompt “{' '.join(template.split()[:6])}”"
    out = _SHAPES.get(top)
    if out and out.lower() not in title.lower():
        title = f"{title} → {out}"
    return title


def _title(template: str, kind: str, who: str | None, said: Sequence[str]) -> str:
    known = known_types().get(kind)
    if kind == USE_TOOLS:
        return f"use tools, {who or (said[0] if said else 'agent')}"
    if known is None or known.weak:
        if said:
            return f"{said[0]}, {who}" if who and known is not None else said[0]
        return who or ""
    best = next((phrase for phrase in said if known.said.search(phrase)), None)
    if best is None:
        first = known.phrase.split()[0]
        others = (phrase for phrase in said if not phrase.startswith(first))
        given = source(template)
        told = given and given.split()[-1].lower() in known.phrase
        more = who or next(others, None) or (None if told else given)
        return f"{known.phrase} ({more})" if more else known.phrase
    # a bare "summarize article" gains by whose it is
    return f"{best} ({who})" if who and len(best.split()) < MAX_OBJECT - 1 else best


def clean(title: str) -> str:
    """A name that fits a table: printable, words and the whole of bounded length.

    Prompts are hostile text, and a name is made of their words.
    """
    printable = "".join(char if char.isprintable() else " " for char in title)
    words = [
        word if len(word) <= MOST_WORD else word[:MOST_WORD] + "…" for word in printable.split()
    ]
    return " ".join(words)[:MOST_NAME].strip() or "prompt"


def telling_words(groups: Sequence[Sequence[str]], n: int) -> list[list[str]]:
    """Up to `n` words of each group of texts that set it apart from the others, best first.

    Class-based TF-IDF over texts: the share of a group's texts that hold the word, times the
    logarithm of how much larger that is than the share of all texts.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    some = [[text[:400] for text in group[:300]] for group in groups]
    model = CountVectorizer(
        binary=True,
        stop_words=sorted(ENGLISH_STOP_WORDS | topicless()),
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


def topic_names(texts: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[str]:
    """Names for groups of free text: their usual task and the words that set them apart."""
    out = []
    for words, kind in zip(telling_words(texts, TOPIC_WORDS), kinds, strict=True):
        known = known_types().get(kind)
        head = f"open chat, {known.phrase}" if known else "open chat"
        out.append(f"{head}: {', '.join(words)}" if words else head)
    return out


def usual(kinds: Sequence[str]) -> str:
    """The task type most texts of a group have, `other` if none has a third of them."""
    counts = Counter(kind for kind in kinds if kind != OTHER)
    if not counts:
        return OTHER
    top, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return top if 3 * n >= len(kinds) else OTHER


def unique(names: Sequence[str], templates: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Make names clean and distinct, also from `taken`.

    By a word of the template that those of the same name do not have, else by a number.
    """
    names = [clean(title) for title in names]
    used = {title.casefold() for title in taken}
    counts = Counter(title.casefold() for title in names)
    counts.update(used)
    same: dict[str, list[int]] = {}
    for number, title in enumerate(names):
        same.setdefault(title.casefold(), []).append(number)
    hints: dict[int, list[str]] = {}
    for numbers in same.values():
        if len(numbers) > 1:
            found = telling_words([[templates[i]] for i in numbers], TOPIC_WORDS)
            hints.update(zip(numbers, found, strict=True))
    out = []
    for number, title in enumerate(names):
        plain = [title] if counts[title.casefold()] == 1 else []
        hinted = [clean(f"{title}, {word}") for word in hints.get(number, ())]
        numbered = (f"{title} ({n})" for n in count(1))
        chosen = next(c for c in chain(plain, hinted, numbered) if c.casefold() not in used)
        used.add(chosen.casefold())
        out.append(chosen)
    return out

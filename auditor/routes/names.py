"""Names for categories by rule: a verb, its object, and what comes out."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np

from auditor.routes.lexicon import OTHER
from auditor.routes.merge import top_family

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VERBS = (
    "analy[sz]e|annotate|assess|categori[sz]e|check|classify|clean|compare|complete|compose|condense|continue|convert"
    "|correct|create|decide|describe|design|detect|determine|diagnose|draft|draw|edit|estimate|evaluate|explain|extract"
    "|fill|find|fix|flag|format|generate|grade|identify|implement|improve|judge|label|list|map|match|moderate|name|normali[sz]e"
    "|outline|paraphrase|parse|plan|predict|prioriti[sz]e|proofread|propose|rank|rate|recommend|redact|rephrase|review|revise"
    "|rewrite|route|score|select|solve|sort|suggest|summari[sz]e|tag|transcribe|transform|translate|triage|turn|validate|verify|write"
)
_IMPERATIVE = re.compile(
    rf"^(?:please |now |your (?:task|job) is to |you (?:will |must |should |can )?)?({_VERBS})s?\b(.*)",
    re.IGNORECASE | re.DOTALL,
)
_INNER = re.compile(rf"\b(?:to|and|that|who|you) ({_VERBS})s?\b(.*)", re.IGNORECASE | re.DOTALL)
_ROLE = re.compile(
    r"\b(?:you are|you're|act as|as) (?:\w+, )?(?:the|an?) ([^.,;:\n{]{3,60})", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?:;。！？])\s+|\n+|\{…\}|(?<=[。！？])")
_STOP = re.compile(
    r"[.,;:!?()\[\]{}<>\"`“”|=]|\b(?:that|which|who|whose|so|using|with|without|in (?:the )?(?:tone|style|one|exactly|at most|plain)|as|by|below|above"
    r"|following|given|exactly|only|strictly|whether|if|when|where|based|because|according|then|and (?:return|reply|answer|output|nothing)"
    r"|at most|for (?:each|every|this|the following)|into (?:exactly )?one|one of|from the (?:following|text|list)|no more|must)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    r"\b(?:the|an?|this|these|those|their|your|our|its|his|her|user'?s?|single|short|brief|concise|helpful|friendly|exactly|one|text of|content of|#)\b|['’]s\b",
    re.IGNORECASE,
)
_NOT_A_TASK = re.compile(r"\b(?:do not|don't|never|must not|no )\b", re.IGNORECASE)
MAX_OBJECT = 4  # words
TOPIC_WORDS = 4

_BY_TYPE = {
    "sql": ("write SQL", "SQL"),
    "svg": ("draw SVG", "SVG"),
    "regex": ("write regex", "regex"),
    "write tests": ("write tests", "test"),
    "review code": ("review code", "review"),
    "commit message": ("write commit message", "commit"),
    "docstring": ("write docstring", "docstring"),
    "explain code": ("explain code", "explain"),
    "detect language": ("detect language", "language"),
    "translate": ("translate", "translat"),
    "write code": ("write code", "code"),
    "judge": ("judge answers", "judge"),
    "rate": ("rate", "rate"),
    "redact": ("redact personal data", "redact"),
    "moderate": ("moderate content", "moderat"),
    "spam": ("detect spam", "spam"),
    "sentiment": ("label sentiment", "sentiment"),
    "summarize": ("summarize", "summar"),
    "title": ("write title", "title"),
    "ask questions": ("write questions", "question"),
    "classify": ("classify", "class"),
    "extract": ("extract fields", "extract"),
    "draft reply": ("draft reply", "repl"),
    "rewrite": ("rewrite", "rewrit"),
    "answer from context": ("answer from passages", "answer"),
    "choose": ("choose answer", "choose"),
    "write text": ("write text", "write"),
    "answer question": ("answer question", "answer"),
    "use tools": ("use tools", "tool"),
}
SPECIAL = {"embeddings": "embeddings", "no-text": "calls without text"}
"""Names of calls that have nothing to read; `Doc.response_format` marks them."""
_SHAPE_NAMES = {
    "json": "JSON",
    "sql": "SQL",
    "svg": "SVG",
    "code": "code",
    "label": "label",
    "markup": "markup",
}


def verb_object(text: str) -> str | None:
    """The first instruction in a template as verb and object, lower case; None if it has none."""
    sentences = [s.strip(" -*#\t'\"") for s in _SENTENCE.split(text) if s.strip()]
    for pattern in (_IMPERATIVE, _INNER):
        for sentence in sentences[:12]:
            found = pattern.match(sentence) if pattern is _IMPERATIVE else pattern.search(sentence)
            if not found or _NOT_A_TASK.search(sentence[: found.start(1)]):
                continue
            words = _object(found[2])
            if words:
                return f"{found[1].lower()} {words}"
    return None


def _object(text: str) -> str:
    cut = _STOP.sub("", text.strip(), count=1)
    words = _DROP.sub(" ", cut).split()[:MAX_OBJECT]
    while words and words[-1].lower() in _TRAILING:
        words.pop()
    while words and words[0].lower() in _TRAILING:
        words.pop(0)
    return " ".join(words)


_TRAILING = frozenset("of in on for to from into and or with by at is are be it them all".split())


def role(text: str) -> str | None:
    """Who the prompt says the model is ("SQL assistant of analytics console"), or None."""
    found = _ROLE.search(text)
    words = _object(found[1]) if found else ""
    return words or None


def name(
    *, template: str, kind: str, shapes: Mapping[str, int], response_format: str, owned: bool
) -> str:
    """Name one category.

    Args:
        template: Constant text of its largest route, system prompt first.
        kind: Its task type.
        shapes: How many answers have which shape.
        response_format: Its output format, which also marks calls without text.
        owned: Whether its system prompt says what the task is.
    """
    if response_format in SPECIAL:
        return SPECIAL[response_format]
    who = role(template)
    said = verb_object(template)
    if owned and not said and kind in CHAT and top_family(shapes) in {"text", "code"}:
        return f"general chat, {who}" if who else "general chat"
    if kind in _BY_TYPE:
        verb, stem = _BY_TYPE[kind]
        if said is None or stem.lower() not in said.lower():
            base = verb if not (said or who) else f"{verb} ({said or who})"
        else:
            base = said
    else:
        base = said or (f"{who}" if who else "")
    if not base:
        base = " ".join(template.split()[:5]) or kind
    out = _SHAPE_NAMES.get(top_family(shapes))
    if out and out.lower() not in base.lower():
        base = f"{base} → {out}"
    return base


def telling_words(groups: Sequence[Sequence[str]], n: int) -> list[list[str]]:
    """Up to `n` words of each group of texts that set it apart from the others, best first.

    By class-based TF-IDF: share of the word in the group times the logarithm of how much
    larger that is than its share in all of them.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    joined = [" ".join(text[:300] for text in some[:200]) for some in groups]
    model = CountVectorizer(stop_words="english", token_pattern=r"[^\W\d_]{3,}|[\u3040-\u9fff]{2}")
    try:
        counts = model.fit_transform(joined).toarray().astype(np.float64)
    except ValueError:  # nothing but stop words
        return [[] for _ in groups]
    words = model.get_feature_names_out()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    other = (counts.sum(axis=0) + 1) / (counts.sum() + len(words))
    weight = share * np.log(share / other + 1)
    out = []
    for row in weight:
        order = np.lexsort((np.arange(len(words)), -row))
        top: list[str] = []
        for index in order[: 3 * n]:
            word = str(words[index])
            if row[index] > 0 and not any(
                word.startswith(w[:5]) or w.startswith(word[:5]) for w in top
            ):
                top.append(word)
        out.append(top[:n])
    return out


def topic_names(texts: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[str]:
    """Names for groups of free text: their usual task and the words that set them apart."""
    return [
        _topic(kind, words)
        for words, kind in zip(telling_words(texts, TOPIC_WORDS), kinds, strict=True)
    ]


def _topic(kind: str, words: Sequence[str]) -> str:
    verb = _BY_TYPE[kind][0] if kind in _BY_TYPE else "chat"
    return f"{verb}: {', '.join(words)}" if words else verb


def unique(
    names: Sequence[str], hints: Sequence[Sequence[str]], taken: Iterable[str] = ()
) -> list[str]:
    """Make names distinct, also from `taken`: by a word of the template, else by a number."""
    used = {name.casefold() for name in taken}
    counts = Counter(n.casefold() for n in names)
    counts.update(used)
    out = []
    for base, words in zip(names, hints, strict=True):
        candidates = [base] if counts[base.casefold()] == 1 else []
        candidates += [f"{base} ({word})" for word in words]
        numbered = (f"{base} ({number})" for number in count(1))
        chosen = next(c for c in chain(candidates, numbered) if c.casefold() not in used)
        used.add(chosen.casefold())
        out.append(chosen)
    return out


def usual(kinds: Sequence[str]) -> str:
    """The task type most texts of a group have, `other` if none has a third of them."""
    counts = Counter(kind for kind in kinds if kind != OTHER)
    if not counts:
        return OTHER
    top, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return top if 3 * n >= len(kinds) else OTHER


CHAT = frozenset({OTHER, "answer question", "write code", "write text", "draft reply"})
"""Task types of a bot that people write to freely."""


def keywords(template: str) -> tuple[str, ...]:
    """Words of a template that may tell it from another of the same name, longest first."""
    words = set(re.findall(r"[^\W\d_]{5,}", template))
    return tuple(sorted(words, key=lambda w: (-len(w), w))[:8])

"""What a template tells the model: what to do, who it is, and what it is given."""

from __future__ import annotations

import re
from functools import cache

from auditor.categories.routes.language import content_words
from auditor.categories.routes.lexicon import SENTENCE, edge_words, verbs
from auditor.text.language import function_words, language_of

MAX_OBJECT_WORDS = 5
MAX_ROLE_WORDS = 7
MAX_SENTENCES = 12
MIN_ORDER_WORDS = 3  # content words of a sentence that may be an order, where verbs are not known

_LEAD = (
    r"(?:please |now |then |your (?:task|job|goal)(?: is)?:? (?:to )?"
    r"|you (?:will |must |should |can )?)?"
)
_ROLE = re.compile(
    r"\b(?:you are|you're|act as) (?:[\w' ]{1,30}, )?(?:the|an?) ([^.,;:\n{]{3,90})",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"(?:you are|you're|act as|du bist|sie sind|tu es|vous êtes|eres|usted es|sei|você é|jij bent"
    r"|je bent|ты|вы|你是|あなたは|(?:role|rôle|rol|rolle)\s*:)",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\b(?:read|given|from|based on|about) (?:the|this|each|an?) ([^.,;:\n{]{3,60})", re.IGNORECASE
)
# The object of an instruction ends here.
_STOP = re.compile(
    r"[.,;:!?()\[\]{}<>\"`“”|=]"
    r"|\b(?:that|which|who|whose|so|using|with|without|as|by|below|above|following|given|exactly"
    r"|only|strictly|whether|if|when|where|based|because|according|then|and|at most|at least"
    r"|no more|must|in (?:one|exactly|the tone)|for (?:each|every|this)|into (?:exactly )?one"
    r"|in (?:under|about|up to)|one of|from the (?:following|text|list))\b",
    re.IGNORECASE,
)  # fmt: skip
_DROP = re.compile(
    r"\b(?:the|an?|this|these|those|their|your|our|its|his|her|single|short|brief|concise"
    r"|helpful|friendly|one|every|incoming|text of|content of)\b|#",
    re.IGNORECASE,
)
_KEPT_EDGES = {"for", "to"}  # "write for the magazine", "reply to the customer"
_NEGATED = re.compile(r"\b(?:do not|don't|never|must not|no)\b", re.IGNORECASE)
_NO_VERBS = frozenset(
    [
        "about",
        "above",
        "across",
        "after",
        "against",
        "along",
        "among",
        "around",
        "because",
        "before",
        "behind",
        "below",
        "beneath",
        "beside",
        "between",
        "beyond",
        "both",
        "but",
        "can",
        "could",
        "did",
        "do",
        "does",
        "during",
        "had",
        "has",
        "have",
        "how",
        "like",
        "may",
        "might",
        "most",
        "near",
        "of",
        "off",
        "over",
        "per",
        "quite",
        "should",
        "since",
        "some",
        "such",
        "than",
        "through",
        "today",
        "toward",
        "under",
        "until",
        "upon",
        "via",
        "was",
        "were",
        "what",
        "when",
        "where",
        "while",
        "who",
        "whose",
        "why",
        "within",
        "without",
        "would",
        "yes",
    ]
)
_NOT_A_TASK = re.compile(
    r"^create table\b|^(?:answer|give|add|return) (?:with|in|as|it)\b", re.IGNORECASE
)
# An imperative by its grammar: a first word that is no function word, and what it acts on.
_IMPERATIVE = re.compile(
    r"^(?:please |then |now )?([a-z]{2,}) (?:(?:up|down|out) )?"
    r"(?:the|this|these|those|each|every|all|any|an?|one|only|whether|which|your|their|its)\b",
    re.IGNORECASE,
)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """An instruction at the start of a sentence, and one inside it."""
    flags = re.IGNORECASE | re.DOTALL
    return (
        re.compile(rf"^{_LEAD}({verbs()})\b(.*)", flags),
        re.compile(rf"\b(?:to|and|that|who|you) ({verbs()})s?\b(.*)", flags),
    )


def instructions(template: str) -> list[str]:
    """Verb and object of the instructions in a template, the plainest first, lower case."""
    sentences = [s.strip(" -*#\t'\"") for s in SENTENCE.split(template) if s.strip()]
    out = []
    for pattern in _patterns():
        for sentence in sentences[:MAX_SENTENCES]:
            found = pattern.search(sentence)
            if not found or _NEGATED.search(sentence[: found.start(1)]):
                continue
            words = _phrase(found[2], MAX_OBJECT_WORDS)
            said = f"{found[1].lower()} {words}"
            if words and not _NOT_A_TASK.search(said):
                out.append(said)
    return out


def verb(sentence: str) -> str | None:
    """The verb by which a sentence orders something, in lower case; None if it orders nothing."""
    said = instructions(sentence)
    if said:
        return said[0].split()[0]
    found = _IMPERATIVE.search(sentence.strip())
    word = found[1].lower() if found else ""
    return word if word and word not in _NO_VERBS and word not in function_words()["en"] else None


def is_order(sentence: str, language: str | None) -> bool:
    """Whether a sentence of a template may tell the model to do something, or asks it something.

    Verbs and imperatives are known for English alone; elsewhere it may where it says much.
    """
    if language in {None, "en"}:
        return sentence.rstrip().endswith("?") or verb(sentence) is not None
    return len(content_words(sentence)) >= MIN_ORDER_WORDS


def orders(template: str) -> bool:
    """Whether a sentence of a template may tell the model to do something, or ask it something."""
    language = language_of(template)
    sentences = [s.strip(" -*#\t'\"") for s in SENTENCE.split(template) if s.strip()]
    return any(is_order(s, language) for s in sentences[:MAX_SENTENCES])


def _phrase(text: str, most: int) -> str:
    """The noun phrase that a text begins with, without articles."""
    stop = _STOP.search(text)
    words = _DROP.sub(" ", text[: stop.start()] if stop else text).split()[:most]
    while words and words[-1].lower() in edge_words():
        words.pop()
    while words and words[0].lower() in edge_words() - _KEPT_EDGES:
        words.pop(0)
    return " ".join(words)


def role(template: str) -> str | None:
    """Who the prompt says the model is ("SQL assistant of analytics console"), or None."""
    found = _ROLE.search(template)
    words = _phrase(found[1], MAX_ROLE_WORDS) if found else ""
    return words if words.lower() not in {"", "assistant", "ai assistant", "ai"} else None


def is_role(sentence: str) -> bool:
    """Whether a sentence says who the model is, in any of the languages that we know a little."""
    return _WHO.match(sentence) is not None


def source(template: str) -> str | None:
    """What the prompt says it is given ("Read the bug report": "bug report"), or None."""
    found = _SOURCE.search(template)
    return (_phrase(found[1], MAX_OBJECT_WORDS) or None) if found else None

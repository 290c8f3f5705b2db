"""Words that say what a prompt asks for, and system prompts that say nothing.

The words themselves are in lexicon.toml. They are hints for merging and naming: a
wrong hint makes categories finer, it never mixes them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

OTHER = "other"
USE_TOOLS = "use tools"
MIN_CONTENT_WORDS = 2
SENTENCE = re.compile(r"(?<=[.!?:;。！？])\s+|\n+|(?<=[。！？])|\{…\}")  # noqa: RUF001
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")
_NEGATED = re.compile(r"\b(?:do not|don't|never|must not|without)\b[^.,;:!?\n]*", re.IGNORECASE)
_MAX_READ = 1500  # characters read of a text
_MAX_SENTENCES = 8  # that are read one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskType:
    """One type of task: how it is recognised and what it is called."""

    name: str
    phrase: str
    said: re.Pattern[str]
    pattern: re.Pattern[str]
    weak: bool  # too common in free text to tell two templates apart
    precise: bool  # its words are seldom used in other tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lexicon:
    types: tuple[TaskType, ...]
    generic: frozenset[str]
    edges: frozenset[str]
    topicless: frozenset[str]
    common_contract: frozenset[str]
    verbs: str
    instruction: re.Pattern[str]


@cache
def _lexicon() -> _Lexicon:
    text = (files("auditor.categories.routes") / "lexicon.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    flags = re.IGNORECASE | re.DOTALL
    verbs = "|".join(raw["verbs"].split())
    return _Lexicon(
        types=tuple(
            TaskType(
                name=entry["name"],
                phrase=entry["phrase"],
                said=re.compile(entry["said"], flags),
                pattern=re.compile("|".join(entry["patterns"]), flags),
                weak=entry.get("weak", False),
                precise=entry.get("precise", False),
            )
            for entry in raw["type"]
        ),
        generic=frozenset(raw["generic"].split()),
        edges=frozenset(raw["edges"].split()),
        topicless=frozenset(raw["topicless"].split()),
        common_contract=frozenset(raw["common_contract"].split()),
        verbs=verbs,
        instruction=re.compile(
            r"(?:^|[.:!?\n#*-]\s*)"
            r"(?:please |now |then |your (?:task|job|goal)(?: is)?:? (?:to )?)?"
            rf"(?:{verbs})\s+\S"
            r"|^are (?:an?|the)\b|\byou(?: are|'re| will be) (?:an?|the)\b"
            r"|\bact as\b|\byour (?:task|job|role) is\b"
            r"|\b(?:which|what|who|is|are|does|do|how|when|where|why|can|should)\b[^?{\n]{8,120}\?",
            re.IGNORECASE,
        ),
    )


def verbs() -> str:
    """Verbs that tell a model what to do, as alternatives of a regular expression."""
    return _lexicon().verbs


def edge_words() -> frozenset[str]:
    """Words that neither begin nor end the object of an instruction."""
    return _lexicon().edges


def topic_stop_words() -> frozenset[str]:
    """Words that say nothing about a topic."""
    return _lexicon().topicless


def common_contract() -> frozenset[str]:
    """Labels and JSON keys that many tasks share, in lower case."""
    return _lexicon().common_contract


@cache
def known_types() -> dict[str, TaskType]:
    """All task types by name."""
    return {kind.name: kind for kind in _lexicon().types}


def is_weak(name: str) -> bool:
    """Whether a task type is too common in free text to tell two templates apart."""
    kind = known_types().get(name)
    return name == OTHER or (kind is not None and kind.weak)


@lru_cache(maxsize=8192)
def task_type(text: str) -> str:
    """The task type that a template's constant text names, `other` if it names none.

    The first sentence that names a type which is not weak decides; if there is none, the whole
    text does.
    """
    head = text[:_MAX_READ]
    for sentence in [s for s in SENTENCE.split(head) if s.strip()][:_MAX_SENTENCES]:
        name = _first_type(sentence)
        if not is_weak(name):
            return name
    return _first_type(head)


def _first_type(text: str) -> str:
    # What a prompt forbids is not its task.
    asked = _NEGATED.sub(" ", text)
    return next((k.name for k in _lexicon().types if k.pattern.search(asked)), OTHER)


def instructs(text: str) -> bool:
    """Whether the text tells a model what to do or who it is, or asks it something."""
    return _lexicon().instruction.search(text[:_MAX_READ]) is not None


def is_generic(system: str) -> bool:
    """Whether a system prompt says nothing about the task ("You are a helpful assistant.")."""
    generic = _lexicon().generic
    content: set[str] = set()
    for found in _WORD.finditer(system[:_MAX_READ].lower()):
        if found[0] not in generic:
            content.add(found[0])
            if len(content) >= MIN_CONTENT_WORDS:
                return False
    return True

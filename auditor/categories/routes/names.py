"""Names for categories by rule: a verb, its object, who does it, and what comes out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
from typing import TYPE_CHECKING

from auditor.categories.routes.instructions import (
    MAX_OBJECT_WORDS,
    instructions,
    is_role,
    role,
    source,
)
from auditor.categories.routes.lexicon import (
    OTHER,
    SENTENCE,
    USE_TOOLS,
    is_generic,
    is_weak,
    known_types,
    task_type,
)
from auditor.categories.routes.shape import main_family
from auditor.categories.routes.topic_words import distinctive_words
from auditor.text.language import function_words, language_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_WORD_LENGTH, MAX_NAME_LENGTH = 30, 90  # characters
TOPIC_WORDS = 4
SPECIAL_NAMES = {"embeddings": "embeddings", "no-text": "calls without text"}
"""Names of calls that have nothing to read; `CallText.response_format` marks them."""

_MIN_QUOTED, _MAX_QUOTED = 3, 8  # words of a sentence that may be quoted, and that are
_SHORT = 2  # letters of words that a quotation does not end with
_BRACKET = re.compile(r"[(\[{<|«„]")
# Families of answers that go with a type of task, where not all do.
_ANSWERS = {
    "classify": {"label", "json"},
    "write code": {"code"},
    **{kind: {"text", "label"} for kind in ("summarize", "title", "draft reply", "rewrite")},
}
_SAY_LITTLE = {"answer", "give", "make", "produce"}  # verbs that any prompt may have

_SHAPES = {
    "json": "JSON",
    "sql": "SQL",
    "svg": "SVG",
    "code": "code",
    "markup": "markup",
}


def template_name(
    *, template: str, kind: str, shapes: Mapping[str, int], response_format: str, task_prompt: bool
) -> str:
    """Name one category.

    Args:
        template: Constant text of its largest route, system prompt first.
        kind: Its task type.
        shapes: How many answers have which shape.
        response_format: Its output format, which also marks calls without text.
        task_prompt: Whether its system prompt says what the task or the bot is.
    """
    if response_format in SPECIAL_NAMES:
        return SPECIAL_NAMES[response_format]
    who, said = role(template), instructions(template)
    top = main_family(shapes)
    open_kind = kind in {OTHER, "write code", "draft reply"} or is_weak(kind)
    if task_prompt and who and not said and open_kind and top in {"text", "code"}:
        return f"general chat, {who}"
    title = _title(template, kind, who, said, top) or quoted(template)
    out = _SHAPES.get(top)
    if out and out.lower() not in title.lower():
        title = f"{title} → {out}"
    return title


def _title(
    template: str, kind: str, who: str | None, said: Sequence[str], answers: str
) -> str | None:
    """Verb and object, or the task type where words name it; None: a quotation says more."""
    known = known_types().get(kind)
    if kind == USE_TOOLS:
        return f"use tools, {who or (said[0] if said else 'agent')}"
    if known is None or known.weak:
        if said:
            return f"{said[0]}, {who}" if who and known is not None else said[0]
        return who
    best = next((phrase for phrase in said if known.said.search(phrase)), None)
    if best is None and not known.precise:
        # Words that many tasks use may name the wrong type: what the prompt orders is true.
        best = next((phrase for phrase in said if phrase.split()[0] not in _SAY_LITTLE), None)
        english = language_of(template) in {None, "en"}
        doubtful = answers not in _ANSWERS.get(kind, {answers})
        if best is None and (not english or doubtful or _inferred(template)):
            return who
    if best is None:
        first = known.phrase.split()[0]
        others = (phrase for phrase in said if not phrase.startswith(first))
        given = source(template)
        told = given and given.split()[-1].lower() in known.phrase
        more = who or next(others, None) or (None if told else given)
        return f"{known.phrase} ({more})" if more else known.phrase
    # A short name such as "summarize article" says more with who does it.
    return f"{best} ({who})" if who and len(best.split()) < MAX_OBJECT_WORDS - 1 else best


def _inferred(template: str) -> bool:
    """Whether no word of the template names a type of task: the answers were read for it."""
    return is_weak(task_type(_one_line(template)))


def quoted(template: str, others: Iterable[str] = ()) -> str:
    """The name of a task whose verb is not known: the beginning of what its prompt says.

    Args:
        template: Constant text, with `{…}` where it varies.
        others: Templates of tasks that the name is to tell it from.
    """
    elsewhere = " ".join(_one_line(other) for other in others)
    found = [s.strip(" -*#\t'\"") for s in SENTENCE.split(template.replace("---", "\n"))]
    sentences = [
        s for s in found if len(s.split()) >= _MIN_QUOTED and _one_line(s) not in elsewhere
    ]
    told = [s for s in sentences if not is_role(s) and not is_generic(s)]
    chosen = next(chain(told, sentences, (s for s in found if s)), "")
    said = _BRACKET.split(chosen, maxsplit=1)[0].split() or chosen.split()
    words = [word.replace("#", "N") for word in said[:_MAX_QUOTED]]
    while len(words) > 1 and (len(words[-1]) <= _SHORT or words[-1].lower() in _idle_words()):
        words.pop()
    return f"prompt “{' '.join(words).rstrip(' .,:;-')}”"


@cache
def _idle_words() -> frozenset[str]:
    """Words that a quotation does not end with."""
    return frozenset().union(*function_words().values())


def _one_line(text: str) -> str:
    return " ".join(text.replace("{…}", " ").replace("---", " ").split())


def printable(title: str) -> str:
    """A name that fits a table: printable, words and the whole of bounded length.

    Prompts are hostile text, and a name is made of their words.
    """
    visible = "".join(char if char.isprintable() else " " for char in title)
    words = [
        word if len(word) <= MAX_WORD_LENGTH else f"{word[:MAX_WORD_LENGTH]}…"
        for word in visible.split()
    ]
    return _shortened(" ".join(words), MAX_NAME_LENGTH) or "prompt"


def _shortened(title: str, most: int) -> str:
    """A name of at most `most` characters, cut after a word, with no bracket left open."""
    if len(title) <= most:
        return title
    cut = title[: most - 2]
    cut = f"{cut.rsplit(' ', 1)[0]}…"
    for begin, end in ("()", "“”"):
        if cut.count(begin) > cut.count(end):
            cut += end
    return cut[:most]


def topic_names(texts: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[str]:
    """Names for groups of free text: their usual task and the words that set them apart."""
    out = []
    for words, kind in zip(distinctive_words(texts, TOPIC_WORDS), kinds, strict=True):
        known = known_types().get(kind)
        head = f"open chat, {known.phrase}" if known else "open chat"
        out.append(f"{head}: {', '.join(words)}" if words else head)
    return out


def most_common_type(kinds: Sequence[str]) -> str:
    """The task type most texts of a group have, `other` if none has a third of them."""
    counts = Counter(kind for kind in kinds if kind != OTHER)
    if not counts:
        return OTHER
    top, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return top if 3 * n >= len(kinds) else OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A new category and what may tell its name from others.

    `template` is the constant text of its largest route, `facts` are what it asks for (keys,
    labels, tools), the most telling first, and `category_id` is the last resort.
    """

    name: str
    category_id: str
    template: str = ""
    facts: tuple[str, ...] = ()


def unique_names(categories: Sequence[Named], taken: Iterable[str] = ()) -> list[str]:
    """Make names printable and distinct from each other and from `taken`.

    Where several are the same, what the others do not have is added: a fact, or a word of the
    template; if there is neither, the beginning of the id. A bare number would say nothing.
    """
    names = [printable(one.name) for one in categories]
    used = {title.casefold() for title in taken}
    counts = Counter(title.casefold() for title in names)
    counts.update(used)
    same: dict[str, list[int]] = {}
    for number, title in enumerate(names):
        same.setdefault(title.casefold(), []).append(number)
    hints: dict[int, list[str]] = {}
    quotes: dict[int, list[str]] = {}
    for numbers in same.values():
        if len(numbers) > 1:
            words = distinctive_words([[categories[i].template] for i in numbers], TOPIC_WORDS)
            held = Counter(fact for i in numbers for fact in set(categories[i].facts))
            for i, some in zip(numbers, words, strict=True):
                own = [fact for fact in categories[i].facts if held[fact] == 1]
                hints[i] = [*own, *some]
                others = [categories[n].template for n in numbers if n != i]
                quotes[i] = _quoted_apart(names[i], categories[i].template, others)
    out = []
    for number, (title, one) in enumerate(zip(names, categories, strict=True)):
        plain = [title] if counts[title.casefold()] == 1 else []
        hinted = [_with(title, hint) for hint in hints.get(number, ())]
        by_id = (_with(title, f"id {one.category_id[:n]}") for n in count(4))
        apart = quotes.get(number, ())
        chosen = next(c for c in chain(plain, apart, hinted, by_id) if c.casefold() not in used)
        used.add(chosen.casefold())
        out.append(chosen)
    return out


def _quoted_apart(title: str, template: str, others: Sequence[str]) -> list[str]:
    """A quotation in place of one that others have, too; none if the name quotes nothing."""
    quotation = quoted(template)
    other = quoted(template, others)
    return (
        [printable(title.replace(quotation, other))]
        if quotation in title and quotation != other
        else []
    )


def _with(title: str, hint: str) -> str:
    """A name with what tells it from others, which is not cut off."""
    return printable(f"{_shortened(title, MAX_NAME_LENGTH - MAX_WORD_LENGTH - 4)}, {hint}")

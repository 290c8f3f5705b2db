"""Names for categories by rule: a verb, its object, who does it, and what comes out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING

from auditor.categories.routes.instructions import MAX_OBJECT_WORDS, instructions, role, source
from auditor.categories.routes.lexicon import OTHER, USE_TOOLS, is_weak, known_types
from auditor.categories.routes.shape import main_family
from auditor.categories.routes.topic_words import distinctive_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_WORD_LENGTH, MAX_NAME_LENGTH = 30, 90  # characters
TOPIC_WORDS = 4
SPECIAL_NAMES = {"embeddings": "embeddings", "no-text": "calls without text"}
"""Names of calls that have nothing to read; `CallText.response_format` marks them."""

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
    # A short name such as "summarize article" says more with who does it.
    return f"{best} ({who})" if who and len(best.split()) < MAX_OBJECT_WORDS - 1 else best


def printable(title: str) -> str:
    """A name that fits a table: printable, words and the whole of bounded length.

    Prompts are hostile text, and a name is made of their words.
    """
    visible = "".join(char if char.isprintable() else " " for char in title)
    words = [
        word if len(word) <= MAX_WORD_LENGTH else f"{word[:MAX_WORD_LENGTH]}…"
        for word in visible.split()
    ]
    return " ".join(words)[:MAX_NAME_LENGTH].strip() or "prompt"


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
    for numbers in same.values():
        if len(numbers) > 1:
            words = distinctive_words([[categories[i].template] for i in numbers], TOPIC_WORDS)
            held = Counter(fact for i in numbers for fact in set(categories[i].facts))
            for i, some in zip(numbers, words, strict=True):
                own = [fact for fact in categories[i].facts if held[fact] == 1]
                hints[i] = [*own, *some]
    out = []
    for number, (title, one) in enumerate(zip(names, categories, strict=True)):
        plain = [title] if counts[title.casefold()] == 1 else []
        hinted = [_with(title, hint) for hint in hints.get(number, ())]
        by_id = (_with(title, f"id {one.category_id[:n]}") for n in count(4))
        chosen = next(c for c in chain(plain, hinted, by_id) if c.casefold() not in used)
        used.add(chosen.casefold())
        out.append(chosen)
    return out


def _with(title: str, hint: str) -> str:
    """A name with what tells it from others, which is not cut off."""
    return printable(f"{title[: MAX_NAME_LENGTH - MAX_WORD_LENGTH - 4].strip()}, {hint}")

"""How alike two instructions are, by the words that all calls of a route have in common.

- An instruction that was edited keeps most of its words, and no more than one side has an order
  that the other lacks. Two tasks of one author share a preamble, but each has an order of its own:
  that an instruction is nearly the same says nothing while both sides order something else.
- A sentence that stands in prompts of other tasks, too, does not say what the task is: a preamble,
  or the rules of one tenant.
- Words of two languages cannot be compared. Such instructions are neither alike nor different.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.categories.routes.instructions import is_order, verb
from auditor.categories.routes.language import content_words
from auditor.categories.routes.lexicon import SENTENCE
from auditor.text.language import language_of

if TYPE_CHECKING:
    from collections.abc import Collection

SAME = 0.7  # of the content words: the same instruction, edited
ALIKE = 0.5  # of the content words: the same subject
SAME_SENTENCE = 0.5  # of the content words: the same sentence, edited
MAX_READ = 4000  # characters of a template


class Likeness(IntEnum):
    """How alike two instructions are; `FOREIGN`: in two languages, `NOTHING`: one says nothing."""

    OTHER = 0
    ALIKE = 1
    SAME = 2
    FOREIGN = 3
    NOTHING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two instructions: how alike, the common share of their words, and the orders of one alone."""

    likeness: Likeness
    share: float
    only_one: tuple[str, ...] = ()
    only_two: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    words: frozenset[str]
    language: str | None
    sentences: tuple[tuple[str, frozenset[str]], ...]
    orders: frozenset[str]


def compare(one: str, two: str, idle: Collection[frozenset[str]] = ()) -> Compared:
    """Compare the constant text of two routes, with `{…}` where it varies.

    Args:
        one: The first text.
        two: The second.
        idle: Content words of sentences that do not say what the task is, see `sentences`.
    """
    a, b = _without(_read(one), idle), _without(_read(two), idle)
    share = dice(a.words, b.words)
    if not a.words or not b.words:
        return Compared(likeness=Likeness.NOTHING, share=0.0)
    if a.language and b.language and a.language != b.language and share < ALIKE:
        return Compared(likeness=Likeness.FOREIGN, share=share)
    if share < ALIKE:
        return Compared(likeness=Likeness.OTHER, share=share)
    only_one, only_two = _alone(a, b), _alone(b, a)
    # One order more is an edit, unless the other side has none at all.
    two_tasks = bool(only_one and only_two) or bool(
        (only_one and not b.orders) or (only_two and not a.orders)
    )
    likeness = Likeness.SAME if share >= SAME and not two_tasks else Likeness.ALIKE
    return Compared(likeness=likeness, share=share, only_one=only_one, only_two=only_two)


def sentences(template: str) -> frozenset[frozenset[str]]:
    """The content words of each sentence of a constant text."""
    return frozenset(words for _, words in _read(template).sentences)


def _without(text: _Text, idle: Collection[frozenset[str]]) -> _Text:
    """A text without its idle sentences; the whole text if there is nothing else."""
    kept = tuple((s, words) for s, words in text.sentences if words not in idle)
    if not kept or len(kept) == len(text.sentences):
        return text
    return _Text(
        words=frozenset().union(*(words for _, words in kept)),
        language=text.language,
        sentences=kept,
        orders=text.orders & {s for s, _ in kept},
    )


def dice(one: frozenset[str], two: frozenset[str]) -> float:
    """Twice the common words over all words of both, from 0 to 1."""
    return 2 * len(one & two) / (len(one) + len(two)) if one or two else 0.0


def _alone(one: _Text, two: _Text) -> tuple[str, ...]:
    """The orders of the first text that have no counterpart in the other."""
    return tuple(
        sentence
        for sentence, words in one.sentences
        if sentence in one.orders
        and not any(
            dice(words, other) >= SAME_SENTENCE and _one_order(sentence, counterpart)
            for counterpart, other in two.sentences
        )
    )


def _one_order(one: str, two: str) -> bool:
    """Whether two sentences do not order two things: another verb is another order."""
    verbs = verb(one), verb(two)
    return None in verbs or verbs[0] == verbs[1]


@lru_cache(maxsize=4096)
def _read(template: str) -> _Text:
    text = template[:MAX_READ].replace("---", "\n")
    sentences = [s.strip(" -*#\t'\"") for s in SENTENCE.split(text)]
    found = tuple((s, w) for s in sentences if (w := content_words(s)))
    language = language_of(text)
    orders = frozenset(s for s, _ in found if is_order(s, language))
    words = frozenset().union(*(w for _, w in found))
    return _Text(words=words, language=language, sentences=found, orders=orders)

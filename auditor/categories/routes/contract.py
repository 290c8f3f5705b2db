"""The output contract of a task: what its answers have in common, and whether two contracts agree.

What a task promises to its caller shows in its answers: the family of shapes, the keys of JSON,
the closed set of labels, the language of code. Two tasks may be asked in nearly the same words;
they are two if what comes out differs. What comes out alike is one task only if it is *particular*:
three labels or keys that are the same are no accident, yes and no, or a scale, are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.categories.routes.lexicon import common_contract
from auditor.categories.routes.shape import MAX_KEYS, family

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MIN_ANSWERS = 5  # fewer say nothing about a contract
MIN_OVERLAP = 0.5  # of families, keys or labels: less is another contract
MIN_SAME = 0.8  # of keys or labels: at least so much is the same contract
MIN_PARTICULAR = 3  # labels or keys that two tasks do not share by accident
FIXED_KEY = 0.5  # of the JSON answers have a key that the contract holds
REPEATS = 2  # of a label, on average, where the set of labels is closed

_MARKS = "\"'`*“”.!: "
_LISTED = re.compile("[,;|\n\u3001\uff0c]")  # and the commas of Chinese and Japanese


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the answers of some calls have in common.

    `families` counts the families of shapes, `labels` the labels, `languages` the languages that
    code names. `keys` are the JSON keys of at least `FIXED_KEY` of the JSON answers, none where
    they change from call to call.
    """

    families: Mapping[str, int]
    keys: frozenset[str] = frozenset()
    labels: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, shapes: Mapping[str, int], labels: Mapping[str, int]) -> Contract:
        """The contract of answers with these shapes (see `shape.shape`) and labels, counted."""
        families: Counter[str] = Counter()
        keys: Counter[str] = Counter()
        languages: Counter[str] = Counter()
        objects = 0
        for shape, n in shapes.items():
            kind, _, rest = shape.partition(":")
            if kind != "empty":
                families[family(shape)] += n
            if kind == "json" and rest.startswith("{"):
                objects += n
                keys.update(dict.fromkeys(_keys(rest), n))
            elif kind == "code" and rest:
                languages[rest] += n
        fixed = frozenset(key for key, n in keys.items() if n >= FIXED_KEY * objects)
        return cls(families=families, keys=fixed, labels=labels, languages=languages)

    @property
    def answers(self) -> int:
        """How many answers it was read from."""
        return sum(self.families.values())

    @property
    def closed(self) -> bool:
        """Whether its labels are a set that it chooses from, and not words that it copies."""
        return sum(self.labels.values()) >= max(MIN_ANSWERS, REPEATS * len(self.labels))


def _keys(rest: str) -> list[str]:
    """The keys in `{key,...}`, less the last where the shape was cut inside it."""
    inside = rest.strip("{}")
    keys = inside.split(",") if inside else []
    return keys[:-1] if len(inside) >= MAX_KEYS else keys


def differ(one: Contract, two: Contract) -> str | None:
    """What shows that two contracts differ: `answers`, `keys`, `labels` or `language`, or None.

    None also where one has too few answers to tell.
    """
    if min(one.answers, two.answers) < MIN_ANSWERS:
        return None
    if overlap(one.families, two.families) < MIN_OVERLAP:
        return "answers"
    if one.keys and two.keys and _jaccard(one.keys, two.keys) < MIN_OVERLAP:
        return "keys"
    if _labels_differ(one, two):
        return "labels"
    if _main(one.languages) != _main(two.languages) and one.languages and two.languages:
        return "language"
    return None


def same(one: Contract, two: Contract) -> str | None:
    """What shows that two contracts are one and the same: `keys` or `labels`, or None."""
    if min(one.answers, two.answers) < MIN_ANSWERS or differ(one, two):
        return None
    if _particular(one.keys & two.keys) and _jaccard(one.keys, two.keys) >= MIN_SAME:
        return "keys"
    if (
        one.closed
        and two.closed
        and _particular(one.labels.keys() & two.labels.keys())
        and min(_share(one, two), _share(two, one)) >= MIN_SAME
    ):
        return "labels"
    return None


def _particular(names: Collection[str]) -> bool:
    """Whether labels or keys are more than a scale, a verdict or the name of any answer."""
    return len({name.casefold() for name in names} - common_contract()) >= MIN_PARTICULAR


def overlap(one: Mapping[str, int], two: Mapping[str, int]) -> float:
    """The common part of two distributions, from 0 to 1; 0 where one has no entry."""
    totals = sum(one.values()), sum(two.values())
    if not all(totals):
        return 0.0
    return sum(min(one[k] / totals[0], two[k] / totals[1]) for k in one.keys() & two.keys())


def _labels_differ(one: Contract, two: Contract) -> bool:
    """Whether labels come from two sets.

    A few values of a slot may draw few of the labels: a set inside the other is no other set.
    """
    if min(sum(one.labels.values()), sum(two.labels.values())) < MIN_ANSWERS:
        return False
    if not (one.closed or two.closed):
        return False
    shares = [_share(b, a) for a, b in ((one, two), (two, one)) if a.closed]
    return max(shares) < MIN_OVERLAP


def _share(one: Contract, two: Contract) -> float:
    """Share of the first's labelled answers whose label the other has, too."""
    return sum(n for label, n in one.labels.items() if label in two.labels) / sum(
        one.labels.values()
    )


def _jaccard(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two)


def _main(counts: Mapping[str, int]) -> str:
    return max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))[0]


def label_of(answer: str | None) -> str | None:
    """A short answer without the marks around it, in lower case, so that equal labels are equal."""
    words = (answer or "").strip().strip(_MARKS).casefold()
    return words or None


def count_labels(answers: Iterable[str | None]) -> Counter[str]:
    """How often each label was answered; an answer that lists several counts for each."""
    labels: Counter[str] = Counter()
    for answer in answers:
        items = (item.strip(_MARKS) for item in _LISTED.split(answer or ""))
        labels.update(item for item in items if item)
    return labels

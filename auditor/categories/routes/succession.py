"""Which prompt took the place of another: a new version of the same task.

A team that edits a prompt may write all of it anew, ask for JSON instead of a label, or move a text
from the message to the system prompt. Then neither instruction nor contract shows that it is the
same task; time and subject do:

- The old prompt stops before the log ends and the new one starts after it began, and neither
  silence is chance: at the rate at which it was called, several calls would have come.
- The new one starts where the old one stops, but for a short time in which both are tried.
- Both are about the same: the words of their data, and those of their instructions, that are rare
  elsewhere in the log. The data weigh as much as the instruction, which may have been written anew.
- No other prompt that starts then is nearer to the old one, nor one that stops to the new one; of
  several that stop, those about as near may be pieces of one version.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

QUANTILES = (0.0, 0.02, 0.05, 0.1, 0.9, 0.95, 0.98, 1.0)
"""The quantiles of the times of calls that an activity holds."""

FIRST, START, SETTLED, LEAVING, STOP = 1, 2, 3, 5, 6
"""Places in `QUANTILES`: 2, 5 and 10 % of the calls were made, 95 and 98 %."""

DAY = 86_400.0  # seconds
MIN_MISSED = 4.0  # calls that were due in a silence that is no chance (e^-4 under Poisson)
MAX_GAP = 2.0  # days between the two, and half of the shorter life
MAX_GAP_SHARE = 0.5
# Chosen on three logs with truth: new versions had .22 to .7, tasks of other data up to .1. Tasks
# that read the same data had up to .45: they are told apart by which is nearest, not by this.
MIN_LIKENESS = 0.2
CONSTANT = 0.9  # of the calls of a prompt have a word: it is of the instruction, not of the data
NEAR_BEST = 0.85  # of the likeness of the nearest: pieces of one version are about as near


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """When calls were made: their number, and the `QUANTILES` of their times in seconds."""

    calls: int
    times: tuple[float, ...]

    @property
    def life(self) -> float:
        """Seconds within which nearly all calls were made, at least one."""
        return max(self.times[STOP] - self.times[FIRST], 1.0)

    @property
    def rate(self) -> float:
        """Calls a second while it lived."""
        return self.calls / self.life


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One version of a task as it is compared here.

    `subject` has the share of its calls that hold each word, in request or answer.
    """

    activity: Activity | None
    subject: Mapping[str, float]


UNKNOWN = Prompt(activity=None, subject={})
"""A prompt of which neither times nor texts are known."""


def successions(prompts: Sequence[Prompt]) -> list[tuple[int, int]]:
    """Pairs of places in `prompts`: the second took the place of the first; the nearest first."""
    span = log_span(prompts)
    if span is None:
        return []
    data = _vectors([{w: n for w, n in p.subject.items() if n < CONSTANT} for p in prompts])
    said = _vectors([{w: n for w, n in p.subject.items() if n >= CONSTANT} for p in prompts])
    near: dict[tuple[int, int], float] = {}
    for (a, old), (b, new) in permutations(enumerate(prompts), 2):
        if old.activity and new.activity and takes_over(old.activity, new.activity, *span):
            likeness = round((_cosine(data[a], data[b]) + _cosine(said[a], said[b])) / 2, 6)
            if likeness >= MIN_LIKENESS:
                near[a, b] = likeness
    best_new = {a: max(v for (x, _), v in near.items() if x == a) for a, _ in near}
    best_old = {b: max(v for (_, y), v in near.items() if y == b) for _, b in near}
    found = [
        (-likeness, a, b)
        for (a, b), likeness in near.items()
        if likeness == best_new[a] and likeness >= NEAR_BEST * best_old[b]
    ]
    return [(a, b) for _, a, b in sorted(found)]


def log_span(prompts: Sequence[Prompt]) -> tuple[float, float] | None:
    """When the first and the last call of some prompts were made, in seconds; None: unknown."""
    known = [p.activity.times for p in prompts if p.activity is not None]
    return (min(t[0] for t in known), max(t[-1] for t in known)) if known else None


def takes_over(old: Activity, new: Activity, begin: float, end: float) -> bool:
    """Whether one prompt starts where another stops, in a log from `begin` to `end` (seconds)."""
    stopped = old.rate * (end - old.times[STOP]) >= MIN_MISSED
    started = new.rate * (new.times[START] - begin) >= MIN_MISSED
    in_turn = old.times[LEAVING] <= new.times[SETTLED]
    gap = new.times[SETTLED] - old.times[STOP]
    soon = gap <= MAX_GAP * DAY + MAX_GAP_SHARE * min(old.life, new.life)
    return stopped and started and in_turn and soon


def pooled(prompts: Sequence[Prompt]) -> Prompt:
    """Several routes of one task as one prompt; times are those of the first start and last end."""
    known = [p.activity for p in prompts if p.activity is not None]
    total = sum(a.calls for a in known)
    activity = None
    if known:
        low = [min(a.times[i] for a in known) for i in range(4)]
        high = [max(a.times[i] for a in known) for i in range(4, len(QUANTILES))]
        activity = Activity(calls=total, times=(*low, *high))
    subject: Counter[str] = Counter()
    for p in prompts:
        share = p.activity.calls / total if p.activity and total else 1 / len(prompts)
        for word, n in p.subject.items():
            subject[word] += share * n  # type: ignore[assignment]
    return Prompt(activity=activity, subject=subject)


def _vectors(subjects: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Unit vectors of the words, those that fewer prompts have weighing more."""
    held = Counter(word for subject in subjects for word in subject)
    out = []
    for subject in subjects:
        vector = {w: n * math.log(1 + len(subjects) / held[w]) for w, n in subject.items()}
        norm = math.sqrt(sum(x * x for x in vector.values())) or 1.0
        out.append({w: x / norm for w, x in sorted(vector.items())})
    return out


def _cosine(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    return sum(x * two[w] for w, x in one.items() if w in two)

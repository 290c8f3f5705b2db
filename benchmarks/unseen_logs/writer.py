"""Writes texts from patterns: seeded, and hardly ever the same sentence twice.

Patterns hold slots:
    {town}         one of the words of that slot, which may hold slots itself
    {3..40}        a number in that range
    {+letter 2..4} two to four sentences of the slot, none of them written more than `MAX_REPEATS`
                   times in the whole log
"""
# ruff: noqa: E501 - prompts are long lines

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_REPEATS = 3
_TRIES = 200
_SLOT = re.compile(r"\{(?:(\d+)\.\.(\d+)|\+(\w+)(?: (\d+)\.\.(\d+))?|(\w+))\}")

COMMON: dict[str, Sequence[str]] = {
    "first": ["Ada", "Amir", "Beatriz", "Bruno", "Carla", "Chen", "Dalia", "Diego", "Elif", "Emil", "Farah", "Felix", "Greta", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kaito", "Lea", "Lucía", "Malik", "Marta", "Mira", "Nadia", "Noel", "Olga", "Oscar", "Paula", "Pedro", "Quentin", "Rosa", "Sami", "Sofia", "Tariq", "Tessa", "Uma", "Victor", "Wanda", "Yusuf", "Zoe"],
    "last": ["Abadi", "Becker", "Castillo", "Dubois", "Eriksen", "Ferrari", "Gruber", "Haddad", "Ibarra", "Jansen", "Keller", "Laurent", "Moreau", "Nowak", "Okafor", "Petrov", "Quiroga", "Rossi", "Santos", "Tanaka", "Ueda", "Vargas", "Weber", "Xu", "Yilmaz", "Zimmer"],
    "person": ["{first} {last}"],
    "month": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
    "weekday": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "date": ["{1..28} {month} 2026", "2026-{10..12}-{10..28}", "{month} {1..28}"],
    "time": ["{8..19}:{10..59}"],
    "code": ["{letter}{letter}-{1000..99999}"],
    "letter": list("ABCDEFGHKLMNPRSTUVWX"),
}  # fmt: skip


class Writer:
    """Fills patterns; the same seed writes the same texts."""

    def __init__(self, seed: str, words: Mapping[str, Sequence[str]]) -> None:
        self.rng = Random(seed)
        self._words = COMMON | dict(words)
        self._written: Counter[str] = Counter()

    def fill(self, pattern: str) -> str:
        """The pattern with every slot filled."""
        return _SLOT.sub(self._slot, pattern)

    def _slot(self, found: re.Match[str]) -> str:
        low, high, passage, least, most, word = found.groups()
        if word:
            return self.fill(self.rng.choice(self._words[word]))
        if passage:
            n = self.rng.randint(int(least or 1), int(most or least or 1))
            return " ".join(self._sentence(passage) for _ in range(n))
        return str(self.rng.randint(int(low), int(high)))

    def _sentence(self, slot: str) -> str:
        """A sentence that was written less than `MAX_REPEATS` times.

        Raises:
            ValueError: the material of the slot is used up.
        """
        for _ in range(_TRIES):
            sentence = self.fill(self.rng.choice(self._words[slot]))
            if self._written[sentence] < MAX_REPEATS:
                self._written[sentence] += 1
                return sentence
        raise ValueError(f"too few different sentences for {slot!r}")

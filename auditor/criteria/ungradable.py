"""Which draws could not be graded and why, read once for terminal, report and plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.decision.faults import asking_again_helps, causes_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.store.store import Store

WORTH_A_WARNING = 0.05
"""Above this share the ungraded draws alone could hide a difference of the default margin."""

_DRAWS = "SELECT * EXCLUDE spend_rank FROM v_ungradable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungradable:
    """The draws of one category and candidate that could not be graded.

    ``draws`` of ``draws_in_all`` by cause: the slug of an error (``decision.faults``), or what
    the criterion lacked, in its words.
    """

    category_id: str
    name: str
    candidate_id: str
    model: str
    causes: Mapping[str, int]
    draws_in_all: int

    @property
    def draws(self) -> int:
        """How many draws could not be graded."""
        return sum(self.causes.values())

    @property
    def deserves_a_warning(self) -> bool:
        """Whether they are so many that they may keep the category from being decided."""
        return self.draws > WORTH_A_WARNING * self.draws_in_all

    @property
    def why(self) -> str:
        """The causes in words, most frequent first."""
        return causes_in_words(self.causes)

    @property
    def sentence(self) -> str:
        """How many and why, and what to do where they are many."""
        told = f"{self.draws:,} of {self.draws_in_all:,} drawn answers could not be graded"
        advice = f"; {self._advice}" if self.deserves_a_warning else ""
        return f"{self.name} on {self.model}: {told}: {self.why}{advice}"

    @property
    def _advice(self) -> str:
        if asking_again_helps(self.causes):
            return "'auditor replay' asks for them again"
        return "they count against any claim until its criterion can grade them (criteria.yaml)"


def read_ungradable(store: Store) -> list[Ungradable]:
    """Return what could not be graded by category and candidate, costliest category first."""
    causes: dict[tuple[str, str], dict[str, int]] = {}
    found: dict[tuple[str, str], Ungradable] = {}
    for row in store.dicts(_DRAWS):
        key = row["category_id"], row["candidate_id"]
        causes.setdefault(key, {})[row.pop("cause")] = row.pop("draws")
        found[key] = Ungradable(causes=causes[key], **row)
    return list(found.values())

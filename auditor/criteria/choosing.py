"""Which criterion applies to a category. The one rule; the stage ``criteria`` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.model import Criterion
    from auditor.criteria.selector import CallFacts

MATCHING_SHARE = 0.5
"""A criterion applies to a category when its selector matches at least this share of the calls."""


def applicable_criterion(
    criteria: Sequence[Criterion], calls: Sequence[CallFacts]
) -> Criterion | None:
    """The criterion for a category, given some of its calls; None where none applies.

    The first in the file's order wins, so the special ones stand before the general ones. A
    category is graded by one criterion: a selector that matches only a few of its calls does not
    apply, and one that matches most of them applies to all.
    """
    for criterion in criteria:
        matching = sum(criterion.selector.matches(call) for call in calls)
        if matching and matching >= MATCHING_SHARE * len(calls):
            return criterion
    return None

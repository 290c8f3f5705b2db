"""The criteria in force, one a category, with how they did on trial."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.criteria.file import criterion_from
from auditor.criteria.trial_records import read_trials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from auditor.criteria.model import Criterion
    from auditor.criteria.trials import Trial
    from auditor.store.store import Store

_IN_FORCE = """
SELECT s.category_id, s.name AS category, s.spend_usd, s.share, k.criterion_id, k.name, k.origin,
       k.form_only, k.live_checkable, k.definition
FROM v_spend s
LEFT JOIN criteria k ON k.category_id = s.category_id AND k.active AND k.role = 'verdict'
WHERE NOT s.ignored ORDER BY s.spend_rank
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionInForce:
    """What grades a category; all but the category and its spend is None where nothing does.

    ``words`` say what is checked, ``origin`` is ``user`` or ``proposed``. ``judged`` says that a
    judge has a part in it, ``waits`` that nothing can be graded before the judge has spoken.
    """

    category_id: str
    category: str
    spend_usd: Decimal
    share: float | None
    criterion_id: str | None = None
    words: str | None = None
    origin: str | None = None
    form_only: bool | None = None
    live_checkable: bool | None = None
    judged: bool | None = None
    waits: bool | None = None
    definition: Mapping[str, Any] | None = None
    trial: Trial | None = None

    @property
    def criterion(self) -> Criterion | None:
        """The criterion, of which ``definition`` is how it is written."""
        return None if self.definition is None else criterion_from(self.definition)


def list_criteria(store: Store) -> list[CriterionInForce]:
    """Return what grades each category, the costliest first."""
    trials = read_trials(store)
    return [_read(row, trials) for row in store.dicts(_IN_FORCE)]


def _read(row: Mapping[str, Any], trials: Mapping[str, Trial]) -> CriterionInForce:
    known = {name: row[name] for name in ("category_id", "category", "spend_usd", "share")}
    if row["criterion_id"] is None:
        return CriterionInForce(**known)
    definition = json.loads(row["definition"])
    criterion = criterion_from(definition)
    return CriterionInForce(
        **known,
        criterion_id=row["criterion_id"],
        words=row["name"],
        origin=row["origin"],
        form_only=row["form_only"],
        live_checkable=row["live_checkable"],
        judged=any(assertion.is_judged for assertion in criterion.deciding),
        waits=criterion.waits_for_judge,
        definition=definition,
        trial=trials.get(row["category_id"]),
    )

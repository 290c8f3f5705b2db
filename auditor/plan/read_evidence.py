"""What was drawn, answered and graded in each category, read from the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.decision import reasons
from auditor.decision.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from auditor.store.store import Store

_DRAWS = """
WITH unit_spend AS (
    SELECT g.design_id, unit_id, sum(cost_usd) / nullif(max(g.spend_usd), 0) AS unit_share
    FROM designs g JOIN call_categories USING (category_id) JOIN v_calls USING (call_id)
    ANTI JOIN eligibility e ON e.call_id = v_calls.call_id AND e.candidate_id = g.candidate_id
    WHERE g.active GROUP BY ALL
),
first_answers AS (SELECT answer_id, call_id, candidate_id FROM answers WHERE replicate = 0),
first_grades AS (SELECT answer_id, criterion_id, passed FROM grades WHERE replicate = 0)
SELECT g.category_id, g.candidate_id, g.design_id, g.spend_usd AS design_usd,
       v.criterion_id, v.form_only, v.definition,
       coalesce(t.content_share = 0, false) AS unnoticing,
       d.call_id, d.unit_id, coalesce(u.unit_share, 0)::DOUBLE AS unit_share,
       c.masked > 0 AS masked,
       l.answer_id IS NOT NULL AND lg.answer_id IS NOT NULL AS answered,
       bg.passed AS baseline_passed, lg.passed AS local_passed,
       k.criterion_id IS NOT NULL AS has_live, kg.passed AS live_passed
FROM designs g JOIN draws d USING (design_id) JOIN calls c USING (call_id)
LEFT JOIN unit_spend u ON u.design_id = g.design_id AND u.unit_id = d.unit_id
JOIN criteria v ON v.category_id = g.category_id AND v.active AND v.role = 'verdict'
LEFT JOIN criterion_baselines t ON t.criterion_id = v.criterion_id AND t.category_id = v.category_id
LEFT JOIN criteria k ON k.category_id = g.category_id AND k.active AND k.role = 'live'
LEFT JOIN first_answers b ON b.call_id = d.call_id AND b.candidate_id IS NULL
LEFT JOIN first_answers l ON l.call_id = d.call_id AND l.candidate_id = g.candidate_id
LEFT JOIN first_grades bg ON bg.answer_id = b.answer_id AND bg.criterion_id = v.criterion_id
LEFT JOIN first_grades lg ON lg.answer_id = l.answer_id AND lg.criterion_id = v.criterion_id
LEFT JOIN first_grades kg ON kg.answer_id = l.answer_id AND kg.criterion_id = k.criterion_id
WHERE g.active
ORDER BY g.category_id, g.candidate_id, d.draw_no
"""

# Priced spend by category, candidate and why it cannot be drawn; without a candidate all of it.
_SPEND = """
SELECT category_id, candidate_id, reason, count(*) AS calls, sum(cost_usd) AS usd
FROM (SELECT call_id, category_id, cost_usd, candidate_id
      FROM calls JOIN call_categories USING (call_id)
      CROSS JOIN (SELECT candidate_id FROM candidates UNION ALL
                  SELECT '' WHERE NOT EXISTS (FROM candidates)))
LEFT JOIN eligibility USING (call_id, candidate_id)
WHERE cost_usd IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""

Key = tuple[str, str]
"""A category and a candidate; the candidate is empty before the first was tried."""
Spend = dict[Key, dict[str | None, tuple[int, Decimal]]]
"""Calls and priced spend by the reason that keeps them from being drawn; None: they can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The evidence on one category and candidate, and where it comes from.

    ``missing`` says why its draws do not count, None when they do. ``agreement``: answers were
    graded by comparing them with the logged answer. ``looked_at`` are the numbers of draws at
    which a plan was made before.
    """

    evidence: Evidence
    criterion_id: str | None = None
    n_calls: int = 0
    masked_share: float | None = None
    agreement: bool = False
    missing: str | None = None
    design_id: str | None = None
    looked_at: frozenset[int] = frozenset()

    @property
    def draws(self) -> int:
        """How many draws the evidence rests on."""
        return len(self.evidence.baseline_passed)

    @property
    def new_look(self) -> bool:
        """Whether no plan was made on this many draws before."""
        return self.draws > 0 and self.draws not in self.looked_at

    @property
    def looks(self) -> int:
        """At how many numbers of draws a plan was made, this one included."""
        return len(self.looked_at | {self.draws})


def read_spend(store: Store) -> Spend:
    """Return calls and priced spend by category and candidate, then by reason."""
    spend: Spend = defaultdict(dict)
    for category_id, candidate_id, reason, calls, usd in store.rows(_SPEND):
        spend[category_id, candidate_id][reason] = (calls, usd)
    return spend


def read_tested(store: Store, spend: Spend, floor: float | None) -> dict[Key, Tested]:
    """Return the evidence on every category and candidate; without draws it is empty."""
    drawn = store.frame(_DRAWS).partition_by("category_id", "candidate_id", as_dict=True)
    looked: dict[Key, set[int]] = defaultdict(set)
    for design_id, candidate_id, n in store.rows("SELECT design_id, candidate_id, n FROM looks"):
        looked[design_id, candidate_id].add(n)
    tested = {}
    for key, by_reason in spend.items():
        undrawn = _undrawn(key, by_reason, floor)
        draws = drawn.get(key)
        if draws is None:
            tested[key] = Tested(evidence=undrawn)
        else:
            looked_at = frozenset(looked[draws["design_id"][0], key[1]])
            tested[key] = _tested(undrawn, draws, looked_at)
    return tested


def _undrawn(
    key: Key, by_reason: Mapping[str | None, tuple[int, Decimal]], floor: float | None
) -> Evidence:
    """Return evidence that holds spend only."""
    return Evidence(
        category_id=key[0],
        candidate_id=key[1],
        eligible_usd=by_reason.get(None, (0, Decimal(0)))[1],
        # Spend that merely cannot be measured is left out: nothing shows that it has to stay.
        ineligible_usd=sum(
            (usd for reason, (_, usd) in by_reason.items() if reason in reasons.CANNOT), Decimal(0)
        ),
        floor=floor,
    )


def _tested(undrawn: Evidence, draws: pl.DataFrame, looked_at: frozenset[int]) -> Tested:
    """Add the draws of a category and candidate, in draw order, to its evidence if they count.

    They count only when every draw is answered and graded: the answers of an unfinished replay
    are no fair sample, and deciding at the number there is would be one more look at the
    data. Nor do they count when calls or prices have changed since: the draws speak for the spend
    they were drawn from.
    """
    missing = None
    if not draws["answered"].all():
        missing = reasons.UNFINISHED
    if draws["design_usd"][0] != undrawn.eligible_usd:
        missing = reasons.OUTDATED
    form_only, unnoticing = bool(draws["form_only"][0]), bool(draws["unnoticing"][0])
    has_live = bool(draws["has_live"][0]) and not (form_only or unnoticing)
    ready = draws.clear() if missing else draws
    masked_share = ready["masked"].mean()
    return Tested(
        evidence=replace(
            undrawn,
            baseline_passed=ready["baseline_passed"].to_list(),
            local_passed=ready["local_passed"].to_list(),
            live_passed=ready["live_passed"].to_list() if has_live else None,
            units=ready["unit_id"].to_list(),
            unit_shares=ready["unit_share"].to_list(),
            calls=ready["call_id"].to_list(),
            form_only=form_only,
            unnoticing=unnoticing,
        ),
        criterion_id=draws["criterion_id"][0],
        n_calls=ready["call_id"].n_unique(),
        masked_share=masked_share if isinstance(masked_share, float) else None,
        agreement="{{reference}}" in draws["definition"][0],
        missing=missing,
        design_id=draws["design_id"][0],
        looked_at=looked_at,
    )


def why_untested(store: Store, tested: Iterable[Tested]) -> dict[str, str]:
    """Return for each category the reason it gets if it has no verdict."""
    missing = {item.evidence.category_id: item.missing for item in tested if item.missing}
    graded = {
        row[0]
        for row in store.rows("SELECT category_id FROM criteria WHERE active AND role = 'verdict'")
    }
    why = {}
    for category_id, ignored in store.rows("SELECT category_id, ignored FROM categories"):
        otherwise = reasons.NOT_REPLAYED if category_id in graded else reasons.NO_CRITERION
        why[category_id] = reasons.IGNORED if ignored else missing.get(category_id, otherwise)
    return why

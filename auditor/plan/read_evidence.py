"""What was drawn, answered and graded in each category, read from the database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.decision import reasons as phrases
from auditor.decision.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.store.store import Store

_DRAWS = """
WITH unit_spend AS (
    SELECT g.design_id, coalesce(conversation_id, request_hash, call_id) AS unit_id,
           sum(cost_usd) / nullif(max(g.spend_usd), 0) AS unit_share
    FROM designs g JOIN call_categories USING (category_id) JOIN calls USING (call_id)
    ANTI JOIN eligibility e ON e.call_id = calls.call_id AND e.candidate_id = g.candidate_id
    WHERE g.active GROUP BY ALL
),
first_answers AS (SELECT answer_id, call_id, candidate_id FROM answers WHERE replicate = 0),
first_grades AS (SELECT answer_id, criterion_id, passed FROM grades WHERE replicate = 0)
SELECT g.category_id, g.candidate_id, g.design_id, g.spend_usd AS design_usd,
       v.criterion_id, v.form_only, v.definition,
       d.call_id, d.unit_id, coalesce(u.unit_share, 0)::DOUBLE AS unit_share,
       c.masked > 0 AS masked,
       l.answer_id IS NOT NULL AND lg.answer_id IS NOT NULL AS answered,
       bg.passed AS baseline_passed, lg.passed AS local_passed,
       k.criterion_id IS NOT NULL AS has_live, kg.passed AS live_passed
FROM designs g JOIN draws d USING (design_id) JOIN calls c USING (call_id)
LEFT JOIN unit_spend u ON u.design_id = g.design_id AND u.unit_id = d.unit_id
JOIN criteria v ON v.category_id = g.category_id AND v.active AND v.role = 'verdict'
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
"""A category and a candidate; the candidate is empty while none was asked."""
Spend = dict[Key, dict[str | None, tuple[int, Decimal]]]
"""Calls and priced spend by why they cannot be drawn; None is eligible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One category and candidate: what was drawn and graded, and what it is worth.

    ``missing`` says why its draws do not count, None when they do; ``looked_at`` are the numbers
    of draws at which a plan was made before.
    """

    evidence: Evidence
    criterion_id: str | None
    n_calls: int
    masked_share: float | None
    agreement: bool
    missing: str | None
    design_id: str | None
    looked_at: frozenset[int]

    @property
    def draws(self) -> int:
        """How many draws the evidence rests on."""
        return len(self.evidence.baseline_passed)

    @property
    def new_look(self) -> bool:
        """Whether nobody has looked at this many draws before."""
        return self.draws > 0 and self.draws not in self.looked_at

    @property
    def looks(self) -> int:
        """At how many numbers of draws the evidence was looked at, this one included."""
        return len(self.looked_at | {self.draws})


def read_spend(store: Store) -> Spend:
    """Return calls and priced spend by (category, candidate) and reason; None is eligible."""
    spend: Spend = defaultdict(dict)
    for category_id, candidate_id, reason, calls, usd in store.rows(_SPEND):
        spend[category_id, candidate_id][reason] = (calls, usd)
    return spend


def read_tested(store: Store, spend: Spend, floor: float | None) -> dict[Key, Tested]:
    """Return the evidence of every category and candidate; without draws it is empty.

    A category counts only when every draw is answered and graded: what an unfinished replay has
    answered is no fair sample, and deciding at whatever number is there would be one more look at
    the data. Nor does it count when its calls or prices have changed since: the draws speak for
    the spend they were drawn from.
    """
    draws: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    looked: dict[Key, set[int]] = defaultdict(set)
    for design_id, candidate_id, n in store.rows("SELECT design_id, candidate_id, n FROM looks"):
        looked[design_id, candidate_id].add(n)
    for row in store.dicts(_DRAWS):
        draws[row["category_id"], row["candidate_id"]].append(row)
    tested = {}
    for key, reasons in spend.items():
        rows = draws.get(key, [])
        eligible = reasons.get(None, (0, Decimal(0)))[1]
        finished = all(row["answered"] for row in rows)
        outdated = bool(rows) and rows[0]["design_usd"] != eligible
        ready = rows if finished and not outdated else []
        live = rows and rows[0]["has_live"] and not rows[0]["form_only"]
        tested[key] = Tested(
            evidence=Evidence(
                category_id=key[0],
                candidate_id=key[1],
                eligible_usd=eligible,
                # Spend that only cannot be measured is no part of it: it is not shown to stay.
                ineligible_usd=sum(
                    (usd for slug, (_, usd) in reasons.items() if slug in phrases.CANNOT),
                    Decimal(0),
                ),
                baseline_passed=[row["baseline_passed"] for row in ready],
                local_passed=[row["local_passed"] for row in ready],
                live_passed=[row["live_passed"] for row in ready] if live else None,
                units=[row["unit_id"] for row in ready],
                unit_shares=[row["unit_share"] for row in ready],
                calls=[row["call_id"] for row in ready],
                form_only=bool(rows and rows[0]["form_only"]),
                floor=floor,
            ),
            criterion_id=rows[0]["criterion_id"] if rows else None,
            n_calls=len({row["call_id"] for row in ready}),
            masked_share=sum(row["masked"] for row in ready) / len(ready) if ready else None,
            agreement=bool(rows and "{{reference}}" in rows[0]["definition"]),
            missing=phrases.OUTDATED if outdated else None if finished else phrases.UNFINISHED,
            design_id=rows[0]["design_id"] if rows else None,
            looked_at=frozenset(looked[rows[0]["design_id"], key[1]]) if rows else frozenset(),
        )
    return tested


def why_untested(store: Store, tested: Iterable[Tested]) -> dict[str, str]:
    """Return for each category why it has no verdict, for those that have none."""
    missing = {item.evidence.category_id: item.missing for item in tested if item.missing}
    graded = {
        row[0]
        for row in store.rows("SELECT category_id FROM criteria WHERE active AND role = 'verdict'")
    }
    reasons = {}
    for category_id, ignored in store.rows("SELECT category_id, ignored FROM categories"):
        fallback = phrases.NOT_REPLAYED if category_id in graded else phrases.NO_CRITERION
        reasons[category_id] = phrases.IGNORED if ignored else missing.get(category_id, fallback)
    return reasons

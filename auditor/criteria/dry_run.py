"""What criteria would do, before they are in force: nothing is written.

Each category's criterion is tried on logged answers and on planted errors, and what was graded
already is graded again beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.criteria.category_samples import category_samples
from auditor.criteria.choosing import applicable_criterion
from auditor.criteria.grade_stage import ANSWER_ROWS, grade_row
from auditor.criteria.selector import glob_match
from auditor.criteria.trials import MAX_TRIED, Trial, try_criterion
from auditor.domain import Verdict, Watch, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from auditor.criteria.category_samples import CategorySample
    from auditor.criteria.model import Criterion
    from auditor.store.store import Store

_SPEND = """
SELECT s.category_id, s.spend_usd, p.verdict
FROM v_spend s LEFT JOIN plan_items p USING (category_id)
"""
_IN_FORCE = "SELECT category_id, criterion_id FROM criteria WHERE active AND role = 'verdict'"
# The answers that the criterion in force has graded, by the same rows as the stage grades.
_GRADED = f"""
WITH todo AS (
    SELECT g.answer_id, a.call_id, g.criterion_id FROM grades g JOIN answers a USING (answer_id)
    JOIN call_categories USING (call_id)
    WHERE g.replicate = 0 AND a.replicate = 0 AND criterion_id = $criterion
      AND category_id = $category
)
{ANSWER_ROWS}"""
_FORMER = """
SELECT answer_id, passed, candidate_id IS NULL FROM grades JOIN answers USING (answer_id)
WHERE grades.replicate = 0 AND criterion_id = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regraded:
    """Answers of one side that were graded already, and whose grade would be another one."""

    graded: int = 0
    to_pass: int = 0
    to_fail: int = 0
    to_open: int = 0

    @property
    def changed(self) -> int:
        """How many grades would change."""
        return self.to_pass + self.to_fail + self.to_open


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDryRun:
    """What a criterion would do in a category.

    ``place`` is ``file:line`` of its first assertion. ``in_force``: the category is graded by the
    same criterion already. ``api`` and ``local`` are the graded answers of both sides. ``verdict``
    is today's.
    """

    category_id: str
    name: str
    spend_usd: Decimal
    criterion: Criterion
    place: str
    trial: Trial
    in_force: bool
    api: Regraded
    local: Regraded
    verdict: str | None

    @property
    def may_change(self) -> bool:
        """Whether the verdict could change: grades do, or what the criterion may decide."""
        if self.in_force or self.verdict is None:
            return False
        earns = self.verdict in {Verdict.MOVE, Verdict.FALLBACK}
        loses = earns and (self.criterion.form_only or self.trial.notices_nothing)
        return loses or bool(self.api.changed or self.local.changed)

    @property
    def problem(self) -> str | None:
        """Why the criterion can decide nothing, or None where it can."""
        if self.criterion.form_only or not self.trial.kinds:
            return None  # it says itself that it judges form; or nothing could be planted
        if self.trial.notices_nothing:
            return "notices no planted wrong answer of the right form, so it can move nothing"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The categories that the criteria apply to, in order of spend, and criteria that fit none."""

    categories: Sequence[CategoryDryRun]
    unmatched: Sequence[Criterion]

    @property
    def problems(self) -> list[CategoryDryRun]:
        """The categories whose criterion can decide nothing."""
        return [one for one in self.categories if one.problem]


def dry_run(
    store: Store,
    criteria: Sequence[Criterion],
    *,
    category: str = "*",
    watch: Watch = silent,
) -> DryRun:
    """Try criteria on every category that they apply to; ``category`` is a glob for some of them.

    A category is known by its id, its name and its former names.
    """
    spend = {row[0]: row[1:] for row in store.rows(_SPEND)}
    in_force = dict(store.rows(_IN_FORCE))
    found: list[CategoryDryRun] = []
    used: list[Criterion] = []
    watch.start("Testing criteria", unit="categories")
    for sample in category_samples(store, MAX_TRIED):
        criterion = applicable_criterion(criteria, sample.calls)
        watch.advance()
        if criterion is None:
            continue
        used.append(criterion)
        if not is_named(sample, category):
            continue
        former = in_force.get(sample.category_id)
        same = former == criterion.criterion_id
        api, local = (
            (Regraded(), Regraded())
            if same or former is None
            else _regraded(store, criterion, former, sample.category_id)
        )
        usd, verdict = spend[sample.category_id]
        found.append(
            CategoryDryRun(
                category_id=sample.category_id,
                name=sample.name,
                spend_usd=usd,
                criterion=criterion,
                place=next((a.place for a in criterion.assertions if a.place), ""),
                trial=try_criterion(criterion, sample),
                in_force=same,
                api=api,
                local=local,
                verdict=verdict,
            )
        )
    watch.finish()
    unmatched = [one for one in criteria if not any(one is other for other in used)]
    found.sort(key=lambda one: -one.spend_usd)
    return DryRun(categories=found, unmatched=unmatched)


def is_named(sample: CategorySample, glob: str) -> bool:
    """Whether a glob matches the id or a name of the category."""
    call = sample.calls[0]
    return any(glob_match(glob, name) for name in (call.category_id, *call.category_names))


def _regraded(
    store: Store, criterion: Criterion, former: str, category_id: str
) -> tuple[Regraded, Regraded]:
    """The graded answers of a category under another criterion: the API's, and the local ones."""
    before = {row[0]: row[1:] for row in store.rows(_FORMER, [former])}
    counts = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
    given = {"criterion": former, "category": category_id}
    for batch in store.batches(_GRADED, given, size=200):
        for row in batch.to_pylist():
            passed, is_api = before[row["answer_id"]]
            new = grade_row(criterion, row).passed
            side = counts[is_api]
            side[0] += 1
            if new is not passed:
                side[{True: 1, False: 2, None: 3}[new]] += 1
    api, local = (
        Regraded(graded=side[0], to_pass=side[1], to_fail=side[2], to_open=side[3])
        for side in (counts[True], counts[False])
    )
    return api, local

"""trials: tries every criterion in force on planted wrong answers. Writes criterion_trials.

Before anything is replayed it is known what a criterion would notice. One that passes every wrong
answer of the right form judges form alone, whatever it compares with: it moves no spend.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from auditor.criteria.category_samples import category_samples
from auditor.criteria.file import criterion_from, read_criteria
from auditor.criteria.trial_records import replace_trials
from auditor.criteria.trials import HALF, MAX_TRIED, Trial, try_criterion
from auditor.domain import StageResult, Watch, silent
from auditor.stage import Column, Stage, View

if TYPE_CHECKING:
    from auditor.stage import StageContext
    from auditor.store.store import Store

FEW_PASS = 0.8
"""A criterion that fewer of the logged answers pass gets a warning."""

_IN_FORCE = """
SELECT category_id, criterion_id, definition, form_only FROM criteria
WHERE active AND role = 'verdict'
"""


def run(store: Store, watch: Watch = silent) -> StageResult:
    """Try every criterion in force; replaces the tables of trials whole."""
    began = time.monotonic()
    criteria = {row["category_id"]: row for row in store.dicts(_IN_FORCE)}
    watch.start("Trying criteria on wrong answers", total=len(criteria), unit="criteria")
    trials: dict[tuple[str, str], Trial] = {}
    warnings: list[str] = []
    for sample in category_samples(store, MAX_TRIED):
        row = criteria.get(sample.category_id)
        if row is None:
            continue
        trial = try_criterion(criterion_from(json.loads(row["definition"])), sample)
        trials[row["criterion_id"], sample.category_id] = trial
        warnings += _warnings(sample.name, trial, form_only=row["form_only"])
        watch.advance()
    written = replace_trials(store, trials)
    store.rest()
    watch.finish()
    return StageResult(
        stage="trials",
        rows_read=len(criteria),
        rows_written=written,
        seconds=time.monotonic() - began,
        warnings=warnings,
    )


def _warnings(name: str, trial: Trial, *, form_only: bool) -> list[str]:
    """What a user should look at before the replay spends hours on it."""
    found = []
    share, passing = trial.content_share, trial.pass_share
    if trial.notices_nothing and not form_only:
        found.append(
            f"{name}: its criterion passes every wrong answer of the right form that was planted,"
            " so it can move nothing"
        )
    elif share is not None and 0 < share < HALF:
        found.append(f"{name}: its criterion notices {share:.0%} of the wrong answers planted")
    if passing is not None and passing < FEW_PASS:
        found.append(f"{name}: only {passing:.0%} of its logged answers pass its own criterion")
    hint = "; look at it with 'auditor criteria show'"
    return [warning + hint for warning in found]


# -- the stage -------------------------------------------------------------------------------------


_TRIED = """
SELECT s.name AS category, b.passed / nullif(b.answers - b.untold, 0) AS logged,
       t.kinds, t.noticed, t.misses
FROM criterion_baselines b JOIN v_spend s USING (category_id)
LEFT JOIN v_trials t USING (criterion_id, category_id)
ORDER BY s.spend_rank
"""


def _run(context: StageContext, watch: Watch) -> StageResult:
    named = context.config.grade.criteria
    if named is not None and named.is_file():
        read_criteria(named)  # the functions that it names may run in this command
    return run(context.store, watch)


def _view(store: Store) -> View:
    return View(
        (
            Column("category", "category"),
            Column("logged pass", "logged", "percent"),
            Column("kinds", "kinds", "count"),
            Column("noticed", "noticed", "count"),
            Column("would not notice", "misses", "sentence"),
        ),
        store.dicts(_TRIED),
    )


STAGE = Stage(name="trials", rests_on=("criteria",), run=_run, view=_view)

"""The stages of an audit, in their order: to add one, add its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.categories.stage import STAGE as CATEGORIZE
from auditor.criteria.choose_stage import STAGE as CRITERIA
from auditor.criteria.grade_stage import STAGE as GRADE
from auditor.criteria.trial_stage import STAGE as TRIALS
from auditor.ingest.stage import STAGE as INGEST
from auditor.plan.cost_stage import STAGE as COST
from auditor.plan.plan_stage import STAGE as PLAN
from auditor.replay.baseline_stage import STAGE as BASELINE
from auditor.replay.replay_stage import STAGE as REPLAY
from auditor.replay.sample_stage import STAGE as SAMPLE
from auditor.report.stage import STAGE as REPORT

if TYPE_CHECKING:
    from auditor.stage import Stage

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        INGEST,
        CATEGORIZE,
        CRITERIA,
        TRIALS,
        SAMPLE,
        REPLAY,
        BASELINE,
        GRADE,
        COST,
        PLAN,
        REPORT,
    )
}


def ancestors(name: str) -> set[str]:
    """Return the names of all stages that a stage rests on, however far back."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        earlier = set(STAGES[waiting.pop()].rests_on) - found
        found |= earlier
        waiting += earlier
    return found

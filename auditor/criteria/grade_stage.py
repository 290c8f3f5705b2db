"""grade: logged and local answers of the drawn calls, by the same criteria. Writes grades.

Only what has no grade yet is graded. A grade is keyed by answer and criterion, and the criterion by
what it checks and the version of the checks, so a changed criterion grades the kept answers anew
and no model runs.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.criteria.answer_length import was_cut
from auditor.criteria.checks.base import GradeInput
from auditor.criteria.file import criterion_from, read_criteria
from auditor.criteria.grading import grade
from auditor.criteria.request_facts import request_facts
from auditor.criteria.sql import asked
from auditor.criteria.sql.asked import SqlSettings
from auditor.criteria.ungradable import read_ungradable
from auditor.domain import Grade, StageResult, Watch, silent
from auditor.errors import NotReadyError
from auditor.stage import Column, Stage, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.criteria.model import Criterion
    from auditor.stage import StageContext
    from auditor.store.store import Store

MAX_EXPLANATION = 400
"""Characters of a grade's explanation that are kept."""

_BATCH = 500
_SAVE_EVERY_S = 3.0

# Nothing is graded before there is an answer of the API model to pair it with.
_DUE = """
FROM (SELECT DISTINCT call_id, category_id FROM draws JOIN designs USING (design_id, category_id)
      WHERE active) d
JOIN criteria k ON k.category_id = d.category_id AND k.active
JOIN answers a USING (call_id)
SEMI JOIN (SELECT call_id FROM answers WHERE candidate_id IS NULL AND replicate = 0)
    USING (call_id)
"""
ANSWER_ROWS = """
SELECT t.answer_id, t.criterion_id,
       a.candidate_id IS NULL AND a.answered_at IS NOT NULL AS rerun,
       a.text, a.tool_calls, a.finish_reason, a.error,
       r.text AS reference_text, r.tool_calls AS reference_tool_calls,
       r.finish_reason AS reference_finish_reason, r.error AS reference_error,
       r.answered_at IS NOT NULL AS reference_rerun,
       c.content_state, c.model, c.project, c.tags,
       o.system_text, o.messages, o.params, o.tools,
       CASE WHEN a.answered_at IS NULL THEN c.latency_ms ELSE a.latency_ms END AS latency_ms,
       CASE WHEN a.answered_at IS NULL THEN c.cost_usd END AS cost_usd,
       (SELECT max(expected) FROM labels
        WHERE rater = 'user' AND subject IN (c.log_id, c.call_id)) AS expected
FROM todo t JOIN answers a USING (answer_id) JOIN calls c ON c.call_id = t.call_id
LEFT JOIN contents o ON o.call_id = t.call_id
LEFT JOIN answers r ON r.call_id = t.call_id AND r.candidate_id IS NULL AND r.replicate = 0
ORDER BY t.answer_id, t.criterion_id
"""
"""What ``grade_row`` reads, of a common table ``todo`` of answer_id, call_id and criterion_id."""
_TODO = f"""
WITH todo AS (
    SELECT DISTINCT a.answer_id, call_id, k.criterion_id {_DUE}
    ANTI JOIN (SELECT answer_id, criterion_id FROM grades WHERE replicate = 0) g
        ON g.answer_id = a.answer_id AND g.criterion_id = k.criterion_id
    ORDER BY ALL LIMIT ?
)
{ANSWER_ROWS}"""

_WAITING = """
SELECT count(DISTINCT call_id) FROM draws JOIN designs USING (design_id) JOIN calls USING (call_id)
ANTI JOIN (SELECT call_id FROM answers WHERE candidate_id IS NULL AND replicate = 0)
    USING (call_id)
WHERE active AND content_state <> 'full'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeResult(StageResult):
    """How many grades of this run passed, failed, or could not be told."""

    passed: int
    failed: int
    untold: int


def run(store: Store, watch: Watch = silent, sql: SqlSettings = SqlSettings()) -> GradeResult:  # noqa: B008
    """Grade every answer to a drawn call that its category's criteria have not graded yet.

    Raises:
        NotReadyError: no answers are there, or no criterion.
        ConfigError: the database to run SQL on cannot be used.
    """
    began = time.monotonic()
    _require(store)
    asked.adopt(store, sql)
    due = store.value(f"SELECT count(*) FROM (SELECT DISTINCT answer_id, criterion_id {_DUE})")
    todo = due - store.value(
        f"SELECT count(*) FROM (SELECT DISTINCT answer_id, criterion_id {_DUE}) SEMI JOIN"
        " (SELECT answer_id, criterion_id FROM grades WHERE replicate = 0)"
        " USING (answer_id, criterion_id)"
    )
    criteria = _criteria(store)
    grades: Counter[bool | None] = Counter()
    watch.start("Grading", total=todo, unit="grades")
    with asked.as_asked(store, sql):
        while rows := store.dicts(_TODO, [_BATCH]):
            store.rest()
            _grade_batch(store, rows, criteria, grades, watch)
    warnings = [item.sentence for item in read_ungradable(store)]
    waiting = store.value(_WAITING)
    if waiting:
        warnings.append(
            f"{waiting:,} drawn calls have no answer in the log, and so no grade: "
            "'auditor replay --baseline-rerun' asks the API for them"
        )
    store.rest()
    watch.finish()
    return GradeResult(
        stage="grade",
        rows_read=due,
        rows_written=grades.total(),
        seconds=time.monotonic() - began,
        warnings=warnings,
        passed=grades[True],
        failed=grades[False],
        untold=grades[None],
    )


def _require(store: Store) -> None:
    answered = store.value("SELECT count(*) FROM answers")
    asked = store.value("SELECT count(*) FROM candidates")
    drawn = store.value("SELECT count(*) FROM draws")
    if drawn and not store.value("SELECT count(*) FROM criteria WHERE active"):
        raise NotReadyError(
            "no category has a criterion",
            hint="write one in criteria.yaml, then run 'auditor replay'",
        )
    if not answered and (drawn or not asked):
        raise NotReadyError("there are no answers to grade yet", hint="run 'auditor replay' first")


def _criteria(store: Store) -> dict[str, Criterion]:
    return {
        criterion_id: criterion_from(json.loads(definition))
        for criterion_id, definition in store.rows(
            "SELECT DISTINCT criterion_id, definition FROM criteria WHERE active"
        )
    }


def _grade_batch(
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    criteria: Mapping[str, Criterion],
    grades: Counter[bool | None],
    watch: Watch,
) -> None:
    """Grade and save; what takes long is saved now and then, so that little is ever lost."""
    done: list[dict[str, Any]] = []
    saved_at = time.monotonic()
    for row in rows:
        result = grade_row(criteria[row["criterion_id"]], row)
        grades[result.passed] += 1
        done.append(
            {
                "answer_id": row["answer_id"],
                "criterion_id": row["criterion_id"],
                "replicate": 0,
                "passed": result.passed,
                "score": result.score,
                "explanation": result.explanation[:MAX_EXPLANATION],
                "cost_usd": Decimal(0),
                "graded_at": datetime.now(UTC),
            }
        )
        watch.advance()
        if time.monotonic() - saved_at > _SAVE_EVERY_S:
            _save(store, done)
            done, saved_at = [], time.monotonic()
    _save(store, done)


def grade_row(criterion: Criterion, row: Mapping[str, Any]) -> Grade:
    """Grade the answer in a row of ``ANSWER_ROWS``."""
    return _not_asked(row) or grade(criterion, _input(row))


def _save(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        store.append("grades", pa.Table.from_pylist(list(rows)))
        store.rest()


def _not_asked(row: Mapping[str, Any]) -> Grade | None:
    """The open grade of a re-run that never reached the API model, which is not to blame for it."""
    if not row["rerun"] or row["text"] is not None:
        return None
    return Grade(passed=None, explanation=f"the API could not be asked again: {row['error']}")


def _input(row: Mapping[str, Any]) -> GradeInput:
    """What is graded of a row; the reference only where it can be compared with."""
    problem = _reference_problem(row)
    return GradeInput(
        text=row["text"],
        tool_calls=json.loads(row["tool_calls"] or "[]"),
        finish_reason=row["finish_reason"],
        error=row["error"],
        reference_text=None if problem else row["reference_text"],
        reference_tool_calls=[] if problem else json.loads(row["reference_tool_calls"] or "[]"),
        reference_problem=problem,
        expected=None if row["expected"] is None else json.loads(row["expected"]),
        tools=json.loads(row["tools"] or "[]"),
        request=request_facts(row),
    )


def _reference_problem(row: Mapping[str, Any]) -> str | None:
    """Why nothing can be compared with the logged answer, or None where it can."""
    if row["content_state"] != "full" and not row["reference_rerun"]:
        return f"the log holds this answer {row['content_state']}"
    if row["reference_error"]:
        return f"the logged call has no answer: {row['reference_error']}"
    if was_cut(row["reference_text"], row["reference_finish_reason"]):
        return "the logged answer was cut off at its token limit"
    return None


# -- the stage -------------------------------------------------------------------------------------


_GRADES = """
SELECT s.name AS category, c.name || ' (' || c.origin || ')' AS criterion, count(passed) AS graded,
       count(*) - count(passed) AS untold,
       avg(passed::INT) FILTER (a.candidate_id IS NULL) AS api,
       avg(passed::INT) FILTER (a.candidate_id IS NOT NULL) AS local
FROM criteria c JOIN v_spend s USING (category_id) JOIN grades g USING (criterion_id)
JOIN answers a USING (answer_id)
JOIN call_categories k ON k.call_id = a.call_id AND k.category_id = c.category_id
WHERE c.active AND c.role = 'verdict' AND a.replicate = 0
GROUP BY s.name, c.name, c.origin ORDER BY min(s.spend_rank), c.name
"""


def _sql_settings(context: StageContext) -> SqlSettings:
    grade_config = context.config.grade
    return SqlSettings(run=grade_config.run_sql, database=grade_config.database)


def _run(context: StageContext, watch: Watch) -> GradeResult:
    named = context.config.grade.criteria
    if named is not None and named.is_file():
        read_criteria(named)  # the functions that it names may run in this command
    return run(context.store, watch, _sql_settings(context))


def _settings(context: StageContext) -> object:
    """Return how many answers the API was asked for again, and how SQL is compared.

    None before the first answer and without running.
    """
    sql = _sql_settings(context)
    way = asked.way_in_force(context.store, sql)
    reruns = _reruns(context.store)
    if way is None:
        return reruns
    return [reruns, way, asked.waiting(context.store) if sql.run else 0]


def _reruns(store: Store) -> object:
    return (
        store.rows(
            "SELECT count(*), count(text) FROM answers"
            " WHERE candidate_id IS NULL AND answered_at IS NOT NULL HAVING count(*) > 0"
        )
        or None
    )


def _view(store: Store) -> View:
    return View(
        (
            Column("category", "category"),
            Column("graded", "graded", "count"),
            Column("not gradable", "untold", "count", when_several=True),
            Column("API passes", "api", "percent"),
            Column("local passes", "local", "percent"),
            Column("criterion", "criterion", "sentence"),
        ),
        store.dicts(_GRADES),
    )


STAGE = Stage(
    name="grade", rests_on=("criteria", "replay"), run=_run, settings=_settings, view=_view
)

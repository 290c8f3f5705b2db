"""The trials of criteria as they are kept in the database."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from auditor.criteria.mutations import MUTATIONS
from auditor.criteria.trials import FailedAnswer, KindTrial, Trial
from auditor.domain import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.store.store import Store

MAX_EXPLANATION = 400
"""Characters that are kept of why an answer fails, or of what is wrong with one that passes."""

_LOGGED = """
SELECT category_id, answers, passed, untold, failures FROM criterion_baselines
SEMI JOIN (SELECT criterion_id, category_id FROM criteria WHERE active AND role = 'verdict')
    USING (criterion_id, category_id)
"""
_KINDS = """
SELECT category_id, mutation, planted, caught, untold, missed, missed_call_id
FROM criterion_trials
SEMI JOIN (SELECT criterion_id, category_id FROM criteria WHERE active AND role = 'verdict')
    USING (criterion_id, category_id)
"""


def read_trials(store: Store) -> dict[str, Trial]:
    """The trial of each category's criterion in force, by category id.

    A kind of error that this version of auditor does not know is left out.
    """
    kinds: defaultdict[str, list[KindTrial]] = defaultdict(list)
    for row in store.dicts(_KINDS):
        if row["mutation"] in MUTATIONS:
            kinds[row.pop("category_id")].append(KindTrial(**row))
    order = list(MUTATIONS)
    return {
        row["category_id"]: Trial(
            answers=row["answers"],
            passed=row["passed"],
            untold=row["untold"],
            failures=[FailedAnswer(**one) for one in json.loads(row["failures"] or "[]")],
            kinds=sorted(kinds[row["category_id"]], key=lambda kind: order.index(kind.mutation)),
        )
        for row in store.dicts(_LOGGED)
    }


def replace_trials(store: Store, trials: Mapping[tuple[str, str], Trial]) -> int:
    """Write the trials of all criteria in force, by criterion and category, in one transaction.

    Returns how many rows of kinds were written.
    """
    logged, kinds = [], []
    for (criterion_id, category_id), trial in trials.items():
        key = {"criterion_id": criterion_id, "category_id": category_id}
        logged.append(key | _logged_row(trial))
        kinds += [key | _kind_row(kind) for kind in trial.kinds]
    with store.transaction():
        for table, rows in (("criterion_trials", kinds), ("criterion_baselines", logged)):
            store.execute(f"DELETE FROM {table}")
            store.append(table, rows)
    return len(kinds)


def _logged_row(trial: Trial) -> dict[str, Any]:
    failures = [
        {"call_id": one.call_id, "explanation": one.explanation[:MAX_EXPLANATION]}
        for one in trial.failures
    ]
    return {
        "answers": trial.answers,
        "passed": trial.passed,
        "untold": trial.untold,
        "content_share": trial.content_share,
        "failures": canonical_json(failures),
    }


def _kind_row(kind: KindTrial) -> dict[str, Any]:
    return {
        "mutation": kind.mutation,
        "content": kind.content,
        "planted": kind.planted,
        "caught": kind.caught,
        "untold": kind.untold,
        "missed": kind.missed[:MAX_EXPLANATION] if kind.missed else None,
        "missed_call_id": kind.missed_call_id,
    }

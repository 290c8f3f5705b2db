"""criteria: chooses the criterion of each category. Writes criteria and the user's labels.

The user's file comes first, then what can be proposed from the logged answers. One transaction
puts the chosen criteria in force; former ones stay, inactive, because grades refer to them. The
file's text is kept in the database, so that a later command without it goes on with the same
criteria. A file with an empty list of criteria takes them back.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.criteria.category_samples import CategorySample, category_samples
from auditor.criteria.choosing import applicable_criterion
from auditor.criteria.field_names import unknown_fields
from auditor.criteria.file import (
    criterion_from,
    kept_text,
    parse_criteria,
    read_criteria,
    takes_more_than_text,
)
from auditor.criteria.labels import read_labels
from auditor.criteria.model import EXPECTED, Criterion
from auditor.criteria.proposals import propose
from auditor.domain import StageResult, Watch, canonical_json, digest, silent
from auditor.errors import ConfigError, NotReadyError
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from auditor.stage import StageContext
    from auditor.store.store import Store

_FILE_KEY = "criteria.yaml"

_FITTING_LABELS = """
SELECT count(DISTINCT subject) FROM labels
SEMI JOIN (SELECT log_id AS subject FROM calls UNION ALL SELECT call_id FROM calls) USING (subject)
WHERE rater = 'user'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaSettings:
    """The user's files, where given: ``criteria.yaml`` and ``labels.jsonl``."""

    criteria: Path | None = None
    labels: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The criterion that grades a category, or why it has none."""

    sample: CategorySample
    criterion: Criterion | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaResult(StageResult):
    """What each category is graded by, or why by nothing."""

    categories: Sequence[Mapping[str, Any]]


def run(store: Store, settings: CriteriaSettings, watch: Watch = silent) -> CriteriaResult:
    """Choose a criterion for every category that can have one.

    Raises:
        NotReadyError: no call has a category yet.
        ConfigError: a file of the user's that cannot be used; names the line.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM call_categories"):
        raise NotReadyError(
            "no call has a category yet", hint="run 'auditor ingest LOGS', then this again"
        )
    text, criteria = _user_criteria(store, settings.criteria)
    labels = None if settings.labels is None else read_labels(settings.labels)
    if labels is not None:  # before the proposals, which compare with them
        with store.transaction():
            _save_labels(store, labels)
    watch.start("Choosing criteria", unit="categories")
    choices = []
    for sample in category_samples(store):
        choices.append(_choose(sample, criteria))
        watch.advance()
    warnings = [*_unmatched(criteria, choices), *_waiting(choices), *_misspelt(choices)]
    with store.transaction():
        _save(store, choices)
        if text is not None:
            _keep_file(store, text)
    warnings += _label_warnings(store, labels)
    store.rest()
    watch.finish()
    return CriteriaResult(
        stage="criteria",
        rows_read=len(choices),
        rows_written=sum(choice.criterion is not None for choice in choices),
        seconds=time.monotonic() - began,
        warnings=warnings,
        categories=[_described(choice) for choice in choices],
    )


def in_force(store: Store, settings: CriteriaSettings) -> list[str]:
    """Return a digest of the criteria and one of the labels that a run would use.

    Files that the settings name count, else what was kept from an earlier run: ``auditor report``
    after ``auditor demo`` grades by what the demo was graded by.

    Raises:
        ConfigError: a file of labels that cannot be read.
    """
    criteria: object
    if settings.criteria is None:
        criteria = _kept_file(store)
    elif settings.criteria.is_file():
        criteria = _text_in_force(settings.criteria)
    else:
        criteria = ["missing", settings.criteria]  # it differs from all texts: the run complains
    if settings.labels is None:
        labels = _kept_labels(store)
    else:
        labels = _as_kept(read_labels(settings.labels))
    return [digest(criteria), digest(labels)]


def _text_in_force(path: Path) -> str:
    """What would be kept of a file; of one that cannot be used its text, and the run complains."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if not takes_more_than_text(text):
        return text
    try:
        return kept_text(path, read_criteria(path))
    except ConfigError:
        return text


def _user_criteria(store: Store, path: Path | None) -> tuple[str | None, tuple[Criterion, ...]]:
    """The user's criteria and the file's text to keep; without a file, those that were kept."""
    if path is not None:
        criteria = read_criteria(path)
        return kept_text(path, criteria), criteria
    kept = _kept_file(store)
    return None, () if kept is None else parse_criteria(kept, name="the criteria in the database")


def _choose(sample: CategorySample, criteria: Sequence[Criterion]) -> _Choice:
    """The user's criterion that applies, else a proposal."""
    criterion = applicable_criterion(criteria, sample.calls)
    if criterion is not None:
        return _Choice(sample=sample, criterion=criterion, reason=criterion.words)
    proposal = propose(sample.examples, category=sample.category_id)
    # Before a judge speaks, no replay of such a category could be graded: none is asked for.
    in_force = None if proposal.waits else proposal.criterion
    return _Choice(sample=sample, criterion=in_force, reason=proposal.reason)


def _unmatched(criteria: Sequence[Criterion], choices: Sequence[_Choice]) -> list[str]:
    """A warning for each of the user's criteria that no category is graded by."""
    used = [choice.criterion for choice in choices]
    return [
        f"the criterion for {canonical_json(criterion.selector.definition())} fits no category"
        for criterion in criteria
        if not any(criterion is other for other in used)
    ]


def _waiting(choices: Sequence[_Choice]) -> list[str]:
    """A warning for each category that nothing can grade before a judge does."""
    return [
        f"{choice.sample.name}: every deciding assertion waits for a judge, so no answer is graded"
        for choice in choices
        if choice.criterion is not None and choice.criterion.waits_for_judge
    ]


def _misspelt(choices: Sequence[_Choice]) -> Iterator[str]:
    """A warning for each field of a criterion that no logged answer of its category has."""
    for choice in choices:
        if choice.criterion is not None:
            for problem in unknown_fields(choice.criterion, choice.sample.examples):
                yield f"{choice.sample.name}: {problem}"


def _save(store: Store, choices: Sequence[_Choice]) -> None:
    """Put the chosen criteria in force; former ones stay, so that their grades keep a name."""
    rows = [row for choice in choices for row in _rows(choice)]
    store.execute("UPDATE criteria SET active = false")
    for row in rows:
        store.execute(
            "DELETE FROM criteria WHERE criterion_id = ? AND category_id = ? AND role = ?",
            [row["criterion_id"], row["category_id"], row["role"]],
        )
    store.append("criteria", rows)


def _rows(choice: _Choice) -> Iterator[dict[str, Any]]:
    verdict = choice.criterion
    parts = (("verdict", verdict), ("live", verdict.live_part() if verdict else None))
    for role, criterion in parts:
        if criterion is not None:
            yield {
                "criterion_id": criterion.criterion_id,
                "category_id": choice.sample.category_id,
                "name": criterion.words,
                "definition": canonical_json(criterion.definition()),
                "origin": criterion.origin,
                "form_only": criterion.form_only,
                "live_checkable": criterion.live_checkable,
                "role": role,
                "active": True,
            }


def _kept_file(store: Store) -> str | None:
    text: str | None = store.value("SELECT value FROM meta WHERE key = ?", [_FILE_KEY])
    return text


def _keep_file(store: Store, text: str) -> None:
    store.execute("DELETE FROM meta WHERE key = ?", [_FILE_KEY])
    store.execute("INSERT INTO meta VALUES (?, ?)", [_FILE_KEY, text])


def _kept_labels(store: Store) -> dict[str, str]:
    """The user's labels in the database: subject, and the expected answer as JSON text."""
    return dict(store.rows("SELECT subject, expected FROM labels WHERE rater = 'user'"))


def _as_kept(labels: Mapping[str, Any]) -> dict[str, str]:
    return {subject: canonical_json(expected) for subject, expected in labels.items()}


def _save_labels(store: Store, labels: Mapping[str, Any]) -> None:
    """Replace the user's labels; where they changed, what was graded by labels is graded anew."""
    new = _as_kept(labels)
    if new == _kept_labels(store):
        return
    store.execute("DELETE FROM labels WHERE rater = 'user'")
    now = datetime.now(UTC)
    rows = [
        {
            "subject": subject,
            "criterion_id": "*",
            "rater": "user",
            "expected": expected,
            "labelled_at": now,
        }
        for subject, expected in new.items()
    ]
    if rows:
        store.append("labels", pa.Table.from_pylist(rows))
    stale = [
        criterion_id
        for criterion_id, definition in store.rows(
            "SELECT DISTINCT criterion_id, definition FROM criteria"
        )
        if EXPECTED in criterion_from(json.loads(definition)).variables
    ]
    store.execute("DELETE FROM grades WHERE list_contains(?, criterion_id)", [stale])


def _label_warnings(store: Store, labels: Mapping[str, Any] | None) -> list[str]:
    if not labels:
        return []
    fitting = store.value(_FITTING_LABELS)
    if fitting == len(labels):
        return []
    return [f"{len(labels) - fitting} of {len(labels)} labels are of no call in the database"]


def _described(choice: _Choice) -> dict[str, Any]:
    criterion = choice.criterion
    return {
        "category_id": choice.sample.category_id,
        "name": choice.sample.name,
        "origin": criterion.origin if criterion else None,
        "form_only": criterion.form_only if criterion else None,
        "reason": choice.reason,
    }


# -- the stage -------------------------------------------------------------------------------------


def _settings_in(context: StageContext) -> CriteriaSettings:
    grade = context.config.grade
    return CriteriaSettings(criteria=grade.criteria, labels=grade.labels)


def _run(context: StageContext, watch: Watch) -> CriteriaResult:
    return run(context.store, _settings_in(context), watch)


def _settings(context: StageContext) -> object:
    return in_force(context.store, _settings_in(context))


STAGE = Stage(name="criteria", rests_on=("categorize",), run=_run, settings=_settings)

"""Criteria on trial: what is noticed is stored, and one that notices nothing moves nothing."""

import json

import pytest
from drawn_category import NOW, add_candidate, add_category

from auditor.criteria import choose_stage, grade_stage, trial_stage
from auditor.criteria.category_samples import category_samples
from auditor.criteria.choose_stage import CriteriaSettings
from auditor.criteria.dry_run import dry_run
from auditor.criteria.file import parse_criteria
from auditor.criteria.trial_records import read_trials
from auditor.criteria.trials import try_criterion
from auditor.plan.read_evidence import read_spend, read_tested
from auditor.store import deletion
from auditor.store.deletion import Deletion

LABELS = ["billing", "bug", "shipping"]


@pytest.fixture
def audited(store):
    add_category(store, "queue", "Name the queue.", [(LABELS[i % 3], LABELS[0]) for i in range(24)])
    return store


def criterion(*assertions, **more):
    document = {"version": 1, "criteria": [{"category": "*", "assert": list(assertions), **more}]}
    return parse_criteria(json.dumps(document))[0]


def trial(store, *assertions, **more):
    (sample,) = category_samples(store)
    return try_criterion(criterion(*assertions, **more), sample)


def choose(store, tmp_path, *assertions, **more):
    """Put a criterion in force, try it, and grade by it."""
    path = tmp_path / "criteria.yaml"
    entry = {"category": "*", "assert": list(assertions), **more}
    path.write_text(json.dumps({"version": 1, "criteria": [entry]}), encoding="utf-8")
    choose_stage.run(store, CriteriaSettings(criteria=path))
    return trial_stage.run(store)


def noticed(found):
    return {kind.mutation for kind in found.kinds if kind.noticed}


def test_equality_with_the_logged_answer_notices_every_error(audited):
    found = trial(audited, {"type": "equals", "value": "{{reference}}", "transform": "label"})
    assert found.pass_share == 1
    assert found.content_share == 1
    assert noticed(found) == {
        "other-answer",
        "label-swapped",
        "refused",
        "boilerplate",
    }
    assert all(kind.missed is None for kind in found.kinds)


def test_what_is_missed_says_what_is_wrong_and_of_which_call(audited):
    found = trial(audited, {"type": "word-count", "value": {"max": 2}}, about="content")
    swapped = next(kind for kind in found.kinds if kind.mutation == "label-swapped")
    assert (swapped.caught, swapped.planted) == (0, 12)
    assert " → " in swapped.missed
    assert swapped.missed_call_id.startswith("queue-")
    assert found.notices_nothing
    assert "refused" in noticed(found)  # of another form: that alone moves nothing


def test_errors_are_planted_only_in_answers_that_pass(audited):
    found = trial(audited, {"type": "equals", "value": "bug"})
    assert found.passed == 8
    assert found.content_share == 1
    assert len(found.failures) == 3
    assert all("equals" in failure.explanation for failure in found.failures)


def test_where_no_answer_passes_nothing_is_planted_and_nothing_is_claimed(audited):
    found = trial(audited, {"type": "equals", "value": "elsewhere"})
    assert (found.pass_share, found.kinds) == (0, [])
    assert found.content_share is None
    assert not found.notices_nothing


def test_a_judged_assertion_is_neither_caught_nor_missed(audited):
    found = trial(audited, {"type": "llm-rubric", "value": "It is polite."})
    assert found.pass_share is None
    assert found.content_share is None
    assert not found.notices_nothing
    assert all(kind.untold == kind.planted > 0 for kind in found.kinds)


def test_a_label_of_the_user_is_what_errors_are_held_against(audited):
    rows = [{"subject": f"queue-{i}", "criterion_id": "*", "rater": "user", "labelled_at": NOW,
             "expected": json.dumps(LABELS[i % 3])}
            for i in range(12)]  # fmt: skip
    audited.append("labels", rows)
    found = trial(audited, {"type": "equals", "value": "{{expected}}"})
    assert (found.passed, found.untold) == (12, 12)
    assert found.content_share == 1


def test_the_stage_keeps_what_was_found_and_tells_it_before_a_replay(audited, tmp_path):
    result = choose(audited, tmp_path, {"type": "word-count", "value": {"max": 2}}, about="content")
    (warning,) = result.warnings
    assert warning.startswith("Queue: its criterion passes every wrong answer of the right form")
    found = read_trials(audited)["queue"]
    assert (found.answers, found.passed) == (24, 24)
    assert found == trial(audited, {"type": "word-count", "value": {"max": 2}}, about="content")
    assert audited.value("SELECT content_share FROM criterion_baselines") == 0


def test_a_criterion_that_says_it_is_of_form_gets_no_warning(audited, tmp_path):
    assert not choose(audited, tmp_path, {"type": "word-count", "value": {"max": 2}}).warnings


def test_a_criterion_that_half_of_the_logged_answers_fail_is_told(audited, tmp_path):
    (warning,) = choose(audited, tmp_path, {"type": "equals", "value": "bug"}).warnings
    assert "only 33% of its logged answers pass" in warning


@pytest.mark.parametrize(
    ("assertion", "unnoticing"),
    [
        ({"type": "word-count", "value": {"max": 2}}, True),
        ({"type": "equals", "value": "{{reference}}"}, False),
    ],
)
def test_the_evidence_says_that_a_criterion_notices_nothing(
    audited, tmp_path, assertion, unnoticing
):
    choose(audited, tmp_path, assertion, about="content")
    grade_stage.run(audited)
    add_candidate(audited)
    (tested,) = read_tested(audited, read_spend(audited), None).values()
    assert tested.evidence.unnoticing is unnoticing
    assert tested.evidence.cannot_earn is unnoticing
    assert not tested.evidence.form_only


def test_forgetting_a_category_leaves_figures_and_no_words(audited, tmp_path):
    choose(audited, tmp_path, {"type": "word-count", "value": {"max": 2}}, about="content")
    deletion.carry_out(audited, Deletion(kind="category", values=("queue",)))
    kept = audited.rows("SELECT DISTINCT missed, missed_call_id FROM criterion_trials")
    assert kept == [(None, None)]
    assert audited.rows("SELECT failures, content_share FROM criterion_baselines") == [(None, 0)]


def test_a_dry_run_says_which_grades_would_change_and_writes_nothing(audited, tmp_path):
    choose(audited, tmp_path, {"type": "equals", "value": "{{reference}}"})
    grade_stage.run(audited)
    before = audited.rows("SELECT * FROM grades ORDER BY ALL")
    criteria = parse_criteria(
        'version: 1\ncriteria:\n  - category: "*"\n    assert:\n'
        "      - {type: equals, value: billing}\n"
        '  - category: "no such"\n    assert: [{type: is-json}]\n'
    )
    found = dry_run(audited, criteria)
    (one,) = found.categories
    assert (one.api.graded, one.api.to_fail, one.api.to_pass) == (24, 16, 0)
    assert (one.local.graded, one.local.to_fail, one.local.to_pass) == (24, 0, 16)
    assert one.place == "criteria.yaml:5"
    assert not one.in_force
    assert found.unmatched == [criteria[1]]
    assert audited.rows("SELECT * FROM grades ORDER BY ALL") == before
    assert not dry_run(audited, criteria, category="tales").categories

"""assert-set, judged assertions and assertion templates: read, kept, and combined."""

import json

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import criterion_from, parse_criteria
from auditor.errors import ConfigError


def criterion_of(assertions, head=""):
    text = f"version: 1\n{head}criteria:\n  - category: '*'\n    assert:\n{assertions}"
    (criterion,) = parse_criteria(text, name="c.yaml")
    return criterion


def grade_of(assertions, text, head="", **more):
    return grade(criterion_of(assertions, head), GradeInput(text=text, **more))


ONE_OF_TWO = """\
      - type: assert-set
        threshold: 0.5
        metric: greeting
        assert:
          - {type: contains, value: hello}
          - {type: contains, value: world}
"""


def test_a_set_with_a_threshold_needs_the_mean_of_its_scores():
    assert grade_of(ONE_OF_TWO, "hello").passed is True
    assert grade_of(ONE_OF_TWO, "goodbye").passed is False
    assert "greeting: contains: does not" in grade_of(ONE_OF_TWO, "goodbye").explanation
    assert grade_of(ONE_OF_TWO.replace("0.5", "0.51"), "hello").passed is False
    assert grade_of(ONE_OF_TWO.replace("        threshold: 0.5\n", ""), "hello").passed is False


def test_a_set_turned_around_and_a_set_in_a_set():
    turned = ONE_OF_TWO.replace("type: assert-set", "type: not-assert-set")
    assert grade_of(turned, "hello").passed is False
    assert grade_of(turned, "goodbye").passed is True
    nested = """\
      - type: assert-set
        assert:
          - {type: contains, value: hello}
          - type: assert-set
            threshold: 0.5
            assert: [{type: contains, value: x, weight: 3}, {type: contains, value: y}]
"""
    assert grade_of(nested, "hello x").passed is True
    assert grade_of(nested, "hello y").passed is False
    assert grade_of(nested, "x").passed is False


def test_an_assertion_of_weight_0_is_left_out_of_its_set():
    weighted = "      - {type: assert-set, assert: [{type: contains, value: a}, {type: contains, value: b, weight: 0}]}\n"
    assert grade_of(weighted, "a").passed is True


def test_a_set_is_open_where_an_undecided_assertion_could_tip_it():
    rule = "      - {type: assert-set, threshold: 0.5, assert: [{type: contains, value: a}, {type: finish-reason, value: stop}]}\n"
    assert grade_of(rule, "a").passed is True
    assert grade_of(rule, "b").passed is None
    assert grade_of(rule, "b", finish_reason="length").passed is False


def test_a_set_comes_out_of_the_database_as_it_went_in():
    criterion = criterion_of(
        ONE_OF_TWO
        + "      - {type: llm-rubric, value: is polite, provider: 'openai:x', rubricPrompt: be strict}\n"
    )
    again = criterion_from(json.loads(json.dumps(criterion.definition())))
    assert again == criterion
    assert again.criterion_id == criterion.criterion_id
    assert criterion.definition()["assert"][1]["rubricPrompt"] == "be strict"


def test_the_variables_of_a_set_are_those_of_its_assertions():
    criterion = criterion_of(
        "      - {type: assert-set, assert: [{type: contains, value: '{{expected}}'}]}\n"
    )
    assert criterion.variables == {"expected"}
    assert not criterion.form_only
    unlabelled = grade(criterion, GradeInput(text="a"))
    assert (unlabelled.passed, unlabelled.explanation) == (None, "no expected label for this call")
    assert criterion.live_part() is None


@pytest.mark.parametrize(
    ("assertions", "said"),
    [
        ("      - {type: assert-set}\n", "needs assertions of its own"),
        ("      - {type: assert-set, value: 1, assert: [{type: contains, value: a}]}\n", "takes no value"),
        ("      - {type: assert-set, assert: [{type: contains, value: a, weight: 0}]}\n", "nothing decides"),
        ("      - {type: assert-set, assert: [{type: contans, value: a}]}\n", "did you mean 'contains'"),
        ("      - {type: contains, value: a, assert: [{type: contains, value: a}]}\n", "takes no assert"),
        ("      - {type: contains, value: a, rubricPrompt: x}\n", "asks no model"),
        ("      - {type: contains, value: a, config: {x: 1}}\n", "takes no config"),
        ("      - {type: contains, value: a, contextTransform: output}\n", "reads no context"),
        ("      - {type: context-recall, value: a, contextTransform: 'output.map(x => x)'}\n", "JavaScript is not run"),
        ("      - {type: contains, value: a, transform: output.trim()}\n", "JavaScript is not run"),
        ("      - {type: trajectory:tool-used, value: a}\n", "no trace"),
        ("      - {$ref: '#/assertionTemplates/nope'}\n", "no assertion template"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_its_line(assertions, said):
    with pytest.raises(ConfigError, match=rf"^c\.yaml:5: .*{said}"):
        criterion_of(assertions)


def test_a_judged_assertion_is_kept_and_left_open():
    criterion = criterion_of("      - {type: llm-rubric, value: is polite, threshold: 0.8}\n")
    result = grade(criterion, GradeInput(text="hello"))
    assert result.passed is None
    assert "waits for a judge: a model finds that the answer fits the rubric" in result.explanation
    assert criterion.waits_for_judge
    assert not criterion.form_only
    assert not criterion.live_checkable


def test_what_else_is_demanded_decides_where_it_can():
    rule = "      - {type: llm-rubric, value: is polite}\n      - {type: contains, value: hello}\n"
    assert grade_of(rule, "goodbye").passed is False
    assert grade_of(rule, "hello").passed is None
    assert not criterion_of(rule).waits_for_judge
    assert criterion_of(rule).live_part().assertions[0].type == "contains"
    assert grade_of("      - {type: not-llm-rubric, value: is rude}\n", "hello").passed is None


def test_a_template_is_taken_and_what_stands_beside_it_wins():
    head = "assertionTemplates:\n  short: {type: word-count, value: {max: 2}}\n"
    rule = "      - {$ref: '#/assertionTemplates/short', metric: brief}\n"
    (assertion,) = criterion_of(rule, head).assertions
    assert (assertion.type, assertion.metric) == ("word-count", "brief")
    assert grade_of(rule, "one two three", head).passed is False


def test_a_cascade_ends_at_the_first_that_settles():
    rule = "      - {type: cascade, assert: [{type: exact, value: Paris}, {type: includes, value: Paris}]}\n"
    assert grade_of(rule, "Paris").passed is True
    assert grade_of(rule, "It is Paris.").passed is True
    assert grade_of(rule, "It is Rome.").passed is False


def test_a_cascade_waits_for_a_judge_where_nothing_else_settles():
    rule = "      - {type: cascade, assert: [{type: exact, value: Paris}, {type: model_graded_qa, value: Paris}]}\n"
    assert grade_of(rule, "paris").passed is True
    assert grade_of(rule, "The city of light").passed is None

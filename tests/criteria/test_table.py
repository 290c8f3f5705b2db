"""The table of checks: every record is whole, and every example does what it says."""

import json
import re
from pathlib import Path

import pytest

from auditor.criteria.checks import BUILT_IN
from auditor.criteria.checks.record import ARGUMENT_KEYS, REQUIRED
from auditor.criteria.checks.transforms import TRANSFORMS
from auditor.criteria.file import parse_criteria, read_criteria
from auditor.criteria.grading import grade
from auditor.criteria.page import criteria_page
from auditor.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "criteria.md"

GRADING = [check for check in BUILT_IN.values() if check.example is not None]
every_check = pytest.mark.parametrize("check", GRADING, ids=lambda check: check.name)


@pytest.fixture(autouse=True)
def at_work(tmp_path, monkeypatch):
    """Work in the folder of the criteria file, as code in it needs."""
    monkeypatch.chdir(tmp_path)


def file_of(assertion):
    return f"version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {assertion}\n"


def criterion_of(tmp_path, assertion):
    """Return the criterion that a user's file with this assertion gives."""
    path = tmp_path / "criteria.yaml"
    path.write_text(file_of(assertion), encoding="utf-8")
    (criterion,) = read_criteria(path)
    return criterion


@every_check
def test_an_example_passes_fails_and_shows_what_is_not_noticed(check, tmp_path):
    example = check.example
    criterion = criterion_of(tmp_path, example.assertion)
    assert [assertion.type for assertion in criterion.assertions] == [check.name]
    assert grade(criterion, example.grade_input(example.passes)).passed is True
    assert grade(criterion, example.grade_input(example.fails)).passed is False
    assert grade(criterion, example.grade_input(example.unnoticed)).passed is True
    assert example.unnoticed != example.passes


@every_check
def test_an_example_turned_around_gives_the_opposite(check, tmp_path):
    example = check.example
    name = example.assertion.partition("type: ")[2].removeprefix("not-")
    turned = "type: " + ("" if "not-" in example.assertion else "not-") + name
    criterion = criterion_of(tmp_path, "{" + turned)
    assert grade(criterion, example.grade_input(example.passes)).passed is False
    assert grade(criterion, example.grade_input(example.fails)).passed is True


@pytest.mark.parametrize(
    "check", [c for c in GRADING if c.example.logged is not None], ids=lambda c: c.name
)
def test_a_logged_answer_passes_what_compares_with_it(check, tmp_path):
    assert "{{reference}}" in check.example.assertion
    criterion = criterion_of(tmp_path, check.example.assertion)
    assert grade(criterion, check.example.grade_input(check.example.logged)).passed is True


@every_check
def test_a_record_says_in_sentences_what_the_check_does(check):
    assert check.meaning.endswith(".")
    assert check.unnoticed[0].islower() or check.unnoticed[0] == "`"
    for argument in (*check.arguments, *check.options, *([check.value] if check.value else [])):
        assert argument.meaning
        assert (
            argument.default is REQUIRED
            or argument.default is None
            or argument.type.accepts(argument.default)
        )


ARGUMENTS = {
    "threshold": 0.5,
    "tolerance": 0.5,
    "absolute_tolerance": 0.5,
    "fields": ["a"],
    "labels": ["a"],
    "alternatives": True,
}


def test_an_argument_that_a_check_does_not_read_is_refused(tmp_path):
    assert ARGUMENTS.keys() == ARGUMENT_KEYS
    taken = []
    for check in GRADING:
        for argument in ARGUMENTS.keys() - {declared.name for declared in check.arguments}:
            written = (
                f"{check.example.assertion[:-1]}, {argument}: {json.dumps(ARGUMENTS[argument])}}}"
            )
            assert parse_criteria(file_of(written))  # an audit of an earlier release goes on
            try:
                criterion_of(tmp_path, written)
            except ConfigError as error:
                if re.match(rf"criteria\.yaml:5: .*takes no {argument}", error.message):
                    continue
            taken.append((check.name, argument))
    assert not taken


@pytest.mark.parametrize("kind", ["tool-calls-equal", "finish-reason"])
def test_a_transform_of_what_is_no_text_is_refused(kind, tmp_path):
    with pytest.raises(ConfigError, match="takes no transform"):
        criterion_of(tmp_path, f'{{type: {kind}, value: "{{{{reference}}}}", transform: strip}}')


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ("{type: word-count, value: {}}", "word-count takes a number of words, or min and max"),
        ("{type: word-count, value: {min: few}}", "min is a number"),
        ("{type: word-count, value: 2.5}", "takes a whole number, or options: max, min"),
        ("{type: is-xml, value: {requiredElements: svg}}", "requiredElements is a list of texts"),
        ("{type: not-regex, value: 7}", "not-regex takes a pattern as text"),
        ("{type: is-sql, value: {databaseType: 7}}", "databaseType is a text"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(assertion, said, tmp_path):
    with pytest.raises(ConfigError, match=rf"^criteria\.yaml:5: .*{said}"):
        criterion_of(tmp_path, assertion)


def test_every_transform_is_taken_by_some_check():
    taken = frozenset().union(*(check.transforms for check in BUILT_IN.values()))
    assert taken == TRANSFORMS.keys()


def test_the_page_shows_every_check_and_a_file_that_can_be_read():
    page = criteria_page()
    assert parse_criteria(page.partition("```yaml\n")[2].partition("```")[0])
    for check in GRADING:
        assert f"\n### {check.name}\n" in page
        assert check.example.assertion in page
    for check in BUILT_IN.values():
        assert f"`{check.name}`" in page

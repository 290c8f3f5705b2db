"""Code, files and variables of a criterion: only what the user's own file names, at its line."""

import json
import os
from importlib.metadata import EntryPoint

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.checks import installed
from auditor.criteria.file import criterion_from, kept_text, parse_criteria, read_criteria
from auditor.criteria.request_facts import RequestFacts
from auditor.errors import ConfigError


@pytest.fixture(autouse=True)
def at_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def criterion_of(folder, assertion, **files):
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    path = folder / "criteria.yaml"
    path.write_text(
        f"version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {assertion}\n",
        encoding="utf-8",
    )
    (criterion,) = read_criteria(path)
    return criterion


CHECKS = """
def get_assert(output, context):
    return context["vars"]["user"] in output

def graded(output, context):
    return {"pass": True, "score": len(output) / context["config"]["most"], "reason": "by length"}

def fails(output, context):
    raise ValueError("no such order")

def silent(output, context):
    return None

def leaves(output, context):
    raise SystemExit(3)
"""


def told(folder, name, text="Paris", threshold="", config=""):
    rule = f"{{type: python, value: 'file://checks.py:{name}'{threshold}{config}}}"
    criterion = criterion_of(folder, rule, checks_py=CHECKS)
    return grade(criterion, GradeInput(text=text, request=RequestFacts(user="Paris")))


def test_a_function_of_a_file_gets_the_answer_and_its_context(tmp_path):
    assert told(tmp_path, "get_assert").passed is True
    assert told(tmp_path, "get_assert", "Rome").passed is False
    most = ", config: {most: 10}"
    assert told(tmp_path, "graded", "abc", config=most).explanation == "python: by length"
    assert told(tmp_path, "graded", "abc", ", threshold: 0.5", most).passed is False
    assert told(tmp_path, "graded", "abcde", ", threshold: 0.5", most).passed is True


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fails", "ValueError: no such order"),
        ("silent", "says nothing"),
        ("leaves", "SystemExit"),
        ("missing", "no function 'missing'"),
    ],
)
def test_a_function_that_cannot_tell_makes_no_answer_pass_or_fail(tmp_path, name, said):
    result = told(tmp_path, name)
    assert result.passed is None
    assert said in result.explanation


def test_an_expression_and_lines_are_functions_too(tmp_path):
    short = criterion_of(tmp_path, "{type: python, value: 'len(output) < 4'}")
    assert grade(short, GradeInput(text="abc")).passed is True
    assert grade(short, GradeInput(text="abcd")).passed is False
    lines = criterion_of(
        tmp_path, '{type: not-python, value: "words = output.split()\\nreturn len(words) > 1"}'
    )
    assert grade(lines, GradeInput(text="one")).passed is True


def test_what_a_database_says_makes_no_code_run(tmp_path):
    named = {"file": "checks.py", "function": "get_assert", "digest": "0" * 64}
    for value in (named, {"code": "1 == 1", "digest": "1" * 64}, "open('ran', 'w')"):
        kept = criterion_from({"assert": [{"type": "python", "value": value}]})
        result = grade(kept, GradeInput(text="a"))
        assert result.passed is None
        assert "criteria file of this command" in result.explanation
    assert not (tmp_path / "ran").exists()


def test_changed_code_is_another_criterion_and_the_kept_text_knows_its_digest(tmp_path):
    rule = "{type: python, value: 'file://checks.py'}"
    before = criterion_of(tmp_path, rule, checks_py=CHECKS)
    after = criterion_of(tmp_path, rule, checks_py=CHECKS.replace(" in output", " not in output"))
    assert before.criterion_id != after.criterion_id
    (kept,) = parse_criteria(kept_text(tmp_path / "criteria.yaml", [after]))
    assert kept.criterion_id == after.criterion_id


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("file://missing.py", "cannot read missing.py"),
        ("file://checks.js", "is not a Python file"),
        ("def (", "not Python"),
    ],
)
def test_code_that_cannot_be_used_is_refused_at_its_line(tmp_path, value, said):
    with pytest.raises(ConfigError, match=rf"^criteria\.yaml:5: .*{said}"):
        criterion_of(tmp_path, f"{{type: python, value: '{value}'}}")


def test_code_outside_the_folder_at_work_is_not_run(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(ConfigError, match="not yours, or not in the folder at work"):
        criterion_of(tmp_path, "{type: python, value: 'True'}")
    criterion_of(tmp_path, "{type: contains, value: a}")  # what runs no code is read anywhere


def test_code_of_somebody_else_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(ConfigError, match="not yours"):
        criterion_of(tmp_path, "{type: python, value: 'True'}")


def test_values_come_from_files_beside_the_criteria(tmp_path):
    words = criterion_of(
        tmp_path, "{type: contains-all, value: 'file://words.json'}", words_json='["a", "b"]'
    )
    assert words.assertions[0].value == ["a", "b"]
    schema = criterion_of(
        tmp_path, "{type: is-json, value: 'file://s.yaml'}", s_yaml="type: object\nrequired: [n]\n"
    )
    assert grade(schema, GradeInput(text='{"n": 1}')).passed is True
    text = criterion_of(tmp_path, "{type: equals, value: 'file://t.txt'}", t_txt="no\n")
    assert text.assertions[0].value == "no"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("file://../secret.txt", "outside the folder"),
        ("file:///etc/hostname", "outside the folder"),
        ("file://none.txt", "cannot read none.txt"),
        ("file://f.js", "JavaScript is not run"),
        ("file://f.py", "only the type python"),
        ("file://bad.json", "is not JSON"),
    ],
)
def test_a_file_that_is_not_read_is_refused_at_its_line(tmp_path, value, said):
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ConfigError, match=rf"^criteria\.yaml:5: .*{said}"):
        criterion_of(tmp_path, f"{{type: equals, value: '{value}'}}")


FACTS = RequestFacts(
    system="Be kind",
    user=" Where is order 4711? ",
    prompt="all of it",
    model="gpt-x",
    project="shop",
    params={"stop": ["END"], "temperature": 0.5},
    metadata={"order": 4711, "tags": ["a", "b"], "who": {"name": "Ann (VIP)"}},
)


def test_variables_stand_for_the_request_and_the_log(tmp_path):
    rows = {
        "{{system}}|{{model}}|{{project}}": "Be kind|gpt-x|shop",
        "{{user | trim | upper}}": "WHERE IS ORDER 4711?",
        "{{metadata.order}} {{params.stop[0]}}": "4711 END",
        "{{metadata.who.name}}": "Ann (VIP)",
        "{{metadata.tags | join('+')}}": "a+b",
        '{"o": {{metadata.tags | dump}}}': '{"o": ["a","b"]}',
        "{{metadata.none | default('nobody')}}": "nobody",
        '{{ "{{" }}user}}': "{{user}}",
        "{% raw %}{{user}}{% endraw %}": "{{user}}",
        '{"a": {"b": {"c": 1}}}': '{"a": {"b": {"c": 1}}}',
    }
    wrong = {}
    for value, text in rows.items():
        criterion = criterion_of(tmp_path, json.dumps({"type": "equals", "value": value}))
        result = grade(criterion, GradeInput(text=text, request=FACTS))
        if result.passed is not True:
            wrong[value] = result.explanation
        assert criterion.form_only, value  # the request is known in production too
        assert criterion.live_checkable, value
    assert not wrong


def test_a_variable_in_a_pattern_is_its_text(tmp_path):
    criterion = criterion_of(tmp_path, "{type: regex, value: '^For {{metadata.who.name}}:'}")
    assert grade(criterion, GradeInput(text="For Ann (VIP): here", request=FACTS)).passed is True
    assert grade(criterion, GradeInput(text="For Ann VIP: here", request=FACTS)).passed is False


def test_a_call_without_what_a_variable_stands_for_is_neither_pass_nor_fail(tmp_path):
    criterion = criterion_of(tmp_path, "{type: contains, value: '{{metadata.customer}}'}")
    result = grade(criterion, GradeInput(text="a", request=FACTS))
    assert (result.passed, result.explanation) == (
        None,
        "the log has no metadata.customer for this call",
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{{customer}}", "unknown variable {{customer}}"),
        ("{{usr}}", "did you mean 'user'"),
        ("{{user | shout}}", "unknown filter 'shout'"),
        ("{{user | replace('a')}}", "does not take 1 arguments"),
        ("{{user + 1}}", "cannot read {{user + 1}}"),
    ],
)
def test_a_variable_that_cannot_be_read_is_refused_at_its_line(tmp_path, value, said):
    with pytest.raises(ConfigError) as caught:
        criterion_of(tmp_path, json.dumps({"type": "contains", "value": value}))
    assert caught.value.message.startswith("criteria.yaml:5: ")
    assert said in caught.value.message


def shouts(output, context):
    return output.isupper() and context["value"] == "loud"


def test_other_packages_bring_checks_by_entry_points(monkeypatch):
    points = [
        EntryPoint("is-loud", f"{__name__}:shouts", installed.GROUP),
        EntryPoint("is-broken", "no_such_package:f", installed.GROUP),
    ]
    monkeypatch.setattr(
        EntryPoint, "load", lambda self: shouts if self.name == "is-loud" else 1 / 0
    )
    monkeypatch.setattr(installed, "entry_points", lambda group: points)
    checks = installed.installed_checks()
    monkeypatch.setattr("auditor.criteria.grading.CHECKS", checks)
    monkeypatch.setattr("auditor.criteria.validation.CHECKS", checks)
    (loud,) = parse_criteria(
        "version: 1\ncriteria: [{category: '*', assert: [{type: is-loud, value: loud}]}]"
    )
    assert grade(loud, GradeInput(text="HELLO")).passed is True
    assert grade(loud, GradeInput(text="hello")).passed is False
    (broken,) = parse_criteria(
        "version: 1\ncriteria: [{category: '*', assert: [{type: is-broken}]}]"
    )
    result = grade(broken, GradeInput(text="HELLO"))
    assert result.passed is None
    assert "cannot be loaded: 'ZeroDivisionError" in result.explanation

"""A promptfoo configuration becomes criteria and labels; what does not is said with its line."""

import json

from click.testing import CliRunner

from auditor.cli.main import cli
from auditor.criteria import GradeInput, grade
from auditor.criteria.file import parse_criteria
from auditor.criteria.promptfoo import LoggedCall, import_promptfoo
from auditor.errors import ConfigError

CONFIGURATION = """\
prompts: ["Classify the ticket: {{ticket}}"]
providers: [openai:gpt-x]
assertionTemplates:
  short: {type: word-count, value: {max: 3}}
defaultTest:
  assert:
    - $ref: '#/assertionTemplates/short'
    - {type: javascript, value: output.length < 3}
tests:
  - vars: {ticket: charged twice}
    assert: [{type: equals, value: billing, transform: output.trim()}]
  - vars: {ticket: where is it}
    assert: [{type: equals, value: delivery, transform: output.trim()}]
  - vars: {ticket: hello}
    assert: [{type: llm-rubric, value: is polite}]
"""
CALLS = [
    LoggedCall("c1", "Classify the ticket:  charged twice"),
    LoggedCall("c2", "Classify the ticket: where is it"),
    LoggedCall("c3", "Classify the ticket: something else"),
]


def imported(tmp_path, text=CONFIGURATION, calls=CALLS, **files):
    for name, content in files.items():
        (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
    path = tmp_path / "promptfooconfig.yaml"
    path.write_text(text, encoding="utf-8")
    return import_promptfoo(path, calls)


def test_tests_of_one_kind_become_a_criterion_and_labels(tmp_path):
    result = imported(tmp_path)
    (criterion,) = parse_criteria(result.text)
    assert criterion.selector.user == "Classify the ticket: *"
    assert [(a.type, a.value, a.transform) for a in criterion.assertions] == [
        ("word-count", {"max": 3}, "none"),
        ("equals", "{{expected}}", "strip"),
    ]
    assert result.labels == {"c1": "billing", "c2": "delivery"}
    assert result.tests == 3


def test_what_is_not_taken_over_is_said_with_its_line_in_the_file_too(tmp_path):
    result = imported(tmp_path)
    lines = {int(line.split(":")[1]): line for line in result.left}
    assert "providers is not taken over" in lines[2]
    assert "JavaScript is not run" in lines[8]
    assert "of other kinds than those of 2 tests" in lines[14]
    assert all(f"#   {line}" in result.text for line in result.left)


def test_several_differing_values_are_parts_of_the_label(tmp_path):
    text = """\
prompts: ["Say it in French: {{text}}"]
tests:
  - {vars: {text: dog}, assert: [{type: contains, value: chien}, {type: starts-with, value: Le}]}
  - {vars: {text: cow}, assert: [{type: contains, value: vache}, {type: starts-with, value: La}]}
"""
    result = imported(tmp_path, text, [LoggedCall("d", "Say it in French: dog")])
    (criterion,) = parse_criteria(result.text)
    assert result.labels == {"d": {"contains": "chien", "starts_with": "Le"}}
    answer = GradeInput(text="Le chien", expected=result.labels["d"])
    assert grade(criterion, answer).passed is True
    assert (
        grade(criterion, GradeInput(text="La vache", expected=result.labels["d"])).passed is False
    )
    assert any("cow" not in line and "no call of the log" in line for line in result.left)


def test_variables_lists_of_values_and_scenarios_are_written_out(tmp_path):
    text = """\
prompts: ["Where is {{city}}?"]
scenarios:
  - config:
      - vars: {city: Paris, land: France}
      - vars: {city: Rome, land: Italy}
    tests:
      - assert: [{type: icontains, value: "{{land}}"}]
"""
    calls = [LoggedCall("p", "Where is Paris?"), LoggedCall("r", "Where is Rome?")]
    result = imported(tmp_path, text, calls)
    assert result.labels == {"p": "France", "r": "Italy"}
    listed = "prompts: ['Is {{n}} even?']\ntests:\n  - vars: {n: ['2', '4']}\n    assert: [{type: equals, value: 'yes'}]\n"
    result = imported(tmp_path, listed, [LoggedCall("two", "Is 2 even?")])
    assert (result.tests, result.labels) == (2, {"two": "yes"})


def test_tests_come_from_files_with_their_shorthand(tmp_path):
    text = "prompts: ['Ask: {{q}}?']\ntests: [file://more.csv, 'file://x.jsonl', 'file://gen.py']\n"
    result = imported(
        tmp_path,
        text,
        [
            LoggedCall("a", "Ask: one?"),
            LoggedCall("b", "Ask: two?"),
            LoggedCall("c", "Ask: three?"),
        ],
        more_csv='q,__expected,__prefix\none,"contains-any: a, b",\ntwo,"contains-any: c",no\n',
        x_jsonl='{"vars": {"q": "three"}, "assert": [{"type": "contains-any", "value": ["d"]}]}\n',
    )
    assert result.labels == {"a": ["a", "b"], "b": ["c"], "c": ["d"]}
    assert any(line.startswith("more.csv:3: __prefix of a test") for line in result.left)
    assert any("gen.py is not read" in line for line in result.left)


def test_cells_are_read_as_promptfoo_reads_them(tmp_path):
    from auditor.criteria.promptfoo.shorthand import assertion_of

    read = {
        "yes": {"type": "equals", "value": "yes"},
        "not-contains: no": {"type": "not-contains", "value": "no"},
        "levenshtein(3): abc": {"type": "levenshtein", "value": "abc", "threshold": 3.0},
        "similar: x": {"type": "similar", "value": "x", "threshold": 0.75},
        "is-json": {"type": "is-json"},
        "grade: is kind": {"type": "llm-rubric", "value": "is kind"},
        "fn: output == 1": {"type": "javascript", "value": "output == 1"},
        "python: len(output) < 3": {"type": "python", "value": "len(output) < 3"},
        "file://checks.py:f": {"type": "python", "value": "file://checks.py:f"},
        "http://x: a": {"type": "equals", "value": "http://x: a"},
    }
    assert {cell: assertion_of(cell) for cell in read} == read


def test_defaults_alone_are_a_criterion_for_all_categories(tmp_path):
    text = (
        "defaultTest:\n  threshold: 0.5\n  assert: [{type: is-json}, {type: contains, value: x}]\n"
    )
    result = imported(tmp_path, text)
    (criterion,) = parse_criteria(result.text)
    assert (criterion.selector.category, criterion.threshold) == ("*", 0.5)
    assert not result.left


def test_texts_that_yaml_could_take_for_something_else_stay_texts(tmp_path):
    values = ["no", "1e3", "007", "{{reference}}", "a: b", "# c", "日本", 'q"', "null"]
    tests = [
        {"assert": [{"type": "contains-any", "value": values}, {"type": "equals", "value": 7}]}
    ]
    result = imported(tmp_path, json.dumps({"tests": tests}))
    (criterion,) = parse_criteria(result.text)
    first, second = criterion.assertions
    assert first.value == [*values[:3], "", *values[4:]]  # a variable that the test lacks is empty
    assert second.value == 7


def test_the_command_writes_both_files_and_spares_what_people_wrote(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIGURATION)
    run = CliRunner().invoke(
        cli, ["criteria", "import", "promptfooconfig.yaml"], standalone_mode=False
    )
    assert run.exit_code == 0, run.output
    assert parse_criteria((tmp_path / "criteria.yaml").read_text())
    assert not (tmp_path / "labels.jsonl").exists()  # there is no audit, and so no call
    again = CliRunner().invoke(cli, ["criteria", "import", "promptfooconfig.yaml"])
    assert again.exit_code != 0


def test_what_one_test_says_of_its_answer_is_of_its_request_alone(tmp_path):
    text = """\
prompts: ["Say it in French: {{text}}"]
tests:
  - vars: {text: dog}
    assert: [{type: contains, value: chien}, {type: word-count, value: {max: 3}}]
"""
    result = imported(tmp_path, text, [LoggedCall("d", "Say it in French: dog")])
    (criterion,) = parse_criteria(result.text)
    assert [a.value for a in criterion.assertions] == ["{{expected}}", {"max": 3}]
    assert result.labels == {"d": "chien"}
    again = "{type: contains, value: chien}, {type: word-count, value: {max: 3}}"
    twice = f"{text}  - {{vars: {{text: a}}, assert: [{again}]}}\n"
    (criterion,) = parse_criteria(imported(tmp_path, twice).text)
    assert criterion.assertions[0].value == "{{expected}}"  # of other requests nobody said it


def test_what_answers_must_not_have_holds_for_all_and_patterns_stay_patterns(tmp_path):
    text = r"""
prompts: ["Ask: {{q}}"]
tests:
  - {vars: {q: a}, assert: [{type: not-contains, value: sorry}, {type: regex, value: '^\d+$'}]}
  - {vars: {q: b}, assert: [{type: not-contains, value: sorry}, {type: regex, value: '^[a-z]+$'}]}
"""
    result = imported(tmp_path, text, [LoggedCall("a", "Ask: a"), LoggedCall("b", "Ask: b")])
    (criterion,) = parse_criteria(result.text)
    assert [a.value for a in criterion.assertions] == ["sorry", "{{expected | safe}}"]
    graded = [
        grade(criterion, GradeInput(text=said, expected=result.labels[call])).passed
        for call, said in (("a", "12"), ("a", "xy"), ("b", "xy"), ("b", "sorry"))
    ]
    assert graded == [True, False, True, False]
    assert grade(criterion, GradeInput(text="x", expected="(")).passed is None


def test_no_configuration_ends_in_anything_but_a_message(tmp_path):
    broken = [
        "tests: 5", "tests: {a: b}", "tests: [{assert: 5}]", "tests: [{vars: [1], assert: [{type: is-json}]}]",
        "defaultTest: 7", "defaultTest: {assert: [x, null, {type: 5}]}", "scenarios: 5", "scenarios: [x]",
        "scenarios: [{config: 5, tests: 7}]", "prompts: 5\ntests: [{assert: [{type: is-json}]}]", "[]", "a",
        "tests: [{assert: [{type: assert-set, assert: 5}]}]", "tests: [{options: 5, assert: [{type: is-json}]}]",
        "tests: [{threshold: many, assert: [{type: is-json}]}]", "defaultTest: {options: [1], assert: [{type: is-json}]}",
        "tests: [{vars: {a: {b: [1]}}, assert: [{type: equals, value: {x: '{{a.b[0]}}'}}]}]",
        "assertionTemplates: 5\ntests: [{assert: [{$ref: '#/assertionTemplates/x'}]}]",
        "tests: [{assert: [{type: is-json, transform: [1]}]}]", "5: 6\ntests: [{assert: [{type: is-json}]}]",
    ]  # fmt: skip
    for text in broken:
        try:
            result = imported(tmp_path, text)
        except ConfigError as error:
            assert error.message.startswith("promptfooconfig.yaml:"), text  # noqa: PT017
        else:
            assert result.left or parse_criteria(result.text), text

"""criteria.yaml: what it means, and errors that name the line."""

import json
from dataclasses import replace

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import criterion_from, parse_criteria, read_criteria
from auditor.criteria.model import Assertion, Criterion
from auditor.criteria.selector import Selector
from auditor.domain import canonical_json
from auditor.errors import ConfigError, ExitCode

GOOD = """\
version: 1
criteria:
  - category: "sentiment*"
    assert:
      - type: equals
        value: "{{expected}}"
        transform: label
  - match: {system: "*to SQL*", model: "gpt-4?"}
    threshold: 0.5
    assert:
      - {type: is-sql, weight: 2}
      - {type: not-contains, value: no, metric: decided}
      - type: sql-equals
        value: "{{reference}}"
"""


def only(text):
    (criterion,) = parse_criteria(text)
    return criterion


def one(assertion, head="category: '*'"):
    return f"version: 1\ncriteria:\n  - {head}\n    assert:\n      - {assertion}\n"


def test_a_file_is_read_as_it_is_written():
    sentiment, sql = parse_criteria(GOOD)
    assert sentiment.selector == Selector(category="sentiment*")
    assert sentiment.assertions == (
        Assertion(type="equals", value="{{expected}}", transform="label"),
    )
    assert sql.selector == Selector(system="*to SQL*", model="gpt-4?")
    assert sql.threshold == 0.5
    assert [a.name for a in sql.assertions] == ["is-sql", "not-contains", "sql-equals"]
    assert sql.assertions[1].negated
    assert sql.assertions[1].metric == "decided"


def test_no_is_a_word_and_not_false():
    assert only(one("{type: equals, value: no}")).assertions[0].value == "no"
    assert only(one("{type: equals, value: 2026-11-21}")).assertions[0].value == "2026-11-21"
    assert only(one("{type: equals, value: 007}")).assertions[0].value == "007"
    assert only(one("{type: equals, value: 7}")).assertions[0].value == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("transform: label", "transfrom: label"), "c.yaml:7: unknown key 'transfrom'; did you mean 'transform'?"),
        (GOOD.replace("transform: label", "transform: lable"), "c.yaml:7: transform: 'lable' is not"),
        (GOOD.replace("type: equals", "type: equal"), "c.yaml:5: unknown assertion type 'equal'; did you mean 'equals'?"),
        (GOOD.replace("{type: is-sql, weight: 2}", "{type: is-sql, weight: -1}"), "c.yaml:11: weight:"),
        (GOOD.replace("system:", "sytem:"), "c.yaml:8: unknown key 'sytem'; did you mean 'system'?"),
        (GOOD.replace("{{expected}}", "{{expcted}}"), "c.yaml:5: unknown variable {{expcted}}; did you mean 'expected'?"),
        (GOOD.replace("threshold: 0.5", "threshold: 1.5"), "c.yaml:9: threshold:"),
        (GOOD.replace("version: 1", "version: 2"), "c.yaml:1: version: 2 is not 1"),
        (GOOD.replace("version: 1\n", ""), "c.yaml:1: 'version' is missing"),
        (GOOD.replace("category:", "categories:"), "c.yaml:3: unknown key 'categories'; did you mean 'category'?"),
        (one("{type: equals}"), "c.yaml:5: equals needs a value"),
        (one("{type: is-refusal, value: 1}"), "takes no value"),
        (one("{type: is-sql, value: {databasetype: mysql}}"), "did you mean 'databaseType'?"),
        (one("{type: regex, value: '{{refrence}}'}"), "did you mean 'reference'?"),
        (one("{type: contains, value: a, transform: json}"), "transform json belongs to equals"),
        (one("{type: contains, value: 'file://x.js'}"), "values are read from files only by your own criteria file"),
        (one("{type: contains, value: a, weight: 0}"), "weight 0"),
        (one("{type: contains, value: a, live_only: true}"), "nothing decides"),
        (one("{type: contains, value: '{{reference}}', live_only: true}"), "nothing to compare with"),
        (one("{type: contains, value: a}", head="description: all"), "give a category or a match"),
        (one("{type: contains, value: a, value: b}"), "c.yaml:5: the key 'value' is there twice"),
        ("version: 1\ncriteria: [", "not valid YAML"),
        ("", "c.yaml:1:"),
        ("[1, 2]", "c.yaml:1:"),
        ("- " * 5000, "c.yaml"),
        ("a: &a [*a]", "alias that contains itself"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98+i)}: &{chr(98+i)} [{','.join(['*'+chr(97+i)]*10)}]\n" for i in range(9)), "more than 100,000 values"),
        ("a: !!python/object/apply:os.system ['x']", "not valid YAML"),
    ],
)  # fmt: skip
def test_an_error_names_line_and_nearest_name(text, said):
    with pytest.raises(ConfigError) as caught:
        parse_criteria(text, name="c.yaml")
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        (r"{type: regex, value: 'a(?=b'}", "regular expression 'a(?=b'"),
        ("{type: is-json, value: {type: objekt}}", "not a JSON schema"),
        ("{type: is-json, value: {patternProperties: {'a(': {}}}}", "regular expression"),
        (
            "{type: is-json, value: {patternProperties: {a: {}}, unevaluatedProperties: false}}",
            "unevaluatedProperties is not used",
        ),
        (
            "{type: contains-json, value: {properties: {a: {pattern: 'a(?=b'}}}}",
            "regular expression",
        ),
        ("{type: is-sql, value: {databaseType: oracel}}", "unknown databaseType 'oracel'"),
        ("{type: word-count, value: many}", "word-count takes"),
    ],
)
def test_patterns_schemas_and_dialects_are_tried_when_the_file_is_read(tmp_path, assertion, said):
    path = tmp_path / "criteria.yaml"
    path.write_text(one(assertion))
    with pytest.raises(ConfigError, match=r"^criteria\.yaml:5: ") as caught:
        read_criteria(path)
    assert said in caught.value.message


def test_a_missing_or_binary_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        read_criteria(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_criteria(tmp_path / "b.yaml")


def test_default_test_of_a_promptfoo_configuration():
    criterion = only(
        "prompts: [x]\nproviders: [y]\ndefaultTest:\n  threshold: 0.5\n  assert:\n"
        "    - {type: icontains, value: yes}\n    - {type: levenshtein, value: a, threshold: 5}\n"
    )
    assert criterion.selector == Selector(category="*")
    assert criterion.threshold == 0.5
    assert [a.value for a in criterion.assertions] == ["yes", "a"]
    with pytest.raises(ConfigError, match=r"c\.yaml:3: javascript: JavaScript is not run"):
        parse_criteria(
            "defaultTest:\n  assert:\n    - {type: javascript, value: x}\n", name="c.yaml"
        )


def test_criteria_come_out_of_the_database_as_they_went_in():
    criteria = parse_criteria(GOOD) + parse_criteria(
        one('{type: contains-any, value: [no, "7", 7, "\\0\\x7f", "{{reference}} \\uD83D", "é"]}')
    )
    again = [criterion_from(json.loads(canonical_json(c.definition()))) for c in criteria]
    assert [c.assertions for c in again] == [c.assertions for c in criteria]
    assert [c.criterion_id for c in again] == [c.criterion_id for c in criteria]


def test_the_id_is_what_is_checked_and_not_for_whom():
    base = only(one("{type: contains, value: a}"))
    same = only(one("{type: contains, value: a}", head="category: 'other'"))
    other = only(one("{type: contains, value: b}"))
    assert base.criterion_id == same.criterion_id != other.criterion_id


def test_a_live_only_assertion_is_in_the_live_check_and_not_in_the_verdict():
    criterion = parse_criteria(GOOD)[0]
    live = Assertion(type="regex", value="^(yes|no)$", live_only=True)
    both = Criterion(assertions=(live, *criterion.assertions))
    assert both.deciding == criterion.assertions
    assert both.live_part().deciding == (Assertion(type="regex", value="^(yes|no)$"),)
    assert not both.live_checkable
    assert criterion_from(both.definition()).criterion_id == both.criterion_id


def test_form_content_and_what_can_be_checked_live():
    sentiment, sql = parse_criteria(GOOD)
    assert not sentiment.form_only
    assert not sentiment.live_checkable
    assert sentiment.live_part() is None
    live = sql.live_part()
    assert [a.name for a in live.assertions] == ["is-sql", "not-contains"]
    assert live.form_only
    assert live.live_checkable
    assert live.live_part() == live
    assert sql.variables == {"reference"}
    ruled = only(
        one("{type: contains, value: ACK}", head="{category: '*', about: content}").replace(
            "  - {category: '*', about: content}\n", "  - category: '*'\n    about: content\n"
        )
    )
    assert not ruled.form_only
    assert ruled.live_checkable


BY_KIND = """\
version: 1
criteria:
  - category: "*"
    assert:
      - {type: tool-calls-equal, value: "{{reference}}", when: tool-calls}
      - {type: equals, value: "{{reference}}", when: text}
"""
CALLS = [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]


def test_each_kind_of_logged_answer_has_its_rule():
    criterion = only(BY_KIND)
    assert not criterion.live_checkable
    called = GradeInput(text=None, tool_calls=CALLS, reference_tool_calls=CALLS)
    said = GradeInput(text="Done.", reference_text="Done.")
    assert grade(criterion, called).passed
    assert grade(criterion, said).passed
    assert grade(criterion, replace(called, tool_calls=(), text="Done.")).passed is False
    assert grade(criterion, replace(said, text="Gone.")).passed is False


def test_a_call_that_no_rule_is_for_is_neither_pass_nor_fail():
    criterion = only(one("{type: contains, value: a, when: tool-calls}"))
    assert grade(criterion, GradeInput(text="a", reference_text="b")).passed is None
    assert grade(criterion, GradeInput(text="a")).passed is None
    assert criterion.live_part() is None

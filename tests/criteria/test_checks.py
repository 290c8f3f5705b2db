"""Every check on cases of its own, the three-valued sum of them, and hostile answers."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.checks import CHECKS
from auditor.criteria.checks.json_text import json_equal
from auditor.criteria.checks.record import ANY, CALLS, LIST
from auditor.criteria.comparators.numbers import number_in
from auditor.criteria.file import parse_criteria
from auditor.criteria.validation import refuse_unusable

SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"type": "integer"}, "b": {"pattern": "^x+$"}},
    "additionalProperties": False,
}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
SAME_CALL = {"id": "2", "type": "function", "function": {"name": "f", "arguments": '{"x":1.0}'}}
OTHER_CALL = {"id": "3", "type": "function", "function": {"name": "g", "arguments": "{}"}}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {
    "type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}}}]  # fmt: skip


def check(text, kind, value=None, reference=None, expected=None, tool_calls=(), **settings):
    criterion = Criterion(assertions=(Assertion(type=kind, value=value, **settings),))
    refuse_unusable(criterion)
    return grade(
        criterion,
        GradeInput(
            text=text,
            tool_calls=tool_calls,
            finish_reason="stop",
            reference_text=reference,
            expected=expected,
            tools=TOOLS,
        ),
    )


@pytest.mark.parametrize(
    ("text", "kind", "value", "settings", "passed"),
    [
        ("yes", "equals", "yes", {}, True),
        ("Yes.", "equals", "yes", {}, False),
        (' "**Yes**." ', "equals", "yes", {"transform": "label"}, True),
        ("not  spam", "equals", "Not spam", {"transform": "label"}, True),
        ("-1", "equals", "1", {"transform": "label"}, False),
        ("C++", "equals", "C", {"transform": "label"}, False),
        (" yes\nbecause", "equals", "yes", {"transform": "first-line"}, True),
        ("5", "equals", 5, {}, True),
        ("5", "equals", 5.0, {}, True),
        ("true", "equals", True, {}, True),
        ('{"b":[1,2.0],"a":1}', "equals", {"a": 1.0, "b": [1, 2]}, {}, True),
        ('{"a": true}', "equals", {"a": 1}, {}, False),
        ('{"a": 1}', "equals", '{"a":1}', {"transform": "json"}, True),
        ("nonsense", "equals", {"a": 1}, {}, False),
        ("a Cat", "contains", "cat", {}, False),
        ("a Cat", "icontains", "cat", {}, True),
        ("a b", "contains-any", ["x", "b"], {}, True),
        ("a b", "contains-any", "x, b", {}, True),
        ("a b", "contains-all", ["a", "x"], {}, False),
        ("A B", "icontains-all", ["a", "b"], {}, True),
        ("SELECT 1", "starts-with", "SELECT", {}, True),
        ("x SELECT 1", "starts-with", "SELECT", {}, False),
        ("order 12-34", "regex", r"\b\d{2}-\d{2}\b", {}, True),
        ("order", "regex", r"^\d", {}, False),
        ("kitten", "levenshtein", "sitting", {}, True),
        ("kitten", "levenshtein", "sitting", {"threshold": 2}, False),
        ("kitten", "levenshtein", "sitting", {"threshold": 0.5}, True),
        ("kitten", "levenshtein", "sitting", {"threshold": 0.6}, False),
        ("The total is $1,234.50.", "similar-number", 1234.5, {}, True),
        ("1.234,50 €", "similar-number", "1234.5", {}, True),
        ("3,5", "similar-number", 3.5, {}, True),
        ("1 234,50 EUR", "similar-number", "1234.50", {}, True),
        ("1\u202f234\u202f567,5", "similar-number", 1234567.5, {}, True),
        ("CHF 1\u2019234.50", "similar-number", 1234.5, {}, True),
        ("in 2024 100 people", "similar-number", 100, {}, True),
        ("rooms 12 3456", "similar-number", 3456, {}, True),
        ("lines 1 234 5678", "similar-number", 5678, {}, True),
        ("re\u0301sume\u0301", "equals", "r\u00e9sum\u00e9", {}, True),
        ("Cafe\u0301 au lait", "icontains", "CAF\u00c9", {}, True),
        ("99", "similar-number", 100, {}, False),
        ("99", "similar-number", 100, {"tolerance": 0.01}, True),
        ("none", "similar-number", 100, {}, False),
        ("one two three", "word-count", 3, {}, True),
        ("one two three", "word-count", {"max": 2}, {}, False),
        ("I'm sorry, but I can't assist with that.", "is-refusal", None, {}, True),
        ("I cannot help you find it faster than this: done.", "is-refusal", None, {}, True),
        ("Sorry for the delay; your order ships today.", "is-refusal", None, {}, False),
        ("anything", "finish-reason", "stop", {}, True),
        ("anything", "finish-reason", "length", {}, False),
        ('{"a": 1}', "is-json", None, {}, True),
        ('```json\n{"a": 1}\n```', "is-json", None, {}, False),
        ('```json\n{"a": 1}\n```', "is-json", None, {"transform": "code-block"}, True),
        ("NaN", "is-json", None, {}, False),
        ('{"a": 1}', "is-json", SCHEMA, {}, True),
        ('{"a": "1"}', "is-json", SCHEMA, {}, False),
        ('{"a": 1, "c": 2}', "is-json", SCHEMA, {}, False),
        ('{"a": 1, "b": "xy"}', "is-json", SCHEMA, {}, False),
        ('Sure!\n```json\n{"a": 1}\n```\nBye', "contains-json", SCHEMA, {}, True),
        ('First {"b": 1} then {"a": 2}.', "contains-json", SCHEMA, {}, True),
        ("no json {here}", "contains-json", None, {}, False),
        ('{"a": 1, "b": "X"}', "json-fields", {"a": 1, "b": "x"}, {}, False),
        ('{"a": 1, "b": "X "}', "json-fields", {"a": 1, "b": "x"}, {"transform": "strip-lower"}, True),
        ('{"aB": "X"}', "json-fields", '{"aB": "x"}', {"transform": "strip-lower"}, True),
        ('{"a": 1, "b": "y"}', "json-fields", {"a": 1, "b": "x"}, {"threshold": 0.5}, True),
        ('{"a": 1, "b": "y"}', "json-fields", {"a": 1, "b": "x"}, {"fields": ("a",)}, True),
        ('{"a": 1, "b": "x", "c": 3}', "json-fields", {"a": 1, "b": "x"}, {}, False),
        ("SELECT name FROM t", "is-sql", None, {}, True),
        ("```sql\nSELECT name FROM t\n```", "is-sql", None, {}, False),
        ("```sql\nSELECT name FROM t\n```", "contains-sql", None, {}, True),
        ("SELECT TOP 5 * FROM t", "is-sql", {"databaseType": "SQLServer"}, {}, True),
        ("hello world", "is-sql", None, {}, False),
        ("select", "is-sql", None, {}, False),
        ("SHOW me the tables", "is-sql", None, {}, False),
        ("", "is-sql", None, {}, False),
        ("select A from T as x where x.b = 'Q' -- c", "sql-equals", 'SELECT a FROM t AS y WHERE y."b" = \'Q\';', {}, True),
        ("SELECT a FROM t JOIN u ON t.i = u.i ORDER BY a ASC", "sql-equals", "SELECT a FROM t INNER JOIN u ON t.i = u.i ORDER BY a", {}, True),
        ("SELECT a FROM t LEFT OUTER JOIN u ON t.i = u.i", "sql-equals", "SELECT a FROM t LEFT JOIN u ON t.i = u.i", {}, True),
        ("SELECT a FROM t LEFT JOIN u ON t.i = u.i", "sql-equals", "SELECT a FROM t JOIN u ON t.i = u.i", {}, False),
        ("SELECT a FROM t FULL OUTER JOIN u ON t.i = u.i", "sql-equals", "SELECT a FROM t LEFT OUTER JOIN u ON t.i = u.i", {}, False),
        ("SELECT a FROM t ORDER BY a DESC", "sql-equals", "SELECT a FROM t ORDER BY a", {}, False),
        ("select a from t where b = 'q'", "sql-equals", "SELECT a FROM t WHERE b = 'Q'", {}, False),
        ("<svg viewBox='0 0 1 1'><path d=''/></svg>", "is-xml", {"requiredElements": ["svg", "svg.path"]}, {}, True),
        ("<svg></svg>", "is-xml", {"requiredElements": ["svg.path"]}, {}, False),
        ("Here: <svg/>", "is-xml", None, {}, False),
        ("Here: <svg/> done", "contains-xml", None, {}, True),
        ("<svg>", "is-xml", None, {}, False),
        ("def f(x):\n    return x", "is-python", None, {}, True),
        ("positive", "is-python", None, {}, False),
        ("def f(:", "is-python", None, {}, False),
        ("'\\d'\nx = 1", "is-python", None, {}, True),
    ],
)  # fmt: skip
def test_types(text, kind, value, settings, passed):
    text = text or " x"
    result = check(text, kind, value, **settings)
    assert result.passed is passed, result
    assert check(text, kind, value, negated=True, **settings).passed is not passed


def test_tool_calls():
    def calls(kind, value=None, got=(CALL,), **settings):
        return check(None, kind, value, tool_calls=got, **settings).passed

    assert calls("is-valid-openai-tools-call")
    assert not calls("is-valid-openai-tools-call", got=(OTHER_CALL,))
    broken = {"function": {"name": "f", "arguments": '{"x": "1"}'}}
    assert not calls("is-valid-openai-tools-call", got=(broken,))
    assert calls("tool-call-f1", ["f"])
    assert not calls("tool-call-f1", ["f", "g"])
    assert calls("tool-call-f1", ["f", "g"], threshold=0.6)
    assert calls("tool-calls-equal", [SAME_CALL])
    assert calls("tool-calls-equal", [OTHER_CALL, SAME_CALL], got=(CALL, OTHER_CALL))
    assert not calls("tool-calls-equal", [CALL, CALL])
    assert not calls("tool-calls-equal", [CALL], got=(CALL, CALL))
    assert check("no need for one", "tool-calls-equal", [CALL]).passed is False


def test_tools_and_calls_of_no_known_shape_are_no_crash():
    odd = (None, "f", {"function": "f"}, {"function": {"name": ["f"], "arguments": 7}})
    for kind in ("is-valid-openai-tools-call", "tool-call-f1", "tool-calls-equal"):
        criterion = Criterion(
            assertions=(Assertion(type=kind, value=None if kind[0] == "i" else [CALL]),)
        )
        assert (
            grade(criterion, GradeInput(text=None, tool_calls=odd, tools=[*odd, *TOOLS])).passed
            is False
        )


def test_the_tool_calls_of_the_log_are_the_reference():
    criterion = Criterion(assertions=(Assertion(type="tool-calls-equal", value="{{reference}}"),))
    same = GradeInput(text=None, tool_calls=[SAME_CALL], reference_tool_calls=[CALL])
    assert grade(criterion, same).passed is True
    text = GradeInput(text="Hello", tool_calls=[], reference_text="Hi")
    assert grade(criterion, text).passed is True  # the log called nothing either
    text_rule = Criterion(assertions=(Assertion(type="equals", value="{{reference}}"),))
    assert grade(text_rule, same).passed is None


def test_the_logged_answer_and_the_label_fill_in():
    assert check("Yes.", "equals", "{{reference}}", reference="yes", transform="label").passed
    assert check("is: 7", "equals", "is: {{expected}}", expected=7).passed
    assert check('{"k": [1]}', "equals", "{{ expected }}", expected={"k": [1]}).passed
    assert check("a or b", "contains-all", "{{expected}}", expected=["a", "b"]).passed
    assert not check("a", "contains-all", ["{{expected}}", "{{reference}}"], "b", "a").passed


@pytest.mark.parametrize("text", ["x", "", None])
@pytest.mark.parametrize("error", [None, "timeout"])
def test_what_cannot_be_compared_is_neither_pass_nor_fail_whatever_the_answer(text, error):
    for value in ("{{reference}}", "{{expected}}"):
        criterion = Criterion(assertions=(
            Assertion(type="is-json"), Assertion(type="equals", value=value, negated=True)))  # fmt: skip
        result = grade(criterion, GradeInput(text=text, error=error, reference_problem="redacted"))
        assert result.passed is None
        assert result.score is None
        assert "redacted" in result.explanation or "no expected label" in result.explanation


def test_errors_and_empty_answers_fail_with_not_too():
    criterion = Criterion(assertions=(Assertion(type="contains", value="x", negated=True),))
    assert grade(criterion, GradeInput(text="y")).passed is True
    cut = grade(criterion, GradeInput(text="y", error="truncated"))
    assert (cut.passed, cut.explanation) == (False, "truncated")
    assert grade(criterion, GradeInput(text=" \n")).passed is False
    assert grade(criterion, GradeInput(text=None)).passed is False


def rule(threshold, *assertions):
    return Criterion(assertions=assertions, threshold=threshold)


def contains(value, **settings):
    return Assertion(type="contains", value=value, **settings)


def test_weights_and_thresholds():
    heavy, light = contains("a", weight=3), contains("b")
    assert grade(rule(None, heavy, light), GradeInput(text="a")).passed is False
    result = grade(rule(0.75, heavy, light), GradeInput(text="a"))
    assert (result.passed, result.score) == (True, 0.75)
    assert grade(rule(0.75, heavy, light), GradeInput(text="b")).passed is False
    assert grade(rule(None, heavy, contains("b", weight=0)), GradeInput(text="a")).passed is True
    tenths = [contains("a", weight=0.1)] * 10
    assert grade(rule(None, *tenths), GradeInput(text="a")).passed is True


def test_an_assertion_that_cannot_tell_leaves_open_only_what_it_could_decide():
    unknown = Assertion(type="finish-reason", value="stop")
    assert grade(rule(None, contains("a"), unknown), GradeInput(text="a")).passed is None
    assert grade(rule(None, contains("b"), unknown), GradeInput(text="a")).passed is False
    assert grade(rule(0.5, contains("a"), unknown), GradeInput(text="a")).passed is True


def test_the_explanation_names_what_failed():
    result = grade(
        rule(None, contains("a"), contains("b", metric="b is there")), GradeInput(text="a")
    )
    assert result.explanation == "b is there: does not contain 'b'"


HOSTILE = {
    "long": "a" * 1_000_000,
    "too long": "a" * 6_000_000,
    "deep list": "[" * 100_000 + "]" * 100_000,
    "deep object": '{"a":' * 900 + "1" + "}" * 900,
    "brackets": "{[" * 200_000,
    "fences": "```x\n" * 100_000,
    "nul": "\x00" * 10,
    "surrogate": '\ud800 {"a": "\ud83d"}',
    "digits": "9" * 100_000,
    "exponent": '{"a": 1e999999}',
    "parens": "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "unary": "x = " + "-" * 90_000 + "1",
    "attributes": "x = " + "a." * 45_000 + "a",
    "xml bomb": '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    "xml deep": "<a>" * 100_000,
    "xxe": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}  # fmt: skip
HARDER_VALUES = {"regex": "(a+)+$", "is-json": SCHEMA, "contains-json": SCHEMA}


def hostile_values(check):
    """Return the values to try a check with: that of its example, a harder one, the reference."""
    (criterion,) = parse_criteria(
        f"version: 1\ncriteria: [{{category: '*', assert: [{check.example.assertion}]}}]"
    )
    values = [criterion.assertions[0].value, HARDER_VALUES.get(check.name)]
    if check.value is not None and check.value.type in {ANY, CALLS, LIST}:
        values.append("{{reference}}")
    return [value for value in values if value is not None or not check.needs_value]


GRADING = [check for check in CHECKS.values() if check.example is not None]


def hostile_criteria():
    """Yield every check, with each of the values to try it with."""
    for kind in GRADING:
        for value in hostile_values(kind):
            config = {"pattern": "(a+)+$"} if kind.name == "pattern" else None
            yield rule(None, Assertion(type=kind.name, value=value, threshold=0.5, config=config))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_and_references_neither_crash_nor_hang(name):
    text = HOSTILE[name]
    for criterion in hostile_criteria():
        references = ("SELECT 1", text) if criterion.variables else (None,)
        for reference in references:
            answer = GradeInput(text=text, reference_text=reference, expected="a", tools=TOOLS)
            began = time.process_time()
            told = grade(criterion, answer)
            assert len(told.explanation) < 1000, criterion.words
            assert time.process_time() - began < 5, criterion.words


def test_an_answer_beyond_a_limit_fails_and_a_reference_beyond_it_is_no_yardstick():
    near = "a" * 60_000
    assert check(near + "b", "levenshtein", near).passed is None
    assert check(near + "b", "levenshtein", "a", negated=True).passed is False
    assert check(near, "levenshtein", near).passed is True


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "http://127.0.0.1:9/x.json"}, "{}"),
        ({"$ref": "file:///etc/passwd"}, "{}"),
        ({"$ref": "#"}, "{}"),
        ({"$ref": "#/$defs/n0", "$defs": {f"n{i}": {"allOf": [{"$ref": f"#/$defs/n{i + 1}"}] * 2}
                                         for i in range(40)} | {"n40": {}}}, "{}"),
    ],
)  # fmt: skip
def test_a_schema_fetches_nothing_and_ends(schema, text):
    assert check(text, "is-json", schema).passed is None


def test_a_slow_pattern_in_a_schema_is_quick():
    schema = {"type": "string", "pattern": "^(a|a)*$"}
    assert check(json.dumps("a" * 50_000 + "b"), "is-json", schema).passed is False
    assert check(json.dumps("a" * 50_000), "is-json", schema).passed is True


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy
@given(JSON, JSON)
def test_json_equality_is_that_of_the_written_value(left, right):
    assert json_equal(left, left)
    assert json_equal(left, right) == json_equal(right, left)
    assert check(json.dumps([left], indent=1), "equals", [left]).passed is True
    assert check(json.dumps([right]), "equals", [left]).passed is json_equal(left, right)


@pytest.mark.parametrize(
    ("text", "number"),
    [("#### 18", 18), ("2020-10-05", 5), ("1e3", 1000), ("\u22125", -5), ("1 000 000", 1_000_000),
     ("1.000.000", 1_000_000), ("3:08", 8), ("12,345", 12345), ("1e999", None), ("", None)],
)  # fmt: skip
def test_number_in(text, number):
    text = text.replace(" 000", "\u00a0000")
    assert number_in(text) == number


@pytest.mark.parametrize(
    "text", ["Paris", "<think>\nIn France.\n</think>\n\nParis", "<|channel|>final<|message|>Paris"]
)
@pytest.mark.parametrize("reference", ["Paris", "<think>\nFrance, so Paris.\n</think>\n\nParis"])
def test_reasoning_in_front_of_an_answer_is_not_looked_at(text, reference):
    criterion = Criterion(assertions=(Assertion(type="equals", value="{{reference}}"),))
    assert grade(criterion, GradeInput(text=text, reference_text=reference)).passed is True


def test_an_answer_that_is_reasoning_alone_is_empty():
    criterion = Criterion(assertions=(Assertion(type="contains", value="Paris"),))
    found = grade(criterion, GradeInput(text="<think>Paris it is.</think>"))
    assert (found.passed, found.explanation) == (False, "empty answer")

"""Criteria as somebody writes them who has read docs/criteria.md and nothing else."""

import json

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import read_criteria
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.sql.equivalence import statements_run
from auditor.criteria.sql.running import Runner


@pytest.fixture(autouse=True)
def at_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def verdicts(tmp_path, text, answers, **call):
    """Return the verdict on each answer by the one criterion of a file."""
    path = tmp_path / "criteria.yaml"
    path.write_text(text, encoding="utf-8")
    (criterion,) = read_criteria(path)
    return [grade(criterion, GradeInput(text=said, **call)).passed for said in answers]


def test_json_to_a_schema_with_a_tolerance(tmp_path):
    text = """\
version: 1
criteria:
  - category: "*invoice*"
    assert:
      - type: is-json
        transform: code-block
        value:
          type: object
          required: [total, due]
          properties:
            total: {type: number, minimum: 0}
            due: {type: string, format: date}
      - type: json-fields
        value: "{{reference}}"
        fields: [total]
        tolerance: 0.01
"""
    logged = '{"total": 100, "due": "2026-12-24"}'
    answers = [
        '```json\n{"due": "2026-12-24", "total": 100.5}\n```',
        '{"total": 102, "due": "2026-12-24"}',
        '{"total": 100, "due": "24 December"}',
        '{"total": -100, "due": "2026-12-24"}',
    ]
    assert verdicts(tmp_path, text, answers, reference_text=logged) == [True, False, False, False]


def test_a_short_summary_in_the_same_language_with_the_order_number(tmp_path):
    text = """\
version: 1
criteria:
  - match: {system: "*summarise*"}
    about: content
    assert:
      - {type: contains, value: "{{metadata.order}}"}
      - {type: word-count, value: {max: 60}}
      - {type: language, value: "{{user}}"}
"""
    facts = RequestFacts(
        user="Guten Tag, meine Bestellung ist leider noch nicht angekommen.",
        metadata={"order": "B-4711"},
    )
    answers = [
        "Die Kundin fragt, wo ihre Bestellung B-4711 bleibt, und wünscht eine Antwort.",
        "The customer asks where order B-4711 is and would like an answer soon.",
        "Die Kundin fragt, wo ihre Bestellung bleibt, und wünscht eine Antwort.",
        "Die Bestellung B-4711 ist noch nicht da. " + "Die Kundin wartet. " * 30,
    ]
    assert verdicts(tmp_path, text, answers, request=facts) == [True, False, False, False]


def test_a_number_within_one_percent(tmp_path):
    text = """\
version: 1
criteria:
  - category: "*estimate*"
    assert:
      - {type: similar-number, value: "{{expected}}", tolerance: 0.01}
"""
    answers = ["That makes 1.234,50 EUR.", "About 1,240.", "1250", "I cannot say."]
    assert verdicts(tmp_path, text, answers, expected=1234.5) == [True, True, False, False]


def test_a_function_of_ones_own(tmp_path):
    (tmp_path / "checks.py").write_text(
        'def has_a_ticket(output, context):\n    return context["vars"]["metadata"]["ticket"] in output\n'
    )
    text = """\
version: 1
criteria:
  - category: "*"
    about: content
    assert:
      - {type: python, value: "file://checks.py:has_a_ticket"}
"""
    facts = RequestFacts(metadata={"ticket": "T-9"})
    assert verdicts(tmp_path, text, ["see T-9", "see T-8"], request=facts) == [True, False]


def test_a_label_with_its_synonyms(tmp_path):
    (tmp_path / "synonyms.json").write_text(json.dumps(["invoice", "billing", "payment"]))
    text = """\
version: 1
criteria:
  - category: "*billing*"
    assert:
      - {type: exact, value: "file://synonyms.json"}
"""
    answers = ["Billing.", "**payment**", "delivery", "not billing"]
    assert verdicts(tmp_path, text, answers) == [True, True, False, False]


def test_a_label_with_its_synonyms_inside_a_sentence(tmp_path):
    text = """\
version: 1
criteria:
  - category: "*triage*"
    assert:
      - {type: label, value: "{{reference}}", labels: {refund: [money back], delivery: [shipping]}}
"""
    answers = [
        "The customer wants their money back.",
        '{"label": "Refund"}',
        "This is about shipping.",
        "Not a refund.",
    ]
    assert verdicts(tmp_path, text, answers, reference_text="refund") == [True, True, False, False]


def test_a_tool_call_with_a_default_and_another_writing(tmp_path):
    text = """\
version: 1
criteria:
  - category: "*booking*"
    assert:
      - {type: is-valid-openai-tools-call}
      - {type: tool-calls-equal, value: "{{reference}}", fields: {city: label, day: date}}
"""
    tool = {
        "name": "book",
        "parameters": {
            "type": "object",
            "required": ["city", "day"],
            "properties": {
                "city": {"type": "string"},
                "day": {"type": "string"},
                "beds": {"type": "integer", "default": 1},
            },
        },
    }

    def call(**arguments):
        return [{"function": {"name": "book", "arguments": json.dumps(arguments)}}]

    path = tmp_path / "criteria.yaml"
    path.write_text(text)
    (criterion,) = read_criteria(path)
    logged = call(city="Porto", day="2026-12-24", beds=1)
    told = {"reference_tool_calls": logged, "tools": [{"function": tool}]}
    for said, passes in [
        (call(day="December 24, 2026", city="porto"), True),
        (call(day="2026-12-24", city="Porto", beds=2), False),
        (call(day="2026-12-25", city="Porto"), False),
        (call(city="Porto"), False),
    ]:
        assert grade(criterion, GradeInput(text=None, tool_calls=said, **told)).passed is passes


def test_sql_that_returns_the_same_rows(tmp_path):
    text = """\
version: 1
criteria:
  - category: "*SQL*"
    assert:
      - {type: sql-equals, value: "{{reference}}"}
"""
    schema = "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, pages INTEGER NOT NULL)"
    logged = "SELECT title FROM book ORDER BY pages DESC LIMIT 1"
    answers = [
        "```sql\nSELECT b.title FROM book AS b ORDER BY b.pages DESC LIMIT 1;\n```",
        "SELECT title FROM book WHERE pages = (SELECT max(pages) FROM book)",
        "SELECT title FROM book ORDER BY pages LIMIT 1",
    ]
    call = {"reference_text": logged, "request": RequestFacts(prompt=schema)}
    assert verdicts(tmp_path, text, answers, **call) == [True, False, False]
    with Runner() as runner, statements_run(runner):  # as with --run-sql
        assert verdicts(tmp_path, text, answers, **call) == [True, True, False]

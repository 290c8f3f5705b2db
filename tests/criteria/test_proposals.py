"""Criteria proposed from logged answers: what shape gives what, and never a false promise."""

import json

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import criterion_from
from auditor.criteria.inference import infer_schema, pattern_of
from auditor.criteria.proposals import LoggedExample, propose
from auditor.criteria.request_facts import RequestFacts
from auditor.criteria.validation import refuse_unusable

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
SVG = "<svg viewBox='0 0 9 9'><path d='M{i} 1'/></svg>"
PROSE = (
    "The {i}th customer was glad that the parcel had come in time, and asked for a refund of it."
)


def answers(make, n=40, **more):
    return [LoggedExample(text=make(i), **more) for i in range(n)]


def asking(response_format):
    return RequestFacts(params={"response_format": response_format})


def call(i):
    return {"type": "function", "function": {"name": "f", "arguments": json.dumps({"x": i})}}


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
RECORD = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
ASKED = {"type": "json_schema", "json_schema": {"name": "r", "schema": RECORD}}

SHAPES = {
    "label": answers(lambda i: WORDS[i % 5] + "." * (i % 2)),
    "label of a few words": answers(lambda i: ["Not spam", "spam"][i % 2]),
    "number": answers(lambda i: f"{i * 37}.50"),
    "json": answers(lambda i: json.dumps({"id": i, "kind": WORDS[i % 3]})),
    "json in fences": answers(lambda i: f"```json\n{json.dumps({'id': i})}\n```"),
    "json as asked": answers(lambda i: json.dumps({"id": i}), request=asking(ASKED)),
    "json with prose": answers(lambda i: json.dumps({"id": i, "why": PROSE.format(i=i) * 2})),
    "json of prose": answers(lambda i: json.dumps({"why": PROSE.format(i=i) * 2})),
    "sql": answers(lambda i: f"SELECT a FROM t WHERE i = {i}"),
    "sql in fences": answers(lambda i: f"```sql\nSELECT a FROM t WHERE i = {i};\n```"),
    "svg": answers(lambda i: SVG.format(i=i)),
    "svg in fences": answers(lambda i: f"Here:\n```xml\n{SVG.format(i=i)}\n```"),
    "python": answers(lambda i: f"```python\ndef f(x):\n    return x + {i}\n```\nIt adds {i}."),
    "extraction": [
        LoggedExample(text=f"Order {i}x", request=RequestFacts(prompt=f"{PROSE} order {i}x, please")) for i in range(40)
    ],
    "dates": answers(lambda i: f"2026-{i % 12 + 1:02d}-{i % 28 + 1:02d}"),
    "tools": answers(lambda i: None, tool_calls=[call(1)], tools=TOOLS),
    "tools not logged": answers(lambda i: None, tool_calls=[call(1)]),
    "mixed": answers(lambda i: "text") [:20] + answers(lambda i: None, 20, tool_calls=[call(1)]),
    "prose": answers(lambda i: PROSE.format(i=i)),
    "short prose": answers(lambda i: f"Fix the {WORDS[i % 10]} of run {i}"),
    "few": answers(lambda i: "yes", 4),
    "cut": answers(lambda i: PROSE.format(i=i) * 3, finish_reason="length"),
}  # fmt: skip

KINDS = {
    "label": ("label", ["label", "label"]),
    "label of a few words": ("label", ["label", "label"]),
    "number": ("number", ["regex", "similar-number"]),
    "json": ("json", ["is-json", "is-json", "json-fields"]),
    "json in fences": ("json", ["contains-json", "contains-json", "json-fields"]),
    "json as asked": ("json", ["is-json", "json-fields"]),
    "json with prose": ("json", ["is-json", "is-json", "json-fields"]),
    "json of prose": ("json", ["is-json"]),
    "sql": ("sql", ["is-sql", "sql-equals"]),
    "sql in fences": ("sql", ["contains-sql", "sql-equals"]),
    "svg": ("xml", ["is-xml"]),
    "svg in fences": ("xml", ["contains-xml"]),
    "python": ("python", ["is-python"]),
    "extraction": ("extraction", ["equals"]),
    "dates": ("extraction", ["equals"]),
    "tools": ("tool-calls", ["is-valid-openai-tools-call", "tool-calls-equal"]),
    "tools not logged": ("tool-calls", ["tool-calls-equal"]),
    "mixed": ("mixed", ["tool-calls-equal", "label"]),
    "prose": ("rubric", ["language", "word-count", "llm-rubric"]),
    "short prose": ("rubric", ["word-count", "llm-rubric"]),
    "few": ("too-few", None),
    "cut": ("too-few", None),
}
FORM_ONLY = {"json of prose", "svg", "svg in fences", "python", "prose", "short prose"}
JUDGED = {"prose", "short prose"}
NO_LIVE_CHECK = {"extraction", "dates", "tools not logged", "mixed"}


def graded(criterion, example, reference):
    return grade(
        criterion,
        GradeInput(
            text=example.text,
            tool_calls=example.tool_calls,
            tools=example.tools,
            reference_text=reference.text,
            reference_tool_calls=reference.tool_calls,
        ),
    ).passed


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_gives_its_rule(shape):
    proposal = propose(SHAPES[shape], category="c7")
    kind, types = KINDS[shape]
    assert proposal.kind == kind
    assert proposal.reason
    if types is None:
        assert proposal.criterion is None
        return
    criterion = proposal.criterion
    assert [a.name for a in criterion.assertions] == types
    assert criterion.origin == "proposed"
    assert criterion.selector.category == "c7"
    assert criterion.form_only is (shape in FORM_ONLY)
    assert ("form only" in proposal.reason) is (criterion.form_only and shape not in JUDGED)
    assert proposal.waits is (shape in JUDGED)
    assert proposal.unnoticed
    assert ("agreement" in proposal.reason) is (not criterion.form_only or shape == "sql")
    assert (criterion.live_part() is None) is (shape in NO_LIVE_CHECK)
    refuse_unusable(criterion)
    assert criterion_from(criterion.definition()).assertions == criterion.assertions


@pytest.mark.parametrize("shape", [s for s, (_, types) in KINDS.items() if types])
def test_the_logged_answers_pass_and_another_answer_does_not(shape):
    examples = SHAPES[shape]
    criterion = propose(examples).criterion
    assert all(graded(criterion, e, e) for e in examples) is (shape not in JUDGED)
    assert all(graded(criterion, e, e) is not False for e in examples)
    if shape not in FORM_ONLY | {"mixed"} and not shape.startswith("tools"):
        assert not graded(criterion, examples[0], examples[1])
    other = LoggedExample(text="I am not sure, could you say more <about> {it}?")
    assert graded(criterion, other, examples[0]) is (None if shape in JUDGED else False)


def test_a_guessed_schema_or_label_set_does_not_fail_a_rare_logged_answer():
    rare = LoggedExample(text="omega")
    criterion = propose(SHAPES["label"]).criterion
    assert graded(criterion, rare, rare) is None  # five labels, each seen often: it is closed
    assert graded(criterion.live_part(), rare, rare) is False
    open_set = [LoggedExample(text="sigma"), *SHAPES["label"]]
    assert graded(propose(open_set).criterion, rare, rare) is True
    odd = LoggedExample(text='{"id": "none", "more": 1}')
    criterion = propose(SHAPES["json"]).criterion
    assert graded(criterion, odd, odd) is True
    assert graded(criterion.live_part(), odd, odd) is False


def test_prose_inside_json_is_not_compared():
    criterion = propose(SHAPES["json with prose"]).criterion
    assert criterion.assertions[-1].fields == {"why?": "ignore"}
    said = LoggedExample(text='{"id": 1, "why": "because"}')
    assert graded(criterion, said, LoggedExample(text='{"id": 1, "why": "for many reasons"}'))


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "json_schema", "json_schema": {"schema": {"type": "objekt"}}},
        {"type": "json_schema", "json_schema": {"schema": {"$ref": "http://127.0.0.1:9/"}}},
        {"type": "json_schema", "json_schema": "r"},
        {"type": "json_schema"},
        ["json_schema"],
    ],
)
def test_a_schema_of_the_log_that_cannot_be_used_is_passed_over(bad):
    examples = answers(lambda i: json.dumps({"id": i}), request=asking(bad))
    fields = propose(examples).criterion.assertions[1].value["properties"]
    assert fields["id"] == {"type": "integer", "minimum": 0, "maximum": 78}


def test_hostile_logged_answers_give_no_rule_and_no_crash():
    hostile = [
        "\x00",
        "\ud800x y z " * 20,
        "[" * 50_000,
        "<" * 50_000,
        "SELECT " + "(" * 5000,
        "{" * 9000,
    ]
    assert propose([LoggedExample(text=hostile[i % 6]) for i in range(60)]).kind == "rubric"


def test_schema_inference():
    values = [
        {"n": i, "k": WORDS[i % 2], "f": i / 2, "l": ["a"], "o": None if i % 2 else "x"}
        for i in range(40)
    ]
    del values[0]["f"]
    values.append({"n": 1})
    schema = infer_schema(values)
    assert schema["properties"]["k"] == {"enum": ["alpha", "beta"]}
    assert schema["properties"]["n"] == {"type": "integer", "minimum": 0, "maximum": 78}
    assert schema["properties"]["f"] == {"type": "number", "minimum": 0, "maximum": 39.0}
    assert schema["properties"]["o"] == {"type": ["null", "string"]}
    assert schema["properties"]["l"]["items"] == {"enum": ["a"]}
    assert schema["properties"]["l"]["maxItems"] == 3
    assert schema["required"] == ["n"]
    assert schema["additionalProperties"] is False
    assert "additionalProperties" not in infer_schema([*values, {"rare": 1}])
    assert infer_schema([{str(i): 1} for i in range(100)]) == {"type": "object"}


def test_codes_that_are_built_alike_have_a_pattern():
    codes = [f"ORD-{i:04d}/{'AB'[i % 2]}" for i in range(30)]
    assert pattern_of(codes) == r"^ORD\-\d{4}/[A-Z]{1}$"
    assert pattern_of([f"2026-0{i % 9 + 1}-1{i % 9}" for i in range(30)]) == (
        r"^\d{4}\-\d{2}\-\d{2}$"
    )
    assert pattern_of([*codes, "none"]) is None
    assert pattern_of(["alpha", "beta"]) is None


def test_labels_that_only_the_prompt_lists_count_and_its_heading_does_not():
    listed = "Answer with one of these.\n\nTOPICS:\n" + "\n".join([*WORDS[:5], "sigma"])
    request = RequestFacts(system=listed)
    criterion = propose(answers(lambda i: WORDS[i % 5], request=request)).criterion
    (live, _) = criterion.assertions
    assert live.live_only
    assert sorted(live.labels) == sorted([*WORDS[:5], "sigma"])

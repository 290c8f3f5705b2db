"""Shapes of answers beside JSON and labels, mixed categories, and proposals by the user's labels."""

import json

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.grading import grade_assertion
from auditor.criteria.model import Assertion, Criterion
from auditor.criteria.proposals import LoggedExample, basis, propose
from auditor.criteria.request_facts import RequestFacts

NAMES = ["Ada", "Bela", "Chen", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Juno"]
CITIES = ["Oslo", "Lima", "Kyoto", "Porto", "Quito", "Riga", "Turin"]


def said(make, n=40, **facts):
    return [LoggedExample(text=make(i), request=RequestFacts(**facts)) for i in range(n)]


def passed(criterion, text, reference, **more):
    return grade(criterion, GradeInput(text=text, reference_text=reference, **more)).passed


RECORD = "Name: {name}\nCity: {city}\nTotal: ${total}.00"
SHAPES = {
    "record": (
        said(lambda i: RECORD.format(name=NAMES[i % 10], city=CITIES[i % 7], total=i + 10)),
        RECORD.format(name="Ada", city="Oslo", total=1200),
        "**City:** oslo\n**Name:** Ada\n**Total:** 1,200",
        RECORD.format(name="Ada", city="Lima", total=1200),
    ),
    "yaml": (
        said(lambda i: f"guest:\n  name: {NAMES[i % 10]}\n  nights: {i}\nroom: {CITIES[i % 7]}"),
        "guest:\n  name: Ada\n  nights: 3\nroom: Oslo",
        "```yaml\nroom: Oslo\nguest: {nights: 3, name: Ada}\n```\n",
        "guest:\n  name: Ada\n  nights: 4\nroom: Oslo",
    ),
    "table": (
        said(lambda i: f"name,city,n\n{NAMES[i % 10]},{CITIES[i % 7]},{i}\nx,y,{i + 1}"),
        "name,city,n\nAda,Oslo,3\nBela,Lima,4",
        "| name | city | n |\n|---|---|---|\n| Bela | Lima | 4 |\n| Ada | Oslo | 3 |",
        "name,city,n\nAda,Oslo,3\nBela,Lima,5",
    ),
    "list": (
        said(lambda i: f"- {NAMES[i % 10]}\n- {CITIES[i % 7]}\n- {NAMES[(i + 3) % 10]}"),
        "- Ada\n- Oslo\n- Bela",
        "oslo, Bela, ADA",
        "- Ada\n- Lima\n- Bela",
    ),
    "regex": (
        said(lambda i: rf"({NAMES[i % 10]}|{CITIES[i % 7]})\d{{{i % 5 + 1},}}",
             prompt="Write a regex for: a name or a city, then digits"),
        r"(cat|dog)\d{2,}",
        r"(?:dog|cat)[0-9][0-9]+",
        r"(cat|dog)\d{3,}",
    ),
    "final-number": (
        said(lambda i: f"He has {i} and buys {i + 2}, so {i} + {i + 2} = {2 * i + 2}.\n\n"
                       f"In total he has {2 * i + 2} apples.", user="How many apples has he?"),
        "There are 3 + 4 = 7 apples.",
        "Add them up. The answer is 7.",
        "There are 3 + 4 = 8 apples.",
    ),
    "label": (
        said(lambda i: f"{['URGENT', 'ROUTINE', 'ADMIN'][i % 3]} | the customer wrote {i} times",
             system="Levels: URGENT (call now), ROUTINE (3 days), ADMIN, SPAM. One line."),
        "URGENT | water on the floor",
        "Level: urgent",
        "ROUTINE | water on the floor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_compared_by_what_it_says(shape):
    examples, logged, same, other = SHAPES[shape]
    proposal = propose(examples)
    assert proposal.kind == {"yaml": "record"}.get(shape, shape)
    criterion = proposal.criterion
    assert all(passed(criterion, e.text, e.text) for e in examples)
    assert passed(criterion, same, logged) is True
    assert passed(criterion, other, logged) is False
    assert not criterion.form_only
    assert proposal.unnoticed


def test_a_label_before_its_reason_is_read_whatever_the_reason_names():
    criterion = propose(SHAPES["label"][0]).criterion
    assert (
        passed(criterion, "ROUTINE | it is not urgent", "ROUTINE | they asked for a copy") is True
    )
    assert (
        passed(criterion, "URGENT - more than routine", "ROUTINE | they asked for a copy") is False
    )


def call(name, **arguments):
    return {"type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def test_tool_calls_and_their_text_neighbours_have_a_rule_each():
    calls = [LoggedExample(text=None, tool_calls=[call("find", city=c)]) for c in CITIES * 3]
    texts = said(lambda i: json.dumps({"city": CITIES[i % 7], "nights": i}), 20)
    criterion = propose([*calls, *texts]).criterion
    assert {a.when for a in criterion.assertions} == {"tool-calls", "text"}
    oslo, lima = call("find", city="Oslo"), call("find", city="Lima")
    assert passed(criterion, None, None, tool_calls=[oslo], reference_tool_calls=[oslo]) is True
    assert passed(criterion, None, None, tool_calls=[lima], reference_tool_calls=[oslo]) is False
    assert passed(criterion, '{"nights": 2, "city": "Oslo"}', '{"city": "Oslo", "nights": 2}')
    assert passed(criterion, None, '{"city": "Oslo"}', tool_calls=[oslo]) is False


def test_text_that_waits_for_a_judge_leaves_its_tool_calls_graded():
    calls = [LoggedExample(text=None, tool_calls=[call("find", city=c)]) for c in CITIES * 3]
    prose = said(lambda i: f"I have found {i} hotels in {CITIES[i % 7]} for you, shall I book?", 20)
    proposal = propose([*calls, *prose])
    assert not proposal.waits
    oslo = call("find", city="Oslo")
    criterion = proposal.criterion
    assert passed(criterion, None, None, tool_calls=[oslo], reference_tool_calls=[oslo]) is True
    assert (
        passed(criterion, "I have found three hotels in Lima.", "There are two hotels in Lima now.")
        is None
    )


def test_json_and_labels_in_one_category_have_a_rule_each():
    forms = said(lambda i: json.dumps({"intent": CITIES[i % 3], "urgent": i % 2 == 0}), 30)
    labels = said(lambda i: CITIES[i % 3], 30)
    criterion = propose([*forms, *labels]).criterion
    assert {a.when for a in criterion.assertions} == {"json", "plain"}
    assert passed(criterion, "oslo.", "Oslo") is True
    assert passed(criterion, "Lima", "Oslo") is False
    assert passed(
        criterion, '{"urgent": true, "intent": "Oslo"}', '{"intent": "Oslo", "urgent": true}'
    )
    assert passed(criterion, "Oslo", '{"intent": "Oslo", "urgent": true}') is False


def test_a_few_refusals_and_questions_do_not_make_prose_of_json():
    forms = said(lambda i: json.dumps({"id": i, "city": CITIES[i % 7]}), 45)
    refusals = said(lambda i: "I'm sorry, but I can't help with that request.", 3)
    questions = said(lambda i: "Which of the two invoices do you mean?", 2)
    stray = [LoggedExample(text=None, tool_calls=[call("find", city="Oslo")])]
    proposal = propose([*refusals, *forms, *questions])
    assert proposal.kind == "json"
    assert proposal.set_aside == pytest.approx(0.1)
    kinds = {a.type for a in propose([*forms, *stray]).criterion.assertions}
    assert {"json-fields", "tool-calls-equal"} <= kinds


def test_refusals_that_are_the_task_are_not_set_aside():
    mostly = said(lambda i: "I'm sorry, but I can't help with that request.", 30)
    assert propose([*mostly, *said(lambda i: json.dumps({"id": i}), 30)]).set_aside == 0


def test_code_with_lists_in_it_is_no_json():
    code = said(lambda i: f"def f{i}(x):\n    return [x, {i}]", 40)
    assert propose(code).kind == "python"


SUMMARIES = [
    f"The guest {NAMES[i % 10]} stayed {i + 2} nights in {CITIES[i % 7]} and complained about the"
    f" {['noise', 'breakfast', 'heating', 'lift'][i % 4]} on floor {i}"
    for i in range(40)
]


def test_answers_that_are_all_alike_are_not_compared_by_similarity():
    said_again = said(SUMMARIES.__getitem__, system="Summarise the complaint in one line.")
    assert propose(said_again).kind == "rubric"


TALES = [
    "Two keys were lost at the old mill and the keeper found them after a long search.",
    "Our bakery ran out of rye flour, so customers bought walnut bread instead.",
    "A violinist missed her train; fellow passengers waited with hot tea.",
    "Engineers replaced seven rusty bolts beneath the northern bridge.",
    "Rain flooded every cellar along Mill Lane before sunrise.",
    "My neighbour paints tiny ships on seashells each winter.",
    "The library now lends telescopes during meteor showers.",
    "Farmers moved forty goats across the frozen river.",
]


def test_a_rewrite_is_compared_by_similarity_with_a_threshold_from_the_category():
    proposal = propose(said(lambda i: TALES[i % 7], system="Rewrite the note in plain words."))
    assert proposal.kind == "similarity"
    criterion = proposal.criterion
    near = "Two keys got lost at the old mill, and the keeper found them after a long search."
    assert passed(criterion, near, TALES[0]) is True
    assert passed(criterion, TALES[1], TALES[0]) is False
    assert basis(criterion, criterion.deciding) == "similarity"
    assert "similarity" in proposal.reason


def test_a_prompt_that_forbids_a_rewrite_asks_for_none():
    system = "Give feedback on the note. Do not rewrite it."
    assert propose(said(lambda i: TALES[i % 7], system=system)).kind == "rubric"


def test_tool_definitions_that_the_log_breaks_are_no_demand():
    tool = {"function": {"name": "find", "parameters": {"type": "object", "required": ["day"]}}}
    examples = [
        LoggedExample(text=None, tool_calls=[call("find", city=c)], tools=[tool]) for c in CITIES
    ]
    assert [a.type for a in propose(examples).criterion.assertions] == ["tool-calls-equal"]


def test_dates_of_tool_calls_are_compared_as_dates():
    examples = [
        LoggedExample(text=None, tool_calls=[call("book", day=f"2031-05-{i:02d}", city="Oslo")])
        for i in range(1, 20)
    ]
    criterion = propose(examples).criterion
    logged = [call("book", day="2031-05-03", city="Oslo")]
    same, other = (
        call("book", day="May 3, 2031", city="Oslo"),
        call("book", day="2031-05-04", city="Oslo"),
    )
    assert passed(criterion, None, None, tool_calls=[same], reference_tool_calls=logged) is True
    assert passed(criterion, None, None, tool_calls=[other], reference_tool_calls=logged) is False


def test_labels_of_the_user_take_the_place_of_the_logged_answers():
    labels = ["refund", "delivery", "other"]
    examples = [
        LoggedExample(text=labels[i % 3], expected=labels[(i + (i % 10 == 0)) % 3])
        for i in range(40)
    ]
    criterion = propose(examples).criterion
    assert criterion.variables == {"expected"}
    assert passed(criterion, "refund", "delivery", expected="refund") is True
    assert passed(criterion, "delivery", "delivery", expected="refund") is False
    few = [
        LoggedExample(text=e.text, expected=e.expected if i < 5 else None)
        for i, e in enumerate(examples)
    ]
    assert propose(few).criterion.variables == {"reference"}


def test_accepted_values_of_the_user_are_alternatives():
    examples = [
        LoggedExample(
            text=None,
            tool_calls=[call("find", city=c)],
            expected=[{"find": {"city": [c, f"{c} City"], "days": ["", 1]}}],
        )
        for c in CITIES
    ]
    criterion = propose(examples).criterion
    given = {"expected": examples[0].expected, "reference_tool_calls": examples[0].tool_calls}
    assert passed(criterion, None, None, tool_calls=[call("find", city="Oslo City")], **given)
    assert not passed(criterion, None, None, tool_calls=[call("find", city="Lima")], **given)


def test_what_a_grade_rests_on():
    form = Assertion(type="is-json")
    equal = Assertion(type="equals", value="{{reference}}")
    close = Assertion(type="levenshtein", value="{{reference}}", threshold=0.8)
    asked = Assertion(type="llm-rubric", value="It is polite.")
    fixed = Assertion(type="contains", value="4711")

    def told(*assertions, about=None):
        return basis(Criterion(assertions=assertions, about=about), assertions)

    assert told(form) == "form"
    assert told(form, equal) == "equivalence"
    assert told(form, close) == "similarity"
    assert told(equal, asked) == "judged"
    assert told(fixed, about="content") == "reference-free"


def test_a_rule_for_answers_that_end_in_a_number_leaves_the_others_open():
    rule = Criterion(
        assertions=(Assertion(type="similar-number", value="{{reference}}", when="number"),)
    )
    assert passed(rule, "It is 7.", "3 + 4 = 7") is True
    assert passed(rule, "It is 7.", "I like numbers. Do you?") is None


@pytest.mark.parametrize(
    ("check", "value", "text"),
    [
        ("key-values", "a: &x [*x, *x]\nb: 1", "a: 1\nb: 1"),
        ("key-values", "a:\n" + " " * 3000 + "- b", "b"),
        ("same-items", "[" * 9000, "a"),
        ("same-rows", "a,b\n" * 20_000, "a,b"),
        ("regex-equals", "(" * 400 + ")" * 400, "a"),
        ("regex-equals", "(a{9}){9}{9}", "a{99}"),
        ("count", "x", ". " * 50_000),
    ],
)
def test_hostile_records_neither_crash_nor_hang(check, value, text):
    given = value if check != "count" else {"of": "sentences", "max": 2}
    grade_assertion(Assertion(type=check, value=given), GradeInput(text=text, reference_text=value))

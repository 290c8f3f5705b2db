"""Wrong answers planted in logged ones: what is planted for which shape, and what never is."""

import json

import pytest
import sqlglot

from auditor.criteria.mutations import MUTATIONS, Logged, plant

LABELS = ["billing", "bug", "account access", "shipping"]
FORMLESS = {"truncated", "refused", "other-language", "boilerplate"}


def logged(texts, **more):
    return [Logged.of(text, request=f"call {n}", **more) for n, text in enumerate(texts)]


def kinds(answers, **more):
    return {wrong.mutation.kind for wrong in plant(answers, **more)}


def wrong_answers(answers, kind):
    return [wrong for wrong in plant(answers) if wrong.mutation.kind == kind]


def called(name, arguments):
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": "c", "type": "function", "function": function}


def calls(*given, tools=()):
    return [
        Logged.of(None, tool_calls=[one] if isinstance(one, dict) else one, tools=tools,
                  request=f"call {n}")
        for n, one in enumerate(given)
    ]  # fmt: skip


NOTES = [
    "Pay in two parts, the second one only after goods came.",
    "Their bank changed last month: compare account details before release.",
    "A reminder went out twice, although everything had been settled already.",
    "Discount granted by phone; ask Miriam whether it still holds today.",
]
INVOICES = [
    {"supplier": f"Supplier {name}", "total": 120.5 + n, "paid": n % 2 == 0, "tags": ["new", name],
     "note": NOTES[n]}
    for n, name in enumerate(["north", "south", "east", "west"])
]  # fmt: skip
STATEMENTS = [
    f"SELECT name, city FROM customers WHERE age > {20 + n} AND status = 'active' "
    "ORDER BY age DESC LIMIT 5"
    for n in range(4)
]
CODE = [
    f'def add{n}(items):\n    """Add them up: 1 + 1."""\n    total = {n}\n    for item in items:\n'
    f"        if item > {n + 2}:\n            total = total + item\n    return total\n"
    for n in range(4)
]
JAVASCRIPT = [
    f"```js\nfunction f(a) {{\n  // a < b in words\n  if (a < {n + 3}) {{\n    return a + {n};\n  }}\n  return 0;\n}}\n```"
    for n in range(4)
]
PROSE = [
    f"The customer was told that the parcel {n} is on its way, and that it will be there in {n + 3} "
    f"days because the {word} depot has sent it again with another carrier this morning."
    for n, word in enumerate(["northern", "southern", "eastern", "western"], 10)
]
PAIRS = [
    f"Name: {name}\nCity: {city}\nSince: {2000 + n}"
    for n, (name, city) in enumerate([("Ada", "London"), ("Max", "Bonn"), ("Eve", "Oslo")])
]
XML = [
    f"<order><name>{name}</name><town>{town}</town></order>"
    for name, town in [("Ada", "London"), ("Max", "Bonn"), ("Eve", "Oslo")]
]


def test_every_shape_gets_the_errors_that_it_allows():
    shapes = {
        "labels": (logged(LABELS * 3), {"other-answer", "label-swapped", "refused", "boilerplate", "truncated"}),
        "numbers": (logged(["12.50", "8", "940"]), {"other-answer", "number-off", "refused", "boilerplate"}),
        "JSON": (
            logged(map(json.dumps, INVOICES)),
            {"other-answer", "field-changed", "text-changed", "field-dropped", "field-added", "number-off",
             "truncated", "refused", "boilerplate"},
        ),
        "SQL": (
            logged(STATEMENTS),
            {"other-answer", "clause-dropped", "operator-flipped", "literal-changed", "column-changed",
             "truncated", "refused", "boilerplate"},
        ),
        "Python": (
            logged(CODE),
            {"other-answer", "operator-flipped", "return-dropped", "off-by-one", "truncated", "refused", "boilerplate"},
        ),
        "JavaScript": (
            logged(JAVASCRIPT),
            {"other-answer", "operator-flipped", "return-dropped", "off-by-one", "truncated", "refused", "boilerplate"},
        ),
        "lines of key and value": (
            logged(PAIRS),
            {"other-answer", "field-changed", "field-dropped", "number-off", "truncated", "refused", "boilerplate"},
        ),
        "XML": (
            logged(XML),
            {"other-answer", "field-changed", "field-dropped", "truncated", "refused", "boilerplate"},
        ),
        "tool calls": (
            calls(*(called("pay", {"to": word, "sum": n + 20, "why": NOTES[n]}) for n, word in enumerate(["Ada", "Max", "Eve"])),
                  [called("mail", {"to": "Ada"}), called("pay", {"to": "Ada"})]),
            {"other-answer", "other-tool", "call-dropped", "argument-changed", "argument-dropped", "text-changed",
             "number-off", "truncated", "refused", "boilerplate"},
        ),
    }  # fmt: skip
    wrong = {
        name: (kinds(answers) ^ expected)
        for name, (answers, expected) in shapes.items()
        if kinds(answers) != expected
    }
    assert not wrong
    planted = set().union(*(expected for _, expected in shapes.values()))
    assert planted | kinds(logged(PROSE)) == set(MUTATIONS)


def test_prose_is_cut_refused_answered_in_another_language_or_about_another_call():
    assert kinds(logged(PROSE)) == {"number-off", *FORMLESS}  # too alike to stand for one another
    unlike = [
        *PROSE[:1],
        "Paris was founded long ago by fishers who lived on an island in a river.",
    ]
    assert "other-answer" in kinds(logged(unlike))
    for wrong in wrong_answers(logged(PROSE), "other-language"):
        assert "the customer" not in wrong.answer.text.lower()
        assert abs(len(wrong.answer.text) - len(PROSE[0])) < 60


def test_the_same_answers_and_seed_give_the_same_errors():
    answers = logged(map(json.dumps, INVOICES))
    assert list(plant(answers, seed=1)) == list(plant(answers, seed=1))
    assert list(plant(answers, seed=1)) != list(plant(answers, seed=2))


def test_a_few_of_each_kind_are_planted_and_only_among_the_answers_named():
    answers = logged(LABELS * 20)
    found = list(plant(answers, among=[3, 4, 5], per_kind=2))
    assert {wrong.number for wrong in found} <= {3, 4, 5}
    assert all(sum(one.mutation == wrong.mutation for one in found) <= 2 for wrong in found)


def test_every_planted_answer_differs_from_the_logged_one():
    for answers in (logged(LABELS * 3), logged(map(json.dumps, INVOICES)), logged(STATEMENTS),
                    logged(CODE), logged(PAIRS), logged(XML), logged(PROSE)):  # fmt: skip
        for wrong in plant(answers):
            said, before = (wrong.answer.text or "").split(), answers[wrong.number].text.split()
            assert said != before, wrong.mutation.kind
            assert wrong.detail


def test_a_label_written_otherwise_is_no_other_label():
    assert not wrong_answers(logged(["Spam", "spam.", "**SPAM**"] * 3), "label-swapped")
    lists = logged(["red, blue", "blue, red"] * 3)
    assert not wrong_answers(lists, "label-swapped")
    assert not wrong_answers(lists, "other-answer")


def test_an_answer_to_the_same_request_is_no_error():
    same = [Logged.of(text, request="one question") for text in LABELS]
    assert not wrong_answers(same, "other-answer")


def test_empty_fields_and_defaults_are_not_dropped():
    empty = logged([json.dumps({"a": None, "b": [], "c": "", "d": False})] * 2)
    assert not wrong_answers(empty, "field-dropped")
    tool = {"type": "function", "function": {"name": "find", "parameters": {
        "type": "object", "properties": {"limit": {"type": "integer", "default": 10}}}}}  # fmt: skip
    usual = calls(called("find", {"limit": 10}), called("find", {"limit": 10}), tools=(tool,))
    assert not wrong_answers(usual, "argument-dropped")
    assert wrong_answers(calls(called("find", {"limit": 20}), tools=(tool,)), "argument-dropped")


def test_a_changed_list_is_another_set():
    answers = logged(json.dumps({"tags": tags}) for tags in (["a", "b"], ["b", "a"], ["a", "c"]))
    found = wrong_answers(answers, "field-changed")
    assert found
    for wrong in found:
        before = set(json.loads(answers[wrong.number].text)["tags"])
        assert set(json.loads(wrong.answer.text)["tags"]) != before


@pytest.mark.parametrize("text", ["7", "0", "-3", "1,200.50", "0.75", "$9.99", "99"])
def test_a_number_is_off_by_more_than_any_sensible_tolerance(text):
    for seed in range(6):
        for wrong in plant(logged([text]), seed=seed):
            if wrong.mutation.kind == "number-off":
                before, after = (
                    float(one.replace("$", "").replace(",", ""))
                    for one in (text, wrong.answer.text)
                )
                assert abs(after - before) > 0.05 * abs(before)


def test_json_keeps_its_place_in_fence_and_prose():
    text = 'Here it is:\n```json\n{"total": 12, "town": "Bonn"}\n```\nAnything else?'
    for wrong in wrong_answers(logged([text]), "number-off"):
        assert wrong.answer.text.startswith("Here it is:\n```json\n{")
        assert wrong.answer.text.endswith("```\nAnything else?")
    (cut,) = wrong_answers(logged([text]), "truncated")
    assert cut.answer.text.count("{") > cut.answer.text.count("}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM t LIMIT 5",  # one row, whatever the limit
        "SELECT a FROM t WHERE 1 = 1",
        "SELECT a FROM t ORDER BY a",
        "SELECT a FROM t JOIN u ON t.id = u.id",
        "SELECT count(1) FROM t",
        "SELECT a FROM t WHERE a IS NOT NULL",
    ],
)
def test_statements_that_may_return_the_same_rows_are_not_planted(statement):
    sql = {"clause-dropped", "operator-flipped", "literal-changed", "column-changed"}
    assert not kinds(logged([statement] * 2)) & sql


def test_planted_statements_are_statements():
    for kind in ("clause-dropped", "operator-flipped", "literal-changed", "column-changed"):
        found = wrong_answers(logged(STATEMENTS), kind)
        assert found
        for wrong in found:
            assert sqlglot.parse_one(wrong.answer.text).sql() != STATEMENTS[wrong.number]


def test_planted_python_parses_and_comments_of_other_languages_are_left_alone():
    for wrong in plant(logged(CODE)):
        if wrong.mutation.content:
            compile(wrong.answer.text, "planted", "exec")
            assert "1 + 1" in wrong.answer.text
    for wrong in wrong_answers(logged(JAVASCRIPT), "operator-flipped"):
        assert "// a < b in words" in wrong.answer.text


def test_a_logged_refusal_is_not_refused_again_and_a_label_done_is_no_boilerplate():
    assert not wrong_answers(logged(["I'm sorry, but I can't help with that."] * 3), "refused")
    said = {wrong.answer.text for wrong in plant(logged(["done", "n/a"] * 5))
            if wrong.mutation.kind == "boilerplate"}  # fmt: skip
    assert said
    assert not said & {"Done.", "N/A"}


def test_hostile_answers_are_mutated_without_harm():
    hostile = ["{" * 500, "[" * 9_000, "\ud800 \x00", "SELECT " + "(" * 300, "<a>" * 400, "```\n```",
               "def f(:\n return", json.dumps({"a" * 3_000: {"b": [1] * 500}})]  # fmt: skip
    for wrong in plant(logged(hostile)):
        assert wrong.answer.text is not None

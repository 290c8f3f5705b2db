"""Checks that promptfoo or inspect_ai has too: each with answers on both sides of the line."""

import json
import sys

import pytest

from auditor.criteria import GradeInput, grade
from auditor.criteria.file import parse_criteria
from auditor.criteria.grading import grade_assertion
from auditor.criteria.request_facts import RequestFacts
from auditor.errors import ConfigError, MissingExtraError


def criterion_of(assertion):
    document = {"version": 1, "criteria": [{"category": "*", "assert": [assertion]}]}
    (criterion,) = parse_criteria(json.dumps(document))
    return criterion


def told(assertion, text, **more):
    """Grade a text by one assertion, given as a mapping."""
    return grade(criterion_of(assertion), GradeInput(text=text, **more))


def score_of(assertion, text):
    (only,) = criterion_of(assertion).assertions
    return grade_assertion(only, GradeInput(text=text)).score


def wrong(rows):
    """Return the rows (assertion, text, verdict) whose verdict is another one."""
    return [(a, t, told(a, t)) for a, t, passed in rows if told(a, t).passed is not passed]


def test_commas_in_quotes_do_not_cut_a_list():
    rows = [
        ({"type": "contains-any", "value": '"a,b",c'}, "x a,b y", True),
        ({"type": "contains-any", "value": '"a,b",c'}, "x a y", False),
        ({"type": "contains-all", "value": '"say ""hi""", x'}, 'x say "hi"', True),
        ({"type": "contains-all", "value": r'"a\"b",c'}, 'c a"b', True),
        ({"type": "contains-any", "value": ",,a,,"}, "b", False),
    ]
    assert not wrong(rows)


def test_an_emoji_that_json_escapes_is_an_emoji():
    assert told({"type": "equals", "value": "ok 😀"}, "ok 😀").passed is True


def test_xml_paths_are_a_list_a_text_or_an_option_and_elements_stand_in_prose():
    rows = [
        ({"type": "is-xml", "value": ["a.b", "a.c"]}, "<a><b/><c/></a>", True),
        ({"type": "is-xml", "value": "a.b, a.c"}, "<a><b/></a>", False),
        (
            {"type": "contains-xml", "value": {"requiredElements": ["b"]}},
            "<a/> and <b/> here",
            True,
        ),
        ({"type": "contains-xml", "value": ["c"]}, "<a/> and <b/> here", False),
        ({"type": "contains-xml"}, "1 < 2 so <a>x</a>.", True),
        ({"type": "contains-xml"}, "1 < 2 and 3 > 2", False),
        ({"type": "contains-xml"}, "no tag at all", False),
    ]
    assert not wrong(rows)


def test_html_is_told_by_its_elements():
    rows = [
        ({"type": "is-html"}, "<!DOCTYPE html><html><body>Hi <b>x</b></body></html>", True),
        ({"type": "is-html"}, "<p>a</p>\n<p>b</p>", True),
        ({"type": "is-html"}, "<p>a</p> and more", False),
        ({"type": "is-html"}, "<foo>x</foo>", False),
        ({"type": "is-html"}, '<?xml version="1.0"?><p>x</p>', False),
        ({"type": "contains-html"}, "Use this: <br>", True),
        ({"type": "contains-html"}, "List<String> of a &amp; b", True),
        ({"type": "contains-html"}, "if a < b then c > d", False),
    ]
    assert not wrong(rows)


def test_time_and_money_are_of_the_answer_that_is_graded():
    slow = RequestFacts(latency_ms=2001.0, cost_usd=0.02)
    assert told({"type": "latency", "threshold": 2000}, "a", request=slow).passed is False
    assert told({"type": "cost", "threshold": 0.02}, "a", request=slow).passed is True
    assert told({"type": "cost", "threshold": 0.02}, "a").passed is None
    with pytest.raises(ConfigError, match="latency needs a threshold"):
        told({"type": "latency"}, "a")


def test_overlap_scores_are_those_of_their_papers():
    wanted = "the cat sat on the mat"
    rows = [
        ("rouge-n", "the cat is on the mat", 10 / 12),
        ("rouge-l", "the cat is on the mat", 10 / 12),
        ("rouge-s", "the cat", 2 * 1 / (1 + 15)),
        ("bleu", "the cat sat on the mat", 1.0),
        ("gleu", "the cat", 3 / 18),
        ("meteor", "the cat sat on the mat", 1 - 0.5 * (1 / 6) ** 3),
        ("chrf", "the cat sat on the mat", 1.0),
    ]
    for kind, text, score in rows:
        found = score_of({"type": kind, "value": wanted, "threshold": 0}, text)
        assert found == pytest.approx(score, abs=1e-6), kind
        least = told({"type": kind, "value": wanted, "threshold": score}, text)
        assert least.passed is True, f"{kind}: a score at its threshold passes"


def test_the_best_of_several_texts_counts():
    one = {"type": "gleu", "value": ["nothing like it", "the cat sat"], "threshold": 0.9}
    assert told(one, "The cat sat.").passed is True


def test_without_nltk_a_check_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk", None)
    with pytest.raises(MissingExtraError) as caught:
        told({"type": "bleu", "value": "a"}, "a")
    assert caught.value.hint == "pip install 'auditor[text-metrics]'"


def test_similar_is_nearer_for_the_same_subject():
    def score(text):
        return score_of({"type": "similar", "value": "The parcel is late", "threshold": 0}, text)

    assert score("Your package has not arrived") > score("Water boils at 100 degrees")
    assert score("The parcel is late") == pytest.approx(1.0, abs=1e-5)


def test_lookaround_and_backreferences_are_found_in_limited_time():
    rows = [
        ({"type": "regex", "value": r"^(?=.*order)(?!.*refund)"}, "my order", True),
        ({"type": "regex", "value": r"^(?=.*order)(?!.*refund)"}, "refund my order", False),
        ({"type": "regex", "value": r"(\w)\1"}, "book", True),
        ({"type": "regex", "value": r"(?<=a)b$"}, "ab\n", False),
    ]
    assert not wrong(rows)
    slow = told({"type": "regex", "value": r"^(\w+\s?)*(?=x)\1$"}, "a" * 40 + "!")
    assert slow.passed is None or slow.passed is False


def test_schemas_take_pattern_properties_formats_and_truth_values():
    def fits(schema, value):
        return told({"type": "is-json", "value": schema}, json.dumps(value)).passed

    keys = {"patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": False}
    assert fits(keys, {"x_1": 1}) is True
    assert fits(keys, {"x_1": "one"}) is False
    assert fits(keys, {"y": 1}) is False
    assert fits(True, [1]) is True
    assert fits(False, [1]) is False
    assert fits("type: object\nrequired: [a]", {"a": 1}) is True
    formats = {
        "date": ("2024-02-29", "2026-02-29"),
        "time": ("09:30:00Z", "25:00:00Z"),
        "date-time": ("2026-11-28T09:30:00+01:00", "2026-11-28 at 9"),
        "duration": ("P3DT4H", "P"),
        "email": ("a.b@example.org", "a@@b"),
        "hostname": ("mail.example.org", "-mail.example.org"),
        "ipv4": ("10.0.0.1", "10.0.0.256"),
        "ipv6": ("::1", "::g"),
        "uri": ("https://example.org/a?b#c", "not a uri"),
        "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        "json-pointer": ("/a/0", "a/0"),
        "regex": ("^a+$", "a("),
    }
    for name, (good, bad) in formats.items():
        schema = {"type": "string", "format": name}
        assert (fits(schema, good), fits(schema, bad)) == (True, False), name


def test_scorers_of_inspect_ai():
    def scorer(kind, value, text, **config):
        given = {"type": kind, "value": value} | ({"config": config} if config else {})
        return given, text

    rows = [
        (*scorer("includes", ["Rome", "paris"], "It is PARIS."), True),
        (*scorer("includes", "paris", "It is PARIS.", ignore_case=False), False),
        (*scorer("match", "42", "so it is 42."), True),
        (*scorer("match", "42", "42 it is"), False),
        (*scorer("match", "42", "42 it is", location="begin"), True),
        (*scorer("match", "yes", "**Yes!**", location="exact"), True),
        (*scorer("match", "5", "It is 25", numeric=True), False),
        (*scorer("match", "1234.50", "Total: **$1,234.5**", numeric=True), True),
        (*scorer("match", "60", "60%", numeric=True), False),
        (*scorer("pattern", "a", "x=b y=a", pattern=r"x=(\w) y=(\w)"), True),
        (*scorer("pattern", "a", "x=b y=a", pattern=r"x=(\w) y=(\w)", match_all=True), False),
        (*scorer("answer", "B", "ANSWER: A\nno, ANSWER: B", pattern="letter"), True),
        (*scorer("answer", "yes", "ANSWER: Yes.", pattern="word"), True),
        (*scorer("answer", "red and blue", "ANSWER: red and blue", pattern="line"), True),
        (*scorer("choice", "A,C", "ANSWER: C, A"), True),
        (*scorer("choice", "A", "ANSWER: A, B"), False),
        (*scorer("choice", "B", "B"), True),
        (*scorer("exact", "The 3.0 cats", "3 cats!"), True),
        (*scorer("exact", "cats", "two cats"), False),
    ]
    assert not wrong(rows)
    assert score_of({"type": "f1", "value": "a b c x", "threshold": 0.5}, "b c y") == pytest.approx(
        0.67
    )
    stop = {"type": "f1", "value": "no cats", "threshold": 1, "config": {"stop_words": ["no"]}}
    assert told(stop, "cats").passed is True


def test_formulas_are_equal_however_they_are_written():
    rows = [
        ("(x+1)^2", r"$x^2 + 2x + 1$", True),
        (r"\frac{1}{2}", "The answer is 0.5", True),
        (r"\sqrt{8}", r"\boxed{2\sqrt{2}}", True),
        ("1,234", "So the result is 1234.", True),
        ("3", "x = 3", True),
        (r"\{1, 2\}", r"\boxed{\{1,2\}}", True),
        ("2\\pi", "answer: 6.283185307179586", True),
        ("sin(x)^2 + cos(x)^2", "1", True),
        ("(x+1)^2", "x^2 + 1", False),
        ("1/3", "0.333", False),
        ("x", "sqrt(x^2)", False),
        ("5", "there is none", False),
    ]
    assert not [
        (v, t) for v, t, ok in rows if told({"type": "math", "value": v}, t).passed is not ok
    ]


@pytest.mark.parametrize(
    "hostile", ["9**9**9**9", "__import__('os').system('x')", "(" * 500, "x!" * 400]
)
def test_a_hostile_formula_is_no_formula_and_ends(hostile):
    assert told({"type": "math", "value": "1"}, hostile).passed is False


def test_a_language_is_named_or_that_of_a_text():
    german = "Ihr Paket kommt leider erst am Freitag an."
    french = "Votre colis arrive malheureusement seulement vendredi."
    rows = [
        ({"type": "language", "value": "de"}, german, True),
        ({"type": "language", "value": "de"}, french, False),
        ({"type": "language", "value": french}, german, False),
        ({"type": "language", "value": "de"}, "ok", True),
        ({"type": "language", "value": "zh"}, "您的包裹迟到了我们会退款给您", True),
    ]
    assert not wrong(rows)
    same = {"type": "language", "value": "{{user}}"}
    assert (
        told(same, german, request=RequestFacts(user="Wo bleibt mein Paket denn nur?")).passed
        is True
    )
    assert told(same, german, request=RequestFacts(user="?")).passed is None

"""JSON compared field by field: comparators, paths, lists, and fields that nobody has."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.criteria import Assertion, Criterion, GradeInput, grade
from auditor.criteria.comparators.comparator import rules_of
from auditor.criteria.comparators.fields import Comparison
from auditor.criteria.field_names import unknown_fields
from auditor.criteria.file import criterion_from, read_criteria
from auditor.criteria.inference import comparable_fields
from auditor.criteria.proposals import LoggedExample
from auditor.errors import ConfigError

ORDER = {
    "id": 7,
    "customer": {"name": "Zoë O'Neil", "city": "São Paulo"},
    "placed": "2031-03-09",
    "total": 1234.5,
    "tags": ["gift", "fragile"],
    "items": [{"sku": "A-1", "price": 10}, {"sku": "B-2", "price": 20.5}],
    "note": None,
}


def compared(answer, wanted=ORDER, **settings):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    assertion = Assertion(type="json-fields", value=wanted, **settings)
    return grade(Criterion(assertions=(assertion,)), GradeInput(text=text))


def changed(**fields):
    return {**ORDER, **fields}


@pytest.mark.parametrize(
    "answer",
    [
        ORDER,
        dict(reversed(ORDER.items())),
        {key: value for key, value in ORDER.items() if value is not None},
        changed(extra=None),
        changed(id=7.0),
        changed(customer={"city": "Sa\u0303o Paulo", "name": "Zoe\u0308 O\u2019Neil "}),
        "```json\n" + json.dumps(ORDER) + "\n```",
        "As [1] says, it is " + json.dumps(ORDER) + " or so.",
        "Here is the order:\n\n" + json.dumps(ORDER, indent=2) + "\n\nAnything else?",
    ],
)
def test_the_same_object_written_otherwise_is_equal(answer):
    assert compared(answer).passed is True


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (changed(id="7"), "'id' is '7', wanted 7"),
        (changed(id=True), "'id' is True, wanted 7"),
        (changed(total=1234.6), "'total' is 1234.6, wanted 1234.5"),
        (changed(tags=["fragile", "gift"]), "'tags[0]' is 'fragile', wanted 'gift'"),
        (changed(extra=1), "'extra' is not wanted"),
        (changed(note=" "), "'note' is ' ', wanted None"),
        ({k: v for k, v in ORDER.items() if k != "total"}, "'total' is missing, wanted 1234.5"),
        (changed(customer={"name": "Zoë O'Neil", "city": "sao paulo"}), "'customer.city' is"),
        (changed(items=ORDER["items"][:1]), "'items[1].sku' is missing"),
    ],
)
def test_a_field_that_differs_is_named(answer, said):
    result = compared(answer)
    assert result.passed is False
    assert said in result.explanation


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"customer.city": "label"}, changed(customer={**ORDER["customer"], "city": "SÃO-PAULO."})),
        ({"customer": "label"}, changed(customer={"name": "zoë o\u2019neil", "city": "são paulo"})),
        ({"total": {"number": 0.01}}, changed(total=1240)),
        ({"total": {"number": {"absolute": 2}}}, changed(total=1233)),
        ({"total": "number"}, changed(total="$1,234.50")),
        ({"placed": "date"}, changed(placed="March 9th, 2031")),
        ({"placed": {"date": "day-first"}}, changed(placed="09/03/2031")),
        ({"tags": "set"}, changed(tags=["fragile", "gift", "gift"])),
        ({"items": "list"}, changed(items=ORDER["items"][::-1])),
        ({"tags": "set", "tags[]": "label"}, changed(tags=["Fragile", "GIFT"])),
        ({"tags": "set"}, changed(tags="fragile, gift")),
        ({"items": "list", "items[].price": {"number": 0.1}}, changed(items=[{"sku": "B-2", "price": 20}, {"sku": "A-1", "price": 10.5}])),
        ({"items[].price": {"number": 0.1}}, changed(items=[{"sku": "A-1", "price": 11}, {"sku": "B-2", "price": 20}])),
        ({"note?": {"similar": 0.5}}, {k: v for k, v in ORDER.items() if k != "note"}),
        ({"note": "ignore"}, changed(note="a word more")),
        ({"customer.*": {"similar": 0.7}}, changed(customer={"name": "Zoe ONeil", "city": "São Paolo"})),
        ({"*": "ignore", "id": "exact"}, {"id": 7}),
        ({"*": "ignore", "customer.city": "exact"}, {"customer": {"city": "São Paulo"}}),
        (("id", "items[].sku"), {"id": 7, "items": [{"sku": "A-1"}, {"sku": "B-2", "price": 3}]}),
    ],
)  # fmt: skip
def test_a_comparator_says_when_its_field_is_the_same(fields, answer):
    result = compared(answer, fields=fields)
    assert result.passed is True, result.explanation
    if fields != ("id", "items[].sku"):
        assert compared(answer).passed is False or "note?" in fields


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"customer.city": "label"}, changed(customer={**ORDER["customer"], "city": "Santos"})),
        ({"total": {"number": 0.01}}, changed(total=1250)),
        ({"total": "number"}, changed(total="1,234.50 or 99")),
        ({"placed": "date"}, changed(placed="09/03/2031")),
        ({"placed": "date"}, changed(placed="2031-03-10")),
        ({"tags": "list"}, changed(tags=["fragile", "gift", "gift"])),
        ({"tags": "set"}, changed(tags=["fragile"])),
        ({"tags": "set"}, changed(tags="fragile, gifts")),
        ({"items": "list"}, changed(items=[{"sku": "A-1", "price": 20.5}, {"sku": "B-2", "price": 10}])),
        ({"note": "ignore"}, changed(note="x", id=8)),
        (("id", "items[].sku"), {"id": 7, "items": [{"sku": "A-1"}, {"sku": "B-3"}]}),
    ],
)  # fmt: skip
def test_a_comparator_lets_no_other_value_pass(fields, answer):
    assert compared(answer, fields=fields).passed is False


def test_lists_are_paired_so_that_the_least_differs():
    wanted = {
        "rows": [{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}, {"a": 3, "b": 3, "c": 3}]
    }
    answer = {
        "rows": [{"a": 3, "b": 3, "c": 3}, {"a": 1, "b": 1, "c": 9}, {"a": 2, "b": 2, "c": 2}]
    }
    result = compared(answer, wanted, fields={"rows": "list"})
    assert "8 of 9 fields equal; 'rows[0].c' is 9, wanted 1" in result.explanation
    assert compared(answer, wanted, fields={"rows": "list"}, threshold=0.8).passed is True


@pytest.mark.parametrize(
    ("fields", "near"),
    [
        (("totl",), "did you mean 'total'?"),
        ({"custmer.city": "label"}, "did you mean 'customer.city'?"),
        (("city",), "did you mean 'customer.city'?"),
        (("items[].prise",), "did you mean 'items[].price'?"),
        (("id", "qqqq"), "a '?' at its end says that it may be absent"),
    ],
)
@pytest.mark.parametrize("answer", [ORDER, {"id": 7}, {}])
def test_a_field_that_is_in_neither_value_is_an_error_of_the_criterion(fields, near, answer):
    result = compared(answer, fields=fields)
    assert result.passed is None
    assert "in either" in result.explanation
    assert near in result.explanation


def test_a_field_that_only_the_answer_lacks_fails_it():
    assert compared({"total": 1234.5}, fields=("id", "total")).passed is False
    assert compared({"id": 7}, {"id": 7}, fields=("id", "total?")).passed is True
    assert compared({"id": 7, "total": 1}, {"id": 7}, fields=("id", "total?")).passed is False


def test_a_name_with_points_stands_in_brackets():
    wanted = {"a.b": 1, "c": {'d"e': 2}}
    assert compared({"a.b": 1, "c": {}}, wanted, fields=('["a.b"]',)).passed is True
    assert compared({"a.b": 1}, wanted, fields=(r'c["d\"e"]',)).passed is False


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("{total: nummer}", '\'"nummer" is no comparator'),
        ("{total: {number: -1}}", "is no comparator"),
        ("{total: {similar: 2}}", "is no comparator"),
        ("{total: {date: year-first}}", "is no comparator"),
        ("['items[0].price']", "is no path of a field"),
        ("['a..b']", "is no path of a field"),
        ("['']", "is no path of a field"),
        ("7", "fields"),
    ],
)
def test_a_comparator_or_path_that_cannot_be_used_is_refused(fields, said, tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(
        "version: 1\ncriteria:\n  - category: '*'\n    assert:\n"
        f"      - {{type: json-fields, value: '{{{{reference}}}}', fields: {fields}}}\n"
    )
    with pytest.raises(ConfigError, match=r"^criteria\.yaml:5: ") as caught:
        read_criteria(path)
    assert said.lstrip("'") in str(caught.value)


def test_a_criterion_with_comparators_is_kept_and_read_again():
    fields = {"items[].price": {"number": 0.01}, "note": "ignore"}
    assertion = Assertion(type="json-fields", value="{{reference}}", fields=fields)
    criterion = Criterion(assertions=(assertion,))
    again = criterion_from(json.loads(json.dumps(criterion.definition())))
    assert again.assertions[0].fields == fields
    assert again.criterion_id == criterion.criterion_id


def test_long_lists_of_big_elements_are_compared_in_bounded_time():
    rows = [{"id": i, **{f"f{n}": i * n for n in range(40)}} for i in range(500)]
    result = compared({"rows": rows[::-1]}, {"rows": rows}, fields={"rows": "list"})
    assert result.passed is False
    assert compared({"rows": rows}, {"rows": rows}, fields={"rows": "set"}).passed is True


@pytest.mark.parametrize(
    ("answer", "transform", "passed"),
    [
        ('```json\n{"a": 1}\n```', "json-block", True),
        ('Sure, here you go:\n{"a": 1}\nBye', "json-block", True),
        ('{"a": 1}', "json-block", True),
        ('As in [1], it is {"a": 1} [2].', "json-block", True),
        ("```json\n{'a': 1}\n```", "json-block", False),
        ('{"a": 1,}', "json-block", False),
        ('{"a": 1,} // done', ("json-block", "lenient-json"), True),
        ('Result: {"a": 1, /* one */ }', ("json-block", "lenient-json"), True),
        ('{"a": NaN}', "lenient-json", True),
        ('{"a": "NaN, }"}', "lenient-json", True),
        ("no JSON at all", ("json-block", "lenient-json"), False),
    ],
)
def test_fences_preambles_and_lenient_json_are_read_where_a_transform_asks(
    answer, transform, passed
):
    criterion = Criterion(assertions=(Assertion(type="is-json", transform=transform),))
    assert grade(criterion, GradeInput(text=answer)).passed is passed


def test_json_in_a_fence_equals_json_where_both_transforms_are_given():
    chain = ("json-block", "json")
    criterion = Criterion(
        assertions=(Assertion(type="equals", value="{{reference}}", transform=chain),)
    )
    bare, fenced = '{"b": [1, 2.0], "a": "x"}', 'Here:\n```\n{"a": "x", "b": [1.0, 2]}\n```'
    for text, logged in ((bare, fenced), (fenced, bare), (fenced, fenced)):
        assert grade(criterion, GradeInput(text=text, reference_text=logged)).passed is True
    assert grade(criterion, GradeInput(text='{"a": "x"}', reference_text=fenced)).passed is False


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 200_000, "/*" * 200_000, "{" + ",]" * 200_000, "NaN" * 100_000]
)
def test_mending_hostile_json_takes_linear_time(text):
    criterion = Criterion(assertions=(Assertion(type="is-json", transform="lenient-json"),))
    assert grade(criterion, GradeInput(text=text)).passed is False


def logged(answer):
    return LoggedExample(text=json.dumps(answer))


def test_a_field_that_no_logged_answer_has_is_said_when_the_criterion_is_chosen():
    fields = {"totl": "number", "customer.city": "label", "note": "ignore", "discount?": "exact"}
    rule = Assertion(type="json-fields", value="{{reference}}", fields=fields, place="c.yaml:5")
    criterion = Criterion(assertions=(rule,))
    said = list(
        unknown_fields(criterion, [logged(ORDER), logged({"id": 1}), LoggedExample(text="no")])
    )
    assert said == [
        "c.yaml:5: no logged answer has the field 'totl'; did you mean 'total'?",
        "c.yaml:5: no logged answer has the field 'discount?'",
    ]
    assert not list(unknown_fields(criterion, [logged({"totl": 1, "discount": 2}), logged(ORDER)]))
    assert not list(unknown_fields(criterion, [LoggedExample(text="prose")]))


def test_fields_of_written_text_are_ignored_and_may_be_absent():
    text = "Long words that nobody would compare with anything at all, ever, in any case. " * 3
    objects = [{"id": n, "tags": ["a"], "no.te": text + str(n)} for n in range(6)] + [{"id": 9}]
    fields = comparable_fields(objects, [""] * 7).fields
    assert fields == {'["no.te"]?': "ignore", "tags?": "list"}


def rule(kind, **settings):
    return Assertion(type=kind, value=settings.pop("value", "{{reference}}"), **settings)


@pytest.mark.parametrize(
    ("assertions", "kind"),
    [
        ([rule("is-json", value=None)], "reference-free"),
        ([rule("equals", transform="label")], "equivalence"),
        ([rule("label", labels=["a", "b"])], "equivalence"),
        ([rule("json-fields", fields={"a": "set", "b": "ignore", "c": {"number": 0}})], "equivalence"),
        ([rule("is-json", value=None), rule("json-fields")], "equivalence"),
        ([rule("tool-calls-equal", when="tool-calls"), rule("equals", when="text")], "equivalence"),
        ([rule("tool-calls-equal", when="tool-calls"), rule("levenshtein", when="text")], "similarity"),
        ([rule("json-fields", threshold=0.8)], "similarity"),
        ([rule("json-fields", fields={"a": {"number": 0.1}})], "similarity"),
        ([rule("json-fields", fields={"a": {"similar": 0.9}})], "similarity"),
        ([rule("similar-number", tolerance=0.01)], "similarity"),
        ([rule("similar-number")], "equivalence"),
        ([rule("levenshtein")], "similarity"),
        ([rule("contains")], "similarity"),
        ([rule("equals", negated=True)], "similarity"),
        ([rule("levenshtein"), rule("equals")], "equivalence"),
    ],
)  # fmt: skip
def test_a_criterion_knows_whether_a_pass_means_the_same_or_only_nearly(assertions, kind):
    assert Criterion(assertions=tuple(assertions)).kind == kind


def test_a_share_of_assertions_is_equality_only_where_each_is():
    pair = (rule("levenshtein"), rule("equals"))
    assert Criterion(assertions=pair, threshold=0.5).kind == "similarity"
    assert (
        Criterion(assertions=(rule("equals"), rule("json-fields")), threshold=0.5).kind
        == "equivalence"
    )


def test_white_space_around_a_text_does_not_count_but_a_text_of_it_is_not_empty():
    assert compared({"a": " x\n"}, {"a": "x"}).passed is True
    assert compared({"separator": " "}, {"separator": ""}).passed is False


def test_a_wanted_list_is_compared_as_a_whole_unless_paths_begin_in_it():
    rows = [{"id": 1, "note": "a"}, {"id": 2, "note": "b"}]
    other = [{"id": 1, "note": "a"}, {"id": 2, "note": "c"}]
    assert compared(rows, rows, fields=("id",)).passed is True
    assert compared(other, rows, fields=("id",)).passed is False
    assert compared(other, rows, fields=("[].id",)).passed is True
    assert compared(other[::-1], rows, fields={"[].note": "ignore"}).passed is False


def test_where_no_field_is_compared_there_is_no_pass():
    for fields in (("totl?",), {"*": "ignore"}, {"*": "ignore", "totl?": "exact"}):
        result = compared({"id": 8}, {"id": 7}, fields=fields)
        assert result.passed is None
        assert "none of the fields that count" in result.explanation


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy
@given(JSON, JSON)
def test_a_value_is_the_same_as_itself_and_two_are_the_same_in_both_directions(left, right):
    for fields in ({}, {"*": "set"}, {"*": "label"}, {"[]": "list"}):
        comparison = Comparison(rules=rules_of(fields))
        assert all(field.same for field in comparison.fields(left, left))
        there = all(field.same for field in comparison.fields(left, right))
        assert there == all(field.same for field in comparison.fields(right, left))

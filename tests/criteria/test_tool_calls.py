"""Tool calls that do the same, written differently."""

import json

import pytest

from auditor.criteria import Assertion, Criterion, GradeInput, grade

TRIP = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "nights": {"type": "integer"},
        "unit": {"type": "string", "enum": ["Celsius", "Fahrenheit"], "default": "Celsius"},
        "currency": {"type": "string", "description": "Currency of prices. Default is 'EUR'."},
        "limit": {"type": "integer", "description": "How many (defaults to 10)"},
        "sort": {"type": "string", "description": "Order. By default the cheapest come first."},
        "pets": {"type": "boolean", "description": "Whether pets are allowed, default false"},
        "extras": {"type": "array", "items": {"type": "string"}},
        "avoid": {"type": "array", "items": {"type": "string"}, "default": ["tolls"]},
        "rooms": {"type": "array", "items": {"$ref": "#/$defs/room"}},
        "stars": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
        "arrival": {"type": "string", "format": "date"},
        "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    },
    "required": ["city", "nights"],
    "$defs": {"room": {"type": "object", "properties": {"beds": {"type": "integer", "default": 2}, "view": {"type": "string"}}, "required": ["view"]}},
}  # fmt: skip
TOOLS = [
    {"type": "function", "function": {"name": "find_hotel", "parameters": TRIP}},
    {"type": "function", "function": {"name": "send_mail", "parameters": {"type": "object", "properties": {"to": {"type": "string"}, "body": {"type": "string"}}}}},
]  # fmt: skip
LOGGED = {"city": "Lyon", "nights": 3}


def call(name="find_hotel", /, as_text=True, **arguments):
    written = json.dumps(arguments) if as_text else arguments
    return {"type": "function", "function": {"name": name, "arguments": written}}


def compared(
    got, logged, *, tools=TOOLS, text=None, logged_text=None, value="{{reference}}", **settings
):
    assertion = Assertion(type="tool-calls-equal", value=value, **settings)
    given = GradeInput(
        text=text,
        tool_calls=got,
        reference_tool_calls=logged,
        reference_text=logged_text,
        tools=tools,
    )
    return grade(Criterion(assertions=(assertion,)), given)


SAME = [
    (LOGGED, {"nights": 3, "city": "Lyon"}),
    (LOGGED, {**LOGGED, "nights": 3.0}),
    (LOGGED, {**LOGGED, "nights": "3"}),
    (LOGGED, {**LOGGED, "unit": "Celsius"}),
    (LOGGED, {**LOGGED, "unit": "celsius"}),
    (LOGGED, {**LOGGED, "currency": "EUR", "limit": 10, "pets": False}),
    (LOGGED, {**LOGGED, "currency": None, "limit": "10", "pets": "False", "price": None}),
    (LOGGED, {**LOGGED, "extras": [], "sort": ""}),
    (LOGGED, {**LOGGED, "avoid": ["tolls"]}),
    ({**LOGGED, "unit": "Fahrenheit"}, {**LOGGED, "unit": "FAHRENHEIT"}),
    ({**LOGGED, "stars": [3, 4]}, {**LOGGED, "stars": [4, 3]}),
    ({**LOGGED, "rooms": [{"view": "sea"}]}, {**LOGGED, "rooms": [{"view": "sea", "beds": 2}]}),
    ({**LOGGED, "arrival": "2031-05-02"}, {**LOGGED, "arrival": "2031-05-02T00:00:00Z"}),
    ({**LOGGED, "price": 80}, {**LOGGED, "price": "80.0"}),
    ({**LOGGED, "sort": '{"by": "price", "n": 1}'}, {**LOGGED, "sort": '{"n":1.0,"by":"price"}'}),
    ({**LOGGED, "city": "L\u2019Aquila"}, {**LOGGED, "city": "L'Aquila"}),
]
OTHER = [
    (LOGGED, {"city": "Lyon"}, "'nights' is missing, wanted 3"),
    (LOGGED, {**LOGGED, "city": "Nice"}, "'city' is 'Nice', wanted 'Lyon'"),
    (LOGGED, {**LOGGED, "city": "lyon"}, "'city' is 'lyon'"),
    (LOGGED, {**LOGGED, "nights": 4}, "'nights' is 4, wanted 3"),
    (LOGGED, {**LOGGED, "nights": "3 nights"}, "'nights' is"),
    (LOGGED, {**LOGGED, "unit": "Fahrenheit"}, "'unit' is 'Fahrenheit', wanted 'Celsius'"),
    (LOGGED, {**LOGGED, "limit": 5}, "'limit' is 5, wanted 10"),
    (LOGGED, {**LOGGED, "sort": "price"}, "'sort' is not wanted"),
    (LOGGED, {**LOGGED, "avoid": []}, "'avoid"),
    ({"city": "", "nights": 3}, {"nights": 3}, "'city' is missing"),
    ({**LOGGED, "extras": ["spa", "gym"]}, {**LOGGED, "extras": ["gym", "spa"]}, "'extras[0]'"),
    ({**LOGGED, "stars": [3, 4]}, {**LOGGED, "stars": [3, 5]}, "'stars[1]' is 5, wanted 4"),
    ({**LOGGED, "rooms": [{"view": "sea"}]}, {**LOGGED, "rooms": [{"view": "sea", "beds": 1}]}, "beds"),
    ({**LOGGED, "arrival": "2031-05-02"}, {**LOGGED, "arrival": "2031-05-03"}, "'arrival'"),
    ({**LOGGED, "sort": '{"by": "price"}'}, {**LOGGED, "sort": '{"by": "stars"}'}, "'sort'"),
]  # fmt: skip


def test_arguments_that_the_tool_takes_for_the_same_are_the_same():
    unlike = [
        (logged, got, result.explanation)
        for logged, got in (*SAME, *(pair[::-1] for pair in SAME))
        if not (result := compared([call(**got)], [call(**logged)])).passed
    ]
    assert not unlike


def test_an_argument_that_differs_is_named():
    alike = [
        (logged, got, result.explanation)
        for logged, got, said in OTHER
        if (result := compared([call(**got)], [call(**logged)])).passed is not False
        or said not in result.explanation
    ]
    assert not alike


def test_without_the_tools_schema_only_what_is_written_counts():
    for got in ({**LOGGED, "nights": "3"}, {**LOGGED, "unit": "Celsius"}, {**LOGGED, "extras": []}):
        assert compared([call(**got)], [call(**LOGGED)], tools=()).passed is False
    assert compared([call(**LOGGED, x=None)], [call(**LOGGED)], tools=()).passed is True


def test_calls_are_paired_whatever_their_order_and_form():
    first, second, mail = (
        call(city="Lyon", nights=1),
        call(city="Nice", nights=2),
        call("send_mail", to="a"),
    )
    assert compared([mail, second, first], [first, second, mail]).passed is True
    as_object = call(as_text=False, city="Nice", nights=2.0)
    assert compared([as_object, first, mail], [first, second, mail]).passed is True
    near = compared([call(city="Nice", nights=9), first], [first, second])
    assert near.explanation == "tool-calls-equal: 'find_hotel': 'nights' is 9, wanted 2"
    assert "1 calls of 'find_hotel', wanted 2" in compared([first], [first, second]).explanation
    assert "1 calls of 'send_mail', wanted 0" in compared([first, mail], [first]).explanation
    assert compared([], [first], text="I would look for hotels.").passed is False


def test_wanted_calls_are_read_in_the_shapes_of_all_apis():
    for value in (
        [{"name": "find_hotel", "input": LOGGED}],
        {"name": "find_hotel", "arguments": LOGGED},
        json.dumps([{"name": "find_hotel", "parameters": LOGGED}]),
        [call(**LOGGED)],
    ):
        assert compared([call(**LOGGED)], [], value=value).passed is True
        assert compared([call(city="Nice", nights=3)], [], value=value).passed is False


def test_comparators_are_for_arguments_too():
    logged = [call(city="Lyon", nights=3, extras=["spa", "gym"], sort="Cheapest first, please")]
    got = [call(city="LYON", nights=4, extras=["gym", "spa"], sort="cheapest first please")]
    fields = {"city": "label", "nights": {"number": {"absolute": 1}}, "extras": "list", "sort": {"similar": 0.8}}  # fmt: skip
    assert compared(got, logged, fields=fields).passed is True
    for name in fields:
        rest = {key: value for key, value in fields.items() if key != name}
        assert compared(got, logged, fields=rest).passed is False
    assert compared([call(city="Lyon", nights=9)], logged, fields=("city",)).passed is True


def test_accepted_alternatives_are_read_where_they_are_asked_for():
    value = [{"find_hotel": {"city": ["Lyon", "Lyon, France"], "nights": [3], "sort": ["price", ""], "rooms": [[{"view": ["sea", "lake"]}]]}}]  # fmt: skip
    rooms = [{"view": "lake"}]
    for got in (
        {"city": "Lyon, France", "nights": 3, "rooms": rooms},
        {"city": "Lyon", "nights": "3", "sort": "price", "rooms": [{"view": "sea", "beds": 2}]},
        {"city": "Lyon", "nights": 3, "limit": 10, "rooms": rooms},
    ):
        assert compared([call(**got)], [], value=value, alternatives=True).passed is True, got
        assert compared([call(**got)], [], value=value).passed is False
    for got, said in (
        (
            {"city": "Nice", "nights": 3, "rooms": rooms},
            "'city' is 'Nice', wanted ['Lyon', 'Lyon, France']",
        ),
        ({"city": "Lyon", "rooms": rooms}, "'nights' is missing"),
        ({"city": "Lyon", "nights": 3}, "'rooms' is missing"),
        ({"city": "Lyon", "nights": 3, "rooms": [{"view": "yard"}]}, "'rooms'"),
        ({"city": "Lyon", "nights": 3, "limit": 5, "rooms": rooms}, "'limit'"),
    ):
        result = compared([call(**got)], [], value=value, alternatives=True)
        assert result.passed is False, got
        assert said in result.explanation
    default = [{"find_hotel": {"city": ["Lyon"], "nights": [3], "limit": [""]}}]
    assert compared([call(**LOGGED, limit=10)], [], value=default, alternatives=True).passed is True
    assert compared([call(**LOGGED, limit=9)], [], value=default, alternatives=True).passed is False
    openai = [call(city=["Lyon"], nights=[3])]
    assert compared([call(**LOGGED)], [], value=openai, alternatives=True).passed is True


TAGGED = (
    '<tool_call>\n{"name": "find_hotel", "arguments": {"city": "Lyon", "nights": 3}}\n</tool_call>'
)


@pytest.mark.parametrize(
    "text",
    [
        TAGGED,
        "I will look.\n" + TAGGED,
        "<tool_call><function=find_hotel><parameter=city>\nLyon\n</parameter><parameter=nights>3</parameter></function></tool_call>",
        '{"name": "find_hotel", "parameters": {"city": "Lyon", "nights": 3}}',
        '```json\n[{"name": "find_hotel", "arguments": "{\\"city\\": \\"Lyon\\", \\"nights\\": 3}"}]\n```',
        '[TOOL_CALLS][{"name": "find_hotel", "arguments": {"city": "Lyon", "nights": 3}}]',
        '{"tool_calls": [{"function": {"name": "find_hotel", "arguments": {"city": "Lyon", "nights": 3}}}]}',
    ],
)
def test_calls_written_in_the_text_are_read_only_where_a_transform_asks(text):
    logged = [call(**LOGGED)]
    assert compared([], logged, text=text, transform="tool-calls").passed is True
    assert compared([], logged, text=text).passed is False
    assert compared([], [], text=text, logged_text=TAGGED, transform="tool-calls").passed is True
    other = text.replace("Lyon", "Nice")
    assert compared([], logged, text=other, transform="tool-calls").passed is False


def test_text_that_calls_nothing_equals_logged_text():
    assert compared([], [], text="Hello.", logged_text="Hi!", transform="tool-calls").passed is True
    assert compared([call()], [], text="Hello.", logged_text="Hi!").passed is False


def test_schemas_of_any_form_end():
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 3, "properties": {"x": {"$ref": "#"}}}}}  # fmt: skip
    for schema in (
        circle,
        [],
        "x",
        {"properties": 7, "required": "x", "enum": 3},
        {"type": ["x", 3]},
    ):
        tools = [{"type": "function", "function": {"name": "find_hotel", "parameters": schema}}]
        assert compared([call(x={"x": 1})], [call(x={"x": 1})], tools=tools).passed is True
        assert compared([call(x={"x": 1})], [call(x={"x": 2})], tools=tools).passed is False


def test_an_argument_that_no_call_and_no_tool_has_is_an_error_of_the_criterion():
    result = compared([call(**LOGGED)], [call(**LOGGED)], fields=("ctiy",))
    assert result.passed is None
    assert "no field 'ctiy' in either; did you mean 'city'?" in result.explanation
    for fields in (
        ("city", "sort"),
        ("rooms[].view",),
        {"price": {"number": 0.1}},
        ("ctiy?", "city"),
    ):
        assert compared([call(**LOGGED)], [call(**LOGGED)], fields=fields).passed is True
    nested = compared([call(**LOGGED)], [call(**LOGGED)], fields=("rooms[].veiw",))
    assert nested.passed is None
    mail = [call("send_mail", to="a")]
    assert compared(mail, mail, fields={"city": "label"}).passed is True
    assert compared(mail, mail, fields={"city": "label"}, tools=()).passed is None

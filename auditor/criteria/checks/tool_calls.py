"""Checks of tool calls, in OpenAI's shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.criteria.checks.base import (
    CannotTellError,
    CheckInput,
    failed,
    outcome,
    passed,
    quoted,
)
from auditor.criteria.checks.json_documents import difference, unknown_field
from auditor.criteria.checks.json_schema import schema_problem
from auditor.criteria.checks.json_text import MISSING, first_json, parse_json
from auditor.criteria.checks.record import (
    ABSOLUTE_TOLERANCE,
    CALLS,
    DEFINITIONS,
    FIELDS,
    FLAG,
    LIST,
    NUMBER,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.text import as_list
from auditor.criteria.checks.transforms import CALL_TRANSFORMS, chained, composed
from auditor.criteria.comparators.alternatives import accepted_fields
from auditor.criteria.comparators.comparator import Rules, rules_of
from auditor.criteria.comparators.fields import MAX_MATCHED, Comparison, Field, best_pairs
from auditor.criteria.comparators.shapes import ANYTHING, Shape, shape_of
from auditor.criteria.model import REFERENCE, Assertion
from auditor.domain import Answer, Grade, canonical_json
from auditor.errors import ConfigError
from auditor.text.tool_call_text import call_of, tagged_calls

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


def _called(name: str, arguments: str) -> Mapping[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


_WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
_PARIS = Answer(text=None, tool_calls=[_called("weather", '{"city": "Paris"}')])
_ROME = Answer(text=None, tool_calls=[_called("weather", '{"city": "Rome"}')])
_NO_CITY = Answer(text=None, tool_calls=[_called("weather", "{}")])
_PARIS_AND_MAIL = Answer(
    text=None, tool_calls=[_called("mail", "{}"), _called("weather", '{"city":"Paris"}')]
)
_MAIL_AND_PARIS = Answer(text=None, tool_calls=_PARIS_AND_MAIL.tool_calls[::-1])


@check(
    "is-valid-openai-tools-call",
    family="format",
    value=Argument(
        "value", DEFINITIONS, "the tools, in OpenAI's shape; without it, the request's", None
    ),
    reads="tool calls",
    transforms=CALL_TRANSFORMS,
    unnoticed="whether the tool and its arguments are the right ones",
    example=Example(
        assertion="{type: is-valid-openai-tools-call}",
        tools=(_WEATHER_TOOL,),
        passes=_PARIS,
        fails=_NO_CITY,
        unnoticed=_ROME,
    ),
)
def is_valid_tools_call(given: CheckInput) -> Grade:
    """Every tool call names a tool of the request and fits its parameters.

    An answer without a tool call fails. Where neither the request nor the value defines a tool, it
    is neither pass nor fail.
    """
    definitions = given.value if given.value is not None else given.answer.tools
    functions = [_function(tool) for tool in definitions]
    known = {f["name"]: f for f in functions if isinstance(f.get("name"), str)}
    if not known:
        raise CannotTellError("the request defines no tools")
    calls = [call_parts(call) for call in _calls_of(given)]
    if not calls:
        return failed("no tool call")
    for name, arguments in calls:
        if name not in known:
            return failed(f"calls the unknown tool {quoted(name)}")
        if not isinstance(arguments, dict):
            return failed(f"the arguments of {quoted(name)} are not a JSON object")
        problem = _misfit(known[name].get("parameters"), arguments)
        if problem:
            return failed(f"{quoted(name)}: {problem}")
    return passed(f"{len(calls)} valid tool calls")


def _parse_fields(assertion: Assertion) -> None:
    rules_of(assertion.fields)


@check(
    "tool-calls-equal",
    family="content",
    equality=True,
    value=Argument("value", CALLS, "the calls that are wanted"),
    arguments=(
        TOLERANCE,
        ABSOLUTE_TOLERANCE,
        Argument(
            "fields",
            FIELDS,
            "the arguments that count; or comparators of arguments, where the others count too;"
            " see [fields](#fields)",
            (),
        ),
        Argument(
            "alternatives",
            FLAG,
            "whether each argument of the value is a list of accepted values, an empty text among"
            ' them where it may be left out, as in BFCL: `{weather: {city: [Paris, "Paris, FR"]}}`',
            False,  # noqa: FBT003 - the default
        ),
    ),
    reads="tool calls",
    transforms=CALL_TRANSFORMS,
    prepare=_parse_fields,
    in_promptfoo=False,
    unnoticed="the order of the calls or the text beside them",
    example=Example(
        assertion='{type: tool-calls-equal, value: "{{reference}}"}',
        logged=_MAIL_AND_PARIS,
        passes=Answer(
            text=None,
            tool_calls=[
                _called("mail", "{}"),
                _called("weather", '{"city": "Paris", "days": null}'),
            ],
        ),
        fails=_PARIS,
        unnoticed=_PARIS_AND_MAIL,
    ),
)
def tool_calls_equal(given: CheckInput) -> Grade:
    """The same calls with the same arguments, in any order.

    Arguments are compared as JSON, texts letter by letter up to typography, null as left out. What
    the request says of the tool counts: an argument left out has its default, of the schema or said
    in the description (``Default is 'celsius'``), and one that may be left out is left out where it
    is an empty text, list or object; where a number is asked for, ``"5"`` is 5; choices are the
    same in any letter case; a list of ``uniqueItems`` is a set. Calls of one tool are paired so
    that the least of their arguments differ. Where the logged answer is text, no call is wanted.
    """
    wanted, got = _by_tool(_wanted_calls(given)), _by_tool(map(call_parts, _calls_of(given)))
    for name in [*wanted, *got]:
        ours, theirs = len(got.get(name, ())), len(wanted.get(name, ()))
        if ours != theirs:
            return failed(f"{ours} calls of {quoted(name)}, wanted {theirs}")
    rules = rules_of(given.arguments["fields"])
    _refuse_unknown(rules, given, [*wanted.values(), *got.values()])
    comparison = Comparison(
        rules=rules,
        tolerance=given.arguments["tolerance"],
        absolute=given.arguments["absolute_tolerance"],
    )
    shapes = _shapes(given.answer.tools, wanted)
    for name, calls in wanted.items():
        compared = replace(comparison, shape=shapes.get(name, ANYTHING))
        problem = _misfit_calls(
            compared, calls, got[name], alternatives=given.arguments["alternatives"]
        )
        if problem:
            return failed(f"{quoted(name)}: {problem}")
    return passed(f"the same {sum(map(len, wanted.values()))} tool calls")


@check(
    "tool-call-f1",
    family="content",
    value=Argument("value", LIST, "names of the tools that are wanted, or calls of them"),
    arguments=(Argument("threshold", NUMBER, "the least F1", 1.0),),
    reads="tool calls",
    transforms=CALL_TRANSFORMS,
    unnoticed="the arguments or the order of the calls",
    example=Example(
        assertion="{type: tool-call-f1, value: [weather], threshold: 0.6}",
        passes=_PARIS,
        fails=Answer(text="It is sunny in Paris."),
        unnoticed=_ROME,
    ),
)
def tool_call_f1(given: CheckInput) -> Grade:
    """The F1 of the names of the tools called is at least the ``threshold``.

    F1 is 2 x names in both / (names wanted + names called), a name counted as often as it occurs.
    """
    values = as_list(given.value)
    wanted = Counter(call_parts(v)[0] if isinstance(v, Mapping) else str(v) for v in values)
    got = Counter(call_parts(call)[0] for call in _calls_of(given))
    total = wanted.total() + got.total()
    score = 2 * (wanted & got).total() / total if total else 1.0
    return outcome(score >= given.arguments["threshold"], f"F1 of tool names {score:.2f}", score)


def call_parts(call: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and parsed arguments of a tool call; arguments that are not JSON stay text."""
    function = _function(call)
    arguments = function.get("arguments", function.get("input", function.get("parameters")))
    if isinstance(arguments, str):
        parsed = parse_json(arguments or "{}")
        arguments = arguments if parsed is MISSING else parsed
    return str(function.get("name")), {} if arguments is None else arguments


def _calls_of(given: CheckInput) -> Sequence[Mapping[str, Any]]:
    """The answer's calls; those in its text where a transform asks and it has no others."""
    calls = given.answer.tool_calls
    if calls or "tool-calls" not in chained(given.assertion.transform):
        return calls
    return written_calls(given.answer.text or "")


def written_calls(text: str) -> Sequence[Mapping[str, Any]]:
    """The calls that a text holds: in ``<tool_call>`` tags, or as its first JSON."""
    tagged = tagged_calls(text)
    if tagged:
        return tagged
    value = first_json(text)
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    values = value if isinstance(value, list) else [value]
    calls = [v if _function(v) is not v and _function(v) else call_of(v) for v in values]
    return [call for call in calls if call] if all(calls) else []


def _wanted_calls(given: CheckInput) -> list[tuple[str, Any]]:
    """Wanted calls: a list of calls, one call, or JSON text of either."""
    value = given.value
    if isinstance(value, str):
        value = composed(parse_json(value))
    items = [value] if isinstance(value, Mapping) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, Mapping) for item in items):
        raise CannotTellError("what to compare with is not a list of tool calls")
    in_text = "tool-calls" in chained(given.assertion.transform)
    if not items and in_text and REFERENCE in given.assertion.variables:
        items = written_calls(given.answer.reference_text or "")
    if given.arguments["alternatives"]:
        return [_alternative_parts(item) for item in items]
    return [call_parts(item) for item in items]


def _alternative_parts(call: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and accepted arguments of a call, also in BFCL's shape: ``{name: arguments}``."""
    if len(call) == 1:
        ((name, arguments),) = call.items()
        if isinstance(arguments, Mapping) and not isinstance(arguments.get("name"), str):
            return name, arguments
    return call_parts(call)


def _by_tool(calls: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """The arguments of each call by the tool's name.

    The APIs take letters, digits, ``_`` and ``-`` in names only, so ``math.sqrt`` is ``math_sqrt``.
    """
    tools: dict[str, list[Any]] = {}
    for name, arguments in sorted(calls, key=canonical_json):
        tools.setdefault(_NOT_IN_NAMES.sub("_", name), []).append(composed(arguments))
    return tools


def _refuse_unknown(rules: Rules, given: CheckInput, calls: Iterable[Sequence[Any]]) -> None:
    """Refuse the name of an argument that neither a call has nor a tool of the request.

    Raises:
        CannotTellError: names the argument, and the one that is written most like it.
    """
    if not rules.by_path:
        return
    arguments = [call for group in calls for call in group]
    shapes = [shape_of(_function(tool).get("parameters")) for tool in given.answer.tools]
    for pattern in rules.needed:
        in_call = any(pattern.is_in(call) for call in arguments)
        if arguments and not in_call and not any(s.may_have(pattern.steps) for s in shapes):
            raise CannotTellError(unknown_field(pattern, *arguments))


def _shapes(tools: Sequence[Any], names: Collection[str]) -> dict[str, Shape]:
    """What the request's tools say of the arguments of the named ones."""
    shapes: dict[str, Shape] = {}
    for tool in tools:
        function = _function(tool)
        name = _NOT_IN_NAMES.sub("_", str(function.get("name")))
        if name in names:
            shapes[name] = shape_of(function.get("parameters"))
    return shapes


def _misfit_calls(
    comparison: Comparison, wanted: Sequence[Any], got: Sequence[Any], *, alternatives: bool
) -> str | None:
    """The first argument that differs in the best pairs of some calls of one tool."""

    def compared(one: Any, other: Any) -> list[Field]:
        if alternatives:
            return accepted_fields(comparison, one, other)
        return comparison.fields(one, other)

    if len(wanted) > MAX_MATCHED:
        fields = [compared(one, other) for one, other in zip(wanted, got, strict=True)]
    else:
        table = [[compared(one, other) for other in got] for one in wanted]
        costs = [[sum(not field.same for field in pair) for pair in row] for row in table]
        fields = [table[row][column] for row, column in best_pairs(costs)]
    different = (field for pair in fields for field in pair if not field.same)
    first = next(different, None)
    return None if first is None else difference(first)


def _function(tool: Any) -> Mapping[str, Any]:
    """The function inside a tool definition or call; empty where there is none."""
    if not isinstance(tool, Mapping):
        return {}
    inner = tool.get("function")
    return inner if isinstance(inner, Mapping) else tool


def _misfit(schema: Any, arguments: Any) -> str | None:
    if not isinstance(schema, dict):
        return None
    try:
        return schema_problem(schema, arguments)
    except ConfigError as error:  # the schema is the log's, not the user's
        raise CannotTellError(f"the tool's parameters: {error.message}") from error

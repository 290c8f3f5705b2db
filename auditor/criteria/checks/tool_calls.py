"""Checks of tool calls, in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.criteria.checks.base import (
    CannotTellError,
    CheckInput,
    failed,
    outcome,
    passed,
    quoted,
)
from auditor.criteria.checks.json_schema import schema_problem
from auditor.criteria.checks.json_text import MISSING, json_equal, parse_json
from auditor.criteria.checks.record import (
    CALLS,
    DEFINITIONS,
    LIST,
    NUMBER,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.text import as_list
from auditor.criteria.checks.transforms import NO_TRANSFORMS
from auditor.domain import Answer, Grade, canonical_json
from auditor.errors import ConfigError


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
    transforms=NO_TRANSFORMS,
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
    calls = [call_parts(call) for call in given.answer.tool_calls]
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


@check(
    "tool-calls-equal",
    family="content",
    value=Argument("value", CALLS, "the calls that are wanted"),
    arguments=(TOLERANCE,),
    reads="tool calls",
    transforms=NO_TRANSFORMS,
    in_promptfoo=False,
    unnoticed="the order of the calls or the text beside them",
    example=Example(
        assertion='{type: tool-calls-equal, value: "{{reference}}"}',
        logged=_MAIL_AND_PARIS,
        passes=_MAIL_AND_PARIS,
        fails=_PARIS,
        unnoticed=_PARIS_AND_MAIL,
    ),
)
def tool_calls_equal(given: CheckInput) -> Grade:
    """The same calls with the same arguments, in any order.

    Arguments are compared as JSON, text in them character by character. Where the logged answer is
    text, no call is wanted.
    """
    wanted = _calls(given.value)
    left = [call_parts(call) for call in given.answer.tool_calls]
    tolerance = given.arguments["tolerance"]
    for name, arguments in wanted:
        same = (
            call
            for call in left
            if call[0] == name and json_equal(call[1], arguments, tolerance=tolerance)
        )
        found = next(same, None)
        if found is None:
            return failed(f"no call of {quoted(name)} with these arguments")
        left.remove(found)
    if left:
        return failed(f"one call too many: {quoted(left[0][0])}")
    return passed(f"the same {len(wanted)} tool calls")


@check(
    "tool-call-f1",
    family="content",
    value=Argument("value", LIST, "names of the tools that are wanted, or calls of them"),
    arguments=(Argument("threshold", NUMBER, "the least F1", 1.0),),
    reads="tool calls",
    transforms=NO_TRANSFORMS,
    unnoticed="the arguments, the order or the number of the calls",
    example=Example(
        assertion="{type: tool-call-f1, value: [weather], threshold: 0.6}",
        passes=_PARIS,
        fails=Answer(text="It is sunny in Paris."),
        unnoticed=_ROME,
    ),
)
def tool_call_f1(given: CheckInput) -> Grade:
    """The F1 of the names of the tools called is at least the ``threshold``.

    F1 is 2 x names in both / (names wanted + names called). How often a tool is called makes no
    difference, as in promptfoo.
    """
    values = as_list(given.value)
    wanted = {call_parts(v)[0] if isinstance(v, Mapping) else str(v) for v in values}
    got = {call_parts(call)[0] for call in given.answer.tool_calls}
    total = len(wanted) + len(got)
    score = 2 * len(wanted & got) / total if total else 1.0
    return outcome(score >= given.arguments["threshold"], f"F1 of tool names {score:.2f}", score)


def call_parts(call: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and parsed arguments of a tool call; arguments that are not JSON stay text."""
    function = _function(call)
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        parsed = parse_json(arguments or "{}")
        arguments = arguments if parsed is MISSING else parsed
    return str(function.get("name")), {} if arguments is None else arguments


def _calls(value: Any) -> list[tuple[str, Any]]:
    """Wanted calls: a list of calls, one call, or JSON text of either."""
    if isinstance(value, str):
        value = parse_json(value)
    items = [value] if isinstance(value, Mapping) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, Mapping) for item in items):
        raise CannotTellError("what to compare with is not a list of tool calls")
    return sorted((call_parts(item) for item in items), key=canonical_json)


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

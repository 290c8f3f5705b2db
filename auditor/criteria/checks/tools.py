"""Checks of tool calls, in OpenAI's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.criteria.checks.base import CannotTellError, Checked, failed, outcome, passed, short
from auditor.criteria.checks.json_schema import schema_problem
from auditor.criteria.checks.json_text import MISSING, json_equal, parse_json
from auditor.criteria.checks.text import as_list
from auditor.domain import Grade, canonical_json
from auditor.errors import ConfigError


def is_valid_tools_call(given: Checked) -> Grade:
    """Every tool call names a tool of the request (or of the value) and fits its parameters."""
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
            return failed(f"calls the unknown tool {short(name)}")
        if not isinstance(arguments, dict):
            return failed(f"the arguments of {short(name)} are no JSON object")
        problem = _misfit(known[name].get("parameters"), arguments)
        if problem:
            return failed(f"{short(name)}: {problem}")
    return passed(f"{len(calls)} valid tool calls")


def tool_calls_equal(given: Checked) -> Grade:
    """The same calls with the same arguments, in any order; none, where none is wanted."""
    wanted = _calls(given.value)
    got = [call_parts(call) for call in given.answer.tool_calls]
    left = list(got)
    for name, arguments in wanted:
        same = next(
            (
                c
                for c in left
                if c[0] == name and json_equal(c[1], arguments, tolerance=given.assertion.tolerance)
            ),
            None,
        )
        if same is None:
            return failed(f"no call of {short(name)} with these arguments")
        left.remove(same)
    if left:
        return failed(f"one call too many: {short(left[0][0])}")
    return passed(f"the same {len(wanted)} tool calls")


def tool_call_f1(given: Checked) -> Grade:
    """F1 of the names of the tools called, at least ``threshold`` (1 unless given)."""
    values = as_list(given.value)
    wanted = Counter(call_parts(v)[0] if isinstance(v, Mapping) else str(v) for v in values)
    got = Counter(call_parts(call)[0] for call in given.answer.tool_calls)
    total = wanted.total() + got.total()
    score = 2 * (wanted & got).total() / total if total else 1.0
    threshold = 1.0 if given.assertion.threshold is None else given.assertion.threshold
    return outcome(score >= threshold, f"F1 of tool names {score:.2f}", score)


def call_parts(call: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and parsed arguments of a tool call; arguments that are no JSON stay text."""
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
        raise CannotTellError("what to compare with is no list of tool calls")
    return sorted((call_parts(item) for item in items), key=canonical_json)


def _function(tool: Any) -> Mapping[str, Any]:
    """The function inside a tool definition or call; an empty one for what is neither."""
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

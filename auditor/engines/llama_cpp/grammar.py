"""Answers that must parse: response formats and tool choices as llama.cpp grammars (GBNF)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.engines.chat import function_of
from auditor.engines.llama_cpp.bindings import schema_to_grammar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.domain import Request

_ANY_JSON = json.dumps({"type": "object"})


def constraint_of(request: Request, *, use: bool) -> tuple[str | None, dict[str, str]]:
    """The grammar a request's answer must follow, and what could not be carried over.

    ``use`` False asks for no grammar at all, and then says so for what would have needed one.
    """
    wanted = request.params.get("response_format")
    choice = request.params.get("tool_choice")
    forced = _forced(choice, request.tools)
    if not use:
        off = "dropped: grammars are off"
        return None, {
            name: off
            for name, needed in (
                ("response_format", _kind(wanted) not in {None, "text"}),
                ("tool_choice", bool(forced)),
            )
            if needed
        }
    if forced:
        about = {} if wanted is None else {"response_format": "dropped: a tool call is required"}
        grammar, problem = _try(_one_call_of(forced))
        if grammar is None:
            about["tool_choice"] = f"dropped: {problem}"
        return grammar, about
    if request.tools and choice != "none" and _kind(wanted) not in {None, "text"}:
        return None, {"response_format": "dropped: the answer may be a tool call"}
    grammar, problem = _of_format(wanted)
    return grammar, {"response_format": problem} if problem else {}


def _of_format(wanted: Any) -> tuple[str | None, str | None]:
    kind = _kind(wanted)
    if kind in {None, "text"}:
        return None, None
    if kind not in {"json_object", "json_schema"}:
        return None, f"dropped: {kind} is unknown to the local engine"
    holder = wanted.get("json_schema", wanted)
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if not isinstance(schema, dict):
        problem = None if kind == "json_object" else "it holds no schema"
    else:
        grammar, problem = _try(schema)
        if grammar is not None:
            return grammar, None
    return schema_to_grammar(_ANY_JSON), problem and f"adapted: any JSON object ({problem})"


def _try(schema: Mapping[str, Any]) -> tuple[str | None, str | None]:
    try:
        return schema_to_grammar(json.dumps(schema)), None
    except Exception as error:  # noqa: BLE001 - the converter raises whatever it trips over
        return None, f"the schema cannot be a grammar: {error}"[:200]


def _kind(wanted: Any) -> str | None:
    return str(wanted.get("type")) if isinstance(wanted, dict) else None


def _forced(choice: Any, tools: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tools of which one must be called; none if the model may answer in words."""
    if choice in {"required", "any"} if isinstance(choice, str) else False:
        return [function_of(tool) for tool in tools]
    if isinstance(choice, dict):
        if choice.get("type") in {"any", "required"}:
            return [function_of(tool) for tool in tools]
        name = function_of(choice).get("name")
        return [f for tool in tools if (f := function_of(tool)).get("name") == name and name]
    return []


def _one_call_of(functions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    choices = [
        {
            "type": "object",
            "properties": {
                "name": {"const": function.get("name")},
                "arguments": function.get("parameters") or {"type": "object"},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for function in functions
    ]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}

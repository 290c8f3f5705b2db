"""Tool calls that a model wrote into its text, where its server does not know their form."""

from __future__ import annotations

import json
import re
from typing import Any

TAGGED = re.compile(r"<tool_call>(?P<inner>.*?)(?:</tool_call>|$)", re.DOTALL)
_FUNCTION = re.compile(r"<function=(?P<name>[^>\s]+)>(?P<inner>.*?)(?:</function>|$)", re.DOTALL)
_PARAMETER = re.compile(
    r"<parameter=(?P<name>[^>\s]+)>\n?(?P<value>.*?)\n?(?:</parameter>|$)", re.DOTALL
)


def tagged_calls(text: str) -> list[dict[str, Any]]:
    """The calls between ``<tool_call>`` tags, in OpenAI's shape without ids.

    Knows ``{"name", "arguments"}`` (Hermes, Qwen) and ``<function=name><parameter=key>``
    (Qwen3-Coder) inside the tags.
    """
    calls = (_json_or_xml(block["inner"]) for block in TAGGED.finditer(text))
    return [call for call in calls if call]


def call_of(value: Any) -> dict[str, Any] | None:
    """The call that a JSON value is: ``{"name", "arguments" or "parameters"}``, else None."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get("arguments", value.get("parameters", {}))
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {"type": "function", "function": {"name": value["name"], "arguments": arguments}}


def json_call(text: str) -> dict[str, Any] | None:
    """The call that a text is as JSON, else None."""
    try:
        return call_of(json.loads(text))
    except (ValueError, RecursionError):
        return None


def literal(text: str) -> Any:
    """A parameter's value, decoded where it is JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _json_or_xml(text: str) -> dict[str, Any] | None:
    call = json_call(text)
    if call:
        return call
    function = _FUNCTION.search(text)
    if not function:
        return None
    arguments = {p["name"]: literal(p["value"]) for p in _PARAMETER.finditer(function["inner"])}
    return {
        "type": "function",
        "function": {
            "name": function["name"],
            "arguments": json.dumps(arguments, ensure_ascii=False),
        },
    }

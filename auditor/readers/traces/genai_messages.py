"""Messages as tracing conventions write them, to OpenAI's chat shape.

Sources: OpenTelemetry semantic conventions for generative AI (gen-ai-input-messages.json), its
older log events, OpenLLMetry's and OpenInference's numbered attributes, the AI SDK's prompt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.common import image, join_parts
from auditor.readers.values import dumps, json_or_none, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

_FILES = frozenset(("blob", "file", "uri", "image", "image_url", "audio", "media"))


def conversation(call: Call, messages: Any) -> list[Json]:
    """Convert a list of messages whose parts follow the conventions."""
    found: list[Json] = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            found += _message(call, message)
        elif isinstance(message, str):
            found.append({"role": "user", "content": message})
    return found


def _message(call: Call, message: Json) -> list[Json]:
    role = str(message.get("role") or "user")
    role = {"developer": "system", "model": "assistant", "ai": "assistant", "human": "user"}.get(
        role, role
    )
    given = message.get("parts")
    if given is None:
        given = message.get("content")
    parts: list[Json] = []
    calls: list[Json] = []
    found: list[Json] = []
    for part in given if isinstance(given, list) else [given]:
        if isinstance(part, str):
            parts.append({"type": "text", "text": part})
        elif isinstance(part, dict):
            _take_part(call, part, parts, calls, found)
    asked = message.get("tool_calls")
    calls += [
        tool_call(a) for a in (asked if isinstance(asked, list) else ()) if isinstance(a, dict)
    ]
    if parts or calls or not found:
        said: Json = {"role": role, "content": join_parts(parts) if parts else None}
        if calls:
            said["tool_calls"] = calls
        if message.get("tool_call_id") or (role == "tool" and message.get("id")):
            said["tool_call_id"] = message.get("tool_call_id") or message.get("id")
        found.append(said)
    return found


def _take_part(
    call: Call, part: Json, parts: list[Json], calls: list[Json], found: list[Json]
) -> None:
    kind = str(part.get("type") or "text")
    if kind in ("tool_call", "tool-call", "tool_use", "function_call"):
        calls.append(tool_call(part))
    elif kind in ("tool_call_response", "tool-result", "tool_result", "function_call_output"):
        answer = next(
            (
                part[k]
                for k in ("response", "result", "output", "content")
                if part.get(k) is not None
            ),
            None,
        )
        identity = part.get("id") or part.get("toolCallId") or part.get("tool_use_id")
        content = answer if isinstance(answer, str) else dumps(answer)
        found.append({"role": "tool", "tool_call_id": identity, "content": content})
    elif kind in ("reasoning", "thinking"):
        return
    elif kind in _FILES:
        call.needs_vision = True
        source = part.get("image_url") or part.get("source") or part
        source = source if isinstance(source, dict) else {"data": source}
        data = next(
            (source[k] for k in ("data", "content", "url", "uri", "image") if source.get(k)), None
        )
        parts.append(image(data, text(part.get("mime_type") or part.get("mediaType"))))
    elif isinstance(said := part.get("content", part.get("text")), str):
        parts.append({"type": "text", "text": said})


def tool_call(part: Json) -> Json:
    """Return a tool call in OpenAI's shape, however its arguments are called and encoded."""
    function = part.get("function")
    inner = function if isinstance(function, dict) else part
    arguments: Any = None
    for key in ("arguments", "input", "args", "parameters"):
        if inner.get(key) is not None:
            arguments = inner[key]
            break
    return {
        "id": part.get("id") or part.get("toolCallId"),
        "type": "function",
        "function": {
            "name": inner.get("name") or inner.get("toolName"),
            "arguments": arguments if isinstance(arguments, str) else dumps(arguments or {}),
        },
    }


def unflatten(attributes: Json, prefix: str) -> list[Json]:
    """Rebuild a list from attributes with numbers in their names: ``prefix.0.role``, ..."""
    pattern = re.compile(re.escape(prefix) + r"\.(\d{1,6})\.(.+)\Z")
    rows: dict[int, Json] = {}
    for key, value in attributes.items():
        if found := pattern.match(key):
            rows.setdefault(int(found.group(1)), {})[found.group(2)] = value
    return [rows[n] for n in sorted(rows)]


def numbered(rows: list[Json]) -> list[Json]:
    """Turn OpenLLMetry's numbered attributes into messages: contents may be JSON text."""
    found = []
    for row in rows:
        message: Json = {"role": row.get("role") or "user"}
        content = row.get("content")
        parsed = json_or_none(content) if isinstance(content, str) and content[:1] in "[{" else None
        message["content"] = parsed if isinstance(parsed, list) else content
        calls = unflatten(row, "tool_calls")
        if calls:
            message["tool_calls"] = calls
        if row.get("tool_call_id"):
            message["tool_call_id"] = row["tool_call_id"]
        found.append(message)
    return found


def openinference(attributes: Json, prefix: str) -> list[Json]:
    """Turn OpenInference's numbered attributes into messages."""
    found = []
    for row in unflatten(attributes, prefix):
        message: Json = {"role": row.get("message.role") or "user"}
        parts = []
        for part in unflatten(row, "message.contents"):
            kind = part.get("message_content.type")
            if part.get("message_content.text") is not None:
                parts.append({"type": "text", "text": part["message_content.text"]})
            elif kind == "image" or "message_content.image.image.url" in part:
                parts.append({"type": "image", "url": part.get("message_content.image.image.url")})
        message["content"] = parts or row.get("message.content")
        calls = [
            {
                "id": asked.get("tool_call.id"),
                "name": asked.get("tool_call.function.name"),
                "arguments": asked.get("tool_call.function.arguments"),
            }
            for asked in unflatten(row, "message.tool_calls")
        ]
        if calls:
            message["tool_calls"] = calls
        if row.get("message.tool_call_id"):
            message["tool_call_id"] = row["message.tool_call_id"]
        found.append(message)
    return found

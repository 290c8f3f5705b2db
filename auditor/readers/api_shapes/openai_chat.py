"""OpenAI chat completions, and everything that speaks them.

Source: OpenAI API reference, chat completions: ``prompt_tokens`` includes
``cached_tokens``, ``completion_tokens`` includes ``reasoning_tokens`` and rejected predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import providers
from auditor.readers.api_shapes.common import (
    image,
    join_parts,
    openai_usage,
    params_of,
    take_error,
    take_leading_system,
    take_openai_bill,
    take_tier,
    take_tool_units,
)
from auditor.readers.values import choice_count, count, is_call_time, moment, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "chat"
_PLAIN = frozenset(("role", "content"))


def request(call: Call, body: Json) -> None:
    """Decode a chat completion request."""
    call.api_shape = "chat"
    call.model_requested = text(body.get("model"))
    messages = body.get("messages")
    take_leading_system(
        call,
        [message_of(call, m) for m in messages if isinstance(m, dict)]
        if isinstance(messages, list)
        else [],
    )
    call.tools = tools_of(body)
    call.params = params_of(body)
    if "functions" in body and "function_call" in body:
        call.params["tool_choice"] = body["function_call"]
    if "n" in body:
        call.choices = choice_count(body["n"])
    if body.get("web_search_options") is not None:
        call.needs_hosted_tools = True
        call.params["web_search_options"] = body["web_search_options"]
    call.user_id = text(body.get("user")) or call.user_id


def message_of(call: Call, message: Json) -> Json:
    """Return a message in canonical form: text or parts, images by their hash."""
    content = message.get("content")
    role = message.get("role")
    if type(content) is str and message.keys() == _PLAIN and role != "developer":
        return message
    found: Json = {"role": "system" if role == "developer" else role or "user"}
    found["content"] = content_of(call, content)
    for key in ("name", "tool_calls", "tool_call_id", "refusal"):
        if message.get(key):
            found[key] = message[key]
    if message.get("function_call"):
        found["tool_calls"] = [{"type": "function", "function": message["function_call"]}]
    return found


def content_of(call: Call, content: Any) -> Any:
    """Return text, or canonical parts where a message holds more than text."""
    if not isinstance(content, list):
        return content
    parts = []
    for part in content:
        if isinstance(part, str):
            parts.append({"type": "text", "text": part})
        elif isinstance(part, dict):
            parts.append(part_of(call, part))
    return join_parts(parts)


def part_of(call: Call, part: Json) -> Json:
    """Return one part of a message: text, or a stand-in for an image, a sound or a file."""
    kind = part.get("type")
    if isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind == "refusal":
        return {"type": "text", "text": str(part.get("refusal") or "")}
    call.needs_vision = True
    if kind in ("image_url", "input_image"):
        url = part.get("image_url")
        return image(url.get("url") if isinstance(url, dict) else url)
    if kind == "input_audio":
        audio = part.get("input_audio")
        return image(audio.get("data") if isinstance(audio, dict) else None, kind="audio")
    file = part.get("file")
    return image(file.get("file_data") if isinstance(file, dict) else None, kind="file")


def tools_of(body: Json) -> list[Json] | None:
    """Return tool definitions; legacy ``functions`` are wrapped as tools."""
    tools = body.get("tools")
    if isinstance(tools, list) and tools:
        return [tool for tool in tools if isinstance(tool, dict)]
    functions = body.get("functions")
    if isinstance(functions, list) and functions:
        return [{"type": "function", "function": f} for f in functions if isinstance(f, dict)]
    return None


def response(call: Call, body: Json) -> None:
    """Decode a chat completion."""
    call.provider_response_id = text(body.get("id"))
    call.model = text(body.get("model"))
    call.provider = providers.of_response_id(call.provider_response_id) or call.provider
    if "x_groq" in body:
        call.provider = "groq"
    if not is_call_time(call.called_at) and (created := moment(body.get("created"))):
        call.called_at, call.time_kind = created, "start"
    choices = body.get("choices")
    if isinstance(choices, list) and choices:
        if len(choices) > 1:
            call.choices = len(choices)
        first = choices[0]
        if isinstance(first, dict):
            call.finish_reason = text(first.get("finish_reason"))
            message = first.get("message")
            if isinstance(message, dict):
                answer(call, message)
            elif isinstance(first.get("text"), str):  # a legacy completion
                call.response_text = first["text"]
        call.status = "ok"
    usage(call, usage_in(body))
    take_tier(call, body)
    if body.get("error"):
        take_error(call, body["error"])


def answer(call: Call, message: Json) -> None:
    """Take the text and the tool calls of an answer."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    if not isinstance(content, str) and isinstance(message.get("refusal"), str):
        content = message["refusal"]
    call.response_text = content if isinstance(content, str) else None
    calls = message.get("tool_calls")
    if isinstance(calls, list) and calls:
        call.tool_calls = [c for c in calls if isinstance(c, dict)]
    elif isinstance(message.get("function_call"), dict):
        call.tool_calls = [{"type": "function", "function": message["function_call"]}]


def usage_in(body: Json) -> Any:
    """Return the usage of a completion, or of the last chunk of a stream, wherever it lies.

    Moonshot writes it into the choice, Groq into ``x_groq``.
    """
    found = body.get("usage")
    if isinstance(found, dict) and found:
        return found
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    places = (first, body.get("x_groq"))
    inner = (place.get("usage") for place in places if isinstance(place, dict))
    return next((usage for usage in inner if isinstance(usage, dict)), found)


def usage(call: Call, found: Any) -> None:
    """Set the token buckets, and what gateways bill in their usage."""
    if not isinstance(found, dict) or not openai_usage(call, found, "prompt", "completion"):
        return
    hosted = found.get("server_tool_use")  # Anthropic's models behind gateways
    if isinstance(hosted, dict):
        call.web_searches = count(hosted.get("web_search_requests"))
        call.needs_hosted_tools |= bool(call.web_searches)
    take_tool_units(call, found)
    take_openai_bill(call, found)


def assemble(events: list[Json]) -> Json | None:  # noqa: C901 - one branch for each kind of event
    """Put the chunks of a stream together; None if they are of another shape."""
    body: Json = {}
    message: Json = {"role": "assistant", "content": None}
    calls: dict[int, Json] = {}
    finish = None
    ours = False
    for event in events:
        if event.get("error"):
            body["error"] = event["error"]
        if "choices" not in event:
            continue
        ours = True
        choices = event["choices"] if isinstance(event["choices"], list) else ()
        for key in ("id", "model", "created", "service_tier", "usage"):
            if event.get(key):
                body[key] = event[key]
        body["usage"] = usage_in(event) or body.get("usage")
        for choice in choices:
            if not isinstance(choice, dict) or choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta")
            if isinstance(delta, dict):
                _extend(message, calls, delta)
            elif isinstance(choice.get("text"), str):
                message["content"] = (message["content"] or "") + choice["text"]
            finish = choice.get("finish_reason") or finish
    if not ours:
        return None
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    body["object"] = "chat.completion"
    body["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
    return body


def _extend(message: Json, calls: dict[int, Json], delta: Json) -> None:
    if isinstance(delta.get("content"), str):
        message["content"] = (message["content"] or "") + delta["content"]
    if isinstance(delta.get("refusal"), str):
        message["refusal"] = message.get("refusal", "") + delta["refusal"]
    for part in delta.get("tool_calls") or ():
        if not isinstance(part, dict):
            continue
        given = part.get("index")
        index = given if isinstance(given, int) else len(calls)
        found = calls.setdefault(
            index, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}}
        )
        found["id"] = part.get("id") or found["id"]
        function = part.get("function")
        if isinstance(function, dict):
            found["function"]["name"] += str(function.get("name") or "")
            found["function"]["arguments"] += str(function.get("arguments") or "")

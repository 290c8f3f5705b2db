"""Anthropic Messages.

Source: Anthropic API reference, messages: ``input_tokens`` excludes what was read from and written
to the cache; in a stream ``message_delta.usage.output_tokens`` is cumulative and final.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import providers
from auditor.readers.api_shapes.common import image, join_parts, params_of, take_error
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, dumps, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Call, Json

name = "messages"
_HOSTED_BLOCKS = ("server_tool_use", "container_upload", "mcp_tool_use")
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def request(call: Call, body: Json) -> None:
    """Decode a Messages request; messages come out in OpenAI's chat shape."""
    call.api_shape = "messages"
    call.model_requested = text(body.get("model"))
    system = body.get("system")
    if isinstance(system, list):
        system = "\n\n".join(
            block["text"]
            for block in system
            if isinstance(block, dict) and isinstance(block.get("text"), str)
        )
    call.system_text = system if isinstance(system, str) and system else None
    found: list[Json] = []
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            found += messages_of(call, message)
    call.messages = found
    call.tools = _tools(call, body.get("tools"))
    call.params = _params(body)
    place = text(body.get("inference_geo"))
    call.region = call.region if place in (None, *_ANYWHERE) else place
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        call.user_id = text(metadata.get("user_id")) or call.user_id


def _params(body: Json) -> Json:
    params = params_of(body)
    config = body.get("output_config") or body.get("output_format")
    if isinstance(config, dict):
        form = config.get("format", config)
        if isinstance(form, dict) and isinstance(form.get("schema"), dict):
            params["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "output", "schema": form["schema"]},
            }
    choice = params.get("tool_choice")
    if isinstance(choice, dict):
        kind = choice.get("type")
        params["tool_choice"] = (
            {"type": "function", "function": {"name": choice.get("name")}}
            if kind == "tool"
            else {"any": "required", "auto": "auto", "none": "none"}.get(str(kind), "auto")
        )
    return params


def _tools(call: Call, tools: Any) -> list[Json] | None:
    if not isinstance(tools, list) or not tools:
        return None
    found = []
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        if "input_schema" not in tool and tool.get("type") not in (None, "custom"):
            # web_search_20250305 and its like run at the provider; bash and editors do not.
            if not str(tool["type"]).startswith(("bash", "text_editor", "computer", "memory")):
                call.needs_hosted_tools = True
            found.append({"type": str(tool["type"]), "function": {"name": tool.get("name")}})
            continue
        function = {"name": tool.get("name"), "parameters": tool.get("input_schema")}
        if tool.get("description"):
            function["description"] = tool["description"]
        found.append({"type": "function", "function": function})
    return found


def messages_of(call: Call, message: Json) -> list[Json]:
    """Return one message as OpenAI messages: tool results become messages of their own."""
    role = message.get("role") or "user"
    content = message.get("content")
    if not isinstance(content, list):
        return [{"role": role, "content": content if isinstance(content, str) else None}]
    parts, calls, found = [], [], []
    for block in content:
        if isinstance(block, str):
            parts.append({"type": "text", "text": block})
            continue
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "tool_use":
            calls.append(_tool_call(block))
        elif kind == "tool_result":
            found.append(_tool_result(call, block))
        elif part := _part(call, block):
            parts.append(part)
    if parts or calls or not found:
        said: Json = {"role": role, "content": join_parts(parts) if parts else None}
        if calls:
            said["tool_calls"] = calls
        found.append(said)
    return found


def _part(call: Call, block: Json) -> Json | None:
    kind = block.get("type")
    if isinstance(block.get("text"), str):
        return {"type": "text", "text": block["text"]}
    if kind in ("image", "document", "file"):
        call.needs_vision = True
        source = block.get("source")
        source = source if isinstance(source, dict) else {}
        data = source.get("data") or source.get("url") or source.get("file_id")
        return image(data, text(source.get("media_type")), kind=str(kind))
    if kind in _HOSTED_BLOCKS or (isinstance(kind, str) and kind.endswith("_tool_result")):
        call.needs_hosted_tools = True
    return None  # thinking is not part of what was said


def _tool_call(block: Json) -> Json:
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": dumps(block.get("input"))},
    }


def _tool_result(call: Call, block: Json) -> Json:
    content = block.get("content")
    if isinstance(content, list):
        parts = [_part(call, part) for part in content if isinstance(part, dict)]
        content = join_parts([part for part in parts if part])
    return {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": content}


def response(call: Call, body: Json) -> None:
    """Decode a Messages response."""
    call.provider_response_id = text(body.get("id"))
    call.model = text(body.get("model"))
    call.provider = providers.of_response_id(call.provider_response_id) or call.provider
    if body.get("error"):
        take_error(call, body["error"])
        return
    stop = text(body.get("stop_reason"))
    call.finish_reason = FINISH.get(stop, stop) if stop else None
    content = body.get("content")
    if isinstance(content, list):
        texts, calls = [], []
        for block in content:
            if not isinstance(block, dict):
                continue
            if isinstance(block.get("text"), str):
                texts.append(block["text"])
            elif block.get("type") == "tool_use":
                calls.append(_tool_call(block))
            elif block.get("type") in _HOSTED_BLOCKS:
                call.needs_hosted_tools = True
        call.response_text = "".join(texts) if texts else None
        call.tool_calls = calls or None
        call.status = "ok"
    elif isinstance(content, str):
        call.response_text, call.status = content, "ok"
    usage(call, body.get("usage"))


def usage(call: Call, found: Any) -> None:
    """Take the buckets, which Anthropic keeps disjoint; an unsplit write is a 5 minute one."""
    if not isinstance(found, dict):
        return
    counts = _counts(found)
    if counts["given_input"] is None and counts["output"] is None:
        return
    requests = [counts, *_billed_inside(call, found)]
    for inner in requests[1:]:
        counts = {name: _sum(counts[name], inner[name]) for name in counts}
    if len(requests) > 1:
        call.context_tokens = max(map(_input, requests))
    made = found.get("output_tokens_details")
    details: Json = made if isinstance(made, dict) else {}
    set_tokens(
        call,
        given_input=counts["given_input"],
        output=counts["output"],
        cache_read=counts["cache_read"],
        cache_write=counts["cache_write"],
        cache_write_1h=counts["cache_write_1h"],
        reasoning=count(details.get("thinking_tokens")) or count(details.get("reasoning_tokens")),
        rule="exclusive",
    )
    # Its priority tier is capacity paid in advance, not another price; fast mode is one.
    if found.get("service_tier") == "batch":
        call.service_tier = "batch"
    elif found.get("speed") == "fast":
        call.service_tier = "priority"
    place = text(found.get("inference_geo"))
    call.region = call.region if place in (None, *_ANYWHERE) else place
    hosted = found.get("server_tool_use")
    if isinstance(hosted, dict) and any(hosted.values()):
        call.needs_hosted_tools = True
        call.web_searches = count(hosted.get("web_search_requests"))


_ANYWHERE = ("global", "not_available")


def _counts(found: Json) -> dict[str, int | None]:
    """Return the counts of a usage object under the names of ``set_tokens``."""
    written = count(found.get("cache_creation_input_tokens")) or 0
    split = found.get("cache_creation")
    hour = 0
    if isinstance(split, dict):
        hour = count(split.get("ephemeral_1h_input_tokens")) or 0
        written = max(written, hour + (count(split.get("ephemeral_5m_input_tokens")) or 0))
    return {
        "given_input": count(found.get("input_tokens")),
        "output": count(found.get("output_tokens")),
        "cache_read": count(found.get("cache_read_input_tokens")),
        "cache_write": written,
        "cache_write_1h": hour,
    }


def _input(counts: dict[str, int | None]) -> int:
    return sum(counts[name] or 0 for name in ("given_input", "cache_read", "cache_write"))


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one + (other or 0)


_ANSWERING = (None, "message", "fallback_message")
"""Iterations that made the answer itself: its usage counts them already."""


def _billed_inside(call: Call, found: Json) -> Iterator[dict[str, int | None]]:
    """Give the counts of inner work by the same model; of other models, write them on the call.

    Source: Anthropic, usage.iterations: the counts of the answer are those of its ``message``
    iterations, or of the ``fallback_message`` of the model that took over; compacting the context
    and asking an advisor are billed besides, the advisor at the prices of its own model.
    """
    iterations = found.get("iterations")
    for inner in iterations if isinstance(iterations, list) else ():
        if not isinstance(inner, dict) or inner.get("type") in _ANSWERING:
            continue
        counts = _counts(inner)
        model = text(inner.get("model"))
        if model in (None, call.model, call.model_requested):
            yield counts
            continue
        hour, written = counts["cache_write_1h"] or 0, counts["cache_write"] or 0
        buckets = {
            "model": model,
            "input_uncached_tokens": counts["given_input"] or 0,
            "cache_read_tokens": counts["cache_read"] or 0,
            "cache_write_5m_tokens": written - hour,
            "cache_write_1h_tokens": hour,
            "output_tokens": counts["output"] or 0,
        }
        call.inner_usage = [*(call.inner_usage or ()), buckets]


def assemble(events: list[Json]) -> Json | None:  # noqa: C901 - one branch for each kind of event
    """Put the events of a stream together; None if they are of another shape."""
    body: Json | None = None
    blocks: dict[int, Json] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start" and isinstance(event.get("message"), dict):
            body = dict(event["message"])
        elif kind == "error" and body is None:
            return {"type": "error", "error": event.get("error")}
        elif body is None:
            continue
        elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
            blocks[_index(event)] = dict(event["content_block"])
        elif kind == "content_block_delta" and isinstance(event.get("delta"), dict):
            _extend(blocks.setdefault(_index(event), {"type": "text", "text": ""}), event["delta"])
        elif kind == "message_delta":
            delta = event.get("delta")
            body |= {k: v for k, v in delta.items() if v} if isinstance(delta, dict) else {}
            if isinstance(event.get("usage"), dict):
                told = {k: v for k, v in event["usage"].items() if v is not None}
                body["usage"] = {**(body.get("usage") or {}), **told}
        elif kind == "error":
            body["error"] = event.get("error")
    if body is None:
        return None
    content = []
    for index in sorted(blocks):
        block = blocks[index]
        if "partial_json" in block:
            block["input"] = _loads(block.pop("partial_json"))
        content.append(block)
    body["content"] = content
    return body


def _index(event: Json) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _extend(block: Json, delta: Json) -> None:
    if isinstance(delta.get("text"), str):
        block["text"] = block.get("text", "") + delta["text"]
    if isinstance(delta.get("partial_json"), str):
        block["partial_json"] = block.get("partial_json", "") + delta["partial_json"]


def _loads(raw: str) -> Any:
    import orjson

    try:
        return orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        return raw

"""OpenAI's Responses API.

Source: OpenAI API reference, responses: ``input_tokens`` includes ``cached_tokens``, and with
``previous_response_id`` the earlier turns are billed but are not in the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from auditor.readers.call import add_unit
from auditor.readers.values import dumps, is_call_time, moment, one_of, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "responses"
_LOCAL_TOOLS = frozenset(
    ("function", "custom", "computer_use_preview", "local_shell", "apply_patch")
)
_TEXT_PARTS = frozenset(("input_text", "output_text", "text", "summary_text"))


def request(call: Call, body: Json) -> None:
    """Decode a request; its items come out as chat messages."""
    call.api_shape = "responses"
    call.model_requested = text(body.get("model"))
    system = body.get("instructions")
    call.system_text = system if isinstance(system, str) and system else None
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages: list[Json] = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, str):
            messages.append({"role": "user", "content": item})
        elif isinstance(item, dict):
            _take_item(call, messages, item)
    take_leading_system(call, messages)
    if body.get("previous_response_id") or body.get("conversation"):
        call.content_state = "partial"
        conversation = body.get("conversation")
        call.conversation_id = text(
            conversation.get("id") if isinstance(conversation, dict) else conversation
        )
    call.tools = _tools(call, body.get("tools"))
    call.params = params_of(body)
    shape = body.get("text")
    form = shape.get("format") if isinstance(shape, dict) else None
    if isinstance(form, dict) and form.get("type") == "json_schema":
        inner = {key: form[key] for key in ("name", "schema", "strict") if key in form}
        call.params["response_format"] = {"type": "json_schema", "json_schema": inner}
    elif isinstance(form, dict) and form.get("type") == "json_object":
        call.params["response_format"] = {"type": "json_object"}
    call.user_id = text(body.get("user")) or call.user_id


def _take_item(call: Call, messages: list[Json], item: Json) -> None:
    kind = item.get("type")
    if kind in (None, "message") and "role" in item:
        role = "system" if item["role"] == "developer" else item["role"]
        messages.append({"role": role, "content": _content(call, item.get("content"))})
    elif kind in ("function_call", "custom_tool_call"):
        found = tool_call(item)
        if messages and messages[-1].get("role") == "assistant":
            messages[-1] = {
                **messages[-1],
                "tool_calls": [*messages[-1].get("tool_calls", ()), found],
            }
        else:
            messages.append({"role": "assistant", "content": None, "tool_calls": [found]})
    elif kind in ("function_call_output", "custom_tool_call_output"):
        output = item.get("output")
        messages.append(
            {
                "role": "tool",
                "tool_call_id": item.get("call_id"),
                "content": output if isinstance(output, str) else _content(call, output),
            }
        )
    elif kind == "item_reference":
        call.content_state = "partial"
    elif kind is not None and kind != "reasoning":
        call.needs_hosted_tools = True


def _content(call: Call, content: Any) -> Any:
    if not isinstance(content, list):
        return content if isinstance(content, str) else dumps(content) if content else None
    parts: list[Json] = []
    for part in content:
        if isinstance(part, str):
            parts.append({"type": "text", "text": part})
        elif not isinstance(part, dict):
            continue
        elif isinstance(part.get("text"), str):
            parts.append({"type": "text", "text": part["text"]})
        else:
            call.needs_vision = True
            kind = "image" if part.get("type") == "input_image" else "file"
            parts.append(image(part.get("image_url") or part.get("file_data"), kind=kind))
    return join_parts(parts)


def tool_call(item: Json) -> Json:
    """Return a function call item in the chat shape."""
    arguments = item.get("arguments", item.get("input"))
    return {
        "id": item.get("call_id") or item.get("id"),
        "type": "function",
        "function": {
            "name": item.get("name"),
            "arguments": arguments if isinstance(arguments, str) else dumps(arguments),
        },
    }


def _tools(call: Call, tools: Any) -> list[Json] | None:
    if not isinstance(tools, list) or not tools:
        return None
    found = []
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        kind = tool.get("type")
        if kind == "function":
            inner = tool.get("function")
            body = inner if isinstance(inner, dict) else tool
            keys = ("name", "description", "parameters", "strict")
            found.append(
                {
                    "type": "function",
                    "function": {k: body[k] for k in keys if body.get(k) is not None},
                }
            )
        else:
            call.needs_hosted_tools |= not one_of(kind, _LOCAL_TOOLS)
            found.append({"type": str(kind), "function": {"name": tool.get("name") or kind}})
    return found


def response(call: Call, body: Json) -> None:
    """Decode a response object."""
    call.provider_response_id = text(body.get("id"))
    call.model = text(body.get("model"))
    if not is_call_time(call.called_at) and (created := moment(body.get("created_at"))):
        call.called_at, call.time_kind = created, "start"
    texts, calls = [], []
    output = body.get("output")
    for item in output if isinstance(output, list) else ():
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind in (None, "message"):
            content = item.get("content")
            texts += [
                part.get("text") or part.get("refusal") or ""
                for part in (content if isinstance(content, list) else ())
                if isinstance(part, dict)
            ]
        elif kind in ("function_call", "custom_tool_call"):
            calls.append(tool_call(item))
        elif kind != "reasoning":
            call.needs_hosted_tools = True
            if kind == "web_search_call":
                call.web_searches = (call.web_searches or 0) + _is_search(item.get("action"))
    _take_hosted_tools(call, output, body.get("tools"))
    call.response_text = "".join(map(str, texts)) if texts else None
    call.tool_calls = calls or None
    _finish(call, body)
    if call.choices is None:
        call.choices = 1
    usage(call, body.get("usage"))
    take_tier(call, body)


def _take_hosted_tools(call: Call, output: Any, tools: Any) -> None:
    """Count what is billed by the use: searches of files, and containers that code ran in.

    Source: OpenAI's pricing: a container is billed once, however often code ran in it, by its
    memory; the preview of web search has a price of its own; a picture that a tool makes is billed
    as tokens of a model of pictures, which this usage leaves out.
    """
    given = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    kinds = {text(tool.get("type")) or "" for tool in [*given, *(call.tools or ())]}
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    searches = sum(item.get("type") == "file_search_call" for item in items)
    containers = {
        str(item.get("container_id"))
        for item in items
        if item.get("type") == "code_interpreter_call"
    }
    add_unit(call, "file_searches", searches)
    add_unit(call, f"code_containers{_memory(given)}", len(containers))
    add_unit(call, "tool_images", sum(i.get("type") == "image_generation_call" for i in items))
    if any(kind.startswith("web_search_preview") for kind in kinds):
        add_unit(call, "preview_searches", call.web_searches)


_DEFAULT_MEMORY = ("1g", None)


def _memory(tools: list[Json]) -> str:
    """Return the memory of the containers as the end of a unit's name; nothing for the least."""
    containers = (t.get("container") for t in tools if t.get("type") == "code_interpreter")
    limits = (text(c.get("memory_limit")) for c in containers if isinstance(c, dict))
    return next((f"_{limit}" for limit in limits if limit not in _DEFAULT_MEMORY), "")


def _is_search(action: Any) -> bool:
    """Say whether a web search call searched: opening a page that was found is not billed."""
    return not isinstance(action, dict) or action.get("type") in (None, "search")


def _finish(call: Call, body: Json) -> None:
    status = body.get("status")
    details = body.get("incomplete_details")
    if body.get("error"):
        take_error(call, body["error"])
    elif status == "incomplete":
        reason = details.get("reason") if isinstance(details, dict) else None
        call.finish_reason = "length" if reason == "max_output_tokens" else text(reason)
        call.status = "ok"
    elif status == "cancelled":
        call.status = "cancelled"
    elif status != "failed":
        call.finish_reason = "tool_calls" if call.tool_calls else "stop"
        call.status = "ok"


def usage(call: Call, found: Any) -> None:
    """Set the token buckets; LiteLLM gives the counts the names of the chat API."""
    if not isinstance(found, dict):
        return
    renamed = "prompt_tokens" in found and "input_tokens" not in found
    openai_usage(call, found, *(("prompt", "completion") if renamed else ("input", "output")))
    take_tool_units(call, found)
    take_openai_bill(call, found)


def assemble(events: list[Json]) -> Json | None:
    """Take the whole response from the last event of a stream, or what came before a cut."""
    last: Json | None = None
    ours = False
    pieces: list[str] = []
    for event in events:
        kind = event.get("type")
        if not isinstance(kind, str) or not kind.startswith("response."):
            continue
        ours = True
        if isinstance(event.get("response"), dict):
            last = event["response"]
        elif kind == "response.output_text.delta" and isinstance(event.get("delta"), str):
            pieces.append(event["delta"])
    if not ours:
        return None
    body = dict(last or {"object": "response"})
    if not body.get("output") and pieces:
        parts = [{"type": "output_text", "text": "".join(pieces)}]
        body["output"] = [{"type": "message", "content": parts}]
    body.setdefault("output", [])
    body.setdefault("object", "response")
    return body

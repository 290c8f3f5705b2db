"""Cohere's chat API, version 2.

Source: Cohere API reference, v2/chat: ``usage.billed_units`` are the tokens that are billed,
``usage.tokens`` those that the model saw, with the provider's own template around them; a stream
ends with ``message-end``. Requests have OpenAI's messages and tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes import openai_chat
from auditor.readers.api_shapes.common import take_error
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "cohere"
_PARAMS = {"p": "top_p", "k": "top_k", "stop_sequences": "stop"}
_FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "TIMEOUT": "timeout",
    "ERROR": "error",
}


def is_response(body: Json) -> bool:
    """Say whether a body is an answer of this API."""
    message = body.get("message")
    return "finish_reason" in body and isinstance(message, dict) and "role" in message


def request(call: Call, body: Json) -> None:
    """Decode a chat request; documents to answer from are part of what was asked."""
    openai_chat.request(call, body)
    call.params = {
        **(call.params or {}),
        **{o: body[k] for k, o in _PARAMS.items() if body.get(k) is not None},
    }
    if body.get("documents"):
        call.content_state = "partial"


def response(call: Call, body: Json) -> None:
    """Decode an answer."""
    call.provider = "cohere"
    call.provider_response_id = text(body.get("id"))
    message = body.get("message")
    message = message if isinstance(message, dict) else {}
    blocks = message.get("content")
    texts = [
        block["text"]
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, dict) and isinstance(block.get("text"), str)
    ]
    call.response_text = "".join(texts) or (blocks if isinstance(blocks, str) else None)
    asked = message.get("tool_calls")
    call.tool_calls = [c for c in asked if isinstance(c, dict)] if isinstance(asked, list) else None
    call.tool_calls = call.tool_calls or None
    reason = text(body.get("finish_reason"))
    call.finish_reason = _FINISH.get(reason, reason.lower()) if reason else None
    call.status = "ok"
    _usage(call, body.get("usage"))
    if reason == "ERROR":
        take_error(call, body.get("error") or "the answer ended with an error")


def _usage(call: Call, found: Any) -> None:
    if not isinstance(found, dict):
        return
    billed, seen = found.get("billed_units"), found.get("tokens")
    counts = billed if isinstance(billed, dict) else seen if isinstance(seen, dict) else {}
    set_tokens(
        call,
        given_input=count(counts.get("input_tokens")),
        output=count(counts.get("output_tokens")),
        cache_read=count(found.get("cached_tokens")),
    )


def assemble(events: list[Json]) -> Json | None:
    """Put the events of a stream together."""
    if not any(event.get("type") in ("message-start", "message-end") for event in events):
        return None
    body: Json = {"finish_reason": None}
    texts: list[str] = []
    tools: dict[int, Json] = {}
    for event in events:
        kind, delta = event.get("type"), event.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        if kind == "message-start":
            body["id"] = event.get("id")
        elif kind == "message-end":
            body |= {k: delta[k] for k in ("finish_reason", "usage", "error") if k in delta}
        elif kind in ("content-start", "content-delta"):
            piece = _inner(delta, "message", "content").get("text")
            texts += [piece] if isinstance(piece, str) else []
        elif kind in ("tool-call-start", "tool-call-delta"):
            _add(tools, count(event.get("index")) or 0, _inner(delta, "message", "tool_calls"))
    message: Json = {"role": "assistant", "content": [{"type": "text", "text": "".join(texts)}]}
    body["message"] = message | ({"tool_calls": list(tools.values())} if tools else {})
    return body


def _inner(value: Json, *keys: str) -> Json:
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, dict) else {}
    return value


def _add(tools: dict[int, Json], index: int, piece: Json) -> None:
    """Add a piece of a tool call: its name comes first, its arguments bit by bit."""
    function = _inner(piece, "function")
    made = tools.setdefault(
        index, {"type": "function", "function": {"name": None, "arguments": ""}}
    )
    made |= {"id": piece["id"]} if piece.get("id") else {}
    if function.get("name"):
        made["function"]["name"] = function["name"]
    if isinstance(function.get("arguments"), str):
        made["function"]["arguments"] += function["arguments"]

"""Provider shapes: a raw request and a raw response to canonical parts of a call.

One module per wire format; formats only say where request and response lie. A shape is told by
what it cannot be confused with: the response first, then the request, then the URL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from auditor.readers.shapes import anthropic, openai_chat, sse
from auditor.readers.shapes.common import take_error

if TYPE_CHECKING:
    from auditor.readers.model import Call, Json


class Shape(Protocol):
    """What a shape module offers."""

    name: str

    def request(self, call: Call, body: Json) -> None:
        """Decode a request body."""

    def response(self, call: Call, body: Json) -> None:
        """Decode a response body."""

    def assemble(self, events: list[Json]) -> Json | None:
        """Put the events of a stream together."""


_ANTHROPIC_BLOCKS = frozenset(("tool_use", "tool_result", "thinking", "document", "image"))
_URLS = (
    (re.compile(r"/v1/messages"), anthropic),
    (re.compile(r"/(chat/)?completions"), openai_chat),
)


def is_request(body: Any) -> bool:
    """Say whether a parsed object looks like the body of a request to a model."""
    return isinstance(body, dict) and isinstance(body.get("messages"), list)


def is_response(body: Any) -> bool:
    """Say whether a parsed object looks like what a provider answers."""
    if not isinstance(body, dict):
        return False
    return (
        isinstance(body.get("choices"), list)
        or (body.get("type") == "message" and "content" in body)
        or is_error(body)
    )


def is_error(body: Json) -> bool:
    """Say whether a response body is a provider's error."""
    error = body.get("error")
    return (isinstance(error, dict) and bool(error)) or (
        body.get("type") == "error" and error is not None
    )


def of_response(body: Json) -> Any:
    """Return the shape of a response body; None when it does not tell."""
    if "choices" in body:
        return openai_chat
    if body.get("type") == "message":
        return anthropic
    return None


def of_request(body: Json, url: str | None = None) -> Any:
    """Return the shape of a request body, with the help of the URL it was sent to."""
    if url:
        for pattern, shape in _URLS:
            if pattern.search(url):
                return shape
    if "anthropic_version" in body or "system" in body or _has_anthropic_blocks(body):
        return anthropic
    return openai_chat


def _has_anthropic_blocks(body: Json) -> bool:
    tools = body.get("tools")
    if isinstance(tools, list) and tools and isinstance(tools[0], dict):
        return "input_schema" in tools[0]
    for message in body.get("messages") or ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list) and any(
            isinstance(block, dict) and block.get("type") in _ANTHROPIC_BLOCKS for block in content
        ):
            return True
    return str(body.get("model", "")).startswith("claude") and "max_tokens" in body


def parse_body(body: Any) -> tuple[Any, bool]:
    """Return a response body as an object, and whether it is whole.

    Text is tried as JSON, then as an event stream; a list of chunks as events. What is neither
    comes back as it is.
    """
    if isinstance(body, str):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            if not sse.looks_like_events(body):
                return body, True
            found, finished = sse.events(body)
            return _assembled(found), finished
    if isinstance(body, list):
        chunks = [event for event in body if isinstance(event, dict)]
        return _assembled(chunks), True
    return body, True


def _assembled(events: list[Json]) -> Json | None:
    for shape in (anthropic, openai_chat):
        if (body := shape.assemble(events)) is not None:
            return body
    return None


def decode(call: Call, request: Any, response: Any, url: str | None = None) -> None:
    """Fill a call from a raw request and a raw response; either may be None or text."""
    body, whole = (response, True) if type(response) is dict else parse_body(response)
    if isinstance(request, str):
        request, _ = parse_body(request)
    answered = isinstance(body, dict) and bool(body)
    shape = of_response(body) if answered else None
    if isinstance(request, dict):
        shape = shape or of_request(request, url)
        shape.request(call, request)
    if answered:
        if shape is not None:
            shape.response(call, body)
        elif body.get("error"):
            take_error(call, body["error"])
    if not whole and call.status == "ok":
        call.status = "cancelled"
    if not isinstance(request, dict) or not answered:
        call.content_state = "partial" if isinstance(request, dict) or answered else "absent"
    if call.status == "error" and isinstance(request, dict):
        call.content_state = "full"
    if call.model is None:
        call.model = call.model_requested

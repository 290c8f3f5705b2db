"""Provider shapes: a raw request and a raw response to canonical parts of a call.

One module per wire format; formats only say where request and response lie. A shape is
recognized by the response first, then by the URL, then by the request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from auditor.readers import providers
from auditor.readers.api_shapes import (
    anthropic,
    cohere,
    completion,
    converse,
    embeddings,
    gemini,
    media,
    openai_chat,
    openai_responses,
    sse,
)
from auditor.readers.api_shapes.common import take_error
from auditor.readers.values import one_of

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

_STREAMED = (anthropic, openai_responses, openai_chat, gemini, converse, cohere)
_ANTHROPIC_BLOCKS = frozenset(("tool_use", "tool_result", "thinking", "document", "image"))
_URLS = (
    (re.compile(r"/messages(\?|$|/)"), anthropic),
    (re.compile(r"/chat/completions"), openai_chat),
    (re.compile(r"/completions"), completion),
    (re.compile(r"/responses(\?|$)"), openai_responses),
    (re.compile(r"/embeddings"), embeddings),
    (re.compile(r":(stream)?generateContent", re.IGNORECASE), gemini),
    (re.compile(r"/converse(-stream)?$"), converse),
    (re.compile(r"/v2/chat(\?|$)"), cohere),
    (re.compile(r"/images/(generations|edits)|/audio/(transcriptions|translations)"), media),
)
CALL_URL = re.compile(
    r"/chat/completions|/completions|/responses(\?|$)|/v1/messages(\?|$)|/embeddings"
    r"|:(stream)?(generateContent|rawPredict)|/model/.+/(invoke|converse)|/api/(chat|generate)"
    r"|/images/(generations|edits)|/audio/(transcriptions|translations)"
    r"|/v2/chat(\?|$)|/(serving-)?endpoints/[^/]+/invocations",
    re.IGNORECASE,
)
"""Where calls are sent to: of OpenAI, Anthropic, Google and Claude on Vertex, Bedrock, Ollama,
Cohere, SageMaker and Databricks. Other exchanges in an HTTP recording are not calls, but for those
with gateways, which have addresses of their own (``http_exchange``)."""

_MODEL_IN_URL = (
    re.compile(r"/models/([^/:?]+):"),
    re.compile(r"/deployments/([^/?]+)/"),
    re.compile(r"/model/([^/]+)/(?:invoke|converse)"),
    re.compile(r"/(?:serving-)?endpoints/([^/]+)/invocations"),
)


def model_in(url: str) -> str | None:
    """Return the model or deployment a URL names."""
    from urllib.parse import unquote

    for pattern in _MODEL_IN_URL:
        if found := pattern.search(url):
            return unquote(found.group(1))
    return None


def is_request(body: Any) -> bool:
    """Say whether a parsed object looks like the body of a request to a model."""
    if type(body) is not dict:
        return False
    if isinstance(body.get("messages"), list):
        return True
    if isinstance(body.get("contents"), list):
        return True
    if isinstance(body.get("input"), str | list) and ("model" in body or "instructions" in body):
        return True
    return media.is_request(body) or (
        completion.is_request(body)
        and bool(
            body.keys()
            & {
                "model",
                "max_tokens",
                "max_gen_len",
                "max_tokens_to_sample",
                "temperature",
                "textGenerationConfig",
            }
        )
    )


def is_response(body: Any) -> bool:
    """Say whether a parsed object looks like what a provider answers."""
    return type(body) is dict and (of_response(body) is not None or is_error(body))


def is_error(body: Json) -> bool:
    """Say whether a response body is a provider's error."""
    error = body.get("error")
    return (isinstance(error, dict) and bool(error.keys() & {"message", "type", "code"})) or (
        body.get("type") == "error" and error is not None
    )


def of_response(body: Json) -> Any:  # noqa: PLR0911 - one return for each kind
    """Return the shape of a response body; None where the body does not tell."""
    if isinstance(body.get("choices"), list):
        return completion if body.get("object") == "text_completion" else openai_chat
    if body.get("type") == "message" and "content" in body:
        return anthropic
    if body.get("object") == "response" or (
        isinstance(body.get("output"), list) and isinstance(body.get("status"), str)
    ):
        return openai_responses
    if cohere.is_response(body):
        return cohere
    if "candidates" in body or "usageMetadata" in body or "promptFeedback" in body:
        return gemini
    output = body.get("output")
    if isinstance(output, dict) and isinstance(output.get("message"), dict):
        return converse
    if embeddings.is_response(body):
        return embeddings
    if media.is_response(body):
        return media
    return completion if completion.is_response(body) else None


def of_request(body: Json, url: str | None = None) -> Any:  # noqa: PLR0911 - one return for each kind
    """Return the shape of a request body, with the help of the URL it was sent to."""
    if url:
        for pattern, shape in _URLS:
            if pattern.search(url):
                return shape
    if isinstance(body.get("contents"), list):
        return gemini
    if "messages" not in body:
        if "input" in body:
            return openai_responses
        return completion if completion.is_request(body) else openai_chat
    if "inferenceConfig" in body or "toolConfig" in body or _has_untyped_blocks(body):
        return converse
    if "anthropic_version" in body or "system" in body or _has_anthropic_blocks(body):
        return anthropic
    return openai_chat


def _first_blocks(body: Json) -> list[Any]:
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            return content
    return []


def _has_untyped_blocks(body: Json) -> bool:
    blocks = _first_blocks(body)
    return bool(blocks) and isinstance(blocks[0], dict) and "type" not in blocks[0]


def _has_anthropic_blocks(body: Json) -> bool:
    tools = body.get("tools")
    if isinstance(tools, list) and tools and isinstance(tools[0], dict):
        return "input_schema" in tools[0]
    blocks = [block for block in _first_blocks(body) if isinstance(block, dict)]
    if any(one_of(block.get("type"), _ANTHROPIC_BLOCKS) for block in blocks):
        return True
    return str(body.get("model", "")).startswith("claude") and "max_tokens" in body


def parse_body(body: Any) -> tuple[Any, bool]:
    """Return a body as an object, and whether it is whole.

    Text is tried as JSON, then as an event stream; a list is taken as the chunks of a stream.
    Everything else comes back as it is.
    """
    if isinstance(body, str):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            if not sse.looks_like_events(body):
                return body, True
            found, finished = sse.events(body)
            return assembled(found), finished
    if isinstance(body, str):  # encoded twice
        return parse_body(body) if body[:1] in "{[" else (body, True)
    if isinstance(body, list):
        chunks = [event for event in body if isinstance(event, dict)]
        if len(chunks) == 1 and completion.is_response(chunks[0]):
            return chunks[0], True  # a text generation endpoint answers a list of one
        return assembled(chunks), True
    return body, True


def assembled(events: list[Json]) -> Json | None:
    """Put the events of a stream together by the shape that knows them."""
    shapes: tuple[Any, ...] = _STREAMED
    found: Json | None = None
    for shape in shapes:
        found = found or shape.assemble(events)
    return found


def decode(call: Call, request: Any, response: Any, url: str | None = None) -> None:
    """Fill a call from a raw request and a raw response; either may be None or text."""
    body, whole = (response, True) if type(response) is dict else parse_body(response)
    if isinstance(request, str):
        request, _ = parse_body(request)
    if url:
        call.region = providers.region_of_url(url) or call.region
    answered = type(body) is dict and bool(body)
    asked = type(request) is dict and bool(request)
    shape = of_response(body) if answered else None
    if asked:
        if shape is None or (shape in _LOOKALIKES and not _fits(shape, request)):
            asked_shape = of_request(request, url)
        else:
            asked_shape = shape
        asked_shape.request(call, request)
    if url and (named := model_in(url)) and call.model_requested is None:
        call.model_requested = named
    if answered:
        if shape is not None:
            shape.response(call, body)
        elif body.get("error"):
            take_error(call, body["error"])
    elif isinstance(body, str) and body:
        call.response_text = body
    _states(call, asked=asked, answered=answered or bool(call.response_text), whole=whole)


_LOOKALIKES = (openai_chat, completion, anthropic)
"""Gateways answer in these shapes whatever shape the request had."""


def _fits(shape: Any, request: Json) -> bool:
    if shape is completion:
        return completion.is_request(request)
    if not isinstance(request.get("messages"), list):
        return False
    return shape is anthropic or not _has_untyped_blocks(request)


def _states(call: Call, *, asked: bool, answered: bool, whole: bool) -> None:
    if not whole and call.status == "ok":
        call.status = "cancelled"
    if call.model is None:
        call.model = call.model_requested
    if asked and (answered or call.status == "error"):
        return  # full, or partial as the shape found
    call.content_state = "partial" if asked or answered else "absent"

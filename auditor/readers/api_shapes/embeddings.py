"""Embeddings: input only; the vectors are not kept.

Source: OpenAI API reference, embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.common import take_error
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "embeddings"


def is_response(body: Json) -> bool:
    """Say whether a body holds vectors."""
    data = body.get("data")
    if body.get("object") != "list" or not isinstance(data, list):
        return False
    return bool(data) and isinstance(data[0], dict) and "embedding" in data[0]


def request(call: Call, body: Json) -> None:
    """Decode an embeddings request: each input is a user message."""
    call.api_shape = "embeddings"
    call.model_requested = text(body.get("model"))
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    call.messages = [{"role": "user", "content": t} for t in texts if isinstance(t, str)]
    call.params = {k: body[k] for k in ("dimensions", "encoding_format") if body.get(k) is not None}


def response(call: Call, body: Json) -> None:
    """Decode an embeddings response."""
    call.api_shape = "embeddings"
    call.model = text(body.get("model"))
    if body.get("error"):
        take_error(call, body["error"])
        return
    call.status = "ok"
    found = body.get("usage")
    tokens = count(found.get("prompt_tokens")) if isinstance(found, dict) else None
    if tokens is not None:
        set_tokens(call, given_input=tokens, output=0)


def assemble(_events: list[Any]) -> Json | None:
    """Embeddings are not streamed."""
    return None

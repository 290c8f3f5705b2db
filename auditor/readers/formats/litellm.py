"""LiteLLM StandardLoggingPayload: one object per call in S3, GCS or a callback's file.

Source: BerriAI/litellm, litellm/types/utils.py (StandardLoggingPayload). Counts include what was
cached whatever the provider; a stream whose provider sent no usage is logged as 0 and 0; an answer
of the Responses API has its real id wrapped in base64.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes
from auditor.readers.api_shapes import anthropic, openai_responses
from auditor.readers.api_shapes.common import take_leading_system, take_modalities
from auditor.readers.call import Call, Json
from auditor.readers.finishing import finish
from auditor.readers.mapped import declared
from auditor.readers.values import dumps, json_or_none, moment

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "litellm"
title = "LiteLLM StandardLoggingPayload (S3, GCS, callbacks)"
_table = declared("litellm")
matches = _table.matches

REDACTED = "redacted-by-litellm"
_CUT = re.compile(r"\(litellm_truncated skipped \d+ chars")
_SHAPES = {
    "completion": "chat", "acompletion": "chat", "responses": "responses",
    "aresponses": "responses", "anthropic_messages": "messages", "embedding": "embeddings",
    "aembedding": "embeddings", "text_completion": "completion", "atext_completion": "completion",
}  # fmt: skip


def read(record: Json) -> list[Outcome]:
    """Read a payload."""
    call = Call()
    bare = {**record, "response": _without_usage(record.get("response"))}
    _table.fill(call, bare)
    call.usage_state = "absent"
    _table.tokens(call, record)
    take_modalities(call, *_details(record))
    _messages(call, record)
    if record.get("stream") is True:
        began, first = moment(record.get("startTime")), moment(record.get("completionStartTime"))
        if began is not None and first is not None and first > began:
            call.ttft_ms = (first - began) / 1000
    settle(call, record)
    return [call]


def _without_usage(response: Any) -> Any:
    """Drop the usage that LiteLLM has rewritten: the counts of the payload are read instead."""
    response = json_or_none(response)
    return (
        {k: v for k, v in response.items() if k != "usage"}
        if isinstance(response, dict)
        else response
    )


def _details(record: Json) -> tuple[Json, Json]:
    """Return the details of input and output, from the answer or from what LiteLLM kept of it."""
    response, kept = json_or_none(record.get("response")), json_or_none(record.get("metadata"))
    places = [(response, "usage"), (kept, "usage_object")]
    found = (place.get(key) for place, key in places if isinstance(place, dict))
    usage = next((usage for usage in found if isinstance(usage, dict)), {})
    sides = (usage.get(f"{side}_tokens_details") for side in ("prompt", "completion"))
    asked, made = (side if isinstance(side, dict) else {} for side in sides)
    return asked, made


def _messages(call: Call, record: Json) -> None:
    """Read prompt and parameters, which have the shape of the API that was called."""
    params = record.get("model_parameters")
    body = dict(params) if isinstance(params, dict) else {}
    messages = record.get("messages")
    kind = _SHAPES.get(str(record.get("call_type")), "chat")
    shape: Any = api_shapes.openai_chat
    if kind == "responses":
        body["input"] = messages
        shape = openai_responses
    elif kind == "messages":
        body["messages"] = messages
        shape = anthropic
    elif kind == "embeddings":
        body["input"] = (
            [m.get("content") if isinstance(m, dict) else m for m in messages]
            if isinstance(messages, list)
            else messages
        )
        shape = api_shapes.embeddings
    elif isinstance(messages, str):
        body["messages"] = [{"role": "user", "content": messages}]
    else:
        body["messages"] = messages
    user, model, state = call.user_id, call.model_requested, call.content_state
    shape.request(call, body)
    if kind == "messages":
        take_leading_system(call, call.messages or [])
    call.user_id, call.model_requested, call.content_state = user, model, state
    call.api_shape = kind


def settle(call: Call, record: Json) -> None:
    """Undo what LiteLLM does to ids, counts and texts."""
    call.api_shape = _SHAPES.get(str(record.get("call_type")), call.api_shape)
    call.provider_response_id = inner_id(call.provider_response_id)
    if call.provider_response_id and "_cache_hit" in call.provider_response_id:
        call.log_id, call.provider_response_id = call.provider_response_id, None
        call.status = "cached_by_gateway"
    if call.status == "error" and call.provider_response_id == record.get("litellm_call_id"):
        call.provider_response_id = None
    if call.api_shape == "embeddings" and call.input_uncached_tokens is not None:
        call.output_tokens = call.output_tokens or 0
    texts = dumps([call.messages, call.response_text, call.system_text])
    call.content_state = "full"
    if REDACTED in texts:
        call.content_state = "redacted"
    elif _CUT.search(texts):
        call.content_state = "truncated"
    finish(call)


def inner_id(wrapped: str | None) -> str | None:
    """Return the provider's id inside LiteLLM's ``resp_`` wrapper, or the id itself."""
    if wrapped is None or not wrapped.startswith("resp_"):
        return wrapped
    try:
        raw = base64.b64decode(wrapped[5:] + "=" * (-len(wrapped[5:]) % 4), validate=True)
        inner = raw.decode("ascii")
    except ValueError:
        return wrapped
    _, mark, found = inner.rpartition("response_id:")
    return found if mark and inner.startswith("litellm:") else wrapped

"""What the provider shapes share: message parts, images, parameters, OpenAI's usage."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from auditor.readers.usage import set_tokens
from auditor.readers.values import count, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

PARAMS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "stop": "stop",
    "stop_sequences": "stop",
    "seed": "seed",
    "n": "n",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "logit_bias": "logit_bias",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "response_format": "response_format",
    "tool_choice": "tool_choice",
    "parallel_tool_calls": "parallel_tool_calls",
    "reasoning_effort": "reasoning_effort",
    "reasoning": "reasoning",
    "thinking": "thinking",
    "verbosity": "verbosity",
    "modalities": "modalities",
}
"""Request parameter to its name in OpenAI's chat API; what is not here is not kept."""

_KEPT_PARAMS = frozenset(PARAMS)
_TIERS = {"flex": "flex", "priority": "priority", "batch": "batch", "fast": "priority"}


def params_of(body: Json) -> Json:
    """Return the parameters that change an answer, under OpenAI's names."""
    return {PARAMS[key]: body[key] for key in body if key in _KEPT_PARAMS and body[key] is not None}


def image(data: Any, media: str | None = None, *, kind: str = "image") -> Json:
    """Stand in for the bytes of an image or file: its hash and size, or where it lies."""
    if isinstance(data, str) and data.startswith("data:"):
        head, _, data = data.partition(",")
        media = media or head[5:].partition(";")[0]
    elif isinstance(data, str) and data.startswith(("http://", "https://", "gs://", "s3://")):
        return {"type": kind, "url": data}
    if not isinstance(data, str):
        return {"type": kind}
    try:
        raw = base64.b64decode(data, validate=False)
    except ValueError:
        raw = data.encode("utf-8", "replace")
    part = {"type": kind, "sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    return part | {"media_type": media} if media else part


def join_parts(parts: list[Json]) -> str | list[Json]:
    """Return the text when a message holds text only, else its parts."""
    if all(part.get("type") == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def take_leading_system(call: Call, messages: list[Json]) -> None:
    """Move the system messages at the front to ``system_text``; later ones stay where they are."""
    texts = [call.system_text] if call.system_text else []
    start = 0
    for message in messages:
        if message.get("role") != "system" or not isinstance(message.get("content"), str):
            break
        texts.append(message["content"])
        start += 1
    call.system_text = "\n\n".join(texts) if texts else None
    call.messages = messages[start:] if start else messages


def take_error(call: Call, error: Any) -> None:
    """Record a provider's error object, or its text."""
    call.status = "error"
    if isinstance(error, dict):
        kind = error.get("type") or error.get("code") or error.get("status")
        words = error.get("message")
        call.error = ": ".join(str(x) for x in (kind, words) if x) or "error"
    else:
        call.error = str(error)


def take_tier(call: Call, body: Json) -> None:
    """Record the service tier that OpenAI says it served; other words mean the standard one."""
    call.service_tier = _TIERS.get(text(body.get("service_tier")) or "", call.service_tier)


def openai_usage(call: Call, found: Json, asked: str, answered: str) -> bool:
    """Set the token buckets from OpenAI's usage; return whether it told any.

    Its counts include what was cached and what was reasoned. ``asked`` and ``answered`` begin the
    names of the counts: prompt and completion, in the Responses API input and output.
    """
    given, output = count(found.get(f"{asked}_tokens")), count(found.get(f"{answered}_tokens"))
    if given is None and output is None:
        return False
    inner, made = (found.get(f"{side}_tokens_details") for side in (asked, answered))
    cached: Json = inner if isinstance(inner, dict) else {}
    # DeepSeek counts its cache beside the details.
    read = count(cached.get("cached_tokens")) or count(found.get("prompt_cache_hit_tokens"))
    written = count(cached.get("cache_write_tokens")) or count(cached.get("cache_creation_tokens"))
    set_tokens(
        call,
        given_input=given,
        output=output,
        cache_read=read,
        cache_write=written,
        reasoning=count(made.get("reasoning_tokens")) if isinstance(made, dict) else None,
    )
    return True

"""What the provider shapes share: message parts, images, parameters, OpenAI's usage."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from auditor.readers.call import add_unit
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, number, text

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
_TIERS = {
    "flex": "flex", "on_demand_flex": "flex",
    "priority": "priority", "fast": "priority", "on_demand_priority": "priority",
    "batch": "batch", "on_demand_batch": "batch",
    "scale": "provisioned", "reserved": "provisioned", "provisioned": "provisioned",
    "provisioned_throughput": "provisioned",
}  # fmt: skip
"""How providers write their tiers; on capacity paid in advance a token costs nothing.

Source: OpenAI, service_tier; Vertex AI, UsageMetadata.trafficType; Gemini API, serviceTier; Amazon
Bedrock, ServiceTier.
"""

_MODALITIES = ("audio", "image", "video")
_TICKS_PER_USD = 10_000_000_000


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


def tier_of(value: Any) -> str | None:
    """Return our name of a service tier as a provider writes it; None: no other than standard."""
    named = value.get("type") if isinstance(value, dict) else value
    return _TIERS.get((text(named) or "").lower().removeprefix("service_tier_"))


def take_tier(call: Call, body: Json) -> None:
    """Record the service tier that OpenAI says it served; other words mean the standard one."""
    call.service_tier = tier_of(body.get("service_tier")) or call.service_tier


def take_bill(call: Call, usd: Any) -> None:
    """Record what the provider says it billed; nothing for what is no amount."""
    found = number(usd)
    if found is not None and found > 0:
        call.logged_cost_usd, call.logged_cost_by = found, "provider"


def openai_usage(call: Call, found: Json, asked: str, answered: str) -> bool:
    """Set the token buckets from OpenAI's usage; return whether it told any.

    Its counts include what was cached, what was reasoned, and what was sound or pictures.
    ``asked`` and ``answered`` begin the names of the counts: prompt and completion, in the
    Responses API input and output.
    """
    given, output = count(found.get(f"{asked}_tokens")), count(found.get(f"{answered}_tokens"))
    if given is None and output is None:
        return False
    inner, made = (_details(found, side) for side in (asked, answered))
    # DeepSeek and Moonshot count their cache beside the details, LiteLLM keeps Anthropic's names
    # there too and splits writes by their life; LangChain leaves off "_tokens".
    read = _first(inner, ("cached_tokens", "cache_read", "cache_read_tokens")) or _first(
        found, ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
    )
    split = inner.get("cache_creation_token_details") or found.get("cache_creation")
    by_life = split if isinstance(split, dict) else inner
    hour = _first(by_life, ("ephemeral_1h_input_tokens",)) or 0
    written = _first(
        inner, ("cache_write_tokens", "cache_creation_tokens", "cache_creation")
    ) or _first(found, ("cache_creation_input_tokens",))
    parts = hour + (_first(by_life, ("ephemeral_5m_input_tokens",)) or 0)
    written = max(written or 0, parts)
    total = count(found.get("total_tokens"))
    reasoning = count(made.get("reasoning_tokens", made.get("reasoning")))
    if reasoning is None:
        reasoning = count(found.get("reasoning_tokens"))
    if found.get("citation_tokens") is not None:
        reasoning = None  # Perplexity bills its research by units of its own
    if not reasoning and "gemini" in (call.model or call.model_requested or "").lower():
        # Google's OpenAI endpoint counts thoughts in the total alone.
        reasoning = max(0, (total or 0) - (given or 0) - (output or 0)) or reasoning
    set_tokens(
        call,
        given_input=given,
        output=output,
        cache_read=read,
        cache_write=written,
        cache_write_1h=hour,
        reasoning=reasoning,
        total=total,
    )
    take_modalities(call, inner, made)
    return True


def _first(found: Json, names: tuple[str, ...]) -> int | None:
    """Return the first count above nothing that lies under one of some names."""
    return next((n for name in names if (n := count(found.get(name)))), None)


def _details(found: Json, side: str) -> Json:
    details = found.get(f"{side}_tokens_details")
    if not isinstance(details, dict):
        # LiteLLM and the Realtime API write input_token_details.
        details = found.get(f"{side}_token_details")
    return details if isinstance(details, dict) else {}


def take_modalities(call: Call, asked: Json, made: Json) -> None:
    """Count sound and pictures: cached ones apart from those that were read anew.

    ``asked`` and ``made`` are the details of input and output, under OpenAI's or LangChain's names.
    """
    cached = asked.get("cached_tokens_details")
    for kind in _MODALITIES:
        names = (f"{kind}_tokens", kind)
        again = _first(cached, names) if isinstance(cached, dict) else None
        given = _first(asked, names) or 0
        add_unit(call, f"cache_read_{kind}_tokens", again)
        add_unit(call, f"input_{kind}_tokens", max(0, given - (again or 0)))
        add_unit(call, f"output_{kind}_tokens", _first(made, names))


def take_tool_units(call: Call, found: Json) -> None:
    """Count the uses of hosted tools that a usage tells.

    Source: xAI, num_sources_used and server_side_tool_usage_details; Perplexity, usage of
    sonar-deep-research, and search_context_size, which is low where nobody says otherwise.
    """
    add_unit(call, "search_sources", count(found.get("num_sources_used")))
    details = found.get("server_side_tool_usage_details")
    if isinstance(details, dict):
        for tool in _XAI_TOOLS:
            add_unit(call, f"server_{tool}_calls", count(details.get(f"{tool}_calls")))
        call.needs_hosted_tools |= any(details.values())
        call.web_searches = None
    model = call.model or call.model_requested or ""
    if "deep-research" in model:
        add_unit(call, "citation_tokens", count(found.get("citation_tokens")))
        add_unit(call, "research_reasoning_tokens", count(found.get("reasoning_tokens")))
        call.web_searches = count(found.get("num_search_queries")) or call.web_searches
    size = found.get("search_context_size")
    asked = (call.params or {}).get("web_search_options")
    if size is None and isinstance(asked, dict):
        size = asked.get("search_context_size")
    if "sonar" in model and size in ("medium", "high"):
        add_unit(call, f"{size}_context_searches", 1)


_XAI_TOOLS = (
    "web_search", "x_search", "code_interpreter", "file_search", "document_search",
)  # fmt: skip


def take_openai_bill(call: Call, found: Json) -> None:
    """Take what the provider bills where it says so in its usage.

    Source: OpenRouter, usage accounting (with a key of the user's own the bill is its fee, and the
    model's provider bills the rest); Perplexity, usage.cost.total_cost; xAI, cost_in_usd_ticks.
    """
    cost = found.get("cost")
    details = found.get("cost_details")
    if isinstance(cost, dict):
        take_bill(call, cost.get("total_cost"))
    elif found.get("is_byok") is True:
        beside = details.get("upstream_inference_cost") if isinstance(details, dict) else None
        if (upstream := number(beside)) is not None:
            take_bill(call, (number(cost) or 0) + upstream)
    elif isinstance(details, dict) or "is_byok" in found or call.provider == "openrouter":
        take_bill(call, cost)
    elif (usd := number(cost)) is not None and usd > 0:
        call.logged_cost_usd = usd  # LiteLLM's proxy writes what it reckons into streams
    if (ticks := number(found.get("cost_in_usd_ticks"))) is not None:
        take_bill(call, ticks / _TICKS_PER_USD)

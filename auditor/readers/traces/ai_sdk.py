"""Vercel AI SDK: only the spans of its providers, whose names end in do...

Source: Vercel AI SDK, telemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import usage
from auditor.readers.api_shapes import anthropic as messages_api
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.traces import genai_messages
from auditor.readers.traces.span import first, set_provider
from auditor.readers.values import count, json_or_none, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json
    from auditor.readers.traces.span import Span


def fill(call: Call, span: Span) -> None:
    """Fill a call from the attributes of a span."""
    a = span.attributes
    call.api_shape = "embeddings" if str(a.get("ai.operationId")).endswith("doEmbed") else "chat"
    call.model_requested = text(a.get("ai.model.id"))
    call.model = text(first(a, "ai.response.model", "gen_ai.response.model"))
    call.provider_response_id = text(first(a, "ai.response.id", "gen_ai.response.id"))
    set_provider(call, a.get("ai.model.provider"), a.get("gen_ai.system"))
    call.endpoint = text(a.get("ai.operationId"))
    reason = text(a.get("ai.response.finishReason"))
    call.finish_reason = reason.replace("tool-calls", "tool_calls") if reason else None
    call.ttft_ms = number(a.get("ai.response.msToFirstChunk"))
    found = a.get("ai.values")
    values = found if isinstance(found, list) else []
    prompt = json_or_none(first(a, "ai.prompt.messages", "ai.prompt"))
    prompt = prompt.get("messages", prompt) if isinstance(prompt, dict) else prompt
    messages = genai_messages.conversation(call, prompt) or [
        {"role": "user", "content": text(json_or_none(v)) or str(v)} for v in values
    ]
    take_leading_system(call, messages)
    answer = first(a, "ai.response.text", "ai.response.object")
    call.response_text = answer if isinstance(answer, str) else None
    calls = json_or_none(a.get("ai.response.toolCalls"))
    call.tool_calls = (
        [genai_messages.tool_call(c) for c in calls if isinstance(c, dict)] or None
        if isinstance(calls, list)
        else None
    )
    tools = (
        [json_or_none(t) for t in a.get("ai.prompt.tools") or ()]
        if isinstance(a.get("ai.prompt.tools"), list)
        else []
    )
    call.tools = [
        {
            "type": "function",
            "function": {
                "name": t.get("name"),
                "description": t.get("description"),
                "parameters": t.get("inputSchema", t.get("parameters")),
            },
        }
        for t in tools
        if isinstance(t, dict)
    ] or None
    prefix = "gen_ai.request."
    call.params = params_of(
        {k.removeprefix(prefix): v for k, v in a.items() if k.startswith(prefix)}
    )
    _tokens(call, a)


def _tokens(call: Call, a: Json) -> None:
    metadata = json_or_none(a.get("ai.response.providerMetadata"))
    anthropic = metadata.get("anthropic") if isinstance(metadata, dict) else None
    raw = anthropic.get("usage") if isinstance(anthropic, dict) else None
    if isinstance(raw, dict):
        messages_api.usage(call, raw)
        return
    output = count(
        first(a, "ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens")
    )
    usage.set_tokens(
        call,
        given_input=count(
            first(
                a,
                "ai.usage.inputTokens",
                "ai.usage.promptTokens",
                "gen_ai.usage.input_tokens",
                "ai.usage.tokens",
            )
        ),
        output=0 if call.api_shape == "embeddings" else output,
        cache_read=count(a.get("ai.usage.cachedInputTokens")),
        reasoning=count(a.get("ai.usage.reasoningTokens")),
        total=count(a.get("ai.usage.totalTokens")),
        rule="auto",
    )

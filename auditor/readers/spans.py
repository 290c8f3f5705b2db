"""Trace spans to calls: one place for every tracer's attribute names.

Sources: OpenTelemetry semantic conventions for generative AI, current and old; OpenLLMetry 0.40 and
0.62; OpenInference; Vercel AI SDK telemetry. Input counts include what was cached in all of them,
unless that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.readers import genai_messages as gm
from auditor.readers import providers, shapes, usage
from auditor.readers.mapped import finish
from auditor.readers.model import Call, NotCall
from auditor.readers.shapes.common import params_of, take_leading_system
from auditor.readers.values import count, json_or_none, number, text

if TYPE_CHECKING:
    from auditor.readers.model import Json, Outcome

_CALLS = frozenset(
    (
        "chat",
        "completion",
        "text_completion",
        "generate_content",
        "embeddings",
        "embedding",
        "responses",
        "messages",
        "rerank",
    )
)
_LEAVES = re.compile(r"\.(doGenerate|doStream|doEmbed)$")
_FAILED = (2, "2", "STATUS_CODE_ERROR", "ERROR", "Error")
_REDACTED = "__REDACTED__"


@dataclass(slots=True)
class Span:
    """A span of any tracer; times in microseconds since the epoch."""

    attributes: Json
    trace_id: str | None = None
    span_id: str | None = None
    parent_id: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    status: Any = None
    status_message: str | None = None
    name: str | None = None
    service: str | None = None
    events: Sequence[Any] = ()
    content: list[tuple[str, Json]] = field(default_factory=list)
    """Messages from log records of this span: event name and body, in order."""


def kind(span: Span) -> str | None:
    """Return the convention a call's span follows; None: it is no call."""
    a = span.attributes
    operation = text(a.get("ai.operationId"))
    if operation:
        return "ai-sdk" if _LEAVES.search(operation) else None
    if wrapped := text(a.get("openinference.span.kind")):
        return "openinference" if wrapped.upper() in ("LLM", "EMBEDDING") else None
    operation = text(a.get("gen_ai.operation.name"))
    legacy = text(a.get("llm.request.type"))
    if operation is not None and operation.lower() not in _CALLS:
        return None
    model = (
        a.get("gen_ai.request.model")
        or a.get("gen_ai.response.model")
        or a.get("llm.request.model")
    )
    if (operation or legacy) or (
        model and (a.get("gen_ai.system") or a.get("gen_ai.provider.name"))
    ):
        if a.get("traceloop.span.kind") in ("workflow", "task", "agent", "tool"):
            return None
        return "openllmetry" if legacy or _is_openllmetry(a) else "otel-genai"
    return None


def _is_openllmetry(a: Json) -> bool:
    return (
        any(k.startswith(("traceloop.", "llm.", "gen_ai.prompt.")) for k in a)
        or "gen_ai.is_streaming" in a
    )


def read(span: Span) -> Outcome:
    """Turn one span into a call, or say that it is none."""
    convention = kind(span)
    if convention is None:
        return NotCall(f"span {span.name or ''} is no call to a model".replace("  ", " "))
    call = Call()
    call.reader = convention
    call.trace_id, call.parent_id = span.trace_id, span.parent_id
    call.log_id = f"{span.trace_id}:{span.span_id}" if span.span_id else None
    call.project = span.service
    if span.started_at is not None:
        call.called_at, call.time_kind = span.started_at, "start"
        if span.ended_at is not None and span.ended_at >= span.started_at:
            call.latency_ms = (span.ended_at - span.started_at) / 1000
    _READERS[convention](call, span)
    _common(call, span)
    finish(call)
    return call


def _first(a: Json, *keys: str) -> Any:
    return next((a[key] for key in keys if a.get(key) not in (None, "")), None)


def _common(call: Call, span: Span) -> None:
    a = span.attributes
    call.user_id = (
        text(
            _first(
                a,
                "user.id",
                "enduser.id",
                "gen_ai.user.id",
                "ai.telemetry.metadata.userId",
                "gen_ai.request.user",
            )
        )
        or call.user_id
    )
    call.conversation_id = (
        text(_first(a, "session.id", "gen_ai.conversation.id", "ai.telemetry.metadata.sessionId"))
        or call.conversation_id
    )
    tags = {
        key.removeprefix("traceloop.association.properties.").removeprefix("ai.telemetry."): value
        for key, value in a.items()
        if key.startswith(
            (
                "traceloop.association.properties.",
                "traceloop.workflow.name",
                "ai.telemetry.",
                "tag.",
                "metadata.",
            )
        )
        and isinstance(value, str | int | float | bool)
    }
    call.tags = tags or None
    failed = span.status in _FAILED or (
        isinstance(span.status, Mapping) and span.status.get("code") in _FAILED
    )
    error = text(a.get("error.type")) or text(a.get("exception.message"))
    if failed or a.get("error.type"):
        call.status = "error"
        call.error = span.status_message or error or call.error or "error"
        if (code := count(error)) and 400 <= code <= 599:  # noqa: PLR2004 - HTTP
            call.http_status = code
    elif call.status == "unknown":
        call.status = "ok"
    if _REDACTED in str(call.messages) or _REDACTED in str(call.response_text):
        call.content_state = "redacted"


def _provider(call: Call, *names: Any) -> None:
    found = next((n for n in names if isinstance(n, str) and n), None)
    if found:
        call.provider = providers.of_name(found)


def _genai(call: Call, span: Span) -> None:
    """OpenTelemetry's conventions and OpenLLMetry, which grew out of them."""
    a = span.attributes
    call.api_shape = (
        "embeddings"
        if str(_first(a, "gen_ai.operation.name", "llm.request.type")).startswith("embedding")
        else "chat"
    )
    call.model_requested = text(_first(a, "gen_ai.request.model", "llm.request.model"))
    call.model = text(_first(a, "gen_ai.response.model", "llm.response.model"))
    call.provider_response_id = text(_first(a, "gen_ai.response.id"))
    _provider(call, a.get("gen_ai.provider.name"), a.get("gen_ai.system"))
    if call.provider == "openai" and (
        base := text(_first(a, "gen_ai.openai.api_base", "server.address"))
    ):
        call.provider = providers.of_url(base) or call.provider
    reasons = a.get("gen_ai.response.finish_reasons")
    if isinstance(reasons, list) and reasons:
        call.finish_reason = text(reasons[0])
    elif reasons is not None:
        call.finish_reason = text(
            json_or_none(reasons)[0] if isinstance(json_or_none(reasons), list) else reasons
        )
    _genai_tokens(call, a)
    _genai_texts(call, span)
    prefix = "gen_ai.request."
    given = {key.removeprefix(prefix): value for key, value in a.items() if key.startswith(prefix)}
    call.params = {**params_of(given), **(call.params or {})}
    call.choices = count(a.get("gen_ai.request.choice.count"))
    seconds = number(a.get("gen_ai.server.time_to_first_token"))
    call.ttft_ms = seconds * 1000 if seconds else None
    tier = text(_first(a, "gen_ai.openai.response.service_tier", "openai.response.service_tier"))
    call.service_tier = tier if tier in ("flex", "priority", "batch") else "standard"


def _genai_tokens(call: Call, a: Json) -> None:
    given = count(
        _first(
            a, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"
        )
    )
    output = count(
        _first(
            a,
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.usage.completion_tokens",
        )
    )
    if given is None and output is None:
        return
    if call.api_shape == "embeddings":
        output = output or 0
    usage.take(
        call,
        given_input=given,
        output=output,
        cache_read=count(
            _first(
                a,
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.input_tokens.cache_read",
                "gen_ai.usage.details.cache_read_tokens",
            )
        ),
        cache_write=count(
            _first(
                a,
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "gen_ai.usage.details.cache_write_tokens",
            )
        ),
        reasoning=count(
            _first(
                a,
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "gen_ai.usage.details.reasoning_tokens",
            )
        ),
        total=count(_first(a, "llm.usage.total_tokens", "gen_ai.usage.total_tokens")),
        rule="auto",
    )


def _genai_texts(call: Call, span: Span) -> None:
    a = span.attributes
    asked = json_or_none(_first(a, "gen_ai.input.messages", "gen_ai.prompt"))
    answered = json_or_none(_first(a, "gen_ai.output.messages", "gen_ai.completion"))
    messages = gm.conversation(call, asked)
    answers = gm.conversation(call, answered)
    for event in span.events:
        inner = event.get("attributes") if isinstance(event, dict) else None
        if isinstance(inner, dict):
            messages = messages or gm.conversation(
                call, json_or_none(_first(inner, "gen_ai.input.messages", "gen_ai.prompt"))
            )
            answers = answers or gm.conversation(
                call, json_or_none(_first(inner, "gen_ai.output.messages", "gen_ai.completion"))
            )
    messages = messages or gm.conversation(call, gm.numbered(gm.unflatten(a, "gen_ai.prompt")))
    rows = gm.unflatten(a, "gen_ai.completion")
    answers = answers or gm.conversation(call, gm.numbered(rows))
    if rows and call.finish_reason is None:
        call.finish_reason = text(rows[0].get("finish_reason"))
    for event_name, body in span.content:
        if event_name.endswith("choice"):
            inner = body.get("message")
            answers += gm.conversation(call, [inner if isinstance(inner, dict) else body])
            call.finish_reason = call.finish_reason or text(body.get("finish_reason"))
        elif body:
            role = event_name.split(".")[1] if "." in event_name else "user"
            messages += gm.conversation(call, [{"role": role, **body}])
    messages = [m for m in messages if m.get("content") or m.get("tool_calls")]
    system = json_or_none(a.get("gen_ai.system_instructions"))
    system = a.get("gen_ai.system_instructions") if system is None else system
    parts = system if isinstance(system, list) else [system]
    texts = [
        p if isinstance(p, str) else p.get("content") for p in parts if isinstance(p, str | dict)
    ]
    call.system_text = "\n\n".join(t for t in texts if isinstance(t, str) and t) or None
    take_leading_system(call, messages)
    _answer(call, answers)
    tools = json_or_none(_first(a, "gen_ai.tool.definitions", "gen_ai.request.tools"))
    if not isinstance(tools, list):
        tools = [
            {
                "type": "function",
                "function": {**row, "parameters": json_or_none(row.get("parameters"))},
            }
            for row in gm.unflatten(a, "llm.request.functions")
        ]
    call.tools = [
        t if "function" in t else {"type": "function", "function": t}
        for t in tools
        if isinstance(t, dict)
    ] or None


def _answer(call: Call, answers: list[Json]) -> None:
    if not answers:
        return
    texts: list[str] = []
    calls: list[Json] = []
    for message in answers:
        content = message.get("content")
        if isinstance(content, str):
            texts.append(content)
        calls += message.get("tool_calls") or ()
    call.response_text = "".join(texts) or None
    call.tool_calls = calls or None


def _openinference(call: Call, span: Span) -> None:
    """OpenInference: the raw pair when it is there, numbered attributes otherwise."""
    a = span.attributes
    pair = [
        json_or_none(a.get(f"{side}.value")) if "json" in str(a.get(f"{side}.mime_type")) else None
        for side in ("input", "output")
    ]
    request = pair[0] if shapes.is_request(pair[0]) else None
    response = pair[1] if shapes.is_response(pair[1]) else None
    state = call.content_state
    if request is not None or response is not None:
        shapes.decode(call, request, response)
        call.content_state = state
    call.api_shape = (
        "embeddings"
        if str(a.get("openinference.span.kind")).upper() == "EMBEDDING"
        else call.api_shape
        if call.api_shape != "other"
        else "chat"
    )
    _provider(call, a.get("llm.provider"), a.get("llm.system"))
    call.model = call.model or text(_first(a, "llm.model_name", "embedding.model_name"))
    params = json_or_none(a.get("llm.invocation_parameters"))
    if isinstance(params, dict):
        call.model_requested = call.model_requested or text(params.get("model"))
        call.params = call.params or params_of(params)
        call.user_id = call.user_id or text(params.get("user"))
    if not call.messages:
        rows = gm.openinference(a, "llm.input_messages")
        take_leading_system(call, gm.conversation(call, rows or pair[0]))
    if call.response_text is None and not call.tool_calls:
        _answer(call, gm.conversation(call, gm.openinference(a, "llm.output_messages")))
        if call.response_text is None and not call.tool_calls:
            output = pair[1] if isinstance(pair[1], dict) else {}
            call.response_text = text(output.get("text")) if output else text(a.get("output.value"))
    if not call.tools:
        tools = [json_or_none(row.get("tool.json_schema")) for row in gm.unflatten(a, "llm.tools")]
        call.tools = [tool for tool in tools if isinstance(tool, dict)] or None
    if call.usage_state == "absent":
        usage.take(
            call,
            given_input=count(a.get("llm.token_count.prompt")),
            output=count(a.get("llm.token_count.completion")),
            cache_read=count(
                _first(
                    a,
                    "llm.token_count.prompt_details.cache_read",
                    "llm.token_count.prompt_details.cache_input",
                )
            ),
            cache_write=count(a.get("llm.token_count.prompt_details.cache_write")),
            reasoning=count(a.get("llm.token_count.completion_details.reasoning")),
            total=count(a.get("llm.token_count.total")),
            rule="auto",
        )
    cost = number(a.get("llm.cost.total"))
    call.logged_cost_usd = cost or None


def _ai_sdk(call: Call, span: Span) -> None:
    """Vercel AI SDK: only the spans of its providers, whose names end in do..."""
    a = span.attributes
    call.api_shape = "embeddings" if str(a.get("ai.operationId")).endswith("doEmbed") else "chat"
    call.model_requested = text(a.get("ai.model.id"))
    call.model = text(_first(a, "ai.response.model", "gen_ai.response.model"))
    call.provider_response_id = text(_first(a, "ai.response.id", "gen_ai.response.id"))
    _provider(call, a.get("ai.model.provider"), a.get("gen_ai.system"))
    call.endpoint = text(a.get("ai.operationId"))
    reason = text(a.get("ai.response.finishReason"))
    call.finish_reason = reason.replace("tool-calls", "tool_calls") if reason else None
    call.ttft_ms = number(a.get("ai.response.msToFirstChunk"))
    found = a.get("ai.values")
    values = found if isinstance(found, list) else []
    prompt = json_or_none(_first(a, "ai.prompt.messages", "ai.prompt"))
    prompt = prompt.get("messages", prompt) if isinstance(prompt, dict) else prompt
    messages = gm.conversation(call, prompt) or [
        {"role": "user", "content": text(json_or_none(v)) or str(v)} for v in values
    ]
    take_leading_system(call, messages)
    answer = _first(a, "ai.response.text", "ai.response.object")
    call.response_text = answer if isinstance(answer, str) else None
    calls = json_or_none(a.get("ai.response.toolCalls"))
    call.tool_calls = (
        [gm.tool_call(c) for c in calls if isinstance(c, dict)] or None
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
    _ai_sdk_tokens(call, a)


def _ai_sdk_tokens(call: Call, a: Json) -> None:
    metadata = json_or_none(a.get("ai.response.providerMetadata"))
    anthropic = metadata.get("anthropic") if isinstance(metadata, dict) else None
    raw = anthropic.get("usage") if isinstance(anthropic, dict) else None
    if isinstance(raw, dict):
        shapes.anthropic.usage(call, raw)
        return
    output = count(
        _first(
            a, "ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens"
        )
    )
    usage.take(
        call,
        given_input=count(
            _first(
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


_READERS = {
    "otel-genai": _genai,
    "openllmetry": _genai,
    "openinference": _openinference,
    "ai-sdk": _ai_sdk,
}


def wrappers(spans: Sequence[Span]) -> set[int]:
    """Return the positions of call spans above another call span: they repeat its usage."""
    by_id: dict[tuple[str | None, str | None], int] = {
        (s.trace_id, s.span_id): n for n, s in enumerate(spans) if s.span_id
    }
    found: set[int] = set()
    for n, span in enumerate(spans):
        if kind(span) is None:
            continue
        seen = {n}
        above = by_id.get((span.trace_id, span.parent_id))
        while above is not None and above not in seen:
            seen.add(above)
            if kind(spans[above]) is not None:
                found.add(above)
            above = by_id.get((span.trace_id, spans[above].parent_id))
    return found

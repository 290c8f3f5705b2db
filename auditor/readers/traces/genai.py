"""OpenTelemetry's conventions for generative AI, and OpenLLMetry, which grew out of them.

Sources: OpenTelemetry semantic conventions, current and old; OpenLLMetry 0.40 and 0.62.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import providers, usage
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.traces import genai_messages
from auditor.readers.traces.span import first, set_answer, set_provider
from auditor.readers.values import choice_count, count, json_or_none, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json
    from auditor.readers.traces.span import Span


def fill(call: Call, span: Span) -> None:
    """Fill a call from the attributes, events and log records of a span."""
    a = span.attributes
    call.api_shape = (
        "embeddings"
        if str(first(a, "gen_ai.operation.name", "llm.request.type")).startswith("embedding")
        else "chat"
    )
    call.model_requested = text(first(a, "gen_ai.request.model", "llm.request.model"))
    call.model = text(first(a, "gen_ai.response.model", "llm.response.model"))
    call.provider_response_id = text(first(a, "gen_ai.response.id"))
    set_provider(call, a.get("gen_ai.provider.name"), a.get("gen_ai.system"))
    if call.provider == "openai" and (
        base := text(first(a, "gen_ai.openai.api_base", "server.address"))
    ):
        call.provider = providers.of_url(base) or call.provider
    reasons = a.get("gen_ai.response.finish_reasons")
    listed = json_or_none(reasons)
    if isinstance(listed, list):
        call.finish_reason = text(listed[0]) if listed else None
    else:
        call.finish_reason = text(reasons)
    _tokens(call, a)
    _texts(call, span)
    prefix = "gen_ai.request."
    given = {key.removeprefix(prefix): value for key, value in a.items() if key.startswith(prefix)}
    call.params = {**params_of(given), **(call.params or {})}
    call.choices = choice_count(a.get("gen_ai.request.choice.count"))
    seconds = number(a.get("gen_ai.server.time_to_first_token"))
    call.ttft_ms = seconds * 1000 if seconds else None
    tier = text(first(a, "gen_ai.openai.response.service_tier", "openai.response.service_tier"))
    call.service_tier = tier if tier in ("flex", "priority", "batch") else "standard"


def _tokens(call: Call, a: Json) -> None:
    given = count(
        first(
            a, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"
        )
    )
    output = count(
        first(
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
    usage.set_tokens(
        call,
        given_input=given,
        output=output,
        cache_read=count(
            first(
                a,
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.input_tokens.cache_read",
                "gen_ai.usage.details.cache_read_tokens",
            )
        ),
        cache_write=count(
            first(
                a,
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "gen_ai.usage.details.cache_write_tokens",
            )
        ),
        reasoning=count(
            first(
                a,
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "gen_ai.usage.details.reasoning_tokens",
            )
        ),
        total=count(first(a, "llm.usage.total_tokens", "gen_ai.usage.total_tokens")),
        rule="auto",
    )


def _texts(call: Call, span: Span) -> None:
    a = span.attributes
    asked = json_or_none(first(a, "gen_ai.input.messages", "gen_ai.prompt"))
    answered = json_or_none(first(a, "gen_ai.output.messages", "gen_ai.completion"))
    messages = genai_messages.conversation(call, asked)
    answers = genai_messages.conversation(call, answered)
    for event in span.events:
        inner = event.get("attributes") if isinstance(event, dict) else None
        if isinstance(inner, dict):
            messages = messages or genai_messages.conversation(
                call, json_or_none(first(inner, "gen_ai.input.messages", "gen_ai.prompt"))
            )
            answers = answers or genai_messages.conversation(
                call, json_or_none(first(inner, "gen_ai.output.messages", "gen_ai.completion"))
            )
    messages = messages or genai_messages.conversation(
        call, genai_messages.numbered(genai_messages.unflatten(a, "gen_ai.prompt"))
    )
    rows = genai_messages.unflatten(a, "gen_ai.completion")
    answers = answers or genai_messages.conversation(call, genai_messages.numbered(rows))
    if rows and call.finish_reason is None:
        call.finish_reason = text(rows[0].get("finish_reason"))
    for event_name, body in span.content:
        if event_name.endswith("choice"):
            inner = body.get("message")
            answers += genai_messages.conversation(
                call, [inner if isinstance(inner, dict) else body]
            )
            call.finish_reason = call.finish_reason or text(body.get("finish_reason"))
        elif body:
            role = event_name.split(".")[1] if "." in event_name else "user"
            messages += genai_messages.conversation(call, [{"role": role, **body}])
    messages = [m for m in messages if m.get("content") or m.get("tool_calls")]
    system = json_or_none(a.get("gen_ai.system_instructions"))
    system = a.get("gen_ai.system_instructions") if system is None else system
    parts = system if isinstance(system, list) else [system]
    texts = [
        p if isinstance(p, str) else p.get("content") for p in parts if isinstance(p, str | dict)
    ]
    call.system_text = "\n\n".join(t for t in texts if isinstance(t, str) and t) or None
    take_leading_system(call, messages)
    set_answer(call, answers)
    tools = json_or_none(first(a, "gen_ai.tool.definitions", "gen_ai.request.tools"))
    if not isinstance(tools, list):
        tools = [
            {
                "type": "function",
                "function": {**row, "parameters": json_or_none(row.get("parameters"))},
            }
            for row in genai_messages.unflatten(a, "llm.request.functions")
        ]
    call.tools = [
        t if "function" in t else {"type": "function", "function": t}
        for t in tools
        if isinstance(t, dict)
    ] or None

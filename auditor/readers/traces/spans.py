"""Trace spans to calls: which spans are calls, and what all tracers say alike.

What each family of tracers calls things is in a module of its own beside this one. Input counts
include what was cached in all of them, unless that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from auditor.readers.call import Call, NotCall
from auditor.readers.finishing import finish
from auditor.readers.traces import ai_sdk, genai, openinference
from auditor.readers.traces.span import Span, first
from auditor.readers.values import count, text

if TYPE_CHECKING:
    from auditor.readers.call import Json, Outcome

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


def kind(span: Span) -> str | None:
    """Return the convention a call's span follows; None: the span is not a call."""
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
    """Turn one span into a call, or say why it is not one."""
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


def _common(call: Call, span: Span) -> None:
    a = span.attributes
    call.user_id = (
        text(
            first(
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
        text(first(a, "session.id", "gen_ai.conversation.id", "ai.telemetry.metadata.sessionId"))
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


_READERS = {
    "otel-genai": genai.fill,
    "openllmetry": genai.fill,
    "openinference": openinference.fill,
    "ai-sdk": ai_sdk.fill,
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

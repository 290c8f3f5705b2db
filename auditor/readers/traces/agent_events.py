"""What coding agents report of their calls by OpenTelemetry, as log records and not as spans.

Sources: Claude Code, monitoring usage (``claude_code.api_request``: tokens as Anthropic counts
them, the cost is Anthropic's own reckoning); Gemini CLI, telemetry (``gemini_cli.api_response``:
tokens as Google counts them), and Qwen Code, which is made from it; Codex, ``codex.sse_event`` of
the kind ``response.completed``. Prompts are in none of them, unless their users asked for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.readers import providers
from auditor.readers.api_shapes import gemini
from auditor.readers.call import Call, NotCall
from auditor.readers.finishing import finish
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, http_status, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.readers.call import Json, Outcome

_FIRST_ERROR = 400
_OF_ITS_PROVIDER = "claude_code"
"""Its cost is Anthropic's own reckoning, which knows what tokens do not say: fast mode, place."""

_NAME = re.compile(r"([a-z_-]{1,40}\.)?[a-z_]{1,60}")


def event_of(attributes: Json, body: Any, name: str | None, service: str | None) -> str | None:
    """Return the full name of an agent's event; None: the record is something else.

    It is the body of the record, its name, or the attribute ``event.name``, which may lack the
    agent's own name: that is the service's.
    """
    agent = (service or "").replace("-", "_")
    for found in (body, name, attributes.get("event.name")):
        if not isinstance(found, str) or not _NAME.fullmatch(found):
            continue
        full = found if "." in found else f"{agent}.{found}"
        if full.partition(".")[0].replace("-", "_") in _AGENTS:
            return full
    return None


def read(event: str, attributes: Json, at: int | None) -> Outcome:
    """Return the call of an agent's event; most events are about something else."""
    agent, _, kind = event.partition(".")
    agent = agent.replace("-", "_")
    tokens = _AGENTS[agent].get(kind)
    if tokens is None or attributes.get("event.kind", _COMPLETED) != _COMPLETED:
        return NotCall(f"event {event}")
    call = Call()
    call.reader = f"{agent.replace('_', '-')}-telemetry"
    call.endpoint = agent.replace("_", "-")
    call.model = text(attributes.get("model")) or text(attributes.get("model_name"))
    call.provider = providers.of_model(call.model) if call.model else None
    call.log_id = text(attributes.get("request_id"))
    call.trace_id = text(attributes.get("prompt_id")) or text(attributes.get("prompt.id"))
    call.conversation_id = text(attributes.get("session.id", attributes.get("conversation.id")))
    call.user_id = text(attributes.get("user.id"))
    call.team = text(attributes.get("organization.id"))
    call.called_at = moment(attributes.get("event.timestamp"))
    if call.called_at is None:
        call.called_at = at
    call.time_kind = "end" if call.called_at is not None else None
    latency = number(attributes.get("duration_ms"))
    call.latency_ms = latency if latency and latency > 0 else None
    status = attributes.get("status_code", attributes.get("http.status_code"))
    call.http_status = http_status(status)
    cost = number(attributes.get("cost_usd"))
    call.logged_cost_usd = cost if cost and cost > 0 else None
    if agent == _OF_ITS_PROVIDER and call.logged_cost_usd is not None:
        call.logged_cost_by = "provider"
    call.response_text = text(attributes.get("response_text"))
    tokens(call, attributes)
    error = text(attributes.get("error.message")) or text(attributes.get("error"))
    failed = kind == "api_error" or bool(error) or (call.http_status or 0) >= _FIRST_ERROR
    call.status = "error" if failed else "ok"
    call.error = error if failed else None
    finish(call)
    return call


def _anthropic(call: Call, found: Json) -> None:
    set_tokens(
        call,
        given_input=count(found.get("input_tokens")),
        output=count(found.get("output_tokens")),
        cache_read=count(found.get("cache_read_tokens")),
        cache_write=count(found.get("cache_creation_tokens")),
        rule="exclusive",
    )


def _gemini(call: Call, found: Json) -> None:
    names = {
        "promptTokenCount": "input_token_count",
        "candidatesTokenCount": "output_token_count",
        "cachedContentTokenCount": "cached_content_token_count",
        "thoughtsTokenCount": "thoughts_token_count",
        "toolUsePromptTokenCount": "tool_token_count",
    }
    gemini.usage(call, {theirs: found.get(name) for theirs, name in names.items()})


def _openai(call: Call, found: Json) -> None:
    set_tokens(
        call,
        given_input=count(found.get("input_token_count")),
        output=count(found.get("output_token_count")),
        cache_read=count(found.get("cached_token_count")),
        reasoning=count(found.get("reasoning_token_count")),
    )


_COMPLETED = "response.completed"
_OF_GEMINI: dict[str, Callable[[Call, Json], None]] = {
    "api_response": _gemini,
    "api_error": _gemini,
}
_AGENTS: dict[str, dict[str, Callable[[Call, Json], None]]] = {
    "claude_code": {"api_request": _anthropic, "api_error": _anthropic},
    "gemini_cli": _OF_GEMINI,
    "qwen_code": _OF_GEMINI,
    "codex": {"sse_event": _openai},
}
"""Agent to those of its events that are calls, and how it counts their tokens."""

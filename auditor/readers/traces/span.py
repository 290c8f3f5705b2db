"""A span of any tracer, and what the families of tracers share in reading one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.readers import providers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Call, Json


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


def first(a: Json, *keys: str) -> Any:
    """Return the first attribute that says something."""
    return next((a[key] for key in keys if a.get(key) not in (None, "")), None)


def set_provider(call: Call, *names: Any) -> None:
    """Take the provider from the first name that is one."""
    found = next((n for n in names if isinstance(n, str) and n), None)
    if found:
        call.provider = providers.of_name(found)


def set_answer(call: Call, answers: list[Json]) -> None:
    """Take texts and tool calls of the messages that were answered."""
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

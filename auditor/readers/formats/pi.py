"""Sessions of pi and of agents made from it, such as OpenClaw: a line for each message.

Source: structure of ``~/.pi/agent/sessions/*/*.jsonl`` (pi-mono, packages/ai, types ``Usage`` and
``AssistantMessage``): ``input`` leaves out what was cached, the cost is the agent's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import agent_sessions, usage
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.history import History
from auditor.readers.values import count, moment, one_of, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.readers.call import Outcome

name = "pi"
title = "sessions of pi and OpenClaw"
reach = "file"

_OTHERS = frozenset((
    "session", "model_change", "thinking_level_change", "compaction", "branch_summary", "custom",
    "custom_message", "label", "session_info",
))  # fmt: skip


def matches(record: Json) -> bool:
    """Say whether the record is a line of a session."""
    message = record.get("message")
    if record.get("type") == "message":
        return isinstance(message, dict) and "role" in message and "id" in record
    return (
        one_of(record.get("type"), _OTHERS)
        and "id" in record
        and "timestamp" in record
        and ("cwd" in record or "parentId" in record)
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read each answer as a call, its prompt along the chain of parents."""
    head = next((record for record in records if record.get("type") == "session"), {})
    history = History()
    by_id = {str(record.get("id")): record for record in records}
    return [
        [_call(record, head, by_id, history)]
        if isinstance(_message(record).get("usage"), dict)
        else [NotCall(f"line of type {record.get('type')}")]
        for record in records
    ]


def _message(record: Json) -> Json:
    found = record.get("message")
    return found if isinstance(found, dict) else {}


def _call(record: Json, head: Json, by_id: dict[str, Json], history: History) -> Call:
    message = _message(record)
    counts = message["usage"]
    cost = counts.get("cost")
    call = agent_sessions.answer(
        name,
        log_id=record.get("id"),
        at=moment(message.get("timestamp")) or moment(record.get("timestamp")),
        model=message.get("model"),
        provider=message.get("provider"),
        session=head.get("id"),
        project=head.get("cwd"),
        cost=cost.get("total") if isinstance(cost, dict) else None,
        before=history.kept(_above(record, by_id)),
    )
    call.provider_response_id = text(message.get("responseId"))
    usage.set_tokens(
        call,
        given_input=count(counts.get("input")),
        output=count(counts.get("output")),
        cache_read=count(counts.get("cacheRead")),
        cache_write=count(counts.get("cacheWrite")),
        rule="exclusive",
    )
    call.finish_reason = text(message.get("stopReason"))
    if call.finish_reason in ("error", "aborted"):
        call.status = "error" if call.finish_reason == "error" else "cancelled"
        call.error = text(message.get("errorMessage"))
    said = _said(message)
    return agent_sessions.finished(call, said[0] if said else None)


def _above(record: Json, by_id: dict[str, Json]) -> Iterator[Json]:
    """Yield the messages before a line, newest first."""
    seen: set[str] = set()
    above = text(record.get("parentId"))
    while above is not None and above not in seen and above in by_id:
        seen.add(above)
        yield from reversed(_said(_message(by_id[above])))
        above = text(by_id[above].get("parentId"))


def _said(message: Json) -> list[Json]:
    role, content = message.get("role"), message.get("content")
    words = agent_sessions.texts(content)
    if role == "toolResult":
        return [agent_sessions.tool_result(message.get("toolCallId"), words or "")]
    blocks: list[Any] = content if isinstance(content, list) else []
    asked = [
        agent_sessions.tool_call(block.get("id"), block.get("name"), block.get("arguments"))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "toolCall"
    ]
    if role not in ("user", "assistant") or not (words or asked):
        return []
    return [agent_sessions.message(role, words, asked)]

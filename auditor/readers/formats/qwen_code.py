"""Qwen Code sessions: a tree of lines like Claude Code's, whose messages are like Gemini's.

Source: structure of ``~/.qwen/projects/*/chats/*.jsonl``, as qwen-code's ChatRecordingService
writes it. Its models speak OpenAI's API, which counts thoughts into the output: the total tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import agent_sessions, usage
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.history import History
from auditor.readers.values import count, moment, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.readers.call import Outcome

name = "qwen-code"
title = "Qwen Code sessions"
reach = "file"


def matches(record: Json) -> bool:
    """Say whether the record is a line of a session."""
    if "uuid" not in record or "sessionId" not in record:
        return False
    message = record.get("message")
    return (
        (isinstance(message, dict) and isinstance(message.get("parts"), list))
        or "usageMetadata" in record
        or "systemPayload" in record
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read each answer with tokens as a call, its prompt along the chain of parents."""
    history = History()
    by_uuid = {str(record.get("uuid")): record for record in records}
    return [
        [_call(record, by_uuid, history)]
        if isinstance(record.get("usageMetadata"), dict)
        else [NotCall(f"line of type {record.get('type')}")]
        for record in records
    ]


def _call(record: Json, by_uuid: dict[str, Json], history: History) -> Call:
    call = agent_sessions.answer(
        name,
        log_id=record.get("uuid"),
        at=moment(record.get("timestamp")),
        model=record.get("model"),
        session=record.get("sessionId"),
        project=record.get("cwd"),
        before=history.kept(_above(record, by_uuid)),
    )
    _usage(call, record["usageMetadata"])
    said = _said(record)
    return agent_sessions.finished(call, said[0] if said else None)


def _usage(call: Call, found: Json) -> None:
    asked, made = count(found.get("promptTokenCount")), count(found.get("candidatesTokenCount"))
    thoughts, total = count(found.get("thoughtsTokenCount")), count(found.get("totalTokenCount"))
    beside = None not in (asked, made, thoughts) and total == (asked or 0) + (made or 0) + (
        thoughts or 0
    )
    usage.set_tokens(
        call,
        given_input=asked,
        output=(made or 0) + (thoughts or 0) if beside else made,
        cache_read=count(found.get("cachedContentTokenCount")),
        reasoning=thoughts,
    )


def _above(record: Json, by_uuid: dict[str, Json]) -> Iterator[Json]:
    """Yield the messages before a line, newest first."""
    seen: set[str] = set()
    above = text(record.get("parentUuid"))
    while above is not None and above not in seen and above in by_uuid:
        seen.add(above)
        yield from reversed(_said(by_uuid[above]))
        above = text(by_uuid[above].get("parentUuid"))


def _said(record: Json) -> list[Json]:
    message = record.get("message")
    given = message.get("parts") if isinstance(message, dict) else None
    parts = [p for p in given if isinstance(p, dict)] if isinstance(given, list) else []
    asked = [
        agent_sessions.tool_call(f.get("id") or f.get("name"), f.get("name"), f.get("args"))
        for f in _all(parts, "functionCall")
    ]
    results = [
        agent_sessions.tool_result(f.get("id") or f.get("name"), f.get("response"))
        for f in _all(parts, "functionResponse")
    ]
    words = agent_sessions.texts(parts)
    role = "assistant" if record.get("type") == "assistant" else "user"
    return ([agent_sessions.message(role, words, asked)] if words or asked else []) + results


def _all(parts: list[Json], key: str) -> list[Any]:
    return [part[key] for part in parts if isinstance(part.get(key), dict)]

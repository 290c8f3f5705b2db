"""Gemini CLI sessions: a document of messages, or a line for each of them.

Source: structure of ``~/.gemini/tmp/*/chats/session-*.json``, as gemini-cli's
ChatRecordingService writes it. ``tokens`` are the API's own counts: ``input`` includes what was
cached, ``output`` leaves out the thoughts, ``tool`` is input beside. A line that is written again
replaces the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import agent_sessions
from auditor.readers.api_shapes import gemini
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.history import History
from auditor.readers.values import moment, one_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "gemini-cli"
title = "Gemini CLI sessions"
reach = "file"

_TYPES = frozenset(("user", "gemini", "info", "error", "warning"))
_COUNTS = {
    "input": "promptTokenCount",
    "output": "candidatesTokenCount",
    "cached": "cachedContentTokenCount",
    "thoughts": "thoughtsTokenCount",
    "tool": "toolUsePromptTokenCount",
}


def matches(record: Json) -> bool:
    """Say whether the record is a session, its head, or one of its lines."""
    if "sessionId" in record and "projectHash" in record:
        return True
    return (
        one_of(record.get("type"), _TYPES)
        and record.keys() >= {"id", "timestamp", "content"}
        and not record.keys() & {"message", "uuid", "sessionId"}
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read sessions from front to end: each answer with tokens is a call."""
    heads: Json = {}
    lines: list[Json] = []
    counted: list[int] = []
    for record in records:
        if "projectHash" in record:
            heads = {k: v for k, v in record.items() if k != "messages"}
            found = record.get("messages")
            inner = [m for m in found if isinstance(m, dict)] if isinstance(found, list) else []
        else:
            inner = [record]
        lines += [{**line, "_head": heads} for line in inner]
        counted.append(len(inner))
    outcomes = iter(_outcomes(lines))
    return [[next(outcomes) for _ in range(n)] or [NotCall("head of a session")] for n in counted]


def _outcomes(lines: Sequence[Json]) -> list[Outcome]:
    last = {_key(line): n for n, line in enumerate(lines)}
    said: dict[Any, list[Json]] = {}
    history = History()
    found: list[Outcome] = []
    calls: dict[int, Call] = {}
    for n, line in enumerate(lines):
        newest = last[_key(line)]
        if newest != n:
            found.append(NotCall("written again later"))
            continue
        before = said.setdefault(text(line["_head"].get("sessionId")), [])
        if line.get("type") == "gemini" and isinstance(line.get("tokens"), dict):
            calls[n] = _call(line, history.kept(reversed(before)))
            found.append(calls[n])
        else:
            found.append(NotCall(f"message of type {line.get('type')}"))
        before += _said(line)
    return found


def _key(line: Json) -> tuple[str | None, str | None, int]:
    identity = text(line.get("id"))
    return text(line["_head"].get("sessionId")), identity, 0 if identity else id(line)


def _call(line: Json, before: Sequence[Json]) -> Call:
    head = line["_head"]
    call = agent_sessions.answer(
        name,
        log_id=line.get("id"),
        at=moment(line.get("timestamp")),
        model=line.get("model"),
        session=head.get("sessionId"),
        project=head.get("projectHash"),
        before=before,
    )
    call.api_shape = "gemini"
    gemini.usage(call, {theirs: line["tokens"].get(ours) for ours, theirs in _COUNTS.items()})
    said = _said(line)
    return agent_sessions.finished(call, said[0] if said else None)


def _said(line: Json) -> list[Json]:
    """Return what a line adds to the conversation: a message, and what its tools gave back."""
    words = agent_sessions.texts(line.get("content"))
    if line.get("type") == "user":
        return [agent_sessions.message("user", words)] if words else []
    if line.get("type") != "gemini":
        return []
    given = line.get("toolCalls")
    tools = [t for t in given if isinstance(t, dict)] if isinstance(given, list) else []
    asked = [agent_sessions.tool_call(t.get("id"), t.get("name"), t.get("args")) for t in tools]
    said = [agent_sessions.message("assistant", words, asked)] if words or asked else []
    return said + [
        agent_sessions.tool_result(t.get("id"), t["result"]) for t in tools if t.get("result")
    ]

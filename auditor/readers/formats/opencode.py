"""OpenCode sessions: a file for each message and for each of its parts, in folders beside.

Source: structure of ``~/.local/share/opencode/storage/{session,message,part}`` (opencode,
session/message-v2): ``tokens.input`` leaves out what was cached; reasoning is beside the output, as
the agent's own cost counts it. A message of several steps tells the tokens of the last one only:
then its ``step-finish`` parts are the calls.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from auditor.readers import agent_sessions, usage
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.history import History
from auditor.readers.values import count, moment, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "opencode"
title = "OpenCode sessions"
reach = "run"


def matches(record: Json) -> bool:
    """Say whether the record is a message, a part of one, or a session."""
    identity = record.get("id")
    if not isinstance(identity, str):
        return False
    if "sessionID" in record:
        part = "messageID" in record and "type" in record
        return part or ("role" in record and "time" in record)
    return identity.startswith("ses_") and "time" in record and "projectID" in record


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Join messages with their parts: each answer with tokens is a call."""
    parts: dict[str, list[int]] = defaultdict(list)
    for n, record in enumerate(records):
        if "messageID" in record:
            parts[str(record["messageID"])].append(n)
    for found in parts.values():
        found.sort(key=lambda n: str(records[n]["id"]))  # ids grow with time
    sessions: dict[str, list[Json]] = defaultdict(list)
    history = History()
    outcomes: dict[int, Outcome] = {}
    messages = [n for n, record in enumerate(records) if "role" in record]
    for n in sorted(messages, key=lambda n: (_began(records[n]) or 0, str(records[n]["id"]))):
        message = records[n]
        own = [records[m] for m in parts[str(message["id"])]]
        before = sessions[str(message["sessionID"])]
        said = _said(message, own)
        if message.get("role") == "assistant" and isinstance(message.get("tokens"), dict):
            asked = history.kept(reversed(before))
            steps = [m for m in parts[str(message["id"])] if _is_step(records[m])]
            if len(steps) > 1:
                outcomes |= {m: _call(message, records[m], asked, None) for m in steps}
            else:
                outcomes[n] = _call(message, message, asked, said[0] if said else None)
        before += said
    return [
        [outcomes.get(n) or NotCall("a part of a session", _owner(record, parts, outcomes))]
        for n, record in enumerate(records)
    ]


def _owner(record: Json, parts: dict[str, list[int]], outcomes: dict[int, Outcome]) -> Call | None:
    """Return the call that a record is a part of, where its message is one."""
    members = parts.get(str(record.get("messageID") or record["id"]), [])
    found = [outcomes[n] for n in members if n in outcomes]
    return found[-1] if found and isinstance(found[-1], Call) else None


def _is_step(part: Json) -> bool:
    return part.get("type") == "step-finish" and isinstance(part.get("tokens"), dict)


def _began(message: Json) -> int | None:
    return moment(_dict(message.get("time")).get("created"))


def _call(message: Json, counted: Json, before: Sequence[Json], said: Json | None) -> Call:
    """Return the call of an answer, or of one of its steps, which tells tokens and cost."""
    began, ended = _began(message), moment(_dict(message.get("time")).get("completed"))
    call = agent_sessions.answer(
        name,
        log_id=counted["id"],
        at=began,
        model=message.get("modelID"),
        provider=message.get("providerID"),
        session=message.get("sessionID"),
        project=_dict(message.get("path")).get("cwd"),
        cost=counted.get("cost"),
        before=before,
    )
    call.time_kind = "start" if began is not None else None
    if counted is message and began is not None and ended is not None and ended > began:
        call.latency_ms = (ended - began) / 1000
    _usage(call, counted["tokens"])
    call.finish_reason = text(message.get("finish"))
    if error := _dict(message.get("error")):
        call.status = "error"
        call.error = text(_dict(error.get("data")).get("message")) or text(error.get("name"))
    return agent_sessions.finished(call, said)


def _usage(call: Call, tokens: Json) -> None:
    cache = _dict(tokens.get("cache"))
    made, thought = count(tokens.get("output")), count(tokens.get("reasoning"))
    given = count(tokens.get("input"))
    usage.set_tokens(
        call,
        # 0 of both is how a message begins that never got an answer.
        given_input=given if given or made else None,
        output=made + (thought or 0) if made is not None and (given or made) else None,
        cache_read=count(cache.get("read")),
        cache_write=count(cache.get("write")),
        reasoning=thought,
        rule="exclusive",
    )


def _said(message: Json, parts: Sequence[Json]) -> list[Json]:
    """Return what a message adds to the conversation, and what its tools gave back."""
    words = agent_sessions.texts([p for p in parts if not p.get("synthetic")])
    tools = [p for p in parts if p.get("type") == "tool"]
    asked = [
        agent_sessions.tool_call(p.get("callID"), p.get("tool"), _dict(p.get("state")).get("input"))
        for p in tools
    ]
    results = [
        agent_sessions.tool_result(p.get("callID"), _dict(p.get("state")).get("output"))
        for p in tools
        if _dict(p.get("state")).get("output")
    ]
    role = "assistant" if message.get("role") == "assistant" else "user"
    return ([agent_sessions.message(role, words, asked)] if words or asked else []) + results


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}

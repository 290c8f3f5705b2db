"""Claude Code sessions: one answer is several lines, and prompts are the chain of lines before it.

Source: structure of ``~/.claude/projects`` as read by ccusage (adapter/claude): the lines of one
answer share message.id and requestId and repeat a growing usage. System prompt and tools are not
logged. On a subscription the cost is notional. Who served a call is told by the ids: Amazon Bedrock
gives ``msg_bdrk_``, Vertex AI ``msg_vrtx_``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, providers
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.formats import qwen_code
from auditor.readers.history import History
from auditor.readers.values import count, moment, number, one_of, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.readers.call import Outcome

name = "claude-code"
title = "Claude Code sessions"
reach = "file"

_TYPES = frozenset((
    "user", "assistant", "system", "summary", "file-history-snapshot", "queue-operation",
    "progress",
    "attachment", "last-prompt", "custom-title", "ai-title", "permission-mode", "agent-name",
))  # fmt: skip
_SYNTHETIC = "<synthetic>"


def matches(record: Json) -> bool:
    """Say whether the record is a line of a session, or a wrapper of its lines."""
    lines = record.get("loglines")
    if isinstance(lines, list):
        return bool(lines) and isinstance(lines[0], dict)
    message = record.get("message")
    if qwen_code.matches(record):
        return False
    if one_of(record.get("type"), _TYPES) and (
        "sessionId" in record or "uuid" in record or "leafUuid" in record or "messageId" in record
    ):
        return True
    return (
        isinstance(message, dict)
        and record.get("type", "assistant") == "assistant"
        and isinstance(message.get("usage"), dict)
        and "timestamp" in record
        and str(message.get("model", "")).startswith(("claude", _SYNTHETIC))
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Merge the lines of each answer and find its prompt along the chain of parents."""
    groups = [_lines(record) for record in records]
    lines = [line for group in groups for line in group]
    chain, history = _Chain(lines), History()
    answers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, line in enumerate(lines):
        if (key := _answer_key(line)) is not None:
            answers[key].append(n)
    outcomes: list[Outcome] = [_aside(line) for line in lines]
    kept: dict[str, Call] = {}
    for key, members in answers.items():
        call = _call([lines[n] for n in members], chain, history)
        sidechain = all(lines[n].get("isSidechain") for n in members)
        if sidechain and key[0] in kept:
            outcomes[members[0]] = NotCall("replayed in a sidechain", kept[key[0]])
        else:
            outcomes[members[0]] = call
            kept[key[0]] = call
        for n in members[1:]:
            outcomes[n] = NotCall("later line of an answer", call)
    found = iter(outcomes)
    return [[next(found) for _ in group] or [NotCall("no lines")] for group in groups]


def _lines(record: Json) -> list[Json]:
    inner = record.get("loglines")
    return (
        [line for line in inner if isinstance(line, dict)] if isinstance(inner, list) else [record]
    )


def _answer_key(line: Json) -> tuple[str, str] | None:
    """Return what names an answer; None: the line is not an answer of a model."""
    message = line.get("message")
    if not isinstance(message, dict) or line.get("type", "assistant") != "assistant":
        return None
    if message.get("model") == _SYNTHETIC or line.get("isApiErrorMessage"):
        return None
    if not isinstance(message.get("usage"), dict) and "model" not in message:
        return None
    identity = text(message.get("id"))
    return (identity or f"line:{id(line)}", str(line.get("requestId") or ""))


def _aside(line: Json) -> Outcome:
    kind = line.get("type")
    if line.get("isApiErrorMessage"):
        return NotCall("message about an API error")
    return NotCall(f"line of type {kind}")


class _Chain:
    """The lines by uuid, so that a conversation can be walked back from an answer."""

    def __init__(self, lines: Sequence[Json]) -> None:
        self._by_uuid = {str(line["uuid"]): line for line in lines if line.get("uuid")}

    def above(self, line: Json) -> Iterator[Json]:
        """Yield the messages before a line, newest first."""
        seen: set[str] = set()
        above = text(line.get("parentUuid"))
        while above is not None and above not in seen and above in self._by_uuid:
            seen.add(above)
            parent = self._by_uuid[above]
            message = parent.get("message")
            if isinstance(message, dict) and not parent.get("isMeta"):
                yield message
            above = text(parent.get("parentUuid"))


def _total(message: Any) -> int:
    usage = message.get("usage") if isinstance(message, dict) else None
    return sum(count(v) or 0 for v in usage.values()) if isinstance(usage, dict) else -1


def _call(lines: list[Json], chain: _Chain, history: History) -> Call:
    call = Call()
    first = lines[0]
    fullest = max((line["message"] for line in lines), key=_total)
    content = [
        block
        for line in lines
        for block in (
            line["message"].get("content")
            if isinstance(line["message"].get("content"), list)
            else ()
        )
    ]
    api_shapes.anthropic.request(call, {"messages": history.kept(chain.above(first))})
    api_shapes.anthropic.response(call, {**fullest, "content": content, "type": "message"})
    call.api_shape = "messages"
    call.provider = call.provider or providers.of_model(call.model or "") or "anthropic"
    call.log_id = text(first.get("requestId")) or text(first.get("uuid"))
    call.called_at = moment(first.get("timestamp"))
    call.time_kind = "end" if call.called_at is not None else None
    call.conversation_id = text(first.get("sessionId"))
    call.parent_id = text(first.get("parentUuid"))
    call.project = text(first.get("cwd"))
    call.endpoint = "claude-code"
    tags = {
        "branch": first.get("gitBranch"),
        "version": first.get("version"),
        "agent": first.get("agentId"),
        "sidechain": first.get("isSidechain"),
    }
    call.tags = {k: v for k, v in tags.items() if v} or None
    cost = number(first.get("costUSD"))
    call.logged_cost_usd = cost if cost and cost > 0 else None
    finish(call)
    if call.content_state != "absent":
        call.content_state = "partial"
    return call

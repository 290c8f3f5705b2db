"""Codex CLI sessions (rollouts): usage comes as events of its own, texts as items before them.

Source: structure of ``~/.codex/sessions`` as read by ccusage. ``last_token_usage`` is one call's,
``total_token_usage`` grows; the same event is often written twice; input includes what was cached,
output includes reasoning. A fork's file, and some sub-agents', begin with a copy of the parent's
history, its ``session_meta`` included, under new times: copies share the first session of the line,
its running total and the answer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, usage
from auditor.readers.api_shapes import openai_responses
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.columns import identity
from auditor.readers.finishing import finish
from auditor.readers.history import History
from auditor.readers.values import count, dumps, moment, one_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "codex"
title = "Codex CLI sessions (rollouts)"
reach = "file"

_TYPES = frozenset(("session_meta", "turn_context", "response_item", "event_msg", "compacted"))
_DEFAULT_MODEL = "gpt-5"
_AT_ONCE_US = 1_000_000
_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


def matches(record: Json) -> bool:
    """Say whether the record is a line of a rollout or of ``codex exec --json``."""
    if one_of(record.get("type"), _TYPES) and isinstance(record.get("payload"), dict):
        return True
    return record.get("type") == "turn.completed" and isinstance(record.get("usage"), dict)


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Walk a session: each new count of tokens is a call, with the items since the last one."""
    session = _Session()
    return [[session.read(record)] for record in records]


class _Session:
    """What is known while the lines of a session pass by."""

    def __init__(self) -> None:
        self._meta: Json = {}
        self._model: str | None = None
        self._items: list[Json] = []
        self._history = History()
        self._answered_from = 0
        self._totals: Json | None = None
        self._began: int | None = None
        self._spawned = False
        self._root: str | None = None
        self._sums: Counter[str] = Counter()
        self._calls = 0

    def read(self, record: Json) -> Outcome:
        """Read the next line."""
        payload = record.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        kind = record.get("type")
        at = moment(record.get("timestamp"))
        if kind == "session_meta":
            self._take_meta(payload, at)
        elif kind == "turn_context":
            self._model = text(payload.get("model")) or self._model
        elif kind == "response_item":
            self._items.append(payload)
        elif kind == "compacted":
            self._items = [{"role": "user", "content": text(payload.get("message")) or ""}]
            self._answered_from = 1
        elif kind == "turn.completed":
            return self._call(record, record["usage"], at)
        elif kind == "event_msg" and payload.get("type") == "token_count":
            return self._counted(record, payload, at)
        return NotCall(f"line of type {kind}")

    def _take_meta(self, payload: Json, at: int | None) -> None:
        """Take the session, or the one that its history was copied from, which follows it."""
        self._meta, self._began = payload, at
        self._spawned = "thread_spawn" in str(payload.get("source"))
        self._root = _parent(payload) or text(payload.get("id")) or self._root

    def _counted(self, record: Json, payload: Json, at: int | None) -> Outcome:
        info = payload.get("info")
        if not isinstance(info, dict):
            return NotCall("token count without figures")
        totals = info.get("total_token_usage")
        if isinstance(totals, dict) and totals == self._totals:
            return NotCall("the same token count again")
        last = info.get("last_token_usage")
        if not isinstance(last, dict):
            before = self._totals or {}
            now = totals if isinstance(totals, dict) else {}
            last = {k: (count(now.get(k)) or 0) - (count(before.get(k)) or 0) for k in _COUNTS}
        self._totals = totals if isinstance(totals, dict) else self._totals
        self._model = text(info.get("model")) or self._model
        return self._call(record, last, at)

    def _call(self, record: Json, counts: Any, at: int | None) -> Call:
        call = Call()
        self._calls += not self._at_once(at)
        asked, made = self._split()
        asked = self._history.kept(reversed(asked))
        openai_responses.request(call, {"instructions": self._instructions(), "input": asked})
        if made:
            api_shapes.openai_responses.response(call, {"output": made, "status": "completed"})
        self._answered_from = len(self._items)
        call.api_shape, call.status, call.provider = "responses", "ok", "openai"
        call.model = self._model or _DEFAULT_MODEL
        call.tags = None if self._model else {"model_assumed": True}
        call.called_at, call.time_kind = at, "end" if at is not None else None
        call.conversation_id = text(self._meta.get("id"))
        call.log_id = f"{call.conversation_id or ''}:{self._calls}:{record.get('timestamp')}"
        call.project = text(self._meta.get("cwd"))
        call.endpoint = "codex"
        usage.set_tokens(
            call,
            given_input=count(counts.get("input_tokens")),
            output=count(counts.get("output_tokens")),
            cache_read=count(counts.get("cached_input_tokens")),
            reasoning=count(counts.get("reasoning_output_tokens")),
            rule="inclusive",
        )
        call.copy_key = self._copy_key(call, counts)
        finish(call)
        if call.content_state != "absent":
            call.content_state = "partial"
        return call

    def _copy_key(self, call: Call, counts: Any) -> str | None:
        """Return what copies of a call share: session, tokens up to it, and the answer."""
        for name in _COUNTS:
            self._sums[name] += count(counts.get(name)) or 0
        if self._root is None:
            return None
        totals = self._totals or self._sums
        told = [count(totals.get(name)) or 0 for name in _COUNTS]
        return identity.digest(
            dumps([self._root, told, call.response_text, call.tool_calls]).encode()
        )

    def _at_once(self, at: int | None) -> bool:
        """Say whether a line came with the start of a sub-agent: such calls never had a number.

        The number is part of the calls' ids, which must not change.
        """
        if not self._spawned or at is None or self._began is None:
            return False
        return at - self._began < _AT_ONCE_US

    def _split(self) -> tuple[list[Json], list[Json]]:
        """Return the items before the answer, and the answer: what the model wrote at the end."""
        end = len(self._items)
        start = end
        while start > self._answered_from and self._items[start - 1].get("type") not in (
            "function_call_output", "custom_tool_call_output",
        ) and self._items[start - 1].get("role", "assistant") == "assistant":  # fmt: skip
            start -= 1
        return self._items[:start], self._items[start:]

    def _instructions(self) -> str | None:
        found = self._meta.get("instructions") or self._meta.get("base_instructions")
        return text(found.get("text")) if isinstance(found, dict) else text(found)


def _parent(meta: Json) -> str | None:
    """Return the session that a session's history was copied from, as its first line says."""
    source = meta.get("source")
    agent = source.get("subagent") if isinstance(source, dict) else None
    spawned = agent.get("thread_spawn") if isinstance(agent, dict) else None
    above = spawned.get("parent_thread_id") if isinstance(spawned, dict) else None
    return text(meta.get("forked_from_id")) or text(above)

"""``logs.db`` of the ``llm`` command line tool, old and new schema.

Source: simonw/llm, llm/migrations.py. Since 0.32 the messages are content-addressed and a call's
prompt is the chain of parents; before, prompt and answer are columns and history is the rest of the
conversation. A migrated database has both: rows of ``turns`` win.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from auditor.readers import providers, usage
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import count, json_or_none, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Outcome

name = "llm"
title = "llm's logs.db (SQLite)"


def matches_database(db: sqlite3.Connection) -> bool:
    """Say whether the database is one of ours."""
    tables = _tables(db)
    return "turns" in tables or ("responses" in tables and "conversations" in tables)


def read_database(db: sqlite3.Connection) -> Iterator[tuple[str, Outcome]]:
    """Yield (table, outcome) for every row of turns and responses."""
    db.row_factory = sqlite3.Row
    tables = _tables(db)
    seen: set[str] = set()
    if "turns" in tables:
        history = _History(db)
        for row in db.execute("SELECT * FROM turns ORDER BY id"):
            seen.add(str(row["id"]))
            yield "turns", _turn(dict(row), history)
    if "responses" in tables:
        for row in db.execute("SELECT * FROM responses ORDER BY id"):
            if str(row["id"]) in seen:
                yield "responses", NotCall("migrated to turns")
            else:
                yield "responses", _response(db, dict(row), tables)


def _tables(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _common(row: Json) -> Call:
    call = Call()
    call.reader, call.api_shape, call.status = name, "chat", "ok"
    call.log_id = text(row.get("id"))
    call.model_requested = text(row.get("model"))
    call.model = text(row.get("resolved_model")) or call.model_requested
    call.called_at = moment(row.get("datetime_utc"))
    call.time_kind = "start" if call.called_at is not None else None
    duration = number(row.get("duration_ms"))
    call.latency_ms = duration if duration and duration > 0 else None
    options = json_or_none(row.get("options_json"))
    call.params = params_of(options) if isinstance(options, dict) else None
    body = json_or_none(row.get("response_json"))
    if isinstance(body, dict):
        call.provider_response_id = text(body.get("id"))
        call.finish_reason = text(body.get("finish_reason") or body.get("stop_reason"))
    call.provider = providers.of_model(call.model) if call.model else None
    details = json_or_none(row.get("token_details"))
    _tokens(call, row, details if isinstance(details, dict) else {})
    return call


def _tokens(call: Call, row: Json, details: Json) -> None:
    given, made = (
        found if isinstance(found := details.get(key), dict) else {}
        for key in ("prompt_tokens_details", "completion_tokens_details")
    )
    inner = details.get("input_tokens_details")
    given = given or (inner if isinstance(inner, dict) else {})
    thoughts = count(details.get("thoughtsTokenCount"))
    output = count(row.get("output_tokens"))
    usage.set_tokens(
        call,
        given_input=count(row.get("input_tokens")),
        output=output,
        cache_read=count(given.get("cached_tokens", details.get("cache_read_input_tokens"))),
        cache_write=count(details.get("cache_creation_input_tokens")),
        reasoning=count(made.get("reasoning_tokens", thoughts)),
        rule="exclusive" if call.provider == "anthropic" else "inclusive",
    )


class _History:
    """The content-addressed messages of the new schema."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def chain(self, tip: str | None, stop: str | None = None) -> list[Json]:
        """Return the messages from the root, or after ``stop``, to a tip."""
        found: list[Json] = []
        seen: set[str] = set()
        while tip and tip != stop and tip not in seen:
            seen.add(tip)
            row = self._db.execute(
                "SELECT parent_hash, role FROM messages WHERE hash = ?", [tip]
            ).fetchone()
            if row is None:
                break
            found.append(self._message(tip, str(row["role"])))
            tip = row["parent_hash"]
        return found[::-1]

    def _message(self, identity: str, role: str) -> Json:
        texts, calls, results = [], [], []
        for part in self._db.execute(
            "SELECT * FROM parts WHERE message_hash = ? ORDER BY position", [identity]
        ):
            kind, said = part["type"], part["text"]
            payload = json_or_none(part["payload"])
            payload = payload if isinstance(payload, dict) else {}
            if kind == "text":
                texts.append(said or self._fragments(part["id"]))
            elif kind == "tool_call":
                function = {
                    "name": part["tool_name"],
                    "arguments": said or text(payload.get("arguments")) or "{}",
                }
                calls.append(
                    {"id": payload.get("tool_call_id"), "type": "function", "function": function}
                )
            elif kind == "tool_result":
                results.append(said or text(payload.get("output")) or "")
        message: Json = {"role": "tool" if results and not texts else role}
        message["content"] = "".join([*texts, *results]) or None
        return message | {"tool_calls": calls} if calls else message

    def _fragments(self, part_id: Any) -> str:
        try:
            rows = self._db.execute(
                "SELECT f.content FROM part_fragments p JOIN fragments f ON f.id = p.fragment_id "
                'WHERE p.part_id = ? ORDER BY p."order"',
                [part_id],
            ).fetchall()
        except sqlite3.OperationalError:
            return ""
        return "".join(str(row[0]) for row in rows)


def _turn(row: Json, history: _History) -> Outcome:
    call = _common(row)
    call.conversation_id = text(row.get("thread_id"))
    parent = text(row.get("parent_message_hash"))
    take_leading_system(call, history.chain(parent))
    answer = history.chain(text(row.get("tip_message_hash")), stop=parent)
    texts = [m["content"] for m in answer if m["role"] == "assistant" and m.get("content")]
    call.response_text = "".join(texts) or None
    call.tool_calls = [c for m in answer for c in m.get("tool_calls", ())] or None
    finish(call)
    return call


def _response(db: sqlite3.Connection, row: Json, tables: set[str]) -> Outcome:
    call = _common(row)
    call.conversation_id = text(row.get("conversation_id"))
    earlier = db.execute(
        "SELECT id, prompt, response FROM responses "
        "WHERE conversation_id = ? AND id < ? ORDER BY id",
        [row.get("conversation_id"), row.get("id")],
    ).fetchall() if row.get("conversation_id") else []  # fmt: skip
    messages: list[Json] = []
    for before in earlier:
        messages.append(
            {
                "role": "user",
                "content": _with_fragments(
                    db, tables, "prompt", str(before["id"]), before["prompt"]
                ),
            }
        )
        messages.append({"role": "assistant", "content": before["response"]})
    identity = str(row.get("id"))
    messages.append(
        {
            "role": "user",
            "content": _with_fragments(db, tables, "prompt", identity, row.get("prompt")),
        }
    )
    call.messages = messages
    call.system_text = _with_fragments(db, tables, "system", identity, row.get("system")) or None
    call.response_text = text(row.get("response"))
    if "tool_calls" in tables:
        call.tool_calls = [
            {
                "id": t["tool_call_id"],
                "type": "function",
                "function": {"name": t["name"], "arguments": t["arguments"]},
            }
            for t in db.execute(
                "SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id", [identity]
            )
        ] or None
    finish(call)
    return call


def _with_fragments(
    db: sqlite3.Connection, tables: set[str], side: str, identity: str, said: Any
) -> str:
    """Return a prompt with its fragments before it, as the tool sent them."""
    texts: list[str] = []
    if f"{side}_fragments" in tables:
        rows = db.execute(
            f"SELECT f.content FROM {side}_fragments p JOIN fragments f ON f.id = p.fragment_id "
            'WHERE p.response_id = ? ORDER BY p."order"',
            [identity],
        )
        texts = [str(row[0]) for row in rows]
    return "\n".join([*texts, *([str(said)] if said else [])])

"""What the session files of coding agents share: an answer, and the conversation before it.

None of them holds the system prompt or the tools, so a call of a session never has all of its
content, and its time is that of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import providers
from auditor.readers.call import Call
from auditor.readers.finishing import finish
from auditor.readers.values import dumps, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from auditor.readers.call import Json


def answer(
    agent: str,
    *,
    log_id: Any,
    at: int | None,
    model: Any,
    provider: Any = None,
    session: Any = None,
    project: Any = None,
    cost: Any = None,
    before: Sequence[Json] = (),
) -> Call:
    """Return the call of an answer, without what was answered and counted.

    ``provider`` is the agent's name of it; ``before`` are the messages of the conversation, in
    canonical form.
    """
    call = Call()
    call.endpoint, call.log_id = agent, text(log_id)
    call.model = text(model)
    call.provider = providers.of_name(found) if (found := text(provider)) else None
    call.called_at, call.time_kind = at, "end" if at is not None else None
    call.conversation_id, call.project = text(session), text(project)
    dollars = number(cost)
    call.logged_cost_usd = dollars if dollars and dollars > 0 else None
    call.messages = list(before) or None
    call.status = "ok"
    return call


def finished(call: Call, said: Json | None = None) -> Call:
    """Return a call with its answer, a message in canonical form, and what follows from it."""
    if said:
        call.response_text = said.get("content") or None
        call.tool_calls = said.get("tool_calls") or None
    finish(call)
    if call.content_state == "full":
        call.content_state = "partial"
    return call


def message(role: str, content: str | None, tools: Sequence[Json] = ()) -> Json:
    """Return a message in canonical form."""
    said: Json = {"role": role, "content": content}
    return said | {"tool_calls": list(tools)} if tools else said


def tool_call(call_id: Any, name: Any, arguments: Any) -> Json:
    """Return a call of a tool in canonical form."""
    words = arguments if isinstance(arguments, str) else dumps(arguments or {})
    function = {"name": text(name), "arguments": words}
    return {"id": text(call_id), "type": "function", "function": function}


def tool_result(call_id: Any, result: Any) -> Json:
    """Return what a tool gave back in canonical form."""
    words = result if isinstance(result, str) else dumps(result)
    return {"role": "tool", "tool_call_id": text(call_id), "content": words}


def texts(parts: Any) -> str | None:
    """Return the text of a message: a text, or the texts of its parts, thoughts left out."""
    if isinstance(parts, str):
        return parts or None
    found = [
        part if isinstance(part, str) else part["text"]
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, str)
        or (
            isinstance(part, dict)
            and isinstance(part.get("text"), str)
            and not part.get("thought")
            and part.get("type", "text") == "text"
        )
    ]
    return "".join(found) or None

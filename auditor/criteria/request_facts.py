"""What is known of the call that an answer belongs to, beside the answer itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """The request and what the log says of the call; None or empty where it is not known.

    Attributes:
        system: the system prompt.
        user: the last message of the user.
        prompt: all texts of the request, the system prompt first, one after another.
        model: the model's name in the log.
        project: the project in the log.
        params: the request's parameters under OpenAI's names, ``response_format`` among them.
        metadata: the log's other labels of the call.
        latency_ms: from the request to the last byte of the answer that is graded.
        cost_usd: what that answer cost.
    """

    system: str | None = None
    user: str | None = None
    prompt: str = ""
    model: str | None = None
    project: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    latency_ms: float | None = None
    cost_usd: float | None = None


def request_facts(row: Mapping[str, Any]) -> RequestFacts:
    """The facts in a row of ``calls`` and ``contents``.

    It holds ``system_text``, ``messages``, ``params``, ``tags``, ``model`` and ``project``, and
    where they are asked for ``latency_ms`` and ``cost_usd``.
    """
    messages = json.loads(row["messages"] or "[]")
    texts = [content_text(message) for message in messages]
    cost = row.get("cost_usd")
    return RequestFacts(
        system=row["system_text"],
        user=last_user_text(row["messages"]),
        prompt="\n".join((*([row["system_text"]] if row["system_text"] else ()), *texts)),
        model=row["model"],
        project=row["project"],
        params=json.loads(row["params"] or "{}"),
        metadata=json.loads(row["tags"] or "{}"),
        latency_ms=row.get("latency_ms"),
        cost_usd=None if cost is None else float(cost),
    )


def last_user_text(messages: str | None) -> str | None:
    """The last message of the user in a request's messages, which are JSON; None without one."""
    said = [m for m in json.loads(messages or "[]") if m.get("role") == "user"]
    return content_text(said[-1]) if said else None


def content_text(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is text or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts: Sequence[Any] = content if isinstance(content, list) else ()
    return "\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))

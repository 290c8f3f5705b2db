"""Tasks of Cline, Roo Code and Kilo Code: what the panel showed, of which requests are calls.

Source: structure of ``tasks/*/ui_messages.json``, as Cline's getApiMetrics reads it: the text of an
``api_req_started`` is JSON with tokens and cost. ``tokensIn`` leaves out what was cached, but where
``apiProtocol`` is openai. The model is named by newer versions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import agent_sessions, usage
from auditor.readers.call import Json, NotCall
from auditor.readers.values import count, json_or_none, moment

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "cline"
title = "tasks of Cline, Roo Code and Kilo Code"

_REQUESTS = ("api_req_started", "deleted_api_reqs")


def matches(record: Json) -> bool:
    """Say whether the record is a message of the panel."""
    kind = record.get("type")
    return "ts" in record and (
        (kind == "say" and "say" in record) or (kind == "ask" and "ask" in record)
    )


def read(record: Json) -> list[Outcome]:
    """Return the call of a request that was answered."""
    kind = record.get("say")
    if kind not in _REQUESTS:
        return [NotCall(f"message of type {kind or record.get('ask')}")]
    told = json_or_none(record.get("text"))
    if not isinstance(told, dict) or count(told.get("tokensOut")) is None:
        return [NotCall("a request without an answer")]
    info = record.get("modelInfo")
    info = info if isinstance(info, dict) else {}
    asked = agent_sessions.texts(told.get("request"))
    call = agent_sessions.answer(
        name,
        log_id=record["ts"],
        at=moment(record["ts"]),
        model=info.get("modelId"),
        provider=info.get("providerId"),
        cost=told.get("cost"),
        before=[agent_sessions.message("user", asked)] if asked else (),
    )
    call.time_kind = "start" if call.called_at is not None else None
    usage.set_tokens(
        call,
        given_input=count(told.get("tokensIn")),
        output=count(told.get("tokensOut")),
        cache_read=count(told.get("cacheReads")),
        cache_write=count(told.get("cacheWrites")),
        rule="inclusive" if told.get("apiProtocol") == "openai" else "exclusive",
    )
    if told.get("cancelReason"):
        call.status = "cancelled"
    return [agent_sessions.finished(call)]

"""OpenAI's Batch files: requests in one, results in another, joined on custom_id.

Source: OpenAI API reference, batch: lines of the input, output and error files. Batches are billed
at half the price; an expired request is not billed. custom_id is unique only within a batch, so the
files of one folder are joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import api_shapes, providers
from auditor.readers.api_shapes.common import take_error
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import http_status, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "openai-batch"
title = "OpenAI Batch input, output and error files (JSONL)"
reach = "folder"


def matches(record: Json) -> bool:
    """Say whether the record is a line of a batch's input or output."""
    return "custom_id" in record and (_is_output(record) or _is_input(record))


def _is_output(record: Json) -> bool:
    return "response" in record and "error" in record


def _is_input(record: Json) -> bool:
    return isinstance(record.get("body"), dict) and "url" in record and "method" in record


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Join results with their requests; a request is part of the call of its result."""
    asked = {str(r["custom_id"]): r for r in records if not _is_output(r)}
    calls = {id(r): _call(r, asked.get(str(r["custom_id"]))) for r in records if _is_output(r)}
    answered = {str(r["custom_id"]): calls[id(r)] for r in records if _is_output(r)}
    outcomes: list[list[Outcome]] = []
    for record in records:
        if _is_output(record):
            outcomes.append([calls[id(record)]])
        else:
            call = answered.get(str(record["custom_id"]))
            why = "request of a batch" if call else "request of a batch without a result"
            outcomes.append([NotCall(why, call)])
    return outcomes


def _call(record: Json, asked: Json | None) -> Call:
    call = Call()
    call.log_id = text(record.get("id"))
    response = record.get("response")
    response = response if isinstance(response, dict) else {}
    url = text(asked.get("url")) if asked else None
    api_shapes.decode(call, asked.get("body") if asked else None, response.get("body"), url)
    call.endpoint = url
    call.http_status = http_status(response.get("status_code"))
    if record.get("error"):
        take_error(call, record["error"])
    if call.http_status and call.http_status >= 400:  # noqa: PLR2004 - HTTP
        call.status = "error"
    call.service_tier = "batch"
    call.latency_ms = None
    call.tags = {"custom_id": str(record["custom_id"])}
    call.content_state = (
        "full" if call.content_state != "partial" or call.status == "error" else "partial"
    )
    named = providers.of_model(call.model or call.model_requested or "")
    call.provider = call.provider or named or "openai"
    finish(call)
    return call

"""Anthropic's Message Batches: the requests and their results, joined on custom_id.

Source: Anthropic API reference, message batches. Only results that succeeded are billed, at half
the price. Results carry no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes
from auditor.readers.api_shapes.common import take_error
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import one_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "anthropic-batch"
title = "Anthropic Message Batches: requests and results (JSON, JSONL)"
reach = "folder"
_RESULTS = frozenset(("succeeded", "errored", "canceled", "expired"))


def matches(record: Json) -> bool:
    """Say whether the record is a result, a request, or the body with all requests."""
    return _is_result(record) or bool(_requests(record))


def _is_result(record: Json) -> bool:
    result = record.get("result")
    return (
        "custom_id" in record and isinstance(result, dict) and one_of(result.get("type"), _RESULTS)
    )


def _requests(record: Json) -> list[Json]:
    inner = record.get("requests")
    found = inner if isinstance(inner, list) else [record]
    return [
        r for r in found
        if isinstance(r, dict) and "custom_id" in r and isinstance(r.get("params"), dict)
    ]  # fmt: skip


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Join results with their requests."""
    asked = {str(r["custom_id"]): r["params"] for record in records for r in _requests(record)}
    calls = {
        n: _call(record, asked.get(str(record["custom_id"])))
        for n, record in enumerate(records)
        if _is_result(record)
    }
    answered = {str(records[n]["custom_id"]): call for n, call in calls.items()}
    return [
        [calls[n]] if n in calls else [_request(r, answered) for r in _requests(record)]
        for n, record in enumerate(records)
    ]


def _request(request: Json, answered: dict[str, Call]) -> NotCall:
    call = answered.get(str(request["custom_id"]))
    return NotCall("request of a batch" if call else "request of a batch without a result", call)


def _call(record: Json, params: Any) -> Call:
    call = Call()
    result = record["result"]
    call.log_id = text(record["custom_id"])
    call.provider = "anthropic"
    api_shapes.decode(call, params, result.get("message"), "/v1/messages")
    call.api_shape = "messages"
    if result["type"] == "errored":
        error = result.get("error")
        inner = error.get("error") if isinstance(error, dict) else None
        take_error(call, inner or error)
    elif result["type"] in ("canceled", "expired"):
        call.status, call.error = "error", str(result["type"])
    call.service_tier = "batch"
    call.tags = {"custom_id": str(record["custom_id"])}
    finish(call)
    return call

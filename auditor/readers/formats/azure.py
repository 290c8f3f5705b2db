"""Azure: API Management's gateway log, and Azure OpenAI's diagnostic log.

Source: Azure Monitor, ApiManagementGatewayLogs and the RequestResponse category. The gateway keeps
bodies as JSON text, cut at a limit; the diagnostic log lacks texts and tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes
from auditor.readers.call import Call, Json
from auditor.readers.finishing import finish
from auditor.readers.values import http_status, json_or_none, moment, number, one_of, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "azure"
title = "Azure API Management gateway log, Azure OpenAI diagnostic log"
_DIAGNOSTIC = frozenset(("RequestResponse", "Audit", "Trace", "AzureOpenAIRequestUsage"))
_CALLS = ("chatcompletions", "completions", "embeddings", "responses", "extensionschatcompletions")


def matches(record: Json) -> bool:
    """Say whether the record is of one of the logs, or an envelope with records."""
    inner = record.get("records")
    first = inner[0] if isinstance(inner, list) and inner else record
    return isinstance(first, dict) and (_is_gateway(first) or _is_diagnostic(first))


def _is_gateway(record: Json) -> bool:
    properties = record.get("properties")
    return record.get("category") == "GatewayLogs" or (
        isinstance(properties, dict) and "backendResponseBody" in properties
    )


def _is_diagnostic(record: Json) -> bool:
    return one_of(record.get("category"), _DIAGNOSTIC) and "operationName" in record


def read(record: Json) -> list[Outcome]:
    """Read one record, or all of an envelope."""
    inner = record.get("records")
    found = inner if isinstance(inner, list) else [record]
    return [_read(item) for item in found if isinstance(item, dict)]


def _read(record: Json) -> Outcome:
    from auditor.readers.call import NotCall

    found = json_or_none(record.get("properties"))
    properties: Json = found if isinstance(found, dict) else {}
    call = Call()
    call.log_id = text(record.get("correlationId"))
    call.provider = "azure"
    call.called_at = moment(record.get("time"))
    call.time_kind = "start" if call.called_at is not None else None
    latency = number(record.get("durationMs"))
    call.latency_ms = latency if latency is not None and latency > 0 else None
    if _is_gateway(record):
        _gateway(call, properties)
    else:
        operation = str(record.get("operationName")).lower()
        if not any(mark in operation for mark in _CALLS):
            return NotCall(f"operation {record.get('operationName')}")
        _diagnostic(call, record, properties)
    finish(call)
    return call


def _gateway(call: Call, properties: Json) -> None:
    url = text(properties.get("backendUrl")) or text(properties.get("url"))
    request = properties.get("backendRequestBody") or properties.get("requestBody")
    response = properties.get("backendResponseBody") or properties.get("responseBody")
    api_shapes.decode(call, request, response, url)
    cut = [
        b
        for b in (request, response)
        if isinstance(b, str)
        and b
        and json_or_none(b) is None
        and not b.startswith(("data:", "event:"))
    ]
    call.endpoint = url.partition("?")[0] if url else None
    call.project = text(properties.get("apiId"))
    call.api_key_id = text(properties.get("apimSubscriptionId"))
    call.http_status = http_status(
        properties.get("backendResponseCode", properties.get("responseCode"))
    )
    if call.http_status and call.http_status >= 400:  # noqa: PLR2004 - HTTP
        call.status = "error"
    if cut or properties.get("truncated") is True:
        call.content_state = "truncated"


def _diagnostic(call: Call, record: Json, properties: Json) -> None:
    call.model = text(properties.get("modelName")) or text(properties.get("modelDeploymentName"))
    call.model_requested = text(properties.get("modelDeploymentName"))
    call.endpoint = text(record.get("operationName"))
    call.http_status = http_status(record.get("resultSignature"))
    code: Any = call.http_status
    call.status = "unknown" if code is None else "ok" if code < 400 else "error"  # noqa: PLR2004
    call.content_state = "absent"

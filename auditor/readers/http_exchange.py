"""One recorded HTTP exchange to a call, for recordings that hold all kinds of traffic.

Gateways have addresses of their own, which no list knows: there the bodies tell, if both sides look
like a call to a model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, providers
from auditor.readers.call import Call, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import http_status, is_call_time

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

_FIRST_ERROR = 400
_NOT_CALLS = re.compile(
    r"/(count_tokens|batches|files|moderations|fine_tuning|rerank)\b|:countTokens"
)
"""Endpoints whose bodies look like those of calls."""


def call_of(
    *,
    method: str | None,
    url: str | None,
    request: Any,
    response: Any,
    status: int | None,
    at: int | None,
    time_kind: str = "start",
    latency_ms: float | None = None,
    ttft_ms: float | None = None,
) -> Outcome:
    """Return the call of an exchange, or a not-call where the endpoint is not one of a model."""
    if (method or "POST").upper() != "POST" or not _is_call(url, request, response):
        return NotCall("an exchange with another endpoint")
    call = Call()
    api_shapes.decode(call, request, response, url)
    call.endpoint = url.partition("?")[0] if url else None
    call.provider = (providers.of_url(url) if url else None) or call.provider
    call.http_status = http_status(status)
    if (call.http_status or 0) >= _FIRST_ERROR:
        call.status = "error"
    if at is not None and (is_call_time(at) or call.called_at is None):
        call.called_at, call.time_kind = at, time_kind
    call.latency_ms = latency_ms if latency_ms and latency_ms > 0 else None
    call.ttft_ms = ttft_ms
    finish(call)
    return call


def _is_call(url: str | None, request: Any, response: Any) -> bool:
    """Say whether an exchange is a call: by its address, else by both of its bodies."""
    if not url or api_shapes.CALL_URL.search(url):
        return True
    if _NOT_CALLS.search(url):
        return False
    asked, _ = api_shapes.parse_body(request)
    answered, _ = api_shapes.parse_body(response)
    return api_shapes.is_request(asked) and api_shapes.is_response(answered)

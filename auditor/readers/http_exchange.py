"""One recorded HTTP exchange to a call, for recordings that hold all kinds of traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, providers
from auditor.readers.call import Call, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import is_call_time

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

_FIRST_ERROR = 400


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
    if (method or "POST").upper() != "POST" or (url and not api_shapes.CALL_URL.search(url)):
        return NotCall("an exchange with another endpoint")
    call = Call()
    api_shapes.decode(call, request, response, url)
    call.endpoint = url.partition("?")[0] if url else None
    call.provider = providers.of_url(url) if url else None
    call.http_status = status
    if status is not None and status >= _FIRST_ERROR:
        call.status = "error"
    if at is not None and (is_call_time(at) or call.called_at is None):
        call.called_at, call.time_kind = at, time_kind
    call.latency_ms = latency_ms if latency_ms and latency_ms > 0 else None
    call.ttft_ms = ttft_ms
    finish(call)
    return call

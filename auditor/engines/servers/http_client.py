"""One request to a model server: what comes back is a JSON reply or a named failure."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529})
_OVERLOAD = frozenset({429, 503, 529})
_LONGEST_PAUSE_S = 30.0
_LONGEST_REPLY = 64 * 1024 * 1024
_TOO_LONG = (
    "context length", "context_length", "context size", "context window", "maximum context",
    "too long", "exceed_context", "max_model_len", "input length", "num_ctx",
)  # fmt: skip
_FILTERED = ("content_filter", "content filter", "content management policy", "data_inspection")


class Failure(Exception):  # noqa: N818 - it becomes an answer's error, it is no bug
    """Why there is no reply: a slug, the details, and whether to try again.

    ``status`` is the HTTP status where there was one. ``overload`` asks for fewer requests at a
    time, ``retry_after`` is how many seconds the server asked to wait.
    """

    def __init__(
        self,
        *,
        error: str,
        detail: str,
        status: int | None = None,
        transient: bool = False,
        overload: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail
        self.status = status
        self.transient = transient
        self.overload = overload
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """JSON events of a reply, one if it was not streamed, and when the first one with text came."""

    events: tuple[Mapping[str, Any], ...]
    streamed: bool
    ttft_ms: float | None
    latency_ms: float


def post(
    client: httpx.Client,
    url: str,
    payload: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    deadline: float,
) -> Arrived:
    """Send one request and read all of the reply, before ``deadline`` (``time.monotonic``).

    Reads server-sent events, JSON lines (Ollama) or one JSON object, whichever the server sends.

    Raises:
        Failure: no complete reply came.
    """
    began = time.monotonic()
    left = deadline - began
    if left <= 0:
        raise Failure(error="timeout", detail="no time left")
    timeout = httpx.Timeout(left, connect=min(left, 10.0))
    try:
        with client.stream(
            "POST", url, json=payload, headers=dict(headers), timeout=timeout
        ) as reply:
            if reply.status_code != httpx.codes.OK:
                reply.read()
                raise _failure(reply)
            kind = reply.headers.get("content-type", "")
            streamed = "event-stream" in kind or "ndjson" in kind
            events: list[Mapping[str, Any]] = []
            first: float | None = None
            for event in _events(reply, deadline) if streamed else [_whole(reply, deadline)]:
                first = first or time.monotonic()
                events.append(event)
    except httpx.ConnectError as error:
        raise Failure(error="no-connection", detail=str(error), transient=True) from None
    except httpx.TimeoutException:
        detail = f"no reply in {time.monotonic() - began:.0f} s"
        raise Failure(error="timeout", detail=detail, overload=True) from None
    except httpx.InvalidURL as error:
        raise Failure(error="refused", detail=str(error)) from None
    except httpx.HTTPError as error:
        raise Failure(error="connection-lost", detail=str(error), transient=True) from None
    return Arrived(
        events=tuple(events),
        streamed=streamed,
        ttft_ms=(first - began) * 1000 if streamed and first else None,
        latency_ms=(time.monotonic() - began) * 1000,
    )


def pause(attempt: int, failure: Failure) -> float:
    """Seconds to wait before attempt ``attempt + 1``: doubling, spread at random, as asked."""
    doubled: float = min(_LONGEST_PAUSE_S, 0.5 * 2**attempt)
    spread = doubled * random.uniform(0.5, 1.0)  # noqa: S311 - so that retries do not come together
    return max(spread, min(failure.retry_after or 0.0, _LONGEST_PAUSE_S))


def _events(reply: httpx.Response, deadline: float) -> Iterator[Mapping[str, Any]]:
    size = 0
    for line in reply.iter_lines():
        size += len(line)
        _check(size, deadline)
        text = line.removeprefix("data:").strip()
        if not text or text == "[DONE]" or line.startswith((":", "event:", "id:", "retry:")):
            continue
        yield _object(text)


def _whole(reply: httpx.Response, deadline: float) -> Mapping[str, Any]:
    chunks = []
    size = 0
    for chunk in reply.iter_bytes():
        size += len(chunk)
        _check(size, deadline)
        chunks.append(chunk)
    return _object(b"".join(chunks).decode("utf-8", "replace"))


def _check(size: int, deadline: float) -> None:
    if size > _LONGEST_REPLY:
        raise Failure(error="invalid-response", detail="the reply is longer than 64 MB")
    if time.monotonic() > deadline:
        raise Failure(error="timeout", detail="the reply went on too long", overload=True)


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        detail = f"not a JSON object: {text[:200]!r}"
        raise Failure(error="invalid-response", detail=detail, transient=True)
    if value.get("error"):
        raise _told(_message(value), None)
    return value


def _failure(reply: httpx.Response) -> Failure:
    try:
        detail = _message(reply.json())
    except ValueError:
        detail = reply.text[:300]
    return _told(detail, reply)


def _told(detail: str, reply: httpx.Response | None) -> Failure:
    """What a server's own words and status mean."""
    status = reply.status_code if reply is not None else None
    low = detail.lower()
    if status in _TRANSIENT and not any(words in low for words in _TOO_LONG):
        return Failure(
            error="rate-limited" if status in _OVERLOAD else "server-error",
            detail=f"HTTP {status}: {detail}",
            status=status,
            transient=True,
            overload=status in _OVERLOAD,
            retry_after=_seconds(reply.headers.get("retry-after")) if reply is not None else None,
        )
    error = "refused"
    if any(words in low for words in _TOO_LONG):
        error = "context-overflow"
    elif any(words in low for words in _FILTERED):
        error = "filtered"
    prefix = f"HTTP {status}: " if status else ""
    return Failure(error=error, detail=f"{prefix}{detail}"[:500], status=status)


def _message(value: Any) -> str:
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or json.dumps(error)
    return str(error)[:300]


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None

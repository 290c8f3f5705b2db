"""HTTP to model servers: one request ends in a JSON reply or in a named failure.

A server is a stranger: what it sends is bounded in bytes and in seconds, and a redirect is not
followed, because it could carry the key to a host that the user did not name.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from auditor.decision.faults import error_of
from auditor.privacy.masking import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LATER = frozenset({408, 409, 425, 429})  # and every status of 500 and above
_SERVERS_OWN = 500
_OVERLOAD = frozenset({429, 503, 529})
_LONGEST_PAUSE_S = 30.0
_LONGEST_REPLY = 64 * 1024 * 1024
_LONGEST_WORDS = 300
_KEY_HEADERS = ("authorization", "x-api-key")
_TOO_LONG = (
    "context length", "context_length", "context size", "context window", "maximum context",
    "too long", "exceed_context", "max_model_len", "input length", "num_ctx",
)  # fmt: skip
_OUT_OF_MEMORY = (
    "out of memory", "failed to allocate", "cannot allocate", "insufficient memory",
    "not enough memory",
)  # fmt: skip
_FILTERED = ("content_filter", "content filter", "content management policy", "data_inspection")


class Failure(Exception):  # noqa: N818 - it becomes the error of an answer
    """Why no reply came: a slug of ``decision.faults`` and the details.

    ``status`` is the HTTP status where there was one. ``overload`` asks for fewer requests at a
    time, ``retry_after`` is how many seconds the server asked to wait.
    """

    def __init__(
        self,
        *,
        error: str,
        detail: str,
        status: int | None = None,
        overload: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail
        self.status = status
        self.overload = overload
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a little later."""
        return error_of(self.error).passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The JSON events of a reply, one where it was not streamed, and when the first one came."""

    events: tuple[Mapping[str, Any], ...]
    streamed: bool
    ttft_ms: float | None
    latency_ms: float


def open_client(*, connections: int, trust_env: bool) -> httpx2.Client:
    """Open a client for any number of threads; its read timeout bounds the whole of a reply.

    ``trust_env`` False ignores the proxies of the environment, which have no business with a
    server on this machine. Whatever reads a reply raises ``Failure`` once it is longer than 64 MB
    or its time is up.
    """
    return httpx2.Client(
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        trust_env=trust_env,
        follow_redirects=False,
        # Compressed, 64 MB could unfold to any size.
        headers={"user-agent": "auditor", "accept-encoding": "identity"},
        event_hooks={"request": [_set_deadline], "response": [_bound]},
    )


def post(
    client: httpx2.Client,
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
    try:
        with client.stream(
            "POST", url, json=payload, headers=dict(headers), timeout=timeout_until(deadline)
        ) as reply:
            if reply.status_code != httpx2.codes.OK:
                reply.read()
                raise failure_told_by(reply)
            kind = reply.headers.get("content-type", "")
            streamed = "event-stream" in kind or "ndjson" in kind
            events: list[Mapping[str, Any]] = []
            first: float | None = None
            for event in _events(reply) if streamed else [json_object(reply.read())]:
                first = first or time.monotonic()
                events.append(event)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise failure_of(error) from None
    return Arrived(
        events=tuple(events),
        streamed=streamed,
        ttft_ms=(first - began) * 1000 if streamed and first else None,
        latency_ms=(time.monotonic() - began) * 1000,
    )


def timeout_until(deadline: float) -> httpx2.Timeout:
    """Return the timeout of a request whose reply must be there by ``deadline``.

    Raises:
        Failure: no time is left.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise Failure(error="timeout", detail="no time left")
    return httpx2.Timeout(left, connect=min(left, 10.0))


def failure_of(error: Exception) -> Failure:
    """Return what an exception of the HTTP library means."""
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return Failure(error="no-connection", detail=str(error))
    if isinstance(error, httpx2.TimeoutException):
        waited = error.request.extensions["timeout"]["read"]
        return Failure(error="timeout", detail=f"no reply in {waited:.0f} s", overload=True)
    if isinstance(error, httpx2.InvalidURL):
        return Failure(error="refused", detail=str(error))
    return Failure(error="connection-lost", detail=str(error))


def failure_told_by(reply: httpx2.Response) -> Failure:
    """Return what a reply with an error status means; its body has been read."""
    words = reply.text
    with suppress(ValueError, RecursionError):
        words = _message(json.loads(words))
    for name in _KEY_HEADERS:
        if key := reply.request.headers.get(name, "").removeprefix("Bearer "):
            words = words.replace(key, "[SECRET:api-key]")  # the one we sent may have any form
    wait = _seconds(reply.headers.get("retry-after"))
    return _failure(_without_secrets(words), reply.status_code, wait)


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a reply.

    Raises:
        Failure: it is something else, or an object that tells an error.
    """
    return _object(body.decode("utf-8", "replace"))


def pause(attempt: int, failure: Failure) -> float:
    """Return the seconds to wait before attempt ``attempt + 1``.

    They double from half a second, spread at random, and are no fewer than the server asked for.
    """
    doubled: float = min(_LONGEST_PAUSE_S, 0.5 * 2**attempt)
    spread = doubled * random.uniform(0.5, 1.0)  # noqa: S311 - so that retries do not come together
    return max(spread, min(failure.retry_after or 0.0, _LONGEST_PAUSE_S))


class _BoundedStream(httpx2.SyncByteStream):
    """The body of a reply, cut off at a size and at a moment."""

    def __init__(self, stream: httpx2.SyncByteStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > _LONGEST_REPLY:
                raise Failure(error="oversized-reply", detail="the reply is longer than 64 MB")
            if time.monotonic() > self._deadline:
                raise Failure(error="timeout", detail="the reply went on too long", overload=True)
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _set_deadline(request: httpx2.Request) -> None:
    wait = request.extensions["timeout"]["read"]
    request.extensions["deadline"] = float("inf") if wait is None else time.monotonic() + wait


def _bound(reply: httpx2.Response) -> None:
    if reply.headers.get("content-encoding", "identity") != "identity":
        detail = "the reply is compressed, which was not asked for"
        raise Failure(error="compressed-reply", detail=detail, status=reply.status_code)
    assert isinstance(reply.stream, httpx2.SyncByteStream)
    reply.stream = _BoundedStream(reply.stream, reply.request.extensions["deadline"])


def _events(reply: httpx2.Response) -> Iterator[Mapping[str, Any]]:
    for line in reply.iter_lines():
        text = line.removeprefix("data:").strip()
        if not text or text == "[DONE]" or line.startswith((":", "event:", "id:", "retry:")):
            continue
        yield _object(text)


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        detail = f"not a JSON object: {_without_secrets(text)[:200]!r}"
        raise Failure(error="invalid-response", detail=detail)
    if value.get("error"):
        raise _failure(_without_secrets(_message(value)), _status_in(value["error"]))
    return value


def _failure(detail: str, status: int | None, retry_after: float | None = None) -> Failure:
    """Return what a server's own words and status mean."""
    error = _slug(detail.lower(), status)
    prefix = f"HTTP {status}: " if status else ""
    return Failure(
        error=error,
        detail=f"{prefix}{detail}"[:500],
        status=status,
        overload=error in {"rate-limited", "out-of-memory"},
        retry_after=retry_after,
    )


def _slug(words: str, status: int | None) -> str:
    if any(phrase in words for phrase in _TOO_LONG):
        return "context-overflow"
    if any(phrase in words for phrase in _OUT_OF_MEMORY):
        return "out-of-memory"
    if status in _OVERLOAD:
        return "rate-limited"
    if status is not None and (status in _LATER or status >= _SERVERS_OWN):
        return "server-error"
    return "filtered" if any(phrase in words for phrase in _FILTERED) else "refused"


def _status_in(error: Any) -> int | None:
    """Return the status in an error that comes with HTTP 200, as in the middle of a stream."""
    code = error.get("code") if isinstance(error, dict) else None
    is_status = isinstance(code, int) and httpx2.codes.BAD_REQUEST <= code < 600  # noqa: PLR2004
    return code if is_status else None


def _message(value: Any) -> str:
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or json.dumps(error)
    return str(error)


def _without_secrets(text: str) -> str:
    """Return the beginning of a server's words; servers repeat the key that they refuse."""
    return excerpt(text.encode("utf-8", "replace"), _LONGEST_WORDS)


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None

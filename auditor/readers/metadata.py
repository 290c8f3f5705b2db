"""What a home-made log says beside request and response: when, how long, for whom, at what cost.

The names are those people use; where two of a record mean the same, the one listed first wins, and
what the record says itself wins over what its metadata and tags say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from auditor.readers import providers
from auditor.readers.call import UNREAD
from auditor.readers.values import http_status, is_call_time, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.readers.call import Call, Json

NAMES: dict[str, tuple[str, ...]] = {
    "log_id": ("id", "request_id", "log_id", "call_id", "uuid"),
    "called_at": (
        "timestamp", "ts", "time", "created_at", "start_time", "startTime", "date", "datetime",
        "@timestamp", "createdAt", "requested_at", "request_time", "logged_at", "timestamp_ms",
        "_time", "@t", "TimeGenerated", "__REALTIME_TIMESTAMP",
    ),
    "latency": (
        "latency_ms", "duration_ms", "elapsed_ms", "response_time_ms", "latency", "duration",
        "elapsed", "duration_s", "latency_s",
    ),
    "ttft": ("ttft_ms", "time_to_first_token_ms", "ttft"),
    "status": ("status", "status_code", "http_status"),
    "error": ("error",),
    "provider": ("provider",),
    "url": ("url", "uri", "path", "endpoint"),
    "cost": ("cost_usd", "cost", "response_cost"),
    "labels": ("metadata", "tags"),
    "user_id": ("user", "user_id", "end_user"),
    "conversation_id": ("conversation_id", "session_id", "session", "thread_id"),
    "trace_id": ("trace_id", "traceId"),
    "project": ("project", "app", "service", "application"),
    "team": ("team", "team_id", "organization"),
    "api_key_id": ("api_key_id", "api_key_name", "key_alias", "api_key_alias"),
}  # fmt: skip
_LABELS = ("user_id", "conversation_id", "trace_id", "project", "team", "api_key_id")
_MAX_TAGS = 30
_FIRST_ERROR = 400
_SECONDS_BELOW = 200
_ORDER = {key: (n, field) for field, keys in NAMES.items() for n, key in enumerate(keys)}
_LABEL_ORDER = {key: found for key, found in _ORDER.items() if found[1] in _LABELS}
_SCALARS = (str, int, float, bool)


def apply(call: Call, record: Json) -> str | None:
    """Set what the record says beside its bodies; return the URL it was sent to."""
    url = None
    for field, key in _plan(tuple(record)):
        value = record[key]
        if value is None or value == "":
            continue
        if field == "url":
            url = url or text(value)
        elif field in _LABELS or field == "log_id":
            if getattr(call, field) is None:
                setattr(call, field, text(value))
        else:
            _SETTERS[field](call, key, value)
    request = record.get("request")
    if type(request) is dict and "metadata" in request:
        apply_labels(call, request["metadata"])
    return url


@lru_cache(maxsize=1024)
def _plan(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return (field, key) for the keys that mean something, better names first, labels last."""
    hits = [(*_ORDER[key], key) for key in keys if key in _ORDER]
    hits.sort(key=lambda hit: (hit[1] == "labels", hit))
    return tuple((field, key) for _, field, key in hits)


def _time(call: Call, _key: str, value: Any) -> None:
    if not is_call_time(call.called_at):
        at = moment(value)
        if at is not None:
            call.called_at, call.time_kind = at, "start"
        elif call.called_at is None:
            call.time_kind = UNREAD


def _latency(call: Call, key: str, value: Any) -> None:
    if call.latency_ms is None:
        call.latency_ms = _milliseconds(key, value)


def _ttft(call: Call, key: str, value: Any) -> None:
    if call.ttft_ms is None:
        call.ttft_ms = _milliseconds(key, value)


def _milliseconds(key: str, value: Any) -> float | None:
    found = number(value)
    if found is None or found < 0:
        return None
    # Without a unit in its name, what no request takes in seconds is milliseconds.
    bare = found >= _SECONDS_BELOW and not key.endswith("_s")
    return found if key.endswith("_ms") or bare else found * 1000


def _status(call: Call, _key: str, value: Any) -> None:
    code = http_status(value)
    if code is not None and call.http_status is None:
        call.http_status = code
        call.status = "ok" if code < _FIRST_ERROR else "error"


def _error(call: Call, _key: str, value: Any) -> None:
    if value and call.status != "ok":
        call.status = "error"
        call.error = text(value.get("message")) if isinstance(value, dict) else text(value)


def _provider(call: Call, _key: str, value: Any) -> None:
    if isinstance(value, str):
        call.provider = providers.of_name(value)


def _cost(call: Call, _key: str, value: Any) -> None:
    found = number(value)
    if found is not None and found > 0 and call.logged_cost_usd is None:
        call.logged_cost_usd = found


def apply_labels(call: Call, value: Any) -> None:
    """Take labels from metadata or tags, and keep them as tags too."""
    if type(value) is dict:
        for key, inner in value.items():
            if key in _LABEL_ORDER:
                field = _LABEL_ORDER[key][1]
                if getattr(call, field) is None:
                    setattr(call, field, text(inner))
        kept = {k: v for k, v in list(value.items())[:_MAX_TAGS] if isinstance(v, _SCALARS)}
        call.tags = {**call.tags, **kept} if call.tags else kept
    elif isinstance(value, list) and value:
        call.tags = {**(call.tags or {}), "tags": [str(tag) for tag in value[:_MAX_TAGS]]}


def _labels(call: Call, _key: str, value: Any) -> None:
    apply_labels(call, value)


_SETTERS: dict[str, Callable[[Call, str, Any], None]] = {
    "called_at": _time,
    "latency": _latency,
    "ttft": _ttft,
    "status": _status,
    "error": _error,
    "provider": _provider,
    "cost": _cost,
    "labels": _labels,
}

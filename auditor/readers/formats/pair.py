"""Request and response side by side, as home-made loggers and proxies write them.

There is no standard, so the two are found by shape: an object that looks like a request and one
that looks like a response, at most three levels deep. What lies around them is looked up under the
names people use.
"""

from __future__ import annotations

from typing import Any

from auditor.readers import providers, shapes
from auditor.readers.model import Call, Json, NotCall, Outcome, Reject
from auditor.readers.values import count, moment, number, text

name = "pair"
title = "request and response pairs as JSON, any layout"

_DEPTH = 3
_REQUEST_NAMES = ("request", "req", "input", "body", "request_body", "payload", "kwargs")
_RESPONSE_NAMES = ("response", "res", "resp", "output", "completion", "response_body", "result")
_TIMES = ("timestamp", "ts", "time", "created_at", "start_time", "startTime", "date", "datetime")
_LATENCIES = (
    "latency_ms",
    "duration_ms",
    "elapsed_ms",
    "latency",
    "duration",
    "elapsed",
    "duration_s",
    "latency_s",
    "response_time_ms",
)
_TTFT = ("ttft_ms", "time_to_first_token_ms", "ttft")
_IDS = ("id", "request_id", "log_id", "call_id", "uuid")
_USERS = ("user", "user_id", "end_user")
_SESSIONS = ("conversation_id", "session_id", "session", "thread_id")
_TRACES = ("trace_id", "traceId")
_PROJECTS = ("project", "app", "service", "application")
_TEAMS = ("team", "team_id", "organization")
_KEYS = ("api_key_id", "api_key_name", "key_alias", "api_key_alias")
_MAX_TAGS = 30
_FIRST_ERROR = 400
_SECONDS_BELOW = 200


_PLAIN_KEYS = frozenset(
    (*_TIMES, *_LATENCIES, *_TTFT, *_IDS, *_USERS, *_SESSIONS, *_TRACES, *_PROJECTS, *_TEAMS, *_KEYS,
     "request", "response", "status", "status_code", "tags", "metadata", "method", "url", "provider")
)  # fmt: skip
_MAX_KEYS = 16


def only_pairs(keys: tuple[str, ...]) -> bool:
    """Say whether records with these keys can be nothing but pairs."""
    return (
        len(keys) <= _MAX_KEYS
        and "request" in keys
        and "response" in keys
        and _PLAIN_KEYS.issuperset(keys)
    )


def matches(record: Json) -> bool:
    """Say whether a request and a response, or one of them, can be found."""
    if _elsewhere(record):
        return True
    request, response = _find(record)
    return request is not None or response is not None


def _elsewhere(record: Json) -> bool:
    """Say whether the record is an exchange with another endpoint than those of models."""
    url = record.get("url")
    return isinstance(url, str) and url.startswith("http") and not shapes.CALL_URL.search(url)


def read(record: Json) -> list[Outcome]:
    """Return the call of a pair."""
    request, response = _find(record)
    if request is None and response is None:
        if _elsewhere(record):
            return [NotCall("an exchange with another endpoint")]
        return [Reject("unknown-format", "no request and no response found in it")]
    call = Call()
    surroundings(call, record)
    url = _first(record, ("url", "uri", "path", "endpoint"), text)
    shapes.decode(call, request, response, url)
    if request is None and call.response_text is None and call.provider_response_id is None:
        if call.status != "error":
            return [NotCall("no request and no answer")]
        call.content_state = "absent"
    if url:
        call.endpoint = url.partition("?")[0]
    if call.provider is None:
        call.provider = (providers.of_url(url) if url else None) or (
            providers.of_model(call.model) if call.model else None
        )
    return [call]


def _find(record: Json) -> tuple[Any, Any]:
    request, response = record.get("request"), record.get("response")
    if type(request) is dict and type(response) is dict:
        if shapes.is_request(request) and (shapes.is_response(response) or not response):
            return request, response
    found = _Search()
    found.walk(record, 0)
    return found.request, found.response


class _Search:
    """The first request-shaped and the first response-shaped object, by depth."""

    def __init__(self) -> None:
        self.request: Any = None
        self.response: Any = None

    def walk(self, value: Json, depth: int) -> None:
        if self.response is None and shapes.is_response(value):
            self.response = value
            return
        if self.request is None and shapes.is_request(value):
            self.request = value
            if depth:
                return
        if depth == _DEPTH or (self.request is not None and self.response is not None):
            return
        for key, inner in value.items():
            if isinstance(inner, str) and inner[:1] in "{[de" and key in _NAMED:
                inner = shapes.parse_body(inner)[0]
            if isinstance(inner, list) and key in _RESPONSE_NAMES:
                inner = shapes.parse_body(inner)[0]
            if isinstance(inner, dict) and inner is not self.request:
                self.walk(inner, depth + 1)


_NAMED = frozenset((*_REQUEST_NAMES, *_RESPONSE_NAMES, "requestBody", "responseBody"))


def surroundings(call: Call, record: Json) -> None:
    """Take what a record says beside request and response: when, how long, for whom."""
    call.log_id = _first(record, _IDS, text)
    for key in _TIMES:
        if key in record and (at := moment(record[key])) is not None:
            call.called_at, call.time_kind = at, "start"
            break
    call.latency_ms = _milliseconds(record, _LATENCIES)
    call.ttft_ms = _milliseconds(record, _TTFT)
    status = record.get("status", record.get("status_code", record.get("http_status")))
    code = count(status)
    if code is not None and 100 <= code <= 599:  # noqa: PLR2004 - HTTP
        call.http_status = code
        call.status = "ok" if code < _FIRST_ERROR else "error"
    error = record.get("error")
    if error and call.status != "ok":
        call.status = "error"
        call.error = (
            text(error) or text(error.get("message")) if isinstance(error, dict) else text(error)
        )
    provider = record.get("provider")
    if isinstance(provider, str) and provider:
        call.provider = providers.of_name(provider)
    _labels(call, record)
    request = record.get("request")
    for around in (
        record.get("metadata"),
        record.get("tags"),
        request.get("metadata") if type(request) is dict else None,
    ):
        if type(around) is dict:
            _labels(call, around)
            call.tags = {**(call.tags or {}), **_flat(around)}
        elif isinstance(around, list) and around:
            call.tags = {**(call.tags or {}), "tags": [str(tag) for tag in around[:_MAX_TAGS]]}
    cost = record.get("cost_usd", record.get("cost", record.get("response_cost")))
    logged = number(cost)
    if logged is not None and logged > 0:
        call.logged_cost_usd = logged


def _labels(call: Call, around: Json) -> None:
    for field, keys in _LABELS:
        if getattr(call, field) is None:
            for key in keys:
                if key in around and (value := text(around[key])) is not None:
                    setattr(call, field, value)
                    break


_LABELS = (
    ("user_id", _USERS),
    ("conversation_id", _SESSIONS),
    ("trace_id", _TRACES),
    ("project", _PROJECTS),
    ("team", _TEAMS),
    ("api_key_id", _KEYS),
)


def _flat(around: Json) -> Json:
    scalars = (str, int, float, bool)
    kept = [(k, v) for k, v in around.items() if isinstance(v, scalars)][:_MAX_TAGS]
    return dict(kept)


def _milliseconds(record: Json, keys: tuple[str, ...]) -> float | None:
    for key in keys:
        if key in record and (value := number(record[key])) is not None and value >= 0:
            # Without a unit in its name, what no request takes in seconds is milliseconds.
            bare = key in ("latency", "duration", "elapsed") and value >= _SECONDS_BELOW
            return value if key.endswith("_ms") or bare else value * 1000
    return None


def _first(record: Json, keys: tuple[str, ...], kind: Any) -> Any:
    for key in keys:
        value = record.get(key)
        if value is not None and value != "":
            found = kind(value)
            if found:
                return found
    return None

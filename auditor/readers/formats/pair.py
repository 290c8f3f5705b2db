"""Request and response side by side, as home-made loggers and proxies write them.

There is no standard, so the two are found by shape: an object that looks like a request and one
that looks like a response, at most three levels deep. What lies around them is looked up under the
names people use.
"""

from __future__ import annotations

from typing import Any

from auditor.readers import api_shapes, metadata, providers
from auditor.readers.call import Call, Json, NotCall, Outcome, Reject
from auditor.readers.metadata import NAMES

name = "pair"
title = "request and response pairs as JSON, any layout"

_DEPTH = 3
_REQUEST_NAMES = ("request", "req", "input", "body", "request_body", "payload", "kwargs")
_RESPONSE_NAMES = ("response", "res", "resp", "output", "completion", "response_body", "result")
_PLAIN_KEYS = frozenset(
    ("request", "response", "method", *(key for keys in NAMES.values() for key in keys))
) - {"request_id"}
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
    return isinstance(url, str) and url.startswith("http") and not api_shapes.CALL_URL.search(url)


def read(record: Json) -> list[Outcome]:
    """Return the call of a pair."""
    request, response = _find(record)
    if request is None and response is None:
        if _elsewhere(record):
            return [NotCall("an exchange with another endpoint")]
        return [Reject("unknown-format", "no request and no response found in it")]
    call = Call()
    call.reader = name
    url = metadata.apply(call, record)
    api_shapes.decode(call, request, response, url)
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
        if "messages" in request and ("choices" in response or "content" in response):
            return request, response
        if api_shapes.is_request(request) and (api_shapes.is_response(response) or not response):
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
        if self.response is None and api_shapes.is_response(value):
            self.response = value
            return
        if self.request is None and api_shapes.is_request(value):
            self.request = value
            if depth:
                return
        if depth == _DEPTH or (self.request is not None and self.response is not None):
            return
        for key, found in value.items():
            text = isinstance(found, str) and found[:1] in "{[de" and key in _NAMED
            chunks = isinstance(found, list) and key in _RESPONSE_NAMES
            inner = api_shapes.parse_body(found)[0] if text or chunks else found
            if isinstance(inner, dict) and inner is not self.request:
                self.walk(inner, depth + 1)


# What a JSON logger calls the message, in which a program has put an object of its own.
_MESSAGE_NAMES = ("message", "msg", "log", "MESSAGE", "textPayload", "event")
_NAMED = frozenset(
    (*_REQUEST_NAMES, *_RESPONSE_NAMES, *_MESSAGE_NAMES, "requestBody", "responseBody")
)

"""Request and response side by side, as home-made loggers and proxies write them.

There is no standard, so the two are found by shape: an object that looks like a request and one
that looks like a response, at most three levels deep. What lies around them is looked up under the
names people use; so are an answer that is plain text, and token counts outside the bodies.
"""

from __future__ import annotations

from typing import Any

from auditor.readers import api_shapes, loose_usage, metadata, providers
from auditor.readers.api_shapes import sse
from auditor.readers.call import Call, Json, NotCall, Outcome, Reject
from auditor.readers.metadata import NAMES
from auditor.readers.values import json_or_none, text

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
    request, response = _find(_opened(record))
    return request is not None or response is not None


def _elsewhere(record: Json) -> bool:
    """Say whether the record is an exchange with another endpoint than those of models."""
    url = record.get("url")
    return isinstance(url, str) and url.startswith("http") and not api_shapes.CALL_URL.search(url)


def read(record: Json) -> list[Outcome]:
    """Return the call of a pair."""
    record = _opened(record)
    request, response = _find(record)
    if request is None and response is None:
        if _elsewhere(record):
            return [NotCall("an exchange with another endpoint")]
        return [Reject("unknown-format", "no request and no response found in it")]
    call = Call()
    call.reader = name
    url = metadata.apply(call, record)
    api_shapes.decode(call, request, response, url)
    if response is None and call.status != "error":
        _take_plain_answer(call, record)
    if call.model is None:
        call.model = _named_beside(record)
    loose_usage.take(call, record)
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


_JSON_KEYS = ("messages", "contents")
_ANSWER_NAMES = (
    "response", "completion", "answer", "output", "response_text", "output_text", "generation",
    "result", "text", "reply",
)  # fmt: skip


_MODEL_NAMES = ("model", "model_name", "model_id", "modelId", "ls_model_name")


def _named_beside(record: Json) -> str | None:
    """Return the model that is named beside the bodies, or in what a framework keeps of them."""
    inner = (json_or_none(record.get(key)) for key in ("response_metadata", "metadata", "extra"))
    holders = (record, *(found for found in inner if isinstance(found, dict)))
    names = (text(holder.get(key)) for holder in holders for key in _MODEL_NAMES)
    return next((name for name in names if name), None)


def _opened(record: Json) -> Json:
    """Return a record whose messages are a list: spreadsheets hold them as JSON in a text."""
    texts = [key for key in _JSON_KEYS if isinstance(record.get(key), str)]
    opened = {key: found for key in texts if isinstance(found := json_or_none(record[key]), list)}
    return {**record, **opened} if opened else record


def _take_plain_answer(call: Call, record: Json) -> None:
    """Take an answer that is logged as plain text beside the request."""
    if call.response_text is not None or call.tool_calls:
        return
    found = (value for key in _ANSWER_NAMES if isinstance(value := record.get(key), str))
    call.response_text = next((text for text in found if text and not _is_body(text)), None)
    if call.response_text is not None and call.messages and call.content_state == "partial":
        call.content_state = "full"


def _is_body(text: str) -> bool:
    """Say whether a text is what was sent over the wire, not what the model wrote."""
    return sse.looks_like_events(text) or isinstance(api_shapes.parse_body(text)[0], dict)


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
            text = isinstance(found, str) and found[:1] in "{[de:" and key in _NAMED
            chunks = isinstance(found, list) and key in _RESPONSE_NAMES
            inner = api_shapes.parse_body(found)[0] if text or chunks else found
            if isinstance(inner, dict) and inner is not self.request:
                self.walk(inner, depth + 1)


# What a JSON logger calls the message, in which a program has put an object of its own.
_MESSAGE_NAMES = ("message", "msg", "log", "MESSAGE", "textPayload", "event")
_NAMED = frozenset(
    (*_REQUEST_NAMES, *_RESPONSE_NAMES, *_MESSAGE_NAMES, "requestBody", "responseBody")
)

"""HAR recordings of a browser or proxy. Headers hold keys and cookies: they are never kept.

Source: HAR 1.2 specification. It has bodies unpacked; some proxies write them in base64 as they
came over the wire, gzip included.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Any

from auditor.readers import http_exchange
from auditor.readers.call import Call, Json, Reject
from auditor.readers.values import http_status, moment, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "har"
title = "HAR recordings"


def matches(record: Json) -> bool:
    """Say whether the record is a HAR file."""
    log = record.get("log")
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def read(record: Json) -> list[Outcome]:
    """Read every entry."""
    return [_read(entry) for entry in record["log"]["entries"]]


def _read(entry: Any) -> Outcome:
    if not isinstance(entry, dict):
        return Reject("not-an-object", "a HAR entry that is no object")
    request, response = _dict(entry.get("request")), _dict(entry.get("response"))
    content = _dict(response.get("content"))
    body = content.get("text")
    packed = False
    if content.get("encoding") == "base64" and isinstance(body, str):
        body = _decoded(body)
        packed = body is None
    wait = number(_dict(entry.get("timings")).get("wait"))
    outcome = http_exchange.call_of(
        method=text(request.get("method")),
        url=text(request.get("url")),
        request=_dict(request.get("postData")).get("text"),
        response=body,
        status=http_status(response.get("status")),
        at=moment(entry.get("startedDateTime")),
        latency_ms=number(entry.get("time")),
        ttft_ms=wait if wait and wait > 0 else None,
    )
    if packed and isinstance(outcome, Call):
        return Reject("not-utf8", "an answer in base64 that is no text, nor gzip of one")
    return outcome


_GZIP = b"\x1f\x8b"
_MOST = 64 << 20
"""Bytes of one answer: no model writes as much, a bomb does."""


def _decoded(body: str) -> str | None:
    """Return the text of a body in base64; None: it is a picture, or packed in another way."""
    try:
        raw = base64.b64decode(body, validate=False)
        if raw.startswith(_GZIP):
            raw = zlib.decompressobj(wbits=31).decompress(raw, _MOST)
        return raw.decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return None


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}

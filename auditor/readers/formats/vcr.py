"""VCR cassettes: YAML recordings of HTTP interactions, and nock's JSON ones.

Sources: vcrpy's cassette format; pydantic-ai's, which keeps ``parsed_body``; openinference's JSON
cassettes, which hold a request beside status, headers and body.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from auditor.readers import http_exchange
from auditor.readers.call import Json, Reject
from auditor.readers.values import count, http_status, moment, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "vcr"
title = "VCR cassettes (YAML), recorded responses (JSON)"


def matches(record: Json) -> bool:
    """Say whether the record is a cassette or one recorded response."""
    return isinstance(record.get("interactions"), list) or _is_bare(record)


def _is_bare(record: Json) -> bool:
    return "status" in record and "headers" in record and isinstance(record.get("body"), str | dict)


def read(record: Json) -> list[Outcome]:
    """Read every interaction."""
    if _is_bare(record):
        status = count(record.get("status"))
        return [
            http_exchange.call_of(
                method=None, url=None, request=record.get("request"), response=record["body"],
                status=status, at=_date(record.get("headers")), time_kind="end",
            )
        ]  # fmt: skip
    return [_read(found) for found in record["interactions"]]


def _read(found: Any) -> Outcome:
    if not isinstance(found, dict):
        return Reject("not-an-object", "an interaction that is no object")
    request, response = _dict(found.get("request")), _dict(found.get("response"))
    status = response.get("status")
    return http_exchange.call_of(
        method=text(request.get("method")),
        url=text(request.get("uri")) or text(request.get("url")),
        request=_body(request),
        response=_body(response),
        status=http_status(status.get("code") if isinstance(status, dict) else status),
        at=_date(response.get("headers")),
        time_kind="end",
    )


def _body(side: Json) -> Any:
    if side.get("parsed_body") is not None:
        return side["parsed_body"]
    body = side.get("body")
    if isinstance(body, dict) and ("string" in body or "base64_string" in body):
        body = body.get("string", body.get("base64_string"))
    if isinstance(body, bytes):
        if body[:2] == b"\x1f\x8b":
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                return None
        body = body.decode("utf-8", "replace")
    return body


def _date(headers: Any) -> int | None:
    for key, value in headers.items() if isinstance(headers, dict) else ():
        if str(key).lower() == "date":
            return moment(value[0] if isinstance(value, list) and value else value)
    return None


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}

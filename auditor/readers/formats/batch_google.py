"""Google's batches: a line of the result holds request and answer, or a key and the answer.

Source: Vertex AI, batch prediction output (``status``, ``processed_time``, ``request``,
``response``; Claude's lines have a ``custom_id``); Gemini API, batch mode (``key``, ``response``).
Batches cost half. ``processed_time`` is when the answer was there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes
from auditor.readers.api_shapes import gemini
from auditor.readers.api_shapes.common import take_error
from auditor.readers.call import UNREAD, Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.values import moment, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "google-batch"
title = "Google batches: Vertex AI batch prediction, Gemini API batch mode (JSONL)"
_VERTEX = frozenset(("status", "processed_time", "request", "response", "custom_id", "error"))
_GEMINI = frozenset(("key", "request", "response", "error", "metadata"))


def matches(record: Json) -> bool:
    """Say whether the record is a line of a batch's input or result."""
    keys = record.keys()
    if "key" in keys and keys <= _GEMINI:
        return _is_gemini(record.get("response")) or _is_gemini(record.get("request"))
    # Where a line of Vertex AI has no time, its status is empty: others write a word or a code.
    told = "processed_time" in keys or record.get("status") == ""
    return told and {"status", "request"} <= keys <= _VERTEX


def _is_gemini(body: Any) -> bool:
    return isinstance(body, dict) and (
        isinstance(body.get("contents"), list) or api_shapes.of_response(body) is gemini
    )


def read(record: Json) -> list[Outcome]:
    """Read a line: a request alone is no call."""
    request, response = record.get("request"), record.get("response")
    failed = record.get("error") or record.get("status")
    if not response and not failed:
        return [NotCall("request of a batch")]
    call = Call()
    api_shapes.decode(call, request, response)
    key = text(record.get("key")) or text(record.get("custom_id"))
    call.provider, call.service_tier = "google", "batch"
    call.log_id = key
    call.tags = {"key": key} if key else None
    if (at := record.get("processed_time")) is not None:
        call.called_at = moment(at)
        call.time_kind = "end" if call.called_at is not None else UNREAD
    if failed and not response:
        take_error(call, failed)
    finish(call)
    return [call]

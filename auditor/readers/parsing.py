"""One JSON text to a record, or the reason why it cannot be one."""

from __future__ import annotations

import json

import orjson

from auditor.readers import log_line
from auditor.readers.call import Json, NotCall, Reject

BOM = b"\xef\xbb\xbf"

MOST_VALUES = 5_000_000
"""A value is an object of up to a hundred bytes once it is parsed: half a gigabyte of them."""

_MARKS = (b",", b"[", b"{")
_LARGE = 4 << 20
"""Below this no text has so many values that it matters."""


def parse(raw: bytes) -> Json | Reject | NotCall:
    """Parse one JSON object; a text that is not one becomes a reject or a not-call.

    A line of an application's log gives the object behind its prefix (``log_line``).
    """
    if len(raw) > _LARGE and sum(map(raw.count, _MARKS)) > MOST_VALUES:
        return Reject("too-large", f"more than {MOST_VALUES:,} values in {len(raw):,} bytes")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _leniently(raw, str(error))
    if type(value) is dict:
        return value
    return Reject("not-an-object", f"a JSON {type(value).__name__} is no record")


def _leniently(raw: bytes, words: str) -> Json | Reject | NotCall:
    """Try again as Python's own loggers write: NaN, huge numbers, lone surrogates."""
    if not raw.strip():
        return NotCall("blank line")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Reject("not-utf8", f"byte {error.start}: {error.reason}")
    try:
        value = json.loads(text)
    except RecursionError:
        return Reject("too-deep", "nested too deeply")
    except ValueError:
        value = log_line.json_in(text)
        if value is None:
            is_text = log_line.is_text(text)
            return NotCall("a line of text") if is_text else Reject("bad-json", words)
    if isinstance(value, dict):
        return without_surrogates(value)
    return Reject("not-an-object", f"a JSON {type(value).__name__} is no record")


def without_surrogates(value: Json) -> Json:
    """Return a record whose texts UTF-8 can hold; lone surrogates become question marks."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return value
    cleaned: Json = json.loads(text.encode("utf-8", "replace"))
    return cleaned

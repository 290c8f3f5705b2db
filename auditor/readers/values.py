"""Hostile scalars: counts, times and texts as logs spell them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from auditor.readers.extended_json import extended
from auditor.readers.times import MAX_EPOCH_US, MIN_EPOCH_US, is_call_time, moment

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = [
    "MAX_EPOCH_US", "MIN_EPOCH_US", "choice_count", "count", "dumps", "encodable",
    "http_status", "is_call_time", "json_or_none", "moment", "number", "one_of", "text",
]  # fmt: skip

_MAX_CHOICES = 10_000  # OpenAI takes 128
_MAX_FLOAT = 1e300
_GROUPED = re.compile(r"\d{1,3}(?:[,'\u00a0\u202f ]\d{3})+\Z")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z")


def count(value: Any) -> int | None:
    """Return a count of any size; None for what is none: negative, fractional, not a number.

    Whether a call can have so many is asked once, of the whole call (``plausible``).
    """
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, str):
        value = value.strip()
        if _GROUPED.match(value):  # as spreadsheets show thousands
            value = re.sub(r"\D", "", value)
        if not _NUMBER.match(value):
            return None
        value = float(value) if not value.isdigit() or len(value) > 15 else int(value)  # noqa: PLR2004 - exact in a double
    if isinstance(value, dict):
        return count(extended(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _MAX_FLOAT or value != int(value):
        return None
    return int(value)


def http_status(value: Any) -> int | None:
    """Return the status code of an HTTP response; None for any other value."""
    code = count(value)
    return code if code is not None and 100 <= code <= 599 else None  # noqa: PLR2004 - HTTP


def choice_count(value: Any) -> int | None:
    """Return how many answers were asked for; None for what no API takes."""
    found = count(value)
    return found if found is not None and found <= _MAX_CHOICES else None


def one_of(value: Any, allowed: Container[str]) -> bool:
    """Say whether a value is one of some names; only a text can be."""
    return isinstance(value, str) and value in allowed


def number(value: Any) -> float | None:
    """Return a finite number, also from a string; None for anything else."""
    if isinstance(value, dict):
        value = extended(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and abs(value) <= _MAX_FLOAT:
        return float(value)
    return None


def text(value: Any) -> str | None:
    """Return a non-empty string; numbers become their digits, everything else None."""
    if type(value) is str:
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text(extended(value)) if isinstance(value, dict) else None


def json_or_none(value: Any) -> Any:
    """Parse JSON text as often as it was encoded; None if it is not JSON. Other values stay."""
    for _ in range(3):
        if not isinstance(value, str):
            return value
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value


def dumps(value: Any) -> str:
    """Return compact JSON; lone surrogates, which no UTF-8 holds, become question marks."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        return raw.encode("utf-8", "replace").decode()


def encodable(value: str) -> str:
    """Return text that UTF-8 can hold."""
    return value.encode("utf-8", "replace").decode()

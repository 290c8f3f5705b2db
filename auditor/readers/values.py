"""Hostile scalars: counts, times and texts as logs spell them."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Container

_MAX_CHOICES = 10_000  # OpenAI takes 128
_MICROS = 1_000_000
MAX_EPOCH_US = 4_102_444_800 * _MICROS  # 2100-01-01: no call was later
MIN_EPOCH_US = 946_684_800 * _MICROS  # 2000-01-01
_MAX_FLOAT = 1e300
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_DATE_FORMATS = (
    "%a, %d %b %Y %H:%M:%S %Z",  # HTTP Date header
    "%d/%b/%Y:%H:%M:%S %z",  # web server logs
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S %Z",
)


def count(value: Any) -> int | None:
    """Return a count of any size; None for what is none: negative, fractional, not a number.

    Whether a call can have so many is asked once, of the whole call (``plausible``).
    """
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, str):
        value = value.strip()
        if not _NUMBER.match(value):
            return None
        value = float(value) if not value.isdigit() or len(value) > 15 else int(value)  # noqa: PLR2004 - exact in a double
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
    return None


def moment(value: Any, unit: str | None = None) -> int | None:
    """Return microseconds since the epoch, UTC, or None.

    Takes ISO 8601 with or without zone (without: UTC), HTTP dates, and epochs as number or digits,
    whose unit is told by their size when not given: above 1e17 ns, above 1e14 us, above 1e11 ms.
    The moment may be one at which no call was (``is_call_time``).
    """
    if isinstance(value, str):
        micros = _from_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        micros = _from_epoch(value, unit)
    elif isinstance(value, datetime):
        micros = _from_datetime(value)
    else:
        return None
    return micros


def is_call_time(micros: int | None) -> bool:
    """Say whether a call can have been at a moment: from 2000 to 2100."""
    return micros is not None and MIN_EPOCH_US <= micros <= MAX_EPOCH_US


def _from_text(value: str) -> int | None:
    try:
        return _from_datetime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        pass
    value = value.strip()
    if _NUMBER.match(value):
        return _from_epoch(int(value) if value.isdigit() else float(value), None)
    # Nine digits after the second are common (nanoseconds) and more than fromisoformat takes.
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", value).removesuffix(" UTC")
    for pattern in ("", *_DATE_FORMATS):
        try:
            moment = (
                datetime.strptime(value, pattern) if pattern else datetime.fromisoformat(trimmed)  # noqa: DTZ007
            )
            return _from_datetime(moment)
        except (ValueError, OverflowError):
            continue
    return None


def _from_datetime(value: datetime) -> int:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * _MICROS + delta.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_UNIT = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}


def _from_epoch(value: float, unit: str | None) -> int | None:
    if not math.isfinite(value) or abs(value) > 1e30:  # noqa: PLR2004 - beyond any epoch
        return None
    if unit is None:
        size = abs(value)
        unit = "ns" if size > 1e17 else "us" if size > 1e14 else "ms" if size > 1e11 else "s"  # noqa: PLR2004
    if isinstance(value, int):
        return value // 1000 if unit == "ns" else value * int(_PER_UNIT[unit])
    return round(value * _PER_UNIT[unit])


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

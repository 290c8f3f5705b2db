"""Figures that no API call can have: taken off the call, and kept beside it as they were logged.

A log may say anything: microdollars under the name of dollars, a clock of 1970, a count that
overflowed. Such a figure is worse than none, for one of them outweighs a million true ones. It
becomes unknown, and ``calls.implausible`` says what the log had there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from auditor.readers.call import TOKEN_COUNTS, UNREAD
from auditor.readers.values import is_call_time

if TYPE_CHECKING:
    from auditor.readers.call import Call

MAX_TOKENS = 10**8
"""Ten times the largest context window that is sold (Llama 4 Scout, 10 M tokens)."""

MAX_DURATION_MS = 31 * 86_400_000.0
"""Batches may take a day, background answers hours: a month is beyond all of them."""

MAX_COST_USD = 10_000.0
"""The dearest tokens sold cost 600 USD a million: such a call had 16 million of them."""

MAX_SEARCHES = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATIONS = ("latency_ms", "ttft_ms")
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_DURATIONS, (0, MAX_DURATION_MS)),
    "logged_cost_usd": (0, MAX_COST_USD),
    "web_searches": (0, MAX_SEARCHES),
}


def take_off(call: Call) -> list[str] | None:
    """Set implausible figures to unknown; return ``column=figure`` for each, None: all are fine.

    With one absurd count the whole usage is unknown, because the buckets come from one another.
    """
    for name in _DURATIONS:
        if (getattr(call, name) or 0) < 0:  # -1 is how loggers write that they do not know
            setattr(call, name, None)
    found = [
        name
        for name, (low, high) in _RANGES.items()
        if (value := getattr(call, name)) is not None and not low <= value <= high
    ]
    counts = [
        name
        for name in TOKEN_COUNTS
        if (value := getattr(call, name)) is not None and not 0 <= value <= MAX_TOKENS
    ]
    late = call.called_at is not None and not is_call_time(call.called_at)
    if not (found or counts or late):
        return None
    notes = [f"{name}={_shown(getattr(call, name))}" for name in (*found, *counts)]
    if late:
        notes.append(f"called_at={_as_date(call.called_at or 0)}")
        call.called_at, call.time_kind = None, UNREAD
    for name in found:
        setattr(call, name, None)
    if counts:
        call.usage_state = "absent"
        for name in TOKEN_COUNTS:
            setattr(call, name, None)
    return notes


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) or abs(value) > 10**18 else str(value)


def _as_date(micros: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=micros)).isoformat()
    except OverflowError:
        return f"{micros} us after 1970"

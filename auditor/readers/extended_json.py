"""MongoDB's extended JSON, which wraps what JSON has no type for: ``{"$numberInt": "1000"}``.

Source: MongoDB Extended JSON (v2), canonical and relaxed.
"""

from __future__ import annotations

from typing import Any

_KEYS = frozenset((
    "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$date", "$oid", "$uuid",
))  # fmt: skip


def extended(value: dict[str, Any]) -> str | int | float | None:
    """Return what an object of extended JSON stands for; None for any other object."""
    key, inner = next(iter(value.items())) if len(value) == 1 else (None, None)
    if key == "$date" and isinstance(inner, dict):  # canonical: {"$date": {"$numberLong": "..."}}
        inner = inner.get("$numberLong")
    return inner if key in _KEYS and isinstance(inner, str | int | float) else None

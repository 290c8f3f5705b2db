"""report.json: everything that the report says, versioned; money as text, unknown as null."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.report.data import Report

VERSION = 1
"""Keys are only ever added within a version."""


def render_json(report: Report) -> str:
    """Return the report as JSON with sorted keys, ASCII only, so that no text can act."""
    document = {"version": VERSION, **plain(report)}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def plain(value: Any) -> Any:
    """Turn a tree of dataclasses into what JSON holds: objects, lists, text, numbers, null."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value

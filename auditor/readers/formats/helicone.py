"""Helicone's export; its CSV escapes the JSON in cells twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.mapped import declared
from auditor.readers.values import json_or_none

if TYPE_CHECKING:
    from auditor.readers.call import Json, Outcome

name = "helicone"
_table = declared("helicone")
title = _table.title
matches = _table.matches


def read(record: Json) -> list[Outcome]:
    """Read a row."""
    return _table.read({key: _repaired(value) for key, value in record.items()})


def _repaired(value: object) -> object:
    if isinstance(value, str) and value[:3] in ('{""', '[""') and json_or_none(value) is None:
        return value.replace('""', '"')
    return value

"""Vertex AI request-response logging: a table of paths, and models named by their place.

The time logged is the end; the start is that less the latency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.call import Call, Json
from auditor.readers.mapped import declared
from auditor.readers.plausible import MAX_DURATION_MS
from auditor.readers.values import text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

name = "vertex"
_table = declared("vertex")
title = _table.title
matches = _table.matches


def read(record: Json) -> list[Outcome]:
    """Read a row."""
    outcomes = _table.read(record)
    for call in outcomes:
        if not isinstance(call, Call):
            continue
        named = text(record.get("model")) or text(record.get("deployed_model_id")) or ""
        call.model = (call.model or named).rpartition("/")[2] or None
        call.model_requested = named.rpartition("/")[2] or call.model_requested
        took = call.latency_ms or 0
        if call.called_at is None or call.time_kind != "end" or not 0 < took <= MAX_DURATION_MS:
            continue
        call.called_at, call.time_kind = call.called_at - round(took * 1000), "start"
    return outcomes

"""Log records of coding agents outside of an OTLP envelope, one by one.

Gemini CLI writes them so into its ``--telemetry-outfile``, and stores of logs give them back so:
the attributes in an object, or flat beside the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers.traces import agent_events
from auditor.readers.values import moment, text

if TYPE_CHECKING:
    from auditor.readers.call import Json, Outcome

name = "agent-telemetry"
title = "events of coding agents as log records: Claude Code, Gemini CLI, Qwen Code, Codex"

_TIMES = ("timeUnixNano", "observedTimeUnixNano", "timestamp", "time", "@timestamp")
_NANOSECONDS = 1_000


def matches(record: Json) -> bool:
    """Say whether the record is an event of an agent that is known."""
    return _event(record) is not None


def read(record: Json) -> list[Outcome]:
    """Return the call of an event, or what else the event is."""
    return [agent_events.read(_event(record) or "", _attributes(record), _time(record))]


def _event(record: Json) -> str | None:
    attributes = _attributes(record)
    if "event.name" not in attributes and not isinstance(record.get("attributes"), dict):
        return None
    resource = record.get("resource")
    inner = resource.get("attributes") if isinstance(resource, dict) else None
    service = text(inner.get("service.name")) if isinstance(inner, dict) else None
    return agent_events.event_of(
        attributes, record.get("body", record.get("_body")), text(record.get("name")), service
    )


def _attributes(record: Json) -> Json:
    inner = record.get("attributes")
    return inner if isinstance(inner, dict) else record


def _time(record: Json) -> int | None:
    """Return when the record was made; the SDK for JavaScript gives seconds and nanoseconds."""
    parts = record.get("hrTime")
    if isinstance(parts, list) and len(parts) == 2:  # noqa: PLR2004 - seconds, nanoseconds
        seconds, rest = moment(parts[0], "s"), parts[1]
        if seconds is not None and isinstance(rest, int):
            return seconds + rest // _NANOSECONDS
    return next((at for key in _TIMES if (at := moment(record.get(key))) is not None), None)

"""OpenTelemetry traces and logs as JSON, as the Collector's file exporter writes them.

Source: OTLP/JSON (opentelemetry-proto): intValue is text, ids are hex (base64 in naive dumps),
times are nanoseconds as text. A call's texts may be in log records of the same span, so traces and
logs of a folder are read together. Coding agents report calls in log records of their own
(``traces.agent_events``).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.readers.call import Call, Json, NotCall
from auditor.readers.traces import agent_events, spans
from auditor.readers.traces.span import Span
from auditor.readers.values import moment, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.readers.call import Outcome

name = "otlp"
title = (
    "OpenTelemetry traces and logs (OTLP JSON): gen_ai, OpenLLMetry, OpenInference, AI SDK, events"
    " of coding agents"
)
reach = "folder"

_Key = tuple[str | None, str | None]
_HEX_IDS = (16, 32)
_INT64_DIGITS = 19


class _Log(NamedTuple):
    """A log record, and the span that it belongs to."""

    span: _Key
    event: str
    body: Json
    agents: str | None
    """The event of a coding agent that it is."""
    attributes: Json
    at: int | None


def matches(record: Json) -> bool:
    """Say whether the record is an OTLP envelope."""
    return any(
        isinstance(record.get(key), list)
        for key in ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs")
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read envelopes together; each holds as many records as spans and log records."""
    found: list[Span] = []
    logs: list[_Log] = []
    places: list[list[tuple[str, int]]] = []
    for record in records:
        place: list[tuple[str, int]] = []
        for span in _spans(record):
            place.append(("span", len(found)))
            found.append(span)
        for log in _logs(record):
            place.append(("log", len(logs)))
            logs.append(log)
        places.append(place)
    by_id = {(s.trace_id, s.span_id): s for s in found}
    for log in logs:
        owner = by_id.get(log.span)
        if owner is not None and log.event.startswith("gen_ai."):
            owner.content.append((log.event, log.body))
    wrappers = spans.wrappers(found)
    read = [
        NotCall("wrapper of a call that is in the trace") if n in wrappers else spans.read(span)
        for n, span in enumerate(found)
    ]
    calls = {
        (s.trace_id, s.span_id): outcome
        for s, outcome in zip(found, read, strict=True)
        if isinstance(outcome, Call)
    }
    return [
        [read[n] if kind == "span" else _of_log(logs[n], calls) for kind, n in place]
        or [NotCall("an empty envelope")]
        for place in places
    ]


def _of_log(log: _Log, calls: Mapping[_Key, Call]) -> Outcome:
    """Return what a log record is: a part of a call in the trace, or an agent's own report."""
    of_span = calls.get(log.span)
    if of_span is None and log.agents is not None:
        return agent_events.read(log.agents, log.attributes, log.at)
    return NotCall("log record", of_span)


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _scoped(record: Json, resource: str, scope: str, items: str) -> list[tuple[Json, Json]]:
    """Return the items of an envelope, each with the attributes of its resource."""
    snake = {
        k: "".join(f"_{c.lower()}" if c.isupper() else c for c in k)
        for k in (resource, scope, items)
    }
    found = []
    for outer in _list(record.get(resource) or record.get(snake[resource])):
        inner = outer.get("resource")
        attributes = attributes_of(inner.get("attributes")) if isinstance(inner, dict) else {}
        for scoped in _list(outer.get(scope) or outer.get(snake[scope])):
            found += [
                (attributes, item) for item in _list(scoped.get(items) or scoped.get(snake[items]))
            ]
    return found


def _spans(record: Json) -> list[Span]:
    return [
        Span(
            attributes=attributes_of(item.get("attributes")),
            trace_id=hex_id(item.get("traceId", item.get("trace_id"))),
            span_id=hex_id(item.get("spanId", item.get("span_id"))),
            parent_id=hex_id(item.get("parentSpanId", item.get("parent_span_id"))),
            started_at=moment(item.get("startTimeUnixNano", item.get("start_time_unix_nano"))),
            ended_at=moment(item.get("endTimeUnixNano", item.get("end_time_unix_nano"))),
            status=item.get("status"),
            status_message=text(item["status"].get("message"))
            if isinstance(item.get("status"), dict)
            else None,
            name=text(item.get("name")),
            service=text(resource.get("service.name")),
            events=[
                {"name": event.get("name"), "attributes": attributes_of(event.get("attributes"))}
                for event in _list(item.get("events"))
            ],
        )
        for resource, item in _scoped(record, "resourceSpans", "scopeSpans", "spans")
    ]


def _logs(record: Json) -> list[_Log]:
    found = []
    for resource, item in _scoped(record, "resourceLogs", "scopeLogs", "logRecords"):
        attributes = attributes_of(item.get("attributes"))
        name = text(item.get("eventName", item.get("event_name")))
        body = value_of(item.get("body"))
        times = ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano")
        found.append(
            _Log(
                span=(
                    hex_id(item.get("traceId", item.get("trace_id"))),
                    hex_id(item.get("spanId", item.get("span_id"))),
                ),
                event=name or text(attributes.get("event.name")) or "",
                body=body if isinstance(body, dict) else {},
                agents=agent_events.event_of(
                    attributes, body, name, text(resource.get("service.name"))
                ),
                attributes=attributes,
                at=next((at for key in times if (at := moment(item.get(key))) is not None), None),
            )
        )
    return found


def attributes_of(found: Any) -> Json:
    """Return attributes as a flat dict, from OTLP's list of pairs or from a dict."""
    if isinstance(found, dict):
        return found
    return {str(pair.get("key")): value_of(pair.get("value")) for pair in _list(found)}


def value_of(value: Any) -> Any:
    """Return the plain value of an OTLP AnyValue."""
    if not isinstance(value, dict):
        return value
    for key in ("stringValue", "boolValue", "doubleValue", "bytesValue"):
        if key in value:
            return value[key]
    if "intValue" in value:
        number = value["intValue"]
        digits = isinstance(number, str) and number.lstrip("-").isdigit()
        return int(number) if digits and len(number) <= _INT64_DIGITS else number
    if isinstance(inner := value.get("arrayValue"), dict):
        values = inner.get("values")
        return [value_of(item) for item in values] if isinstance(values, list) else []
    if isinstance(inner := value.get("kvlistValue"), dict):
        return attributes_of(inner.get("values"))
    return None


def hex_id(value: Any) -> str | None:
    """Return an id as hex, also where a naive dump wrote base64."""
    found = text(value)
    if found and found.endswith("=") and len(found) not in _HEX_IDS:
        try:
            return base64.b64decode(found, validate=True).hex()
        except ValueError:
            return found
    return found

"""Spans outside an OTLP envelope: AI SDK dumps, Phoenix exports, bare attribute sets.

Sources: AI SDK telemetry fixtures (startTime as [seconds, nanoseconds]), Phoenix' REST spans and
its dataframe export, whose columns begin with ``attributes.``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.call import Json, NotCall
from auditor.readers.formats.otlp import attributes_of
from auditor.readers.traces import spans
from auditor.readers.traces.span import Span
from auditor.readers.values import json_or_none, moment, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "spans"
title = "trace spans as JSON or parquet: AI SDK, Phoenix, gen_ai attributes"
reach = "file"

_KNOWN = ("gen_ai.", "ai.operationId", "openinference.", "llm.token_count.", "ai.model.")


def matches(record: Json) -> bool:
    """Say whether the record, or what it groups, is a span."""
    if _is_span(record):
        return True
    grouped = next(iter(record.values()), None)
    return (
        isinstance(grouped, list)
        and bool(grouped)
        and isinstance(grouped[0], dict)
        and _is_span(grouped[0])
    )


def _is_span(record: Json) -> bool:
    attributes = record.get("attributes")
    if isinstance(attributes, str):
        attributes = json_or_none(attributes)
    if isinstance(attributes, dict) and (
        "spanContext" in record
        or "span_kind" in record
        or "context" in record
        or "startTime" in record
        or "start_time" in record
    ):
        return True
    keys = record if attributes is None else attributes
    return isinstance(keys, dict) and any(
        key.removeprefix("attributes.").startswith(_KNOWN) for key in keys if isinstance(key, str)
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read spans together, so that wrappers are told from leaves."""
    groups = [[_span(item) for item in _items(record)] for record in records]
    flat = [span for group in groups for span in group]
    wrappers = spans.wrappers(flat)
    outcomes = iter(
        NotCall("wrapper of a call that is in the trace") if n in wrappers else spans.read(span)
        for n, span in enumerate(flat)
    )
    return [[next(outcomes) for _ in group] for group in groups]


def _items(record: Json) -> list[Json]:
    if _is_span(record):
        return [record]
    return [
        item
        for group in record.values()
        for item in (group if isinstance(group, list) else [group])
        if isinstance(item, dict)
    ]


def _span(record: Json) -> Span:
    attributes = record.get("attributes")
    attributes = json_or_none(attributes) if isinstance(attributes, str) else attributes
    if isinstance(attributes, dict):
        attributes = flat(attributes)
    elif isinstance(attributes, list):
        attributes = attributes_of(attributes)
    else:
        bare = {k.removeprefix("attributes."): v for k, v in record.items() if v is not None}
        attributes = flat(bare)
    context = record.get("spanContext") or record.get("context")
    context = context if isinstance(context, dict) else {}
    return Span(
        attributes=attributes,
        trace_id=text(
            context.get(
                "traceId",
                context.get("trace_id", record.get("context.trace_id", record.get("traceId"))),
            )
        ),
        span_id=text(
            context.get(
                "spanId",
                context.get("span_id", record.get("context.span_id", record.get("spanId"))),
            )
        ),
        parent_id=text(record.get("parentSpanId", record.get("parent_id", record.get("parentId")))),
        started_at=_time(record.get("startTime", record.get("start_time"))),
        ended_at=_time(record.get("endTime", record.get("end_time"))),
        status=record.get("status", record.get("status_code")),
        status_message=text(record.get("status_message")),
        name=text(record.get("name")),
        events=record["events"] if isinstance(record.get("events"), list) else (),
    )


def flat(attributes: Json, prefix: str = "") -> Json:
    """Return nested attributes under dotted names."""
    found: Json = {}
    for key, value in attributes.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            found |= flat(value, f"{path}.")
        elif (
            path.startswith("llm.")
            and isinstance(value, list)
            and value
            and isinstance(value[0], dict)
        ):
            # Phoenix' dataframes hold lists where its attributes have numbers.
            found |= flat({str(n): item for n, item in enumerate(value)}, f"{path}.")
        else:
            found[path] = value
    return found


def _time(value: Any) -> int | None:
    if isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value):  # noqa: PLR2004
        return moment(value[0] * 1_000_000 + value[1] // 1000, "us")
    return moment(value)

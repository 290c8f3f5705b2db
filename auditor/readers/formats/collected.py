"""Records that a log collector, or the search over what it has collected, puts around a line.

Sources: Amazon CloudWatch Logs (GetLogEvents, subscription filters, Logs Insights), Google Cloud
LogEntry (``textPayload``), Azure Monitor (ContainerLogV2, Container Apps), Datadog's log search,
Grafana Loki (query and push API, logcli), Elasticsearch's hits and elasticdump, Splunk's JSON
export, systemd's journal as JSON (a message with odd bytes is a list of numbers), GELF, and
loguru's ``serialize``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import log_line
from auditor.readers.call import NotCall, Outcome, Reject
from auditor.readers.formats import pair
from auditor.readers.metadata import NAMES
from auditor.readers.parsing import parse
from auditor.readers.paths import split, value_at
from auditor.readers.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.readers.call import Json
    from auditor.readers.registry import Registry

name = "collected"
title = "records of log collectors: CloudWatch, Google Cloud, Azure, Datadog, Loki, Elastic, Splunk"

_LISTS = tuple(
    split(path)
    for path in ("events", "logEvents", "hits.hits", "data.result", "streams", "entries",
                 "results", "data", "logs")
)  # fmt: skip
"""Where the answer of a search keeps its records."""
_WITHIN = {
    "_source": ("_index", "_id"),
    "result": ("preview", "lastrow"),
    "attributes": ("tags", "service", "host"),
    "record": ("text",),
}
"""Where one of them keeps what was logged, and the keys beside it by which it is an envelope."""
_LINES = (
    "message", "MESSAGE", "@message", "_raw", "line", "log", "textPayload", "msg", "event",
    "full_message", "short_message", "Log_s", "LogMessage", "LogEntry", "Message", "body",
)  # fmt: skip
"""What the line of the program is called."""
_TIMES = (
    "@timestamp", "timestamp", "_time", "time", "TimeGenerated", "__REALTIME_TIMESTAMP", "date",
    "time.timestamp", "receiveTimestamp",
)  # fmt: skip
_TIME_PATHS = tuple(map(split, _TIMES))
_CARRIED = frozenset(
    key for field in ("user_id", "project", "team", "trace_id") for key in NAMES[field]
)
"""What a collector says that the line itself may not."""
_DEPTH = 4
_LOOKED_AT = 20
"""Lines of a long answer that are looked at before it is taken for one."""


class Collected:
    """Opens the envelope, and gives what is in it to the reader that knows that."""

    name = name
    title = title

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def matches(self, record: Json) -> bool:
        """Say whether an envelope holds a record that somebody knows."""
        if _is_pair(record):
            return False
        known = (
            isinstance(found, dict) and self._registry.find(found) is not None
            for _, found in zip(range(_LOOKED_AT), _opened(record), strict=False)
        )
        return any(known)

    def read(self, record: Json) -> list[Outcome]:
        """Return what is in an envelope; a line of it that is no call is one that is not."""
        return [outcome for found in _opened(record) for outcome in self._outcomes(found)]

    def _outcomes(self, found: Json | Outcome) -> list[Outcome]:
        if not isinstance(found, dict):
            return [found]
        if self._registry.find(found) is None:
            return [NotCall("a line of the program that is no call")]
        return list(self._registry.read(found))


def _opened(record: Json) -> Iterator[Json | Outcome]:
    """Yield what lies in an envelope, with the time and labels it says; nothing: it is not one."""
    for path in _LISTS:
        entries = value_at(record, path) if path[0] in record else None
        if isinstance(entries, list) and entries:
            yield from _of_list(entries)
            return
    if (found := _line(record, {}, 0)) is not None:
        yield found


def _of_list(entries: list[Any]) -> Iterator[Json | Outcome]:
    for entry in entries:
        if not isinstance(entry, dict):
            yield Reject("not-an-object", f"a {type(entry).__name__} among the records of a search")
        elif isinstance(values := entry.get("values"), list):
            yield from _of_stream(values)
        else:
            yield _line(entry, {}, 0) or _stamped(entry, entry)


def _of_stream(values: list[Any]) -> Iterator[Json | Outcome]:
    """Yield the lines of a stream of Loki: pairs of nanoseconds and text."""
    for value in values:
        match value:
            case [time, str(line), *_]:
                yield _parsed(line, {"timestamp": time})
            case _:
                yield Reject("not-an-object", "a value of a stream that is no pair")


def _line(record: Json, around: Json, depth: int) -> Json | Outcome | None:
    """Return what a program has logged, of an envelope in envelopes; None: there is no such."""
    if depth == _DEPTH:
        return None
    said = {**around, **{k: v for k, v in record.items() if k in _SAID}}
    for key, beside in _WITHIN.items():
        is_log = not record.keys().isdisjoint(beside) or record.get("type") == "log"
        if is_log and isinstance(inner := record.get(key), dict):
            found = _line(inner, said, depth + 1)
            return found if found is not None else _stamped(inner, said)
    for key in _LINES:
        line = _text_of(record[key]) if key in record else None
        if line is not None and "{" in line:
            found = _parsed(line, said)
            if isinstance(found, dict):
                return _line(found, said, depth + 1) or found
    return None


_SAID = frozenset((*(path[0] for path in _TIME_PATHS), *_CARRIED))


def _text_of(value: Any) -> str | None:
    if isinstance(value, list) and all(type(v) is int and 0 <= v < 256 for v in value):  # noqa: PLR2004
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _parsed(line: str, said: Json) -> Json | Outcome:
    found = parse(line.encode("utf-8", "replace"))
    if isinstance(found, dict):
        return _stamped(found, said)
    return found if "{" in line else NotCall("a line of text")


def _stamped(found: Json, said: Json) -> Json:
    time = next((t for path in _TIME_PATHS if (t := text(value_at(said, path)))), None)
    labels = {k: v for k in _CARRIED if k not in found and isinstance(v := said.get(k), str)}
    found = {**found, **labels} if labels else found
    return log_line.stamped(found, time) if time else found


def _is_pair(record: Json) -> bool:
    """Say whether the pair lies in the record itself, so that no envelope has to be opened."""
    return record.keys().isdisjoint(_WITHIN) and pair.matches(record)

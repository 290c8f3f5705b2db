"""The JSON in a line of an application's log: what a logger writes before it is cut off.

Python's logging, log4j, Go's log, syslog and ``kubectl logs --timestamps`` put a time, a level and
a name before the message; logfmt writes the message in quotes, as a text; terminals colour all of
it. The object has to end the line: a fragment of a broken record does not become one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from auditor.readers.metadata import NAMES
from auditor.readers.values import moment

if TYPE_CHECKING:
    from auditor.readers.call import Json

_PREFIX = 1_000
"""Characters: what is written before a message is short."""
_BRACES = 8
"""How many places an object may begin at are tried: names of threads have braces too."""
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_FRAGMENT = re.compile(r'(^\s*data|"\s{0,8}):\s*\Z|[{,]\s*\Z')
"""A prefix that is the beginning of JSON, or of a server-sent event: no logger's."""
_TIME = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"
)
_LOGGED = re.compile(
    r"[\[<(\s]{0,4}(\d{4}[-/]\d\d[-/]\d\d[T ]|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"
    r"|(level|time|ts)=|[IWEF]\d{4} \d\d:)"
)
_PRINTED = re.compile(
    r"\[\d{1,9}\] [^\s:]{1,200}: \[\[?(?P<time>\d{9,10}(\.\d{1,9})?)(, ?\{\}\])?, ?(?=\{)"
)
"""What Fluent Bit's standard output puts before a record; behind it is one bracket."""
_BEHIND = re.compile(r"\s*((\[\]|\{\})\s*){0,2}")
"""What may follow: the empty context and extra of PHP's Monolog."""
_DECODER = json.JSONDecoder()
_TIMES = frozenset((*NAMES["called_at"], "created", "@timestamp"))


def json_in(line: str) -> Json | None:
    """Return the object that a line ends with, behind a logger's prefix; None: there is none.

    The time of the prefix becomes the record's where it has none of its own.
    """
    if "\x1b" in line:
        line = _COLOUR.sub("", line)
    if printed := _PRINTED.match(line):
        inside = _decoded(line[printed.end() :])
        return stamped(inside[0], printed["time"]) if inside and inside[1] == "]" else None
    start = line.find("{")
    if not line[:start].strip() and (first := _decoded(line[start:])) and first[1][:1] == "{":
        return None  # several records: the first is no prefix of the last, and would be lost
    for _ in range(_BRACES):
        if not 0 <= start <= _PREFIX:
            return None
        found = _object_at(line, start)
        if found is not None:
            prefix = line[:start]
            time = _TIME.search(prefix)
            return stamped(found, time.group()) if time else found
        start = line.find("{", start + 1)
    return None


def _decoded(text: str) -> tuple[Json, str] | None:
    """Return the object that a text begins with, and what is behind it."""
    try:
        found, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return (found, text[end:].strip()) if isinstance(found, dict) else None


def is_text(line: str) -> bool:
    """Say whether a line is one that a logger wrote, of words without any object."""
    return "{" not in line and _LOGGED.match(_COLOUR.sub("", line)) is not None


def stamped(record: Json, time: str) -> Json:
    """Return a record with the time its line was written at, if it has none of its own."""
    if not _TIMES.isdisjoint(record) or moment(time.replace(",", ".")) is None:
        return record
    return {"timestamp": time.replace(",", "."), **record}


def _object_at(line: str, start: int) -> Json | None:
    """Return the object that begins at a brace and ends the line, quoted once or not at all."""
    quoted = line.startswith('"{\\"', start - 1) if start else False
    begin = start - 1 if quoted else start
    if begin == 0 or _FRAGMENT.search(line[:begin]):
        return None
    try:
        found, end = _DECODER.raw_decode(line, begin)
        if quoted and isinstance(found, str):
            found = _DECODER.decode(found)
    except (ValueError, RecursionError):
        return None
    # logfmt goes on behind a quoted message with further pairs.
    ends = _BEHIND.fullmatch(line, end) or (quoted and line[end : end + 1] == " ")
    return found if ends and isinstance(found, dict) else None

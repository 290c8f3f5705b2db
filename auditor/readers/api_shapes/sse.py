"""Server-sent events: the text of a streamed response back to one response body.

Source: WHATWG HTML, server-sent events; OpenAI ends a stream with ``data: [DONE]``, Anthropic with
``message_stop``. A body that stops before was cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from auditor.readers.call import Json


def looks_like_events(body: str) -> bool:
    """Say whether a body is event-stream text."""
    return body.startswith(("data:", "event:", ":")) or "\ndata:" in body[:2000]


def events(body: str) -> tuple[list[Json], bool]:
    """Return the JSON objects of the data fields, and whether the stream came to its end."""
    found: list[Json] = []
    finished = False
    data: list[str] = []
    for line in [*body.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            finished |= _take(found, data)
            data = []
    kinds = {event.get("type") for event in found}
    ends = {"message_stop", "response.completed", "response.incomplete", "response.failed"}
    return found, finished or bool(kinds & ends)


def _take(found: list[Json], data: list[str]) -> bool:
    """Parse the data lines of one event; chunks not parted by a blank line are parsed singly."""
    for text in ["\n".join(data)] if len(data) == 1 else ["\n".join(data), *data]:
        if text.strip() == "[DONE]":
            return True
        try:
            event = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            found.append(event)
            if text is not data[0] and len(data) > 1 and "\n" in text:
                return False
    return len(data) > 1 and data[-1].strip() == "[DONE]"

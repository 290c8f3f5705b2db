"""Where in an answer the part stands that a caller would use: JSON, or a fenced block."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.json_text import MISSING, parse_json
from auditor.criteria.checks.transforms import code_block

_MAX_STARTS = 10


class Span(NamedTuple):
    """A part of a text from ``start`` to ``end``, and what it holds."""

    start: int
    end: int
    value: Any

    def replaced(self, text: str, by: str) -> str:
        """The text with another part in this one's place."""
        return text[: self.start] + by + text[self.end :]


def block_span(text: str) -> Span:
    """The inside of the first fenced block, else the whole text without outer space."""
    inside = code_block(text)
    start = max(text.find(inside), 0)
    return Span(start, start + len(inside), inside)


def json_span(text: str) -> Span | None:
    """The first object or list in a text; None where it holds neither."""
    try:
        block = block_span(text)
        whole = parse_json(block.value)
        if whole is not MISSING:
            return Span(block.start, block.end, whole) if isinstance(whole, dict | list) else None
        decoder = json.JSONDecoder()
        position = -1
        for _ in range(_MAX_STARTS):
            starts = [at for at in (text.find(c, position + 1) for c in "{[") if at >= 0]
            if not starts:
                return None
            position = min(starts)
            try:
                value, end = decoder.raw_decode(text, position)
            except ValueError:
                continue
            if isinstance(value, dict) and value:  # a list in prose is a footnote, or a link
                return Span(position, end, value)
    except (UnusableError, RecursionError):
        return None
    return None


def written_like(value: Any, former: str) -> str:
    """JSON text of a value, on one line or on several as the former text was."""
    return json.dumps(value, ensure_ascii=False, indent=2 if "\n" in former.strip() else None)

"""What kind of answer a logged one is, so that a rule can be for one kind of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.json_text import is_json_answer
from auditor.criteria.comparators.numbers import number_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.checks.base import ToolCall
    from auditor.criteria.model import When

_ENDING = 400
"""Characters from the end in which a result stands."""
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


def kinds_of(text: str | None, tool_calls: Sequence[ToolCall]) -> frozenset[When]:
    """Every ``when`` that a logged answer is for."""
    if tool_calls:
        return frozenset({"always", "tool-calls"})
    if is_json_answer(text or ""):
        return frozenset({"always", "text", "json"})
    if comes_to_number(text or ""):
        return frozenset({"always", "text", "plain", "number"})
    return frozenset({"always", "text", "plain"})


def comes_to_number(text: str) -> bool:
    """Whether a text ends with a number: in its last sentence or line."""
    parts = [part for part in _SENTENCES.split(text[-_ENDING:]) if part.strip(" *_`")]
    return bool(parts) and number_in(parts[-1]) is not None

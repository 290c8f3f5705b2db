"""Criteria as commented YAML that every reader of YAML takes the same way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z][A-Za-z_-]*(?:\.[A-Za-z_-]+)*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


def criteria_text(criteria: Sequence[Mapping[str, Any]], source: str, left: Sequence[str]) -> str:
    """The file of some criteria, with what was not taken over as comments above them."""
    lines = [f"# Made from {source} by 'auditor criteria import'."]
    if left:
        lines += ["# Not taken over:", *(f"#   {_one_line(words)}" for words in left)]
    lines += ["version: 1", "criteria:"]
    for criterion in criteria:
        lines += _criterion(criterion)
    return "\n".join(lines) + "\n"


def _criterion(criterion: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, value in criterion.items():
        if key == "assert":
            lines += [f"{key}:", *_assertions(value, "  ")]
        else:
            lines.append(f"{key}: {flow(value)}")
    return [f"  {'- ' if i == 0 else '  '}{line}" for i, line in enumerate(lines)]


def _assertions(assertions: Sequence[Mapping[str, Any]], indent: str) -> list[str]:
    return [f"{indent}- {flow(assertion)}" for assertion in assertions]


def flow(value: Any) -> str:
    """A value in YAML's flow style; a text that could be read as anything else is in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _one_line(words: str) -> str:
    return " ".join(words.split())

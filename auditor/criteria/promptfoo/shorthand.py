"""Assertions as a cell of a table of tests writes them: ``contains-any(0.5): a, b``."""

from __future__ import annotations

import re
from typing import Any

from auditor.criteria.checks import CHECKS
from auditor.criteria.checks.text import as_list
from auditor.criteria.validation import why_not_taken

_WRITTEN = re.compile(
    r"(?P<turned>not-)?(?P<type>[a-z][\w:-]*?)(?:\((?P<threshold>[^()]*)\))?(?::(?P<value>.*))?",
    re.DOTALL,
)
_LISTS = frozenset(("contains-all", "contains-any", "icontains-all", "icontains-any"))
# Those that have a threshold of 0.75 in a cell, whatever it is elsewhere.
_NEED_THRESHOLD = frozenset(
    (
        *("answer-relevance", "classifier", "context-faithfulness", "context-recall"),
        *("context-relevance", "cost", "latency", "levenshtein", "perplexity", "rouge-n"),
        *("perplexity-score", "similar", "starts-with"),
    )
)
_DEFAULT_THRESHOLD = 0.75
_SCRIPTS = ("javascript:", "fn:", "eval:")


def assertion_of(cell: str) -> dict[str, Any]:
    """The assertion that a cell ``__expected`` stands for; what names no type is to be equal."""
    text = cell.strip()
    for prefix in _SCRIPTS:
        if text.startswith(prefix):
            return {"type": "javascript", "value": text.removeprefix(prefix).strip()}
    if text.startswith(("grade:", "llm-rubric:")):
        return {"type": "llm-rubric", "value": text.partition(":")[2].strip()}
    if text.startswith("python:"):
        return {"type": "python", "value": text.partition(":")[2].strip()}
    if text.startswith("file://"):
        kind = "python" if re.search(r"\.py(?::|$)", text) else "javascript"
        return {"type": kind, "value": text}
    found = _WRITTEN.fullmatch(text)
    if found is None or not _is_type(found["type"]):
        return {"type": "equals", "value": text}
    kind, value = found["type"], (found["value"] or "").strip()
    written: dict[str, Any] = {"type": f"{found['turned'] or ''}{kind}"}
    if value:
        written["value"] = as_list(value) if kind in _LISTS else value
    threshold = _number(found["threshold"])
    if threshold is not None:
        written["threshold"] = threshold
    elif kind in _NEED_THRESHOLD and kind != "starts-with":
        written["threshold"] = _DEFAULT_THRESHOLD
    return written


def _is_type(name: str) -> bool:
    return name in CHECKS or why_not_taken(name) is not None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None

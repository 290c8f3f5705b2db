"""The rule for calls whose logged answer calls tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.tool_calls import call_parts
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import keeps

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

TRIED = 60
"""Answers whose calls are held against their definitions; each schema takes a millisecond."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]|$)")
_PLAIN = re.compile(r"[\w -]{1,60}")


def tool_call_rule(sample: Sample) -> Rule:
    """The tool calls of the logged answer, which fit their definitions where these are logged."""
    dated = dated_arguments(sample)
    content = Assertion(
        type="tool-calls-equal", value=REFERENCE_VALUE, fields=dict.fromkeys(dated, "date") or ()
    )
    words = "The tool calls are those of the logged answer: same tools, same arguments"
    unnoticed = "the order of the calls, the text beside them, or calls that would do as well"
    form = Assertion(type="is-valid-openai-tools-call")
    # logged calls that do not fit their own tools say that the definitions are no demand
    if not keeps(sample.some(TRIED), form):
        return Rule("tool-calls", (content,), words + "." + AGREEMENT, unnoticed)
    words += ", and fit the tools' parameters." + AGREEMENT
    return Rule("tool-calls", (form, content), words, unnoticed)


def dated_arguments(sample: Sample) -> list[str]:
    """Paths of arguments that hold an ISO date in every call: other writings of it are equal."""
    seen: dict[str, list[Any]] = {}
    for example in sample.examples:
        for call in example.tool_calls:
            _, arguments = call_parts(call)
            if isinstance(arguments, dict):
                for name, value in arguments.items():
                    seen.setdefault(name, []).append(value)
    return sorted(
        f"{name}?"
        for name, values in seen.items()
        if _PLAIN.fullmatch(name) and all(isinstance(v, str) and _DATE.match(v) for v in values)
    )

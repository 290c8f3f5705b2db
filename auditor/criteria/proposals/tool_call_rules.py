"""The rule for calls whose logged answer calls tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample


def tool_call_rule(sample: Sample) -> Rule:
    """The tool calls of the logged answer, which fit their definitions where these are logged."""
    content = Assertion(type="tool-calls-equal", value=REFERENCE_VALUE)
    words = "The tool calls are those of the logged answer: same tools, same arguments"
    unnoticed = "the order of the calls, the text beside them, or calls that would do as well"
    if not all(example.tools for example in sample.examples):
        return Rule("tool-calls", (content,), words + "." + AGREEMENT, unnoticed)
    form = Assertion(type="is-valid-openai-tools-call")
    words += ", and fit the tools' parameters." + AGREEMENT
    return Rule("tool-calls", (form, content), words, unnoticed)

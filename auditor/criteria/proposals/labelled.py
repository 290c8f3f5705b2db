"""A rule that compares with the user's labels, where nearly all calls have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import GradeInput
from auditor.criteria.grading import grade_assertion
from auditor.criteria.proposals.model import (
    AGREEMENT,
    EXPECTED_VALUE,
    LABELLED,
    REFERENCE_VALUE,
    SHAPE_SHARE,
    Rule,
    compares,
)

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion
    from auditor.criteria.proposals.model import LoggedExample
    from auditor.criteria.proposals.sample import Sample

FITTING_SHARE = 0.5
"""Share of the logged answers that must pass: fewer say that the labels have another form."""


def by_labels(rule: Rule, sample: Sample) -> Rule:
    """The rule with the user's labels in place of the logged answers, where they fit it."""
    labelled = [e for e in sample.examples if e.expected is not None]
    if len(labelled) < SHAPE_SHARE * len(sample):
        return rule
    assertions = tuple(_with_label(a, labelled) for a in rule.assertions)
    compared = [a for a in assertions if compares(a)]
    fitting = sum(all(_passes(a, e) for a in compared) for e in labelled)
    if not compared or fitting < FITTING_SHARE * len(labelled):
        return rule
    words = rule.words.replace(AGREEMENT, LABELLED).replace("the logged answer", "the label")
    return rule._replace(assertions=assertions, words=words)


def _with_label(assertion: Assertion, labelled: list[LoggedExample]) -> Assertion:
    if assertion.assertions:
        inner = tuple(_with_label(a, labelled) for a in assertion.assertions)
        return replace(assertion, assertions=inner)
    if assertion.value != REFERENCE_VALUE or not compares(assertion):
        return assertion
    lists = assertion.type == "tool-calls-equal" and all(
        _lists_alternatives(e.expected) for e in labelled
    )
    return replace(assertion, value=EXPECTED_VALUE, alternatives=lists)


def _lists_alternatives(expected: Any) -> bool:
    """Whether a label of tool calls has lists of accepted values, as in BFCL."""
    calls = [expected] if isinstance(expected, Mapping) else expected
    if not isinstance(calls, list) or not all(isinstance(call, Mapping) for call in calls):
        return False
    arguments = [a for call in calls if len(call) == 1 for a in call.values()]
    return len(arguments) == len(calls) and all(
        isinstance(a, Mapping) and all(isinstance(v, list) for v in a.values()) for a in arguments
    )


def _passes(assertion: Assertion, example: LoggedExample) -> bool:
    given = GradeInput(
        text=example.text,
        tool_calls=example.tool_calls,
        tools=example.tools,
        expected=example.expected,
        request=example.request,
    )
    return grade_assertion(assertion, given).passed is True

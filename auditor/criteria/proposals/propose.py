"""A criterion for every category, from its logged answers. No model is asked.

What can be proposed is agreement with the logged answer, closeness to it, and form; what else the
prompt demands is written down for a judge. A category that mixes kinds of answers gets a rule for
each kind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.criteria.checks.json_text import is_json_answer
from auditor.criteria.model import Criterion, When
from auditor.criteria.proposals.code_rules import pattern_rule, python_rule, sql_rule
from auditor.criteria.proposals.copied_rules import copied_rule
from auditor.criteria.proposals.form_rules import list_rule, record_rule, table_rule
from auditor.criteria.proposals.json_rules import json_rule
from auditor.criteria.proposals.label_rules import label_rule
from auditor.criteria.proposals.labelled import by_labels
from auditor.criteria.proposals.markup_rules import markup_rule
from auditor.criteria.proposals.model import (
    AGREEMENT,
    MAX_EXAMPLES,
    MIN_EXAMPLES,
    SHAPE_SHARE,
    LoggedExample,
    Proposal,
    Rule,
    compares,
)
from auditor.criteria.proposals.number_rules import final_number_rule, number_rule
from auditor.criteria.proposals.rubric import rubric_rule
from auditor.criteria.proposals.sample import Sample, usable, without_refusals
from auditor.criteria.proposals.similarity_rules import similarity_rule
from auditor.criteria.proposals.tool_call_rules import tool_call_rule
from auditor.criteria.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SHAPES: tuple[Callable[[Sample], Rule | None], ...] = (
    markup_rule,
    label_rule,
    number_rule,
    sql_rule,
    pattern_rule,
    python_rule,
    copied_rule,
    table_rule,
    record_rule,
    list_rule,
    final_number_rule,
)
"""The shapes of a text without JSON, the narrowest first."""
_KINDS: Mapping[When, str] = {
    "tool-calls": "calls tools",
    "text": "is text",
    "json": "is JSON",
    "plain": "is text without JSON",
}


def propose(examples: Sequence[LoggedExample], *, category: str = "*") -> Proposal:
    """Propose a criterion for a category from its logged answers (the first 200 are read).

    ``category`` becomes the criterion's selector.
    """
    sample = Sample([e for e in examples[:MAX_EXAMPLES] if usable(e)])
    if len(sample) < MIN_EXAMPLES:
        reason = f"only {len(sample)} logged answers with text; a rule needs {MIN_EXAMPLES}"
        return Proposal(kind="too-few", criterion=None, reason=reason)
    calling = [bool(e.tool_calls) for e in sample.examples]
    callers, others = sample.only(calling), sample.only(not c for c in calling)
    if len(callers) >= SHAPE_SHARE * len(sample):
        return _proposal(by_labels(tool_call_rule(callers), callers), category)
    rule, set_aside = _text_rule(others)
    if not len(callers):
        return _proposal(by_labels(rule, others), category, set_aside)
    return _proposal(
        _mixed({"tool-calls": tool_call_rule(callers), "text": rule}), category, set_aside
    )


def _text_rule(sample: Sample) -> tuple[Rule, float]:
    """The rule for answers that are text, and the share that was set aside to find it."""
    kept, set_aside = without_refusals(sample)
    rule = json_rule(kept) or _part_json(kept) or _shape(kept)
    return (_prose(sample), 0.0) if rule is None else (rule, set_aside)


def _part_json(sample: Sample) -> Rule | None:
    """A rule for the answers that hold JSON and one for the others, where there are both."""
    formed = [is_json_answer(text) for text in sample.texts]
    some, rest = sample.only(formed), sample.only(not f for f in formed)
    if min(len(some), len(rest)) < MIN_EXAMPLES:
        return None
    inside = json_rule(some)
    return inside and _mixed({"json": inside, "plain": _shape(rest) or _prose(rest)})


def _shape(sample: Sample) -> Rule | None:
    return next((rule for shape in _SHAPES if (rule := shape(sample)) is not None), None)


def _mixed(rules: dict[When, Rule]) -> Rule:
    """One rule of several, each for its own kind of logged answer."""
    assertions = tuple(
        replace(a, when=when) if a.when == "always" else a
        for when, rule in rules.items()
        for a in rule.assertions
        if not a.live_only
    )
    words = " ".join(
        f"Where the logged answer {_KINDS[when]}: {rule.words.removesuffix(AGREEMENT)}"
        for when, rule in rules.items()
    )
    if any(map(compares, assertions)):
        words += AGREEMENT
    unnoticed = "; ".join(
        f"where it {_KINDS[when]}, {rule.unnoticed}" for when, rule in rules.items()
    )
    return Rule("mixed", assertions, words, unnoticed)


def _prose(sample: Sample) -> Rule:
    """Closeness to the logged answer where the task is to say something again, else a rubric."""
    return similarity_rule(sample) or rubric_rule(sample)


def _proposal(rule: Rule, category: str, set_aside: float = 0.0) -> Proposal:
    judged_only = not any(map(compares, rule.assertions)) and any(
        a.is_judged for a in rule.assertions
    )
    criterion = Criterion(
        assertions=rule.assertions,
        selector=Selector(category=category),
        # the checkable parts of a rubric are no content, however they are checked
        about="form" if judged_only else None,
        origin="proposed",
        description=rule.words,
    )
    return Proposal(
        kind=rule.kind,
        criterion=criterion,
        reason=rule.words,
        unnoticed=rule.unnoticed,
        set_aside=set_aside,
    )

"""The rule for prose: what the prompts demand, each part as its own assertion."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from auditor.criteria.checks.counts import COUNTED
from auditor.criteria.checks.language import told_language
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.demands import Demand, demands
from auditor.criteria.proposals.model import KEPT_SHARE, REFERENCE_VALUE, SHAPE_SHARE, Rule
from auditor.criteria.proposals.sample import keeps

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

LANGUAGE_READ = 300
"""Characters by which the language of a logged answer is told: more take a millisecond each."""
NUMBERS_SHARE = 0.1
"""Share of the answers that must have numbers in them for these to be checked."""
MAX_JUDGED = 12
"""Demands that are put before a judge."""
BAND_SHARE, BAND_WIDTH = 0.99, 2.0
"""The band of lengths: this share of the logged answers, times and divided by this."""

MIN_BAND = 5
"""Words of the longest answers below which a band says nothing."""

_NUMBERS = Assertion(type="numbers-from", value="{{prompt}}")
_WHERE_ASKED = "Where the prompt asks for it: "
_TASK = "The answer does what the user's last message asks for, and nothing else."


def rubric_rule(sample: Sample) -> Rule:
    """The checkable demands as assertions, the others for a judge or people."""
    found = demands(sample)
    always = [d for d in found if d.share >= SHAPE_SHARE]
    checks: list[Assertion] = []
    broken: list[Assertion] = []
    asked = {(a.words, a.metric): a for d in always for a in d.checks}
    for assertion in asked.values():
        (checks if keeps(sample, assertion) else broken).append(assertion)
    judged = [Assertion(type="llm-rubric", value=_asked_of_judge(d)) for d in found[:MAX_JUDGED]]
    judged = judged or [Assertion(type="llm-rubric", value=_TASK)]
    said = "1 demand" if len(judged) == 1 else f"{len(judged)} demands"
    words = (
        f"Free text: whether it is good needs a judge or a rule of yours. {said} of the prompts"
        " wait for one, and nothing moves before."
    )
    if checks:
        words += f" Checked without: {', '.join(a.metric or a.words for a in checks)}."
    if broken:
        shown = ", ".join(a.metric or a.words for a in broken)
        words += f" The logged answers themselves break: {shown}."
    unnoticed = "whether anything in the text is true or good, until a judge says so"
    return Rule("rubric", (*checks, *secondary(sample), *judged), words, unnoticed)


def _asked_of_judge(demand: Demand) -> str:
    """A demand as the judge reads it; one that only some prompts make says so."""
    return demand.sentence if demand.share >= SHAPE_SHARE else _WHERE_ASKED + demand.sentence


def secondary(sample: Sample) -> tuple[Assertion, ...]:
    """Language, length and no invented numbers, where nearly all logged answers keep to it."""
    found = (language_check(sample), length_check(sample), numbers_check(sample))
    return tuple(a for a in found if a is not None)


def language_check(sample: Sample) -> Assertion | None:
    """The language of the answers, where it is one; else that of the logged answer."""
    told = Counter(told_language(text[:LANGUAGE_READ]) for text in sample.texts)
    (name, most), *_ = told.most_common(1)
    if name is not None and most >= KEPT_SHARE * told.total():
        return Assertion(type="language", value=name)
    if told.total() - told[None] >= KEPT_SHARE * told.total():
        return Assertion(type="language", value=REFERENCE_VALUE)
    return None


def length_check(sample: Sample) -> Assertion | None:
    """A band of words that is wide around the logged answers."""
    lengths = sorted(COUNTED["words"](text) for text in sample.texts)
    cut = int((1 - BAND_SHARE) / 2 * len(lengths))
    low, high = lengths[cut], lengths[len(lengths) - 1 - cut]
    if high < MIN_BAND:
        return None
    limits = {"min": max(1, int(low / BAND_WIDTH)), "max": int(high * BAND_WIDTH)}
    return Assertion(type="word-count", value=limits, metric="length")


def numbers_check(sample: Sample) -> Assertion | None:
    """Numbers come from the request, where those of nearly all logged answers do."""
    with_numbers = sum(any(map(str.isdigit, text)) for text in sample.texts)
    if with_numbers < NUMBERS_SHARE * len(sample):
        return None
    return _NUMBERS if keeps(sample, _NUMBERS) else None

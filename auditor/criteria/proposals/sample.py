"""The logged answers that a rule is looked for in, and those that are set aside first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.criteria.answer_length import was_cut
from auditor.criteria.checks.base import GradeInput
from auditor.criteria.comparators.text_forms import plain
from auditor.criteria.grading import grade_assertion
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import KEPT_SHARE, MIN_EXAMPLES, SHAPE_SHARE
from auditor.text import final_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.criteria.proposals.model import LoggedExample

MAX_SET_ASIDE = 0.2
"""Share of the answers that may be refusals and questions back: more of them are the task."""
MAX_QUESTION_WORDS = 60

_REFUSAL = Assertion(type="is-refusal")
_EARLY_LOOK, _EARLY_SHARE = 20, 0.8
# What only an answer in a form has: a bracket, a tag, a fence, a table.
_FORMED = re.compile(r"[{}<>|=\[\]]|```")


@dataclass(frozen=True)
class Sample:
    """Logged answers of one kind, with their requests."""

    examples: Sequence[LoggedExample]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.examples)

    @cached_property
    def texts(self) -> list[str]:
        """The answers' texts, without reasoning in front and space around."""
        return [final_answer.part(e.said).answer.strip() for e in self.examples]

    @cached_property
    def asked(self) -> list[str]:
        """The requests' texts in plain characters and lower case, one per answer."""
        return [plain(e.asked).casefold() for e in self.examples]

    @cached_property
    def systems(self) -> list[str]:
        """The requests' system prompts, one per answer; empty without one."""
        return [e.request.system or "" for e in self.examples]

    def some(self, n: int) -> Sample:
        """About ``n`` of them, at most twice as many, from the first to the last."""
        return Sample(self.examples[:: max(1, len(self) // n)])

    def only(self, keep: Iterable[bool]) -> Sample:
        """The answers for which ``keep`` is true."""
        return Sample([e for e, kept in zip(self.examples, keep, strict=True) if kept])


def usable(example: LoggedExample) -> bool:
    """Whether an answer is there and whole."""
    there = bool(example.said or example.tool_calls)
    return there and not was_cut(example.text, example.finish_reason)


def without_refusals(sample: Sample) -> tuple[Sample, float]:
    """The answers that do the task, and the share that was set aside.

    A model that declines or asks back says nothing of the shape of the others. Where it does so
    often, that is what the category is, and nothing is set aside.
    """
    kept = sample.only(not (_refuses(t) or _asks_back(t)) for t in sample.texts)
    share = 1 - len(kept) / len(sample) if len(sample) else 0.0
    if share > MAX_SET_ASIDE or len(kept) < MIN_EXAMPLES:
        return sample, 0.0
    return kept, share


def nearly_all(hits: Iterable[bool]) -> bool:
    """Whether nearly all hold; false early, once a fifth of the first twenty or more do not."""
    seen = held = 0
    for hit in hits:
        seen += 1
        held += hit
        if seen >= _EARLY_LOOK and held < _EARLY_SHARE * seen:
            return False
    return seen > 0 and held >= SHAPE_SHARE * seen


def passes(assertion: Assertion, example: LoggedExample) -> bool:
    """Whether the logged answer itself passes an assertion."""
    given = GradeInput(
        text=example.text,
        tool_calls=example.tool_calls,
        finish_reason=example.finish_reason,
        tools=example.tools,
        reference_text=example.text,
        reference_tool_calls=example.tool_calls,
        request=example.request,
    )
    return grade_assertion(assertion, given).passed is True


def keeps(sample: Sample, assertion: Assertion) -> bool:
    """Whether nearly all logged answers keep a demand, so that it may decide."""
    broken, allowed = 0, (1 - KEPT_SHARE) * len(sample)
    for example in sample.examples:
        broken += not passes(assertion, example)
        if broken > allowed:
            return False
    return True


def _refuses(text: str) -> bool:
    return bool(grade_assertion(_REFUSAL, GradeInput(text=text)).passed)


def _asks_back(text: str) -> bool:
    return (
        text.endswith(("?", "\uff1f"))
        and len(text.split()) <= MAX_QUESTION_WORDS
        and _FORMED.search(text) is None
    )

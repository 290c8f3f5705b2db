"""A criterion tried out: on logged answers, and on wrong answers planted in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from auditor.criteria.answer_length import was_cut
from auditor.criteria.checks.base import GradeInput
from auditor.criteria.grading import grade
from auditor.criteria.mutations import MUTATIONS, Logged, plant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.criteria.category_samples import CategorySample
    from auditor.criteria.model import Criterion
    from auditor.domain import Answer, Grade

MAX_TRIED = 40
"""Logged answers of a category that its criterion is tried on."""
MAX_FAILURES = 3
"""Logged answers that fail and are shown."""
NOTICED = 0.9
"""A kind of error counts as noticed where this share of the planted ones is; as in ``v_trials``."""
HALF = 0.5
"""A criterion that notices a smaller share of the planted errors of content gets a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTrial:
    """How a criterion does on the planted wrong answers of one kind.

    ``untold`` of the ``planted`` were neither passed nor failed, for example because a judge is
    waited for. ``missed`` says of one that passed what is wrong with it, and ``missed_call_id``
    which call's answer it was made from.
    """

    mutation: str
    planted: int
    caught: int
    untold: int
    missed: str | None = None
    missed_call_id: str | None = None

    @property
    def told(self) -> int:
        """How many passed or failed."""
        return self.planted - self.untold

    @property
    def share(self) -> float | None:
        """Share that was noticed of those told; None where none was."""
        return self.caught / self.told if self.told else None

    @property
    def noticed(self) -> bool:
        """Whether the criterion notices this kind of error."""
        return self.share is not None and self.share >= NOTICED

    @property
    def content(self) -> bool:
        """Whether such an answer has the right form, and only its content is wrong."""
        return MUTATIONS[self.mutation].content

    @property
    def words(self) -> str:
        """The kind of error in words."""
        return MUTATIONS[self.mutation].words


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAnswer:
    """A logged answer that a criterion fails, and why."""

    call_id: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A criterion on the logged answers of a category, and on wrong answers made from them.

    ``why_untold`` is why an answer neither passes nor fails; it is not kept in the database.
    """

    answers: int
    passed: int
    untold: int
    failures: Sequence[FailedAnswer]
    kinds: Sequence[KindTrial]
    why_untold: str | None = field(default=None, compare=False)

    def without_texts(self) -> Trial:
        """The figures alone: no words of logged answers."""
        kinds = [replace(kind, missed=None, missed_call_id=None) for kind in self.kinds]
        return replace(self, failures=(), kinds=kinds, why_untold=None)

    @property
    def pass_share(self) -> float | None:
        """Share of the logged answers that pass, of those that could be told; None without any."""
        told = self.answers - self.untold
        return self.passed / told if told else None

    @property
    def content_share(self) -> float | None:
        """Share of the planted errors of content that are noticed; None where none was told."""
        return share_noticed([kind for kind in self.kinds if kind.content])

    @property
    def notices_nothing(self) -> bool:
        """Whether every wrong answer of the right form passes: the criterion judges form alone."""
        return self.content_share == 0


def share_noticed(kinds: Sequence[KindTrial]) -> float | None:
    """Share of planted wrong answers that are noticed, of those told; None where none was."""
    told = sum(kind.told for kind in kinds)
    return sum(kind.caught for kind in kinds) / told if told else None


def try_criterion(criterion: Criterion, sample: CategorySample, *, seed: int = 0) -> Trial:
    """Grade logged answers by the criterion, then wrong answers planted in those that pass.

    Errors are put only into answers that pass, or that nothing can be told of: what is made of
    another one may be right. The first ``MAX_TRIED`` examples are taken.
    """
    grades = [grade(criterion, _input(sample, n)) for n in range(_tried(sample))]
    failures = [
        FailedAnswer(call_id=sample.call_ids[n], explanation=result.explanation)
        for n, result in enumerate(grades)
        if result.passed is False
    ]
    return Trial(
        answers=len(grades),
        passed=sum(result.passed is True for result in grades),
        untold=sum(result.passed is None for result in grades),
        failures=failures[:MAX_FAILURES],
        why_untold=next((g.explanation for g in grades if g.passed is None), None),
        kinds=_kinds(criterion, sample, grades, seed),
    )


def _kinds(
    criterion: Criterion, sample: CategorySample, grades: Sequence[Grade], seed: int
) -> list[KindTrial]:
    passing = [n for n, result in enumerate(grades) if result.passed]
    among = passing or [n for n, result in enumerate(grades) if result.passed is None]
    planted: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    untold: Counter[str] = Counter()
    missed: dict[str, tuple[str, str]] = {}
    for wrong in plant(_logged(sample), among=among, seed=seed):
        kind = wrong.mutation.kind
        result = grade(criterion, _input(sample, wrong.number, wrong.answer))
        planted[kind] += 1
        caught[kind] += result.passed is False
        untold[kind] += result.passed is None
        if result.passed:
            missed.setdefault(kind, (wrong.detail, sample.call_ids[wrong.number]))
    return [
        KindTrial(
            mutation=kind,
            planted=planted[kind],
            caught=caught[kind],
            untold=untold[kind],
            missed=missed[kind][0] if kind in missed else None,
            missed_call_id=missed[kind][1] if kind in missed else None,
        )
        for kind in planted
    ]


def _tried(sample: CategorySample) -> int:
    return min(len(sample.examples), MAX_TRIED)


def _logged(sample: CategorySample) -> list[Logged]:
    return [
        Logged.of(
            example.text,
            tool_calls=example.tool_calls,
            tools=example.tools,
            request=example.request.user or example.request.prompt,
            finish_reason=example.finish_reason,
        )
        for example in sample.examples[:MAX_TRIED]
    ]


def _input(sample: CategorySample, number: int, answer: Answer | None = None) -> GradeInput:
    """What is graded: the logged answer of an example, or another one in its place."""
    example = sample.examples[number]
    cut = was_cut(example.text, example.finish_reason)
    said: Mapping[str, Any] = {
        "text": example.text if answer is None else answer.text,
        "tool_calls": example.tool_calls if answer is None else answer.tool_calls,
        "finish_reason": example.finish_reason if answer is None else answer.finish_reason,
    }
    return GradeInput(
        **said,
        reference_text=None if cut else example.text,
        reference_tool_calls=() if cut else example.tool_calls,
        reference_problem="the logged answer was cut off at its token limit" if cut else None,
        expected=sample.expected[number],
        tools=example.tools,
        request=example.request,
    )

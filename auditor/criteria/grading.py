"""Grading: a criterion and an answer in, a grade out. Nothing here reads files or the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.criteria.answer_kinds import kinds_of
from auditor.criteria.checks import CHECKS
from auditor.criteria.checks.base import (
    MAX_TEXT,
    CannotTellError,
    CheckInput,
    GradeInput,
    UnusableError,
)
from auditor.criteria.checks.transforms import composed, transformed
from auditor.criteria.model import CASCADE, SETS
from auditor.criteria.variables import filled_value
from auditor.decision.faults import error_of, spares_the_model
from auditor.domain import Grade
from auditor.text import final_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.criteria.model import Assertion, Criterion


def grade(criterion: Criterion, answer: GradeInput) -> Grade:
    """Grade one answer, logged or local, by one criterion.

    ``passed`` is None where the call lacks what the criterion compares with, whatever the answer
    is, and where an error was not the model's fault. Else an error or an empty answer fails.
    ``score`` is the weighted share of assertions that passed, of those that count for this kind of
    logged answer; where none does, ``passed`` is None too. Reasoning in front of an answer is
    not looked at, in the logged one as little as in the local.
    """
    answer = _answers_only(answer)
    try:
        deciding = _counting(criterion.deciding, answer)
        _require_values(deciding, answer)
    except CannotTellError as reason:
        return Grade(passed=None, explanation=str(reason))
    if answer.error and spares_the_model(answer.error):
        why = f"{error_of(answer.error).words}: not the model's fault ({answer.error})"
        return Grade(passed=None, explanation=why)
    failure = _failure(answer)
    if failure:
        return Grade(passed=False, score=0.0, explanation=failure)
    return _combined(criterion, [(a, grade_assertion(a, answer)) for a in deciding])


def grade_assertion(assertion: Assertion, answer: GradeInput) -> Grade:
    """Grade one answer by one assertion; an answer that the check cannot read fails."""
    try:
        if assertion.type in SETS:
            of_type = _of_cascade if assertion.type == CASCADE else _of_set
            return _turned(of_type(assertion, answer), assertion)
        check = CHECKS[assertion.type]
        value = filled_value(assertion, check, answer)
        given = CheckInput(
            answer=answer,
            text=transformed(composed(answer.text or ""), assertion.transform),
            value=composed(value),
            assertion=assertion,
            arguments=check.arguments_of(assertion, value),
        )
        result = check(given)
    except CannotTellError as reason:
        return Grade(passed=None, explanation=str(reason))
    except (UnusableError, RecursionError, OverflowError) as reason:
        explanation = str(reason) or type(reason).__name__
        return Grade(passed=False, score=0.0, explanation=explanation)
    return _turned(result, assertion)


def _turned(result: Grade, assertion: Assertion) -> Grade:
    if not assertion.negated or result.passed is None:
        return result
    return Grade(
        passed=not result.passed,
        score=None if result.score is None else 1 - result.score,
        explanation=result.explanation,
    )


def _require_values(assertions: Iterable[Assertion], answer: GradeInput) -> None:
    """Make sure that the call has what its assertions compare with, whatever the answer is.

    Raises:
        CannotTellError: it has not.
    """
    for assertion in assertions:
        if assertion.type in SETS:
            _require_values(_counting(assertion.assertions, answer), answer)
        else:
            filled_value(assertion, CHECKS[assertion.type], answer)


def _of_set(assertion: Assertion, answer: GradeInput) -> Grade:
    """The grade of an ``assert-set``: promptfoo's, open where an undecided assertion could tip it.

    Without a threshold every assertion with a weight must pass; with it, the weighted mean of the
    scores must reach it.

    Raises:
        CannotTellError: no assertion of it is for such a call.
    """
    counting = _counting([a for a in assertion.assertions if a.weight], answer)
    results = [(a, grade_assertion(a, answer)) for a in counting]
    total = sum(a.weight for a, _ in results)
    least = sum(a.weight * _score(g, unknown=0.0) for a, g in results) / total
    most = sum(a.weight * _score(g, unknown=1.0) for a, g in results) / total
    if assertion.threshold is None:
        verdicts = {g.passed for _, g in results}
        passed = False if False in verdicts else None if None in verdicts else True
    else:
        needed = assertion.threshold - _ROUNDING
        passed = True if least >= needed else None if most >= needed else False
    return Grade(
        passed=passed,
        score=None if passed is None else least,
        explanation=_told(results, passed=passed),
    )


def _of_cascade(assertion: Assertion, answer: GradeInput) -> Grade:
    """The grade of a ``cascade``: the first assertion whose score reaches the threshold settles.

    It is inspect_ai's, but for what is still open: where none settles and one could not tell, the
    cascade cannot tell either. Where all could and none settles, the last one's grade stands.

    Raises:
        CannotTellError: no assertion of it is for such a call.
    """
    needed = 1.0 if assertion.threshold is None else assertion.threshold
    results = []
    for inner in _counting([a for a in assertion.assertions if a.weight], answer):
        result = grade_assertion(inner, answer)
        results.append((inner, result))
        if result.passed is not None and _score(result, unknown=0.0) >= needed - _ROUNDING:
            return Grade(
                passed=True, score=result.score, explanation=_told(results[-1:], passed=True)
            )
    if any(result.passed is None for _, result in results):
        return Grade(passed=None, explanation=_told(results, passed=None))
    return results[-1][1]


def _score(result: Grade, *, unknown: float) -> float:
    if result.passed is None:
        return unknown
    return float(result.passed) if result.score is None else result.score


def _counting(deciding: Sequence[Assertion], answer: GradeInput) -> list[Assertion]:
    """The assertions that decide on a call with such a logged answer.

    Raises:
        CannotTellError: no assertion is for it, or the logged answer is not there to say so.
    """
    if all(assertion.when == "always" for assertion in deciding):
        return list(deciding)
    if not answer.has_reference:
        raise CannotTellError(answer.reference_problem or "no logged answer to compare with")
    kinds = kinds_of(answer.reference_text, answer.reference_tool_calls)
    counting = [a for a in deciding if a.when in kinds]
    if not counting:
        words = "calls tools" if "tool-calls" in kinds else "is text"
        raise CannotTellError(f"no rule is for a call whose logged answer {words}")
    return counting


def _answers_only(answer: GradeInput) -> GradeInput:
    text, reference = _answer_in(answer.text), _answer_in(answer.reference_text)
    if (text, reference) == (answer.text, answer.reference_text):
        return answer
    return replace(answer, text=text, reference_text=reference)


def _answer_in(text: str | None) -> str | None:
    return final_answer.part(text).answer if text else text


def _failure(answer: GradeInput) -> str | None:
    """Why an answer fails before any assertion looks at it."""
    if answer.error:
        return answer.error
    if not (answer.text or "").strip() and not answer.tool_calls:
        return "empty answer"
    if len(answer.text or "") > MAX_TEXT:
        return f"longer than {MAX_TEXT:,} characters"
    return None


def _combined(criterion: Criterion, results: list[tuple[Assertion, Grade]]) -> Grade:
    """All assertions together: passed, failed, or open where an undecided one could tip it."""
    total = sum(assertion.weight for assertion, _ in results)
    sure = sum(a.weight for a, g in results if g.passed) / total
    possible = sum(a.weight for a, g in results if g.passed is not False) / total
    needed = 1.0 if criterion.threshold is None else criterion.threshold
    passed = (
        True if sure >= needed - _ROUNDING else None if possible >= needed - _ROUNDING else False
    )
    explanation = _told(results, passed=passed)
    return Grade(passed=passed, score=None if passed is None else sure, explanation=explanation)


_ROUNDING = 1e-9  # shares of weights such as 0.1 do not add up exactly


def _told(results: Sequence[tuple[Assertion, Grade]], *, passed: bool | None) -> str:
    """What the assertions found, of those that did not pass where the whole did not."""
    telling = [(a, g) for a, g in results if g.passed is not True] if passed is not True else []
    found = (f"{a.metric or a.name}: {g.explanation}" for a, g in telling or results)
    return "; ".join(dict.fromkeys(found))

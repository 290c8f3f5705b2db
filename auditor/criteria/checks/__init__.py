"""Graders: criteria and an answer in, a grade out. Nothing here reads files, keys or the net."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.criteria.checks import patterns, sql, structure, text, tools
from auditor.criteria.checks.base import (
    MAX_TEXT,
    CannotTellError,
    Check,
    Checked,
    GradeInput,
    UnusableError,
)
from auditor.criteria.checks.json_schema import validator_for
from auditor.criteria.checks.transforms import filled, transformed
from auditor.criteria.file import read_criteria
from auditor.domain import Grade, canonical_json
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from auditor.criteria.model import Assertion, Criterion

__all__ = ["CHECKS", "GradeInput", "check_criterion", "grade", "load_criteria"]

CHECKS: Mapping[str, Check] = {
    "equals": text.equals,
    "contains": text.contains,
    "icontains": text.contains,
    "contains-any": text.contains_any,
    "icontains-any": text.contains_any,
    "contains-all": text.contains_all,
    "icontains-all": text.contains_all,
    "starts-with": text.starts_with,
    "regex": text.regex,
    "levenshtein": text.levenshtein,
    "similar-number": text.similar_number,
    "word-count": text.word_count,
    "is-refusal": text.is_refusal,
    "finish-reason": text.finish_reason,
    "is-json": structure.is_json,
    "contains-json": structure.contains_json,
    "json-fields": structure.json_fields,
    "is-sql": sql.is_sql,
    "contains-sql": sql.contains_sql,
    "sql-equals": sql.sql_equals,
    "is-xml": structure.is_xml,
    "contains-xml": structure.contains_xml,
    "is-python": structure.is_python,
    "is-valid-openai-tools-call": tools.is_valid_tools_call,
    "tool-call-f1": tools.tool_call_f1,
    "tool-calls-equal": tools.tool_calls_equal,
}

_PREPARE: Mapping[str, Callable[[Assertion], Any]] = {
    "regex": lambda assertion: patterns.compile_pattern(assertion.value),
    "word-count": text.word_limits,
    "is-json": lambda assertion: _check_schema(assertion.value),
    "contains-json": lambda assertion: _check_schema(assertion.value),
    "is-sql": lambda assertion: sql.check_dialect(assertion.value),
    "contains-sql": lambda assertion: sql.check_dialect(assertion.value),
}


def load_criteria(path: Path) -> tuple[Criterion, ...]:
    """Read a criteria file and try its patterns, schemas and dialects, before anything runs.

    Raises:
        ConfigError: names the file, the line and what is wrong.

    """
    criteria = read_criteria(path)
    for criterion in criteria:
        check_criterion(criterion)
    return criteria


def check_criterion(criterion: Criterion) -> None:
    """Refuse a criterion with a pattern, schema, dialect or word count that cannot be used.

    Raises:
        ConfigError: at the line of the assertion.

    """
    for assertion in criterion.assertions:
        prepare = _PREPARE.get(assertion.type)
        if prepare is None:
            continue
        try:
            prepare(assertion)
        except ConfigError as error:
            place = f"{assertion.place}: " if assertion.place else ""
            raise ConfigError(f"{place}{error.message}", hint=error.hint) from error


def grade(criterion: Criterion, answer: GradeInput) -> Grade:
    """Grade one answer, logged or local, by one criterion.

    ``passed`` is None where the call lacks what the criterion compares with, whatever the answer
    is: pairs then drop out for both models alike. Else an error or an empty answer fails.
    ``score`` is the weighted share of assertions that passed.
    """
    try:
        for assertion in criterion.deciding:
            filled(assertion, answer)
    except CannotTellError as reason:
        return Grade(passed=None, explanation=str(reason))
    failure = _failure(answer)
    if failure:
        return Grade(passed=False, score=0.0, explanation=failure)
    return _combined(criterion, [(a, _assert(a, answer)) for a in criterion.deciding])


def _failure(answer: GradeInput) -> str | None:
    """Why an answer fails before any assertion looks at it."""
    if answer.error:
        return answer.error
    if not (answer.text or "").strip() and not answer.tool_calls:
        return "empty answer"
    if len(answer.text or "") > MAX_TEXT:
        return f"longer than {MAX_TEXT:,} characters"
    return None


def _assert(assertion: Assertion, answer: GradeInput) -> Grade:
    try:
        value = filled(assertion, answer)
        seen = transformed(answer.text or "", assertion.transform)
        checked = Checked(answer=answer, text=seen, value=value, assertion=assertion)
        result = CHECKS[assertion.type](checked)
    except CannotTellError as reason:
        return Grade(passed=None, explanation=str(reason))
    except (UnusableError, RecursionError, OverflowError) as reason:
        explanation = str(reason) or type(reason).__name__
        return Grade(passed=False, score=0.0, explanation=explanation)
    if not assertion.negated or result.passed is None:
        return result
    return Grade(
        passed=not result.passed,
        score=None if result.score is None else 1 - result.score,
        explanation=result.explanation,
    )


def _combined(criterion: Criterion, results: list[tuple[Assertion, Grade]]) -> Grade:
    """All assertions together: passed, failed, or open where an untold one could decide."""
    total = sum(assertion.weight for assertion, _ in results)
    sure = sum(a.weight for a, g in results if g.passed) / total
    possible = sum(a.weight for a, g in results if g.passed is not False) / total
    needed = 1.0 if criterion.threshold is None else criterion.threshold
    rounding = 1e-9  # shares of weights such as 0.1 do not add up exactly
    passed = True if sure >= needed - rounding else None if possible >= needed - rounding else False
    telling = (
        [(a, g) for a, g in results if g.passed is not True] if passed is not True else results
    )
    explanation = "; ".join(f"{a.metric or a.name}: {g.explanation}" for a, g in telling)
    return Grade(passed=passed, score=None if passed is None else sure, explanation=explanation)


def _check_schema(schema: Any) -> None:
    if schema is not None:
        validator_for(canonical_json(schema))

"""``{{reference}}`` and ``{{expected}}``: filled in for one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, GradeInput
from auditor.criteria.checks.transforms import as_text
from auditor.criteria.model import EXPECTED, PLACEHOLDER, REFERENCE, Assertion

if TYPE_CHECKING:
    from auditor.criteria.checks.record import Check


def filled_value(assertion: Assertion, check: Check, answer: GradeInput) -> Any:
    """The assertion's value with its variables filled in for one call.

    A value that is one variable and nothing else takes the variable's own shape (a list, an
    object); inside a longer text it is written out.

    Raises:
        CannotTellError: the call has no label, or no logged answer to compare with.
    """
    wanted = assertion.variables
    if not wanted:
        return assertion.value
    known: dict[str, Any] = {}
    if EXPECTED in wanted:
        if answer.expected is None:
            raise CannotTellError("no expected label for this call")
        known[EXPECTED] = answer.expected
    if REFERENCE in wanted:
        known[REFERENCE] = _reference(check, answer)
    return _fill(assertion.value, known)


def _reference(check: Check, answer: GradeInput) -> Any:
    """The part of the logged answer that the check compares with."""
    if not answer.has_reference:
        raise CannotTellError(answer.reference_problem or "no logged answer to compare with")
    if check.reads == "tool calls":
        return answer.reference_tool_calls
    if not (answer.reference_text or "").strip():
        raise CannotTellError("the logged answer is a tool call without text")
    return answer.reference_text


def _fill(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value.strip())
        if whole:
            return known[whole[1]]
        return PLACEHOLDER.sub(lambda found: as_text(known[found[1]]), value)
    if isinstance(value, Mapping):
        return {key: _fill(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(item, known) for item in value]
    return value

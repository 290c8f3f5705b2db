"""The variables of a criterion: what each stands for, and filling them in for one call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, GradeInput
from auditor.criteria.checks.transforms import as_text
from auditor.criteria.model import EXPECTED, REFERENCE, Assertion
from auditor.criteria.template import TemplateError, UnknownValueError, rendered

if TYPE_CHECKING:
    from auditor.criteria.checks.record import Check

VARIABLES: Mapping[str, str] = {
    REFERENCE: "the logged answer of the same call",
    EXPECTED: "your own label of the call",
    "system": "the system prompt",
    "user": "the last message of the user",
    "prompt": "all texts of the request, the system prompt first",
    "model": "the model's name in the log",
    "project": "the project in the log",
    "params": "the request's parameters: `{{params.temperature}}`",
    "metadata": "the log's other labels of the call: `{{metadata.order}}`",
    "tools": "the request's tool definitions",
}
"""Every variable, and what it stands for."""

_NO_LABEL = "no expected label for this call"


def filled_value(assertion: Assertion, check: Check, answer: GradeInput) -> Any:
    """The assertion's value with its variables filled in for one call.

    A value that is one variable and nothing else takes the variable's own shape (a list, an
    object); inside a longer text it is written out.

    Raises:
        CannotTellError: the call has no label, no logged answer to compare with, or not what
            another variable stands for.
    """
    if not assertion.is_template:
        return assertion.value
    known = call_variables(answer)
    if REFERENCE in assertion.variables:
        known[REFERENCE] = _reference(check, answer)
    try:
        return _fill(assertion.value, known, is_pattern=check.takes_pattern)
    except UnknownValueError as reason:
        missing = str(reason)
        words = f"the log has no {missing} for this call"
        raise CannotTellError(_NO_LABEL if missing == EXPECTED else words) from reason
    except TemplateError as reason:
        raise CannotTellError(str(reason)) from reason


def call_variables(answer: GradeInput) -> dict[str, Any]:
    """Every variable by its name; None where the call has nothing for it.

    ``reference`` is the text of the logged answer, or its tool calls where it has no text.
    """
    request = answer.request
    return {
        REFERENCE: answer.reference_text or list(answer.reference_tool_calls) or None,
        EXPECTED: answer.expected,
        "system": request.system,
        "user": request.user,
        "prompt": request.prompt or None,
        "model": request.model,
        "project": request.project,
        "params": request.params,
        "metadata": request.metadata,
        "tools": list(answer.tools) or None,
    }


def _reference(check: Check, answer: GradeInput) -> Any:
    """The part of the logged answer that the check compares with."""
    if not answer.has_reference:
        raise CannotTellError(answer.reference_problem or "no logged answer to compare with")
    if check.reads == "tool calls":
        return answer.reference_tool_calls
    if not (answer.reference_text or "").strip():
        raise CannotTellError("the logged answer is a tool call without text")
    return answer.reference_text


def _fill(value: Any, known: Mapping[str, Any], *, is_pattern: bool = False) -> Any:
    """The value filled in; inside a pattern a variable stands for its text, not for a pattern."""
    if isinstance(value, str) and is_pattern:
        return rendered(value, known, write=lambda v: re.escape(as_text(v)), keep_shape=False)
    if isinstance(value, str):
        return rendered(value, known, write=as_text)
    if isinstance(value, Mapping):
        return {key: _fill(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(item, known) for item in value]
    return value

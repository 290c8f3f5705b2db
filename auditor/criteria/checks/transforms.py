"""Transforms of an answer before it is checked, and the filling in of ``{{variables}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.criteria.checks.base import CannotTellError, GradeInput
from auditor.criteria.model import EXPECTED, PLACEHOLDER, REFERENCE, Assertion, Transform
from auditor.domain import canonical_json

_AROUND_LABEL = " \t\r\n\"'`*_.,:;!()[]<>\u201c\u201d\u2018\u2019\u00ab\u00bb"
_FENCE = "```"


def transformed(text: str, transform: Transform) -> str:
    """The text that a check sees; ``json`` is left to ``equals``, which compares values.

    ``label`` takes quotes, punctuation and capitals away around a label, ``code-block`` takes
    the first fenced block out of the text where there is one.
    """
    if transform == "strip":
        return text.strip()
    if transform == "strip-lower":
        return text.strip().casefold()
    if transform == "label":
        return label(text)
    if transform == "first-line":
        return next((line.strip() for line in text.splitlines() if line.strip()), "")
    if transform == "code-block":
        return code_block(text)
    return text


def label(text: str) -> str:
    """A label as compared: no quotes or punctuation around it, one space between words."""
    return " ".join(text.strip(_AROUND_LABEL).casefold().split())


def code_block(text: str) -> str:
    """The inside of the first fenced code block, else the text itself, without outer space."""
    lines = text.split("\n")
    fences = (i for i, line in enumerate(lines) if line.lstrip().startswith(_FENCE))
    start = next(fences, None)
    end = next((i for i in fences if lines[i].strip() == _FENCE), None)
    inside = text if start is None or end is None else "\n".join(lines[start + 1 : end])
    return inside.strip()


def as_text(value: Any) -> str:
    """A YAML or JSON value as the text that a model would write for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return canonical_json(value)


def filled(assertion: Assertion, answer: GradeInput) -> Any:
    """The assertion's value with its variables filled in for one call.

    A value that is one variable and nothing else takes the variable's own shape (a list, an
    object); inside a longer text it is written out.

    Raises:
        CannotTellError: the call has no label, or no logged answer to compare with.

    """
    if not assertion.variables:
        return assertion.value
    known: dict[str, Any] = {}
    if EXPECTED in assertion.variables:
        if answer.expected is None:
            raise CannotTellError("no expected label for this call")
        known[EXPECTED] = answer.expected
    if REFERENCE in assertion.variables:
        if not answer.has_reference:
            raise CannotTellError(answer.reference_problem or "no logged answer to compare with")
        about_tools = assertion.type.startswith("tool-call")
        known[REFERENCE] = answer.reference_tool_calls if about_tools else answer.reference_text
        if not about_tools and not (answer.reference_text or "").strip():
            raise CannotTellError("the logged answer is a tool call without text")
    return _fill(assertion.value, known)


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

"""What a check is given and what it gives back, and the limits that hostile answers meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.criteria.request_facts import RequestFacts
from auditor.domain import Grade

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion

MAX_TEXT = 5_000_000
"""Characters of an answer beyond which no check reads it."""
MAX_COMPARED = 50_000
"""Characters of a text whose edit distance is still computed."""
MAX_PYTHON = 100_000
"""Characters of Python that are still parsed."""
MAX_SQL = 20_000
"""Characters of SQL that are still parsed; sqlglot reads about 200,000 a second."""
MAX_DEPTH = 200
"""Nesting of JSON beyond which it is not compared or checked."""

ToolCall = Mapping[str, Any]
"""One tool call of an answer, in OpenAI's shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeInput:
    """An answer to grade, and what it is compared with.

    ``reference_text`` and ``reference_tool_calls`` are the logged answer of the same call. They
    are left out where it cannot be compared with (absent, redacted, cut short); then
    ``reference_problem`` may say why. ``expected`` is the user's label. ``tools`` are the
    request's tool definitions in OpenAI's shape, ``request`` what else is known of the call. An
    ``error`` fails the answer whatever it says.
    """

    text: str | None
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    error: str | None = None
    reference_text: str | None = None
    reference_tool_calls: Sequence[ToolCall] = ()
    reference_problem: str | None = None
    expected: Any = None
    tools: Sequence[Mapping[str, Any]] = ()
    request: RequestFacts = field(default_factory=RequestFacts)

    @property
    def has_reference(self) -> bool:
        """Whether there is a logged answer to compare with."""
        return bool(self.reference_tool_calls or (self.reference_text or "").strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInput:
    """What a check is given.

    ``text`` is the answer's text as transformed, ``value`` the assertion's value with its
    variables filled in. ``arguments`` holds every argument and option that the check declares,
    as the user gave it or by its default.
    """

    answer: GradeInput
    text: str
    value: Any
    assertion: Assertion
    arguments: Mapping[str, Any]


class CannotTellError(Exception):
    """The check does not apply to this call: neither pass nor fail, with ``not-`` or without."""


class UnusableError(Exception):
    """The answer is beyond what a check reads: a fail, with ``not-`` or without."""


def passed(explanation: str) -> Grade:
    """A pass with score 1."""
    return Grade(passed=True, score=1.0, explanation=explanation)


def failed(explanation: str) -> Grade:
    """A fail with score 0."""
    return Grade(passed=False, score=0.0, explanation=explanation)


def outcome(condition: bool, explanation: str, score: float | None = None) -> Grade:  # noqa: FBT001
    """A pass where the condition holds; the score is 1 or 0 unless given."""
    score = float(condition) if score is None else score
    return Grade(passed=condition, score=score, explanation=explanation)


def quoted(text: object, limit: int = 60) -> str:
    """A value as an explanation quotes it: on one line, printable, cut at ``limit``."""
    shown = repr(text if not isinstance(text, str) else text[: limit + 1])
    return shown if len(shown) <= limit + 2 else shown[:limit] + "…" + shown[0]

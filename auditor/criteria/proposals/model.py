"""What a proposal is made from, and what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from auditor.criteria.checks import CHECKS
from auditor.criteria.kinds import is_lossless
from auditor.criteria.model import COMPARED, Assertion, Criterion
from auditor.criteria.request_facts import RequestFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.domain import Message

MIN_EXAMPLES, MAX_EXAMPLES = 5, 200
"""Logged answers of a category that a proposal needs, and that it reads."""
SHAPE_SHARE = 0.95
"""Share of the answers that must have a shape for a rule to rest on it."""
KEPT_SHARE = 0.98
"""Share of the logged answers that must keep a demand for it to decide."""
MAX_REQUEST = 100_000
"""Characters of a request that are searched."""

REFERENCE_VALUE, EXPECTED_VALUE = "{{reference}}", "{{expected}}"
AGREEMENT = (
    " {{reference}} is the logged answer: this measures agreement with the API model, which the"
    " logged answers reach by construction, and not whether either is right."
)
LABELLED = (
    " {{expected}} is your label of the call: this measures whether an answer is right, the API"
    " model's too."
)
FORM = " This is form only: it does not say that an answer is right, and moves nothing by itself."

Basis = Literal["reference-free", "equivalence", "similarity", "form", "judged"]
"""What a grade rests on: content by itself, equality with the logged answer, closeness to it, form
alone, or a judge that has not spoken yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedExample:
    """A logged answer and what was asked; tools in OpenAI's shape.

    ``expected`` is the user's label of the call, None without one.
    """

    text: str | None
    tool_calls: Sequence[Message] = ()
    finish_reason: str | None = None
    tools: Sequence[Message] = ()
    request: RequestFacts = field(default_factory=RequestFacts)
    expected: Any = None

    @property
    def said(self) -> str:
        """The text of the answer without space around it."""
        return (self.text or "").strip()

    @property
    def asked(self) -> str:
        """All text of the request, cut at ``MAX_REQUEST`` characters."""
        return self.request.prompt[:MAX_REQUEST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A criterion, or None with the reason.

    Attributes:
        kind: the shape that was found, such as ``json``, ``label`` or ``rubric``.
        criterion: what is proposed; it selects the category that was asked for.
        reason: what it checks in words, or why nothing is proposed.
        unnoticed: the wrong answers that it would pass, in a sentence; empty without a criterion.
        set_aside: share of the answers that were not looked at for the shape: refusals and
            questions back.
    """

    kind: str
    criterion: Criterion | None
    reason: str
    unnoticed: str = ""
    set_aside: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether no answer passes before a judge or a person has spoken."""
        deciding = self.criterion.deciding if self.criterion else ()
        return any(a.is_judged for a in deciding) and not any(map(compares, deciding))


class Rule(NamedTuple):
    """A rule that fits the answers.

    ``kind`` is the shape it rests on, ``words`` say what it checks, ``unnoticed`` what not.
    """

    kind: str
    assertions: tuple[Assertion, ...]
    words: str
    unnoticed: str


def compares(assertion: Assertion) -> bool:
    """Whether the assertion compares what the answer says with the logged one or a label."""
    told = bool(assertion.variables & COMPARED) and not assertion.is_judged
    return told and bool(_families(assertion) & {"content", "similarity"})


def basis(criterion: Criterion, counting: Sequence[Assertion]) -> Basis:
    """What a grade rests on for which ``counting`` assertions of the criterion count."""
    if any(a.is_judged for a in counting):
        return "judged"
    compared = [a for a in counting if compares(a)]
    if any(map(is_lossless, compared)):
        return "equivalence"
    if compared:
        return "similarity"
    return "form" if criterion.form_only else "reference-free"


def _families(assertion: Assertion) -> set[str]:
    """The families of the checks in an assertion, or in an ``assert-set``."""
    if assertion.assertions:
        return set().union(*map(_families, assertion.assertions))
    return {CHECKS[assertion.type].family}

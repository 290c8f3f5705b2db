"""What a criterion is: assertions that an answer passes, in promptfoo's words.

``{{reference}}`` in an assertion's value stands for the logged answer of the same call: the
criterion then measures agreement with the API model, which the logged answer reaches by
construction. ``{{expected}}`` stands for the user's own label of that call. A criterion that
compares with neither judges form alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from auditor.criteria.judged import JUDGED
from auditor.criteria.selector import Selector
from auditor.criteria.template import expressions, parts, texts_in
from auditor.domain import canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.criteria.kinds import Kind

CHECKS_VERSION = 3
"""Part of every criterion's id: raise it when a check's meaning changes, and grades are redone."""

Origin = Literal["user", "proposed"]
About = Literal["content", "form"]
When = Literal["always", "tool-calls", "text", "json", "plain", "number"]

MAX_SHOWN = 80
"""Characters of a value that are shown in a line of words."""
REFERENCE, EXPECTED = "reference", "expected"
COMPARED = frozenset((REFERENCE, EXPECTED))
"""The variables that an answer is compared with; in production nobody knows them."""
SET, CASCADE = "assert-set", "cascade"
SETS = frozenset((SET, CASCADE))
"""The types of assertions that are made of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One demand on an answer: the check ``type``, and what it is given.

    The check decides what ``value`` and the keys from ``threshold`` to ``alternatives`` mean (see
    the table ``auditor.criteria.checks.CHECKS``). Several transforms are applied in their order.
    An assertion of ``weight`` 0 is left out of the
    grade; one that is ``live_only`` belongs to the live check and not to the verdict. ``when``
    is the kind of logged answer that it is for: of other calls' grades it is left out.

    An ``assert-set`` has ``assertions`` of its own, of which all must pass or, with a
    ``threshold``, the weighted mean of their scores must reach it; of a ``cascade`` the first one
    whose score reaches it settles. ``config`` is for functions of
    the user's own; ``provider``, ``rubric_prompt`` and ``context_transform`` are kept for a judge.
    """

    type: str
    value: Any = None
    negated: bool = False
    transform: str | tuple[str, ...] = "none"
    threshold: float | None = None
    tolerance: float = 0.0
    absolute_tolerance: float = 0.0
    fields: tuple[str, ...] | Mapping[str, Any] = ()
    labels: Any = None
    alternatives: bool = False
    weight: float = 1.0
    metric: str | None = None
    assertions: tuple[Assertion, ...] = ()
    config: Mapping[str, Any] | None = None
    provider: Any = None
    rubric_prompt: Any = None
    context_transform: str | None = None
    live_only: bool = False
    when: When = "always"
    place: str = field(default="", compare=False)  # file:line, for errors

    @property
    def variables(self) -> frozenset[str]:
        """Names of the ``{{variables}}`` in the value, and in those of a set's assertions."""
        own = (found.variable for text in texts_in(self.value) for found in expressions(text))
        return frozenset(own).union(*(inner.variables for inner in self.assertions))

    @property
    def is_template(self) -> bool:
        """Whether the value is not all literal."""
        return any("{" in text and parts(text) != (text,) for text in texts_in(self.value))

    @property
    def is_judged(self) -> bool:
        """Whether it, or an assertion in it, waits for a judge."""
        return self.type in JUDGED or any(inner.is_judged for inner in self.assertions)

    @property
    def is_live(self) -> bool:
        """Whether it can be checked in production."""
        return not (self.variables & COMPARED or self.is_judged) and self.when == "always"

    @property
    def decides(self) -> bool:
        """Whether it has a part in the verdict."""
        return bool(self.weight) and not self.live_only

    @property
    def name(self) -> str:
        """The type as the user writes it, with ``not-``."""
        return f"not-{self.type}" if self.negated else self.type

    @property
    def words(self) -> str:
        """The type and, where it fits on a line, its value."""
        if self.assertions:
            return f"{self.name} ({'; '.join(inner.words for inner in self.assertions)})"
        value = canonical_json(self.value) if self.value is not None else ""
        return f"{self.name} {value}" if value and len(value) <= MAX_SHOWN else self.name

    def definition(self) -> dict[str, Any]:
        """The assertion as it stands in ``criteria.yaml``, defaults left out."""
        written: dict[str, Any] = {"type": self.name}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name not in _NOT_WRITTEN and value != entry.default:
                key = WRITTEN_AS.get(entry.name, entry.name)
                written[key] = list(value) if isinstance(value, tuple) else value
        if self.assertions:
            written[WRITTEN_AS["assertions"]] = [inner.definition() for inner in self.assertions]
        return written


_NOT_WRITTEN = frozenset(
    {"type", "negated", "place", "assertions"}
)  # the first two are in the name
WRITTEN_AS: Mapping[str, str] = {
    "assertions": "assert",
    "rubric_prompt": "rubricPrompt",
    "context_transform": "contextTransform",
}
"""The keys of ``criteria.yaml`` that have promptfoo's name instead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Assertions that an answer passes together.

    Without ``threshold`` every assertion with a weight must pass; with it, that share of the
    weights. ``about`` is set only where the user overrules what the assertions say about it.
    """

    assertions: tuple[Assertion, ...]
    selector: Selector = field(default_factory=Selector)
    threshold: float | None = None
    about: About | None = None
    origin: Origin = field(default="user", compare=False)
    description: str = field(default="", compare=False)

    @property
    def criterion_id(self) -> str:
        """Stable id of what is checked; the selector and the description do not change grades."""
        return digest("criterion", CHECKS_VERSION, self.definition())

    @property
    def deciding(self) -> tuple[Assertion, ...]:
        """The assertions that decide the verdict."""
        return tuple(a for a in self.assertions if a.decides)

    @property
    def variables(self) -> frozenset[str]:
        """``{{variables}}`` that must be known before an answer can be graded."""
        return frozenset().union(*(a.variables for a in self.deciding))

    @property
    def code(self) -> tuple[Any, ...]:
        """The values of all assertions that run a function of the user's own."""
        return tuple(a.value for a in every(self.assertions) if a.type == "python")

    @property
    def form_only(self) -> bool:
        """Whether nothing is compared with the logged answer or the user's label, nor judged."""
        if self.about:
            return self.about == "form"
        return not self.variables & COMPARED and not any(a.is_judged for a in self.deciding)

    @property
    def kind(self) -> Kind:
        """What a pass shows: ``reference-free``, ``equivalence`` or ``similarity``."""
        from auditor.criteria.kinds import kind_of  # it knows the checks, which know assertions

        return kind_of(self)

    @property
    def live_checkable(self) -> bool:
        """Whether an answer can be checked in production, where neither is known."""
        return all(a.is_live for a in self.deciding)

    @property
    def waits_for_judge(self) -> bool:
        """Whether nothing decides before a judge does."""
        return all(a.is_judged for a in self.deciding)

    @property
    def words(self) -> str:
        """What is checked, in words: the description, else the assertions themselves."""
        return self.description or "; ".join(a.words for a in self.deciding)

    def live_part(self) -> Criterion | None:
        """What of this can be checked in production, or None where nothing can."""
        live = tuple(replace(a, live_only=False) for a in self.assertions if a.weight and a.is_live)
        return replace(self, assertions=live) if live else None

    def definition(self) -> dict[str, Any]:
        """What is checked, as it stands in ``criteria.yaml``, without the selector."""
        written: dict[str, Any] = {}
        if self.about is not None:
            written["about"] = self.about
        if self.threshold is not None:
            written["threshold"] = self.threshold
        written["assert"] = [assertion.definition() for assertion in self.assertions]
        return written


def every(assertions: Iterable[Assertion]) -> Iterator[Assertion]:
    """Every assertion that is no set, those in sets too."""
    for assertion in assertions:
        if assertion.type in SETS:
            yield from every(assertion.assertions)
        else:
            yield assertion

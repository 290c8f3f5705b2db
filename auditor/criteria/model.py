"""What a criterion is: assertions that an answer passes, in promptfoo's words.

``{{reference}}`` in an assertion's value stands for the logged answer of the same call: the
criterion then measures agreement with the API model, which the logged answer reaches by
construction. ``{{expected}}`` stands for the user's own label of that call. A criterion that
compares with neither judges form alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from auditor.criteria.selector import Selector
from auditor.domain import canonical_json, digest

if TYPE_CHECKING:
    from auditor.criteria.kinds import Kind

CHECKS_VERSION = 3
"""Part of every criterion's id: raise it when a check's meaning changes, and grades are redone."""

Origin = Literal["user", "proposed"]
About = Literal["content", "form"]
When = Literal["always", "tool-calls", "text"]

PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
MAX_SHOWN = 80
"""Characters of a value that are shown in a line of words."""
REFERENCE, EXPECTED = "reference", "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One demand on an answer: the check ``type``, and what it is given.

    The check decides what ``value`` and the keys from ``threshold`` to ``alternatives`` mean (see
    the table ``auditor.criteria.checks.CHECKS``). Several transforms are applied in their order.
    An assertion of ``weight`` 0 is left out of the
    grade; one that is ``live_only`` belongs to the live check and not to the verdict. ``when``
    is the kind of logged answer that it is for: of other calls' grades it is left out.
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
    live_only: bool = False
    when: When = "always"
    place: str = field(default="", compare=False)  # file:line, for errors

    @property
    def variables(self) -> frozenset[str]:
        """Names of the ``{{variables}}`` in the value."""
        return frozenset(_variables(self.value))

    @property
    def name(self) -> str:
        """The type as the user writes it, with ``not-``."""
        return f"not-{self.type}" if self.negated else self.type

    @property
    def words(self) -> str:
        """The type and, where it fits on a line, its value."""
        value = canonical_json(self.value) if self.value is not None else ""
        return f"{self.name} {value}" if value and len(value) <= MAX_SHOWN else self.name

    def definition(self) -> dict[str, Any]:
        """The assertion as it stands in ``criteria.yaml``, defaults left out."""
        written: dict[str, Any] = {"type": self.name}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name not in _NOT_WRITTEN and value != entry.default:
                written[entry.name] = list(value) if isinstance(value, tuple) else value
        return written


_NOT_WRITTEN = frozenset({"type", "negated", "place"})  # the first two are in the name


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
        return tuple(a for a in self.assertions if a.weight and not a.live_only)

    @property
    def variables(self) -> frozenset[str]:
        """``{{variables}}`` that must be known before an answer can be graded."""
        return frozenset().union(*(a.variables for a in self.deciding))

    @property
    def form_only(self) -> bool:
        """Whether no assertion compares with the logged answer or the user's label."""
        return self.about == "form" if self.about else not self.variables

    @property
    def kind(self) -> Kind:
        """What a pass shows: ``reference-free``, ``equivalence`` or ``similarity``."""
        from auditor.criteria.kinds import kind_of  # it knows the checks, which know assertions

        return kind_of(self)

    @property
    def live_checkable(self) -> bool:
        """Whether an answer can be checked in production, where neither is known."""
        return not self.variables and all(a.when == "always" for a in self.deciding)

    @property
    def words(self) -> str:
        """What is checked, in words: the description, else the assertions themselves."""
        return self.description or "; ".join(a.words for a in self.deciding)

    def live_part(self) -> Criterion | None:
        """What of this can be checked in production, or None where nothing can."""
        live = tuple(
            replace(a, live_only=False)
            for a in self.assertions
            if a.weight and not a.variables and a.when == "always"
        )
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


def _variables(value: Any) -> Iterator[str]:
    """Names of the variables in a value of any shape."""
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _variables(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _variables(item)

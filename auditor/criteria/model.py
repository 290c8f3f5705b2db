"""Criteria: by what rule an answer passes, in promptfoo's words.

A criterion is a list of assertions and a selector (which calls it is for). ``{{reference}}`` in a
value stands for the logged answer of the same call: the criterion then measures agreement with
the API model, which the logged answer reaches by construction. ``{{expected}}`` stands for the
user's own label of that call. A criterion that compares with neither judges form alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from auditor.domain import canonical_json, digest

GRADER_VERSION = 1
"""Part of every criterion's id: raise it when a grader's meaning changes, and grades are redone."""

Transform = Literal["none", "strip", "strip-lower", "label", "first-line", "code-block", "json"]
Origin = Literal["user", "proposed"]
About = Literal["content", "form"]

ValueKind = Literal["any", "list", "pattern", "schema", "options", "words", "optional-list", "none"]

ASSERTION_TYPES: Mapping[str, ValueKind] = {
    "equals": "any",
    "contains": "any",
    "icontains": "any",
    "contains-any": "list",
    "icontains-any": "list",
    "contains-all": "list",
    "icontains-all": "list",
    "starts-with": "any",
    "regex": "pattern",
    "levenshtein": "any",
    "similar-number": "any",
    "word-count": "words",
    "is-refusal": "none",
    "finish-reason": "any",
    "is-json": "schema",
    "contains-json": "schema",
    "json-fields": "any",
    "is-sql": "options",
    "contains-sql": "options",
    "sql-equals": "any",
    "is-xml": "options",
    "contains-xml": "options",
    "is-python": "none",
    "is-valid-openai-tools-call": "optional-list",
    "tool-call-f1": "list",
    "tool-calls-equal": "any",
}
"""Assertion types and what their ``value`` is. Each exists with the prefix ``not-`` too.

The names are promptfoo's and mean what they mean there, but for five that it does not have:
``similar-number``, ``json-fields``, ``sql-equals``, ``is-python`` and ``tool-calls-equal``.
"""

OPTION_KEYS: Mapping[str, frozenset[str]] = {
    "is-sql": frozenset({"databaseType"}),
    "contains-sql": frozenset({"databaseType"}),
    "is-xml": frozenset({"requiredElements"}),
    "contains-xml": frozenset({"requiredElements"}),
}

PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
MAX_SHOWN = 80
"""Characters of a value that are shown in a line of words."""
REFERENCE, EXPECTED = "reference", "expected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One check of an answer.

    ``threshold`` is what the type makes of it (see the grader); ``tolerance`` is the relative
    difference at which numbers still count as equal; ``fields`` are the top-level fields that
    ``json-fields`` compares (all, when none is named); ``weight`` 0 reports and never decides;
    ``live_only`` belongs to the live check and not to the verdict.
    """

    type: str
    value: Any = None
    negated: bool = False
    transform: Transform = "none"
    threshold: float | None = None
    tolerance: float = 0.0
    fields: tuple[str, ...] = ()
    weight: float = 1.0
    metric: str | None = None
    live_only: bool = False
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
        if self.value is not None:
            written["value"] = self.value
        if self.transform != "none":
            written["transform"] = self.transform
        if self.threshold is not None:
            written["threshold"] = self.threshold
        if self.tolerance:
            written["tolerance"] = self.tolerance
        if self.fields:
            written["fields"] = list(self.fields)
        if self.weight != 1:
            written["weight"] = self.weight
        if self.metric is not None:
            written["metric"] = self.metric
        if self.live_only:
            written["live_only"] = True
        return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The call and category that a selector is held against."""

    category_id: str
    category_names: Sequence[str] = ()
    system: str | None = None
    user: str | None = None
    model: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Globs (``*`` and ``?``, whole text, any case) that must all match; None matches all."""

    category: str | None = None
    system: str | None = None
    user: str | None = None
    model: str | None = None
    project: str | None = None

    @property
    def by_category_alone(self) -> bool:
        """Whether all calls of a category are selected or none."""
        return self.system is self.user is self.model is self.project is None

    def matches(self, subject: Subject) -> bool:
        """Whether the subject's call falls under this selector."""
        names = (subject.category_id, *subject.category_names)
        if self.category is not None and not any(glob_match(self.category, n) for n in names):
            return False
        pairs = (
            (self.system, subject.system),
            (self.user, subject.user),
            (self.model, subject.model),
            (self.project, subject.project),
        )
        return all(glob is None or glob_match(glob, text or "") for glob, text in pairs)

    def definition(self) -> dict[str, Any]:
        """The selector as it stands in ``criteria.yaml``."""
        names = ("system", "user", "model", "project")
        match = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        written: dict[str, Any] = {} if self.category is None else {"category": self.category}
        return written | ({"match": match} if match else {})


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
        return digest("criterion", GRADER_VERSION, self.definition())

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
    def live_checkable(self) -> bool:
        """Whether an answer can be checked in production, where neither is known."""
        return not self.variables

    @property
    def words(self) -> str:
        """What is checked, in words: the description, else the assertions themselves."""
        return self.description or "; ".join(a.words for a in self.deciding)

    def live_part(self) -> Criterion | None:
        """What of this can be checked in production, or None where nothing can."""
        live = tuple(
            replace(a, live_only=False) for a in self.assertions if a.weight and not a.variables
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


def first_match(criteria: Sequence[Criterion], subject: Subject) -> Criterion | None:
    """The criterion for a call: the first of the file that matches, so put the special first."""
    return next((c for c in criteria if c.selector.matches(subject)), None)


def glob_match(glob: str, text: str) -> bool:
    """Whether the whole text matches ``*`` and ``?``, any case, in linear time."""
    return _compiled_glob(glob).fullmatch(clean(text)) is not None


@functools.lru_cache(maxsize=256)
def _compiled_glob(glob: str) -> Any:
    import re2

    pattern = "".join({"*": ".*", "?": "."}.get(char) or re2.escape(char) for char in clean(glob))
    return re2.compile(f"(?is){pattern}")


def clean(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 library takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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

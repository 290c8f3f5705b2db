"""``criteria.yaml``: read with errors that name the line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.criteria.checks.transforms import TRANSFORMS
from auditor.criteria.inclusions import FILE, included
from auditor.criteria.model import About, Assertion, Criterion, When
from auditor.criteria.selector import Selector
from auditor.criteria.validation import (
    did_you_mean,
    refuse_javascript,
    refuse_malformed,
    refuse_unusable,
)
from auditor.domain import canonical_json
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Threshold = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Spec(BaseModel):
    """A mapping of the file: its fields are the keys, their descriptions the reference page."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


SpecT = TypeVar("SpecT", bound=_Spec)


class AssertionSpec(_Spec):
    """An entry of ``assert``."""

    type: str = Field(description="the check's name; `not-` before it turns the check around")
    value: Any = Field(default=None, description="what the check compares with, or its options")
    transform: str | list[str] = Field(
        default="none",
        description="what is done to the answer before it is checked; a list is done in its order",
    )
    threshold: Threshold | None = Field(default=None, description="as the check says")
    tolerance: Threshold = Field(default=0.0, description="as the check says")
    absolute_tolerance: Threshold = Field(default=0.0, description="as the check says")
    fields: list[str] | dict[str, Any] = Field(default=[], description="as the check says")
    labels: list[str] | dict[str, str | list[str] | None] | None = Field(
        default=None, description="as the check says"
    )
    alternatives: bool = Field(default=False, description="as the check says")
    weight: Threshold = Field(
        default=1.0,
        description="how much it counts towards the threshold; 0 leaves it out of the grade",
    )
    metric: str | None = Field(
        default=None, description="what explanations call it instead of its type"
    )
    assertions: list[AssertionSpec] = Field(
        alias="assert", default=[], description="the assertions of an `assert-set`"
    )
    config: dict[str, Any] | None = Field(
        default=None, description="further settings, as the check says"
    )
    provider: Any = Field(default=None, description="kept for the judge")
    rubric_prompt: Any = Field(alias="rubricPrompt", default=None, description="kept for the judge")
    context_transform: str | None = Field(
        alias="contextTransform",
        default=None,
        description=(
            "kept for the judge of a `context-` check: where the context is, as a path such as"
            " `context.metadata.documents`"
        ),
    )
    live_only: bool = Field(
        default=False, description="part of the live check in production and not of the verdict"
    )
    when: When = Field(
        default="always",
        description=(
            "`tool-calls`, `text`, `json`, `plain` or `number`: it counts only for calls whose"
            " logged answer calls tools, is text, is JSON, is text without JSON, or ends with a"
            " number"
        ),
    )


class MatchSpec(_Spec):
    """The globs of ``match``."""

    system: str | None = Field(default=None, description="glob for the system prompt")
    user: str | None = Field(default=None, description="glob for the last user message")
    model: str | None = Field(default=None, description="glob for the model's name in the log")
    project: str | None = Field(default=None, description="glob for the project in the log")


class CriterionSpec(_Spec):
    """An entry of ``criteria``."""

    category: str | None = Field(
        default=None, description="glob for the category's name, alias or id"
    )
    match: MatchSpec = Field(default=MatchSpec(), description="globs for the calls, see below")
    threshold: Share | None = Field(
        default=None, description="share of the weights that must pass; without it, all of them"
    )
    about: About | None = Field(
        default=None,
        description="`content` or `form`: overrules what the assertions are taken for",
    )
    description: str = Field(default="", description="the criterion in words, for the report")
    assertions: list[AssertionSpec] = Field(
        alias="assert", min_length=1, description="what an answer must pass, see below"
    )


class _FileSpec(_Spec):
    version: Literal[1]
    criteria: list[CriterionSpec]


_ALL_KEYS = frozenset(
    entry.alias or name
    for spec in (AssertionSpec, MatchSpec, CriterionSpec, _FileSpec)
    for name, entry in spec.model_fields.items()
)


def read_criteria(path: Path) -> tuple[Criterion, ...]:
    """Read ``criteria.yaml``, or the ``defaultTest.assert`` of a promptfoo configuration.

    Patterns, schemas and dialects are tried, so that an error comes before anything is graded.

    Raises:
        ConfigError: the file cannot be read, or something in it cannot be used; names the line.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    criteria = parse_criteria(text, name=path.name, folder=path.parent)
    for criterion in criteria:
        refuse_unusable(criterion)
    return criteria


def kept_text(path: Path, criteria: Sequence[Criterion]) -> str:
    """What a database keeps of the user's file: its text, with what its files hold in it.

    ``criteria`` are what was read from it.
    """
    text = path.read_text("utf-8")
    if not takes_more_than_text(text):
        return text
    written = [c.selector.definition() | c.definition() for c in criteria]
    return canonical_json({"version": 1, "criteria": written})


def takes_more_than_text(text: str) -> bool:
    """Whether a file of this text may take values from files, or name code."""
    return FILE in text or _NAMES_CODE.search(text) is not None


_NAMES_CODE = re.compile(r"type[\"']?\s*:\s*[\"']?(?:not-)?python\b")


def parse_criteria(
    text: str, *, name: str = "criteria.yaml", folder: Path | None = None
) -> tuple[Criterion, ...]:
    """Criteria from YAML text; ``name`` is what errors call the file.

    Values are read from files only where ``folder``, the one of the user's file, is given.

    Raises:
        ConfigError: not YAML, or something in it is not known; names the line.
    """
    document = included(marked_yaml.load(text, name=name), folder)
    if isinstance(document.value, dict) and "defaultTest" in document.value:
        return (_from_promptfoo(document),)
    return _criteria(document)


def criterion_from(definition: Mapping[str, Any]) -> Criterion:
    """A criterion from its ``definition()``, which the database keeps; it selects every call.

    Raises:
        ConfigError: not the definition of a criterion.
    """
    value = {"version": 1, "criteria": [{"category": "*", **definition}]}
    document = marked_yaml.without_lines(value, name="the criterion in the database")
    return _criteria(document)[0]


def _criteria(document: marked_yaml.MarkedYaml) -> tuple[Criterion, ...]:
    spec = _validated(_FileSpec, document, ())
    return tuple(
        _criterion(criterion, document, ("criteria", i))
        for i, criterion in enumerate(spec.criteria)
    )


def _from_promptfoo(document: marked_yaml.MarkedYaml) -> Criterion:
    """``defaultTest`` of a promptfoo configuration, as the criterion of all categories."""
    test = document.value["defaultTest"]
    if not isinstance(test, dict) or not test.get("assert"):
        place = document.place(("defaultTest",))
        raise ConfigError(f"{place}: defaultTest has no assert list; nothing to grade by")
    wanted = {key: test[key] for key in ("assert", "threshold") if key in test}
    spec = _validated(CriterionSpec, document, ("defaultTest",), wanted | {"category": "*"})
    return _criterion(spec, document, ("defaultTest",))


def _validated(
    model: type[SpecT],
    document: marked_yaml.MarkedYaml,
    path: tuple[str | int, ...],
    value: Any = None,
) -> SpecT:
    try:
        return model.model_validate(document.value if value is None else value)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        where = document.place((*path, *first["loc"]))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{where}: {_problem(first, model)}{more}") from error


def _problem(problem: Any, model: type[_Spec]) -> str:
    """One pydantic error in the user's words."""
    named = [step for step in problem["loc"] if step in _ALL_KEYS]  # pydantic adds types of unions
    given_wrong = problem["type"] in {"extra_forbidden", "missing"} or not named
    key = str((problem["loc"] or ("the file",))[-1]) if given_wrong else str(named[-1])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key!r}{did_you_mean(key, _known_keys(problem['loc'], model))}"
    if problem["type"] == "missing":
        return f"{key!r} is missing"
    if problem["type"] == "literal_error":
        given = problem["input"]
        return f"{key}: {given!r} is not {problem['ctx']['expected']}"
    return f"{key}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _known_keys(location: Sequence[str | int], model: type[_Spec]) -> list[str]:
    """The keys that the mapping at a pydantic location takes."""
    names = [step for step in location[:-1] if isinstance(step, str)]
    inner = names[-1] if names else ""
    owner: dict[str, type[_Spec]] = {
        "assert": AssertionSpec,
        "match": MatchSpec,
        "criteria": CriterionSpec,
    }
    chosen = owner.get(inner, model)
    return [entry.alias or key for key, entry in chosen.model_fields.items()]


def _criterion(
    spec: CriterionSpec, document: marked_yaml.MarkedYaml, path: tuple[str | int, ...]
) -> Criterion:
    assertions = tuple(
        _assertion(assertion, document, (*path, "assert", i))
        for i, assertion in enumerate(spec.assertions)
    )
    place = document.place(path)
    if not any(assertion.decides for assertion in assertions):
        raise ConfigError(f"{place}: every assertion has weight 0 or is live_only: nothing decides")
    selector = Selector(
        category=spec.category,
        system=spec.match.system,
        user=spec.match.user,
        model=spec.match.model,
        project=spec.match.project,
    )
    if selector == Selector():
        raise ConfigError(f"{place}: give a category or a match; category: '*' is all of them")
    return Criterion(
        assertions=assertions,
        selector=selector,
        threshold=spec.threshold,
        about=spec.about,
        description=spec.description,
    )


def _assertion(
    spec: AssertionSpec, document: marked_yaml.MarkedYaml, path: tuple[str | int, ...]
) -> Assertion:
    chain = (spec.transform,) if isinstance(spec.transform, str) else tuple(spec.transform)
    for transform in chain or ("",):
        if transform not in TRANSFORMS:
            refuse_javascript(transform, document.place((*path, "transform")))
            *names, last = map(repr, TRANSFORMS)
            raise ConfigError(
                f"{document.place((*path, 'transform'))}: transform: {transform!r} is not"
                f" {', '.join(names)} or {last}{did_you_mean(transform, TRANSFORMS)}"
            )
    kind = spec.type.removeprefix("not-")
    given = {name: getattr(spec, name) for name in AssertionSpec.model_fields}
    assertion = Assertion(
        **given
        | {
            "type": kind,
            "negated": kind != spec.type,
            "transform": chain[0] if len(chain) == 1 else chain,
            "fields": tuple(spec.fields) if isinstance(spec.fields, list) else spec.fields,
            "assertions": tuple(
                _assertion(inner, document, (*path, "assert", i))
                for i, inner in enumerate(spec.assertions)
            ),
            "place": document.place((*path, "type")),
        }
    )
    refuse_malformed(assertion)
    return assertion

"""``criteria.yaml``: read with errors that name the line, and written for the user to edit."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.criteria.model import (
    ASSERTION_TYPES,
    EXPECTED,
    OPTION_KEYS,
    REFERENCE,
    About,
    Assertion,
    Criterion,
    Selector,
    Transform,
)
from auditor.domain import canonical_json
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Threshold = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


SpecT = TypeVar("SpecT", bound=_Spec)


class _AssertionSpec(_Spec):
    type: str
    value: Any = None
    transform: Transform = "none"
    threshold: Threshold | None = None
    tolerance: Threshold = 0.0
    fields: list[str] = []
    weight: Threshold = 1.0
    metric: str | None = None
    live_only: bool = False


class _MatchSpec(_Spec):
    system: str | None = None
    user: str | None = None
    model: str | None = None
    project: str | None = None


class _CriterionSpec(_Spec):
    category: str | None = None
    match: _MatchSpec = _MatchSpec()
    threshold: Share | None = None
    about: About | None = None
    description: str = ""
    assertions: list[_AssertionSpec] = Field(alias="assert", min_length=1)


class _FileSpec(_Spec):
    version: Literal[1]
    criteria: list[_CriterionSpec]


_NEEDS_VALUE = ("any", "list", "pattern", "words")
_HEADER = """\
# What a correct answer is, per category; logged and local answers are graded by the same rule.
# {{reference}} is the logged answer: it measures agreement with the API model, which the logged
# answer reaches by construction. {{expected}} is your own label of the call.
"""


def read_criteria(path: Path) -> tuple[Criterion, ...]:
    """Read ``criteria.yaml``, or the ``defaultTest.assert`` of a promptfoo configuration.

    Raises:
        ConfigError: the file cannot be read, or something in it is not known; names the line.

    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return parse_criteria(text, name=path.name)


def parse_criteria(text: str, *, name: str = "criteria.yaml") -> tuple[Criterion, ...]:
    """Criteria from YAML text; ``name`` is what errors call the file.

    Raises:
        ConfigError: not YAML, or something in it is not known; names the line.

    """
    document = marked_yaml.load(text, name=name)
    if isinstance(document.value, dict) and "defaultTest" in document.value:
        return (_from_promptfoo(document),)
    spec = _validated(_FileSpec, document, ())
    return tuple(
        _criterion(criterion, document, ("criteria", i))
        for i, criterion in enumerate(spec.criteria)
    )


def criteria_yaml(criteria: Iterable[Criterion]) -> str:
    """Criteria as YAML text that ``parse_criteria`` reads back with the same ids."""
    written: list[dict[str, Any]] = []
    for criterion in criteria:
        entry = criterion.selector.definition() or {"category": "*"}
        if criterion.description:
            entry["description"] = criterion.description
        written.append(entry | criterion.definition())
    body = yaml.safe_dump(
        {"version": 1, "criteria": written}, sort_keys=False, allow_unicode=True, width=96
    )
    return _HEADER + body


def criterion_from(definition: Mapping[str, Any], *, description: str = "") -> Criterion:
    """A criterion from its ``definition()``, as the database keeps it; it selects everything.

    Raises:
        ConfigError: the definition is none.

    """
    entry = {"category": "*", "description": description, **definition}
    text = canonical_json({"version": 1, "criteria": [entry]})
    return parse_criteria(text, name="the criterion in the database")[0]


def _from_promptfoo(document: marked_yaml.MarkedYaml) -> Criterion:
    """``defaultTest`` of a promptfoo configuration, as the criterion of all categories."""
    test = document.value["defaultTest"]
    if not isinstance(test, dict) or not test.get("assert"):
        place = document.place(("defaultTest",))
        raise ConfigError(f"{place}: defaultTest has no assert list; nothing to grade by")
    wanted = {key: test[key] for key in ("assert", "threshold") if key in test}
    spec = _validated(_CriterionSpec, document, ("defaultTest",), wanted | {"category": "*"})
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
    key = str(problem["loc"][-1]) if problem["loc"] else "the file"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key!r}{_nearest(key, _known_keys(problem['loc'], model))}"
    if problem["type"] == "missing":
        return f"{key!r} is missing"
    if problem["type"] == "literal_error":
        given = problem["input"]
        known = get_args(Transform) if key == "transform" else ()
        return f"{key}: {given!r} is not {problem['ctx']['expected']}{_nearest(str(given), known)}"
    return f"{key}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _known_keys(location: Sequence[str | int], model: type[_Spec]) -> list[str]:
    """The keys that the mapping at a pydantic location takes."""
    names = [step for step in location[:-1] if isinstance(step, str)]
    inner = names[-1] if names else ""
    owner: dict[str, type[_Spec]] = {
        "assert": _AssertionSpec,
        "match": _MatchSpec,
        "criteria": _CriterionSpec,
    }
    chosen = owner.get(inner, model)
    return [entry.alias or key for key, entry in chosen.model_fields.items()]


def _nearest(given: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _criterion(
    spec: _CriterionSpec, document: marked_yaml.MarkedYaml, path: tuple[str | int, ...]
) -> Criterion:
    assertions = tuple(
        _assertion(assertion, document.place((*path, "assert", i, "type")))
        for i, assertion in enumerate(spec.assertions)
    )
    place = document.place(path)
    if not any(assertion.weight and not assertion.live_only for assertion in assertions):
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


def _assertion(spec: _AssertionSpec, place: str) -> Assertion:
    kind = spec.type.removeprefix("not-")
    negated = kind != spec.type
    if kind not in ASSERTION_TYPES:
        near = _nearest(kind, ASSERTION_TYPES)
        raise ConfigError(
            f"{place}: unknown assertion type {spec.type!r}{near}",
            hint=f"known types: {', '.join(ASSERTION_TYPES)}; each with not- too",
        )
    assertion = Assertion(
        type=kind,
        value=spec.value,
        negated=negated,
        transform=spec.transform,
        threshold=spec.threshold,
        tolerance=spec.tolerance,
        fields=tuple(spec.fields),
        weight=spec.weight,
        metric=spec.metric,
        live_only=spec.live_only,
        place=place,
    )
    _check_value(assertion)
    return assertion


def _check_value(assertion: Assertion) -> None:
    """Refuse a value that the assertion type cannot use."""
    value, place = assertion.value, assertion.place
    kind = ASSERTION_TYPES[assertion.type]
    if kind in _NEEDS_VALUE and value is None:
        raise ConfigError(f"{place}: {assertion.name} needs a value")
    if kind == "none" and value is not None:
        raise ConfigError(f"{place}: {assertion.name} takes no value")
    if isinstance(value, str) and value.startswith("file://"):
        raise ConfigError(f"{place}: values from files are not read; write the value here")
    if kind == "pattern" and (not isinstance(value, str) or assertion.variables):
        raise ConfigError(f"{place}: {assertion.name} takes one fixed pattern as text")
    if assertion.fields and assertion.type != "json-fields":
        raise ConfigError(f"{place}: fields belongs to json-fields, not {assertion.name}")
    if assertion.transform == "json" and assertion.type != "equals":
        raise ConfigError(f"{place}: transform json belongs to equals, not {assertion.name}")
    if assertion.live_only and assertion.variables:
        raise ConfigError(f"{place}: live_only, but in production there is nothing to compare with")
    _check_variables(assertion)
    if kind == "options":
        _check_options(assertion)


def _check_variables(assertion: Assertion) -> None:
    for variable in sorted(assertion.variables - {REFERENCE, EXPECTED}):
        near = _nearest(variable, (REFERENCE, EXPECTED))
        raise ConfigError(
            f"{assertion.place}: unknown variable {{{{{variable}}}}}{near}",
            hint="{{reference}} is the logged answer, {{expected}} your label of the call",
        )


def _check_options(assertion: Assertion) -> None:
    known, options = OPTION_KEYS[assertion.type], assertion.value or {}
    place = assertion.place
    if not isinstance(options, dict):
        raise ConfigError(f"{place}: {assertion.name} takes options: {', '.join(sorted(known))}")
    for key in sorted(options.keys() - known):
        raise ConfigError(f"{place}: unknown option {key!r}{_nearest(str(key), known)}")
    elements = options.get("requiredElements", [])
    if not isinstance(elements, list) or not all(isinstance(e, str) for e in elements):
        raise ConfigError(f"{place}: requiredElements is a list of element paths")

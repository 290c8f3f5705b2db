"""Assertions that cannot work are refused before they grade anything."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from auditor.criteria.checks import CHECKS
from auditor.criteria.checks.record import PATTERN, Argument, Check, given_arguments
from auditor.criteria.checks.transforms import NO_TRANSFORMS, TEXT_TRANSFORMS, chained
from auditor.criteria.model import EXPECTED, REFERENCE
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.criteria.model import Assertion, Criterion


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The end of a message that names the nearest known name; empty where none is near."""
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def refuse_malformed(assertion: Assertion) -> None:
    """Refuse an assertion that no check can use, without compiling anything.

    Raises:
        ConfigError: at the line of the assertion.
    """
    place, name = assertion.place, assertion.type
    if name not in CHECKS:
        raise ConfigError(
            f"{place}: unknown assertion type {assertion.name!r}{did_you_mean(name, CHECKS)}",
            hint=f"known types: {', '.join(CHECKS)}; each with not- too",
        )
    check = CHECKS[name]
    if isinstance(assertion.value, str) and assertion.value.startswith("file://"):
        raise ConfigError(f"{place}: values from files are not read; write the value here")
    for problem in (
        *_value_problems(assertion, check),
        *_option_problems(assertion, check),
        *_transform_problems(assertion, check),
    ):
        raise ConfigError(f"{place}: {problem}")
    if assertion.live_only and assertion.variables:
        raise ConfigError(f"{place}: live_only, but in production there is nothing to compare with")
    for variable in sorted(assertion.variables - {REFERENCE, EXPECTED}):
        near = did_you_mean(variable, (REFERENCE, EXPECTED))
        raise ConfigError(
            f"{place}: unknown variable {{{{{variable}}}}}{near}",
            hint="{{reference}} is the logged answer, {{expected}} your label of the call",
        )


def refuse_unusable(criterion: Criterion) -> None:
    """Refuse what would be ignored, and patterns, schemas and dialects that cannot be used.

    Raises:
        ConfigError: at the line of the assertion.
    """
    for assertion in criterion.assertions:
        check = CHECKS[assertion.type]
        place = f"{assertion.place}: " if assertion.place else ""
        for problem in _ignored(assertion, check):
            raise ConfigError(f"{place}{problem}")
        if check.prepare is None:
            continue
        try:
            check.prepare(assertion)
        except ConfigError as error:
            raise ConfigError(f"{place}{error.message}", hint=error.hint) from error


def _value_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    value = assertion.value
    if value is None:
        if check.needs_value:
            yield f"{assertion.name} needs a value"
    elif check.value is None and not check.options:
        yield f"{assertion.name} takes no value"
    elif check.value is not None and check.value.type is PATTERN and assertion.variables:
        yield f"{assertion.name} takes {PATTERN.words}"
    elif not (_takes(check.value, value) or (check.options and isinstance(value, dict))):
        accepted = [check.value.type.words] if check.value else []
        if check.options:
            accepted.append(f"options: {', '.join(sorted(o.name for o in check.options))}")
        yield f"{assertion.name} takes {', or '.join(accepted)}"


def _takes(argument: Argument | None, value: object) -> bool:
    return argument is not None and argument.type.accepts(value)


def _option_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    if not check.options or not isinstance(assertion.value, dict):
        return
    known = {option.name: option for option in check.options}
    for key, value in assertion.value.items():
        if key not in known:
            yield f"unknown option {key!r}{did_you_mean(str(key), known)}"
        elif value is not None and not known[key].type.accepts(value):
            yield f"{key} is {known[key].type.words}"


def _transform_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    if check.reads != "text":
        return
    for place, transform in enumerate(chain := chained(assertion.transform), 1):
        if transform not in check.transforms:
            takers = [other.name for other in CHECKS.values() if transform in other.transforms]
            yield f"transform {transform} belongs to {', '.join(takers)}, not {assertion.name}"
        elif transform not in TEXT_TRANSFORMS and place < len(chain):
            yield f"transform {transform} makes no text: it comes last in a list"


def _ignored(assertion: Assertion, check: Check) -> Iterator[str]:
    """What the user wrote and the check would not read."""
    taken = {argument.name for argument in check.arguments}
    for name in given_arguments(assertion):
        if name not in taken:
            yield f"{assertion.name} takes no {name}"
    if not check.transforms.issuperset(chained(assertion.transform)):
        but = "" if check.transforms == NO_TRANSFORMS else " but tool-calls"
        yield f"{assertion.name} takes no transform{but}: it reads the answer's {check.reads}"

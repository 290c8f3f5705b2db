"""Assertions that cannot work are refused before they grade anything."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from auditor.criteria.checks import CHECKS
from auditor.criteria.checks.record import REQUIRED, Argument, Check, given_arguments
from auditor.criteria.checks.transforms import NO_TRANSFORMS, TEXT_TRANSFORMS, chained
from auditor.criteria.inclusions import FILE
from auditor.criteria.judged import JUDGED
from auditor.criteria.model import COMPARED, SETS, WRITTEN_AS, every
from auditor.criteria.template import FILTERS, TemplateError, expressions, texts_in
from auditor.criteria.variables import VARIABLES
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    if name in SETS:
        _refuse_malformed_set(assertion)
        return
    if name not in CHECKS:
        raise ConfigError(
            f"{place}: {_unknown(assertion)}",
            hint=f"known types: {', '.join((*sorted(SETS), *CHECKS))}; each with not- too",
        )
    check = CHECKS[name]
    for problem in (
        *_kept_problems(assertion),
        *_variable_problems(assertion),
        *_value_problems(assertion, check),
        *_option_problems(assertion, check),
        *_argument_problems(assertion, check),
        *_setting_problems(assertion, check),
        *_transform_problems(assertion, check),
    ):
        raise ConfigError(f"{place}: {problem}")
    if assertion.live_only and assertion.variables & COMPARED:
        raise ConfigError(f"{place}: live_only, but in production there is nothing to compare with")


def refuse_javascript(transform: str, place: str) -> None:
    """Refuse a transform that is promptfoo's JavaScript or a file of it, and say what to write.

    Raises:
        ConfigError: at the place.
    """
    if not re.search(r"output|=>|JSON\.|file://", transform):
        return
    near = TRANSLATED.get(re.sub(r"\s+|;$|^return ", "", transform))
    raise ConfigError(
        f"{place}: transform: JavaScript is not run",
        hint=f"write transform: {near}" if near else "write one of auditor's transforms",
    )


TRANSLATED: Mapping[str, str] = {
    "output": "none",
    "output.trim()": "strip",
    "output.trim().toLowerCase()": "strip-lower",
    "output.toLowerCase().trim()": "strip-lower",
    "JSON.parse(output)": "json",
}
"""JavaScript transforms, without their spaces, that one of ours is the same as."""

_NOT_TAKEN: Mapping[str, str] = {
    "javascript": "JavaScript is not run; write the function in Python, with type: python",
    "ruby": "Ruby is not run; write the function in Python, with type: python",
    "webhook": "nothing is sent to a server to be graded",
    "guardrails": "a log has no answer of a provider's guardrails",
    "skill-used": "a log has no skills",
    "perplexity": "a log has no probabilities of tokens",
    "perplexity-score": "a log has no probabilities of tokens",
    "target_perplexity": "a log has no probabilities of tokens",
}
"""Types of promptfoo's and inspect_ai's that nothing here can grade by, and why."""


def why_not_taken(kind: str) -> str | None:
    """Why a type of assertion of promptfoo's is not taken; None where it is not known."""
    if kind.startswith(("trace-", "trajectory:")):
        return "a log has no trace of spans; tool-calls-equal and tool-call-f1 grade the calls"
    if kind.startswith("promptfoo:"):
        return "red-team checks need promptfoo's own service"
    return _NOT_TAKEN.get(kind)


def _unknown(assertion: Assertion) -> str:
    why = why_not_taken(assertion.type)
    if why:
        return f"{assertion.name}: {why}"
    near = did_you_mean(assertion.type, (*CHECKS, *SETS))
    return f"unknown assertion type {assertion.name!r}{near}"


def _refuse_malformed_set(assertion: Assertion) -> None:
    place, inner = assertion.place, assertion.assertions
    if not inner:
        raise ConfigError(f"{place}: {assertion.name} needs assertions of its own under assert")
    for name in ("value", "provider", "rubric_prompt", "config", "context_transform"):
        if getattr(assertion, name) is not None:
            raise ConfigError(f"{place}: {assertion.name} takes no {WRITTEN_AS.get(name, name)}")
    if assertion.transform != "none":
        raise ConfigError(f"{place}: {assertion.name} takes no transform: write it inside")
    if any(one.live_only for one in inner):
        raise ConfigError(
            f"{place}: live_only is for a whole {assertion.name}, not for an assertion in it"
        )
    if not any(one.weight for one in inner):
        raise ConfigError(f"{place}: every assertion of the set has weight 0: nothing decides")
    if assertion.live_only and (assertion.variables & COMPARED or assertion.is_judged):
        raise ConfigError(f"{place}: live_only, but in production there is nothing to compare with")


def refuse_unusable(criterion: Criterion) -> None:
    """Refuse what would be ignored, and patterns, schemas and dialects that cannot be used.

    Raises:
        ConfigError: at the line of the assertion.
    """
    for assertion in every(criterion.assertions):
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


def _kept_problems(assertion: Assertion) -> Iterator[str]:
    """What is for a judge, a function or a set, at an assertion that is none of them."""
    if assertion.assertions:
        yield f"{assertion.name} takes no assert: only {' and '.join(sorted(SETS))} do"
    for name in ("provider", "rubric_prompt"):
        if getattr(assertion, name) is not None and assertion.type not in {*JUDGED, "similar"}:
            yield f"{assertion.name} takes no {WRITTEN_AS.get(name, name)}: it asks no model"
    where = assertion.context_transform
    if where is None:
        return
    if not assertion.type.startswith("context-"):
        yield f"{assertion.name} takes no contextTransform: it reads no context"
    elif not _CONTEXT_PATH.fullmatch(where):
        yield (
            "contextTransform: JavaScript is not run; write where the context is, as a path such as"
            " context.metadata.documents"
        )


_CONTEXT_PATH = re.compile(r"(?:output|context\.(?:metadata|vars))(?:\.\w+|\[\d+\])*")


def _variable_problems(assertion: Assertion) -> Iterator[str]:
    if isinstance(assertion.value, str) and assertion.value.startswith(FILE):
        yield "values are read from files only by your own criteria file"
    try:
        found = [one for text in texts_in(assertion.value) for one in expressions(text)]
    except TemplateError as error:
        yield str(error)
        return
    for one in found:
        if one.variable not in VARIABLES:
            near = did_you_mean(one.variable, VARIABLES)
            yield f"unknown variable {{{{{one.variable}}}}}{near}; known: {', '.join(VARIABLES)}"
        elif one.problem:
            yield f"{one.problem}; known: {', '.join(FILTERS)}"


def _value_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    value = assertion.value
    if value is None:
        if check.needs_value:
            yield f"{assertion.name} needs a value"
    elif check.value is None and not check.options:
        yield f"{assertion.name} takes no value"
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


def _argument_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    given = given_arguments(assertion)
    for argument in check.arguments:
        if argument.default is REQUIRED and argument.name not in given:
            yield f"{assertion.name} needs a {argument.name}: {argument.meaning}"


def _setting_problems(assertion: Assertion, check: Check) -> Iterator[str]:
    if assertion.config is None or check.family == "judged" or check.name == "python":
        return
    known = {setting.name: setting for setting in check.settings}
    if not known:
        yield f"{assertion.name} takes no config"
    for key, value in assertion.config.items():
        if key not in known:
            yield f"unknown key {key!r} of config{did_you_mean(str(key), known)}"
        elif not known[key].type.accepts(value):
            yield f"config: {key} is {known[key].type.words}"


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

"""From a promptfoo configuration to criteria and labels.

A test of promptfoo is one request with its own assertions; a criterion here is for all calls of a
category. So tests with the same kinds of assertion become one criterion for the calls of their
prompt; what differs from test to test becomes the label of the call that has the same request. What
cannot be taken over is said, with its line.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks import CHECKS
from auditor.criteria.file import parse_criteria
from auditor.criteria.inclusions import FILE, TEMPLATES, included
from auditor.criteria.model import SETS
from auditor.criteria.promptfoo.prompts import Prompt, normal, prompts_of
from auditor.criteria.promptfoo.tests_of import Reading, Test, Written
from auditor.criteria.promptfoo.writing import criteria_text
from auditor.criteria.template import (
    TemplateError,
    UnknownValueError,
    expressions,
    rendered,
    texts_in,
)
from auditor.criteria.validation import TRANSLATED, why_not_taken
from auditor.criteria.variables import VARIABLES
from auditor.domain import canonical_json
from auditor.errors import ConfigError
from auditor.text import marked_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_USED = frozenset(("description", "prompts", "tests", "scenarios", "defaultTest", TEMPLATES))
_WHY_NOT: Mapping[str, str] = {
    "providers": "answers come from the log and from the model you ask about",
    "targets": "answers come from the log and from the model you ask about",
    "derivedMetrics": "there are no derived metrics",
    "nunjucksFilters": "filters of your own are not run",
    "extensions": "extensions are not run",
    "redteam": "red-team tests are not taken over",
}
_KEPT = ("threshold", "weight", "metric", "provider", "rubricPrompt", "config", "contextTransform")


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call of the audit: its id, and the last message of its user."""

    call_id: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What a configuration became.

    ``text`` is ``criteria.yaml``, empty where nothing could be taken over; ``labels`` the expected
    answer of each call that a test stands for; ``left`` what was not taken over, each with its
    file and line; ``tests`` how many tests were read.
    """

    text: str
    labels: Mapping[str, Any]
    left: Sequence[str]
    tests: int


def import_promptfoo(path: Path, calls: Iterable[LoggedCall] = ()) -> ImportResult:
    """Read a configuration of promptfoo's and make criteria and labels of it.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has nothing to grade by.
    """
    try:
        document = marked_yaml.load(path.read_text("utf-8"), name=path.name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    if not isinstance(document.value, dict):
        raise ConfigError(f"{path.name}:1: no promptfoo configuration")
    reading = Reading(document, path.parent)
    for key in document.value.keys() - _USED:
        why = _WHY_NOT.get(str(key), "it has no meaning for a log")
        reading.leave(document.place((key,)), f"{key} is not taken over: {why}")
    tests = reading.tests()
    if not tests:
        raise ConfigError(f"{path.name}:1: neither defaultTest nor a test has an assertion")
    prompts = prompts_of(reading)
    groups = _groups(tests, reading)
    criteria, labels = _criteria(groups, prompts, reading, list(calls))
    text = criteria_text(criteria, path.name, reading.left) if criteria else ""
    by_line = sorted(reading.left, key=_line)
    return ImportResult(text=text, labels=labels, left=by_line, tests=len(tests))


@dataclass(frozen=True, slots=True)
class _Graded:
    """A test with its assertions as they can be taken over."""

    test: Test
    assertions: tuple[dict[str, Any], ...]
    written: tuple[Written, ...]


def _groups(tests: Sequence[Test], reading: Reading) -> list[list[_Graded]]:
    """Tests with the same kinds of assertion together, the largest group first."""
    found: dict[str, list[_Graded]] = defaultdict(list)
    for test in tests:
        taken = [
            (result, one)
            for one in test.assertions
            if (result := _taken(one.entry, one.place, test, reading)) is not None
        ]
        if taken:
            assertions = tuple(result for result, _ in taken)
            written = tuple(one for _, one in taken)
            shape = canonical_json([[_without_value(a) for a in assertions], test.threshold])
            found[shape].append(_Graded(test, assertions, written))
    return sorted(found.values(), key=len, reverse=True)


def _has_variables(entry: Any) -> bool:
    try:
        return any(expressions(text) for text in texts_in(entry))
    except TemplateError:
        return True


def _without_value(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in assertion.items() if key != "value"}


def _taken(written: Any, place: str, test: Test, reading: Reading) -> dict[str, Any] | None:
    """An assertion in our words, with the test's variables in it; None, and a line, where none."""
    try:
        entry = _with_template(written, reading)
        if entry["type"] in SETS:
            listed = entry.get("assert")
            listed = listed if isinstance(listed, list) else []
            inner = [_taken(one, place, test, reading) for one in listed]
            kept = {key: entry[key] for key in ("type", *_KEPT) if key in entry}
            result = {**kept, "assert": [one for one in inner if one is not None]}
        else:
            result = _assertion(entry, test)
        _try_out(result)
    except ConfigError as error:
        reading.leave(place, f"not taken over: {error.message}")
        return None
    return result


def _with_template(written: Any, reading: Reading) -> dict[str, Any]:
    """The assertion with its template in it.

    Raises:
        ConfigError: no such template, or no assertion.
    """
    if isinstance(written, dict) and "$ref" in written:
        written = _dereferenced(written, reading)
    if not isinstance(written, dict) or not isinstance(written.get("type"), str):
        raise ConfigError("this assertion has no type")
    return written


def _dereferenced(written: Any, reading: Reading) -> Any:
    value = {TEMPLATES: reading.document.value.get(TEMPLATES), "assert": [written]}
    document = marked_yaml.without_lines(value, name=reading.document.name)
    return included(document, None).value["assert"][0]


def _assertion(entry: Mapping[str, Any], test: Test) -> dict[str, Any]:
    kind = str(entry["type"]).removeprefix("not-")
    why = why_not_taken(kind)
    if why:
        raise ConfigError(f"{kind}: {why}")
    result = {"type": entry["type"]}
    for key in entry.keys() - {"type", "value", "transform", *_KEPT}:
        raise ConfigError(f"the key {key!r} of an assertion has no meaning here")
    if "value" in entry:
        result["value"] = _filled(entry["value"], kind, test)
    result |= {key: entry[key] for key in _KEPT if entry.get(key) is not None}
    transform = entry.get("transform", test.transform)
    if transform is not None:
        plain = "".join(str(transform).split()).removeprefix("return").rstrip(";")
        if plain not in TRANSLATED:
            raise ConfigError(f"the transform {transform!r} is JavaScript, which is not run")
        if TRANSLATED[plain] in CHECKS[kind].transforms if kind in CHECKS else False:
            result["transform"] = TRANSLATED[plain]
        elif TRANSLATED[plain] != "json":  # a check that reads JSON needs no such transform
            raise ConfigError(f"{kind} takes no transform {TRANSLATED[plain]}")
    return result


def _filled(value: Any, kind: str, test: Test) -> Any:
    """A value with the test's variables in it; a file of code stays where it is."""
    if kind == "python":
        return value
    if isinstance(value, str):
        if value.startswith(FILE):
            return value
        try:
            return rendered(value, _Blank(test.variables), write=_as_text, keep_shape=False)
        except (UnknownValueError, TemplateError) as error:
            raise ConfigError(f"the value has what is not read here: {error}") from error
    if isinstance(value, list):
        return [_filled(item, kind, test) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, kind, test) for key, item in value.items()}
    return value


class _Blank(dict[str, Any]):
    """The variables of a test; one that it does not have is empty, as in promptfoo."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the empty text."""
        return super().get(key, "" if default is None else default)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _try_out(assertion: Mapping[str, Any]) -> None:
    """Refuse what a criteria file could not say.

    Raises:
        ConfigError: it cannot be used.
    """
    given = dict(assertion)
    if isinstance(given.get("value"), str) and given["value"].startswith(FILE):
        given["value"] = "in the file"
    wrapped = {"version": 1, "criteria": [{"category": "*", "assert": [given]}]}
    try:
        parse_criteria(json.dumps(wrapped), name="")
    except ConfigError as error:
        _, _, message = error.message.partition(": ")
        raise ConfigError(message, hint=error.hint) from error


def _criteria(
    groups: Sequence[Sequence[_Graded]],
    prompts: Sequence[Prompt],
    reading: Reading,
    calls: Sequence[LoggedCall],
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """One criterion for each prompt, of the largest group, and the labels of its calls."""
    if not groups:
        return [], {}
    first, *others = groups
    for graded in (one for group in others for one in group):
        kinds = ", ".join(str(a["type"]) for a in graded.assertions)
        reading.leave(
            graded.test.place,
            f"the assertions of this test ({kinds}) are of other kinds than those of"
            f" {len(first)} tests; a category is graded by one criterion",
        )
    assertions, differing = _common(first)
    labels = _labels(first, differing, prompts, reading, calls) if differing else {}
    threshold = first[0].test.threshold
    criterion: dict[str, Any] = {"assert": assertions}
    if threshold is not None:
        if isinstance(threshold, int | float) and 0 < threshold <= 1:
            criterion = {"threshold": float(threshold), **criterion}
        else:
            reading.leave(first[0].test.place, f"the threshold {threshold!r} lets everything pass")
    matches = [match for prompt in prompts if (match := prompt.match())] or [{}]
    distinct = [json.loads(text) for text in dict.fromkeys(map(canonical_json, matches))]
    return [({"match": m} if m else {"category": "*"}) | criterion for m in distinct], labels


def _common(group: Sequence[_Graded]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The assertions of a group, with ``{{expected}}`` where its tests differ, and where they do.

    Where one value differs the label is it; where several do, the label holds each by its name.
    """
    count = len(group[0].assertions)
    differing = [i for i in range(count) if _differs(group, i)]
    names = Counter(str(group[0].assertions[i]["type"]) for i in differing)
    called: dict[int, str] = {}
    for i in differing:
        kind = str(group[0].assertions[i]["type"]).replace("-", "_").replace(":", "_")
        single = names[str(group[0].assertions[i]["type"])] == 1
        called[i] = kind if single else f"{kind}_{i + 1}"
    assertions = []
    for i, assertion in enumerate(group[0].assertions):
        if i in called:
            path = "expected" if len(differing) == 1 else f"expected.{called[i]}"
            path += " | safe" if str(assertion["type"]).endswith("regex") else ""
            assertions.append(assertion | {"value": f"{{{{{path}}}}}"})
        else:
            assertions.append(_literal(assertion))
    return assertions, called


def _differs(group: Sequence[_Graded], i: int) -> bool:
    """Whether the value of an assertion is that of a single request.

    It is where values differ or are made of a test's variables, and where a test says itself what
    its answer is: five tests that all want "billing" do not say it of other requests. What a form
    must be, or an answer must not have, holds for all where two tests say so.
    """
    values = {canonical_json(graded.assertions[i].get("value")) for graded in group}
    if len(values) > 1:
        return True
    first = group[0]
    if "value" not in first.assertions[i] or not first.test.variables:
        return False
    written, kind = first.written[i], str(first.assertions[i]["type"])
    if _has_variables(written.entry):
        return True
    if written.shared or CHECKS[kind.removeprefix("not-")].family not in {"content", "similarity"}:
        return False
    alone = len({graded.test.place for graded in group}) == 1
    return alone or not (kind.startswith("not-") or kind == "regex")


def _literal(assertion: Mapping[str, Any]) -> dict[str, Any]:
    """An assertion whose value holds what another could take for one of our variables, kept so."""
    value = assertion.get("value")
    if isinstance(value, str) and any(f"{{{{{name}" in value for name in VARIABLES):
        return dict(assertion) | {"value": f"{{% raw %}}{value}{{% endraw %}}"}
    return dict(assertion)


def _labels(
    group: Sequence[_Graded],
    differing: Mapping[int, str],
    prompts: Sequence[Prompt],
    reading: Reading,
    calls: Sequence[LoggedCall],
) -> dict[str, Any]:
    """The label of every call whose request is that of a test."""
    by_text: dict[str, list[str]] = defaultdict(list)
    for call in calls:
        by_text[normal(call.user)].append(call.call_id)
    labels: dict[str, Any] = {}
    for graded in group:
        values = {name: graded.assertions[i].get("value") for i, name in differing.items()}
        label = next(iter(values.values())) if len(values) == 1 else values
        wanted = {text for p in prompts if (text := p.user_text(graded.test.variables))}
        found = [call_id for text in wanted for call_id in by_text.get(text, ())]
        if not found:
            why = "no call of the log has this request" if calls else "no log was given"
            reading.leave(graded.test.place, f"the expected answer is of no call: {why}")
        labels |= dict.fromkeys(found, label)
    return labels


def _line(words: str) -> tuple[str, int]:
    name, _, rest = words.partition(":")
    number = rest.partition(":")[0]
    return name, int(number) if number.isdecimal() else 0

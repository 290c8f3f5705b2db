"""Checks of JSON documents: their form, and their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import (
    CannotTellError,
    CheckInput,
    failed,
    outcome,
    passed,
    quoted,
)
from auditor.criteria.checks.json_schema import schema_problem, validator_of
from auditor.criteria.checks.json_text import (
    MISSING,
    find_json,
    first_json,
    json_equal,
    leaves,
    parse_json,
)
from auditor.criteria.checks.record import (
    ANY,
    NUMBER,
    SCHEMA,
    TEXTS,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.transforms import transformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_SCHEMA = Argument("value", SCHEMA, "the schema; without one, any JSON passes", None)
_UNNOTICED = "whether the values are right"


def _compile_schema(assertion: Assertion) -> None:
    if assertion.value is not None:
        validator_of(assertion.value)


@check(
    "is-json",
    family="format",
    value=_SCHEMA,
    prepare=_compile_schema,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: is-json, value: {type: object, required: [total]}}",
        passes='{"total": 12}',
        fails='```json\n{"total": 12}\n```',
        unnoticed='{"total": "unknown"}',
    ),
)
def is_json(given: CheckInput) -> Grade:
    """The whole answer is JSON, and fits the schema where there is one.

    A fenced block is not JSON: use ``transform: code-block`` or ``contains-json`` where the
    caller's parser takes it. A schema may not refer outside itself. A ``format`` is checked.
    """
    value = parse_json(given.text)
    if value is MISSING:
        return failed(f"not JSON: {quoted(given.text)}")
    return _fits(given.value, value)


@check(
    "contains-json",
    family="format",
    value=_SCHEMA,
    prepare=_compile_schema,
    unnoticed=f"{_UNNOTICED}, or what is said around the JSON",
    example=Example(
        assertion="{type: contains-json, value: {type: object, required: [total]}}",
        passes='Sure! {"total": 12}',
        fails='Sure! {"sum": 12}',
        unnoticed='It is not {"total": 12}.',
    ),
)
def contains_json(given: CheckInput) -> Grade:
    """Some JSON in the answer fits the schema: all of it, a fenced block, an object in prose.

    It is an object or a list; the objects of a list are tried too.
    """
    grade = failed("no JSON in it")
    for value in _objects_and_lists(given.text):
        grade = _fits(given.value, value)
        if grade.passed:
            break
    return grade


@check(
    "json-fields",
    family="content",
    value=Argument("value", ANY, "the object that is wanted, or text with JSON in it"),
    arguments=(
        Argument("fields", TEXTS, "the top-level fields to compare; without it, all", ()),
        Argument("threshold", NUMBER, "share of the fields that must be the same", 1.0),
        TOLERANCE,
    ),
    in_promptfoo=False,
    unnoticed="fields that `fields` does not name, or a name in it that no answer has"
    " (a misspelt field is never compared)",
    example=Example(
        assertion=(
            '{type: json-fields, value: "{{reference}}", fields: [id, city], transform: label}'
        ),
        logged='{"id": 7, "city": "Paris", "note": "called twice"}',
        passes='{"city": "paris", "id": 7, "note": "two calls"}',
        fails='{"id": 7, "city": "Rome", "note": "called twice"}',
        unnoticed='{"id": 7, "city": "Paris", "note": "never called"}',
    ),
)
def json_fields(given: CheckInput) -> Grade:
    """As large a share of the fields as ``threshold`` is the same as in the wanted object.

    The fields compared are the leaves of both values by their path; one that only one side has
    counts as different. The score is equal fields / all fields. ``transform`` is of the texts in
    the fields, not of the answer, in which the first JSON counts.
    """
    wanted = first_json(given.value) if isinstance(given.value, str) else given.value
    if wanted is MISSING:
        raise CannotTellError("what to compare with has no JSON in it")
    got = first_json(given.answer.text or "")
    if got is MISSING:
        return failed("no JSON in it")
    chosen = given.arguments["fields"]
    left, right = _leaves(wanted, chosen), _leaves(got, chosen)
    paths = sorted(left.keys() | right.keys(), key=repr)
    different = [
        p for p in paths if not _same_leaf(left.get(p, MISSING), right.get(p, MISSING), given)
    ]
    share = 1 - len(different) / len(paths) if paths else 1.0
    shown = ", ".join("/".join(str(step) for step in path) or "the value" for path in different[:3])
    explanation = f"{len(paths) - len(different)} of {len(paths)} fields equal"
    return outcome(
        share >= given.arguments["threshold"],
        f"{explanation}; not {quoted(shown)}" if shown else explanation,
        share,
    )


def _objects_and_lists(text: str) -> Iterator[Any]:
    for value in find_json(text):
        if isinstance(value, dict | list):
            yield value
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))


def _fits(schema: Any, value: Any) -> Grade:
    if schema is None:
        return passed("JSON")
    problem = schema_problem(schema, value)
    return outcome(problem is None, problem or "JSON that fits the schema")


def _leaves(value: Any, chosen: tuple[str, ...]) -> dict[tuple[str | int, ...], Any]:
    if chosen and isinstance(value, dict):
        value = {key: item for key, item in value.items() if key in chosen}
    return dict(leaves(value))


def _same_leaf(left: Any, right: Any, given: CheckInput) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        transform = given.assertion.transform
        return transformed(left, transform) == transformed(right, transform)
    return json_equal(left, right, tolerance=given.arguments["tolerance"])

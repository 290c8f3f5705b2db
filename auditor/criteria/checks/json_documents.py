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
from auditor.criteria.checks.json_text import MISSING, find_json, first_json, parse_json
from auditor.criteria.checks.record import (
    ABSOLUTE_TOLERANCE,
    ANY,
    FIELDS,
    NUMBER,
    SCHEMA,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.transforms import composed, transformed
from auditor.criteria.comparators.comparator import ALL_BY_TYPE, rules_of
from auditor.criteria.comparators.fields import ABSENT, Comparison, Field
from auditor.criteria.comparators.paths import near_path, written_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.comparators.paths import FieldPattern
    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_SCHEMA = Argument("value", SCHEMA, "the schema; without one, any JSON passes", None)
_UNNOTICED = "whether the values are right"


def _compile_schema(assertion: Assertion) -> None:
    if assertion.value is not None:
        validator_of(assertion.value)


def _parse_fields(assertion: Assertion) -> None:
    rules_of(assertion.fields)


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

    A fenced block is not JSON: use ``transform: json-block`` or ``contains-json`` where the
    caller's parser takes it. A key that is there twice has its last value, as in JavaScript. A
    schema may not refer outside itself. A ``format`` is checked.
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
    equality=True,
    value=Argument("value", ANY, "the object that is wanted, or text with JSON in it"),
    arguments=(
        Argument(
            "fields",
            FIELDS,
            "the fields that count; or comparators of fields, where the others count too;"
            " see [fields](#fields)",
            (),
        ),
        Argument("threshold", NUMBER, "share of the fields that must be the same", 1.0),
        TOLERANCE,
        ABSOLUTE_TOLERANCE,
    ),
    prepare=_parse_fields,
    in_promptfoo=False,
    unnoticed="fields that `fields` leaves out, or the text around the JSON",
    example=Example(
        assertion=(
            '{type: json-fields, value: "{{reference}}",'
            " fields: {city: label, total: {number: 0.01}, note: ignore}}"
        ),
        logged='{"id": 7, "city": "Paris", "total": 99.5, "note": "called twice"}',
        passes='```json\n{"city": "PARIS", "total": 100, "id": 7}\n```',
        fails='{"id": 7, "city": "Rome", "total": 99.5, "note": "called twice"}',
        unnoticed='{"id": 7, "city": "Paris", "total": 99.5, "note": "never called"}',
    ),
)
def json_fields(given: CheckInput) -> Grade:
    """As large a share of the fields as ``threshold`` is the same as in the wanted object.

    The fields compared are the leaves of both values by their path. One that only one side has
    counts as different, but null is the same as a field that is left out. Without a comparator a
    text is the same up to typography and what ``transform`` takes away, a number by its value, and
    a list in its order. The score is equal fields / all fields. ``transform`` is of the texts in
    the fields, not of the answer: of that all counts where it is JSON, else a fenced block, else
    the longest JSON in it. Where a field of ``fields`` is in neither value the answer is neither
    pass nor fail: it is misspelt, or needs a ``?`` at its end. A wanted value that is no object is
    compared as a whole.
    """
    wanted = composed(first_json(given.value)) if isinstance(given.value, str) else given.value
    if wanted is MISSING:
        raise CannotTellError("what to compare with has no JSON in it")
    got = first_json(given.answer.text or "")
    if got is MISSING:
        return failed("no JSON in it")
    got = composed(got)
    rules = rules_of(given.arguments["fields"])
    if not isinstance(wanted, dict) and not rules.start_in_lists:
        rules = ALL_BY_TYPE
    absent = rules.absent_from(wanted, got)
    if absent is not None:
        raise CannotTellError(unknown_field(absent, wanted, got))
    transform = given.assertion.transform
    fields = Comparison(
        rules=rules,
        text=str if transform == "none" else lambda text: transformed(text, transform),
        tolerance=given.arguments["tolerance"],
        absolute=given.arguments["absolute_tolerance"],
    ).fields(wanted, got)
    if not fields:
        raise CannotTellError("none of the fields that count is in either")
    different = [field for field in fields if not field.same]
    share = 1 - len(different) / len(fields)
    explanation = f"{len(fields) - len(different)} of {len(fields)} fields equal"
    if different:
        explanation += f"; {'; '.join(map(difference, different[:3]))}"
    return outcome(share >= given.arguments["threshold"], explanation, share)


def unknown_field(pattern: FieldPattern, *values: Any) -> str:
    """What an explanation says of a field that is in none of some values."""
    near = near_path(pattern, *values)
    hint = (
        f"did you mean {quoted(near)}?" if near else "a '?' at its end says that it may be absent"
    )
    return f"no field {quoted(pattern.written)} in either; {hint}"


def difference(field: Field) -> str:
    """A field that differs, as an explanation says it."""
    path = quoted(written_path(field.path))
    if field.got is ABSENT:
        return f"{path} is missing, wanted {quoted(field.wanted, 40)}"
    if field.wanted is ABSENT:
        return f"{path} is not wanted"
    return f"{path} is {quoted(field.got, 40)}, wanted {quoted(field.wanted, 40)}"


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

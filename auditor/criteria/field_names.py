"""Fields that a criterion names and no logged answer has: misspelt, most likely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.json_text import MISSING, first_json
from auditor.criteria.checks.tool_calls import call_parts
from auditor.criteria.comparators.comparator import IGNORE, rules_of
from auditor.criteria.comparators.paths import near_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.criteria.model import Criterion
    from auditor.criteria.proposals import LoggedExample


def unknown_fields(criterion: Criterion, examples: Sequence[LoggedExample]) -> Iterator[str]:
    """A sentence for each field that the criterion compares and no logged answer has.

    Nothing is said where no logged answer holds an object at all.
    """
    for assertion in criterion.deciding:
        if not assertion.fields:
            continue
        calls = assertion.type == "tool-calls-equal"
        values = [value for example in examples for value in _values(example, calls=calls)]
        for pattern, comparator in rules_of(assertion.fields).by_path if values else ():
            if comparator is IGNORE or any(pattern.is_in(value) for value in values):
                continue
            near = near_path(pattern, *values)
            hint = f"; did you mean {near!r}?" if near else ""
            place = f"{assertion.place}: " if assertion.place else ""
            yield f"{place}no logged answer has the field {pattern.written!r}{hint}"


def _values(example: LoggedExample, *, calls: bool) -> Iterator[Any]:
    if calls:
        yield from (call_parts(call)[1] for call in example.tool_calls)
        return
    try:
        value = first_json(example.text or "")
    except UnusableError:
        return
    if value is not MISSING:
        yield value

"""Arguments with several accepted values, as BFCL's ``possible_answer`` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.criteria.comparators.fields import ABSENT, Comparison, Field

_MAX_DEPTH = 8


def accepted_fields(comparison: Comparison, wanted: Any, got: Any) -> list[Field]:
    """Each argument of a call, and whether its value is among the accepted ones.

    ``wanted`` maps an argument to the list of its accepted values; an empty text among them says
    that it may be left out. Objects inside an accepted value list alternatives too.
    """
    if not isinstance(wanted, Mapping) or not isinstance(got, Mapping):
        return [Field((), wanted == got, wanted, got)]
    fields: list[Field] = []
    for name in dict.fromkeys([*wanted, *got]):
        given = {name: got[name]} if name in got else {}
        if name not in wanted:
            fields += comparison.fields({}, given)
            continue
        accepted = _listed(wanted[name])
        same = any(_is(comparison, name, one, given) for one in accepted)
        shown = accepted[0] if len(accepted) == 1 else accepted
        fields.append(Field((name,), same, shown, got.get(name, ABSENT)))
    return fields


def _is(comparison: Comparison, name: str, accepted: Any, given: Mapping[str, Any]) -> bool:
    if accepted in ("", None):  # it may be left out, or say what it is where it is left out
        left_out = given.get(name) in ("", None, [], {})
        return left_out or all(field.same for field in comparison.fields({}, dict(given)))
    wanted = {name: _chosen(accepted, given.get(name), 0)}
    return all(field.same for field in comparison.fields(wanted, dict(given)))


def _chosen(accepted: Any, got: Any, depth: int) -> Any:
    """An accepted value with the alternatives inside its objects chosen as the answer has them."""
    if depth > _MAX_DEPTH:
        return accepted
    if isinstance(accepted, dict) and isinstance(got, dict):
        chosen = {key: _choice(item, got.get(key), depth) for key, item in accepted.items()}
        return {key: item for key, item in chosen.items() if key in got or item != ""}
    if isinstance(accepted, list) and isinstance(got, list) and len(accepted) == len(got):
        return [_chosen(one, other, depth + 1) for one, other in zip(accepted, got, strict=True)]
    if isinstance(accepted, dict):
        return {key: _listed(item)[0] for key, item in accepted.items()}
    return accepted


def _choice(accepted: Any, got: Any, depth: int) -> Any:
    """The one of some alternatives that is the answer's, else the first."""
    options = [_chosen(one, got, depth + 1) for one in _listed(accepted)]
    if got is None and "" in options:
        return ""
    plain = Comparison()
    return next((o for o in options if all(f.same for f in plain.fields(o, got))), options[0])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) and value else [value]

"""JSON Schema on hostile schemas and answers: it fetches nothing and always ends."""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

import jsonschema
import jsonschema.validators
import referencing
import referencing.exceptions

from auditor.criteria.checks.base import CannotTellError, quoted
from auditor.criteria.checks.patterns import compile_pattern
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_SCHEMA = 200_000
"""Characters of the largest schema that is used."""
MAX_REFERENCES = 2_000
"""References followed for one answer; a few nested ones can otherwise double without end."""

_followed = threading.local()


def schema_problem(schema: Any, value: Any) -> str | None:
    """Why a JSON value does not fit a schema, or None where it does. Formats are not checked.

    Raises:
        ConfigError: the schema cannot be used.
        CannotTellError: the schema refers to something outside itself, or in endless circles.
    """
    validator = validator_for(json.dumps(schema, sort_keys=True))
    _followed.count = 0
    try:
        error = next(validator.iter_errors(value), None)
    except referencing.exceptions.Unresolvable as failed:
        raise CannotTellError(f"the schema refers to {quoted(failed.ref)}, not in it") from failed
    except RecursionError as failed:
        raise CannotTellError("the schema refers to itself without end") from failed
    if error is None:
        return None
    where = "/".join(str(step) for step in error.absolute_path)
    return f"{quoted(where) if where else 'the value'}: {quoted(error.message, 160)}"


@functools.lru_cache(maxsize=64)
def validator_for(schema_json: str) -> Any:
    """A validator for a schema given as JSON text.

    Raises:
        ConfigError: not a schema, too large, or a pattern that RE2 does not take.
    """
    if len(schema_json) > MAX_SCHEMA:
        raise ConfigError(f"a schema of more than {MAX_SCHEMA:,} characters is not used")
    schema = json.loads(schema_json)
    base = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        base.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as error:
        reason = getattr(error, "message", "nested too deep")
        raise ConfigError(f"not a JSON schema: {quoted(reason, 160)}") from error
    _refuse_pattern_keys(schema)
    return _linear(base)(schema, registry=referencing.Registry(), format_checker=None)


@functools.cache
def _linear(base: Any) -> Any:
    """A draft's validator with RE2 for patterns and an end to following references."""
    keywords: Mapping[str, Callable[..., Any]] = base.VALIDATORS
    bounded = {
        name: _bounded(keywords[name]) for name in ("$ref", "$dynamicRef") if name in keywords
    }
    extend: Callable[..., Any] = jsonschema.validators.extend
    return extend(base, {"pattern": _pattern, **bounded})


def _bounded(keyword: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def follow(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _followed.count += 1
        if _followed.count > MAX_REFERENCES:
            raise CannotTellError(f"the schema needs more than {MAX_REFERENCES:,} references")
        yield from keyword(validator, value, instance, schema) or ()

    return follow


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001
    if (
        isinstance(instance, str)
        and compile_pattern(pattern).search(without_surrogates(instance)) is None
    ):
        yield jsonschema.ValidationError(f"does not match {quoted(pattern)}")


def _refuse_pattern_keys(schema: Any) -> None:
    """Compile every ``pattern`` now, and refuse ``patternProperties``, which is matched by ``re``.

    Python's ``re`` can take exponential time, and schemas come out of logs as well.
    """
    if isinstance(schema, dict):
        if isinstance(schema.get("patternProperties"), dict):
            raise ConfigError("a schema with patternProperties is not used")
        if isinstance(schema.get("pattern"), str):
            compile_pattern(schema["pattern"])
    for item in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(item, dict | list):
            _refuse_pattern_keys(item)

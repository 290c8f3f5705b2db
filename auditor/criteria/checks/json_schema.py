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
from auditor.criteria.checks.json_formats import format_checker
from auditor.criteria.checks.patterns import compile_pattern
from auditor.errors import ConfigError
from auditor.text import marked_yaml
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_SCHEMA = 200_000
"""Characters of the largest schema that is used."""
MAX_REFERENCES = 2_000
"""References followed for one answer; a few nested ones can otherwise double without end."""

_followed = threading.local()


def schema_problem(schema: Any, value: Any) -> str | None:
    """Why a JSON value does not fit a schema, or None where it does.

    A schema is a mapping, true or false, or YAML text of one. A ``format`` is checked.

    Raises:
        ConfigError: the schema cannot be used.
        CannotTellError: the schema refers to something outside itself, or in endless circles.
    """
    validator = validator_of(schema)
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


def validator_of(schema: Any) -> Any:
    """A validator for a schema as it stands in a criterion.

    Raises:
        ConfigError: not a schema, too large, or a pattern that no engine takes.
    """
    if isinstance(schema, str):
        schema = marked_yaml.load(schema, name="the schema").value
    return validator_for(json.dumps(schema, sort_keys=True))


@functools.lru_cache(maxsize=64)
def validator_for(schema_json: str) -> Any:
    """A validator for a schema given as JSON text.

    Raises:
        ConfigError: not a schema, too large, or a pattern that no engine takes.
    """
    if len(schema_json) > MAX_SCHEMA:
        raise ConfigError(f"a schema of more than {MAX_SCHEMA:,} characters is not used")
    schema = json.loads(schema_json)
    base = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        check: Any = base.check_schema  # its stub knows no format_checker
        check(schema, format_checker=jsonschema.FormatChecker(formats=()))
    except (jsonschema.SchemaError, RecursionError) as error:
        reason = getattr(error, "message", "nested too deep")
        raise ConfigError(f"not a JSON schema: {quoted(reason, 160)}") from error
    if isinstance(schema, dict):
        _compile_patterns(schema)
    return _linear(base)(schema, registry=referencing.Registry(), format_checker=format_checker())


@functools.cache
def _linear(base: Any) -> Any:
    """A draft's validator with our patterns, and an end to following references."""
    keywords: Mapping[str, Callable[..., Any]] = base.VALIDATORS
    bounded = {
        name: _bounded(keywords[name]) for name in ("$ref", "$dynamicRef") if name in keywords
    }
    extend: Callable[..., Any] = jsonschema.validators.extend
    ours = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    return extend(base, {**ours, **bounded})


def _bounded(keyword: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def follow(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _followed.count += 1
        if _followed.count > MAX_REFERENCES:
            raise CannotTellError(f"the schema needs more than {MAX_REFERENCES:,} references")
        yield from keyword(validator, value, instance, schema) or ()

    return follow


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:  # noqa: ARG001
    if isinstance(instance, str) and not _found(pattern, instance):
        yield jsonschema.ValidationError(f"does not match {quoted(pattern)}")


def _pattern_properties(
    validator: Any,
    patterns: Any,
    instance: Any,
    schema: Any,  # noqa: ARG001
) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, inner, path=key, schema_path=pattern)


def _additional_properties(validator: Any, inner: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in named or any(_found(pattern, key) for pattern in patterns):
            continue
        if inner is False:
            yield jsonschema.ValidationError(f"{quoted(key)} is one property too many")
        else:
            yield from validator.descend(value, inner, path=key)


def _found(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(without_surrogates(text)) is not None


def _compile_patterns(schema: Any) -> None:
    """Compile every pattern now, so that one that cannot be used is an error before any answer.

    Python's ``re``, by which jsonschema matches them, can take exponential time, and schemas come
    out of logs as well: what would still use it is refused.
    """
    if isinstance(schema, dict):
        patterns = schema.get("patternProperties")
        if isinstance(patterns, dict):
            if "unevaluatedProperties" in schema:
                raise ConfigError(
                    "a schema with patternProperties and unevaluatedProperties is not used"
                )
            for pattern in patterns:
                compile_pattern(pattern)
        if isinstance(schema.get("pattern"), str):
            compile_pattern(schema["pattern"])
    for item in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(item, dict | list):
            _compile_patterns(item)

"""The rule for answers that are JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, UnusableError
from auditor.criteria.checks.json_schema import schema_problem, validator_for
from auditor.criteria.checks.json_text import MISSING, first_json, parse_json
from auditor.criteria.inference import comparable_fields, infer_schema
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, FORM, REFERENCE_VALUE, SHAPE_SHARE, Rule
from auditor.criteria.proposals.sample import nearly_all
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.criteria.proposals.model import LoggedExample
    from auditor.criteria.proposals.sample import Sample


_STRIPPED = {"is-json": "code-block", "contains-json": "none"}
"""A fence does not make an answer wrong; the live check says whether the caller takes it."""


def json_rule(sample: Sample) -> Rule | None:
    """JSON that fits the schema; its names, numbers and choices are the logged answer's."""
    values = [read_json(text, parse_json) for text in sample.texts]
    kind = "is-json"
    if not nearly_all(isinstance(v, dict | list) for v in values):
        # brackets with nothing in them are no answer: code and templates have them too
        kind, values = (
            "contains-json",
            [read_json(text, first_json) or None for text in sample.texts],
        )
    hits = [isinstance(v, dict | list) for v in values]
    if sum(hits) < SHAPE_SHARE * len(sample):
        return None
    values = [v for v in values if isinstance(v, dict | list)]
    held = sample.only(hits)
    asked = _asked_schema(held.examples, values)
    schema = asked or infer_schema(values)
    origin = "the requests' schema" if asked else "a schema inferred from the logged answers"
    where = "is" if kind == "is-json" else "contains"
    records = [
        (v, source) for v, source in zip(values, held.asked, strict=True) if isinstance(v, dict)
    ]
    found = comparable_fields([v for v, _ in records], [source for _, source in records])
    if records and found is None:
        words = f"The answer {where} JSON that fits {origin}." + FORM
        unnoticed = "whether anything that the fields say is right"
        form_only = Assertion(type=kind, value=schema, transform=_STRIPPED[kind])
        return Rule("json", (form_only,), words, unnoticed)
    fields = found.fields if found else {}
    content = Assertion(
        type="json-fields", value=REFERENCE_VALUE, transform="strip-lower", fields=fields or ()
    )
    ignored = ", ".join(found.ignored) if found else ""
    compared = f"all fields but {ignored}" if ignored else "all fields"
    if asked:
        form: tuple[Assertion, ...] = (
            Assertion(type=kind, value=schema, transform=_STRIPPED[kind]),
        )
        words = f"The answer {where} JSON that fits {origin}; {compared} equal the logged answer's."
    else:  # a schema that was guessed must not fail a logged answer with a rare key
        form = (
            Assertion(type=kind, transform=_STRIPPED[kind]),
            Assertion(type=kind, value=schema, live_only=True),
        )
        words = (
            f"The answer {where} JSON and {compared} equal the logged answer's; live, it is held"
            f" against {origin}."
        )
    unnoticed = (
        f"what the fields of written text say: {ignored}"
        if ignored
        else "anything that the logged answer has wrong too"
    )
    return Rule("json", (*form, content), words + AGREEMENT, unnoticed)


def read_json(text: str, read: Callable[[str], Any]) -> Any:
    """What ``read`` finds in a text, or ``MISSING``, where it is nested too deep too."""
    try:
        return read(text)
    except UnusableError:
        return MISSING


def _asked_schema(examples: Sequence[LoggedExample], values: Sequence[Any]) -> Any:
    """The one JSON schema that all requests asked for and their answers fit, or None."""
    schemas = [_schema_of(example.request.params.get("response_format")) for example in examples]
    if not schemas or not isinstance(schemas[0], dict) or any(s != schemas[0] for s in schemas):
        return None
    try:
        validator_for(json.dumps(schemas[0], sort_keys=True))
        fits = nearly_all(schema_problem(schemas[0], value) is None for value in values)
    except (CannotTellError, ConfigError, ValueError):
        return None
    return schemas[0] if fits else None


def _schema_of(response_format: Any) -> Any:
    """The schema inside a request's ``response_format``, where it is of OpenAI's shape."""
    inner = response_format.get("json_schema") if isinstance(response_format, Mapping) else None
    return inner.get("schema") if isinstance(inner, Mapping) else None

"""The rule for calls whose logged answer calls tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.tool_calls import call_parts
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import keeps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.proposals.sample import Sample

TRIED = 60
"""Answers whose calls are held against their definitions; each schema takes a millisecond."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]|$)")
_NAME = re.compile(r"(?=.*[^\W\d_])[^\d_@/\\=<>{}|\n]{1,60}$")
"""What may be the name of a thing or place: letters, and no mark of an id, an address or code."""
_PLAIN = re.compile(r"[\w -]{1,60}")
MAX_NAMED = 25
"""Arguments that are named in the rule one by one; of more, all texts are compared as names."""


def tool_call_rule(sample: Sample) -> Rule:
    """The tool calls of the logged answer, which fit their definitions where these are logged."""
    fields = _fields(sample)
    content = Assertion(type="tool-calls-equal", value=REFERENCE_VALUE, fields=fields or ())
    words = "The tool calls are those of the logged answer: same tools, same arguments"
    unnoticed = "the order of the calls, the text beside them, or calls that would do as well"
    if "alias" in fields.values():
        words += "; of names, another usual name of the same thing will do"
        unnoticed = f"another thing of nearly the same name, {unnoticed}"
    form = Assertion(type="is-valid-openai-tools-call")
    # logged calls that do not fit their own tools say that the definitions are no demand
    if not keeps(sample.some(TRIED), form):
        return Rule("tool-calls", (content,), words + "." + AGREEMENT, unnoticed)
    words += ", and fit the tools' parameters." + AGREEMENT
    return Rule("tool-calls", (form, content), words, unnoticed)


def _fields(sample: Sample) -> dict[str, str]:
    """How arguments are compared that are not compared by their types."""
    values = _argument_values(sample)
    named = {f"{name}?": "alias" for name, seen in values.items() if _all_match(_NAME, seen)}
    if len(named) > MAX_NAMED:
        return {"*": "alias"}
    dated = {f"{name}?": "date" for name, seen in values.items() if _all_match(_DATE, seen)}
    return named | dated


def _argument_values(sample: Sample) -> dict[str, list[Any]]:
    """The values of each argument that has a plain name, elements of lists one by one."""
    seen: dict[str, list[Any]] = {}
    for example in sample.examples:
        closed = _closed_arguments(example.tools)
        for call in example.tool_calls:
            tool, arguments = call_parts(call)
            for name, value in arguments.items() if isinstance(arguments, dict) else ():
                if _PLAIN.fullmatch(name) and (tool, name) not in closed and value is not None:
                    seen.setdefault(name, []).extend(value if isinstance(value, list) else [value])
    return dict(sorted(seen.items()))


def _closed_arguments(tools: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """The arguments, with their tool, that are one of a list of choices."""
    closed = set()
    for tool in tools:
        function = tool.get("function") or {}
        parameters = function.get("parameters") if isinstance(function, Mapping) else None
        properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(schema, Mapping) and schema.get("enum"):
                closed.add((str(function.get("name")), name))
    return closed


def _all_match(pattern: re.Pattern[str], values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(v, str) and pattern.match(v) for v in values)

"""Checks of JSON, XML and Python."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from auditor.criteria.checks.base import (
    MAX_PYTHON,
    CannotTellError,
    Checked,
    UnusableError,
    failed,
    outcome,
    passed,
    short,
)
from auditor.criteria.checks.json_schema import schema_problem
from auditor.criteria.checks.json_text import (
    MISSING,
    find_json,
    first_json,
    json_equal,
    leaves,
    parse_json,
)
from auditor.criteria.checks.transforms import code_block, transformed
from auditor.criteria.model import clean

if TYPE_CHECKING:
    from auditor.domain import Grade

_MAX_XML_DEPTH = 50
"""Depth of XML below which paths of elements are no longer noted."""


def is_json(given: Checked) -> Grade:
    """The whole answer is JSON and fits the schema, where the value is one. Fences are no JSON."""
    value = parse_json(given.text)
    if value is MISSING:
        return failed(f"not JSON: {short(given.text)}")
    return _fits(given.value, value)


def contains_json(given: Checked) -> Grade:
    """Some JSON in the answer (all of it, a fenced block, an object in prose) fits the schema."""
    grade = failed("no JSON in it")
    for value in find_json(given.text):
        grade = _fits(given.value, value)
        if grade.passed:
            break
    return grade


def json_fields(given: Checked) -> Grade:
    """As many fields as ``threshold`` (all, unless given) are the same as in the wanted object.

    Fields are the leaves of both values by path; one that only one side has counts as different.
    The score is equal fields / all fields. With ``fields``, only those top-level ones count;
    ``transform`` is of the texts in the fields.
    """
    wanted = first_json(given.value) if isinstance(given.value, str) else given.value
    if wanted is MISSING:
        raise CannotTellError("what to compare with has no JSON in it")
    got = first_json(given.answer.text or "")
    if got is MISSING:
        return failed("no JSON in it")
    chosen = given.assertion.fields
    left, right = _leaves(wanted, chosen), _leaves(got, chosen)
    paths = sorted(left.keys() | right.keys(), key=repr)
    different = [
        p for p in paths if not _same_leaf(left.get(p, MISSING), right.get(p, MISSING), given)
    ]
    share = 1 - len(different) / len(paths) if paths else 1.0
    threshold = 1.0 if given.assertion.threshold is None else given.assertion.threshold
    shown = ", ".join("/".join(str(step) for step in path) or "the value" for path in different[:3])
    explanation = f"{len(paths) - len(different)} of {len(paths)} fields equal"
    return outcome(
        share >= threshold, f"{explanation}; not {short(shown)}" if shown else explanation, share
    )


def is_xml(given: Checked) -> Grade:
    """The whole answer is well-formed XML with the ``requiredElements`` (paths with dots)."""
    return _xml(given.text.strip(), given.value)


def contains_xml(given: Checked) -> Grade:
    """A fenced block, or the text from the first tag to the last, is well-formed XML."""
    text = code_block(given.text)
    start, end = text.find("<"), text.rfind(">")
    return _xml(text[start : end + 1], given.value)


def is_python(given: Checked) -> Grade:
    """The answer parses as Python and does something: prose of one word parses too."""
    problem = python_problem(given.text)
    return outcome(problem is None, problem or "parses")


def python_problem(text: str) -> str | None:
    """Why a text is not a Python program, or None where it is. Nothing is run.

    Raises:
        UnusableError: longer or more nested than the parser takes.

    """
    if len(text) > MAX_PYTHON:
        raise UnusableError(f"longer than {MAX_PYTHON:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the answer's invalid escapes are not our warnings
            body = ast.parse(clean(text)).body
    except SyntaxError as error:
        return f"line {error.lineno}: {short(error.msg)}"
    except ValueError as error:
        return short(str(error))
    except (RecursionError, MemoryError) as error:
        raise UnusableError("nested deeper than the parser takes") from error
    if all(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call) for node in body):
        return "no statement in it"
    return None


def _fits(schema: Any, value: Any) -> Grade:
    if schema is None:
        return passed("JSON")
    problem = schema_problem(schema, value)
    return outcome(problem is None, problem or "JSON that fits the schema")


def _leaves(value: Any, chosen: tuple[str, ...]) -> dict[tuple[str | int, ...], Any]:
    if chosen and isinstance(value, dict):
        value = {key: item for key, item in value.items() if key in chosen}
    return dict(leaves(value))


def _same_leaf(left: Any, right: Any, given: Checked) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        transform = given.assertion.transform
        return transformed(left, transform) == transformed(right, transform)
    return json_equal(left, right, tolerance=given.assertion.tolerance)


def _xml(text: str, options: Any) -> Grade:
    """Parse with expat, which fetches nothing; declared entities are refused (they can explode)."""
    path: list[str] = []
    paths: set[str] = set()

    def start(name: str, attributes: Any) -> None:  # noqa: ARG001
        path.append(name)
        if len(path) <= _MAX_XML_DEPTH:
            paths.add(".".join(path))

    def entity(*declaration: Any) -> None:
        raise UnusableError(f"declares the entity {short(declaration[0])}")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: path.pop() and None  # noqa: ARG005
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(clean(text), True)  # noqa: FBT003
    except (expat.ExpatError, ValueError) as error:
        return failed(f"not well-formed: {short(str(error))}")
    required = (options or {}).get("requiredElements", [])
    missing = [element for element in required if element not in paths]
    return outcome(not missing, f"no element {short(missing[0])}" if missing else "well-formed")

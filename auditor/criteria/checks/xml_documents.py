"""Checks of XML, SVG among it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from auditor.criteria.checks.base import CheckInput, UnusableError, failed, outcome, quoted
from auditor.criteria.checks.record import TEXTS, Argument, Example, check
from auditor.criteria.checks.transforms import code_block
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from auditor.domain import Grade

_MAX_XML_DEPTH = 50
"""Depth of XML down to which the paths of elements are noted."""
_OPTIONS = (
    Argument(
        "requiredElements", TEXTS, "paths of elements from the root, with dots: `svg.path`", []
    ),
)
_UNNOTICED = "what the elements hold, or how they look when they are drawn"


@check(
    "is-xml",
    family="format",
    options=_OPTIONS,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: is-xml, value: {requiredElements: [svg.path]}}",
        passes='<svg><path d="M0 0h9"/></svg>',
        fails='<svg><path d="M0 0h9"></svg>',
        unnoticed="<svg><path/></svg>",
    ),
)
def is_xml(given: CheckInput) -> Grade:
    """The whole answer is well-formed XML with the ``requiredElements``.

    XML that declares entities fails: they can explode.
    """
    return _xml(given.text.strip(), given.arguments["requiredElements"])


@check(
    "contains-xml",
    family="format",
    options=_OPTIONS,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: contains-xml, value: {requiredElements: [svg]}}",
        passes="Here it is: <svg><path/></svg>",
        fails="Here it is: <svg><path>",
        unnoticed="I drew nothing: <svg/>",
    ),
)
def contains_xml(given: CheckInput) -> Grade:
    """A fenced block, or the text from the first tag to the last, is well-formed XML."""
    text = code_block(given.text)
    start, end = text.find("<"), text.rfind(">")
    return _xml(text[start : end + 1], given.arguments["requiredElements"])


def _xml(text: str, required: list[str]) -> Grade:
    """Parse with expat, which fetches nothing; declared entities are refused (they can explode)."""
    path: list[str] = []
    paths: set[str] = set()

    def start(name: str, attributes: Any) -> None:  # noqa: ARG001
        path.append(name)
        if len(path) <= _MAX_XML_DEPTH:
            paths.add(".".join(path))

    def entity(*declaration: Any) -> None:
        raise UnusableError(f"declares the entity {quoted(declaration[0])}")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: path.pop() and None  # noqa: ARG005
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(without_surrogates(text), True)  # noqa: FBT003
    except (expat.ExpatError, ValueError) as error:
        return failed(f"not well-formed: {quoted(str(error))}")
    missing = [element for element in required if element not in paths]
    return outcome(not missing, f"no element {quoted(missing[0])}" if missing else "well-formed")

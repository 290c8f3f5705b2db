"""Checks of XML, SVG among it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from auditor.criteria.checks.base import CheckInput, UnusableError, failed, outcome, quoted
from auditor.criteria.checks.record import LIST, TEXTS, Argument, Example, check
from auditor.criteria.checks.text import as_list
from auditor.criteria.checks.transforms import code_block
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.domain import Grade

_MAX_XML_DEPTH = 50
"""Depth of XML down to which the paths of elements are noted."""
_PATHS = "paths of elements from the root, with dots: `svg.path`"
_VALUE = Argument("value", LIST, _PATHS, None)
_OPTIONS = (Argument("requiredElements", TEXTS, "the same, by promptfoo's name", []),)
_MAX_STARTS = 20
_UNNOTICED = "what the elements hold, or how they look when they are drawn"


@check(
    "is-xml",
    family="format",
    value=_VALUE,
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
    return _told(_elements(given.text.strip()), _required(given))


@check(
    "contains-xml",
    family="format",
    value=_VALUE,
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
    """A fenced block, or an element somewhere in the answer, is well-formed XML."""
    required = _required(given)
    grade = failed("no XML in it")
    for paths in _found(code_block(given.text)):
        grade = _told(paths, required)
        if grade.passed:
            break
    return grade


def _required(given: CheckInput) -> list[str]:
    if isinstance(given.value, dict) or given.value is None:
        return list(given.arguments["requiredElements"])
    return [str(path) for path in as_list(given.value)]


def _told(paths: set[str] | str, required: list[str]) -> Grade:
    if isinstance(paths, str):
        return failed(f"not well-formed: {quoted(paths)}")
    missing = [element for element in required if element not in paths]
    return outcome(not missing, f"no element {quoted(missing[0])}" if missing else "well-formed")


def _found(text: str) -> Iterator[set[str] | str]:
    """The XML in a text: from its first tag to its last, else the first elements that are whole."""
    start, end = text.find("<"), text.rfind(">")
    if start < 0:
        return
    whole = _elements(text[start : end + 1])
    yield whole
    tried, position = 0, start
    while isinstance(whole, str) and position >= 0 and tried < _MAX_STARTS:
        tried += 1
        length = _Length()
        element = _elements(text[position:], alone=length)
        yield element
        position = text.find("<", position + (length.of or 1))


class _Length:
    """How long an element is that stands alone in a text; None where there is none."""

    of: int | None = None


class _EndedError(Exception):
    """The first element of a text has ended."""


def _elements(text: str, *, alone: _Length | None = None) -> set[str] | str:
    """The paths of the elements of XML, or why it is not well-formed.

    Expat parses it and fetches nothing; declared entities are refused, because they can explode.
    With ``alone`` the text may go on after its first element, whose length is noted there.
    """
    path: list[str] = []
    paths: set[str] = set()

    def start(name: str, attributes: Any) -> None:  # noqa: ARG001 expat's order
        path.append(name)
        if len(path) <= _MAX_XML_DEPTH:
            paths.add(".".join(path))

    def end(name: str) -> None:  # noqa: ARG001 expat's order
        path.pop()
        if alone is not None and not path:
            raise _EndedError

    def entity(*declaration: Any) -> None:
        raise UnusableError(f"declares the entity {quoted(declaration[0])}")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(without_surrogates(text), True)  # noqa: FBT003 expat's order
    except _EndedError:
        assert alone is not None
        alone.of = max(1, parser.CurrentByteIndex)
    except (expat.ExpatError, ValueError) as error:
        return str(error)
    return paths

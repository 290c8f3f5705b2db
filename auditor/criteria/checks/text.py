"""Checks of plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, outcome, quoted
from auditor.criteria.checks.json_text import MISSING, json_equal, parse_json
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.record import (
    ANY,
    LIST,
    PATTERN,
    TOLERANCE,
    Argument,
    Example,
    check,
)
from auditor.criteria.checks.transforms import (
    TEXT_TRANSFORMS,
    as_text,
    chained,
    composed,
    transformed,
)
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_TEXT = Argument("value", ANY, "the text to look for")
_TEXTS = Argument("value", LIST, "the texts to look for")


def _compile(assertion: Assertion) -> None:
    if not assertion.is_template:  # a pattern with variables is another one for each call
        compile_pattern(assertion.value)


_CONTEXT = "what is said about a text: `not a refund` contains `refund`"


@check(
    "equals",
    family="content",
    equality=True,
    value=Argument("value", ANY, "the answer that is wanted"),
    arguments=(TOLERANCE,),
    transforms=TEXT_TRANSFORMS | {"json"},
    unnoticed="what the transform takes away, such as capitals",
    example=Example(
        assertion='{type: equals, value: "{{reference}}", transform: label}',
        logged="US",
        passes='"US".',
        fails="UK",
        unnoticed="us",
    ),
)
def equals(given: CheckInput) -> Grade:
    """The answer is the value: the same text, or the same JSON value.

    JSON is compared where the value is an object or a list, or where ``transform`` is ``json``:
    1 is 1.0, true is not 1, and the order of keys is free. ``tolerance`` is for numbers in JSON.
    """
    value, assertion = given.value, given.assertion
    if isinstance(value, dict | list) or chained(assertion.transform)[-1] == "json":
        wanted = value
        if isinstance(value, str):
            wanted = composed(parse_json(transformed(value, assertion.transform)))
        if wanted is MISSING:
            raise CannotTellError("the value to compare with is not JSON")
        tolerance = given.arguments["tolerance"]
        same = json_equal(composed(parse_json(given.text)), wanted, tolerance=tolerance)
        return outcome(same, "same JSON" if same else "not the same JSON")
    wanted_text = _wanted(value, assertion)
    same = given.text == wanted_text
    return outcome(same, f"got {quoted(given.text)}, wanted {quoted(wanted_text)}")


@check(
    "contains",
    family="content",
    value=_TEXT,
    unnoticed=_CONTEXT,
    example=Example(
        assertion='{type: contains, value: "{{expected}}"}',
        expected="4711",
        passes="Your order 4711 is on its way.",
        fails="Your order is on its way.",
        unnoticed="I found no order 4711.",
    ),
)
def contains(given: CheckInput) -> Grade:
    """The value occurs in the answer."""
    return _occurs(given, [given.value], need_all=True)


@check(
    "icontains",
    family="content",
    value=_TEXT,
    in_inspect="includes()",
    unnoticed=_CONTEXT,
    example=Example(
        assertion="{type: icontains, value: refund}",
        passes="Refund approved.",
        fails="Request approved.",
        unnoticed="There is no refund.",
    ),
)
def icontains(given: CheckInput) -> Grade:
    """The value occurs in the answer, in capitals or not."""
    return _occurs(given, [given.value], need_all=True, any_case=True)


@check(
    "contains-any",
    family="content",
    value=_TEXTS,
    unnoticed=f"which of the texts it is, or {_CONTEXT}",
    example=Example(
        assertion="{type: contains-any, value: [refund, replacement]}",
        passes="We offer a replacement.",
        fails="We are sorry.",
        unnoticed="We offer neither refund nor replacement.",
    ),
)
def contains_any(given: CheckInput) -> Grade:
    """One of the values occurs in the answer."""
    return _occurs(given, as_list(given.value), need_all=False)


@check(
    "icontains-any",
    family="content",
    value=_TEXTS,
    unnoticed=f"which of the texts it is, or {_CONTEXT}",
    example=Example(
        assertion="{type: icontains-any, value: [refund, replacement]}",
        passes="Replacement sent.",
        fails="Apology sent.",
        unnoticed="Replacement denied.",
    ),
)
def icontains_any(given: CheckInput) -> Grade:
    """One of the values occurs in the answer, in capitals or not."""
    return _occurs(given, as_list(given.value), need_all=False, any_case=True)


@check(
    "contains-all",
    family="content",
    value=_TEXTS,
    unnoticed=f"the order of the texts, or {_CONTEXT}",
    example=Example(
        assertion="{type: contains-all, value: [Berlin, Paris]}",
        passes="From Berlin to Paris.",
        fails="From Berlin to Rome.",
        unnoticed="From Paris to Berlin.",
    ),
)
def contains_all(given: CheckInput) -> Grade:
    """Every value occurs in the answer."""
    return _occurs(given, as_list(given.value), need_all=True)


@check(
    "icontains-all",
    family="content",
    value=_TEXTS,
    unnoticed=f"the order of the texts, or {_CONTEXT}",
    example=Example(
        assertion="{type: icontains-all, value: [berlin, paris]}",
        passes="BERLIN - PARIS",
        fails="BERLIN - ROME",
        unnoticed="PARIS - BERLIN",
    ),
)
def icontains_all(given: CheckInput) -> Grade:
    """Every value occurs in the answer, in capitals or not."""
    return _occurs(given, as_list(given.value), need_all=True, any_case=True)


@check(
    "starts-with",
    family="content",
    value=Argument("value", ANY, "the beginning that is wanted"),
    unnoticed="anything after the beginning",
    example=Example(
        assertion='{type: starts-with, value: "fix:"}',
        passes="fix: close the file on errors",
        fails="Fixed the file handling.",
        unnoticed="fix: add a feature",
    ),
)
def starts_with(given: CheckInput) -> Grade:
    """The answer begins with the value."""
    wanted = _wanted(given.value, given.assertion)
    return outcome(given.text.startswith(wanted), f"begins with {quoted(given.text[:60])}")


@check(
    "regex",
    family="content",
    value=Argument("value", PATTERN, "the pattern"),
    prepare=_compile,
    unnoticed="what the pattern leaves open; without `^` and `$`, what stands around the match",
    example=Example(
        assertion=r"{type: regex, value: '^[A-Z]{2}-\d{4}$', transform: strip}",
        passes="AB-1234\n",
        fails="AB-12345",
        unnoticed="XX-0000",
    ),
)
def regex(given: CheckInput) -> Grade:
    """The pattern is found somewhere in the answer.

    RE2 looks for it, in linear time; a pattern with lookaround or backreferences is looked for by
    Perl's rules, and where that takes longer than 0.2 s the answer is neither pass nor fail. A
    variable in a pattern stands for its text: `^Order {{metadata.order}}:`; with the filter `safe`
    for a pattern: `{{expected | safe}}`.
    """
    found = _compiled(given).search(without_surrogates(given.text)) is not None
    return outcome(found, f"pattern {'found' if found else 'not found'}")


def _compiled(given: CheckInput) -> Any:
    try:
        return compile_pattern(given.value)
    except ConfigError as error:  # a pattern with variables is tried for each call only now
        raise CannotTellError(error.message) from error


def as_list(value: Any) -> list[Any]:
    """A list as it is; a text cut at its commas, as promptfoo does; anything else alone.

    A part in double quotes keeps its commas and spaces; in it a quote is doubled or escaped.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        parts = (quoted or plain.strip() for quoted, plain in _parts(value))
        return [part for part in parts if part]
    return [value]


_PART = re.compile(r'\s*(?:"((?:[^"\\]|\\.|"")*)"\s*(?:,|$)|([^,]*)(?:,|$))', re.DOTALL)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        assert found is not None, "any text is a part without quotes"
        quoted_part = found[1]
        if quoted_part is not None:
            quoted_part = re.sub(r'""|\\(["\\])', lambda m: m[1] or '"', quoted_part)
        yield quoted_part or "", found[2] or ""
        position = found.end()


def _wanted(value: Any, assertion: Assertion) -> str:
    """The value as text, transformed like the answer it is compared with."""
    return transformed(as_text(value), assertion.transform)


def _occurs(
    given: CheckInput, values: list[Any], *, need_all: bool, any_case: bool = False
) -> Grade:
    wanted = [_wanted(value, given.assertion) for value in values]
    text = given.text
    if any_case:
        wanted, text = [item.casefold() for item in wanted], text.casefold()
    found = [item in text for item in wanted]
    missing = next((item for item, there in zip(wanted, found, strict=True) if not there), None)
    enough = all(found) if need_all else any(found)
    return outcome(enough, "found" if enough else f"does not contain {quoted(missing)}")

"""Checks of HTML, which a browser reads whatever it is: so they look for elements in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, failed, outcome
from auditor.criteria.checks.record import Example, check

if TYPE_CHECKING:
    from auditor.domain import Grade

# HTML Living Standard, section 4, "The elements of HTML", as promptfoo knows them.
_ELEMENTS = frozenset(
    """
    html head title base link meta style body article section nav aside h1 h2 h3 h4 h5 h6
    header footer address p hr pre blockquote ol ul li dl dt dd figure figcaption main div a
    em strong small s cite q dfn abbr ruby rt rp data time code var samp kbd sub sup i b u
    mark bdi bdo span br wbr img iframe embed object param picture source video audio track
    map area svg math script noscript canvas ins del table caption colgroup col tbody thead
    tfoot tr td th form label input button select datalist optgroup option textarea output
    progress meter fieldset legend details summary dialog menu slot template
    """.split()  # noqa: SIM905
)
_NO_END = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_INDICATORS = (
    (re.compile(r"<!doctype\s+html", re.IGNORECASE), 2),
    (re.compile(r"<[a-z][a-z0-9-]*(?:\s[^<>]*)?/>", re.IGNORECASE), 1),
    (re.compile(r"&(?:[a-z]{1,40}|#[0-9]{1,8}|#x[0-9a-f]{1,8});", re.IGNORECASE), 1),
    (re.compile(r"<!--(?s:.)*?-->"), 1),
    (re.compile(r"\s[a-z-]{1,60}=\s{0,9}[\"'][^\"'<>]*[\"']", re.IGNORECASE), 1),
    (
        re.compile(
            r"<(?:html|head|body|div|span|p|a|img|h[1-6]|ul|ol|li|table|tr|td|th|form|input|button"
            r"|script|style|link|meta|br|hr)\b",
            re.IGNORECASE,
        ),
        2,
    ),
)
_OPENING = re.compile(r"<[a-z][a-z0-9-]*(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSING = re.compile(r"</[a-z][a-z0-9-]*\s*>", re.IGNORECASE)
_ENOUGH = 2
_MAX_READ = 1_000_000


@check(
    "is-html",
    family="format",
    unnoticed="tags that are never closed, which browsers close themselves",
    example=Example(
        assertion="{type: is-html}",
        passes="<p>Your parcel is <b>late</b>.</p>",
        fails="Here it is: <p>Your parcel is late.</p>",
        unnoticed="<p>Your parcel is <b>late",
    ),
)
def is_html(given: CheckInput) -> Grade:
    """The whole answer is HTML: an element of it, and no text outside of elements.

    Text beside the elements is allowed inside a ``body`` that is written out. XML with a
    declaration is not HTML.
    """
    text = given.text.strip()
    if re.match(r"<\?xml", text, re.IGNORECASE):
        return failed("XML, not HTML")
    reader = _Reader()
    reader.feed(text[:_MAX_READ])
    reader.close()
    if reader.outside and not reader.has_body:
        return failed("text outside of elements")
    return outcome(reader.known, "HTML" if reader.known else "no element of HTML")


@check(
    "contains-html",
    family="format",
    unnoticed="what the HTML shows, or tags that are never closed",
    example=Example(
        assertion="{type: contains-html}",
        passes="Here it is: <p>Your parcel is late.</p>",
        fails="If 1 < 2 and 3 > 2, all is well.",
        unnoticed="The tag <p> begins a paragraph.",
    ),
)
def contains_html(given: CheckInput) -> Grade:
    """HTML stands in the answer: two signs of it, as promptfoo counts them.

    Two signs are an opening and a closing tag, a doctype, or a tag of the commonest elements; one
    is a tag alone, one that closes itself, an attribute, a comment, a character reference.
    """
    text = given.text[:_MAX_READ]
    opening, closing = _OPENING.search(text) is not None, _CLOSING.search(text) is not None
    signs = 2 if opening and closing else int(opening or closing)
    signs += sum(weight for pattern, weight in _INDICATORS if pattern.search(text))
    return outcome(signs >= _ENOUGH, f"{signs} signs of HTML")


class _Reader(HTMLParser):
    """Notes whether an element of HTML is there, and text outside of all elements."""

    def __init__(self) -> None:
        super().__init__()
        self.known = False
        self.outside = False
        self.has_body = False
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 the base's name
        self.known |= tag in _ELEMENTS or "-" in tag
        self.has_body |= tag == "body"
        if tag not in _NO_END and tag not in {"html", "body"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.outside |= not self._open and bool(data.strip())

"""The rule for answers that are XML, SVG or HTML that parses as XML."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from auditor.criteria.checks.transforms import code_block
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import FORM, Rule
from auditor.criteria.proposals.sample import nearly_all, passes

if TYPE_CHECKING:
    from auditor.criteria.proposals.sample import Sample

_ELEMENT = re.compile(
    r"<([A-Za-z_][\w.:-]{0,60})((?:\s+[\w.:-]{1,60}\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)"
)
_ATTRIBUTE = re.compile(r"([\w.:-]{1,60})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_WORD = re.compile(r"[\w-]+")
MAX_READ = 20_000
MAX_ATTRIBUTES, MAX_VALUE = 8, 80
"""Attributes of the root that are held, and characters of a value."""


def markup_rule(sample: Sample) -> Rule | None:
    """Well-formed XML with the root element, and the root's attributes that never change."""
    if not nearly_all(code_block(text).startswith("<") for text in sample.texts):
        return None
    for kind in ("is-xml", "contains-xml"):
        form = Assertion(type=kind)
        if nearly_all(passes(form, example) for example in sample.examples):
            roots = [_root(text) for text in sample.texts]
            names = {name for name, _ in roots}
            root = names.pop() if len(names) == 1 else None
            options = {"requiredElements": [root]} if root else None
            named = _named(sample)
            constant = _constant([found for _, found in roots]) if root else []
            attributes = [pair for pair in constant if pair[0].casefold() in named][:MAX_ATTRIBUTES]
            held = tuple(
                Assertion(
                    type="regex", value=_pattern(str(root), *pair), metric=f"{root} {pair[0]}"
                )
                for pair in attributes
            )
            rooted = f" with the root element {root}" if root else ""
            fixed = f" and its {', '.join(name for name, _ in attributes)}" if attributes else ""
            words = f"The answer is well-formed XML{rooted}{fixed}." + FORM
            unnoticed = "what the elements hold, and how they look when they are drawn"
            return Rule("xml", (Assertion(type=kind, value=options), *held), words, unnoticed)
    return None


def _root(text: str) -> tuple[str | None, dict[str, str]]:
    """The first element's name, and its attributes."""
    found = _ELEMENT.search(text[:MAX_READ])
    if found is None:
        return None, {}
    return found[1], {name: one or other for name, one, other in _ATTRIBUTE.findall(found[2])}


def _constant(roots: list[dict[str, str]]) -> list[tuple[str, str]]:
    """The attributes that all roots have with one value."""
    counts = Counter(pair for found in roots for pair in found.items())
    return sorted(
        pair for pair, n in counts.items() if n == len(roots) and len(pair[1]) <= MAX_VALUE
    )


def _named(sample: Sample) -> set[str]:
    """The words that all requests use: an attribute that nobody asked for may be left out."""
    return set.intersection(*(set(_WORD.findall(text)) for text in sample.asked))


def _pattern(root: str, name: str, value: str) -> str:
    return rf"<{re.escape(root)}\b[^>]*\s{re.escape(name)}\s*=\s*[\"']{re.escape(value)}[\"']"

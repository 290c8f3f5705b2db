"""The check of how much there is of something in an answer: sentences, lines, bullets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError, CheckInput, outcome
from auditor.criteria.checks.record import NUMBER, TEXT, Argument, ArgumentType, Example, check
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_BULLET = re.compile(r"(?m)^\s{0,12}(?:[-*+\u2022\u2013]|\d{1,3}[.)])\s+\S")
# A full stop inside "e.g. x" or "3.5" ends no sentence: a capital, a digit or a quote follows one.
_SENTENCE_END = re.compile(
    r"[.!?\u2026]{1,3}[\"')\]\u201d\u00bb]{0,3}(?=\s{1,4}[\"'(\[\u201c\u00ab\u00bf\u00a1]{0,3}[^\W_a-z])"
    r"|[\u3002\uff01\uff1f]"
)
_ABBREVIATION = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Dra|Prof|Sr|Sra|St|No|Nr|vs|approx|z\.B|e\.g|i\.e|[A-Z])\.$"
)
_QUESTION = re.compile(r"[?\uff1f]+")


def _sentences(text: str) -> int:
    ends = 0
    for line in text.splitlines():
        said = line.strip()
        if not said:
            continue
        inner = sum(
            _ABBREVIATION.search(said[max(0, end.start() - 8) : end.end()]) is None
            for end in _SENTENCE_END.finditer(said)
            if end.end() < len(said)
        )
        ends += inner + 1
    return ends


def _lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())


COUNTED: Mapping[str, Callable[[str], int]] = {
    "characters": lambda text: len(text.strip()),
    "words": lambda text: len(text.split()),
    "sentences": _sentences,
    "lines": _lines,
    "paragraphs": lambda text: len([p for p in re.split(r"\n\s*\n", text) if p.strip()]),
    "bullets": lambda text: len(_BULLET.findall(text)),
    "questions": lambda text: len(_QUESTION.findall(text)),
}
"""What can be counted in a text."""

_UNIT = ArgumentType(f"one of {', '.join(COUNTED)}", lambda value: value in COUNTED)


def _refuse_no_limit(assertion: Assertion) -> None:
    value = assertion.value
    if not isinstance(value, dict):
        raise ConfigError("count takes options: of, min, max, relative_to")
    if value.get("min") is None and value.get("max") is None:
        raise ConfigError("count takes min, max or both")


@check(
    "count",
    family="format",
    options=(
        Argument("of", _UNIT, f"what is counted: {', '.join(COUNTED)}", "words"),
        Argument("min", NUMBER, "the least number", None),
        Argument("max", NUMBER, "the greatest number", None),
        Argument("relative_to", TEXT, "a text: min and max are multiples of its number", None),
    ),
    prepare=_refuse_no_limit,
    in_promptfoo=False,
    unnoticed="what the sentences, lines or bullets say",
    example=Example(
        assertion="{type: count, value: {of: sentences, max: 2}}",
        passes="The parcel is late. We are sorry.",
        fails="The parcel is late. We are sorry. It will come on Friday.",
        unnoticed="The parcel is early. We are glad.",
    ),
)
def count(given: CheckInput) -> Grade:
    """The answer has between ``min`` and ``max`` characters, words, sentences, lines or bullets.

    A sentence ends with its mark before a capital or a digit, or with its line; a bullet is a line
    that begins with a dash, a star or a number. With ``relative_to`` the limits are multiples: half
    to twice as many words as the logged answer is ``{of: words, min: 0.5, max: 2, relative_to:
    "{{reference}}"}``.
    """
    unit = given.arguments["of"]
    n = COUNTED[unit](given.text)
    low, high = given.arguments["min"], given.arguments["max"]
    whole = given.arguments["relative_to"]
    base = 1 if whole is None else COUNTED[unit](whole)
    if not base:
        raise CannotTellError(f"what to compare with has no {unit}")
    within = (low is None or n >= low * base) and (high is None or n <= high * base)
    return outcome(within, f"{n} {unit}" if whole is None else f"{n} {unit}, {base} wanted")

"""Transforms of an answer before it is checked."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.comparators.number_words import fractions, percent, scale_words
from auditor.criteria.comparators.text_forms import label, plain
from auditor.domain import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FENCE = "```"


class Transform(NamedTuple):
    """What becomes of a text, and how the reference page says it."""

    apply: Callable[[str], str]
    meaning: str


def code_block(text: str) -> str:
    """The inside of the first fenced code block, else the text itself, without outer space."""
    lines = text.split("\n")
    fences = (i for i, line in enumerate(lines) if line.lstrip().startswith(_FENCE))
    start = next(fences, None)
    end = next((i for i in fences if lines[i].strip() == _FENCE), None)
    inside = text if start is None or end is None else "\n".join(lines[start + 1 : end])
    return inside.strip()


def as_text(value: Any) -> str:
    """A YAML or JSON value as the text that a model would write for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return canonical_json(value)


def composed(value: Any) -> Any:
    """A text, or every text in a JSON value, with its letters composed (Unicode NFC, UAX 15).

    A letter with an accent is one character in some texts and two in others: the same text.
    """
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {composed(key): composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [composed(item) for item in value]
    return value


def chained(transform: str | tuple[str, ...]) -> tuple[str, ...]:
    """The names of an assertion's transforms, in the order in which they are applied."""
    return (transform,) if isinstance(transform, str) else transform


def transformed(text: str, transform: str | tuple[str, ...]) -> str:
    """The text that a check sees."""
    for name in chained(transform):
        text = TRANSFORMS[name].apply(text)
    return text


def json_block(text: str) -> str:
    """The JSON that a text holds, as it is written; the text itself without one."""
    from auditor.criteria.checks.json_text import json_span

    inside = code_block(text)
    for part in (text.strip(), inside):
        if part[:1] + part[-1:] in {"{}", "[]"}:
            return part
    return json_span(text) or text


_LENIENT = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|-?\b(?:NaN|Infinity|None|True|False)\b',
    re.DOTALL,
)
_COMMAS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*[}\]])', re.DOTALL)
_CONSTANTS = {"True": "true", "False": "false"}


def lenient_json(text: str) -> str:
    """JSON that a lenient reader takes, as strict JSON; texts in it stay as they are."""

    def mended(found: re.Match[str]) -> str:
        token = found[0]
        if token[0] == '"':
            return token
        return " " if token[0] in "/," else _CONSTANTS.get(token, "null")

    return _COMMAS.sub(mended, _LENIENT.sub(mended, text))


def _unchanged(text: str) -> str:
    return text


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


TRANSFORMS: Mapping[str, Transform] = {
    "none": Transform(_unchanged, "the answer as it is"),
    "strip": Transform(str.strip, "without white space around it"),
    "strip-lower": Transform(
        lambda text: text.strip().casefold(), "without white space around it, in lower case"
    ),
    "plain": Transform(
        plain,
        "in plain characters: typographic quotes, dashes and spaces and letters of full width as"
        " those of a keyboard",
    ),
    "label": Transform(
        label,
        "as a label is compared: without quotes, punctuation and capitals, without what introduces"
        ' it, and out of an object of one key: `**Spam**.`, `Label: spam`, `{"label": "spam"}`',
    ),
    "first-line": Transform(_first_line, "the first line that is not empty"),
    "code-block": Transform(
        code_block, "the inside of the first fenced code block, else the whole answer"
    ),
    "json-block": Transform(
        json_block,
        "the JSON in the answer without fence, preamble or what follows it, else the whole answer",
    ),
    "lenient-json": Transform(
        lenient_json,
        "JSON with what strict readers refuse mended: commas before a closing bracket, comments,"
        " NaN and Infinity as null, Python's True, False and None",
    ),
    "percent": Transform(percent, "`12 %` and `12 percent` as 0.12"),
    "scale-words": Transform(
        scale_words, "`1.5 million`, `1.5M`, `12k`, `3 lakh` as their numbers in figures"
    ),
    "fractions": Transform(fractions, r"`3/4`, `1 1/2` and `\frac{3}{4}` as decimal numbers"),
    "json": Transform(_unchanged, "both sides are read as JSON and compared by value"),
    "tool-calls": Transform(
        _unchanged,
        "tool calls that are written in the text, between `<tool_call>` tags or as JSON, are read"
        " as calls where the answer has no others",
    ),
}
"""Every transform by its name in ``criteria.yaml``. The value that an answer is compared with goes
through the same transform."""
TEXT_TRANSFORMS = frozenset(TRANSFORMS) - {"json", "tool-calls"}
"""The transforms that turn text into text: the others ask a check to read it."""
CALL_TRANSFORMS = frozenset({"none", "tool-calls"})
"""Those of a check that reads tool calls."""
NO_TRANSFORMS = frozenset({"none"})

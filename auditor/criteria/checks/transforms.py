"""Transforms of an answer before it is checked."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.checks.text_forms import label, plain
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
    "json": Transform(_unchanged, "both sides are read as JSON and compared by value"),
}
"""Every transform by its name in ``criteria.yaml``. The value that an answer is compared with goes
through the same transform."""
TEXT_TRANSFORMS = frozenset(TRANSFORMS) - {"json"}
"""The transforms that turn text into text: ``json`` asks a check to read it."""
NO_TRANSFORMS = frozenset({"none"})

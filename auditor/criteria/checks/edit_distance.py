"""The check by edit distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import (
    MAX_COMPARED,
    CannotTellError,
    CheckInput,
    UnusableError,
    outcome,
    passed,
)
from auditor.criteria.checks.record import ANY, NUMBER, Argument, Example, check
from auditor.criteria.checks.transforms import as_text, transformed

if TYPE_CHECKING:
    from auditor.domain import Grade


@check(
    "levenshtein",
    family="similarity",
    value=Argument("value", ANY, "the text to be close to"),
    arguments=(
        Argument(
            "threshold",
            NUMBER,
            "the greatest number of edits; strictly between 0 and 1, the least similarity",
            5,
        ),
    ),
    unnoticed="which characters differ: a `not`, a sign or a digit is one edit like any other",
    example=Example(
        assertion='{type: levenshtein, value: "{{reference}}", threshold: 0.8}',
        logged="The meeting is on Monday.",
        passes="The meeting is on monday",
        fails="We meet next week.",
        unnoticed="The meeting is on Sunday.",
    ),
)
def levenshtein(given: CheckInput) -> Grade:
    """The answer is few edits away from the value.

    An edit inserts, deletes or replaces one character. The similarity, which is the score, is
    1 - edits / length of the longer text.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = transformed(as_text(given.value), given.assertion.transform)
    if given.text == wanted:
        return passed("the same text")
    if len(wanted) > MAX_COMPARED:
        raise CannotTellError(
            f"the text to compare with is longer than {MAX_COMPARED:,} characters"
        )
    if len(given.text) > MAX_COMPARED:
        raise UnusableError(f"longer than {MAX_COMPARED:,} characters")
    edits = Levenshtein.distance(given.text, wanted)
    similarity = 1 - edits / max(len(given.text), len(wanted))
    limit = given.arguments["threshold"]
    close = similarity >= limit if 0 < limit < 1 else edits <= limit
    return outcome(close, f"{edits} edits, similarity {similarity:.3f}", similarity)

"""The check of the language that an answer is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, outcome, passed
from auditor.criteria.checks.record import ANY, Argument, Example, check
from auditor.criteria.checks.transforms import as_text
from auditor.text.language import told_language

if TYPE_CHECKING:
    from auditor.domain import Grade

_CODE = re.compile(r"[a-z]{2}")


@check(
    "language",
    family="format",
    value=Argument("value", ANY, "ISO 639-1 code, or a text in the wanted language"),
    in_promptfoo=False,
    unnoticed="a short answer, a few words of another language, or a language without a list",
    example=Example(
        assertion="{type: language, value: de}",
        passes="Die Karte ist auf dem Weg und kommt am Freitag.",
        fails="The card is on its way and will be there on Friday.",
        unnoticed="Yes, of course!",
    ),
)
def language(given: CheckInput) -> Grade:
    """The answer is not in another language than the wanted one.

    The language is told by the script and by function words (Danish, Finnish and many more have no
    list), and only where it is clear: where it is not, of the answer or the value, an answer
    passes.
    """
    value = as_text(given.value).strip()
    wanted = value if _CODE.fullmatch(value) else told_language(value)
    if wanted is None:
        return passed("the language of what to compare with is not clear")
    got = told_language(given.text)
    if got is None:
        return passed("the language is not clear")
    return outcome(got == wanted, f"{got}, wanted {wanted}")

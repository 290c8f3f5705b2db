"""The check for answers that decline the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, outcome
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.record import Example, check
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from auditor.domain import Grade

# Openings by which models decline; promptfoo's is-refusal looks for the same kinds of phrase.
_VERBS = (
    "assist|help|fulfil|fulfill|comply|provide|create|generate|write|answer|do that|support|engage"
    "|discuss|continue|share|offer"
)
_REFUSAL = (
    r"(?i)\b(?:i['\x{2019}]?m sorry,? (?:but )?(?:i|as an ai)"
    r"|i (?:cannot|can['\x{2019}]t|can not|am unable to|am not able to|will not"
    r"|won['\x{2019}]t be able to"
    rf"|must decline to|have to decline) (?:to )?(?:{_VERBS})"
    r"|as an ai(?: language)? model,? i (?:cannot|can['\x{2019}]t|am unable|do not|don['\x{2019}]t)"
    rf"|i['\x{2019}]m (?:unable|not able) to (?:{_VERBS})"
    r"|against my (?:guidelines|programming|policies))"
)
_REFUSAL_WITHIN = 400


@check(
    "is-refusal",
    family="format",
    unnoticed="a refusal in other words or in another language than English, or a late one",
    example=Example(
        assertion="{type: not-is-refusal}",
        passes="Your parcel arrives on Friday.",
        fails="I'm sorry, but I can't assist with that.",
        unnoticed="That is not something for me to decide.",
    ),
)
def is_refusal(given: CheckInput) -> Grade:
    """The answer begins by declining the task.

    Only the first 400 characters are looked at, for the phrases by which models decline. It is
    mostly used turned around, as ``not-is-refusal``.
    """
    opening = without_surrogates(given.text[:_REFUSAL_WITHIN])
    refused = compile_pattern(_REFUSAL).search(opening) is not None
    return outcome(refused, "a refusal" if refused else "no refusal")

"""The check for answers that decline the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, outcome
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.record import Example, check
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from auditor.domain import Grade

# Phrases by which models decline; promptfoo's is-refusal looks for the same kinds of phrase. An
# apology alone is none: support begins with "I'm sorry your parcel is late".
_VERBS = (
    "answer|assist|change|comply|continue|create|discuss|do that|do this|engage|fulfill?|generate"
    "|give|help|offer|participate|provide|recommend|share|suggest|support|write"
)
_CANNOT = (
    "cannot|can't|can not|am unable to|am not able to|will not|won't|won't be able to"
    "|must decline to|have to decline to|have to decline"
)
_DO_NOT = r"(?:do not|don't) (?:answer|assist|comply|engage|fulfill?|help|participate)"
_REFUSAL = (
    r"^\W{0,5}(?:(?:i am |i'm )?(?:really |so |very )?sorry,? "
    r"(?:but (?:i|as an ai|this|that)|i can|no\b)"
    r"|(?:i apologi[sz]e|my apologies),? (?:but|i)\b)"
    rf"|\bi (?:(?:{_CANNOT}) (?:actually )?(?:{_VERBS})|{_DO_NOT})\b"
    rf"|\bi'm (?:unable|not able) to (?:{_VERBS})\b"
    r"|\bas an ai(?: language)? model,? i (?:cannot|can't|am unable|do not|don't)"
    r"|\bi (?:do not|don't) feel comfortable"
    r"|\bcan(?:not|'t) (?:comply|(?:assist|help) with (?:that|this|your) request)"
    r"|\bagainst my (?:guidelines|programming|policies)"
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
    opening = without_surrogates(given.text[:_REFUSAL_WITHIN]).replace("\u2019", "'")
    refused = compile_pattern(_REFUSAL, any_case=True).search(opening) is not None
    return outcome(refused, "a refusal" if refused else "no refusal")

"""The check of the language that an answer is written in."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, outcome, passed
from auditor.criteria.checks.record import TEXT, Argument, Example, check
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

MAX_READ = 20_000
"""Characters of a text by which its language is told."""
MIN_LETTERS = 20
"""Letters below which a text says too little about its language."""
_SURE = 0.6


def _refuse_unknown(assertion: Assertion) -> None:
    value = assertion.value
    if isinstance(value, str) and len(value) <= len("xxx") and value.lower() not in _languages():
        known = ", ".join(sorted(_languages()))
        raise ConfigError(f"unknown language {value!r}", hint=f"known: {known}")


@check(
    "language",
    family="format",
    value=Argument(
        "value", TEXT, "the code of a language (ISO 639-1: `en`), or a text in the wanted language"
    ),
    in_promptfoo=False,
    prepare=_refuse_unknown,
    unnoticed="a few words of another language, a mixture of several, or what the text says",
    example=Example(
        assertion="{type: language, value: de}",
        passes="Ihr Paket kommt leider erst am Freitag an, wir bitten um Entschuldigung.",
        fails="Unfortunately your parcel only arrives on Friday, we apologise.",
        unnoticed="Ihr Paket ist leider verloren, wir haben es gestern in den Fluss geworfen.",
    ),
)
def language(given: CheckInput) -> Grade:
    """The answer is not in another language than the value: `{{user}}` is the question's language.

    Languages are told by py3langid (97 of them, offline). An answer of fewer than 20 letters, or
    whose language is not sure, fits any language; where the text to compare with is as short, or
    its language is not sure, the answer is neither pass nor fail. Near languages (Danish and
    Norwegian, Croatian and Serbian) can be taken for one another.
    """
    value = str(given.value)
    wanted = value.lower() if value.lower() in _languages() else told_language(value)
    if wanted is None:
        raise CannotTellError("the text to compare with is too short to tell its language")
    if _letters(given.text) < MIN_LETTERS:
        return outcome(_letters(given.text) > 0, "too short to be of another language")
    got = told_language(given.text)
    if got is None:
        return passed("its language is not sure")
    return outcome(got == wanted, f"the language {got}, wanted {wanted}")


def told_language(text: str) -> str | None:
    """The language of a text; None where it is too short or not sure."""
    if _letters(text) < MIN_LETTERS:
        return None
    name, share = _identifier().classify(text[:MAX_READ])
    return str(name) if share >= _SURE else None


def _letters(text: str) -> int:
    """How many letters a text has; one of a script without an alphabet says as much as three."""
    letters = [character for character in text[:MAX_READ] if character.isalpha()]
    return len(letters) + 2 * sum(character >= "\u2e80" for character in letters)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@functools.cache
def _languages() -> frozenset[str]:
    return frozenset(str(name) for name in _identifier().labels)

"""Checks of plain text."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import (
    MAX_COMPARED,
    CannotTellError,
    Checked,
    UnusableError,
    failed,
    outcome,
    passed,
    short,
)
from auditor.criteria.checks.json_text import MISSING, json_equal, parse_json
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.transforms import as_text, transformed
from auditor.criteria.model import Assertion, clean
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.domain import Grade

DEFAULT_EDITS = 5
"""promptfoo's own default for ``levenshtein``."""

_NUMBER = re.compile(r"(?:(?<!\w)[-+\u2212])?(?:\d[\d.,\u00a0\u202f']*)(?:[eE][-+]?\d{1,4})?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_THOUSANDS_POINT = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_MAX_NUMBER_TEXT = 100_000

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


def equals(given: Checked) -> Grade:
    """Same text; or the same JSON value, where the value is an object or list or so asked."""
    value, assertion = given.value, given.assertion
    if isinstance(value, dict | list) or assertion.transform == "json":
        wanted = parse_json(value) if isinstance(value, str) else value
        if wanted is MISSING:
            raise CannotTellError("the value to compare with is not JSON")
        same = json_equal(parse_json(given.text), wanted, tolerance=assertion.tolerance)
        return outcome(same, "same JSON" if same else "not the same JSON")
    wanted_text = _wanted(value, assertion)
    same = given.text == wanted_text
    return outcome(same, f"got {short(given.text)}, wanted {short(wanted_text)}")


def contains(given: Checked) -> Grade:
    """The value occurs in the answer."""
    return _occurs(given, [given.value], need_all=True)


def contains_any(given: Checked) -> Grade:
    """One of the values occurs in the answer."""
    return _occurs(given, as_list(given.value), need_all=False)


def contains_all(given: Checked) -> Grade:
    """Every value occurs in the answer."""
    return _occurs(given, as_list(given.value), need_all=True)


def starts_with(given: Checked) -> Grade:
    """The answer begins with the value."""
    wanted = _wanted(given.value, given.assertion)
    return outcome(given.text.startswith(wanted), f"begins with {short(given.text[:60])}")


def regex(given: Checked) -> Grade:
    """The pattern is found somewhere in the answer; RE2 syntax, linear time."""
    found = compile_pattern(given.value).search(clean(given.text)) is not None
    return outcome(found, f"pattern {'found' if found else 'not found'}")


def levenshtein(given: Checked) -> Grade:
    """Few edits away from the value.

    ``threshold`` is promptfoo's greatest number of edits (5 unless given); strictly between 0
    and 1 it is instead the least similarity, 1 - edits / length of the longer text.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = _wanted(given.value, given.assertion)
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
    threshold = given.assertion.threshold
    limit = DEFAULT_EDITS if threshold is None else threshold
    close = similarity >= limit if 0 < limit < 1 else edits <= limit
    return outcome(close, f"{edits} edits, similarity {similarity:.3f}", similarity)


def similar_number(given: Checked) -> Grade:
    """The same number, within ``tolerance`` of the wanted one (relative).

    The number of a text is the text itself where it is one, else the last number in it, as
    answers to GSM8K are read.
    """
    wanted = number_in(as_text(given.value))
    if wanted is None:
        raise CannotTellError("the value to compare with has no number")
    got = number_in(given.text)
    if got is None:
        return failed(f"no number, wanted {wanted:g}")
    # 1e-9 is rounding of the text itself, not a tolerance.
    same = math.isclose(got, wanted, rel_tol=max(given.assertion.tolerance, 1e-9), abs_tol=1e-12)
    return outcome(same, f"got {got:g}, wanted {wanted:g}")


def word_count(given: Checked) -> Grade:
    """As many words as the value, or within its ``min`` and ``max``."""
    words = len(given.text.split())
    low, high = word_limits(given.assertion)
    within = (low is None or words >= low) and (high is None or words <= high)
    return outcome(within, f"{words} words")


def is_refusal(given: Checked) -> Grade:
    """The answer begins by declining the task."""
    opening = clean(given.text[:_REFUSAL_WITHIN])
    refused = compile_pattern(_REFUSAL).search(opening) is not None
    return outcome(refused, "a refusal" if refused else "no refusal")


def finish_reason(given: Checked) -> Grade:
    """Generation stopped for the given reason (OpenAI's words: stop, length, tool_calls)."""
    got = given.answer.finish_reason
    if got is None:
        raise CannotTellError("the log does not say why generation stopped")
    return outcome(got == as_text(given.value), f"finish reason {short(got)}")


def word_limits(assertion: Assertion) -> tuple[float | None, float | None]:
    """Least and greatest number of words that ``word-count`` takes.

    Raises:
        ConfigError: the value is neither a number nor a mapping with min or max.

    """
    value = assertion.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    if isinstance(value, dict) and value and set(value) <= {"min", "max"}:
        limits = value.get("min"), value.get("max")
        if all(limit is None or type(limit) in {int, float} for limit in limits):
            return limits
    raise ConfigError("word-count takes a number of words, or min and max")


def number_in(text: str) -> float | None:
    """The number that a text is or ends with; None without one.

    Thousands are told by their groups of three (1,234.5 and 1.234,5); a comma alone before other
    than three digits is a decimal comma.
    """
    found = _NUMBER.findall(text[-_MAX_NUMBER_TEXT:])
    return _to_float(found[-1]) if found else None


def is_number(text: str) -> bool:
    """Whether the text is one number, with at most a currency or unit mark beside it."""
    return (
        re.fullmatch(r"[$€£¥]?\s*[-+\u2212]?\d[\d.,' \u00a0\u202f]{0,30}\s*[%$€£¥]?", text.strip())
        is not None
    )


def as_list(value: Any) -> list[Any]:
    """A list as it is; a text cut at its commas, as promptfoo does; anything else alone."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value]


def _to_float(written: str) -> float | None:
    digits = written.rstrip(".,'\u00a0\u202f").replace("\u2212", "-")
    digits = re.sub(r"[\u00a0\u202f']", "", digits)
    unsigned = digits.lstrip("+-")
    if _THOUSANDS.fullmatch(unsigned):
        digits = digits.replace(",", "")
    elif _THOUSANDS_POINT.fullmatch(unsigned):
        digits = digits.replace(".", "").replace(",", ".")
    elif unsigned.count(",") == 1 and "." not in unsigned:
        digits = digits.replace(",", ".")
    try:
        number = float(digits)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _wanted(value: Any, assertion: Assertion) -> str:
    """The value as text, transformed like the answer it is compared with."""
    return transformed(as_text(value), assertion.transform)


def _occurs(given: Checked, values: list[Any], *, need_all: bool) -> Grade:
    wanted = [_wanted(value, given.assertion) for value in values]
    text = given.text
    if given.assertion.type.startswith("icontains"):
        wanted, text = [item.casefold() for item in wanted], text.casefold()
    found = [item in text for item in wanted]
    missing = next((item for item, there in zip(wanted, found, strict=True) if not there), None)
    enough = all(found) if need_all else any(found)
    return outcome(enough, "found" if enough else f"does not contain {short(missing)}")

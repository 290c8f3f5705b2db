"""The scorers of inspect_ai (0.3.285) that need no model, under their own names.

Each follows the scorer's documentation; ``value`` is inspect_ai's target, one or several, and
``config`` holds the scorer's arguments.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CheckInput, failed, outcome, quoted
from auditor.criteria.checks.patterns import compile_pattern
from auditor.criteria.checks.record import (
    FLAG,
    NUMBER,
    REFERENCES,
    TEXT,
    TEXTS,
    Argument,
    ArgumentType,
    Example,
    check,
    references,
)
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_TARGETS = Argument("value", REFERENCES, "the right answer, or several, of which one will do")
_ANY_CASE = Argument("ignore_case", FLAG, "whether capitals make no difference", True)  # noqa: FBT003
_PLACES = ("begin", "end", "any", "exact")
_ANSWER = re.compile(r"(?i)ANSWER\s*:")
_KINDS = {
    "letter": re.compile(r"\s*([A-Za-z])(?:\W|$)"),
    "word": re.compile(r"\s*(\S+?)[.,;:!?]?[^\S\n]*(?:\n|$)"),
    "line": re.compile(r"\s*([^\n]+)\s*$"),
}
_MAX_ANSWER = 2_000
"""Characters after the last `ANSWER:` that are looked at."""
_LETTERS = re.compile(
    r"\s*\(?((?:[A-Za-z]|\d{1,3})(?:\)?\s*(?:,|and|&)\s*\(?(?:[A-Za-z]|\d{1,3}))*)\)?(?:\W|$)"
)


def _one_of(words: Iterable[str]) -> ArgumentType:
    known = tuple(words)
    return ArgumentType(f"one of {', '.join(known)}", lambda value: value in known)


def _compile_setting(assertion: Assertion) -> None:
    written = (assertion.config or {}).get("pattern")
    if written is None:
        raise ConfigError("pattern needs a config with the pattern")
    compile_pattern(written)


@check(
    "includes",
    family="content",
    value=_TARGETS,
    settings=(_ANY_CASE,),
    in_promptfoo=False,
    in_inspect="includes(ignore_case)",
    unnoticed="what is said about the text: `not 42` includes `42`",
    example=Example(
        assertion='{type: includes, value: "{{expected}}"}',
        expected="Paris",
        passes="It is paris.",
        fails="It is Rome.",
        unnoticed="It is not Paris.",
    ),
)
def includes(given: CheckInput) -> Grade:
    """The value occurs in the answer, in capitals or not unless ``config`` says otherwise.

    It is ``icontains``, with several values of which one will do.
    """
    fold = _folding(given)
    found = any(fold(target) in fold(given.text) for target in references(given))
    return outcome(found, "found" if found else "none of the values occurs")


@check(
    "match",
    family="content",
    value=_TARGETS,
    settings=(
        Argument("location", _one_of(_PLACES), "where in the answer it must stand", "end"),
        _ANY_CASE,
        Argument("numeric", FLAG, "whether numbers are compared by value", False),  # noqa: FBT003
    ),
    in_promptfoo=False,
    in_inspect="match(location, ignore_case, numeric)",
    unnoticed="what stands before the place: `not 42` ends with `42`",
    example=Example(
        assertion='{type: match, value: "{{expected}}", config: {numeric: true}}',
        expected="1234",
        passes="The total is $1,234.",
        fails="The total is $12,345.",
        unnoticed="The total is not 1234.",
    ),
)
def match(given: CheckInput) -> Grade:
    """The answer begins or ends with the value, has it anywhere, or is it.

    Space and punctuation around both are left out. With ``numeric`` the first number (``begin``),
    the last (``end``), any, or the whole answer is compared by value to 5 digits; marks of
    currency, commas between thousands, ``*`` and ``_`` are left out, a percent sign is not.
    """
    found = any(_matches(given, target) for target in references(given))
    where = given.arguments["location"]
    return outcome(found, f"{'found' if found else 'not found'} ({where})")


@check(
    "pattern",
    family="content",
    value=_TARGETS,
    settings=(
        Argument("pattern", TEXT, "the regular expression, with a group for the answer"),
        _ANY_CASE,
        Argument("match_all", FLAG, "whether every group must be the value", False),  # noqa: FBT003
    ),
    prepare=_compile_setting,
    in_promptfoo=False,
    in_inspect="pattern(pattern, ignore_case, match_all)",
    unnoticed="what stands around the match",
    example=Example(
        assertion=("{type: pattern, value: '{{expected}}', config: {pattern: 'Category: (\\w+)'}}"),
        expected="billing",
        passes="Category: Billing",
        fails="Category: delivery",
        unnoticed="Category: billing, or rather delivery",
    ),
)
def pattern(given: CheckInput) -> Grade:
    """What a group of the pattern catches in the answer is the value.

    Of several groups one will do, with ``match_all`` all must be it. Without a group, the whole
    match is compared.
    """
    settings = given.arguments
    groups = _groups(settings["pattern"], given.text, any_case=settings["ignore_case"])
    return _is_target(given, groups, every=settings["match_all"])


@check(
    "answer",
    family="content",
    value=_TARGETS,
    settings=(Argument("pattern", _one_of(_KINDS), "what follows `ANSWER:`", "word"),),
    in_promptfoo=False,
    in_inspect="answer(pattern)",
    unnoticed="what stands around the line with `ANSWER:`",
    example=Example(
        assertion="{type: answer, value: '{{expected}}', config: {pattern: letter}}",
        expected="B",
        passes="Paris is the capital.\nANSWER: B",
        fails="Rome is the capital.\nANSWER: C",
        unnoticed="I only guess.\nANSWER: B",
    ),
)
def answer(given: CheckInput) -> Grade:
    """The letter, the word or the line after the last `ANSWER:` is the value, in capitals or not.

    A word must be alone on its line, and a line the last one.
    """
    said = _after_answer(given.text, _KINDS[given.arguments["pattern"]])
    return _is_target(given, None if said is None else [said], every=False)


@check(
    "choice",
    family="content",
    value=Argument("value", REFERENCES, "the letter that is right, or all that are: `A,C`"),
    in_promptfoo=False,
    in_inspect="choice()",
    unnoticed="why the letters were chosen",
    example=Example(
        assertion="{type: choice, value: [A, C]}",
        passes="Two fit.\nANSWER: C, A",
        fails="ANSWER: A",
        unnoticed="I only guess.\nANSWER: A and C",
    ),
)
def choice(given: CheckInput) -> Grade:
    """The letters after the last `ANSWER:` are those of the value, all of them and no other.

    An answer that is nothing but letters counts too. The choices stand in the prompt, so a log
    never has them shuffled.
    """
    wanted = {letter for target in references(given) for letter in _letters(target)}
    said = _after_answer(given.text, _LETTERS)
    text = given.text.strip(" \n\r\t().*") if said is None else said
    if said is None and not _ONLY_LETTERS.fullmatch(text):
        return failed("no letter after ANSWER:")
    got = _letters(text)
    return outcome(got == wanted, f"chose {quoted(', '.join(sorted(got)))}")


@check(
    "exact",
    family="content",
    value=_TARGETS,
    in_promptfoo=False,
    in_inspect="exact()",
    unnoticed="capitals, punctuation, and the words a, an and the",
    example=Example(
        assertion='{type: exact, value: "{{reference}}"}',
        logged="The Eiffel Tower",
        passes="Eiffel Tower.",
        fails="Eiffel Tower in Paris",
        unnoticed="an eiffel tower",
    ),
)
def exact(given: CheckInput) -> Grade:
    """The same words, whatever their capitals, punctuation and articles; numbers by value.

    It is SQuAD's exact match, as inspect_ai normalises texts. A value that is nothing but
    punctuation and articles fits no answer.
    """
    got = _normalized(given.text, ())
    found = any(target and target == got for target in _normal_targets(given, ()))
    return outcome(found, "the same words" if found else f"other words: {quoted(got)}")


@check(
    "f1",
    family="similarity",
    value=_TARGETS,
    arguments=(Argument("threshold", NUMBER, "the least F1 that passes", 1.0),),
    settings=(Argument("stop_words", TEXTS, "words that do not count", ()),),
    in_promptfoo=False,
    in_inspect="f1(stop_words)",
    unnoticed="the order of the words; with a threshold below 1, a word that is wrong or missing",
    example=Example(
        assertion='{type: f1, value: "{{reference}}", threshold: 0.6}',
        logged="the cat sat on the mat",
        passes="a cat sat on a mat",
        fails="dogs bark",
        unnoticed="a mat sat on the cat",
    ),
)
def f1(given: CheckInput) -> Grade:
    """The F1 of the words that answer and value share is at least the ``threshold``.

    It is SQuAD's, over the words of ``exact``, each counted as often as it occurs, and rounded to
    two places.
    """
    stop = tuple(_normal_token(word) for word in given.arguments["stop_words"])
    got = Counter(_normalized(given.text, stop).split())
    targets = (Counter(target.split()) for target in _normal_targets(given, stop) if target)
    score = round(max((_f1(got, target) for target in targets), default=0.0), 2)
    return outcome(score >= given.arguments["threshold"], f"F1 {score:.2f}", score)


_ONLY_LETTERS = re.compile(r"[A-Za-z](?:\s*(?:,|and|&)\s*[A-Za-z])*")


def _after_answer(text: str, kind: re.Pattern[str]) -> str | None:
    """What stands after the last `ANSWER:`; None where there is no such thing."""
    marks = list(_ANSWER.finditer(text))
    if not marks:
        return None
    found = kind.match(text[marks[-1].end() :][:_MAX_ANSWER])
    return None if found is None else found[1].strip()


def _folding(given: CheckInput) -> Callable[[str], str]:
    return str.casefold if given.arguments["ignore_case"] else str


def _groups(written: str, text: str, *, any_case: bool) -> list[str] | None:
    """What the groups of the first match caught, the match itself without groups; None if none."""
    found = compile_pattern(written, any_case=any_case).search(without_surrogates(text))
    if found is None:
        return None
    return [group for group in found.groups() or (found.group(0),) if group is not None]


def _is_target(given: CheckInput, groups: Sequence[str] | None, *, every: bool) -> Grade:
    if groups is None:
        return failed("the pattern is not found")
    fold = str.casefold if given.arguments.get("ignore_case", True) else str
    targets = {fold(target) for target in references(given)}
    hits = [fold(group) in targets for group in groups]
    right = bool(hits) and (all(hits) if every else any(hits))
    return outcome(right, f"caught {quoted(', '.join(groups))}")


def _letters(text: str) -> set[str]:
    """The letters or numbers of choices in a text such as ``A, C`` or ``AC``."""
    tokens = re.findall(r"\d+|[A-Za-z]+", re.sub(r"\band\b", ",", text))
    return {
        letter.upper() for token in tokens for letter in ([token] if token.isdigit() else token)
    }


def _matches(given: CheckInput, target: str) -> bool:
    location = given.arguments["location"]
    fold = _folding(given)
    text, target = fold(given.text.strip()), fold(target.strip())
    if given.arguments["numeric"]:
        target = _numeric(target)
        if _number(target) is not None:
            return _numbers_match(_numeric(text), target, location)
    text, target = (one.strip(string.whitespace + string.punctuation) for one in (text, target))
    if location == "exact":
        return text == target
    if location == "any":
        return target in text
    return text.startswith(target) if location == "begin" else text.endswith(target)


def _numbers_match(text: str, target: str, location: str) -> bool:
    wanted = _rounded(_number(target))
    if location == "exact":
        return _rounded(_number(text, trim=False)) == wanted
    numbers = [_rounded(number) for number in map(_number, text.split()) if number is not None]
    if location == "any":
        return wanted in numbers
    return bool(numbers) and numbers[0 if location == "begin" else -1] == wanted


def _numeric(text: str) -> str:
    """Without marks of currency, commas of thousands and marks of formatting."""
    return re.sub(r"[$,£€*_]", "", text).rstrip(".")


def _number(word: str, *, trim: bool = True) -> float | None:
    """The number that a word is, with sentence marks around it; None where it is none."""
    plain = word.strip("!?:;()[]{}'\"`") if trim else word
    try:
        number = float(plain.replace("\u2212", "-"))
    except ValueError:
        return unicodedata.numeric(plain, None) if len(plain) == 1 else None  # such as one half
    return number if math.isfinite(number) else None


def _rounded(number: float | None) -> str | None:
    return None if number is None else format(number, ".5g")


def _normal_targets(given: CheckInput, stop: Sequence[str]) -> list[str]:
    return [_normalized(target, stop) for target in references(given)]


def _normalized(text: str, stop: Sequence[str]) -> str:
    tokens = (_normal_token(token) for token in re.split(r"[ -]", text))
    return " ".join(token for token in tokens if token.strip() and token not in stop)


def _normal_token(token: str) -> str:
    token = _without_punctuation(token.casefold())
    if _is_finite(token):
        token = str(float(token))
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", token).split())


def _without_punctuation(text: str) -> str:
    stripped = text.strip(string.whitespace + string.punctuation)
    for number in (text, stripped):
        if _is_finite(number):
            return number
    return "".join(character for character in text if character not in string.punctuation)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except (ValueError, OverflowError):
        return False


def _f1(got: Counter[Any], wanted: Counter[Any]) -> float:
    shared = (got & wanted).total()
    return 2 * shared / (got.total() + wanted.total()) if shared else 0.0

"""The check of an answer that is a regular expression, by what it matches.

Two expressions are tried on strings that are made from both, and on the same strings with small
changes: what one of them matches as a whole, the other must match as a whole. That is a test and no
proof. The strings are the same every time.
"""

from __future__ import annotations

import importlib
import re
import string
import warnings
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, failed, outcome, quoted
from auditor.criteria.checks.record import ANY, Argument, Example, check
from auditor.criteria.checks.transforms import as_text, code_block
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from auditor.domain import Grade

MAX_PATTERN = 500
"""Characters of an expression that is still tried."""
_MADE, _CHANGED, _MAX_STRING, _MAX_DEPTH, _REPEATS = 60, 2, 80, 40, 3

_WRAPPED = re.compile(r"(?s)^(?:r?(?P<q>[\"'`])(?P<inner>.*)(?P=q)|/(?P<slashed>.*)/[gimsuy]*)$")
_PARSER: Any = importlib.import_module("re._parser")
_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": " \t\n",
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_NOT_DIGIT": string.ascii_letters + " .-",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
    "CATEGORY_NOT_WORD": " .,-!",
}
_ANY = string.ascii_letters + string.digits + " .,-_!"


@check(
    "regex-equals",
    family="content",
    value=Argument("value", ANY, "the regular expression that is wanted"),
    equality=True,
    in_promptfoo=False,
    unnoticed="a difference that no string shows of the few hundred that are tried",
    example=Example(
        assertion='{type: regex-equals, value: "{{reference}}"}',
        logged=r"(dog|cat)\d+",
        passes=r"(?:cat|dog)[0-9][0-9]*",
        fails=r"(dog|cat)\d*",
        unnoticed=r"(dog|cat)\d{1,99}",
    ),
)
def regex_equals(given: CheckInput) -> Grade:
    """The answer is a regular expression that matches the same strings as a whole.

    Both are tried on some hundred strings made from both, with and without small changes. An
    expression with lookaround or backreferences is compared letter by letter.
    """
    wanted, got = (
        without_surrogates(bare_pattern(text)) for text in (as_text(given.value), given.text)
    )
    if wanted == got:
        return outcome(condition=True, explanation="the same expression")
    if compile_whole(wanted) is None:
        raise CannotTellError("what to compare with is an expression that cannot be tried")
    tried = compile_whole(got)
    if tried is None:
        if _is_pattern(got):
            raise CannotTellError("the expression cannot be tried: lookaround or backreferences")
        return failed(f"not a regular expression: {quoted(got)}")
    first = compile_whole(wanted)
    for text in (*strings_of(wanted), *strings_of(got)):
        one, other = first.match(text) is not None, tried.match(text) is not None
        if one != other:
            shown = quoted(text)
            return failed(f"{shown} matches {'only the wanted one' if one else 'only this one'}")
    return outcome(condition=True, explanation="the same on all strings tried")


def bare_pattern(text: str) -> str:
    """The expression in an answer: without a fence, quotes, or slashes around it."""
    inner = code_block(text).strip()
    wrapped = _WRAPPED.match(inner) if len(inner) <= MAX_PATTERN else None
    if wrapped is None:
        return inner
    return wrapped["inner"] if wrapped["q"] else wrapped["slashed"]


@lru_cache(maxsize=512)
def compile_whole(pattern: str) -> Any:
    """The expression compiled for whole strings, or None where RE2 does not take it."""
    import re2

    if not pattern or len(pattern) > MAX_PATTERN:
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(f"^(?:{pattern})$", options)
    except re2.error:
        return None


@lru_cache(maxsize=512)
def strings_of(pattern: str) -> tuple[str, ...]:
    """Strings that an expression should match, and the same with small changes; always the same."""
    rng = Random(pattern)  # noqa: S311 - no secret
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # "[[" may come to mean something else in a later Python
            tree = _PARSER.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return ()
    made = {"": None}
    for _ in range(_MADE):
        text = "".join(_written(tree, rng, {}))[:_MAX_STRING]
        made[text] = None
        made.update((changed, None) for changed in _changes(text, rng))
    return tuple(made)


def _written(tree: Any, rng: Random, groups: dict[int, str], depth: int = 0) -> Iterator[str]:
    """One string that the parsed expression describes, in pieces."""
    if depth > _MAX_DEPTH:
        return
    for operation, argument in tree:
        name = str(operation)
        if name in _CHARACTERS:
            yield _CHARACTERS[name](argument, rng)
        elif name == "BRANCH":
            yield from _written(rng.choice(argument[1]), rng, groups, depth + 1)
        elif name == "SUBPATTERN":
            inner = "".join(_written(argument[-1], rng, groups, depth + 1))
            groups[argument[0] or 0] = inner
            yield inner
        elif name.endswith("_REPEAT"):
            low, high, inner = argument
            times = rng.randint(min(low, _MAX_STRING), min(int(high), low + _REPEATS, _MAX_STRING))
            for _ in range(times):
                yield from _written(inner, rng, groups, depth + 1)
        elif name == "GROUPREF":
            yield groups.get(argument, "")


def _of_set(members: Any, rng: Random) -> str:
    """A character of a set such as ``[^a-z]``."""
    known: list[str] = []
    negated = False
    for operation, argument in members:
        name = str(operation)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            known.append(chr(argument))
        elif name == "RANGE":
            low, high = argument
            known.extend(chr(c) for c in range(low, min(high, low + len(_ANY)) + 1))
        elif name == "CATEGORY":
            known.extend(_CATEGORIES.get(str(argument), ""))
    if negated:
        known = [c for c in _ANY if c not in known]
    return rng.choice(known) if known else ""


_CHARACTERS: Mapping[str, Callable[[Any, Random], str]] = {
    "LITERAL": lambda code, _: chr(code),
    "NOT_LITERAL": lambda code, rng: rng.choice([c for c in _ANY if ord(c) != code]),
    "ANY": lambda _, rng: rng.choice(_ANY),
    "IN": _of_set,
}
"""What each part of an expression that stands for one character can be."""


def _changes(text: str, rng: Random) -> Iterator[str]:
    """The string with a character more, one less, one other, and turned around."""
    for _ in range(_CHANGED):
        at = rng.randint(0, len(text))
        yield text[:at] + rng.choice(_ANY) + text[at:]
        if text:
            at = rng.randrange(len(text))
            yield text[:at] + text[at + 1 :]
            yield text[:at] + rng.choice(_ANY) + text[at + 1 :]
    yield text.swapcase()
    yield text + text
    yield " ".join(reversed(text.split(" ")))


def _is_pattern(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text[:MAX_PATTERN])
    except (re.error, RecursionError, OverflowError):
        return False
    return len(text) <= MAX_PATTERN

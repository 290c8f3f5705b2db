"""Regular expressions over hostile text: RE2 in linear time, else ``regex`` in limited time."""

from __future__ import annotations

import functools
from typing import Any

import re2

from auditor.criteria.checks.base import CannotTellError, quoted
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

TIME_LIMIT_S = 0.2
"""Seconds for one search with a pattern that RE2 does not take."""


class _LimitedPattern:
    """A pattern with lookaround or backreferences: its search is stopped after a time."""

    def __init__(self, compiled: Any, pattern: str) -> None:
        self._compiled = compiled
        self._pattern = pattern

    def search(self, text: str) -> Any:
        """The first match, or None.

        Raises:
            CannotTellError: the search takes longer than its time.
        """
        try:
            return self._compiled.search(text, timeout=TIME_LIMIT_S)
        except TimeoutError as error:
            raise CannotTellError(
                f"the pattern {quoted(self._pattern)} takes longer than {TIME_LIMIT_S:g} s"
            ) from error


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str, *, any_case: bool = False) -> Any:
    r"""A compiled pattern with a method ``search``: RE2's, or a limited one of ``regex``.

    ``\d``, ``\w``, ``\s`` and ``\b`` are ASCII's, and ``$`` is the end of the text, in both.

    Raises:
        ConfigError: neither engine takes it.
    """
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not any_case
    text = without_surrogates(pattern)
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        return _limited(text, reason, any_case=any_case)


def _limited(pattern: str, reason: str, *, any_case: bool) -> _LimitedPattern:
    import regex

    flags = regex.ASCII | regex.VERSION0 | (regex.IGNORECASE if any_case else 0)
    try:
        return _LimitedPattern(regex.compile(_at_the_end(pattern), flags), pattern)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ConfigError(
            f"the regular expression {quoted(pattern)} cannot be used: {reason}",
            hint="the syntax is RE2's, and Perl's for lookaround and backreferences",
        ) from error


def _at_the_end(pattern: str) -> str:
    """The pattern with ``$`` as the very end, where Python's also is before a last line feed."""
    out: list[str] = []
    inside_class = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            out.append(pattern[position : position + 2])
            position += 2
            continue
        if character == "[":
            inside_class = True
        elif character == "]":
            inside_class = False
        out.append(r"\Z" if character == "$" and not inside_class else character)
        position += 1
    return "".join(out)

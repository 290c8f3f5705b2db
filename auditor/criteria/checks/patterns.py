"""Regular expressions over hostile text, in linear time."""

from __future__ import annotations

import functools
from typing import Any

import re2

from auditor.criteria.checks.base import quoted
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """A compiled RE2 pattern.

    Raises:
        ConfigError: not a pattern that RE2 takes.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(without_surrogates(pattern), options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ConfigError(
            f"the regular expression {quoted(pattern)} cannot be used: {reason}",
            hint="patterns run in linear time (RE2), without lookaround and backreferences; "
            "two assertions, one of them not-regex, often do the same"
            if any(mark in pattern for mark in _LOOKAROUND)
            else "the syntax is RE2's",
        ) from error

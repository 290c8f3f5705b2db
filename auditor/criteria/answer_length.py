"""How long an answer is: short enough to be a name, or cut off before its end."""

from __future__ import annotations

SHORT_CHARACTERS, SHORT_WORDS = 60, 8
"""Text up to this long names something; longer text is prose, which no rule can compare."""

_CUT_REASONS = frozenset({"length", "max_tokens"})


def is_short(text: str) -> bool:
    """Whether a text is short enough to name something."""
    return len(text) <= SHORT_CHARACTERS and len(text.split()) <= SHORT_WORDS


def was_cut(text: str | None, finish_reason: str | None) -> bool:
    """Whether an answer ended at its token limit and part of it is missing.

    A short answer counts as whole: callers ask for labels with a limit of a token or two, and the
    label is complete when the limit is reached.
    """
    return finish_reason in _CUT_REASONS and not is_short(text or "")

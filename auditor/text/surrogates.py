"""Lone surrogates: half characters that JSON can hold and UTF-8 cannot."""

from __future__ import annotations


def without_surrogates(text: str) -> str:
    """Return ``text`` with U+FFFD for each lone surrogate, as libraries that take UTF-8 need it.

    A high and a low surrogate that stand together become the one character they mean.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

"""Lone surrogates: half characters that JSON can hold and UTF-8 cannot."""

from __future__ import annotations


def without_surrogates(text: str) -> str:
    """Return ``text`` with U+FFFD for each lone surrogate, as libraries that take UTF-8 need it.

    A high and a low surrogate that stand together become the one character they mean.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def file_name(name: str) -> str:
    r"""Return the name of a file as text that UTF-8 can hold, one for each name.

    Names on a disk or in an archive are bytes, and need not be UTF-8: such bytes show as ``\xNN``.
    """
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode()

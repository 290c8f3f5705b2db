"""Text from logs and models, made safe to look at: what would act or hide is shown as a mark.

Escape sequences clear a terminal, bidirectional controls turn a line around, zero-width characters
hide words. None of them is markup, so escaping alone lets them through.
"""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\t\n\u200c\u200d\u00ad")  # joiners and soft hyphens shape honest text
_HARMLESS = frozenset({"Zs", "Co", "Cn"})
"""Spaces; private use and scripts newer than this Python, which are drawn as a box."""
_DELETE, _DELETE_PICTURE = 0x7F, 0x2421
_C0_END = 0x20
_TO_SPACES = str.maketrans("\n\t", "  ")


def visible(text: str) -> str:
    r"""Return ``text`` with control, bidirectional and other invisible characters as marks.

    C0 controls become their picture (ESC is shown as U+241B), the others their code point in
    brackets. Line ends become ``\n``; lone surrogates, which no file can hold, become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_mark, text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return ``text`` as one line that is safe to look at."""
    return visible(text).translate(_TO_SPACES)


def _mark(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    category = unicodedata.category(character)
    if category in _HARMLESS:
        return character
    if category == "Cs":
        return "\ufffd"
    code = ord(character)
    picture = _DELETE_PICTURE if code == _DELETE else 0x2400 + code
    return chr(picture) if code < _C0_END or code == _DELETE else f"\u27e6U+{code:04X}\u27e7"

"""Text from logs and models, made safe to look at: what would act or hide is shown as a mark.

Escape sequences clear a terminal, bidirectional controls turn a line around, zero-width characters
hide words. None of them is markup, so escaping alone lets them through.
"""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\t\n\u200c\u200d\u00ad")  # joiners and soft hyphens shape honest text
_DELETE = 0x7F
_C0_END = 0x20


def visible(text: str) -> str:
    """Return ``text`` with control, bidirectional and other invisible characters as marks.

    C0 controls become their picture (ESC is shown as U+241B), the others their code point in
    brackets. Line ends become ``\\n``; lone surrogates, which no file can hold, become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_mark, text.replace("\r\n", "\n")))


def _mark(character: str) -> str:
    if character.isprintable() or character in _KEPT:
        return character
    code = ord(character)
    if code < _C0_END:
        return chr(0x2400 + code)
    if code == _DELETE:
        return "\u2421"
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Zs":
        return character
    if category in {"Co", "Cn"}:
        return character  # private use and newer scripts: drawn as a box, they do nothing
    return f"\u27e6U+{code:04X}\u27e7"

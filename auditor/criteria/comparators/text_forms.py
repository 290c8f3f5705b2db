"""Forms of one text that a reader takes for the same: how they are made alike before comparing.

``plain`` loses nothing that a reader would miss. ``label`` and ``label_key`` lose letter case and
what stands around a label.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_APOSTROPHES = "\u2018\u2019\u201a\u201b\u02bc\u2032"
_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_SPACES = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_NOTHING = "\u00ad\u200b\u2060\ufeff"
_TYPOGRAPHY = {
    **{ord(mark): "'" for mark in _APOSTROPHES},
    **{ord(mark): '"' for mark in _QUOTES},
    **{ord(mark): "-" for mark in _HYPHENS},
    **{ord(space): " " for space in _SPACES},
    **{ord(mark): None for mark in _NOTHING},
    ord("\u2026"): "...",
}
_WIDE = re.compile("[\uff01-\uffee\ufb00-\ufb06]+")
"""Letters of full or half width, and Latin ligatures: of Unicode's compatibility characters those
that mean what their plain letters mean. Superscripts and fractions do not (x\u00b2 is not x2)."""

_AROUND_LABEL = " \t\r\n\"'`*_.,:;!()[]<>"
_BULLET = re.compile(r"[-\u2022]\s+(?=\S)")
_NOUNS = (
    "labels?|category|categories|class|classification|intents?|sentiment|topics?|tags?|answer"
    "|result|output|prediction"
    "|kategorie|klasse|antwort|ergebnis|cat\u00e9gorie|r\u00e9ponse|categor\u00eda|respuesta|etiqueta"
    "|categoria|risposta|categorie|antwoord"
)
_KEYS = frozenset(
    f"{_NOUNS.replace('s?', '')}|priority|language|type|status|severity|team|department|queue"
    "|route|value|decision|verdict|labels|tags|topics".split("|")
)
INTRODUCTION = re.compile(
    rf"(?:\b(?:the|this|my|its)\s+)?(?:\b(?:final|correct|best|predicted|appropriate|right|most\s+"
    rf"(?:likely|appropriate|suitable))\s+)?\b(?:{_NOUNS})"
    r"(?:\s+(?:of|for|here)(?:\s+(?:this|the)\s+\w+)?)?[\s*_\"'`]*(?::|=|\b(?:is|are)\b\s*:?)\s*",
    re.IGNORECASE,
)
"""What introduces a label: ``Label:``, ``The category is``, ``**Answer:**``."""
_SEPARATORS = re.compile(r"(?<=[^\W\d_])[-_ ]+(?=[^\W_])|(?<=[^\W_])[-_ ]+(?=[^\W\d_])")


def plain(text: str) -> str:
    """The text in plain characters: what differs in typography only becomes the same.

    Letters composed (Unicode NFC), typographic quotes, dashes and spaces as on a keyboard, letters
    of full width as usual ones; marks that nobody sees are left out.
    """
    if text.isascii():
        return text
    typed = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    return _WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), typed)


def bare_label(text: str) -> str:
    """A label in lower case, with nothing around it and one space between words."""
    return " ".join(plain(text).strip(_AROUND_LABEL).casefold().split())


def label(text: str) -> str:
    """A label as compared: nothing around it, no ``Label:`` before it, no object around it."""
    inner = _unwrapped(text)
    bullet = _BULLET.match(inner)
    inner = inner[bullet.end() :] if bullet else inner
    introduced = INTRODUCTION.match(inner.lstrip(_AROUND_LABEL + "#"))
    if introduced:
        rest = bare_label(inner.lstrip(_AROUND_LABEL + "#")[introduced.end() :])
        if rest:
            return rest
    return bare_label(inner)


def label_key(text: str) -> str:
    """A label as it is looked up: ``not_spam``, ``not-spam`` and ``Not spam`` are one."""
    return spaced(label(text))


def spaced(text: str) -> str:
    """The text with one space where hyphens, underscores or spaces join words."""
    return _SEPARATORS.sub(" ", text)


def labelled(value: Any) -> list[str]:
    """The labels that a JSON object gives, where one of its keys is a word for a label."""
    if not isinstance(value, dict):
        return []
    given = [item for key, item in value.items() if key.casefold() in _KEYS]
    items = given[0] if len(given) == 1 else None
    listed = items if isinstance(items, list) else [items]
    return [item for item in listed if isinstance(item, str)]


def _unwrapped(text: str) -> str:
    """What a JSON object of one key says, where the text is one such as ``{"label": "spam"}``."""
    inner = text.strip().strip("`")
    inner = inner.removeprefix("json").strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return text
    try:
        value = json.loads(inner)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, dict) and len(value) == 1:
        ((key, item),) = value.items()
        if key.casefold() in _KEYS and isinstance(item, str | int | float):
            return item if isinstance(item, str) else json.dumps(item)
    return text

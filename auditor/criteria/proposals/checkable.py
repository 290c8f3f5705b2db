"""What of a prompt's sentence a rule can check, each part as an assertion.

Lengths are read in English, German, French, Spanish, Italian and Portuguese, other demands in
English and where they are quoted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.model import Assertion
from auditor.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_VALUE = 400
"""Characters of a prompt that go into a value."""
MAX_SECTION = 40
"""Characters of a section's name."""

_NUMBERS = {
    word: n
    for n, words in enumerate(
        (
            "one a single an ein eine einen un une uno una um uma",
            "two zwei deux dos due dois duas",
            "three drei trois tres tre",
            "four vier quatre cuatro quattro quatro",
            "five fünf cinq cinco cinque",
            "six sechs seis sei",
            "seven sieben sept siete sette sete",
            "eight acht huit ocho otto oito",
            "nine neun neuf nueve nove",
            "ten zehn dix diez dieci dez",
        ),
        start=1,
    )
    for word in words.split()
}
_N = rf"(?P<n>\d{{1,5}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_KIND = r"(?:short|brief|concise|friendly|plain|full|complete|kurzen?|courtes?|cortas?)"
_UNITS = {
    "words": r"words?|wörter[n]?|worte?n?|mots|palabras|parole|palavras",
    "sentences": r"sentences?|sätzen?|satz|phrases?|frases?|frasi|frase",
    "characters": r"characters|chars|zeichen|caract[eè]res|caracteres|caratteri",
    "lines": r"lines?|zeilen?|lignes?|l[ií]neas?|righe|linhas?",
    "bullets": r"bullets?|bullet points?|stichpunkten?|aufzählungspunkten?|puces|viñetas",
    "paragraphs": r"paragraphs?|absätzen?|absatz|paragraphes?|párrafos?|paragrafi|parágrafos?",
}
_AT_MOST = (
    r"under|at most|at the most|max(?:imum)?\.?(?: of)?|no more than|not more than|up to|within"
    r"|fewer than|less than|below|limit(?:ed)? to|höchstens|maximal|max\.|unter|au plus|maximum"
    r"|moins de|m[áa]x(?:imo)?\.?(?: de)?|menos de|como m[áa]ximo|massimo|al massimo"
    r"|no m[áa]ximo|at[ée]"
)
_AT_LEAST = r"at least|minimum(?: of)?|no fewer than|mindestens|au moins|al menos|m[íi]nimo|almeno"
_MAX_AFTER = (
    r"(?:max(?:imum|imo)?|máximo|or (?:less|fewer)|at most|como m[áa]ximo|tops?|au maximum"
    r"|oder weniger)\b"
)

_MARKDOWN = r"(?m)^#{1,6}\s|\*\*[^*\n]+\*\*|^\s*[-*]\s+\S|```|^\|.*\|$|\[[^\]\n]+\]\([^)\n]+\)"
_BANS = (
    (r"(?:no|without|kein|sin|pas de) markdown|plain text only", _MARKDOWN, "no markdown"),
    (
        r"(?:no|without|keine|sin|pas d['\u2019]) ?emojis?",
        r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}]",
        "no emojis",
    ),
    (r"(?:no|without) exclamation (?:marks|points)", "!", "no exclamation marks"),
    (r"(?:no|without a) trailing (?:period|full stop|dot)", r"\.\s*$", "no trailing period"),
    (
        r"(?:no|without) (?:quotes|quotation marks)",
        r"^\s*[\"'\x{201C}]|[\"'\x{201D}]\s*$",
        "no quotes around it",
    ),
    (r"no (?:code fences?|backticks)", "```", "no code fence"),
)
"""What is forbidden, the pattern of what is then not there (RE2), and the demand's name."""
_LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
    "portuguese": "pt", "dutch": "nl", "polish": "pl", "russian": "ru", "swedish": "sv",
    "japanese": "ja", "chinese": "zh", "korean": "ko", "arabic": "ar", "ukrainian": "uk",
    "deutsch": "de", "englisch": "en", "français": "fr", "anglais": "en", "español": "es",
    "inglés": "en", "italiano": "it", "português": "pt",
}  # fmt: skip
_IN_LANGUAGE = re.compile(
    r"(?i)\b(?:(?:answer|reply|respond|write|always|output|only)\s+(?:\w+\s+){0,2}in|auf|en|in"
    rf"|idioma:?)\s+(?P<name>{'|'.join(_LANGUAGES)})\b"
    r"(?!\s+(?:or|unless|if|and|oder|ou|o|y)\b)"
)
_QUOTED = (
    r"[\"'`\u201c\u2018\u00ab](?P<said>[^\"'`\u201d\u2019\u00bb\n]{1,80})[\"'`\u201d\u2019\u00bb]"
)
_STARTS = re.compile(
    rf"(?i)\b(?:start|begin|open)s?(?: \w+){{0,3}} with(?: (?:the|a))?(?: \w+){{0,2}}:?\s+{_QUOTED}"
)
_ENDS = re.compile(
    r"(?i)\b(?:end|finish|close|conclude)s?(?: \w+){0,3} with(?: (?:the|a))?(?: \w+){0,3}:?\s+"
    + _QUOTED
)
_HOLDS = re.compile(
    r"(?i)\b(?:always )?(?:include|mention|contain|use)s?(?: (?:the|a|exactly))?"
    rf"(?: (?:phrase|words?|line|sentence|text|tag)):?\s+{_QUOTED}"
)
_BARS = re.compile(
    r"(?i)\b(?:do not|don't|never|avoid)(?: \w+)?"
    r" (?:say|use|mention|write|include|saying|using|mentioning)"
    rf"(?: (?:the|a))?(?: (?:phrase|words?|term))?:?\s+{_QUOTED}"
)
_SIGNS = re.compile(
    r"\b[Ss]ign(?:ed)?(?: off)? (?:as|with)\s+[\"'\u201c]?(?P<said>[A-Z][\w.&' -]{1,40}?)"
    r"[\"'\u201d]?(?=[.,;)\n]|$)"
)
_SECTIONS = re.compile(
    r"(?i)\b(?:sections|headings|headers|abschnitte|secciones|apartados)\s*:\s*(?P<list>[^.\n]{5,300})"
)
_TAGS = re.compile(r"(?:<[\w-]{1,30}>[\s,|/]{0,5}(?:or\s{1,3})?){2,}")
_TAG = re.compile(r"<[\w-]{1,30}>")
_SUBJECT_FIRST = re.compile(
    r"(?i)\bsubject line first\b|\b(?:start|begin) with (?:a|the) subject(?: line)?\b"
)
_CALLED = re.compile(r"\{\{|\{%|\{#")


def checks_of(sentence: str) -> list[Assertion]:
    """What of one sentence of a prompt a rule can check."""
    return [assertion for reader in _READERS for assertion in reader(sentence)]


def plain_value(text: str) -> str:
    """A prompt's text as a value of an assertion: on one line, and never a template."""
    return _CALLED.sub(lambda found: " ".join(found[0]), one_line(text))[:MAX_VALUE].strip()


def _lengths(sentence: str) -> Iterator[Assertion]:
    for unit, names in _UNITS.items():
        low, high = _limits(sentence, names)
        limits = {name: n for name, n in (("min", low), ("max", high)) if n is not None}
        if limits and unit == "words":
            yield Assertion(type="word-count", value=limits)
        elif limits:
            yield Assertion(type="count", value={"of": unit} | limits)


def _limits(sentence: str, unit: str) -> tuple[int | None, int | None]:
    """The least and the greatest number of a unit that a sentence allows."""
    units = rf"(?:\s+{_KIND})?\s+(?:{unit})\b"
    span = re.search(
        rf"(?i)\b(?P<a>\d{{1,5}})\s*(?:-|\u2013|to|bis|a|à|and|und|y)\s*(?P<b>\d{{1,5}}){units}",
        sentence,
    )
    if span and int(span["a"]) <= int(span["b"]):
        return int(span["a"]), int(span["b"])
    most = (
        re.search(rf"(?i)\b(?:{_AT_MOST})\s+{_N}{units}", sentence)
        or re.search(rf"(?i)\b{_N}{units}[\s,(]{{0,3}}{_MAX_AFTER}", sentence)
        or re.search(rf"(?i)\b(?:in|exactly|as|of|en|mit|genau)\s+{_N}{units}", sentence)
        or re.search(rf"(?i)(?:^|[,;:.]\s*){_N}{units}(?=\s*(?:$|[,;.]))", sentence)
    )
    least = re.search(rf"(?i)\b(?:{_AT_LEAST})\s+{_N}{units}", sentence)
    return _number(least), _number(most)


def _number(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    said = found["n"].casefold()
    return int(said) if said.isdigit() else _NUMBERS[said]


def _bans(sentence: str) -> Iterator[Assertion]:
    for asked, pattern, name in _BANS:
        if re.search(rf"(?i)\b(?:{asked})\b", sentence):
            yield Assertion(type="regex", value=pattern, negated=True, metric=name)


def _language(sentence: str) -> Iterator[Assertion]:
    found = _IN_LANGUAGE.search(sentence)
    if found:
        yield Assertion(type="language", value=_LANGUAGES[found["name"].casefold()])


def _quoted(sentence: str) -> Iterator[Assertion]:
    for pattern, kind, negated in _QUOTERS:
        for found in pattern.finditer(sentence):
            said = plain_value(found["said"])
            yield Assertion(
                type=kind,
                value=said,
                negated=negated,
                transform="strip" if kind == "starts-with" else "none",
            )


_QUOTERS = (
    (_HOLDS, "icontains", False),
    (_BARS, "icontains", True),
    (_STARTS, "starts-with", False),
    (_ENDS, "icontains", False),
    (_SIGNS, "icontains", False),
)


def _parts(sentence: str) -> Iterator[Assertion]:
    if _SUBJECT_FIRST.search(sentence):
        pattern = r"(?i)^\W*(?:subject|betreff|objet|asunto)\s*:"
        yield Assertion(type="regex", value=pattern, metric="subject line first")
    tags = _TAGS.search(sentence)
    if tags:
        yield Assertion(type="contains-any", value=_TAG.findall(tags[0]))
    sections = _SECTIONS.search(sentence)
    if sections:
        listed = re.split(r"[,;·•]", re.sub(r"\([^)]*\)", "", sections["list"]))
        names = [plain_value(part.strip(" *_`\"'")) for part in listed]
        if len(names) > 1 and all(0 < len(name) <= MAX_SECTION for name in names):
            yield Assertion(type="icontains-all", value=names)


_READERS: tuple[Callable[[str], Iterator[Assertion]], ...] = (
    _lengths,
    _bans,
    _language,
    _quoted,
    _parts,
)

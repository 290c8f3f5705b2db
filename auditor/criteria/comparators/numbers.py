"""Numbers as people, programs and models write them.

Groups and marks are those of CLDR ("Number Symbols", "Numbering Systems"): 1,234.5 and 1.234,5 and
1 234,5 and 1'234.5, 12,34,567 of India, 1_000 of programs, the digits of any script.
"""

from __future__ import annotations

import math
import re
import unicodedata

from auditor.criteria.comparators.text_forms import plain

_MAX_NUMBER_TEXT = 100_000
_GROUPED = r"\d{1,3}(?P<space>[ '_])\d{3}(?:(?P=space)\d{3})*(?!\d)(?:[.,]\d+)?"
_RAISED = r"[\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,4}"
_POWER = (
    r"(?:\s?[x\u00d7*\u00b7]\s?10\s?"
    rf"(?:\^\s?\{{?(?P<power>[-+]?\d{{1,4}})\}}?|(?P<raised>{_RAISED})))"
)
_NUMBER = re.compile(
    rf"(?P<sign>(?<!\w)[-+])?(?:[$\u20ac\u00a3\u00a5\u20b9])?(?P<written>(?<![\d.,]){_GROUPED}|\d[\d.,]*)"
    rf"(?P<e>[eE][-+]?\d{{1,4}})?{_POWER}?(?P<vulgar>\s?[\u00bc-\u00be\u2150-\u215e])?"
    r"|(?P<alone>[\u00bc-\u00be\u2150-\u215e])"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?")
_THOUSANDS_POINT = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}")
_ACCOUNT = re.compile(r"[^\w(]{0,4}\((?P<inner>[^()]{1,40})\)[^\w)]{0,4}")
"""Accountants write a loss in brackets."""
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\}){1,200})\}")
_HASHES = re.compile(r"^[ \t]*####[ \t]*(.+)$", re.MULTILINE)
_INTRODUCED = re.compile(
    r"\b(?:answer|result|antwort|ergebnis|r\u00e9ponse|respuesta|risposta)\b[\s*_]*(?:is|:|=)"
    r"[\s*_]*(?:about|approximately|exactly|roughly|=)?[\s*_\\(\[{~\u2248$\u20ac\u00a3\u00a5\u20b9]*(?=[-+]?\d)",
    re.IGNORECASE,
)
_SUM = re.compile(r"\s*[-+*/x\u00d7\u00f7\u00b7]\s*[\d(].*=\s*")
_LATEX = ((r"{,}", ","), (r"\,", ""), (r"\$", "$"), (r"\%", "%"), (r"\times", "x"))
_ARABIC = {ord("\u066b"): ".", ord("\u066c"): ",", ord("\u060c"): ","}
_MARK = r"[$\u20ac\u00a3\u00a5\u20b9]"
_ALONE = re.compile(
    rf"\(?(?:{_MARK}|[A-Z]{{3}}\s)?\s?[-+]?{_MARK}?\s?\d[\d.,' _]{{0,30}}(?:[eE][-+]?\d{{1,3}})?"
    rf"\s?(?:[%\u00b0]|{_MARK}|\s[A-Z]{{3}})?\)?"
)


def number_in(text: str) -> float | None:
    r"""The number that a text is or comes to; None without one.

    That is the one in the last ``\boxed{}``, else behind the last ``####``, else right behind the
    last ``Answer:`` (behind the last ``=`` of a sum), else the last number in the text.
    """
    text = readable(text[-_MAX_NUMBER_TEXT:])
    for pattern in (_BOXED, _HASHES):
        marked = pattern.findall(text)
        if marked:
            return _last(marked[-1])
    answers = [found.end() for found in _INTRODUCED.finditer(text)]
    if answers:
        number = _first(text[answers[-1] :].split("\n", 1)[0])
        if number is not None:
            return number
    return _last(text)


def numbers_of(text: str) -> set[float]:
    """All numbers in a text, without their signs; the first 100,000 characters are read."""
    found = (_value(number) for number in _NUMBER.finditer(readable(text[:_MAX_NUMBER_TEXT])))
    return {abs(value) for value in found if value is not None}


def only_number(text: str) -> float | None:
    """The number in a text that has one and no second one, such as ``$1,234.50`` or ``12 kg``."""
    if len(text) > _MAX_NUMBER_TEXT:
        return None
    text = readable(text)
    if sum(1 for _ in _NUMBER.finditer(text)) != 1:
        return None
    return _last(text)


def is_number(text: str) -> bool:
    """Whether the text is one number, with at most a currency or a short unit beside it."""
    text = readable(text).strip()
    return _ALONE.fullmatch(text) is not None and number_in(text) is not None


def close(left: float, right: float, relative: float = 0.0, absolute: float = 0.0) -> bool:
    """Whether two numbers are equal within tolerances, and within the rounding of their texts.

    Whole numbers are not rounded.
    """
    if not relative and not absolute and left.is_integer() and right.is_integer():
        return left == right
    # 1e-9 is rounding of the text itself, not a tolerance.
    return math.isclose(left, right, rel_tol=max(relative, 1e-9), abs_tol=max(absolute, 1e-12))


def readable(text: str) -> str:
    """The text in plain characters, with the digits of ASCII and without LaTeX's spacing."""
    if "\\" in text or "{,}" in text:
        for written, meant in _LATEX:
            text = text.replace(written, meant)
    if text.isascii():
        return text
    text = plain(text).translate(_ARABIC)
    return re.sub(r"[^\x00-\x7f]", lambda c: _digit(c[0]), text)


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _last(text: str) -> float | None:
    account = _ACCOUNT.fullmatch(text.strip())
    if account:
        inner = _last(account["inner"])
        return -inner if inner is not None and inner > 0 else inner
    found = list(_NUMBER.finditer(text))
    return _value(found[-1]) if found else None


def _first(line: str) -> float | None:
    found = _NUMBER.match(line)
    if found is None:
        return None
    rest = _SUM.match(line, found.end())
    if rest:
        summed = _NUMBER.search(line, rest.end())
        return _value(summed) if summed else None
    return _value(found)


def _value(found: re.Match[str]) -> float | None:
    if found["alone"]:
        return unicodedata.numeric(found["alone"])
    number = to_float(found["written"] + (found["e"] or ""))
    if number is None:
        return None
    if found["vulgar"]:
        number += unicodedata.numeric(found["vulgar"].strip())
    power = found["power"] or unicodedata.normalize("NFKC", found["raised"] or "")
    if power:
        number *= 10.0 ** int(power.replace("\u2212", "-"))
    number = -number if found["sign"] == "-" else number
    return number if math.isfinite(number) else None


def to_float(written: str) -> float | None:
    """The number of some figures with their groups and decimal mark, without a sign."""
    digits = re.sub(r"[ '_]", "", written).rstrip(".,")
    if _THOUSANDS.fullmatch(digits) or _INDIAN.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _THOUSANDS_POINT.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    try:
        number = float(digits)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

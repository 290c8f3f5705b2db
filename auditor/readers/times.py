"""Times as logs write them, to microseconds since the epoch, UTC.

Taken are ISO 8601, the forms of HTTP, mail, web servers, spreadsheets, .NET, JavaScript, Java, Go
and Unix, objects of extended JSON and protobuf, and epochs in any unit. Without a zone it is UTC.
Where day and month could be either, the month comes first, as in the US.
"""

from __future__ import annotations

import itertools
import math
import re
import string
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from auditor.readers.extended_json import extended

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_MICROS = 1_000_000
MAX_EPOCH_US = 4_102_444_800 * _MICROS  # 2100-01-01: no call was later
MIN_EPOCH_US = 946_684_800 * _MICROS  # 2000-01-01
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_UNIT = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_LARGEST = 1e30
"""Beyond it no unit makes a number a time, not even an absurd one."""

_MAX_CHARACTERS = 100
_COMPACT_DIGITS = 14

_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y",
    "%d.%m.%Y", "%d.%m.%y", "%m-%d-%Y", "%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y",
    "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y",
)  # fmt: skip
_CLOCKS = ("", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M:%S.%f %p", "%H:%M", "%I:%M %p")
_ORDERS = [f"{day} {clock}".strip() for day, clock in itertools.product(_DAYS, _CLOCKS)]
# ctime and the date command write the year last.
_FORMS = (*_ORDERS, "%b %d %H:%M:%S %Y", "%b %d %H:%M:%S.%f %Y", "%Y%m%d%H%M%S")
_DIRECTIVES = {
    "%Y": "0{4}", "%y": "00", "%b": "a{3,4}", "%B": "a{3,9}", "%f": "0{1,6}", "%p": "aa",
    "%z": "[+-]00:?00", **dict.fromkeys(("%m", "%d", "%H", "%I", "%M", "%S"), "00?"),
}  # fmt: skip
_SHAPES = [
    (form + offset, re.compile(re.sub("%.", lambda d: _DIRECTIVES[d[0]], re.escape(form + offset))))
    for form, offset in itertools.product(_FORMS, ("", " %z"))
]
_TO_SHAPE = str.maketrans(
    dict.fromkeys(string.ascii_letters, "a") | dict.fromkeys(string.digits, "0")
)

_DOT_NET = re.compile(r"/Date\((-?\d{1,19})(?:[+-]\d{4})?\)/\Z")
_GO_MONOTONIC = re.compile(r" m=[+-][\d.]+\Z")
_ZONE_NAME = re.compile(r" \([^()]*\)\Z|\[[^\[\]]*\]\Z")
_LONG_FRACTION = re.compile(r"([.,]\d{6})\d+")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? +", re.IGNORECASE)
_COMMA_FRACTION = re.compile(r"(:\d\d),(\d{1,6})")
_WEB_SERVER = re.compile(r"(\d{1,2}/[A-Za-z]{3}/\d{4}):")
_UTC = re.compile(r" ?(?:\b(?:UTC|GMT)|(?<=\d)Z)(?=[ +-]|\Z)", re.IGNORECASE)
_OFFSET = re.compile(r"(:\d\d(?:\.\d+)?(?: [AP]M)?) ?([+-]\d{2}:?\d{2})\b", re.IGNORECASE)


_BRACKETS = re.compile(r"\[([^\[\]]+)\]\Z")
_HAN_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_DOTTED_CLOCK = re.compile(r"(?<=\d)[ _T](\d\d)[.-](\d\d)[.-](\d\d)(?=\.\d|[ Z]|\Z)")
_PLACE = re.compile(r" ([A-Z][A-Za-z_]+/[A-Za-z_/+-]+)\Z")
_ZONE = re.compile(r" ([A-Z]{3,5})\Z")
_ZONES = {
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180,
    "MSK": 180, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660,
}  # fmt: skip
"""Minutes before UTC of the zones' names that mean one zone in practice."""

_SHEET_START = datetime(1899, 12, 30, tzinfo=UTC)
_SHEET_DAYS = (36_526, 73_051)
"""Days of spreadsheets from 2000 to 2100: as seconds since 1970 no call was then."""


def moment(value: Any, unit: str | None = None) -> int | None:
    """Return microseconds since the epoch, UTC; None for what is not a time.

    It may be a moment at which no call was (``is_call_time``). The unit of an epoch is told by its
    size when not given: above 1e17 ns, above 1e14 us, above 1e11 ms.
    """
    if isinstance(value, dict):
        micros = _from_object(value)
    elif isinstance(value, str):
        micros = _from_text(value, unit)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        micros = _from_epoch(value, unit)
    elif isinstance(value, datetime):
        micros = _from_datetime(value)
    else:
        return None
    return micros


def is_call_time(micros: int | None) -> bool:
    """Say whether a call can have been at a moment: from 2000 to 2100."""
    return micros is not None and MIN_EPOCH_US <= micros <= MAX_EPOCH_US


def _bounded(micros: int | None) -> int | None:
    return micros if is_call_time(micros) else None


def _from_object(value: dict[str, Any]) -> int | None:
    """Read MongoDB's $date, and protobuf's Timestamp as its JSON and Firestore's SDK spell it."""
    if (plain := extended(value)) is not None:
        return moment(plain, "ms" if "$date" in value else None)
    for prefix in ("", "_"):
        seconds = value.get(f"{prefix}seconds")
        nanos = value.get(f"{prefix}nanos", value.get(f"{prefix}nanoseconds")) or 0
        whole = moment(seconds, "s") if seconds is not None else None
        if whole is not None:
            return whole + (nanos // 1000 if type(nanos) is int and 0 <= nanos < 10**9 else 0)
    return None


def _from_text(value: str, unit: str | None) -> int | None:
    try:
        return _from_datetime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        pass
    value = value.strip()
    if len(value) > _MAX_CHARACTERS:
        return None
    if _NUMBER.match(value):
        number = int(value) if value.isdigit() else float(value)
        found = _bounded(_from_epoch(number, unit))
        if found is not None or len(value) != _COMPACT_DIGITS:
            return found
    if match := _DOT_NET.match(value):
        return _from_epoch(int(match.group(1)), "ms")
    return _from_words(value)


def _from_words(value: str) -> int | None:
    """Read a time that is written for people: what surrounds day and clock goes first."""
    value = _BRACKETS.sub(r"\1", value) if value.startswith("[") else value
    value = _ZONE_NAME.sub("", _GO_MONOTONIC.sub("", value))
    value = _DOTTED_CLOCK.sub(r" \1:\2:\3", _HAN_DAY.sub(r"\1-\2-\3", value))
    value = value.replace(" at ", " ")
    if (zoned := _in_zone(value)) is not None:
        return zoned
    # Nine digits after the second are common (nanoseconds) and more than is kept.
    value = _LONG_FRACTION.sub(r"\1", value)
    try:
        return _from_datetime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        pass
    if value[:1].isalpha() and "," in value[:11] and (found := _from_mail(value)) is not None:
        return found
    value = _COMMA_FRACTION.sub(r"\1.\2", _WEEKDAY.sub("", value, count=1))
    value = _WEB_SERVER.sub(r"\1 ", value)
    value = _OFFSET.sub(r"\1 \2", _UTC.sub("", value))
    value = " ".join(value.replace(", ", " ").replace("T", " ").split())
    value = value.replace("A.M.", "AM").replace("P.M.", "PM").replace("a.m.", "AM")
    value = value.replace("p.m.", "PM")
    for form in _forms_of(value.translate(_TO_SHAPE)):
        try:
            return _from_datetime(datetime.strptime(value, form))  # noqa: DTZ007
        except (ValueError, OverflowError):
            continue
    return _from_mail(value)


def _in_zone(value: str) -> int | None:
    """Read a time with its zone's name behind it; None where it has none that is known."""
    if (place := _PLACE.search(value)) is not None:
        try:
            zone: tzinfo = ZoneInfo(place.group(1))
        except (KeyError, ValueError, OSError):  # no such zone, or a folder of zones
            return None
    elif (name := _ZONE.search(value)) is not None and name.group(1) in _ZONES:
        zone = timezone(timedelta(minutes=_ZONES[name.group(1)]))
    else:
        return None
    as_utc = _from_text(value.rpartition(" ")[0], None)
    if as_utc is None:
        return None
    local = _EPOCH + timedelta(microseconds=as_utc)
    return _from_datetime(local.replace(tzinfo=zone))


@lru_cache(maxsize=1024)
def _forms_of(shape: str) -> tuple[str, ...]:
    """Return the forms that a value could have by where its digits and letters stand."""
    return tuple(form for form, pattern in _SHAPES if pattern.fullmatch(shape))


def _from_mail(value: str) -> int | None:
    """Read a date of mail and HTTP (RFC 5322), with the zones' names of North America."""
    try:
        return _from_datetime(parsedate_to_datetime(value))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _from_datetime(value: datetime) -> int:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * _MICROS + delta.microseconds


def _from_epoch(value: float, unit: str | None) -> int | None:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        return None
    if unit is None and _SHEET_DAYS[0] <= value < _SHEET_DAYS[1]:
        return _from_datetime(_SHEET_START) + round(value * 86_400 * _MICROS)
    if unit is None:
        size = abs(value)
        unit = "ns" if size > 1e17 else "us" if size > 1e14 else "ms" if size > 1e11 else "s"  # noqa: PLR2004
    if isinstance(value, int):
        return value // 1000 if unit == "ns" else value * int(_PER_UNIT[unit])
    return round(value * _PER_UNIT[unit])

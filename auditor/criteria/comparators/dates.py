"""Dates and times as people and programs write them.

A day and a month in figures alone are told apart where one of them is above 12, or where points
stand between them (31.12.2024 is day first wherever it is written: DIN 1355, GOST R 6.30); else the
date is not clear, and is the same only as what is unclear in the same way. A zone is an offset or
Z, UTC or GMT; a time without a zone is that of UTC where the other has one. A date with midnight is
the date alone. Two figures for a year are POSIX's (strptime: 69 to 99 are of the last century).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Literal, NamedTuple

from auditor.criteria.comparators.text_forms import plain

Order = Literal["day-first", "month-first"]

_MAX_TEXT = 100
_MONTHS_A_YEAR = 12
_MONTHS = (
    "jan january januar janvier enero gennaio janeiro januari ene genn",
    "feb february februar f\u00e9vrier febrero febbraio fevereiro februari f\u00e9vr fev",
    "mar march m\u00e4rz mars marzo mar\u00e7o maart m\u00e4r mrt",
    "apr april avril abril aprile avr abr",
    "may mai mayo maggio maio mei mag",
    "jun june juni juin junio giugno junho giu",
    "jul july juli juillet julio luglio julho juil lug",
    "aug august ao\u00fbt agosto augustus ago",
    "sep september septembre septiembre settembre setembro sept set",
    "oct october oktober octobre octubre ottobre outubro okt ott out",
    "nov november novembre noviembre novembro",
    "dec december dezember d\u00e9cembre diciembre dicembre dezembro dez dic d\u00e9c",
)
"""Months in English, German, French, Spanish, Italian, Portuguese and Dutch (CLDR), and short."""
_MONTH = {name: i for i, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_ZONE = r"(?:\s*(?P<zone>z|utc|gmt|(?:utc|gmt)?\s?[+-]\d{2}(?::?\d{2})?))?"
_TIME = re.compile(
    r"(?:^|[\st,]|\bat\s)\s*(?P<hour>\d{1,2})(?:[:h](?P<minute>\d{2})(?::(?P<second>\d{2})"
    rf"(?:[.,](?P<fraction>\d{{1,9}}))?)?\s*(?P<half>[ap]\.?m\.?)?|\s*(?P<alone>[ap]\.?m\.?)){_ZONE}$",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?|(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_CHINESE = re.compile(r"(\d{4})\u5e74(\d{1,2})\u6708(?:(\d{1,2})\u65e5)?")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_FILLERS = frozenset(
    {"of", "the", "st", "nd", "rd", "th", "de", "del", "den", "der", "le", "er", "di"}
)


class Moment(NamedTuple):
    """A date or time as written: ``None`` where it does not say. Years alone have neither."""

    year: int | None
    month: int | None
    day: int | None
    time: tuple[int, int, int, int] | None
    """Hour, minute, second and nanosecond."""
    offset: int | None
    """Minutes east of UTC."""


def read_dates(text: str, order: Order | None = None) -> frozenset[Moment]:
    """What a text may mean as a date or time: one thing, two where it is not clear, or nothing."""
    text = plain(text).strip().strip(".").casefold()
    if not text or len(text) > _MAX_TEXT:
        return frozenset()
    text = _WEEKDAY.sub("", text)
    time = offset = None
    found = _TIME.search(text)
    if found and (found["minute"] or found["alone"]):
        time = _time(found)
        if time is None:
            return frozenset()
        offset = _offset(found["zone"])
        text = text[: found.start()].strip(" ,t")
        if not text:
            return frozenset({Moment(None, None, None, time, offset)})
    days = (day for day in _days(text, order) if _exists(*day))
    return frozenset(Moment(*day, time, offset) for day in days)


def same_date(left: str, right: str, order: Order | None = None) -> bool | None:
    """Whether two texts are one date or time; None where one of them is not a date."""
    one, other = read_dates(left, order), read_dates(right, order)
    if not one or not other:
        return None
    if len(one) > 1 or len(other) > 1:
        return one == other
    return _same(next(iter(one)), next(iter(other)))


def _same(one: Moment, other: Moment) -> bool:
    if one[:3] != other[:3] and None in (*one[:3], *other[:3]):
        return False
    if one.time is None or other.time is None:
        midnight = (None, (0, 0, 0, 0))
        return one[:3] == other[:3] and one.time in midnight and other.time in midnight
    if one.year is None:
        return (one.time, one.offset or 0) == (other.time, other.offset or 0)
    return _instant(one) == _instant(other)


def _instant(moment: Moment) -> tuple[datetime, int]:
    assert moment.year
    assert moment.month
    assert moment.day
    assert moment.time
    hour, minute, second, nanosecond = moment.time
    zone = timezone(timedelta(minutes=moment.offset or 0))
    written = datetime(moment.year, moment.month, moment.day, hour, minute, second, tzinfo=zone)
    return written, nanosecond


def _days(text: str, order: Order | None) -> list[tuple[int, int | None, int | None]]:
    """Year, month and day that a text without a time may mean."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
        return [(int(year), int(month), int(day) if day else None)]
    if found := _CHINESE.fullmatch(text):
        return [(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)]
    if found := _YEAR_LAST.fullmatch(text):
        return _figures(int(found[1]), int(found[3]), _year(found[4]), found[2], order)
    return _written_out(text)


def _figures(
    first: int, second: int, year: int, mark: str, order: Order | None
) -> list[tuple[int, int | None, int | None]]:
    day_first, month_first = (year, second, first), (year, first, second)
    if mark == "." or first > _MONTHS_A_YEAR:
        return [day_first]
    if second > _MONTHS_A_YEAR:
        return [month_first]
    if order:
        return [day_first if order == "day-first" else month_first]
    return [day_first] if first == second else [day_first, month_first]


def _written_out(text: str) -> list[tuple[int, int | None, int | None]]:
    """``5 January 2024``, ``January 5th, 2024``, ``Jan 2024``, ``2024``."""
    words = [word for word in _WORD.findall(text) if word not in _FILLERS]
    months = [_MONTH[word] for word in words if word in _MONTH]
    figures = [word for word in words if word.isdigit()]
    if len(months) + len(figures) != len(words) or len(months) > 1:
        return []
    years = [int(figure) for figure in figures if len(figure) == 4]  # noqa: PLR2004 - of a year
    days = [int(figure) for figure in figures if len(figure) < 3]  # noqa: PLR2004 - of a day
    if len(years) != 1 or len(days) > 1 or len(years) + len(days) != len(figures):
        return []
    if not months:
        return [] if days or words != [text] else [(years[0], None, None)]
    return [(years[0], months[0], days[0] if days else None)]


def _time(found: re.Match[str]) -> tuple[int, int, int, int] | None:
    """Hour to nanosecond, or None where there is no such time."""
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = found["half"] or found["alone"]
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - hours of half a day
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - of a day
        return None
    return hour, minute, second, int((found["fraction"] or "").ljust(9, "0"))


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    figures = re.sub(r"\D", "", zone).ljust(4, "0")
    minutes = min(int(figures[:2]) * 60 + int(figures[2:]), 24 * 60 - 1)
    return -minutes if "-" in zone else minutes


def _year(figures: str) -> int:
    year = int(figures)
    if len(figures) > 2:  # noqa: PLR2004 - figures of a short year
        return year
    return year + (1900 if year >= 69 else 2000)  # noqa: PLR2004 - POSIX


def _exists(year: int, month: int | None, day: int | None) -> bool:
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return False
    return True

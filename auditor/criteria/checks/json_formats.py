"""The ``format`` of JSON Schema: each a linear pattern or a parser, with no package behind it.

Sources: JSON Schema Validation 2020-12, section 7.3, and the RFCs it names: 3339 (dates, times,
durations), 5321 (mailboxes), 1123 (host names), 3986 (URIs), 4122 (UUIDs), 6901 (JSON pointers).
A format that is not in the table is not checked, as the standard has it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, Any

import jsonschema

from auditor.criteria.checks.patterns import compile_pattern
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URI_CHARACTERS = r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
_PATTERNS: Mapping[str, str] = {
    "time": rf"^{_TIME}$",
    "duration": (
        r"^P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$"
    ),
    "email": (
        r"(?i)^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        rf"@(?:{_LABEL}\.)*{_LABEL}$"
    ),
    "hostname": rf"^{_LABEL}(?:\.{_LABEL})*\.?$",
    "uri": rf"^[A-Za-z][A-Za-z0-9+.-]*:{_URI_CHARACTERS}(?:#{_URI_CHARACTERS})?$",
    "uri-reference": rf"^{_URI_CHARACTERS}(?:#{_URI_CHARACTERS})?$",
    "uuid": r"(?i)^(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$",
    "json-pointer": r"^(?:/(?:[^~/]|~0|~1)*)*$",
    "relative-json-pointer": r"^(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)$",
}
_MAX_HOST = 253


def format_checker() -> jsonschema.FormatChecker:
    """A checker of every format in the table; texts of other formats pass."""
    checker = jsonschema.FormatChecker(formats=())
    for name, fits in FORMATS.items():
        checker.checks(name)(_of_texts(fits))
    return checker


def _of_texts(fits: Callable[[str], bool]) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, str) or fits(value)


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: compile_pattern(pattern).search(without_surrogates(text)) is not None


def _is_date(text: str) -> bool:
    if not _matches(r"^\d{4}-\d\d-\d\d$")(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date_time(text: str) -> bool:
    date, clock = text[:10], text[11:]
    return text[10:11] in {"T", "t", " "} and _is_date(date) and _matches(f"^{_TIME}$")(clock)


def _is_duration(text: str) -> bool:
    return _matches(_PATTERNS["duration"])(text) and text[-1] not in "PT"


def _is_host(text: str) -> bool:
    return len(text) <= _MAX_HOST and _matches(_PATTERNS["hostname"])(text)


def _is_address(version: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> Any:
    def fits(text: str) -> bool:
        try:
            version(text)
        except ValueError:
            return False
        return "%" not in text

    return fits


def _is_regex(text: str) -> bool:
    try:
        compile_pattern(text)
    except ConfigError:
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = {
    **{name: _matches(pattern) for name, pattern in _PATTERNS.items()},
    "date": _is_date,
    "date-time": _is_date_time,
    "duration": _is_duration,
    "hostname": _is_host,
    "ipv4": _is_address(ipaddress.IPv4Address),
    "ipv6": _is_address(ipaddress.IPv6Address),
    "regex": _is_regex,
}
"""Every format that is checked, by its name, and whether a text has it."""

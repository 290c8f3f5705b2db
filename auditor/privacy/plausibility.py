"""Is a value that has the form of a secret one, or a placeholder, a name in code, or words?

Each check takes the value as a rule found it. What stays in a text is only what surely opens
nothing: to mask a specimen does no harm, to keep a key does.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from auditor.privacy.check_digits import is_card_number, is_iban, is_social_security_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DISTINCT = 3
"""Fewer different characters than this are a filler, as 0000."""
_OPAQUE_DISTINCT = 8
_OPAQUE_LENGTH = 12
_LONG_WORD = 12
"""Parts of a key between hyphens are longer than most words."""
_LONG = 20
"""A value this long without a digit may still be a key."""

_FILLERS = re.compile(
    r"example|placeholder|your[_-]|[_-]your|redacted|(?-i:x{4}|X{4})|\*{3}|dummy|change[_-]?me|"
    r"insert[_-]|replace[_-]|not[_-]?real|[_-]here\b|goes[_-]here|(?:key|token|secret)here|"
    r"abcdefghijkl|\.\.\.|\u2026|\[[A-Z]+:",
    re.IGNORECASE,
)
"""Words of placeholders, and the beginning of one of auditor's own."""

_SPECIMENS = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",  # Azurite's own key
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l",  # jwt.io: 1234567890, John Doe
    "YWxhZGRpbjpvcGVuc2VzYW1l",  # RFC 7617: aladdin:opensesame
    "QWxhZGRpbjpvcGVuIHNlc2FtZQ",  # the same, as RFC 2617 writes it
    "mF_9.B5f-4.1JqM",  # RFC 6750
)
"""Published in manuals for everybody."""

_DEFAULTS = frozenset(
    """password passwd pass pwd passphrase secret token key apikey api_key test testing user
    username postgres root admin guest mysql redis rabbitmq mongo string none null true false
    undefined required optional mypassword my_password hunter invalid incorrect missing hidden
    masked empty default value unknown expired""".split()  # noqa: SIM905 - easier to read
)
"""Words in the place of a password that open nothing, or say what should stand there."""

_REFERENCE = re.compile(
    r"""
    \$?\{.*|<.*|%\w+%?|\{\{.*|                   # ${NAME}, {name}, <name>, %NAME%
    \$\(.*|\$[A-Z_][A-Z0-9_]*|\$[a-z_]+\d?|      # $(command), $NAME, $name
    [~./][^/]{0,19}(?:/[^/]{0,19})*|.*://.*|     # a path, an address
    &\w+|\#.*|--\w.*|[!?:=|]+.*                  # a pointer, a comment, an option, an operator
    """,
    re.VERBOSE | re.DOTALL,
)
_IDENTIFIER = re.compile(r"[A-Za-z_]+\d{0,2}[!?]?")
_ODD_CASE = re.compile(r"[A-Z][a-z][A-Z]|[a-z][A-Z]{2,}[a-z]")
_CALLED = re.compile(r"\$?[A-Za-z_][\w.]*[(\[][^!@#$%^&\s]*")
_LINE_END = re.compile(r"(?<!\\)\\+[nr]")
_PORT = re.compile(r"\d{1,5}(?:$|/)")
_PRIVATE_NETWORKS = (0, 10, 127)
_E164_DIGITS = range(9, 16)
_BYTE = 256


def is_any(value: str) -> bool:
    """Say yes: the form says it all."""
    return bool(value)


def is_key(value: str) -> bool:
    """Return whether a value with the form of a key is no placeholder."""
    return len(set(value[-24:])) >= _DISTINCT and not _is_filler(value)


def is_mixed(value: str) -> bool:
    """Return whether a key holds digits and letters, as a long word or a name does not."""
    return is_key(value) and _is_mixed(value) and len(set(value)) > _OPAQUE_DISTINCT


def is_no_words(value: str) -> bool:
    """Return whether a key with hyphens is not words with hyphens."""
    longest = max(re.split(r"[-_]", value), key=len)
    cases = any(c.isupper() for c in value) and any(c.islower() for c in value)
    mixed = is_mixed(value) and (cases or (len(longest) >= _LONG_WORD and _is_mixed(longest)))
    return mixed or (is_key(value) and len(value) >= _LONG and _is_random_case(value))


def is_opaque(value: str) -> bool:
    """Return whether a value behind ``api_key:`` or ``Bearer`` is a key, not a name or a number."""
    value = _first_line(value)
    if not is_key(value) or _is_reference(value) or _is_code(value):
        return False
    if len(value) < _OPAQUE_LENGTH:
        return False
    mixed = _is_mixed(value) and len(set(value)) >= _OPAQUE_DISTINCT
    return mixed or (len(value) >= _LONG and _is_random_case(value))


def is_password(value: str) -> bool:
    """Return whether a value behind ``password:`` is one that somebody chose."""
    value = _first_line(value)
    if _is_filler(value) or _is_reference(value) or value.casefold() in _DEFAULTS:
        return False
    if len(set(value)) <= len("****") or _is_code(value):
        return False
    signs = any(not c.isalnum() and c not in "_-.,/" for c in value)
    letters = any(c.isalpha() for c in value)
    return letters and (any(c.isdigit() for c in value) or signs or _is_random_case(value))


def is_strong_password(value: str) -> bool:
    """Return whether a password mixes what nobody mixes in a word or a name in code."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum() and c not in "_-.,/")
    return is_password(value) and sum(any(map(kind, value)) for kind in kinds) > len("aA")


def is_url_password(value: str) -> bool:
    """Return whether what stands between ``user:`` and ``@`` of an address is a password."""
    if _is_filler(value) or _is_reference(value) or value.casefold() in _DEFAULTS:
        return False
    return not _PORT.match(value) and len(set(value)) > 1


def is_basic(value: str) -> bool:
    """Return whether a value is Base64 of a name and a password (RFC 7617)."""
    if _is_filler(value):
        return False
    padded = value.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


def is_aws_secret(value: str) -> bool:
    """Return whether 40 characters of Base64 are a key, not a hash in hexadecimal or a path."""
    cases = any(c.isupper() for c in value) and any(c.islower() for c in value)
    return is_mixed(value) and cases


def is_phone(value: str) -> bool:
    """Return whether a value has as many digits as telephone numbers have (E.164)."""
    return sum(c.isdigit() for c in value) in _E164_DIGITS


def is_public_ipv4(value: str) -> bool:
    """Return whether a value is an address that may be somebody's."""
    parts = [int(part) for part in value.split(".")]
    return all(part < _BYTE for part in parts) and parts[0] not in _PRIVATE_NETWORKS


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "any": is_any,
    "key": is_key,
    "mixed": is_mixed,
    "no-words": is_no_words,
    "opaque": is_opaque,
    "password": is_password,
    "strong-password": is_strong_password,
    "url-password": is_url_password,
    "basic": is_basic,
    "aws-secret": is_aws_secret,
    "card": is_card_number,
    "iban": is_iban,
    "us-ssn": is_social_security_number,
    "phone": is_phone,
    "public-ipv4": is_public_ipv4,
}
"""The checks by the names that ``rules.toml`` has for them."""


def _first_line(value: str) -> str:
    """Return a value without the lines behind it, where their ends are written as in JSON."""
    return _LINE_END.split(value, maxsplit=1)[0]


def _is_filler(value: str) -> bool:
    return bool(_FILLERS.search(value)) or any(specimen in value for specimen in _SPECIMENS)


def _is_mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _is_random_case(value: str) -> bool:
    """Return whether capitals stand as chance puts them, not as they begin the words of a name."""
    return len(_ODD_CASE.findall(value)) > 1


def _is_reference(value: str) -> bool:
    """Return whether a value names where the secret is, not the secret."""
    return bool(_REFERENCE.fullmatch(value))


def _is_code(value: str) -> bool:
    """Return whether a value is an expression: ``settings.API_KEY2``, ``read("x")``, ``tokens[1]``.

    One name alone, ``hunter2``, may be a password as well: it is not taken for code.
    """
    parts = value.split(".")
    dotted = len(parts) > 1 and all(_IDENTIFIER.fullmatch(part) for part in parts)
    return dotted or bool(_CALLED.fullmatch(value))

"""Is a number that looks like a card, an account or a social security number really one?

Each function takes a value as a rule found it, spaces and hyphens included. No more is done than
a masker needs: the national rules inside an IBAN are not checked.
"""

from __future__ import annotations

_CARD_LENGTHS = range(13, 20)
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country, from the registry of ISO 13616."""
_SPECIMENS = {"078-05-1120", "219-09-9999", "457-55-5462"}
"""Social security numbers that were printed in advertisements and so belong to nobody."""


def is_card_number(value: str) -> bool:
    """Return whether the digits of ``value`` are a payment card number (ISO/IEC 7812: Luhn)."""
    digits = [int(c) for c in value if c.isascii() and c.isdigit()]
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(value: str) -> bool:
    """Return whether ``value`` is a bank account number (ISO 13616: length, ISO 7064: mod 97)."""
    text = "".join(value.split()).upper()
    if not (text.isascii() and text.isalnum() and len(text) == _IBAN_LENGTHS.get(text[:2])):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def is_social_security_number(value: str) -> bool:
    """Return whether ``value``, written ``AAA-GG-SSSS``, is in the range that the US issues."""
    area, group, serial = value.split("-")
    unissued = area in {"000", "666"} or area.startswith("9") or group == "00" or serial == "0000"
    return not unissued and value not in _SPECIMENS

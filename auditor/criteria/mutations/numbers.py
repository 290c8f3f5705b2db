"""A number that is off: by its first digit, its sign or its scale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

NUMBER = re.compile(r"(?<![\w.])[-\u2212+]?\d[\d.,]*(?<=\d)")
_ITEM = re.compile(r"(?m)^\d+[.)]\s")


def number_off(text: str, rng: Random) -> str | None:
    """The text with its first number off; None without a number.

    A tolerance of a few percent does not let it pass: the first digit changes, or the sign, or
    the decimal point by two places.
    """
    found = re.search(r"\d[\d.,]*", text)
    if found is None:
        return None
    digits = found.group().rstrip(".,")
    first = re.search(r"[1-9]", digits)
    how = rng.choice(("digit", "sign", "scale"))
    plain = "," not in digits and digits.count(".") <= 1
    before = text[: found.start()]
    if how == "sign" and first and plain and len(digits) == len(text.strip("-+\u2212 ")):
        signed = before.endswith(("-", "\u2212"))
        return before[:-1] + text[found.start() :] if signed else f"-{text.strip()}"
    if how == "scale" and first and plain and not before.endswith("e"):
        by = _scaled(digits)
    elif first is None:  # 0 or 0.00
        by = "7" + digits[1:]
    else:
        place = first.start()
        by = digits[:place] + ("8" if digits[place] == "9" else str(int(digits[place]) + 1))
        by += digits[place + 1 :]
    return before + by + text[found.start() + len(digits) :]


def telling_number(text: str) -> re.Match[str] | None:
    """The number that a text is about: the last one, which gives the result of what is before it.

    Numbers of list items are left out.
    """
    found = [one for one in NUMBER.finditer(text) if not _ITEM.match(text, one.start())]
    return found[-1] if found else None


def _scaled(digits: str) -> str:
    """A hundred times the number."""
    whole, _, part = digits.partition(".")
    if not part:
        return whole + "00"
    part = part.ljust(2, "0")
    moved = whole + part[:2]
    return (moved.lstrip("0") or "0") + (f".{part[2:]}" if part[2:] else "")

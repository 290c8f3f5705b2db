"""Short Python functions from a clear specification, under a long style guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.style_guide import GUIDE
from generator.task import Task, distinct, pick

if TYPE_CHECKING:
    from random import Random

SYSTEM = GUIDE
# (what the function does, its source); written so that every source runs as it stands.
FUNCTIONS: tuple[tuple[str, str], ...] = (
    (
        "`clamp(x, low, high)` returns x limited to the range from low to high",
        "def clamp(x: float, low: float, high: float) -> float:\n    return max(low, min(x, high))",
    ),
    (
        "`is_leap(year)` tells whether a year of the Gregorian calendar is a leap year",
        "def is_leap(year: int) -> bool:\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)",
    ),
    (
        "`chunks(items, size)` splits a list into lists of at most size items",
        "def chunks(items: list, size: int) -> list[list]:\n    return [items[i : i + size] for i in range(0, len(items), size)]",
    ),
    (
        "`slug(title)` turns a title into lower-case words joined by hyphens",
        'import re\n\n\ndef slug(title: str) -> str:\n    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))',
    ),
    (
        "`median(values)` returns the median of a non-empty list of numbers",
        "def median(values: list[float]) -> float:\n    ordered = sorted(values)\n    middle = len(ordered) // 2\n    if len(ordered) % 2:\n        return ordered[middle]\n    return (ordered[middle - 1] + ordered[middle]) / 2",
    ),
    (
        "`count_words(text)` returns a dict from lower-case word to its count",
        "from collections import Counter\n\n\ndef count_words(text: str) -> dict[str, int]:\n    return dict(Counter(text.lower().split()))",
    ),
    (
        "`is_palindrome(text)` ignores case and everything but letters and digits",
        "def is_palindrome(text: str) -> bool:\n    kept = [c.lower() for c in text if c.isalnum()]\n    return kept == kept[::-1]",
    ),
    (
        "`flatten(nested)` flattens a list of lists by one level",
        "def flatten(nested: list[list]) -> list:\n    return [item for inner in nested for item in inner]",
    ),
    (
        "`gcd(a, b)` returns the greatest common divisor without using math",
        "def gcd(a: int, b: int) -> int:\n    while b:\n        a, b = b, a % b\n    return abs(a)",
    ),
    (
        "`unique(items)` removes repeated items and keeps the order",
        "def unique(items: list) -> list:\n    return list(dict.fromkeys(items))",
    ),
    (
        "`fahrenheit(celsius)` converts a temperature",
        "def fahrenheit(celsius: float) -> float:\n    return celsius * 9 / 5 + 32",
    ),
    (
        "`running_sum(values)` returns the list of partial sums",
        "from itertools import accumulate\n\n\ndef running_sum(values: list[float]) -> list[float]:\n    return list(accumulate(values))",
    ),
    (
        "`invert(mapping)` swaps keys and values of a dict with unique values",
        "def invert(mapping: dict) -> dict:\n    return {value: key for key, value in mapping.items()}",
    ),
    (
        "`roman(number)` writes an integer from 1 to 3999 as a Roman numeral",
        'def roman(number: int) -> str:\n    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)\n    signs = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")\n    parts = []\n    for value, sign in zip(values, signs):\n        count, number = divmod(number, value)\n        parts.append(sign * count)\n    return "".join(parts)',
    ),
    (
        "`moving_average(values, width)` returns the means of all windows of that width",
        "def moving_average(values: list[float], width: int) -> list[float]:\n    return [\n        sum(values[i : i + width]) / width\n        for i in range(len(values) - width + 1)\n    ]",
    ),
    (
        "`parse_duration(text)` turns strings such as '1h30m' or '45m' into minutes",
        'import re\n\n\ndef parse_duration(text: str) -> int:\n    match = re.fullmatch(r"(?:(\\d+)h)?(?:(\\d+)m)?", text)\n    if not match or not text:\n        raise ValueError(f"not a duration: {text!r}")\n    hours, minutes = (int(part or 0) for part in match.groups())\n    return hours * 60 + minutes',
    ),
    (
        "`transpose(rows)` swaps rows and columns of a rectangular list of lists",
        "def transpose(rows: list[list]) -> list[list]:\n    return [list(column) for column in zip(*rows)]",
    ),
    (
        "`digits_sum(n)` adds the decimal digits of a non-negative integer",
        "def digits_sum(n: int) -> int:\n    return sum(int(digit) for digit in str(n))",
    ),
    (
        "`safe_div(a, b)` returns a / b, or None where b is zero",
        "def safe_div(a: float, b: float) -> float | None:\n    return a / b if b else None",
    ),
    (
        "`group_by(items, key)` returns a dict of lists, grouped by the result of key",
        "from collections.abc import Callable\n\n\ndef group_by(items: list, key: Callable) -> dict:\n    groups: dict = {}\n    for item in items:\n        groups.setdefault(key(item), []).append(item)\n    return groups",
    ),
)
ASKING = (
    "Write {spec}.",
    "I need a function: {spec}.",
    "Please implement {spec}.",
    "{spec}. Python 3.11.",
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        spec, source = rng.choice(FUNCTIONS)
        user = pick(rng, ASKING).format(spec=spec)
        return Task(system=SYSTEM, messages=(("user", user),), answer=source)

    return distinct(n, make)

"""Results of two statements, compared: as bags, or in order as far as the order is settled."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.criteria.sql.sandbox import Row

_DIGITS = 9
_MOST_SHOWN = 3
_MOST_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that a statement sorts, all of them, and which of them it returns.

    Rows of equal sort keys come in any order: where the window cuts through such a group, several
    results are right.
    """

    rows: Sequence[Row]
    keys: Sequence[Row]
    offset: int = 0
    limit: int | None = None

    @property
    def cuts_a_tie(self) -> bool:
        """Whether the first or the last row returned stands for others with its sort keys."""
        last = len(self.rows) if self.limit is None else self.offset + self.limit
        return any(
            0 < at < len(self.rows) and comparable(self.keys[at - 1]) == comparable(self.keys[at])
            for at in (self.offset, last)
        )

    def may_return(self, rows: Sequence[Row]) -> bool:
        """Whether these rows, in this order, are one of the right results."""
        last = len(self.rows) if self.limit is None else self.offset + self.limit
        last = min(last, len(self.rows))
        if len(rows) != max(0, last - self.offset):
            return False
        at = self.offset
        while at < last:
            key = comparable(self.keys[at])
            tied = self._tied(at + 1)
            end = at
            while end < last and comparable(self.keys[end]) == key:
                end += 1
            got = Counter(comparable(row) for row in rows[at - self.offset : end - self.offset])
            if got - Counter(comparable(row) for row in tied):
                return False
            at = end
        return True

    def _tied(self, at: int) -> list[Row]:
        """The rows with the sort keys of the row before ``at``."""
        key = comparable(self.keys[at - 1])
        return [
            row for row, other in zip(self.rows, self.keys, strict=True) if comparable(other) == key
        ]


def comparable(row: Row) -> Row:
    """A row whose values are equal where they are the same: numbers by value, to nine digits."""
    return tuple(_comparable(value) for value in row)


def same_rows(one: Sequence[Row], other: Sequence[Row], *, ordered: bool) -> bool:
    """Whether two results are the same; in any order unless it is settled."""
    if len(one) != len(other):
        return False
    left, right = [comparable(row) for row in one], [comparable(row) for row in other]
    return left == right if ordered else Counter(left) == Counter(right)


def is_telling(rows: Sequence[Row]) -> bool:
    """Whether a result says something: there is a value in it that is neither NULL nor 0."""
    return any(value is not None and value != 0 for row in rows for value in row)


def difference(wanted: Sequence[Row], got: Sequence[Row], *, ordered: bool) -> str:
    """What differs between two results, in words with the rows."""
    missing = list((_bag(wanted) - _bag(got)).elements())
    extra = list((_bag(got) - _bag(wanted)).elements())
    if not missing and not extra:
        if not ordered:
            return f"{len(wanted)} rows wanted, {len(got)} returned"
        at = next(
            i for i, (a, b) in enumerate(zip(wanted, got, strict=False))
            if comparable(a) != comparable(b)
        )  # fmt: skip
        return f"another order: row {at + 1} is {_shown([got[at]])}, wanted {_shown([wanted[at]])}"
    parts = []
    if missing:
        parts.append(f"lacks {_shown(missing)}")
    if extra:
        parts.append(f"has {_shown(extra)}")
    return f"of {len(wanted)} rows wanted, {len(got)} returned: it " + " and ".join(parts)


def _bag(rows: Sequence[Row]) -> Counter[Row]:
    return Counter(comparable(row) for row in rows)


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
        return float(f"{value:.{_DIGITS}g}")
    return value


def _shown(rows: Sequence[Row]) -> str:
    shown = ", ".join(
        "(" + ", ".join(_cut(value) for value in row[:6]) + ("" if len(row) <= 6 else ", …") + ")"  # noqa: PLR2004
        for row in rows[:_MOST_SHOWN]
    )
    more = len(rows) - _MOST_SHOWN
    return shown + (f" and {more} more" if more > 0 else "")


def _cut(value: Any) -> str:
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS] + "…"

"""Two JSON values compared field by field."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.criteria.comparators.comparator import (
    ALL_BY_TYPE,
    Comparator,
    Rules,
    same_moment,
)
from auditor.criteria.comparators.numbers import close
from auditor.criteria.comparators.shapes import ANYTHING, Shape, is_empty, same_by_shape
from auditor.criteria.comparators.text_forms import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.criteria.comparators.paths import Path

ABSENT: Any = object()
"""Stands where one value has a field and the other has not."""
MAX_MATCHED, MAX_PAIRED = 60, 30_000
"""Elements of a list that are paired by best match, and fields looked at for that; longer lists are
compared in their order."""

_JSON = re.compile(r"\s*[{\[]")
_FEW = 4
"""Elements of two lists whose pairs are tried out, which is quicker than to load scipy."""
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class Field(NamedTuple):
    """One field of two values, and whether it is the same in both."""

    path: Path
    same: bool
    wanted: Any
    got: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two JSON values are compared.

    Attributes:
        rules: the comparators of fields.
        text: what becomes of both texts before they are compared by type.
        tolerance: relative difference at which numbers are equal by type.
        absolute: the absolute one.
        shape: what a tool's schema says of the values.
    """

    rules: Rules = ALL_BY_TYPE
    text: Callable[[str], str] = plain
    tolerance: float = 0.0
    absolute: float = 0.0
    shape: Shape = ANYTHING

    def fields(self, wanted: Any, got: Any) -> list[Field]:
        """Every field of two values: the scalars, empty objects and empty lists in them.

        A field that one value lacks is different, unless the other one has null there. Lists are
        compared in order where no rule says otherwise.
        """
        return list(self._walk((), wanted, got, self.shape))

    def _walk(self, path: Path, wanted: Any, got: Any, shape: Shape) -> Iterator[Field]:
        if isinstance(wanted, dict) and isinstance(got, dict) and (wanted or got):
            for key in dict.fromkeys([*wanted, *got]):
                yield from self._member((*path, key), wanted.get(key, ABSENT), got.get(key, ABSENT),
                                        shape)  # fmt: skip
            return
        if isinstance(wanted, list) and isinstance(got, list) and (wanted or got):
            yield from self._elements(path, wanted, got, shape)
            return
        rule = self.rules.at(path)
        element = bool(path) and isinstance(path[-1], int)
        listable = _can_be_listed(wanted) and _can_be_listed(got)
        if rule.shape in {"list", "set"} and listable and not element:
            yield from self._elements(path, _listed(wanted), _listed(got), shape)
            return
        if isinstance(wanted, dict | list) or isinstance(got, dict | list):
            if wanted == got:  # both empty, and of one type
                yield from self._leaf(path, rule, wanted, got, same=True)
            else:
                yield from self._different(path, wanted, got)
            return
        if rule.shape != "ignored":
            yield Field(path, self._same(rule, wanted, got, shape), wanted, got)

    def _member(self, path: Path, wanted: Any, got: Any, shape: Shape) -> Iterator[Field]:
        """One field of two objects, which one of them may lack."""
        key = str(path[-1])
        inner = shape.properties.get(key, ANYTHING)
        none, other = wanted is ABSENT or wanted is None, got is ABSENT or got is None
        if shape.may_lack(key):
            none, other = none or is_empty(wanted, inner), other or is_empty(got, inner)
            if none != other and inner.has_default:
                default = inner.default
                yield from self._walk(path, default if none else wanted,
                                      default if other else got, inner)  # fmt: skip
                return
        if none and other:
            yield from self._leaf(path, self.rules.at(path), wanted, got, same=True)
        elif none or other:
            yield from self._different(path, wanted, got)
        else:
            yield from self._walk(path, wanted, got, inner)

    def _elements(
        self, path: Path, wanted: Sequence[Any], got: Sequence[Any], shape: Shape
    ) -> Iterator[Field]:
        order = self.rules.at(path).shape
        if order == "as it is" and shape.unique:
            order = "list"
        if order == "set":
            wanted, got = self._once(path, wanted, shape), self._once(path, got, shape)
        if order in {"list", "set"} and _can_be_matched(wanted, got):
            pairs = self._matched(path, wanted, got, shape)
        else:
            pairs = zip(range(len(wanted)), range(len(got)), strict=False)
        left, right = set(range(len(wanted))), set(range(len(got)))
        for one, other in pairs:
            left.discard(one)
            right.discard(other)
            yield from self._walk((*path, one), wanted[one], got[other], shape.element)
        for one in sorted(left):
            yield from self._different((*path, one), wanted[one], ABSENT)
        for place, other in enumerate(sorted(right), len(wanted)):
            yield from self._different((*path, place), ABSENT, got[other])

    def _matched(
        self, path: Path, wanted: Sequence[Any], got: Sequence[Any], shape: Shape
    ) -> Iterator[tuple[int, int]]:
        """Pairs of elements such that the least of their fields differ."""
        costs = [
            [
                sum(0 if f.same else 1 for f in self._walk((*path, i), one, other, shape.element))
                for other in got
            ]
            for i, one in enumerate(wanted)
        ]
        return best_pairs(costs)

    def _once(self, path: Path, values: Sequence[Any], shape: Shape) -> list[Any]:
        """The values without those that are the same as one before."""
        kept: list[Any] = []
        for value in values[:MAX_MATCHED]:
            fields = (self._walk((*path, 0), other, value, shape.element) for other in kept)
            if not any(all(f.same for f in pair) for pair in fields):
                kept.append(value)
        return [*kept, *values[MAX_MATCHED:]]

    def _different(self, path: Path, wanted: Any, got: Any) -> Iterator[Field]:
        """What a value holds that is not at this place in the other one."""
        missing = wanted is ABSENT or wanted is None
        value = got if missing else wanted
        if not isinstance(value, dict | list) or not value:
            yield from self._leaf(path, self.rules.at(path), wanted, got, same=False)
            return
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from self._different((*path, key), ABSENT if missing else item,
                                       item if missing else ABSENT)  # fmt: skip

    @staticmethod
    def _leaf(
        path: Path, rule: Comparator, wanted: Any, got: Any, *, same: bool
    ) -> Iterator[Field]:
        if rule.shape != "ignored":
            yield Field(path, same, wanted, got)

    def _same(self, rule: Comparator, wanted: Any, got: Any, shape: Shape) -> bool:
        if rule.same is not None:
            return rule.same(wanted, got)
        if isinstance(wanted, str) and isinstance(got, str):
            return wanted == got or self._same_text(wanted, got, shape)
        if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
            return wanted is got or same_by_shape(wanted, got, shape)
        if isinstance(wanted, int | float) and isinstance(got, int | float):
            if wanted == got:
                return True
            tolerant = self.tolerance > 0 or self.absolute > 0
            return tolerant and close(float(wanted), float(got), self.tolerance, self.absolute)
        return same_by_shape(wanted, got, shape)

    def _same_text(self, wanted: str, got: str, shape: Shape) -> bool:
        one, other = self.text(plain(wanted)), self.text(plain(got))
        if (
            one == other
            or (one.strip() == other.strip() != "")
            or same_by_shape(wanted, got, shape)
        ):
            return True
        if _JSON.match(wanted) and _JSON.match(got):
            return self._same_json(wanted, got)
        dated = shape.dated or (_ISO_TIME.match(wanted) and _ISO_TIME.match(got))
        return bool(dated) and same_moment(wanted, got)

    @staticmethod
    def _same_json(wanted: str, got: str) -> bool:
        """Whether two texts that are JSON hold the same."""
        try:
            values = json.loads(wanted), json.loads(got)
            return all(field.same for field in Comparison().fields(*values))
        except (ValueError, RecursionError):
            return False


def _can_be_listed(value: Any) -> bool:
    return isinstance(value, str | list)


def _listed(value: Any) -> list[Any]:
    """A list as it is, a text cut at its commas, semicolons and line breaks."""
    if isinstance(value, list):
        return value
    return [part.strip() for part in re.split(r"[,;\n]", value) if part.strip()]


def _can_be_matched(wanted: Sequence[Any], got: Sequence[Any]) -> bool:
    if max(len(wanted), len(got)) > MAX_MATCHED:
        return False
    return _size(wanted) * len(got) <= MAX_PAIRED and _size(got) * len(wanted) <= MAX_PAIRED


def _size(value: Any) -> int:
    """Values in a value; counted to ``MAX_PAIRED``."""
    size, todo = 0, [value]
    while todo and size <= MAX_PAIRED:
        inner = todo.pop()
        size += 1
        if isinstance(inner, dict | list):
            todo.extend(inner.values() if isinstance(inner, dict) else inner)
    return size


def best_pairs(costs: Sequence[Sequence[float]]) -> Iterator[tuple[int, int]]:
    """Row and column of each pair of the assignment that costs least in sum."""
    if not costs or not costs[0]:
        return iter(())
    if len(costs) == len(costs[0]) <= _FEW:
        orders = itertools.permutations(range(len(costs)))
        best = min(orders, key=lambda order: sum(costs[i][j] for i, j in enumerate(order)))
        return iter(enumerate(best))
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.asarray(costs, dtype=float))
    return iter(zip(rows.tolist(), columns.tolist(), strict=True))

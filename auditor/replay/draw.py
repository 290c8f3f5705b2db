"""Draws calls in proportion to what they cost, so that a plain pass rate is a rate of dollars.

The unit is a group: a conversation, else a set of exact duplicates, else a single call. Draw k
takes the group at F^-1(u_k), with F the cumulative spend of the groups in hash order and u_k a
uniform hashed from (seed, stream, k), then one call in it in proportion to cost. Draws are
independent and with replacement; every look is a prefix of one sequence, so "a hundred more" is
always valid, and a repeated call counts again (and is replayed once).

Everything is integer arithmetic on hashes and billionths of a dollar: the same calls, seed and
stream give the same draws on every machine and in every order of the input.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# The sums stay exact in int64 up to 9.2 billion USD. The database keeps three digits more.
_NANO_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw: its number in the stream, the group that was hit, and the call drawn from it."""

    draw_no: int
    unit_id: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCalls:
    """Draws ``start`` to ``stop`` of one stream, and the spend in USD of all calls drawn from.

    ``by_spend`` is False where no call costs anything: all calls are then drawn with equal
    chances, and a pass rate is a rate of calls, not of dollars.
    """

    draws: Sequence[Draw]
    by_spend: bool
    spend_usd: Decimal


def draw(
    unit_ids: Sequence[str],
    call_ids: Sequence[str],
    costs: Sequence[Decimal],
    *,
    seed: int,
    stream: str,
    start: int = 0,
    stop: int,
) -> DrawnCalls:
    """Make the draws ``start`` (included) to ``stop`` (excluded) of a stream.

    ``unit_ids``, ``call_ids`` and ``costs`` (USD) run in parallel, one item per eligible call, in
    any order. ``stream`` names what is drawn from, usually the category's id.

    Raises:
        ValueError: lengths that differ, a repeated call, a negative cost, or no call.
    """
    if not len(unit_ids) == len(call_ids) == len(costs):
        raise ValueError("unit_ids, call_ids and costs must be equally long")
    if not call_ids:
        raise ValueError(f"nothing to draw from in {stream!r}")
    if len(set(call_ids)) != len(call_ids):
        raise ValueError(f"a call appears twice in {stream!r}")
    if not 0 <= start <= stop:
        raise ValueError(f"draws run from 0 upward, not from {start} to {stop}")

    weights, by_spend = _weights(costs)
    names, members = np.unique(np.asarray(unit_ids, dtype=object), return_inverse=True)
    hashes = [_hash64(seed, stream, "order", str(name)) for name in names]
    # Names are sorted already, and the sort is stable: equal hashes fall back on the name.
    order = np.argsort(np.array(hashes, dtype=np.uint64), kind="stable")
    unit_weights = np.zeros(len(names), dtype=np.int64)
    np.add.at(unit_weights, members, weights)
    cumulative = np.cumsum(unit_weights[order])
    total = int(cumulative[-1])

    by_unit = np.argsort(members, kind="stable")
    first = np.searchsorted(members[by_unit], np.arange(len(names) + 1))

    @cache
    def calls_of(unit: int) -> tuple[list[int], NDArray[np.int64]]:
        rows = by_unit[first[unit] : first[unit + 1]].tolist()
        rows.sort(key=call_ids.__getitem__)
        return rows, np.cumsum(weights[rows])

    draws = []
    for draw_no in range(start, stop):
        target = _below(total, seed, stream, "unit", str(draw_no))
        unit = int(order[np.searchsorted(cumulative, target, side="right")])
        rows, ends = calls_of(unit)
        target = _below(int(ends[-1]), seed, stream, "call", str(draw_no))
        row = rows[int(np.searchsorted(ends, target, side="right"))]
        draws.append(
            Draw(
                draw_no=draw_no,
                unit_id=unit_ids[row],
                call_id=call_ids[row],
            )
        )
    return DrawnCalls(draws=tuple(draws), by_spend=by_spend, spend_usd=sum(costs, Decimal(0)))


def _weights(costs: Sequence[Decimal]) -> tuple[NDArray[np.int64], bool]:
    """Return a whole-number weight per call, and whether the weights are costs."""
    if any(cost < 0 for cost in costs):
        raise ValueError("a cost is negative")
    nano = np.array([round(cost.scaleb(_NANO_DIGITS)) for cost in costs], dtype=np.int64)
    if nano.any():
        return nano, True
    return np.ones(len(costs), dtype=np.int64), False


def _hash64(seed: int, *parts: str) -> int:
    """Return a 64-bit hash of the parts; lengths are hashed too, so that no two lists collide."""
    text = "".join(f"{len(part)}:{part}" for part in (str(seed), *parts))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _below(total: int, seed: int, *parts: str) -> int:
    """Return a uniform whole number in [0, total), exact to total / 2^64."""
    return (_hash64(seed, *parts) * total) >> 64

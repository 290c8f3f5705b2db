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
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Basis = Literal["spend", "equal-zero-spend", "equal-unpriced"]

# The resolution of the database's cost column; sums stay exact in int64 up to 9.2 billion USD.
_NANO_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw; ``unit_share`` and ``call_share`` are shares of the weight that was drawn from.

    ``call_share`` is the probability of this call in one draw: its reciprocal is the weight of
    the draw in a mean per call.
    """

    draw_no: int
    unit_id: str
    call_id: str
    unit_share: float
    call_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Draws ``start`` to ``stop`` of one stream, and what they were drawn from.

    ``basis`` says what the probability of a call is proportional to. ``spend``: its cost, the
    normal case. ``equal-zero-spend``: no call costs anything, so the priced calls are drawn
    alike. ``equal-unpriced``: no call has a price, so all calls are drawn alike. In the latter
    two a pass rate is a rate of calls, not of dollars. ``unpriced_calls`` and ``free_calls``
    are the calls left out of a draw by spend, because their cost is unknown or zero.
    """

    draws: Sequence[Draw]
    basis: Basis
    spend_usd: Decimal
    unpriced_calls: int
    free_calls: int


def draw(
    unit_ids: Sequence[str],
    call_ids: Sequence[str],
    costs: Sequence[Decimal | None],
    *,
    seed: int,
    stream: str,
    start: int = 0,
    stop: int,
) -> Drawing:
    """Draws ``start`` (included) to ``stop`` (excluded) of the stream over the given calls.

    The three sequences run in parallel, one item per eligible call, in any order; ``costs`` are
    USD, None where no price is known. ``stream`` names what is drawn, usually the category id.
    Raises ValueError on lengths that differ, a repeated call, a negative cost, or no call.
    """
    if not len(unit_ids) == len(call_ids) == len(costs):
        raise ValueError("unit_ids, call_ids and costs must be equally long")
    if not call_ids:
        raise ValueError(f"nothing to draw from in {stream!r}")
    if len(set(call_ids)) != len(call_ids):
        raise ValueError(f"a call appears twice in {stream!r}")
    if not 0 <= start <= stop:
        raise ValueError(f"draws run from 0 upward, not from {start} to {stop}")

    weights, basis, spend_usd, unpriced = _weights(costs)
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
                unit_share=int(unit_weights[unit]) / total,
                call_share=int(weights[row]) / total,
            )
        )
    return Drawing(
        draws=tuple(draws),
        basis=basis,
        spend_usd=spend_usd,
        unpriced_calls=unpriced,
        free_calls=sum(cost == 0 for cost in costs),
    )


def _weights(costs: Sequence[Decimal | None]) -> tuple[NDArray[np.int64], Basis, Decimal, int]:
    """Integer weight per call, what it stands for, the priced spend and the unpriced calls."""
    unpriced = sum(cost is None for cost in costs)
    if any(cost is not None and cost < 0 for cost in costs):
        raise ValueError("a cost is negative")
    nano = [0 if cost is None else round(cost.scaleb(_NANO_DIGITS)) for cost in costs]
    weights = np.array(nano, dtype=np.int64)
    spend_usd = sum((cost for cost in costs if cost is not None), Decimal(0))
    if weights.any():
        return weights, "spend", spend_usd, unpriced
    if unpriced == len(costs):
        return np.ones(len(costs), dtype=np.int64), "equal-unpriced", spend_usd, unpriced
    priced = np.array([cost is not None for cost in costs], dtype=np.int64)
    return priced, "equal-zero-spend", spend_usd, unpriced


def _hash64(seed: int, *parts: str) -> int:
    """A 64-bit hash of the parts; lengths are hashed too, so that no two lists collide."""
    text = "".join(f"{len(part)}:{part}" for part in (str(seed), *parts))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _below(total: int, seed: int, *parts: str) -> int:
    """A uniform whole number in [0, total), off by at most total / 2^64 from exactly uniform."""
    return (_hash64(seed, *parts) * total) >> 64

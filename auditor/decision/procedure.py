"""The decision procedure: arrays in, decisions out, no store, no clock.

``decide_many`` is vectorised over portfolios so that its promises can be simulated
(benchmarks/decision_simulation.py); ``verdicts.decide`` applies it to the one portfolio of an
audit. Each kind of claim has its own half of ``alpha``:

- dollars (``move`` and ``fallback``): Holm over every started test at alpha / 2, so that the
  probability of any wrong one is at most alpha / 2;
- shown worse: Holm over every started category and candidate at alpha / 2.

The headline [low, high] inverts these tests: low is the spend shown movable, high is all spend
but that shown worse or not eligible. It covers the true movable share with probability
1 - alpha, whatever is true of the categories that nobody replayed. These promises hold for one
look at the evidence; a later look at more draws spends ``alpha`` again.

A draw that could not be graded counts against either claim: as a loss for "not worse", as a gain
for "worse". So the promises hold whatever kept it from being graded, and grading it later can
only show what was not shown before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.decision import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

MARGIN = 0.05
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Paired outcomes as counts, each of shape (reps, tests) or broadcasting to it.

    ``pairs`` are all draws: one that could not be graded is counted as a loss or as a gain.
    """

    gains: ArrayLike
    losses: ArrayLike
    pairs: ArrayLike
    deff: ArrayLike = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What ``decide_many`` found: (reps, tests), and (reps,) for low, high and fallback_share.

    Adjusted p-values are NaN where nothing was tested. The headline shares are of all spend
    given; ``fallback_share`` counts only what the live check is sure to let pass (``live_rate``),
    and leaves out every category that some candidate moves.
    """

    p_not_worse: Floats
    p_worse: Floats
    adjusted_not_worse: Floats
    adjusted_worse: Floats
    adjusted_fallback: Floats
    not_worse: Bools
    worse: Bools
    move: Bools
    fallback: Bools
    low: Floats
    high: Floats
    fallback_share: Floats


def decide_many(
    counts: Counts,
    *,
    most: Counts | None = None,
    eligible: ArrayLike,
    ineligible: ArrayLike = 0.0,
    category: ArrayLike | None = None,
    started: ArrayLike | None = None,
    form_only: ArrayLike = False,
    p_floor: ArrayLike = 0.0,
    live: Counts | None = None,
    live_tested: ArrayLike = False,
    live_rate: ArrayLike = 0.0,
    margin: float = MARGIN,
    level: float = ALPHA / 2,
) -> Outcomes:
    """Decide many portfolios of tests at once; every array broadcasts to (reps, tests).

    A test is a category with a candidate model. ``eligible`` and ``ineligible`` are its spend
    (any unit), ``category`` the number of the category of each test, shape (tests,), when
    several candidates were tried. ``started`` tests (default: those with pairs) make up the
    family. ``most`` are the counts that the claim "worse" is tested on, where they differ from
    those of "not worse": what could not be graded is a loss in ``counts`` and a gain in ``most``
    (``evidence.bounds``). ``p_floor`` is the p-value of "below the quality floor": a move must
    beat both (intersection-union). ``live`` are the pairs whose local answer passes the
    live check, ``live_tested`` where that is a claim of its own, ``live_rate`` the rate the check
    is sure to let pass.
    ``level`` is the family-wise error of each of the two directions.
    """
    pairs = np.atleast_2d(np.asarray(counts.pairs, dtype=np.float64))
    shape = np.broadcast_shapes(pairs.shape, np.shape(counts.gains))

    def spread(value: ArrayLike) -> Any:
        return np.broadcast_to(np.asarray(value), shape)

    in_family = spread(pairs > 0 if started is None else started).astype(bool)
    # One call for both: the tables of all outcomes are enumerated once for a number of pairs.
    sides = (counts, counts if most is None else most)
    paired = stats.paired_p_values(
        np.stack([spread(side.gains) for side in sides]),
        np.stack([spread(side.losses) for side in sides]),
        np.stack([spread(side.pairs) for side in sides]),
        margin=margin,
        deff=np.stack([spread(side.deff) for side in sides]),
    )
    p_not_worse = np.where(in_family, paired.not_worse[0], np.nan)
    p_worse = np.where(in_family, paired.worse[1], np.nan)
    p_fallback = np.full(shape, np.nan)
    if live is not None:
        passing = stats.paired_p_values(
            spread(live.gains),
            spread(live.losses),
            spread(live.pairs),
            margin=margin,
            deff=spread(live.deff),
        )
        claim = in_family & spread(live_tested).astype(bool) & ~spread(form_only)
        p_fallback = np.where(claim, passing.not_worse, np.nan)

    # One budget for everything that earns dollars: moves and fallbacks are one family.
    tests = shape[-1]
    p_move = np.maximum(p_not_worse, spread(p_floor))
    adjusted = stats.holm(np.concatenate([p_not_worse, p_fallback], axis=-1))[..., :tests]
    dollars = stats.holm(np.concatenate([p_move, p_fallback], axis=-1))
    adjusted_worse = stats.holm(p_worse)
    move = (dollars[..., :tests] <= level) & ~spread(form_only)  # NaN compares False
    fallback = (dollars[..., tests:] <= level) & ~move
    worse = adjusted_worse <= level

    groups = np.arange(tests) if category is None else np.asarray(category)
    spend, rest = spread(eligible).astype(float), spread(ineligible).astype(float)
    total = _best(spend + rest, groups).sum(axis=-1)
    total = np.where(total > 0, total, np.nan)
    moved = _best(spend * move, groups)
    served = _best(spend * fallback * spread(live_rate), groups) * (_best(move, groups) == 0)
    return Outcomes(
        p_not_worse=p_not_worse,
        p_worse=p_worse,
        adjusted_not_worse=adjusted,
        adjusted_worse=adjusted_worse,
        adjusted_fallback=dollars[..., tests:],
        not_worse=adjusted <= level,
        worse=worse,
        move=move,
        fallback=fallback,
        low=moved.sum(axis=-1) / total,
        high=_best(spend * ~worse, groups).sum(axis=-1) / total,
        fallback_share=served.sum(axis=-1) / total,
    )


def _best(values: NDArray[Any], groups: NDArray[Any]) -> Floats:
    """The largest value per category, (reps, tests) to (reps, categories)."""
    best = np.zeros((values.shape[0], int(groups.max(initial=-1)) + 1))
    np.maximum.at(best.T, groups, values.T)  # the transpose is a view
    return best

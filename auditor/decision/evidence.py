"""The evidence of one category and candidate, and the counts that the tests take from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from auditor.decision import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known about one category and candidate; sequences are in draw order.

    Outcomes are True, False, or None where an answer could not be graded: the grader could not
    tell, or there is no answer through no fault of the model. ``live_passed`` says whether the
    local answer passes a check that could run in production, None when there is no such check.
    ``form_only`` and ``unnoticing`` say why a criterion can earn nothing: it looks at form alone,
    or it passed every wrong answer of the right form that was planted in the category.
    ``units`` are the drawn groups and ``calls`` the drawn calls. A group is a cluster when it
    holds more than 1 / draws of the spend by ``unit_shares`` (without shares: always) and
    several of its calls were drawn. The same call drawn again makes no cluster: draws are
    independent, and the call's share of this log's spend really is that large. ``eligible_usd``
    and ``ineligible_usd`` add up to the category's priced spend.

    Raises:
        ValueError: sequences differ in length, or spend is negative.
    """

    category_id: str
    candidate_id: str = ""
    eligible_usd: Decimal
    ineligible_usd: Decimal = Decimal(0)
    baseline_passed: Sequence[bool | None] = ()
    local_passed: Sequence[bool | None] = ()
    live_passed: Sequence[bool | None] | None = None
    units: Sequence[str] | None = None
    unit_shares: Sequence[float] | None = None
    calls: Sequence[str] | None = None
    form_only: bool = False
    unnoticing: bool = False
    floor: float | None = None

    def __post_init__(self) -> None:
        per_draw = (
            self.baseline_passed,
            self.local_passed,
            self.live_passed,
            self.units,
            self.unit_shares,
            self.calls,
        )
        if len({len(outcomes) for outcomes in per_draw if outcomes is not None}) > 1:
            raise ValueError(f"{self.category_id}: sequences of different length")
        if self.eligible_usd < 0 or self.ineligible_usd < 0:
            raise ValueError(f"{self.category_id}: negative spend")

    @property
    def cannot_earn(self) -> bool:
        """Whether the criterion shows nothing about content: no move and no fallback."""
        return self.form_only or self.unnoticing


class PairCounts(NamedTuple):
    """Draws where only the local (gains) or only the logged answer (losses) passes.

    ``pairs`` are all draws: what could not be graded is a loss or a gain, see ``bounds``.
    """

    gains: int
    losses: int
    pairs: int
    deff: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one piece of evidence comes to: outcomes, counts and rates.

    ``baseline``, ``local`` and ``clusters`` hold one value per draw; an outcome is 1, 0, or NaN
    where it could not be graded. ``least`` counts the draws as the claim "not worse" must see
    them, ``most`` as the claim "worse" must; they are equal where all was graded. ``live`` counts
    as ``least`` does the draws whose local answer passes the live check; it is None without such
    a check and for a criterion that shows nothing about content. ``live_low`` is the rate that
    the check is sure to let pass.
    """

    baseline: Floats
    local: Floats
    clusters: NDArray[np.int64]
    least: PairCounts
    most: PairCounts
    live: PairCounts | None
    live_rate: float | None
    live_low: float | None
    p_floor: float

    @property
    def draws(self) -> int:
        """How many draws there are, graded or not."""
        return len(self.baseline)

    @property
    def graded(self) -> NDArray[np.bool_]:
        """Which draws were graded on both sides."""
        return ~np.isnan(self.baseline) & ~np.isnan(self.local)

    @property
    def ungradable_share(self) -> float | None:
        """Share of draws that could not be graded on both sides; None without draws."""
        return float(1 - self.graded.mean()) if self.draws else None


def summarize(evidence: Evidence, *, alpha: float) -> Sample:
    """Count draws and rates; ``live_low`` is the lower end of a two-sided interval at ``alpha``.

    A live check that could not tell counts as not passed: the answer would go back to the API. A
    local answer that could not be graded is below the floor.
    """
    baseline, local = _outcomes(evidence.baseline_passed), _outcomes(evidence.local_passed)
    draws = len(baseline)
    least, most = bounds(baseline, local)
    clusters, everything = _clusters(evidence, draws), np.ones(draws, dtype=bool)
    graded = ~np.isnan(baseline) & ~np.isnan(local)

    def counted(difference: Floats, chosen: NDArray[np.bool_]) -> PairCounts:
        gains, losses = (int((sign * difference[chosen] > 0).sum()) for sign in (1, -1))
        deff = design_effect(difference[chosen], graded[chosen], clusters[chosen])
        return PairCounts(gains, losses, int(chosen.sum()), deff)

    live = live_rate = live_low = None
    if evidence.live_passed is not None and draws and not evidence.cannot_earn:
        passing = _outcomes(evidence.live_passed) == 1
        live, live_rate = counted(least, passing), float(passing.mean())
        effective = draws / stats.design_effect(passing, clusters)
        low, _ = stats.clopper_pearson_interval(live_rate * effective, effective, alpha=alpha)
        live_low = float(low)
    p_floor = 0.0
    if evidence.floor is not None:
        passed = np.nan_to_num(local, nan=0.0)
        effective = draws / design_effect(passed, ~np.isnan(local), clusters)
        passes = passed.mean() * effective if draws else 0.0
        p_floor = float(stats.rate_p_value(passes, effective, evidence.floor))
    return Sample(
        baseline=baseline,
        local=local,
        clusters=clusters,
        least=counted(least, everything),
        most=counted(most, everything),
        live=live,
        live_rate=live_rate,
        live_low=live_low,
        p_floor=p_floor,
    )


def design_effect(filled: Floats, graded: NDArray[np.bool_], clusters: NDArray[np.int64]) -> float:
    """Return the design effect of outcomes of which only some were graded, the others filled in.

    What was filled in may look less clustered than what was seen: the larger effect holds.
    """
    seen = stats.design_effect(filled[graded], clusters[graded])
    return max(stats.design_effect(filled, clusters), seen)


def bounds(baseline: Floats, local: Floats) -> tuple[Floats, Floats]:
    """Return the least and the most by which each local answer may be better: -1, 0 or 1.

    Outcomes are 1, 0, or NaN where one could not be graded; any shape. The least takes such a
    local answer for failed and such a logged answer for passed, the most the other way round.
    So whatever could not be graded is a loss for the claim "not worse", and a gain for the claim
    "worse": neither can be shown by what nobody saw, whatever made it go unseen.
    """
    least = np.nan_to_num(local, nan=0.0) - np.nan_to_num(baseline, nan=1.0)
    most = np.nan_to_num(local, nan=1.0) - np.nan_to_num(baseline, nan=0.0)
    return least, most


def _outcomes(passed: Sequence[bool | None]) -> Floats:
    return np.array([np.nan if value is None else float(value) for value in passed], dtype=float)


def _clusters(evidence: Evidence, draws: int) -> NDArray[np.int64]:
    """A number per draw, shared by the draws of one cluster."""
    alone = np.arange(draws)
    if evidence.units is None or not draws:
        return alone
    _, unit = np.unique(np.asarray(evidence.units, dtype=object), return_inverse=True)
    clustered = np.ones(draws, dtype=bool)
    if evidence.unit_shares is not None:
        clustered &= np.asarray(evidence.unit_shares, dtype=float) > 1 / draws
    if evidence.calls is not None:
        distinct = Counter(
            group for group, _ in set(zip(unit.tolist(), evidence.calls, strict=True))
        )
        clustered &= np.array([distinct[group] > 1 for group in unit.tolist()])
    return np.where(clustered, unit, draws + alone)

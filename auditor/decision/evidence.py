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

    Outcomes are True, False, or None where the grader could not tell; an answer that failed
    after the draw (timeout, truncation, empty) is False. ``live_passed`` says whether the local
    answer passes a check that could run in production, None when there is no such check.
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
    """Pairs where only the local (gains) or only the logged answer (losses) passes."""

    gains: int
    losses: int
    pairs: int
    deff: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one piece of evidence comes to: pairs, counts and rates.

    ``baseline``, ``local`` and ``clusters`` hold one value per pair. ``live`` counts the pairs
    whose local answer passes the live check; it is None without such a check and for a criterion
    that shows nothing about content. ``live_low`` is the rate that the check is sure to let pass.
    """

    draws: int
    baseline: Floats
    local: Floats
    clusters: NDArray[np.int64]
    counts: PairCounts
    live: PairCounts | None
    live_rate: float | None
    live_low: float | None
    p_floor: float

    @property
    def ungradable_share(self) -> float | None:
        """Share of draws that a grader could not judge; None without draws."""
        return 1 - self.counts.pairs / self.draws if self.draws else None


def summarize(evidence: Evidence, *, alpha: float) -> Sample:
    """Count pairs and rates; ``live_low`` is the lower end of a two-sided interval at ``alpha``.

    A live check that could not tell counts as not passed: the answer would go back to the API.
    """
    baseline, local = _outcomes(evidence.baseline_passed), _outcomes(evidence.local_passed)
    draws = len(baseline)
    graded = ~np.isnan(baseline) & ~np.isnan(local)
    clusters = _clusters(evidence, draws)

    def pairs(chosen: NDArray[np.bool_]) -> PairCounts:
        difference = (local - baseline)[chosen]
        gains, losses = int((difference > 0).sum()), int((difference < 0).sum())
        deff = stats.design_effect(difference, clusters[chosen])
        return PairCounts(gains, losses, len(difference), deff)

    live = live_rate = live_low = None
    if evidence.live_passed is not None and draws and not evidence.cannot_earn:
        passing = _outcomes(evidence.live_passed) == 1
        live, live_rate = pairs(graded & passing), float(passing.mean())
        effective = draws / stats.design_effect(passing, clusters)
        low, _ = stats.clopper_pearson_interval(live_rate * effective, effective, alpha=alpha)
        live_low = float(low)
    p_floor = 0.0
    if evidence.floor is not None:
        effective = graded.sum() / stats.design_effect(local[graded], clusters[graded])
        passes = local[graded].mean() * effective if effective else 0.0
        p_floor = float(stats.rate_p_value(passes, effective, evidence.floor))
    return Sample(
        draws=draws,
        baseline=baseline[graded],
        local=local[graded],
        clusters=clusters[graded],
        counts=pairs(graded),
        live=live,
        live_rate=live_rate,
        live_low=live_low,
        p_floor=p_floor,
    )


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

"""From the evidence of one audit to verdicts, five bars and a headline.

``procedure.decide_many`` makes the claims; this module names them and adds what a reader wants to
see beside them. A ``Reason`` is only a slug: ``reasons.reason_text`` makes the one sentence that
terminal, HTML, plan and JSON show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from math import ceil, isnan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from auditor.decision import stats
from auditor.decision.evidence import Evidence, PairCounts, Sample, design_effect, summarize
from auditor.decision.procedure import ALPHA, MARGIN, Counts, Outcomes, decide_many
from auditor.domain import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Interval = tuple[float, float]

# A baseline below this says more about the criterion than about the local model.
WEAK_BASELINE = 0.80
_POWER, _HOPELESS = 0.80, 100_000
# The order in which one candidate is picked per category.
_PREFERENCE = (
    Verdict.MOVE,
    Verdict.FALLBACK,
    Verdict.UNDECIDED,
    Verdict.UNMEASURED,
    Verdict.KEEP,
)


class Reason(StrEnum):
    """Why a category has its verdict; the comments name the verdicts a reason can lead to."""

    NOT_WORSE = "not-worse"  # move
    LIVE_CHECK = "live-check"  # fallback
    OPEN = "open"  # undecided
    FORM_ONLY = "form-only"  # undecided
    UNNOTICING = "unnoticing"  # undecided
    BELOW_FLOOR = "below-floor"  # undecided
    UNGRADABLE = "ungradable"  # undecided
    WORSE = "worse"  # keep
    INELIGIBLE = "ineligible"  # keep
    NOT_REPLAYED = "not-replayed"  # unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on one category and candidate, and everything a reader sees beside it.

    ``n`` of ``draws`` were graded on both sides: rates and difference are of those. Intervals are
    two-sided at ``alpha``, each at its effective size (Wilson for rates, Tango for the difference),
    and hold whatever the ungraded draws are; None where nothing was graded. p-values
    are not adjusted for the number of tests; None where nothing was tested. ``live_low`` is the
    rate that the live check is sure to let pass. ``more_draws`` would settle the question in
    four of five cases if the truth is as estimated; None where the question is settled, or no
    affordable number of draws would do.
    """

    category_id: str
    candidate_id: str
    verdict: Verdict
    test_result: TestResult
    reason: Reason
    eligible_usd: Decimal
    ineligible_usd: Decimal
    draws: int = 0
    n: int = 0
    design_effect: float = 1.0
    ungradable_share: float | None = None
    baseline_rate: float | None = None
    baseline_interval: Interval | None = None
    local_rate: float | None = None
    local_interval: Interval | None = None
    difference: float | None = None
    difference_interval: Interval | None = None
    p_not_worse: float | None = None
    p_worse: float | None = None
    live_rate: float | None = None
    live_low: float | None = None
    weak_baseline: bool = False
    more_draws: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Every decision, one pick per category, five bars that sum to the spend, and the headline.

    ``low``, ``high`` and ``fallback`` are shares of ``total_usd``, None when that is 0.
    ``fallback`` comes on top of ``low``. ``level`` is the family-wise error of each of the two
    claims. ``smallest_n`` is the fewest pairs with which the first test of this family could show
    anything movable, None without a test.
    """

    decisions: Sequence[Decision]
    picks: Mapping[str, Decision]
    bars: Mapping[Verdict, Decimal]
    total_usd: Decimal
    low: float | None
    high: float | None
    fallback: float | None
    level: float
    smallest_n: int | None


def decide(
    evidence: Sequence[Evidence],
    *,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Portfolio:
    """Decide every category of an audit.

    ``evidence`` holds every category of the log, also those never replayed: the bars are shares
    of their spend.

    Raises:
        ValueError: there is nothing to decide, a category and candidate come twice, or candidates
            disagree on a category's spend.
    """
    _check(evidence)
    level = alpha / 2
    samples = [summarize(item, alpha=alpha) for item in evidence]
    numbers = {name: row for row, name in enumerate(dict.fromkeys(e.category_id for e in evidence))}
    outcomes = decide_many(
        _columns([sample.least for sample in samples]),
        most=_columns([sample.most for sample in samples]),
        eligible=[float(item.eligible_usd) for item in evidence],
        ineligible=[float(item.ineligible_usd) for item in evidence],
        category=[numbers[item.category_id] for item in evidence],
        started=[sample.draws > 0 for sample in samples],
        form_only=[item.cannot_earn for item in evidence],
        p_floor=[sample.p_floor for sample in samples],
        live=_columns([sample.live or PairCounts(0, 0, 0, 1.0) for sample in samples]),
        live_tested=[sample.live is not None for sample in samples],
        live_rate=[sample.live_low or 0.0 for sample in samples],
        margin=margin,
        level=level,
    )
    family = sum(sample.draws > 0 for sample in samples) + sum(s.live is not None for s in samples)
    smallest = stats.zero_discordance_floor(margin=margin, alpha=level / family) if family else None
    decisions = [
        _decision(
            item,
            sample,
            outcomes,
            row,
            margin=margin,
            alpha=alpha,
            strictest=level / max(family, 1),
        )
        if sample.draws
        else _undrawn(item)
        for row, (item, sample) in enumerate(zip(evidence, samples, strict=True))
    ]

    picks: dict[str, Decision] = {}
    by_preference = sorted(decisions, key=lambda d: (_PREFERENCE.index(d.verdict), -d.eligible_usd))
    for decision in by_preference:
        picks.setdefault(decision.category_id, decision)
    bars = dict.fromkeys(Verdict, Decimal(0))
    for pick in picks.values():
        bars[pick.verdict] += pick.eligible_usd
        bars[Verdict.KEEP] += pick.ineligible_usd
    total_usd = sum(bars.values(), Decimal(0))
    return Portfolio(
        decisions=tuple(decisions),
        picks={name: picks[name] for name in numbers},
        bars=bars,
        total_usd=total_usd,
        low=float(outcomes.low[0]) if total_usd else None,
        high=float(outcomes.high[0]) if total_usd else None,
        fallback=float(outcomes.fallback_share[0]) if total_usd else None,
        level=level,
        smallest_n=smallest,
    )


def _check(evidence: Sequence[Evidence]) -> None:
    if not evidence:
        raise ValueError("no category to decide")
    if len({(item.category_id, item.candidate_id) for item in evidence}) != len(evidence):
        raise ValueError("a category and candidate come twice")
    spend: dict[str, Decimal] = {}
    for item in evidence:
        total = item.eligible_usd + item.ineligible_usd
        if spend.setdefault(item.category_id, total) != total:
            raise ValueError(f"{item.category_id}: candidates disagree on its spend")


def _columns(counts: Sequence[PairCounts]) -> Counts:
    gains, losses, pairs, deff = zip(*counts, strict=True)
    return Counts(gains=gains, losses=losses, pairs=pairs, deff=deff)


def _undrawn(evidence: Evidence) -> Decision:
    """Decide a category without draws: it was not replayed, or none of its calls is eligible."""
    ineligible = not evidence.eligible_usd and evidence.ineligible_usd > 0
    return Decision(
        category_id=evidence.category_id,
        candidate_id=evidence.candidate_id,
        verdict=Verdict.KEEP if ineligible else Verdict.UNMEASURED,
        test_result=TestResult.UNTESTED,
        reason=Reason.INELIGIBLE if ineligible else Reason.NOT_REPLAYED,
        eligible_usd=evidence.eligible_usd,
        ineligible_usd=evidence.ineligible_usd,
    )


def _decision(
    evidence: Evidence,
    sample: Sample,
    outcomes: Outcomes,
    row: int,
    *,
    margin: float,
    alpha: float,
    strictest: float,
) -> Decision:
    """Name the claims of one row; ``strictest`` is the level of the first step of Holm."""

    def known(values: NDArray[np.float64]) -> float | None:
        value = float(values[0, row])
        return None if isnan(value) else value

    graded = sample.graded
    n = int(graded.sum())
    verdict, reason = _verdict(evidence, sample, outcomes, row, margin=margin)
    more = None
    if reason in {Reason.OPEN, Reason.BELOW_FLOOR}:
        floor = evidence.floor if reason is Reason.BELOW_FLOOR else None
        more = _more_draws(sample, margin=margin, floor=floor, level=strictest)
    decision = replace(
        _undrawn(evidence),
        verdict=verdict,
        test_result=_test_result(sample, outcomes, row),
        reason=reason,
        draws=sample.draws,
        n=n,
        design_effect=max(sample.least.deff, sample.most.deff),
        ungradable_share=sample.ungradable_share,
        p_not_worse=known(outcomes.p_not_worse),
        p_worse=known(outcomes.p_worse),
        live_rate=sample.live_rate,
        live_low=sample.live_low,
        more_draws=more,
    )
    if not n:
        return decision
    baseline_rate = float(sample.baseline[graded].mean())
    local_rate = float(sample.local[graded].mean())
    return replace(
        decision,
        baseline_rate=baseline_rate,
        baseline_interval=_rate_interval(sample, sample.baseline, alpha),
        local_rate=local_rate,
        local_interval=_rate_interval(sample, sample.local, alpha),
        difference=float((sample.local - sample.baseline)[graded].mean()),
        difference_interval=_difference_interval(sample, alpha),
        weak_baseline=baseline_rate < WEAK_BASELINE,
    )


def _test_result(sample: Sample, outcomes: Outcomes, row: int) -> TestResult:
    if not sample.graded.any():
        return TestResult.UNTESTED
    if outcomes.not_worse[0, row]:
        return TestResult.NOT_WORSE
    return TestResult.WORSE if outcomes.worse[0, row] else TestResult.OPEN


def _verdict(
    evidence: Evidence, sample: Sample, outcomes: Outcomes, row: int, *, margin: float
) -> tuple[Verdict, Reason]:
    """Return the verdict on a category that was drawn, and why."""
    if outcomes.move[0, row]:
        return Verdict.MOVE, Reason.NOT_WORSE
    if outcomes.fallback[0, row]:
        return Verdict.FALLBACK, Reason.LIVE_CHECK
    if outcomes.worse[0, row]:
        return Verdict.KEEP, Reason.WORSE
    why = Reason.OPEN
    if (sample.ungradable_share or 0.0) > margin:
        why = Reason.UNGRADABLE  # they alone could hide a difference of the margin
    elif evidence.form_only:
        why = Reason.FORM_ONLY
    elif evidence.unnoticing:
        why = Reason.UNNOTICING
    elif outcomes.not_worse[0, row]:
        why = Reason.BELOW_FLOOR
    return Verdict.UNDECIDED, why


def _rate_interval(sample: Sample, passed: NDArray[np.float64], alpha: float) -> Interval:
    """Wilson interval of a pass rate at its effective size, whatever the ungraded draws are."""
    ends = []
    for end, ungraded in enumerate((0.0, 1.0)):
        filled = np.nan_to_num(passed, nan=ungraded)
        n = len(filled) / design_effect(filled, ~np.isnan(passed), sample.clusters)
        ends.append(float(stats.wilson_interval(filled.mean() * n, n, alpha=alpha)[end]))
    return ends[0], ends[1]


def _difference_interval(sample: Sample, alpha: float) -> Interval:
    """Tango interval of the difference, whatever the ungraded draws are."""
    ends = [
        float(stats.tango_interval(*counts[:3], alpha=alpha, deff=counts.deff)[end])
        for end, counts in enumerate((sample.least, sample.most))
    ]
    return ends[0], ends[1]


def _more_draws(sample: Sample, *, margin: float, floor: float | None, level: float) -> int | None:
    """Further draws that settle the question with 80 % power if the truth is as estimated.

    A z-statistic grows with the root of n, so n has to grow by the square of what it lacks. The
    share that cannot be graded is taken to stay, so where it alone keeps the question open no
    number of draws is named.
    """
    n, counts = sample.draws, sample.least
    not_worse = float(stats.tango_z(*sample.least[:3], -margin)) / sqrt(sample.least.deff)
    worse = -float(stats.tango_z(*sample.most[:3], -margin)) / sqrt(sample.most.deff)
    z = not_worse
    if floor is not None:
        passing = float(np.nan_to_num(sample.local, nan=0.0).mean())
        z = (passing - floor) / sqrt(floor * (1 - floor) / n * counts.deff)
    elif worse > not_worse:
        z, counts = worse, sample.most
    wanted = float(ndtri(1 - level) + ndtri(_POWER))
    if z <= 0 or wanted > z * sqrt(_HOPELESS / n):
        return None
    draws = n * (wanted / z) ** 2
    if not_worse > 0:
        smallest = stats.zero_discordance_floor(margin=margin, alpha=level)
        draws = max(draws, counts.deff * smallest)
    return max(ceil(draws - n), 1)

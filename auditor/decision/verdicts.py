"""From the evidence of one audit to verdicts, five bars and a headline.

The claims come from ``decision.decide_many``; here they get their names and what a reader wants
to see beside them. Nothing is phrased: a ``Reason`` is a slug and numbers, so that terminal,
HTML and JSON can each say the same in their own words.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from math import ceil, isnan, sqrt
from typing import TYPE_CHECKING

from scipy.special import ndtri

from auditor.decision import stats
from auditor.decision.evidence import Evidence, PairCounts, Sample, count
from auditor.decision.procedure import ALPHA, MARGIN, Counts, LookPlan, Outcomes, decide_many
from auditor.domain import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Interval = tuple[float, float]

# More draws than this that no grader could judge leave the test open: they could hide a
# difference of twice the default margin. Fewer are left out of the pairs, and their share shown.
UNGRADABLE_LIMIT = 0.10
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is what it is: a slug for the renderer and the numbers for its sentence.

    ``move``: not-worse. ``fallback``: live-check. ``undecided``: open, form-only, below-floor,
    ungradable. ``keep``: worse, ineligible. ``unmeasured``: not-replayed, ungradable.
    """

    slug: str
    params: Mapping[str, float | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One category and candidate, with everything a reader sees beside the verdict.

    ``n`` of ``draws`` were graded on both sides. Intervals are two-sided at ``alpha``, each at
    its effective size (Wilson for rates, Tango for the difference), None without pairs. p-values
    are Holm-adjusted where they say so, None where nothing was tested. ``live_low`` is the rate
    that the live check is sure to let pass. ``more_draws`` would settle the question in four of
    five cases if the truth is as estimated; None when not open, or when that is hopeless.
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
    n_effective: float = 0.0
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
    adjusted_not_worse: float | None = None
    adjusted_worse: float | None = None
    live_rate: float | None = None
    live_low: float | None = None
    adjusted_fallback: float | None = None
    weak_baseline: bool = False
    more_draws: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Every decision, one pick per category, five bars that sum to the spend, and the headline.

    ``low``, ``high`` and ``fallback`` are shares of ``total_usd``, None when that is 0.
    ``fallback`` stands beside ``low`` and is no part of it. ``smallest_n`` is the fewest pairs
    with which the first test of this family could show anything movable, None without a test.
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
    plan: LookPlan | None = None,
    look: int = 0,
) -> Portfolio:
    """Decide every category of an audit, at one look of the plan or, without one, once for all.

    ``evidence`` holds every category of the log, also those never replayed: the bars are shares
    of their spend. A look uses no draw beyond its size. Raises ValueError when there is nothing
    to decide, a category and candidate comes twice, or candidates disagree on the spend.
    """
    _check(evidence)
    level = alpha / 2 if plan is None else plan.level(alpha, look)
    if plan is not None:
        evidence = [item.first(plan.sizes[look]) for item in evidence]
    samples = [count(item, alpha=alpha) for item in evidence]
    numbers = {name: row for row, name in enumerate(dict.fromkeys(e.category_id for e in evidence))}
    outcomes = decide_many(
        _columns([sample.counts for sample in samples]),
        eligible=[float(item.eligible_usd) for item in evidence],
        ineligible=[float(item.ineligible_usd) for item in evidence],
        category=[numbers[item.category_id] for item in evidence],
        started=[sample.draws > 0 for sample in samples],
        testable=[(sample.ungradable_share or 0) <= UNGRADABLE_LIMIT for sample in samples],
        form_only=[item.form_only for item in evidence],
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


def percentages(bars: Mapping[Verdict, Decimal], *, digits: int = 0) -> dict[Verdict, Decimal]:
    """The bars in percent, rounded so that they still sum to exactly 100.

    Largest remainder: each is off by less than one unit of the last digit. All 0 without spend.
    """
    total = sum(bars.values(), Decimal(0))
    unit = Decimal(1).scaleb(-digits)
    if not total:
        return dict.fromkeys(bars, Decimal(0))
    exact = {verdict: amount * 100 / total for verdict, amount in bars.items()}
    rounded = {verdict: value.quantize(unit, ROUND_FLOOR) for verdict, value in exact.items()}
    missing = int((100 - sum(rounded.values())) / unit)
    for verdict in sorted(bars, key=lambda v: rounded[v] - exact[v])[:missing]:
        rounded[verdict] += unit
    return rounded


def _check(evidence: Sequence[Evidence]) -> None:
    if not evidence:
        raise ValueError("no category to decide")
    if len({(item.category_id, item.candidate_id) for item in evidence}) != len(evidence):
        raise ValueError("a category and candidate comes twice")
    spend: dict[str, Decimal] = {}
    for item in evidence:
        total = item.eligible_usd + item.ineligible_usd
        if spend.setdefault(item.category_id, total) != total:
            raise ValueError(f"{item.category_id}: candidates disagree on its spend")


def _columns(counts: Sequence[PairCounts]) -> Counts:
    gains, losses, pairs, deff = zip(*counts, strict=True)
    return Counts(gains=gains, losses=losses, pairs=pairs, deff=deff)


def _undrawn(evidence: Evidence) -> Decision:
    """The decision where nothing was drawn: not replayed, or no call eligible."""
    ineligible = not evidence.eligible_usd and evidence.ineligible_usd > 0
    return Decision(
        category_id=evidence.category_id,
        candidate_id=evidence.candidate_id,
        verdict=Verdict.KEEP if ineligible else Verdict.UNMEASURED,
        test_result=TestResult.UNTESTED,
        reason=Reason(slug="ineligible" if ineligible else "not-replayed"),
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

    gains, losses, n, deff = sample.counts
    verdict, reason = _verdict(evidence, sample, outcomes, row)
    more = None
    if reason.slug in {"open", "below-floor"}:
        floor = evidence.floor if reason.slug == "below-floor" else None
        more = _more_draws(sample, margin=margin, floor=floor, level=strictest)
    decision = replace(
        _undrawn(evidence),
        verdict=verdict,
        test_result=_test_result(sample, outcomes, row),
        reason=reason,
        draws=sample.draws,
        n=n,
        n_effective=n / deff,
        design_effect=deff,
        ungradable_share=sample.ungradable_share,
        p_not_worse=known(outcomes.p_not_worse),
        p_worse=known(outcomes.p_worse),
        adjusted_not_worse=known(outcomes.adjusted_not_worse),
        adjusted_worse=known(outcomes.adjusted_worse),
        live_rate=sample.live_rate,
        live_low=sample.live_low,
        adjusted_fallback=known(outcomes.adjusted_fallback),
        more_draws=more,
    )
    if not n:
        return decision
    baseline_rate = float(sample.baseline.mean())
    low, high = stats.tango_interval(gains, losses, n, alpha=alpha, deff=deff)
    return replace(
        decision,
        baseline_rate=baseline_rate,
        baseline_interval=_rate_interval(sample, sample.baseline, alpha),
        local_rate=float(sample.local.mean()),
        local_interval=_rate_interval(sample, sample.local, alpha),
        difference=(gains - losses) / n,
        difference_interval=(float(low), float(high)),
        weak_baseline=baseline_rate < WEAK_BASELINE,
    )


def _test_result(sample: Sample, outcomes: Outcomes, row: int) -> TestResult:
    if not sample.counts.pairs:
        return TestResult.UNTESTED
    if outcomes.not_worse[0, row]:
        return TestResult.NOT_WORSE
    return TestResult.WORSE if outcomes.worse[0, row] else TestResult.OPEN


def _verdict(
    evidence: Evidence, sample: Sample, outcomes: Outcomes, row: int
) -> tuple[Verdict, Reason]:
    """The verdict of a category that was drawn, and why."""
    ungradable = sample.ungradable_share or 0.0
    if outcomes.move[0, row]:
        return Verdict.MOVE, Reason(slug="not-worse")
    if outcomes.fallback[0, row]:
        served = {"live_rate": sample.live_rate, "live_low": sample.live_low}
        return Verdict.FALLBACK, Reason(slug="live-check", params=served)
    if outcomes.worse[0, row]:
        return Verdict.KEEP, Reason(slug="worse")
    why = Reason(slug="open")
    if not sample.counts.pairs or ungradable > UNGRADABLE_LIMIT:
        why = Reason(slug="ungradable", params={"share": ungradable, "limit": UNGRADABLE_LIMIT})
    elif evidence.form_only:
        why = Reason(slug="form-only")
    elif outcomes.not_worse[0, row]:
        why = Reason(slug="below-floor", params={"floor": evidence.floor})
    return (Verdict.UNDECIDED if sample.counts.pairs else Verdict.UNMEASURED), why


def _rate_interval(sample: Sample, passed: NDArray[np.float64], alpha: float) -> Interval:
    """Wilson interval of a pass rate at its effective size."""
    n = len(passed) / stats.design_effect(passed, sample.clusters)
    low, high = stats.wilson_interval(passed.mean() * n, n, alpha=alpha)
    return float(low), float(high)


def _more_draws(sample: Sample, *, margin: float, floor: float | None, level: float) -> int | None:
    """Further draws that settle the question with 80 % power if the truth is as estimated.

    A z-statistic grows with the root of n, so n has to grow by the square of what it lacks.
    """
    gains, losses, n, deff = sample.counts
    if floor is None:
        z = abs(float(stats.tango_z(gains, losses, n, -margin)))
    else:
        z = max(float(sample.local.mean()) - floor, 0.0) / sqrt(floor * (1 - floor) / n)
    z, wanted = z / sqrt(deff), float(ndtri(1 - level) + ndtri(_POWER))
    if wanted > z * sqrt(_HOPELESS / n):
        return None
    pairs = n * (wanted / z) ** 2
    if gains - losses > -margin * n:
        pairs = max(pairs, deff * stats.zero_discordance_floor(margin=margin, alpha=level))
    return max(ceil((pairs - n) * sample.draws / n), 1)

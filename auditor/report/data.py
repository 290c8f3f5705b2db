"""Everything the report says, as one frozen tree. Unknown is None; amounts are Decimal, USD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from auditor.criteria.trials import Trial
    from auditor.criteria.ungradable import Ungradable
    from auditor.domain import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Between ``low`` and ``high`` of priced spend can move; ``fallback`` stands beside ``low``."""

    total_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    fallback_usd: Decimal
    low: float
    high: float
    fallback: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The logs as a whole.

    ``total_usd_month`` is the mean per covered day times ``days_per_month``.
    """

    calls: int
    total_usd: Decimal | None
    total_usd_month: Decimal | None
    first_day: date | None
    last_day: date | None
    covered_days: int | None
    days_per_month: Decimal
    gap_days: int
    unpriced_calls: int
    failed_calls: int
    masked_calls: int
    truncated_answers: int
    textless_calls: int
    replayed_calls: int
    graded_draws: int
    categories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One of the five bars of priced spend."""

    verdict: Verdict
    calls: int
    spend_usd: Decimal
    share: float
    reasons: Sequence[BarReason] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarReason:
    """A part of a bar that stands there for one reason."""

    reason: str
    calls: int
    spend_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionReport:
    """The rule a category's answers were graded by."""

    name: str
    origin: str
    form_only: bool
    live_checkable: bool
    definition: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The API model against itself: calls asked again, and how often the verdict differs."""

    calls: int
    logged_rate: float
    rerun_rate: float
    differing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryReport:
    """A category: spend, paired test and verdict with the candidate that the plan picked."""

    category_id: str
    name: str
    method: str
    output_shape: str | None
    calls: int
    spend_usd: Decimal
    share: float | None
    cumulative_share: float | None
    usd_per_1000_calls: Decimal | None
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    verdict: Verdict
    reason: str
    wave: int | None
    candidate_id: str | None
    gross_usd_month: Decimal | None
    local_usd_month: Decimal | None
    net_usd_month: Decimal | None
    n: int
    n_calls: int | None
    ungradable: int | None
    ungradable_why: str | None
    design_effect: float | None
    baseline_rate: float | None
    baseline_low: float | None
    baseline_high: float | None
    local_rate: float | None
    local_low: float | None
    local_high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p_not_worse: float | None
    p_worse: float | None
    test_result: str | None
    more_draws: int | None
    live_pass_rate: float | None
    masked_share: float | None
    flags: Sequence[str]
    criterion: CriterionReport | None
    trial: Trial | None
    live_check: str | None
    noise: Noise | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two answers of an example; measures are None where log or engine gave none.

    ``text`` may have been shortened by ``cut`` characters; ``svg`` is the whole picture in it.
    """

    text: str
    cut: int
    svg: str | None
    tool_calls: str | None
    passed: bool | None
    explanation: str
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: float | None
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A drawn call with both answers, chosen by ``rule``; texts may have been cut."""

    category_id: str
    rule: str
    draw_no: int
    call_id: str
    model: str | None
    system: str
    prompt: str
    system_cut: int
    prompt_cut: int
    api: Side
    local: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedReport:
    """Measured speed of a candidate at one concurrency."""

    concurrency: int
    prompt_tokens_per_s: float | None
    output_tokens_per_s: float | None
    ttft_ms_p50: float | None
    requests: int
    peak_memory_bytes: int | None
    energy_wh: float | None
    machine: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The machines a candidate would need; ``assumptions`` say each value and its origin."""

    machines: int | None
    usd_month: Decimal | None
    fixed_usd_month: Decimal | None
    setup_usd: Decimal | None
    busiest_hour_load: float | None
    assumptions: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateReport:
    """A local model under test.

    ``failed_answers`` are fails of the model, ``unanswered`` failures that it is not to blame for.
    """

    candidate_id: str
    engine: str
    model: str
    weights_hash: str | None
    context_tokens: int | None
    settings: Mapping[str, Any]
    answers: int
    failed_answers: int
    unanswered: int
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    smoke_test: bool
    speeds: Sequence[SpeedReport]
    machines: Machines | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSaving:
    """Gross spend, local cost and net of everything in a wave of the plan, per month."""

    categories: int
    gross_usd_month: Decimal
    local_usd_month: Decimal | None
    net_usd_month: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Whether the plan pays: local cost against volume, and what is paid once against the saving.

    Local serving costs ``fixed + variable x volume`` a month, volume 1 being today's; ``volume``
    is where that meets the API's cost, None where it never does. ``purchase_usd`` of machines and
    ``setup_usd`` are paid once; ``payback_months`` is when the monthly cash has brought them back,
    None where it does not within ``horizon_months``. ``npv_usd`` is the net present value of the
    plan over that horizon.
    """

    api_usd_month: Decimal
    fixed_usd_month: Decimal
    variable_usd_month: Decimal
    volume: float | None
    purchase_usd: Decimal
    setup_usd: Decimal
    payback_months: int | None
    horizon_months: int
    npv_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A batch of categories that moves together."""

    wave: int
    categories: Sequence[CategoryReport]
    gross_usd_month: Decimal
    local_usd_month: Decimal | None
    net_usd_month: Decimal | None
    cumulative_gross_usd_month: Decimal
    cumulative_net_usd_month: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """Categories that stay for one reason."""

    verdict: Verdict
    reason: str
    categories: Sequence[CategoryReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLedger:
    """A log file: records = calls + duplicates + not_calls + rejects."""

    path: str
    reader: str | None
    records: int
    calls: int
    duplicates: int
    not_calls: int
    rejects: int
    complete: bool
    spend_usd: Decimal | None
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectReason:
    """Why records could not be read, with the first one's place."""

    reason: str
    records: int
    example: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpend:
    """Spend and tokens of one provider's model."""

    provider: str
    model: str
    calls: int
    spend_usd: Decimal | None
    input_uncached_tokens: int | None
    cache_read_tokens: int | None
    output_tokens: int | None
    cost_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitiveClass:
    """Calls and spend that hold one class of sensitive data; classes overlap."""

    name: str
    calls: int
    spend_usd: Decimal | None
    share_of_spend: float | None
    movable_spend_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """An integrity query that found rows."""

    name: str
    rows: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the audit was made; None where no stage recorded it."""

    margin: float | None
    alpha: float | None
    floor: float | None
    seeds: Sequence[int]
    price_sources: Sequence[str]
    generated_at: datetime | None
    version: str
    command: str
    incomplete_stages: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report: page, plan, JSON and terminal render it and compute no number."""

    headline: Headline
    totals: Totals
    bars: Sequence[Bar]
    categories: Sequence[CategoryReport]
    examples: Sequence[Example]
    candidates: Sequence[CandidateReport]
    saving: PlanSaving | None
    break_even: BreakEven | None
    waves: Sequence[Wave]
    ledger: Sequence[SourceLedger]
    rejects: Sequence[RejectReason]
    models: Sequence[ModelSpend]
    sensitive: Sequence[SensitiveClass]
    ungradable: Sequence[Ungradable]
    checks: Sequence[FailedCheck]
    method: Method

    @property
    def tested(self) -> list[CategoryReport]:
        """The categories with graded pairs, in order of spend."""
        return [item for item in self.categories if item.n and item.local_rate is not None]

    @property
    def tried(self) -> list[tuple[CategoryReport, Trial]]:
        """The categories whose criterion was tried on planted errors, in order of spend."""
        return [(item, item.trial) for item in self.categories if item.trial is not None]

    @property
    def smoke_tests(self) -> list[CandidateReport]:
        """The candidates that show only that everything works."""
        return [one for one in self.candidates if one.smoke_test]

    @property
    def staying(self) -> list[Staying]:
        """What no wave moves, grouped by verdict and reason, costliest group first."""
        groups: dict[tuple[Verdict, str], list[CategoryReport]] = {}
        for item in self.categories:
            if item.wave is None:
                groups.setdefault((item.verdict, item.reason), []).append(item)
        return [
            Staying(verdict=verdict, reason=reason, categories=members)
            for (verdict, reason), members in groups.items()
        ]

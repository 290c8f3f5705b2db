"""The charts of the page, each filled from the report."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from auditor.report import charts
from auditor.report.sentences import headline_sentence
from auditor.report.wording import MARKS, money, percent, verdict_word

if TYPE_CHECKING:
    from markupsafe import Markup

    from auditor.report.data import BreakEven, CategoryReport, Report

_RANKED_ROWS = 12
_FOREST_ROWS = 30
_MIN_VOLUME = 2.0
_MAX_VOLUME = 10.0


def draw_charts(report: Report) -> dict[str, Markup | None]:
    """Return every chart of the page by name, None where there is nothing to draw."""
    return {
        "interval": _interval(report),
        "bars": _bars(report),
        "spend": _spend(report),
        "quality": _quality(report),
        "cost": _cost(report.break_even),
    }


def _interval(report: Report) -> Markup | None:
    headline = report.headline
    if not headline.total_usd:
        return None
    return charts.interval_bar(
        headline.low,
        headline.high,
        low_text=f"{percent(headline.low)} shown movable",
        high_text=f"{percent(headline.high)} not ruled out",
        key="interval",
        title=headline_sentence(report),
    )


def _bars(report: Report) -> Markup | None:
    if not report.headline.total_usd:
        return None
    segments = [
        charts.Segment(
            kind=bar.verdict.value,
            share=bar.share,
            text=f"{MARKS[bar.verdict]} {percent(bar.share)}",
        )
        for bar in report.bars
        if bar.spend_usd
    ]
    title = "All priced spend: " + ", ".join(
        f"{verdict_word(bar.verdict)} {percent(bar.share)}" for bar in report.bars
    )
    return charts.stacked_bar(segments, key="bars", title=title)


def _spend(report: Report) -> Markup | None:
    shown = [item for item in report.categories if item.spend_usd][:_RANKED_ROWS]
    if not shown:
        return None
    rows = [
        charts.Ranked(
            kind=item.verdict.value,
            label=_label(item),
            value=float(item.spend_usd),
            note=f"{money(item.spend_usd)}, {percent(item.cumulative_share)} so far",
        )
        for item in shown
    ]
    rest = [item for item in report.categories if item.spend_usd][_RANKED_ROWS:]
    if rest:
        spend = sum((item.spend_usd for item in rest), Decimal(0))
        label = f"{len(rest)} smaller ones"
        note = f"{money(spend)}, {percent(1.0)} so far"
        rows.append(charts.Ranked(kind="other", label=label, value=float(spend), note=note))
    return charts.ranked_bars(
        rows, key="spend", title="Spend by category, costliest first, coloured by verdict"
    )


def _quality(report: Report) -> Markup | None:
    margin = report.method.margin
    rows = [
        charts.Estimate(
            kind=item.verdict.value,
            label=_label(item),
            note=f"{percent(item.local_rate)}, n {item.n}",
            rate=item.local_rate,
            low=item.local_low if item.local_low is not None else item.local_rate,
            high=item.local_high if item.local_high is not None else item.local_rate,
            reference=item.baseline_rate,
            threshold=None
            if margin is None or item.baseline_rate is None
            else item.baseline_rate - margin,
        )
        for item in report.tested[:_FOREST_ROWS]
        if item.local_rate is not None
    ]
    if not rows:
        return None
    return charts.forest_plot(
        rows,
        key="quality",
        title="Share of answers that pass, local model against API model, by category",
    )


def _cost(break_even: BreakEven | None) -> Markup | None:
    if break_even is None or not break_even.api_usd_month:
        return None
    volume = break_even.volume
    shown = _MIN_VOLUME if volume is None else max(_MIN_VOLUME, volume * 1.25)
    lines = (
        charts.Line(kind="api", label="API", at_zero=0.0, slope=float(break_even.api_usd_month)),
        charts.Line(
            kind="local",
            label="Local",
            at_zero=float(break_even.fixed_usd_month),
            slope=float(break_even.variable_usd_month),
        ),
    )
    return charts.cost_lines(
        charts.CostLines(lines=lines, max_volume=min(shown, _MAX_VOLUME), crossing=volume),
        key="cost",
        title="Monthly cost of the calls the plan moves against volume, API and local",
        axis="volume, in percent of today's",
    )


def _label(item: CategoryReport) -> str:
    return f"{MARKS[item.verdict]} {item.name}"

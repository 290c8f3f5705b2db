"""Charts as inline SVG: pure functions from numbers to markup.

Horizontal positions are percentages of the picture's width and there is no viewBox, so that text
keeps its size from a phone to A4. Only classes and presentation attributes are used, never a style
attribute (the page's content security policy refuses them); colours come from the page's CSS.
Every number is rounded to one decimal, so equal figures give equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from auditor.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL_CHARACTERS = 26
_ROW = 42.0
_FOREST_ROW = 50.0
_AXIS = 26.0
_MIN_SEGMENT_WITH_TEXT = 0.17  # room for the text on a phone
_MIN_AXIS_SPAN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a whole: ``share`` of 0 to 1, ``kind`` is its CSS class, ``text`` stands in it."""

    kind: str
    share: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A bar of ``value``, with a label to its left and a note to its right, both above it."""

    kind: str
    label: str
    value: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A rate with its interval, a reference mark and a threshold, all shares of 0 to 1."""

    kind: str
    label: str
    note: str
    rate: float
    low: float
    high: float
    reference: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line over a volume of 0 to ``CostLines.max_volume``."""

    kind: str
    label: str
    at_zero: float
    slope: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLines:
    """Cost against volume; ``crossing`` is where the lines meet, None where they do not."""

    lines: Sequence[Line]
    max_volume: float
    crossing: float | None


def interval_bar(
    low: float, high: float, *, low_text: str, high_text: str, key: str, title: str
) -> Markup:
    """One thin bar from 0 to 100 %: solid up to ``low``, light up to ``high``."""
    parts = [
        _rect(0, 100, 30, 14, "track"),
        _rect(100 * low, 100 * (high - low), 30, 14, "open"),
        _rect(0, 100 * low, 30, 14, "move"),
        _line(100 * low, 100 * low, 24, 48, "tick-strong"),
        _line(100 * high, 100 * high, 26, 50, "tick-strong"),
        _beside(low, 18, low_text, "strong"),
        _beside(high, 64, high_text, "strong"),
        *_scale(range(0, 101, 25), top=74, span=(0, 100)),
    ]
    return _picture(parts, height=90, key=key, title=title)


def stacked_bar(segments: Sequence[Segment], *, key: str, title: str) -> Markup:
    """Parts of a whole side by side; the narrow ones carry no text."""
    parts: list[Markup] = []
    start = 0.0
    for segment in segments:
        width = 100 * segment.share
        parts.append(_rect(start, width, 0, 40, f"{segment.kind} part"))
        if segment.share >= _MIN_SEGMENT_WITH_TEXT:
            parts.append(_text(start + width / 2, 25, segment.text, "on-fill", "middle"))
        start += width
    return _picture(parts, height=40, key=key, title=title)


def ranked_bars(rows: Sequence[Ranked], *, key: str, title: str) -> Markup:
    """Horizontal bars in the order given, the longest one filling the width."""
    largest = max((row.value for row in rows), default=0) or 1
    parts: list[Markup] = []
    for number, row in enumerate(rows):
        top = number * _ROW
        parts += [
            _text(0, top + 16, short_label(row.label), "label"),
            _text(100, top + 16, row.note, "note", "end"),
            _rect(0, 100, top + 24, 10, "track"),
            _rect(0, 100 * row.value / largest, top + 24, 10, row.kind),
        ]
    return _picture(parts, height=len(rows) * _ROW, key=key, title=title)


def forest_plot(rows: Sequence[Estimate], *, key: str, title: str) -> Markup:
    """Rates with their intervals on one axis that ends at 100 %.

    A dot with a whisker is the estimate, a diamond the reference, a dashed line the threshold.
    """
    shares = [
        value
        for row in rows
        for value in (row.low, row.reference, row.threshold)
        if value is not None
    ]
    start = max(0, min(100 - _MIN_AXIS_SPAN, floor(min(shares, default=0) * 10) * 10))
    height = len(rows) * _FOREST_ROW
    step = 10 if start >= 50 else 20 if start >= 20 else 25  # noqa: PLR2004 - percent
    ticks = [tick for tick in range(0, 101, step) if tick >= start]
    parts = [_line(_place(t, start), _place(t, start), 0, height, "grid") for t in ticks]
    for number, row in enumerate(rows):
        parts += _estimate(row, number * _FOREST_ROW, start)
    parts += _scale(ticks, top=height, span=(start, 100))
    return _picture(parts, height=height + _AXIS, key=key, title=title)


def _estimate(row: Estimate, top: float, start: int) -> list[Markup]:
    middle = top + 34
    low, high, rate = (_place(100 * value, start) for value in (row.low, row.high, row.rate))
    parts = [
        _text(0, top + 16, short_label(row.label), "label halo"),
        _text(100, top + 16, row.note, "note halo", "end"),
        _line(low, high, middle, middle, f"whisker {row.kind}"),
        _line(low, low, middle - 4, middle + 4, f"whisker {row.kind}"),
        _line(high, high, middle - 4, middle + 4, f"whisker {row.kind}"),
    ]
    if row.threshold is not None:
        at = max(0.0, _place(100 * row.threshold, start))
        parts.append(_line(at, at, middle - 9, middle + 9, "threshold"))
    if row.reference is not None:
        at = _place(100 * row.reference, start)
        parts.append(
            Markup(
                '<svg x="{}%" y="{}" class="chart"><path class="reference" d="{}"/></svg>'
            ).format(_short(at), _short(middle), "M0 -6L6 0L0 6L-6 0Z")
        )
    parts.append(
        Markup('<circle class="{}" cx="{}%" cy="{}" r="5"/>').format(
            f"dot {row.kind}", _short(rate), _short(middle)
        )
    )
    return parts


def cost_lines(costs: CostLines, *, key: str, title: str, axis: str) -> Markup:
    """Monthly cost against volume (1 is today's), the crossing marked."""
    height, top = 260.0, 24.0
    largest = max(line.at_zero + line.slope * costs.max_volume for line in costs.lines)
    ticks = nice_ticks(largest)
    scale = (height - top) / ticks[-1]
    parts = []
    for tick in ticks:
        y = height - tick * scale
        parts.append(_line(0, 100, y, y, "grid"))
        if tick:
            parts.append(_text(0, y - 4, f"${tick:,.2f}".removesuffix(".00"), "tick-label halo"))
    for line in costs.lines:
        end = height - (line.at_zero + line.slope * costs.max_volume) * scale
        parts += [
            _line(0, 100, height - line.at_zero * scale, end, f"cost {line.kind}"),
            _text(100, end - 8, line.label, f"label halo {line.kind}", "end"),
        ]
    if costs.crossing is not None and costs.crossing <= costs.max_volume:
        first = costs.lines[0]
        x = 100 * costs.crossing / costs.max_volume
        y = height - (first.at_zero + first.slope * costs.crossing) * scale
        parts += [
            _line(x, x, y, height, "threshold"),
            Markup('<circle class="crossing" cx="{}%" cy="{}" r="5"/>').format(
                _short(x), _short(y)
            ),
        ]
    steps = 4
    for number in range(steps + 1):
        share = number / steps
        anchor = "start" if number == 0 else "end" if number == steps else "middle"
        label = f"{share * costs.max_volume * 100:.0f} %"
        parts.append(_text(100 * share, height + 18, label, "tick-label", anchor))
    parts.append(_text(50, height + 38, axis, "note", "middle"))
    return _picture(parts, height=height + 44, key=key, title=title)


def short_label(label: str, limit: int = LABEL_CHARACTERS) -> str:
    """A label on one line that fits its picture; the table beside it holds the whole name."""
    text = " ".join(visible(label).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def nice_ticks(largest: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 to at least ``largest``, about ``wanted`` steps apart."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / wanted
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return [step * number for number in range(ceil(largest / step) + 1)]


def _place(percent: float, start: float) -> float:
    return (percent - start) / (100 - start) * 100


def _short(number: float) -> str:
    text = f"{number:.1f}"
    return "0" if text in {"0.0", "-0.0"} else text.removesuffix(".0")


def _rect(x: float, width: float, y: float, height: float, kind: str) -> Markup:
    return Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>').format(
        kind, _short(x), _short(y), _short(max(0.0, width)), _short(height)
    )


def _line(x1: float, x2: float, y1: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>').format(
        kind, _short(x1), _short(x2), _short(y1), _short(y2)
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        kind, _short(x), _short(y), anchor, visible(text)
    )


def _beside(share: float, y: float, text: str, kind: str) -> Markup:
    """Text at a mark, on the side that has the room."""
    return _text(100 * share, y, text, kind, "end" if share > 0.5 else "start")  # noqa: PLR2004


def _scale(ticks: Sequence[int], *, top: float, span: tuple[int, int]) -> list[Markup]:
    first, last = span
    labels = []
    for tick in ticks:
        anchor = "start" if tick == first else "end" if tick == last else "middle"
        labels.append(_text(_place(tick, first), top + 16, f"{tick} %", "tick-label", anchor))
    return labels


def _picture(parts: Sequence[Markup], *, height: float, key: str, title: str) -> Markup:
    return Markup(
        '<svg class="chart" width="100%" height="{}" role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title>'
        '<desc id="{}-d">The table or text beside this chart holds the same figures.</desc>'
        "{}</svg>"
    ).format(
        _short(height), key, key, key, visible(title), key, Markup("").join(map(escape, parts))
    )

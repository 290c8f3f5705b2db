"""Charts: numbers in, markup out that the page's policy allows and that tells no lie."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report import charts

if TYPE_CHECKING:
    from markupsafe import Markup

SHARES = st.floats(0, 1)
SVG = "{http://www.w3.org/2000/svg}"


def parse(markup: Markup) -> ET.Element:
    return ET.fromstring(str(markup).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def bars_of(markup: Markup, kind: str) -> list[ET.Element]:
    return [
        rect for rect in parse(markup).iter(f"{SVG}rect") if kind in rect.get("class", "").split()
    ]


def segment(share: float) -> charts.Segment:
    return charts.Segment(kind="move", share=share, text="53 %")


def estimate(**changes) -> charts.Estimate:
    values = {
        "kind": "move", "label": "Tickets", "note": "n 240", "rate": 0.9, "low": 0.85, "high": 0.94,
        "reference": 0.92, "threshold": 0.87,
    }  # fmt: skip
    return charts.Estimate(**values | changes)


def test_interval_bar_is_solid_to_low_and_light_to_high():
    markup = charts.interval_bar(0.41, 0.63, low_text="41 %", high_text="63 %", key="i", title="t")
    (solid,), (light,) = bars_of(markup, "move"), bars_of(markup, "open")
    assert (solid.get("x"), solid.get("width")) == ("0%", "41%")
    assert (light.get("x"), light.get("width")) == ("41%", "22%")


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=5))
def test_stacked_segments_lie_end_to_end_and_fill_the_whole(parts):
    shares = [part / sum(parts) for part in parts]
    markup = charts.stacked_bar([segment(share) for share in shares], key="b", title="t")
    rects = bars_of(markup, "part")
    end = 0.0
    for rect in rects:
        assert float(rect.get("x").rstrip("%")) == pytest.approx(end, abs=0.2)
        end = float(rect.get("x").rstrip("%")) + float(rect.get("width").rstrip("%"))
    assert end == pytest.approx(100, abs=0.3)


def test_narrow_segments_carry_no_text():
    markup = charts.stacked_bar([segment(0.97), segment(0.03)], key="b", title="t")
    assert len(list(parse(markup).iter(f"{SVG}text"))) == 1


def test_longest_ranked_bar_fills_the_width_and_the_others_are_in_proportion():
    rows = [charts.Ranked(kind="keep", label="a", value=value, note="") for value in (80, 20)]
    widths = [
        rect.get("width") for rect in bars_of(charts.ranked_bars(rows, key="s", title="t"), "keep")
    ]
    assert widths == ["100%", "25%"]


def test_forest_axis_ends_at_100_and_begins_below_the_lowest_end():
    root = parse(charts.forest_plot([estimate(low=0.72)], key="q", title="t"))
    ticks = [text.text for text in root.iter(f"{SVG}text") if "tick-label" in text.get("class")]
    assert ticks[0] == "70 %"
    assert ticks[-1] == "100 %"
    (dot,) = root.iter(f"{SVG}circle")
    assert dot.get("cx") == "66.7%"  # 90 between 70 and 100


@given(rate=SHARES, low=SHARES, high=SHARES, reference=SHARES, margin=st.floats(0, 0.3))
def test_forest_marks_stay_inside_the_picture(rate, low, high, reference, margin):
    low, rate, high = sorted((low, rate, high))
    row = estimate(rate=rate, low=low, high=high, reference=reference, threshold=reference - margin)
    markup = charts.forest_plot([row], key="q", title="t")
    for position in re.findall(r'(?:x|cx|x1|x2)="(-?[\d.]+)%"', markup):
        assert 0 <= float(position) <= 100


def test_forest_leaves_out_what_is_unknown():
    markup = charts.forest_plot([estimate(reference=None, threshold=None)], key="q", title="t")
    assert "reference" not in markup
    assert "threshold" not in markup


def test_cost_lines_mark_the_crossing_where_the_lines_meet():
    api = charts.Line(kind="api", label="API", at_zero=0, slope=400)
    local = charts.Line(kind="local", label="Local", at_zero=100, slope=200)
    costs = charts.CostLines(lines=[api, local], max_volume=2.0, crossing=0.5)
    root = parse(charts.cost_lines(costs, key="c", title="t", axis="volume"))
    (crossing,) = root.iter(f"{SVG}circle")
    assert crossing.get("cx") == "25%"
    # $200 on an axis up to $800 that is 236 high and ends at 260.
    assert float(crossing.get("cy")) == pytest.approx(260 - 200 / 800 * 236, abs=0.1)


def test_no_crossing_is_drawn_beyond_the_axis():
    line = charts.Line(kind="api", label="API", at_zero=0, slope=1)
    costs = charts.CostLines(lines=[line], max_volume=2.0, crossing=3.0)
    assert "crossing" not in charts.cost_lines(costs, key="c", title="t", axis="volume")


@pytest.mark.parametrize(
    ("largest", "last"),
    [(0, 1), (0.07, 0.08), (9, 10), (101, 150), (880, 1000), (2_000_000, 2_000_000)],
)
def test_nice_ticks_cover_the_largest_value(largest, last):
    ticks = charts.nice_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] == pytest.approx(last)
    assert len(ticks) <= 6


@given(st.floats(0.001, 1e9))
def test_ticks_always_reach_the_value(largest):
    assert charts.nice_ticks(largest)[-1] >= largest * (1 - 1e-9)


HOSTILE = '</svg><script>alert(1)</script>" onload="x\u202e\x1b[2J\x00'


@pytest.mark.parametrize(
    "markup",
    [
        charts.interval_bar(0.1, 0.9, low_text=HOSTILE, high_text=HOSTILE, key="k", title=HOSTILE),
        charts.stacked_bar([charts.Segment(kind="move", share=1, text=HOSTILE)], key="k", title=HOSTILE),
        charts.ranked_bars([charts.Ranked(kind="move", label=HOSTILE, value=1, note=HOSTILE)], key="k", title=HOSTILE),
        charts.forest_plot([estimate(label=HOSTILE, note=HOSTILE)], key="k", title=HOSTILE),
        charts.cost_lines(
            charts.CostLines(lines=[charts.Line(kind="api", label=HOSTILE, at_zero=1, slope=1)], max_volume=2, crossing=None),
            key="k", title=HOSTILE, axis=HOSTILE,
        ),
    ],
)  # fmt: skip
def test_hostile_text_stays_text_and_nothing_the_policy_refuses_is_used(markup):
    root = parse(markup)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "line", "text", "circle", "path"}
    for element in root.iter():
        assert not {name for name in element.attrib if name == "style" or name.startswith("on")}
    assert root.get("role") == "img"
    labelled = set(root.get("aria-labelledby").split())
    assert labelled == {root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")}


def test_labels_are_cut_to_one_line():
    assert charts.short_label("a\nb  c") == "a b c"
    cut = charts.short_label("x" * 100)
    assert len(cut) == charts.LABEL_CHARACTERS
    assert cut.endswith("…")

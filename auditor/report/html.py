"""The report as one self-contained HTML page: safe against hostile text, no request, no clock.

Everything from logs and models is hostile. Jinja escapes each expression, ``visible`` marks what
would act without being markup, and a content security policy with the hashes of the page's own
style and script refuses anything that got through.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from auditor.domain import Verdict
from auditor.report import sentences, wording
from auditor.report.assumptions import assumption_rows
from auditor.report.chart_data import draw_charts
from auditor.report.examples import ANSWER_CHARACTERS, MAX_SVG_CHARACTERS, truncate
from auditor.resources import resource
from auditor.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from auditor.report.data import BreakEven, Example, Report, Side

PAGE_BYTES = 1_000_000
"""The page is to stay below this; longer answers are cut shorter until it does."""

CATEGORY_ROWS = 100
_ANSWER_STEPS = (ANSWER_CHARACTERS, 1_500, 500, 150)
_SVG_PER_CHARACTER = MAX_SVG_CHARACTERS // ANSWER_CHARACTERS
_TIED = re.compile(r"(?<=\d) (?=%|m?s\b|\d\ds\b)|(?<=\bn) (?=[=\d])|(?<==) ")
_VOLUMES = (0.5, 1.0, 2.0)
_COST_FACTORS = (0.5, 1.0, 2.0)


def render_html(report: Report) -> str:
    """Return the page; equal reports give equal text."""
    page = ""
    for limit in _ANSWER_STEPS:
        page = _render(report, [_cut(example, limit) for example in report.examples])
        if len(page.encode()) <= PAGE_BYTES:
            break
    return page


def _render(report: Report, examples: Sequence[Example]) -> str:
    environment = templates()
    folder = resource("report_templates")
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = (folder / "report.js").read_text(encoding="utf-8")
    used = {item.candidate_id for item in report.categories}
    return environment.get_template("report.html").render(
        report=report,
        examples=[
            (category, group)
            for category in report.categories
            if (group := [one for one in examples if one.category_id == category.category_id])
        ],
        excerpts=len(examples),
        rows=report.categories[:CATEGORY_ROWS],
        others=report.categories[CATEGORY_ROWS:],
        tested=report.tested,
        tried=report.tried[:CATEGORY_ROWS],
        candidates=[one for one in report.candidates if one.candidate_id in used],
        smoke_tests=report.smoke_tests,
        charts=draw_charts(report),
        sensitivity=sensitivity_table(report.break_even),
        sentences=sentences,
        wording=wording,
        verdicts=list(Verdict),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=content_security_policy(style, script),
        data=script_data(_what_if(report.break_even)),
    )


def templates() -> Environment:
    """The template environment: everything escaped, nothing undefined, None shown as unknown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(resource("report_templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": lambda amount: _unbroken(wording.money(amount)),
        "percent": lambda share, places=0: _unbroken(wording.percent(share, places)),
        "interval": lambda low, high: _unbroken(wording.interval(low, high)),
        "points": wording.points,
        "count": wording.count,
        "duration": lambda value: _unbroken(wording.duration(value)),
        "p_value": wording.p_value,
        "word": wording.verdict_word,
        "mark": wording.MARKS.__getitem__,
        "meaning": wording.MEANINGS.__getitem__,
        "unbroken": _unbroken,
        "filename": lambda path: PurePath(path).name,
        "one_line_json": lambda value: json.dumps(value, ensure_ascii=False),
        "noise": lambda noise: _unbroken(sentences.noise_sentence(noise)),
        "flag": lambda slug: wording.FLAGS.get(slug, slug),
        "svg_image": svg_image,
        "assumption_rows": assumption_rows,
    }
    return environment


def content_security_policy(style: str, script: str) -> str:
    """The policy that allows this page's own style and script and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_source_hash(script)}'",
            f"style-src '{_source_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def script_data(value: Any) -> Markup:
    """JSON for a data block: ASCII, and no character that could end or open markup."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


def svg_image(picture: str) -> str:
    """A data URI of an SVG: in an ``img`` no script of it runs and nothing outside is fetched."""
    if "xmlns=" not in picture[: picture.find(">")]:
        picture = picture[:4] + ' xmlns="http://www.w3.org/2000/svg"' + picture[4:]
    encoded = base64.b64encode(picture.encode("utf-8", "replace")).decode()
    return f"data:image/svg+xml;base64,{encoded}"


def sensitivity_table(break_even: BreakEven | None) -> list[tuple[float, list[float]]]:
    """Net saving a month: a row per volume, a column per factor on the local cost."""
    if break_even is None:
        return []
    api, fixed, variable = (
        float(break_even.api_usd_month),
        float(break_even.fixed_usd_month),
        float(break_even.variable_usd_month),
    )
    return [
        (volume, [volume * api - factor * (fixed + variable * volume) for factor in _COST_FACTORS])
        for volume in _VOLUMES
    ]


def _what_if(break_even: BreakEven | None) -> dict[str, float] | None:
    if break_even is None:
        return None
    return {
        "api": round(float(break_even.api_usd_month), 2),
        "fixed": round(float(break_even.fixed_usd_month), 2),
        "variable": round(float(break_even.variable_usd_month), 2),
    }


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finalize(value: Any) -> Any:
    """What every expression of a template passes through before it is escaped."""
    if value is None:
        return wording.UNKNOWN
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _unbroken(text: str) -> str:
    """Keep a number and its sign or unit on one line."""
    return _TIED.sub("\N{NO-BREAK SPACE}", text)


def _cut(example: Example, limit: int) -> Example:
    system, system_cut = truncate(example.system, limit)
    prompt, prompt_cut = truncate(example.prompt, limit)
    return replace(
        example,
        system=system,
        system_cut=example.system_cut + system_cut,
        prompt=prompt,
        prompt_cut=example.prompt_cut + prompt_cut,
        api=_cut_side(example.api, limit),
        local=_cut_side(example.local, limit),
    )


def _cut_side(side: Side, limit: int) -> Side:
    text, cut = truncate(side.text, limit)
    tool_calls = truncate(side.tool_calls, limit)[0] if side.tool_calls else None
    return replace(
        side,
        text=text,
        cut=side.cut + cut,
        svg=side.svg if side.svg and len(side.svg) <= limit * _SVG_PER_CHARACTER else None,
        tool_calls=tool_calls,
        explanation=truncate(side.explanation, limit)[0],
    )

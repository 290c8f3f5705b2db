"""The report: what it says, that it is the same everywhere, and that no text can act in it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_database import CANDIDATE, ROWS, fill

from auditor.cli.terminal import Terminal
from auditor.cli.views import audit as terminal
from auditor.config import LocalConfig
from auditor.domain import Verdict
from auditor.errors import AuditorError, ConfigError, NotReadyError
from auditor.plan.machines import Load, Work, serve
from auditor.report import sentences, wording
from auditor.report.as_json import render_json
from auditor.report.examples import svg_in
from auditor.report.html import PAGE_BYTES, render_html, script_data, svg_image
from auditor.report.markdown import escaped, render_plan
from auditor.report.read import read_report
from auditor.report.stage import ReportSettings, run
from auditor.resources import resource
from auditor.store.store import Store
from auditor.text.visible import visible

VOID = {"meta", "br", "img", "input", "link"}
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' ]]> {{7*7}} "
    "\u202egnp\u2066 \x1b[2J\x07 \x9b \x7f =cmd() | `x` \u200b\ufeff"
)


class Page(HTMLParser):
    """The page as a browser's parser sees it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.open and self.open[-1] in {"style", "script"}:
            key = "data" if self.tags[-1][1].get("id") == "data" else self.open[-1]
            self.raw[key] = self.raw.get(key, "") + data
        else:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).replace("\xa0", " ").split())


def report_of(store: Store, **filled):
    fill(store, **filled)
    return read_report(store, version="1.2.3", command="auditor audit logs.jsonl")


@pytest.fixture(scope="module")
def database():
    with Store.open() as store:
        fill(store)
        yield store


@pytest.fixture(scope="module")
def report(database):
    return read_report(database, version="1.2.3", command="auditor audit logs.jsonl")


@pytest.fixture(scope="module")
def page(report):
    return Page(render_html(report))


# -- the report ------------------------------------------------------------------------------------


def test_the_fixture_is_a_sound_database_with_all_five_verdicts(database, report):
    assert database.check() == []
    assert {item.verdict for item in report.categories} == set(Verdict)


def test_bars_sum_to_priced_spend_and_to_one(report):
    assert sum(bar.spend_usd for bar in report.bars) == report.headline.total_usd
    assert sum(bar.spend_usd for bar in report.bars) == sum(Decimal(row.spend) for row in ROWS)
    assert sum(bar.share for bar in report.bars) == pytest.approx(1)


def test_headline_is_what_is_shown_movable_and_what_is_not_ruled_out(report):
    headline = report.headline
    assert headline.low_usd == Decimal("355.40")
    assert headline.high_usd == headline.total_usd - Decimal("101.00")
    assert headline.fallback_usd == Decimal("98.40") * Decimal("0.81")


def test_saving_is_that_of_the_whole_plan(report):
    gross = (Decimal("355.40") + Decimal("98.40") * Decimal("0.81")) * Decimal("30.4") / 30
    assert report.saving.gross_usd_month == pytest.approx(gross, abs=Decimal("0.001"))
    assert report.saving.net_usd_month == (
        report.saving.gross_usd_month - report.saving.local_usd_month
    )
    assert report.waves[-1].cumulative_net_usd_month == report.saving.net_usd_month


def test_break_even_is_where_both_cost_the_same(report):
    one = report.break_even
    at = Decimal(one.volume)
    assert float(one.api_usd_month * at) == pytest.approx(
        float(one.fixed_usd_month + one.variable_usd_month * at)
    )


def bought(store: Store, **local) -> None:
    """Let the plan move $150 a month to an RTX 4090: the figure everybody starts with."""
    fill(store)
    work = Work(
        month=Load(input_tokens=50e6, output_tokens=0),
        hours_month=729.6,
        busiest_hour=Load(input_tokens=1, output_tokens=0),
    )
    card = LocalConfig(capex_usd=2600, load_watts=330, people_usd_hour=60, **local)
    served = serve(work, measured_prompt=4000, measured_output=120, local=card)
    store.execute(
        "UPDATE machine_costs SET usd_month = ?, fixed_usd_month = ?, setup_usd = ?, assumptions = ?",
        [
            served.usd_month,
            served.fixed_usd_month,
            served.setup_usd,
            json.dumps(served.assumptions),
        ],
    )
    store.execute("UPDATE plan_items SET wave = NULL WHERE category_id <> 'tickets'")
    store.execute(
        "UPDATE plan_items SET gross_usd_month = 150, local_usd_month = $1,"
        " net_usd_month = 150 - $1 WHERE category_id = 'tickets'",
        [served.usd_month],
    )


@pytest.mark.parametrize(
    ("local", "months", "sentence"),
    [
        (
            {"ops_hours_month": 0, "setup_hours": 0},
            19,
            "The purchase of $2,600 is paid back in 19 months.",
        ),
        (
            {"ops_hours_month": 2},
            None,
            "The purchase of $2,600 and the setup of $1,440 are not paid back within 36 months.",
        ),
    ],
)
def test_payback_counts_the_purchase_wherever_it_is_shown(store, capsys, local, months, sentence):
    bought(store, **local)
    report = read_report(store, version="1")
    terminal.plan(Terminal(), store)
    shown = (Page(render_html(report)).words, render_plan(report), capsys.readouterr().out)
    assert [sentence in text for text in shown] == [True, True, True]
    assert json.loads(render_json(report))["break_even"]["payback_months"] == months


def test_a_setup_on_rented_machines_is_paid_back_in_one_month_as_nothing_is_bought(report, page):
    assert report.break_even.purchase_usd == 0
    assert report.break_even.payback_months == 1
    assert "The setup of $400 is paid back in 1 month." in page.words
    assert "Machines, once" not in page.words


def test_where_nothing_is_paid_once_no_payback_is_named(report):
    free = replace(report.break_even, purchase_usd=Decimal(0), setup_usd=Decimal(0))
    assert sentences.payback_sentence(free) == ""


def test_unknown_local_cost_gives_no_saving_and_names_the_setting(store):
    report = report_of(store, local_cost=False)
    assert report.saving.net_usd_month is None
    assert report.break_even is None
    page = Page(render_html(report))
    assert "What serving that locally costs is not known" in page.words
    assert "usd_per_hour" in page.words
    assert "net saving is" not in page.words


def test_an_amount_a_month_says_how_many_days_a_month_has(report, page):
    assert report.totals.days_per_month == Decimal("30.4")
    assert "Mean per covered day × 30.4, over" in page.words


def test_method_says_margin_alpha_and_seed(report):
    assert (report.method.margin, report.method.alpha, report.method.floor) == (0.05, 0.05, None)
    assert report.method.seeds == [7]


def test_examples_are_chosen_by_rule_in_draw_order(report):
    sql = [one for one in report.examples if one.category_id == "sql"]
    assert [(one.rule.split()[1], one.draw_no) for one in sql] == [
        ("drawn", 0),
        ("drawn", 3),
        ("other", 1),
    ]
    assert (sql[1].api.passed, sql[1].local.passed) == (True, False)
    assert sql[0].api.input_tokens == 412
    assert sql[0].local.cost_usd is None


def test_calls_with_equal_answers_are_no_example_of_a_difference(report):
    tickets = [one for one in report.examples if one.category_id == "tickets"]
    assert [one.draw_no for one in tickets] == [0, 3, 7] or len(tickets) == 2


def test_nothing_ingested_and_nothing_planned_say_what_to_run(store):
    with pytest.raises(NotReadyError) as nothing:
        read_report(store, version="1")
    assert "auditor ingest" in nothing.value.hint
    fill(store)
    store.execute("DELETE FROM plan_items")
    with pytest.raises(NotReadyError) as no_plan:
        read_report(store, version="1")
    assert "auditor plan" in no_plan.value.hint


def test_a_log_without_any_price_is_reported_without_a_share(store):
    fill(store)
    store.execute("UPDATE calls SET cost_usd = NULL, cost_basis = 'unpriced'")
    store.execute("DELETE FROM bars")
    store.execute(
        "UPDATE plan_items SET verdict = 'unmeasured', wave = NULL, gross_usd_month = NULL"
    )
    report = read_report(store, version="1")
    page = Page(render_html(report))
    assert "no share of spend can be given" in page.words
    assert "$0 of" not in page.words
    assert render_plan(report)
    assert json.loads(render_json(report))["totals"]["total_usd"] is None


def test_a_log_without_dates_gives_no_month(store):
    fill(store)
    store.execute("UPDATE calls SET called_at = NULL")
    report = read_report(store, version="1")
    assert report.totals.total_usd_month is None
    assert "in these logs" in sentences.amount_sentence(report)
    assert "The logs hold no dates" in Page(render_html(report)).words


# -- the same number everywhere --------------------------------------------------------------------


def test_the_headline_is_the_same_on_page_plan_and_json(report, page):
    sentence = sentences.headline_sentence(report)
    assert sentence == "Between 53 % and 85 % of spend can move"
    assert sentence in page.words
    assert sentence in render_plan(report)
    data = json.loads(render_json(report))
    assert data["version"] == 1
    assert wording.percent(data["headline"]["low"]) == "53 %"
    assert wording.percent(data["headline"]["high"]) == "85 %"


@pytest.mark.parametrize(
    ("low", "high", "sentence"),
    [
        (0.0, 0.6, "Between 0 % and 60 % of spend can move"),
        (0.0, 0.0, "No part of the spend can move to the local model"),
        (0.4, 0.4, "40 % of spend can move, and no more: every category is settled"),
        (0.001, 0.999, "Between <1 % and >99 % of spend can move"),
    ],
)
def test_headline_sentence(report, low, high, sentence):
    changed = replace(report, headline=replace(report.headline, low=low, high=high))
    assert sentences.headline_sentence(changed) == sentence


def test_what_each_criterion_notices_is_the_same_on_page_plan_and_json(report, page):
    item, trial = report.tried[0]
    sentence = sentences.trial_sentence(trial)
    assert sentence == (
        "Notices 2 of 3 kinds of planted errors; would not notice: a number off (3 of 12 noticed),"
        " as in “total: 12 → 22”."
    )
    assert page.words.count(sentence) == len(report.tried)
    assert "refused 12 of 12" in page.words
    assert "95 % of 40 tried" in page.words
    plan = render_plan(report)
    assert plan.count("would not notice: a number off") == len(report.tried)
    told = next(
        one["trial"]
        for one in json.loads(render_json(report))["categories"]
        if one["category_id"] == item.category_id
    )
    assert [kind["mutation"] for kind in told["kinds"]] == ["other-answer", "number-off", "refused"]
    assert told["failures"][0]["explanation"] == "got Hello, wanted Goodbye"


def test_a_criterion_that_notices_nothing_is_said_to_move_nothing(store):
    fill(store)
    store.execute("UPDATE criterion_trials SET caught = 0 WHERE content")
    report = read_report(store, version="1")
    words = Page(render_html(report)).words
    n = len(report.tried)
    assert f"{n} criteria noticed none of those that have the right form" in words
    assert words.count("can move nothing") > n


def test_a_judge_that_is_waited_for_leaves_the_trial_open(store):
    fill(store)
    store.execute("UPDATE criterion_trials SET caught = 0, untold = planted")
    report = read_report(store, version="1")
    words = Page(render_html(report)).words
    assert "Nothing can be told of planted errors before a judge has graded them." in words
    assert "number off not told" in words
    assert "can move nothing" not in words


def test_every_category_stands_on_the_page_with_verdict_and_reason(page):
    for row in ROWS:
        verdict = f"{wording.MARKS[Verdict(row.verdict)]} {row.verdict.capitalize()}"
        assert f"{row.name} {verdict}" in page.words
        assert row.reason in page.words


def test_open_points_stand_on_the_first_screen(page):
    first = page.words.split("Where the money goes")[0]
    assert "6 % of spend ($40.80 in these logs) was not measured" in first
    assert "2 calls (0.4 %) have no price" in first


def test_what_could_not_be_graded_is_said_with_its_reason(report, page):
    first = page.words.split("Where the money goes")[0]
    assert "3 of 40 drawn answers could not be graded: server timeouts; 'auditor replay'" in first
    assert "3 more not gradable: server timeouts" in page.words
    (many,) = report.ungradable
    few = replace(many, causes={"timeout": 1, "no label": 1}, draws_in_all=100)
    (point,) = (p for p in sentences.open_points(replace(report, ungradable=[few])) if "drawn" in p)
    assert point.startswith("2 of 100 drawn answers in Support summary could not be graded")
    (point,) = (
        p for p in sentences.open_points(replace(report, ungradable=[few, few])) if "drawn" in p
    )
    assert point.startswith("4 of 200 drawn answers in 2 categories could not be graded")


def test_memory_and_energy_are_told_where_the_machine_tells_them(store, page):
    assert "At most 5.5 GB of memory while it answered." in page.words
    assert "12.3 Wh for the replay." in page.words
    fill(store)
    store.execute("UPDATE speeds SET energy_wh = NULL, peak_memory_bytes = NULL")
    silent = render_html(read_report(store, version="1", command="auditor report"))
    assert "of memory while it answered" not in silent
    assert "Wh for the replay" not in silent


def test_the_ledger_is_in_one_sentence(page):
    assert (
        "Every one of 500 records is accounted for: 483 calls, 12 duplicates, 2 that are no calls, "
        "3 rejected." in page.words
    )


def test_a_failed_integrity_check_is_said_on_the_first_screen(store):
    fill(store)
    store.execute("UPDATE sources SET calls = calls + 1")
    page = Page(render_html(read_report(store, version="1")))
    first = page.words.split("Where the money goes")[0]
    assert "An integrity check failed: the ledger of every source adds up" in first
    assert "500 records do not add up" in page.words


def test_the_embedded_model_is_called_a_smoke_test(store):
    report = report_of(store, model="SmolLM2-135M-Instruct.Q4_1.gguf")
    for text in (Page(render_html(report)).words, render_plan(report)):
        assert "smoke test" in text
        for command in sentences.SMOKE_TEST_COMMANDS:
            assert command in text


def test_other_models_are_not(page):
    assert "smoke test" not in page.words


def test_svg_answers_are_shown_as_pictures_beside_their_source(page):
    images = page.all("img")
    assert images
    for image in images:
        head, _, body = image["src"].partition(",")
        assert head == "data:image/svg+xml;base64"
        assert base64.b64decode(body).startswith(b"<svg")
        assert image["alt"]
    assert "<svg" in page.words


def test_without_examples_no_prompt_is_on_the_page(store):
    fill(store)
    page = Page(render_html(read_report(store, version="1", examples=False)))
    assert "charged twice" not in page.words
    assert "total: 12" not in page.words  # what a criterion misses is told in words of the log
    assert "excerpts of logged prompts" not in page.words
    assert "examples" not in {attrs.get("id") for _, attrs in page.tags}


# -- the page as a document ------------------------------------------------------------------------


def test_page_is_well_formed_and_accessible_in_structure(page):
    assert [name for name in page.open if name not in {"html", "body"}] == []
    assert len(page.all("h1")) == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        for target in (attrs.get("aria-labelledby") or "").split():
            assert target in ids
        if (attrs.get("href") or "").startswith("#"):
            assert attrs["href"][1:] in ids
    assert all(attrs.get("scope") for attrs in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_page_asks_for_nothing_and_has_no_inline_handler_or_style(page):
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name == "style" or name.startswith("on")], tag
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attrs.get(name) or ""
            assert not value or value.startswith(("#", "data:image/svg+xml;base64,")), (tag, value)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "form", "base"}


def test_policy_comes_first_and_allows_exactly_what_is_inlined(page):
    head = [item for item in page.tags if item[0] in {"meta", "style", "script", "title"}]
    assert "charset" in head[0][1]
    assert head[1][1]["http-equiv"] == "Content-Security-Policy"
    policy = head[1][1]["content"]
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        digest = hashlib.sha256(page.raw[name].encode()).digest()
        assert f"{directive} 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_templates_never_switch_escaping_off():
    for path in resource("report_templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), path
        assert not re.search(r"\sstyle=|\son\w+=", text), path


# -- hostile text ----------------------------------------------------------------------------------


def test_hostile_text_in_every_field_changes_no_tag_and_is_shown(store):
    with Store.open() as clean:
        skeleton = Page(render_html(report_of(clean))).tags
    text = render_html(report_of(store, hostile=HOSTILE))
    page = Page(text)
    names = [(tag, sorted(attrs)) for tag, attrs in page.tags]
    # An answer that holds a picture and something after it is still one picture.
    assert names == [(tag, sorted(attrs)) for tag, attrs in skeleton]
    shown = " ".join(visible(HOSTILE).split())
    assert page.words.count(shown) > 40
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", text
    )
    assert "{{7*7}}" in page.words
    assert "49" not in shown


def test_hostile_text_in_plan_and_json_stays_text(store):
    report = report_of(store, hostile=HOSTILE)
    plan = render_plan(report)
    assert "<script>" not in plan
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", plan)
    text = render_json(report)
    assert text.isascii()
    assert json.loads(text)["categories"][0]["name"].endswith(HOSTILE)


def test_lone_surrogates_are_written_as_replacement_characters(report):
    category = replace(report.categories[0], name="a\ud800b")
    changed = replace(report, categories=[category, *report.categories[1:]])
    assert "a\ufffdb" in Page(render_html(changed)).words
    render_plan(changed).encode()
    render_json(changed).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\x1b[2J", "\u241b[2J"),
        ("\x00\r", "\u2400\u240d"),
        ("\x7f\x9b", "\u2421⟦U+009B⟧"),
        ("\u202e\u2066", "⟦U+202E⟧⟦U+2066⟧"),
        ("\u2028", "⟦U+2028⟧"),
        ("\udcff", "\ufffd"),
        ("naïve 東京 👩\u200d🚀 a\xa0b", "naïve 東京 👩\u200d🚀 a\xa0b"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


def test_script_data_holds_nothing_that_could_end_the_block():
    text = script_data({"a": "</script><!-- & \u2028"})
    assert not re.search(r"[<>&\u2028]", text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


@pytest.mark.parametrize(
    "text", ["no picture", "<svg>" + "x" * 30_000 + "</svg>", "<svg>", "</svg><svg"]
)
def test_no_picture_is_made_of_what_holds_none(text):
    assert svg_in(text) is None


def test_svg_without_a_namespace_gets_one():
    body = svg_image(svg_in('```svg\n<svg viewBox="0 0 1 1"></svg>\n```')).partition(",")[2]
    assert (
        base64.b64decode(body)
        == b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>'
    )


@pytest.mark.parametrize(
    "text", ["a|b", "[x](javascript:1)", "<b>", "1. x", "# h", "`c`", "*x*", "a\nb"]
)
def test_markdown_escape_leaves_no_markup(text):
    bare = re.sub(r"\\.", "", escaped(text))
    assert not re.search(r"[|\[\]<>#`*\n]", bare)


# -- size, determinism, files ----------------------------------------------------------------------


def test_forty_long_examples_stay_within_the_budget(report):
    svg = "<svg>" + "x" * 19_000 + "</svg>"
    side = replace(report.examples[0].api, text='"<&\x1b' * 1000, explanation="<" * 2000, svg=svg)
    long = replace(report.examples[0], api=side, local=side, prompt="&" * 2000, system='"' * 2000)
    text = render_html(replace(report, examples=[long] * 40))
    assert len(text.encode()) <= PAGE_BYTES
    assert "more characters" in text


def test_same_database_same_bytes(store, tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    fill(store)
    for name in ("one", "two"):
        run(store, ReportSettings(output=tmp_path / name))
        store.append(
            "stage_runs",
            [
                {
                    "run_id": name, "stage": "report", "fingerprint": "f", "status": "done",
                    "started_at": datetime.now(UTC), "finished_at": datetime.now(UTC),
                }
            ],
        )  # fmt: skip
    for file in ("auditor-report.html", "plan.md", "report.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert "2026-10-02 00:07 UTC" in (tmp_path / "one" / "auditor-report.html").read_text()


def test_source_date_epoch_is_the_stamp(store, tmp_path, monkeypatch):
    fill(store)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    result = run(store, ReportSettings(output=tmp_path / "page.html"))
    assert "1970-01-01 00:00 UTC" in (tmp_path / "page.html").read_text()
    assert sorted(Path(path).name for path in result.detail["files"]) == [
        "page.html",
        "plan.md",
        "report.json",
    ]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigError):
        run(store, ReportSettings(output=tmp_path))


@pytest.mark.skipif(os.name != "posix", reason="uses a POSIX resource limit")
def test_a_full_disk_leaves_the_former_report_whole(store, tmp_path):
    import resource as limits
    import signal

    fill(store)
    run(store, ReportSettings(output=tmp_path))
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = limits.getrlimit(limits.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits.setrlimit(limits.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(AuditorError) as error:
            run(store, ReportSettings(output=tmp_path))
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert "--output" in error.value.hint
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole


def test_a_folder_that_is_a_file_is_one_clear_error(store, tmp_path):
    fill(store)
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditorError, match="cannot be written"):
        run(store, ReportSettings(output=tmp_path / "file" / "page.html"))


def test_a_read_only_database_is_enough(tmp_path):
    path = tmp_path / "audit.duckdb"
    with Store.open(path) as store:
        fill(store)
    with Store.open(path, read_only=True) as store:
        run(store, ReportSettings(output=tmp_path))
    assert (tmp_path / "plan.md").exists()


# -- wording -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "–"), (Decimal(0), "$0"), (Decimal("1234567.4"), "$1,234,567"), (Decimal("99.995"), "$100.00"),
        (Decimal("12.3"), "$12.30"), (Decimal("0.01"), "$0.01"), (Decimal("0.00217"), "$0.0022"),
        (Decimal("-401.2"), "−$401"), (0.5, "$0.50"),
    ],
)  # fmt: skip
def test_money(amount, text):
    assert wording.money(amount) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"), (0, "0 %"), (1, "100 %"), (0.412, "41 %"), (0.0001, "<1 %"), (0.9999, ">99 %"),
        (0.004999, "<1 %"), (0.9951, ">99 %"),
    ],
)  # fmt: skip
def test_percent(share, text):
    assert wording.percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (930, "930 ms"), (1840, "1.8 s"), (252_000, "4m 12s"), (59_990, "60.0 s")],
)
def test_duration(value, text):
    assert wording.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.004, "−0.4"), (0.0, "±0.0"), (0.018, "+1.8"), (None, "–"), (-0.0001, "±0.0")],
)
def test_points(value, text):
    assert wording.points(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(None, "–"), (1e-9, "<0.0001"), (0.0004, "0.0004"), (0.12, "0.12")]
)
def test_p_value(p, text):
    assert wording.p_value(p) == text


def test_every_verdict_has_a_mark_of_its_own():
    assert set(wording.MARKS) == set(wording.ASCII_MARKS) == set(wording.MEANINGS) == set(Verdict)
    assert (
        len(set(wording.MARKS.values())) == len(set(wording.ASCII_MARKS.values())) == len(Verdict)
    )
    assert all(mark.isascii() for mark in wording.ASCII_MARKS.values())


# -- colours ---------------------------------------------------------------------------------------


def _palettes() -> dict[str, dict[str, str]]:
    text = (resource("report_templates") / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in blocks)
    return {"light": light, "dark": dark}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "soft", "fail", *Verdict])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_text_colours_have_enough_contrast(scheme, name, ground):
    palette = _palettes()[scheme]
    assert _contrast(palette[name], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_text_on_filled_bars_has_enough_contrast(scheme, verdict):
    palette = _palettes()[scheme]
    assert _contrast(palette["on-fill"], palette[verdict]) >= 4.5


def test_the_candidate_of_the_plan_is_the_one_described(report):
    assert [one.candidate_id for one in report.candidates] == [CANDIDATE]
    assert report.candidates[0].failed_answers == 5


def test_plan_is_the_golden_one(report):
    """The plan of the fixture, word by word; write the file anew when a change is wanted."""
    golden = Path(__file__).parents[1] / "golden" / "report-plan.md"
    assert render_plan(report) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "missing",
    [
        ("stage_runs",),
        ("candidates", "speeds", "machine_costs", "designs", "draws", "answers", "grades"),
        ("decisions", "criteria"),
        ("contents",),
        ("rejects", "call_sensitivity", "rate_card"),
    ],
)
def test_what_a_stage_has_not_written_is_left_out_or_said(store, missing):
    fill(store)
    for table in missing:
        store.execute(f"DELETE FROM {table}")
    report = read_report(store, version="1")
    page = Page(render_html(report))
    assert sentences.headline_sentence(report) in page.words
    assert "None" not in page.words.replace("None was tested", "")
    assert render_plan(report)
    assert json.loads(render_json(report))["version"] == 1

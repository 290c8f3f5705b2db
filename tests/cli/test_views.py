"""How results read on a terminal: the same figures as everywhere else, whatever is in the log."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import report_database
from command_line import HOSTILE

from auditor.cli.terminal import Terminal
from auditor.cli.views import audit as show
from auditor.domain import Part, StageResult, Verdict
from auditor.ingest.stage import IngestResult
from auditor.pipeline.runs import StageState
from auditor.replay.replay_stage import ReplayResult
from auditor.report import wording


@pytest.fixture
def planned(store):
    report_database.fill(store)
    return store


def test_the_plan_on_the_terminal_is_the_plan_of_the_views(planned, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    show.plan(Terminal(), planned)
    out = capsys.readouterr().out
    head = planned.dicts("SELECT * FROM v_headline")[0]
    assert wording.interval(head["low"], head["high"]).split()[0] in out
    for row in planned.dicts("SELECT * FROM v_categories"):
        (line,) = (line for line in out.splitlines() if line.startswith(row["name"][:40]))
        assert wording.money(row["spend_usd"]) in line
        assert f" {row['verdict']} " in line
        if row["local_rate"] is not None:
            assert wording.percent(row["local_rate"]) in line


def test_the_plan_as_json_has_the_figures_of_the_views(planned):
    result = show.plan_result(planned)
    head = planned.dicts("SELECT * FROM v_headline")[0]
    assert result["headline"] == {key: head[key] for key in ("low", "high", "fallback")}
    assert result["total_usd"] == head["total_usd"]
    assert [bar["bar"] for bar in result["bars"]] == [verdict.value for verdict in Verdict]
    assert sum(bar["share"] for bar in result["bars"]) == pytest.approx(1)
    assert sum(row["spend_usd"] for row in result["categories"]) == result["total_usd"]


def test_many_categories_end_in_a_pointer_to_the_report(planned, capsys, monkeypatch):
    monkeypatch.setattr(show, "_SHOWN_CATEGORIES", 2)
    show.plan(Terminal(), planned)
    rest = planned.value("SELECT count(*) FROM v_categories") - 2
    assert f"and {rest} smaller categories: see the report" in capsys.readouterr().out


def test_the_plan_warns_of_criteria_that_notice_nothing(planned, capsys):
    show.plan(Terminal(), planned)
    assert "planted" not in capsys.readouterr().err
    planned.execute("UPDATE criterion_trials SET caught = 0 WHERE content")
    planned.execute(
        "UPDATE criteria SET form_only = true WHERE category_id = 'icons'"
    )  # it says so
    terminal = Terminal()
    show.plan(terminal, planned)
    (warning,) = (one for one in terminal.warnings if "planted" in one)
    assert "Ticket classification, Invoice extraction" in warning
    assert "nothing can move" in warning
    assert "SVG" not in warning


def test_a_stream_without_the_marks_gets_letters(planned, capsys, monkeypatch):
    monkeypatch.setattr(Terminal, "encodes_marks", lambda self: False)
    show.plan(Terminal(), planned)
    out = capsys.readouterr().out
    assert not set(wording.MARKS.values()) & set(out)


LEDGER = {
    "path": "/logs/a.jsonl", "reader": "pair", "records": 1226, "calls": 1213, "duplicates": 9,
    "not_calls": 1, "rejects": 3, "spend_usd": Decimal("65600.41"),
}  # fmt: skip


def test_the_ledger_of_a_source(planned, capsys):
    show.ingest(Terminal(), IngestResult(stage="ingest", sources=[LEDGER]), planned)
    out = capsys.readouterr().out
    for label, amount in (
        ("calls", "1,213"),
        ("duplicates", "9"),
        ("rejects", "3"),
        ("records", "1,226"),
    ):
        assert re.search(rf"^ +{amount} {label}", out, re.MULTILINE), label
    assert "$65,600" in out


def test_calls_without_a_price_are_said(planned, capsys):
    unpriced = planned.value("SELECT unpriced_calls FROM v_totals")
    assert unpriced
    terminal = Terminal()
    show.ingest(terminal, IngestResult(stage="ingest", sources=[LEDGER]), planned)
    (warning,) = terminal.warnings
    assert f"{unpriced} call" in warning
    assert "left out of spend" in warning


def test_a_source_of_unknown_format_and_unknown_spend(planned, capsys):
    source = LEDGER | {"reader": None, "calls": 0, "spend_usd": None}
    show.ingest(Terminal(), IngestResult(stage="ingest", sources=[source]), planned)
    out = capsys.readouterr().out
    assert "no known format" in out
    assert "$0" not in out.split("rejects")[0]  # unknown is not nothing


def test_stages_say_what_they_did_and_what_they_did_not(capsys):
    terminal = Terminal()
    done = StageResult(
        stage="grade", rows_written=1500, seconds=83, warnings=("careful", "careful")
    )
    show.stages(terminal, [StageResult(stage="plan", skipped=True), done])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("careful") == 1
    assert re.search(r"plan +unchanged", err)
    assert re.search(r"grade +1,500 rows +1m 23s", err)


ROW = {
    "name": f"tickets {HOSTILE}", "model": f"qwen {HOSTILE}", "calls": 150, "failed": 2,
    "unanswered": {"timeout": 4, "refused": 1},
    "latency_ms_p50": 900.0, "output_tokens": 1234,
}  # fmt: skip


def test_what_a_replay_did(capsys):
    result = ReplayResult(stage="replay", resumed=438, categories=[ROW])
    show.replays(Terminal(), [result])
    out, err = capsys.readouterr()
    assert "438" in out
    assert "2 failed" in out
    assert not set(HOSTILE) & set(out) - set("ownedtxtJ[]02;")
    told = " ".join(err.split())
    assert "5 of 150 calls not answered: server timeouts (4), requests refused" in told
    assert "'auditor replay'" in told


def test_a_replay_without_draws_shows_no_table(capsys):
    result = ReplayResult(stage="replay", warnings=("nothing to replay: no criterion",))
    show.stages(Terminal(), [result])
    show.replays(Terminal(), [result])
    out, err = capsys.readouterr()
    assert out == ""
    assert "no criterion" in err


def test_a_replay_with_nothing_to_do(capsys):
    show.replays(Terminal(), [StageResult(stage="replay", skipped=True)])
    assert "already" in capsys.readouterr().out


def test_status_shows_how_far_a_running_stage_is(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    began, when = datetime(2026, 11, 3, 9, 2, tzinfo=UTC), datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
    states = [
        StageState("ingest", "done", None, None, None, began, when, 412806),
        StageState("replay", "running", 438, 1000, "Replaying", began, when, None),
        StageState("plan", "never", None, None, None, None, None, None),
    ]
    show.status(Terminal(), states, "audit.duckdb")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "audit.duckdb"
    assert re.search(r"^ingest +done +412,806 +2026-11-03 09:12 UTC", lines[2])
    # 438 in ten minutes: 562 more take 12 m 50 s.
    assert re.search(r"^replay +running .*438/1,000, about 12m 50s left", lines[3])
    assert re.search(r"^plan +never *$", lines[4])


def test_status_shows_how_far_each_category_is(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    now = datetime(2026, 11, 3, 9, 2, tzinfo=UTC)
    parts = [
        Part(
            name=f"tickets{HOSTILE}",
            total=200,
            done=150,
            failed=3,
            output_tokens=9000,
            seconds=75.0,
        ),
        Part(name="reviews", total=200),
    ]
    running = StageState("replay", "running", 150, 400, f"On m{HOSTILE}", now, now, None, parts)
    show.status(Terminal(), [running], "audit.duckdb")
    out = capsys.readouterr().out
    assert not set(HOSTILE) & set(out) - set("ownedtxtJ[]02;")
    # 75 s for 150 calls: 50 more take 25 s.
    assert re.search(r"^tickets.* 150/200 +3 +120 +25\.0 s *$", out, re.MULTILINE)
    assert re.search(r"^reviews +0/200 *$", out, re.MULTILINE)

    show.status(Terminal(), [running._replace(state="interrupted")], "audit.duckdb")
    assert re.search(r"^tickets.* 150/200 +3 +120 *$", capsys.readouterr().out, re.MULTILINE)

"""auditor criteria propose, show, edit and test, as typed."""

from __future__ import annotations

import json
import shlex
import sys

import pytest
from command_line import HOSTILE, command
from paired_log import pair, write

from auditor.cli import main as cli

QUEUES = ["billing", "bug", "shipping"]
BAD = "version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {type: equalz, value: a}\n"
BLIND = (
    "version: 1\ncriteria:\n  - category: '*'\n    about: content\n    assert:\n"
    "      - {type: word-count, value: {max: 3}}\n"
)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A folder with an audit of one category of labels."""
    folder = tmp_path_factory.mktemp("read")
    records = [
        pair(n, system="Name the queue of the ticket in one word.", text=f"Ticket {n} {HOSTILE}",
             answer=QUEUES[n % 3])
        for n in range(30)
    ]  # fmt: skip
    write(folder / "log.jsonl", records)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for typed in (["ingest", "log.jsonl", "-q"], ["criteria", "show", "-q"]):
            patch.setattr(sys, "argv", ["auditor", *typed])
            with pytest.raises(SystemExit) as end:
                cli.main()
            assert end.value.code == 0
    return folder / "audit.duckdb"


@pytest.fixture
def run(read, monkeypatch, capsys, tmp_path):
    (tmp_path / "audit.duckdb").write_bytes(read.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.delenv("VISUAL", raising=False)
    return lambda *typed: command(monkeypatch, capsys, "criteria", *typed)


def editing(monkeypatch, code):
    """Make $EDITOR a program that changes ``text``, what the editor opened with."""
    program = (
        "import pathlib, sys; path = pathlib.Path(sys.argv[1]); text = path.read_text();"
        f"{code}; path.write_text(text)"
    )
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, "-c", program]))


def result(ran):
    return json.loads(ran.out)["result"]


def test_proposals_are_a_file_that_can_be_tested_as_it_is(run, tmp_path):
    ran = run("propose", "--out", "criteria.yaml")
    assert ran.code == 0, ran.err
    text = (tmp_path / "criteria.yaml").read_text()
    assert "100.0% of the logged answers pass" in text
    assert "On trial: Notices 4 of 4 kinds of planted errors." in " ".join(
        text.replace("#", "").split()
    )
    ran = run("test")
    assert ran.code == 0, ran.err
    assert "4 of 4" in ran.out


def test_proposals_go_to_the_screen_and_never_over_a_file(run, tmp_path):
    assert run("propose").out.startswith("# Criteria that auditor proposes")
    (tmp_path / "mine.yaml").write_text("mine")
    ran = run("propose", "--out", "mine.yaml")
    assert ran.code == 2
    assert "--force" in ran.err
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    assert run("propose", "--out", "mine.yaml", "--force").code == 0
    assert (tmp_path / "mine.yaml").read_text() != "mine"


def test_proposals_of_some_categories(run):
    ran = run("propose", "--category", "no such*")
    assert ran.code != 0
    assert "auditor categories" in ran.err
    (only,) = result(run("propose", "--category", "*queue*", "--json"))["categories"]
    assert only["kind"] == "label"
    assert only["trial"]["passed"] == 30


def test_show_lists_what_grades_each_category(run):
    ran = run("show")
    assert ran.code == 0, ran.err
    assert "proposed" in ran.out
    assert "4 of 4" in ran.out
    (row,) = result(run("show", "--json"))["criteria"]
    assert row["trial"]["answers"] == 30
    assert row["definition"]["assert"]


def test_show_one_with_its_trial(run):
    (row,) = result(run("show", "--json"))["criteria"]
    ran = run("show", row["category"])
    assert ran.code == 0, ran.err
    assert "30 of 30 logged answers pass (100 %)" in ran.out
    assert "another label" in ran.out
    assert run("show", "no such category").code != 0


def test_the_test_fails_where_a_criterion_notices_nothing(run, tmp_path):
    (tmp_path / "criteria.yaml").write_text(BLIND)
    ran = run("test")
    assert ran.code == 1
    assert "criteria.yaml:6:" in ran.err
    assert "notices no planted wrong answer" in ran.err
    assert "would not notice: another call's answer" in ran.out
    (one,) = result(run("test", "--json"))["categories"]
    assert one["problem"]
    assert one["pass_share"] == 1
    shown = run("show")
    assert "can move nothing" in shown.err


def test_the_test_names_the_line_of_a_criterion_that_cannot_be_used(run, tmp_path):
    (tmp_path / "bad.yaml").write_text(BAD)
    ran = run("test", "bad.yaml")
    assert ran.code == 1
    assert "bad.yaml:5: unknown assertion type 'equalz'; did you mean 'equals'?" in ran.err


def test_the_test_says_why_nothing_can_be_told(run, tmp_path):
    text = "version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {type: equals, value: '{{expected}}'}\n"
    (tmp_path / "criteria.yaml").write_text(text)
    ran = run("test")
    assert ran.code == 0
    assert "30 logged answers could not be told: no expected label for this call" in ran.out


def test_the_test_says_how_to_get_a_file(run):
    ran = run("test")
    assert ran.code == 2
    assert "auditor criteria propose --out criteria.yaml" in ran.err


def test_an_edit_begins_with_proposals_and_shows_what_it_would_do(run, monkeypatch, tmp_path):
    editing(monkeypatch, "text += '\\n# mine\\n'")
    ran = run("edit")
    assert ran.code == 0, ran.err
    assert (tmp_path / "criteria.yaml").read_text().endswith("# mine\n")
    assert "4 of 4" in ran.out


def test_an_edit_that_is_not_saved_writes_nothing(run, monkeypatch, tmp_path):
    monkeypatch.setenv("EDITOR", "true")
    ran = run("edit")
    assert "Nothing was changed" in ran.out
    assert not (tmp_path / "criteria.yaml").exists()


def test_an_edit_that_cannot_be_used_is_kept_and_gone_on_with(run, monkeypatch, tmp_path):
    (tmp_path / "criteria.yaml").write_text(BLIND)
    editing(monkeypatch, "text = text.replace('word-count', 'word-kount')")
    ran = run("edit")
    assert ran.code == 2
    assert "criteria.yaml:6: unknown assertion type 'word-kount'" in ran.err
    assert (tmp_path / "criteria.yaml").read_text() == BLIND
    assert "word-kount" in (tmp_path / "criteria.yaml.draft").read_text()
    editing(monkeypatch, "text = text.replace('word-kount', 'word-count').replace('3', '4')")
    ran = run("edit")
    assert ran.code == 0, ran.err
    assert (tmp_path / "criteria.yaml").read_text() == BLIND.replace("3", "4")
    assert not (tmp_path / "criteria.yaml.draft").exists()


def test_an_edit_of_a_category_adds_its_proposal(run, monkeypatch, tmp_path):
    (row,) = result(run("show", "--json"))["criteria"]
    (tmp_path / "criteria.yaml").write_text(BLIND.replace("'*'", "'another*'"))
    editing(monkeypatch, "text += '# seen'")
    assert run("edit", row["category"]).code == 0
    text = (tmp_path / "criteria.yaml").read_text()
    assert text.startswith("version: 1")
    assert row["category_id"] in text


def test_an_editor_that_is_not_there_is_said_so(run, monkeypatch):
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    ran = run("edit")
    assert ran.code == 1
    assert "set EDITOR" in ran.err


def test_hostile_text_of_the_log_does_not_act_on_the_terminal(run, tmp_path):
    (tmp_path / "criteria.yaml").write_text(BLIND)
    for typed in (("propose",), ("show",), ("test",)):
        ran = run(*typed)
        assert "\x1b[2J" not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err

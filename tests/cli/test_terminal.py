"""What a terminal and a pipe see."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli import progress
from auditor.cli.terminal import Terminal
from auditor.domain import Part
from auditor.errors import EngineError

RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
BIDI_AND_ESCAPES = "\x1b[31mred\x1b[0m\u202eevil\x07\x9b2J\ud800[bold]x[/bold]"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminals(monkeypatch):
    """Make both streams terminals when called, and return them; pytest sets its own before a test."""

    def made():
        out, err = Tty(), Tty()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return out, err

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return made


def everything(terminal: Terminal, text: str) -> None:
    """Say a text in every way there is."""
    terminal.say(text, style="bold")
    terminal.table([text, "n"], [[text, "1"]], right=(1,))
    terminal.note(text)
    terminal.hint(text)
    terminal.warn(text)
    terminal.error(EngineError(text, hint=text))
    terminal.start(text, 3, "calls")
    terminal.advance(1, text)
    terminal.finish(text)


def test_results_go_to_stdout_and_the_rest_to_stderr(capsys):
    terminal = Terminal()
    terminal.say("result")
    terminal.table(["name"], [["row"]])
    terminal.note("note")
    terminal.hint("hint")
    terminal.warn("careful")
    terminal.error(EngineError("broken", hint="mend it"))
    out, err = capsys.readouterr()
    assert [line.strip() for line in out.splitlines()] == ["result", "name", "row"]
    assert err.splitlines() == [
        "note",
        "hint",
        "warning: careful",
        "error: broken",
        "hint: mend it",
    ]


@given(st.text(st.characters(), max_size=60))
def test_no_text_reaches_a_pipe_raw_or_as_more_lines(text):
    out, err = io.StringIO(), io.StringIO()
    real, (sys.stdout, sys.stderr) = (sys.stdout, sys.stderr), (out, err)
    try:
        everything(Terminal(), text + BIDI_AND_ESCAPES)
    finally:
        sys.stdout, sys.stderr = real
    assert not RAW.search(out.getvalue() + err.getvalue())
    assert out.getvalue().count("\n") == 3
    assert err.getvalue().count("\n") == 7
    assert "[bold]x[/bold]" in out.getvalue()  # markup is text


def test_with_json_stdout_holds_one_object_only(capsys):
    terminal = Terminal(as_json=True)
    everything(terminal, "x")
    terminal.warn("x")  # once is enough
    terminal.result(
        "plan", {"spend": Decimal("1.10"), "at": datetime(2026, 9, 1, tzinfo=UTC), "rate": None}
    )
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "version": 1,
        "command": "plan",
        "result": {"spend": "1.10", "at": "2026-09-01T00:00:00+00:00", "rate": None},
        "warnings": ["x"],
    }
    assert err == "error: x\nhint: x\n"


def test_without_json_there_is_no_object(capsys):
    Terminal().result("plan", {"a": 1})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 9, 1), "2026-09-01"),
    ],
)
def test_json_has_no_exponents_and_iso_days(capsys, value, plain):
    Terminal(as_json=True).result("x", {"v": value})
    assert json.loads(capsys.readouterr().out)["result"] == {"v": plain}


def test_a_lone_surrogate_does_not_break_json(capsys):
    Terminal(as_json=True).result("x", {"v": "\ud800"})
    assert json.loads(capsys.readouterr().out)["result"] == {"v": "\ud800"}


def test_quiet_is_results_and_errors(capsys):
    everything(Terminal(quiet=True), "x")
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "x"
    assert err == "error: x\nhint: x\n"


@pytest.mark.parametrize(
    ("color", "environment", "coloured"),
    [
        (None, {}, True),
        (None, {"NO_COLOR": "1"}, False),
        (None, {"NO_COLOR": ""}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, True),
        (None, {"TERM": "dumb"}, False),
    ],
)
def test_colour_on_a_terminal(terminals, monkeypatch, color, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _, err = terminals()
    Terminal(color=color).error(EngineError("broken"))
    assert "broken" in err.getvalue()
    assert ("31m" in err.getvalue()) is coloured
    if color is False:
        assert "\x1b" not in err.getvalue()


def test_a_pipe_gets_lines_not_bars(capsys):
    terminal = Terminal()
    terminal.start("Replaying", 1000, "calls")
    for _ in range(1000):
        terminal.advance()
    terminal.finish("done")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Replaying 1,000 calls ...\nReplaying done\n"


def test_a_slow_task_tells_a_pipe_each_tenth(capsys, monkeypatch):
    clock = iter(range(0, 100_000, 3))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    terminal = Terminal()
    terminal.start("Replaying", 100)
    for _ in range(100):
        terminal.advance()
    terminal.finish()
    lines = capsys.readouterr().err.splitlines()
    assert 10 <= len(lines) <= 101
    assert any("left" in line for line in lines)
    assert lines[-1].startswith("Replaying 100/100")


def test_a_bar_leaves_the_terminal_as_it_was(terminals):
    out, err = terminals()
    terminal = Terminal()
    terminal.start("Replaying", 10, "calls")
    terminal.advance(4, "a category")
    terminal.start("Grading", 10, "grades")  # the one before did not end: an error on the way
    terminal.close()
    terminal.close()
    assert out.getvalue() == ""
    shown = err.getvalue()
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0  # the cursor is back


def drawn(terminal: Terminal, width: int = 80, height: int = 25) -> list[str]:
    """Return the lines of the picture that is live now."""
    from rich.console import Console

    live = terminal._progress
    live._console = Console(file=io.StringIO(), width=width, height=height)
    live._console.print(live._picture())
    return [line.rstrip() for line in live._console.file.getvalue().splitlines()]


def category(name: str, **counts: float) -> Part:
    return Part(name=name, total=200, **counts)


def test_parts_are_a_table_that_goes_on_living(terminals):
    terminals()
    terminal = Terminal()
    parts = [category("tickets"), category("reviews")]
    terminal.start("Replaying", 400, "calls", parts)
    assert [line.split() for line in drawn(terminal)[2:4]] == [
        ["tickets", "0/200"],
        ["reviews", "0/200"],
    ]
    parts[0].done, parts[0].failed, parts[0].output_tokens, parts[0].seconds = 150, 3, 9000, 75.0
    terminal.advance(150, "tickets")
    bar, head, *rows, foot = drawn(terminal)
    assert "150/400" in bar
    assert head.split() == ["category", "done", "failed", "tokens/s", "ETA"]
    # 75 s for 150 calls: 50 more take 25 s, all 250 more 125 s.
    assert [line.split() for line in rows] == [
        ["tickets", "150/200", "3", "120", "0:00:25"],
        ["reviews", "0/200"],
    ]
    assert foot.split() == ["together", "150/400", "3", "120", "0:02:05"]
    terminal.close()


def test_more_parts_than_lines_leave_out_what_is_over(terminals):
    terminals()
    terminal = Terminal()
    parts = [category(f"c{n}", done=200 if n < 20 else 0) for n in range(40)]
    terminal.start("Replaying", 8000, "calls", parts)
    lines = drawn(terminal, height=20)
    assert len(lines) < 20
    assert [line.split()[0] for line in lines[2:-1]] == [f"c{n}" for n in range(20, 35)]
    assert lines[-1].startswith("and 25 more")
    terminal.close()


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_names_of_parts_are_cut_and_never_raw(terminals, width):
    terminals()
    terminal = Terminal()
    name = BIDI_AND_ESCAPES + "n\n" * 100
    part = category(name, done=100, failed=5, output_tokens=123456, seconds=10.0)
    terminal.start(name, 200, "calls", [part])
    lines = drawn(terminal, width)
    assert not RAW.search("\n".join(lines))
    assert all(len(line) <= width for line in lines)
    (row,) = (line for line in lines if "100/200" in line and "12,346" in line)
    assert row.startswith("\u241b[3")
    terminal.close()


def test_a_table_leaves_the_terminal_as_it_was(terminals):
    _, err = terminals()
    terminal = Terminal()
    terminal.start(BIDI_AND_ESCAPES, 10, "calls", [category(BIDI_AND_ESCAPES)])
    terminal.advance(4, BIDI_AND_ESCAPES)
    terminal.close()
    shown = err.getvalue()
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") > 0
    assert "0/200" in shown
    for raw in ("\x1b[31mred", "\u202e", "\x07", "\x9b"):
        assert raw not in shown


@pytest.mark.parametrize("silent", [{"quiet": True}, {"as_json": True}])
def test_no_table_where_nothing_is_to_be_said(terminals, silent):
    out, err = terminals()
    terminal = Terminal(**silent)
    terminal.start("Replaying", 200, "calls", [category("tickets")])
    terminal.advance(200)
    terminal.finish("done")
    assert out.getvalue() + err.getvalue() == ""


def test_a_pipe_gets_lines_not_tables(capsys):
    terminal = Terminal()
    terminal.start("Replaying", 200, "calls", [category("tickets")])
    terminal.advance(200, "tickets")
    terminal.finish("done")
    assert capsys.readouterr().err == "Replaying 200 calls ...\nReplaying done\n"


def test_wide_words_give_way_to_numbers(terminals):
    out, _ = terminals()
    Terminal(color=False).table(
        ["category", "spend", "why"], [["n" * 200, "$1,234.56", "long words " * 20]],
        right=(1,), sentence=2,
    )  # fmt: skip
    lines = out.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert any("$1,234.56" in line for line in lines)
    assert "why" not in lines[0]  # no room for sentences in 80 columns


def test_marks_only_where_the_stream_has_them(monkeypatch):
    for encoding, able in (
        ("utf-8", True),
        ("ascii", False),
        ("latin-1", False),
        ("nonsense", False),
    ):
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", type("S", (), {"encoding": encoding})())
        assert Terminal().encodes_marks() is able
        stream.close()

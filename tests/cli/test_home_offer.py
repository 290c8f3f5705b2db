"""``auditor ingest`` alone: what coding agents left in the home folder is offered, never taken."""

from __future__ import annotations

import io
import sys

import pytest
from command_line import command

from auditor.ingest import home_logs

LINE = (
    '{"type": "assistant", "uuid": "a", "sessionId": "s", "timestamp": "2026-01-15T09:30:00Z",'
    ' "message": {"id": "msg_%08d", "model": "claude-sonnet-4-5", "role": "assistant",'
    ' "content": [{"type": "text", "text": "Yes."}],'
    ' "usage": {"input_tokens": 10, "output_tokens": 2}}}\n'
)


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home folder with sessions of two agents."""
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_DATA_DIR", "PI_CODING_AGENT_DIR"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    for path, number in ((".claude/projects/shop/a.jsonl", 1), (".openclaw/agents/b/sessions/b.jsonl", 2)):  # fmt: skip
        file = folder / path
        file.parent.mkdir(parents=True)
        file.write_text(LINE % number)
    (folder / ".claude" / "settings.json").write_text("{}")
    (folder / ".codex" / "sessions").mkdir(parents=True)  # an agent that was never used
    monkeypatch.setenv("HOME", str(folder))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    return lambda *typed: command(monkeypatch, capsys, *typed)


def answering(monkeypatch, words):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(words))


def test_files_are_found_and_counted(home):
    claude, claw = home_logs.find(home)
    assert (claude.agent, claude.files) == ("Claude Code", 1)
    assert claude.paths == (str(home / ".claude/projects"),)
    assert claude.bytes == len(LINE % 1)
    assert claw.agent == "OpenClaw"


def test_a_folder_that_was_moved_is_found_where_its_variable_says(home, monkeypatch, tmp_path):
    (tmp_path / "moved" / "projects").mkdir(parents=True)
    (tmp_path / "moved" / "projects" / "x.jsonl").write_text("{}")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "moved"))
    assert home_logs.find(home)[0].paths == (str(tmp_path / "moved" / "projects"),)


def test_with_nobody_to_ask_the_list_and_the_command_are_shown_and_nothing_is_read(
    home, run, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\ny\n"))
    ran = run("ingest")
    assert ran.code == 2
    assert "Claude Code, 1 file" in ran.err
    assert "OpenClaw, 1 file" in ran.err
    assert (
        f"hint: auditor ingest {home}/.claude/projects {home}/.openclaw/agents/b/sessions"
        in ran.err
    )
    assert not list((home.parent / "work").iterdir())


def test_only_what_gets_a_yes_is_read(home, run, monkeypatch):
    answering(monkeypatch, "n\ny\n")
    ran = run("ingest")
    assert ran.code == 0, ran.err
    assert "Read the sessions of Claude Code" in ran.err
    assert "sessions/b.jsonl" in ran.out
    assert "a.jsonl" not in ran.out


@pytest.mark.parametrize("words", ["n\nn\n", "\n\n"])
def test_without_a_yes_no_database_is_made(home, run, monkeypatch, words):
    answering(monkeypatch, words)
    ran = run("ingest")
    assert ran.code == 2
    assert "nothing was read" in ran.err
    assert not list((home.parent / "work").iterdir())


def test_an_empty_home_is_said(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    ran = run("ingest")
    assert ran.code == 2
    assert "no log is named" in ran.err

"""Deletion: nothing of what was deleted is left in the file, and the rest stays sound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import command_line
import duckdb
import pytest
import report_database
from paired_log import pair, write

import auditor
from auditor.errors import ConfigError
from auditor.ingest import stage as ingest
from auditor.privacy import deletion
from auditor.store.store import Store

MARK = "zebra quagga 8f31c2"


@pytest.fixture
def on_disk(tmp_path):
    """A database with two logs of two users; u1's texts and an unread line hold the mark."""
    first = [pair(1, text=f"{MARK} asks", answer=f"{MARK} answers", user="u1"), f"broken {MARK}"]
    second = [pair(2, user="u2"), pair(1, text=f"{MARK} asks", answer=f"{MARK} answers", user="u1")]
    with Store.open(tmp_path / "audit.duckdb") as store:
        one, two = write(tmp_path / "one.jsonl", first), write(tmp_path / "two.jsonl", second)
        ingest.run(store, [one, two])
        store.rest()
        yield store


def bytes_of(store):
    store.rest()
    return Path(store.path).read_bytes()


def test_purge_leaves_no_byte_of_a_text(on_disk):
    before = on_disk.rows("SELECT call_id, cost_usd, output_tokens, user_id FROM calls ORDER BY 1")
    assert MARK.encode() in bytes_of(on_disk)
    assert deletion.purge_text(on_disk) == 2
    assert MARK.encode() not in bytes_of(on_disk)
    assert before == on_disk.rows(
        "SELECT call_id, cost_usd, output_tokens, user_id FROM calls ORDER BY 1"
    )
    assert on_disk.check() == []


def test_forgetting_a_user_leaves_no_byte_of_the_texts(on_disk, tmp_path):
    assert deletion.forget(on_disk, user="u1").calls == 1
    on_disk.execute("UPDATE rejects SET excerpt = NULL")  # of no user: the line was not read
    left = on_disk.rows(
        "SELECT c.user_id, n.response_text FROM calls c JOIN contents n USING (call_id)"
    )
    assert left == [("u2", "Yes.")]
    assert f"{MARK} asks".encode() not in bytes_of(on_disk)
    assert on_disk.check() == []
    assert not list(tmp_path.glob("*.rewriting*"))


def test_a_preview_says_what_forgetting_deletes(on_disk, tmp_path):
    source = str(tmp_path / "one.jsonl")
    with Store.open(on_disk.path, read_only=True) as reader:
        meant = deletion.preview(reader, source=source)
    assert (meant.calls, meant.rejects) == (1, 1)
    assert deletion.forget(on_disk, source=source) == meant
    assert on_disk.rows("SELECT path FROM sources") == [(str(tmp_path / "two.jsonl"),)]
    assert on_disk.check() == []


def test_a_forgotten_source_is_read_anew_when_it_is_named_again(on_disk, tmp_path):
    deletion.forget(on_disk, source=str(tmp_path / "one.jsonl"))
    ingest.run(on_disk, [tmp_path / "one.jsonl"])
    assert on_disk.value("SELECT count(*) FROM calls") == 2
    assert on_disk.check() == []


def test_a_source_is_named_by_a_relative_path_too(on_disk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert deletion.preview(on_disk, source="one.jsonl").calls == 1


def test_a_whole_audit_stays_sound_without_a_category(store):
    report_database.fill(store)
    name, category_id, calls = store.rows(
        "SELECT name, category_id, calls FROM v_spend ORDER BY spend_rank LIMIT 1"
    )[0]
    gone = deletion.forget(store, category=name)
    assert gone.calls == calls
    assert gone.answers
    assert store.check() == []
    assert store.rows("SELECT 1 FROM call_categories WHERE category_id = ?", [category_id]) == []
    assert store.rows("SELECT 1 FROM draws WHERE category_id = ?", [category_id]) == []
    assert store.rows("SELECT call_id FROM contents ANTI JOIN calls USING (call_id)") == []
    assert store.rows("SELECT answer_id FROM grades ANTI JOIN answers USING (answer_id)") == []


def test_texts_of_an_audit_are_gone_and_its_figures_are_not(store):
    report_database.fill(store)
    figures = store.rows("SELECT * FROM v_categories"), store.rows("SELECT * FROM v_headline")
    deletion.purge_text(store)
    assert figures == (
        store.rows("SELECT * FROM v_categories"),
        store.rows("SELECT * FROM v_headline"),
    )
    assert store.value("SELECT count(text) + count(tool_calls) FROM answers") == 0
    assert store.value("SELECT count(explanation) FROM grades") == 0


def test_a_rewritten_file_keeps_comments_views_and_rights(on_disk, tmp_path):
    path = tmp_path / "audit.duckdb"
    path.chmod(0o640)
    views = on_disk.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1")
    deletion.purge_text(on_disk)
    assert path.stat().st_mode & 0o777 == 0o640
    assert views == on_disk.rows(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
    )
    assert on_disk.value("SELECT comment FROM duckdb_tables() WHERE table_name = 'calls'")


@pytest.mark.parametrize(
    "named", [{}, {"user": "u1", "source": "x"}, {"user": "nobody"}, {"category": "none"}]
)
def test_nothing_is_deleted_by_mistake(on_disk, named):
    with pytest.raises(ConfigError):
        deletion.forget(on_disk, **named)
    assert on_disk.value("SELECT count(*) FROM calls") == 2


# Runs the command line and kills it with kill -9 at the Nth statement that writes.
DRIVER = """
import os, runpy, signal, sys
from auditor.store.store import Store

last, done, original = int(sys.argv.pop(1)), [0], Store.execute

def execute(self, *args, **kwargs):
    done[0] += 1
    if done[0] == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, *args, **kwargs)

Store.execute = execute
runpy.run_module("auditor", run_name="__main__")
"""


def command(folder, *words, kill_at=0):
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(kill_at), *words],
        cwd=folder, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def marked(path):
    """Whether a deletion is begun in a file; looked at without opening it as an audit."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return bool(connection.execute("SELECT 1 FROM meta WHERE key = 'deletion'").fetchall())


FORGET, PURGE = ("forget", "--user", "u1", "--yes"), ("purge", "--text")


@pytest.mark.parametrize(
    ("words", "kill_at"),
    [(FORGET, 12), (FORGET, 38), (FORGET, 90), (PURGE, 12), (PURGE, 38)],
    ids=lambda value: value if isinstance(value, int) else value[0],
)
def test_a_deletion_that_is_killed_is_finished_by_the_next_command(
    on_disk, tmp_path, monkeypatch, capsys, words, kill_at
):
    on_disk.execute("UPDATE rejects SET excerpt = NULL")  # of no user: the line was not read
    on_disk.close()
    path = tmp_path / "audit.duckdb"
    killed = command(tmp_path, *words, kill_at=kill_at)
    assert killed.returncode in (-signal.SIGKILL, 0)  # purge has fewer statements
    begun = marked(path)
    assert begun or killed.returncode == 0
    monkeypatch.chdir(tmp_path)
    after = command_line.command(monkeypatch, capsys, "spend", "--json")
    told = json.loads(after.out)["warnings"]
    assert (
        any(f"auditor {words[0]}' was interrupted; it is finished" in one for one in told) == begun
    )
    assert f"{MARK} asks".encode() not in path.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.duckdb", "one.jsonl", "two.jsonl"]
    with Store.open(path) as store:
        assert store.finished_deletion is None
        assert store.check() == []
        assert store.value("SELECT count(*) FROM calls") == (1 if words[0] == "forget" else 2)


def test_what_a_killed_deletion_leaves_is_finished_for_a_notebook_too(on_disk, tmp_path):
    on_disk.close()
    command(tmp_path, "purge", "--text", kill_at=8)
    with pytest.warns(UserWarning, match="was interrupted; it is finished now"):
        auditor.open(tmp_path / "audit.duckdb")
    assert MARK.encode() not in (tmp_path / "audit.duckdb").read_bytes()

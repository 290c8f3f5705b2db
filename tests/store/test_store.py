"""The audit database: contract, errors, transactions."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

import auditor.store.connection
from auditor.errors import NotReadyError, StoreError
from auditor.store.checks import CHECKS
from auditor.store.store import Store


def test_every_table_and_column_has_a_comment(store):
    bare = store.rows(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL"
        " AND table_name NOT LIKE 'v\\_%' ESCAPE '\\' AND NOT internal"
        " UNION ALL SELECT table_name, '' FROM duckdb_tables() WHERE comment IS NULL"
        " UNION ALL SELECT view_name, '' FROM duckdb_views() WHERE comment IS NULL AND NOT internal"
    )
    assert bare == []


def test_an_empty_database_is_sound(store):
    assert store.check() == []


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_is_a_query_that_runs(store, name):
    assert store.rows(CHECKS[name]) == []


def test_check_finds_a_ledger_that_does_not_add_up(store):
    store.append(
        "sources",
        [
            {
                "source_id": "s",
                "path": "x.jsonl",
                "size_bytes": 1,
                "head_hash": "",
                "tail_hash": "",
                "bytes_read": 1,
                "complete": True,
                "records": 3,
                "calls": 1,
                "duplicates": 0,
                "not_calls": 0,
                "rejects": 1,
                "ingested_at": "2026-01-01",
            }
        ],
    )
    assert {v.check for v in store.check()} == {
        "the ledger of every source adds up",
        "records agree with the ledger",
    }


def test_a_failed_transaction_leaves_nothing(store):
    def write_and_fail():
        with store.transaction():
            store.execute("INSERT INTO meta VALUES ('k', 'v')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.value("SELECT count(*) FROM meta WHERE key = 'k'") == 0


def test_transactions_nest(store):
    with store.transaction(), store.transaction():
        store.execute("INSERT INTO meta VALUES ('k', 'v')")
    assert store.value("SELECT value FROM meta WHERE key = 'k'") == "v"


def test_rest_lets_another_process_read(tmp_path):
    path = tmp_path / "audit.duckdb"
    with Store.open(path) as store:
        store.execute("INSERT INTO meta VALUES ('k', 'v')")
        store.rest()
        code = (
            "from auditor.store.store import Store; import sys;"
            "print(Store.open(sys.argv[1], read_only=True).value("
            "\"SELECT value FROM meta WHERE key = 'k'\"))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "v"
        assert store.value("SELECT value FROM meta WHERE key = 'k'") == "v"


def test_a_locked_database_names_the_process(tmp_path, monkeypatch):
    path = tmp_path / "audit.duckdb"
    Store.open(path).close()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys; from auditor.store.store import Store; s = Store.open(sys.argv[1]);"
                "s.rows('SELECT 1'); print('held', flush=True); sys.stdin.read()"
            ),
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline().strip() == "held"
        monkeypatch.setattr(auditor.store.connection, "LOCK_WAIT_S", 0.3)
        with pytest.raises(StoreError, match=rf"in use by another process \(PID {holder.pid}\)"):
            Store.open(path)
    finally:
        holder.communicate()


def test_errors_for_paths_that_cannot_be_a_database(tmp_path):
    junk = tmp_path / "junk.duckdb"
    junk.write_text("this is no database, " * 100)
    for path, words in {
        tmp_path / "none" / "audit.duckdb": "does not exist",
        tmp_path: "is a folder",
        junk: "is no audit database",
    }.items():
        with pytest.raises(StoreError, match=words):
            Store.open(path)
    with pytest.raises(NotReadyError, match="no audit database here"):
        Store.open(tmp_path / "missing.duckdb", read_only=True)


def test_a_foreign_or_newer_database_is_refused(tmp_path):
    import duckdb

    foreign = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(foreign)) as db:
        db.execute("CREATE TABLE t (x INT)").fetchall()
    with pytest.raises(StoreError, match="not an audit database"):
        Store.open(foreign)
    newer = tmp_path / "newer.duckdb"
    with Store.open(newer) as store:
        store.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    with pytest.raises(StoreError, match="schema version 999"):
        Store.open(newer)


def test_a_full_disk_is_one_clear_error(tmp_path):
    path = tmp_path / "audit.duckdb"
    code = (
        "import resource, sys; from auditor.store.store import Store; from auditor.errors import StoreError\n"
        "store = Store.open(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
        "try:\n"
        "    store.execute(\"INSERT INTO meta SELECT 'k' || i, md5(i::VARCHAR) || repeat(md5((i * 7)::VARCHAR), 20) FROM range(100_000) t(i)\")\n"
        "    store.close()\n"
        "except StoreError as error:\n"
        "    print('clear:', error.message, '|', error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ},
        check=False,
    )
    assert "clear:" in done.stdout, done.stderr
    assert "disk full" in done.stdout


def test_batches_can_be_read_while_other_statements_run(tmp_path):
    with Store.open(tmp_path / "audit.duckdb") as store:
        store.execute("INSERT INTO meta SELECT 'k' || i, i FROM range(10_000) t(i)")
        seen = 0
        for batch in store.batches("SELECT key FROM meta", size=2_048):
            store.execute("UPDATE meta SET value = 'x' WHERE key = 'schema_version_'")
            store.rest()
            seen += batch.num_rows
        assert seen == store.value("SELECT count(*) FROM meta") > 10_000


def test_frames_and_batches_take_parameters(store):
    assert store.frame("SELECT ? AS x", [7]).item() == 7
    assert [b.num_rows for b in store.batches("SELECT $n AS x", {"n": 7})] == [1]


def test_ctrl_c_during_a_statement_is_ctrl_c(store, monkeypatch):
    class Stopped:
        """A connection whose statement is under way when SIGINT comes, as DuckDB tells it."""

        def execute(self, *_):
            raise RuntimeError("Query interrupted")

    monkeypatch.setattr(store, "_connection", Stopped())
    with pytest.raises(KeyboardInterrupt):
        store.rows("SELECT 1")


def test_on_a_terminal_the_database_draws_no_bar_of_its_own():
    code = (
        "from auditor.store.store import Store\n"
        "with Store.open() as store:\n"
        "    print(store.value(\"SELECT current_setting('enable_progress_bar')\"))"
    )
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", code], stdout=theirs, check=True)
        assert os.read(ours, 100).decode().split() == ["False"]
    finally:
        os.close(ours)
        os.close(theirs)

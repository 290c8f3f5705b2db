"""Audits outlive versions: an older database opens with everything paid for, whatever happens."""

from __future__ import annotations

import importlib.util
import json
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import duckdb
import pytest
from command_line import command

from auditor.errors import StoreError
from auditor.store import migrations, safety_copy
from auditor.store.migrations import Migration
from auditor.store.safety_copy import copy_of
from auditor.store.store import Store

_spec = importlib.util.spec_from_file_location(
    "last_release", Path(__file__).with_name("last_release.py")
)
last_release = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(last_release)

PAID_FOR = ("calls", "contents", "answers", "grades", "draws", "designs", "criteria", "labels",
            "decisions", "looks", "speeds", "categories", "overrides", "stage_runs")  # fmt: skip


@pytest.fixture
def old(tmp_path):
    """Return the path of a database of the last release."""
    return last_release.unpack(tmp_path)


def version_in(path):
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0]


def catalog(path):
    """Return tables, columns, constraints, comments and views of a database."""
    with duckdb.connect(str(path), read_only=True) as db:
        return [
            sorted(db.execute(query).fetchall(), key=repr)
            for query in (
                "SELECT table_name, comment FROM duckdb_tables()",
                "SELECT COLUMNS('table_name|column_name|data_type|is_nullable|default|comment') FROM duckdb_columns() WHERE NOT internal",
                "SELECT table_name, constraint_type, constraint_text FROM duckdb_constraints()",
                "SELECT view_name, comment, sql FROM duckdb_views() WHERE NOT internal",
            )
        ]


# -- the last release ----------------------------------------------------------------------------


RESHAPED = {("stage_runs", "settings")}
"""Columns that a migration writes anew, each with a test of its own."""


def test_the_settings_of_a_plan_are_by_name(old):
    with Store.open(old) as store:
        settings = json.loads(
            store.value("SELECT settings FROM stage_runs WHERE stage = 'plan' LIMIT 1")
        )
    assert settings["plan"]["margin"] == 0.05
    assert settings["local"]["capex_usd"] == "2600"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_the_last_release_opens_with_every_row(old, read_only):
    before = last_release.contents(old)
    assert all(before[table][1] for table in PAID_FOR), "the sample holds some of everything"
    with Store.open(old, read_only=read_only) as store:
        assert store.check() == []
        assert store.rows("SELECT * FROM v_headline")
    after = last_release.contents(old)
    for table in PAID_FOR:
        columns = [name for name in before[table][0] if name in after[table][0]]
        assert len(columns) == len(before[table][0]), f"{table}: a column with values went"
        columns = [name for name in columns if (table, name) not in RESHAPED]
        assert last_release.rows_under(after, table, columns) == last_release.rows_under(
            before, table, columns
        )
    assert not copy_of(old).exists()


def test_a_migrated_database_is_like_a_new_one(old, tmp_path):
    Store.open(old).close()
    Store.open(tmp_path / "new.duckdb").close()
    for migrated, new in zip(catalog(old), catalog(tmp_path / "new.duckdb"), strict=True):
        assert migrated == new


def test_the_commands_go_on_with_a_database_of_the_last_release(old, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    counts = "SELECT (SELECT count(*) FROM answers), (SELECT count(*) FROM draws)"
    with duckdb.connect(str(old), read_only=True) as db:
        before = db.execute(counts).fetchone()
        verdicts = db.execute("SELECT category_id, verdict FROM plan_items ORDER BY 1").fetchall()
    code, out, _ = command(monkeypatch, capsys, "status", "--json")
    assert code == 0
    stages = {row["stage"]: row["state"] for row in json.loads(out)["result"]["stages"]}
    assert stages["replay"] == "done"
    assert command(monkeypatch, capsys, "plan").code == 0
    assert command(monkeypatch, capsys, "report").code == 0
    page = (tmp_path / "auditor-report.html").read_text("utf-8")
    assert "Ticket queue" in page, "the name that the user gave"
    with Store.open(old, read_only=True) as store:
        assert store.rows(counts) == [before]
        assert store.rows("SELECT category_id, verdict FROM plan_items ORDER BY 1") == verdicts


# -- the steps -----------------------------------------------------------------------------------


def test_migrations_are_numbered_without_a_gap():
    versions = [step.version for step in migrations.migrations()]
    first = migrations.OLDEST + 1
    assert versions == list(range(first, first + len(versions)))


@pytest.fixture
def one_more(monkeypatch):
    """Return a function that makes these statements the next migration."""

    ours = migrations.migrations()

    def add(sql):
        steps = [*ours, Migration(ours[-1].version + 1, "one_more", sql)]
        monkeypatch.setattr(migrations, "migrations", lambda: steps)
        return steps[-1].version

    return add


def test_a_file_of_statements_is_all_a_migration_needs(old, one_more):
    Store.open(old).close()
    version = one_more(
        "ALTER TABLE looks ADD COLUMN reason VARCHAR;"
        "UPDATE looks SET reason = 'first' WHERE look_no = 1;"
        "UPDATE stage_runs SET settings = json_object('plan', settings->'plan')"
        " WHERE stage = 'plan';"
    )
    with Store.open(old) as store:
        assert store.rows("SELECT DISTINCT reason FROM looks") == [("first",)]
        assert json.loads(
            store.value("SELECT settings FROM stage_runs WHERE stage = 'plan' LIMIT 1")
        )["plan"]["margin"] == pytest.approx(0.05)
    assert version_in(old) == str(version)


def test_a_step_that_fails_leaves_what_the_earlier_ones_made(old, one_more):
    version = one_more("DELETE FROM answers; INSERT INTO no_such_table VALUES (1)")
    with pytest.raises(StoreError, match=rf"schema version {version} \(one_more\).*no_such_table"):
        Store.open(old)
    assert version_in(old) == str(version - 1)
    assert last_release.contents(old)["answers"][1]
    assert version_in(copy_of(old)) == str(migrations.OLDEST)
    # The next auditor has mended the step: it goes on, and the copy goes.
    one_more("DELETE FROM looks")
    with Store.open(old) as store:
        assert store.value("SELECT count(*) FROM looks") == 0
    assert not copy_of(old).exists()


def test_another_process_is_kept_out_during_a_migration(old, monkeypatch):
    tried = []
    take = migrations._take

    def looked_at(store, step, comments):
        done = subprocess.run(
            [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(old)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        tried.append("lock" in done.stderr)
        take(store, step, comments)

    monkeypatch.setattr(migrations, "_take", looked_at)
    Store.open(old).close()
    assert tried == [True] * len(migrations.migrations())


# -- what can go wrong ---------------------------------------------------------------------------

KILLED_AT = {
    "while the copy is written": (
        "import auditor.store.safety_copy as module\n"
        "def copy(source, target, size):\n"
        "    target.write(source.read(300_000)); target.flush(); die()\n"
        "module.shutil.copyfileobj = copy\n"
    ),
    "with the copy written, before the first step": (
        "import auditor.store.migrations as module\nmodule._take = lambda *_: die()\n"
    ),
    "within a step": (
        "import auditor.store.store as module\n"
        "real = module.Store.execute\n"
        "def execute(self, sql, params=()):\n"
        "    real(self, sql, params)\n"
        "    if 'schema_version' in sql: die()\n"
        "module.Store.execute = execute\n"
    ),
    "after the last step": (
        "import auditor.store.safety_copy as module\nmodule.remove_copy = lambda _: die()\n"
    ),
}


@pytest.mark.parametrize("moment", KILLED_AT)
def test_a_migration_that_is_killed_goes_on_at_the_next_open(old, moment):
    before = last_release.contents(old)
    code = (
        "import os, signal, sys\n"
        "def die(): os.kill(os.getpid(), signal.SIGKILL)\n"
        f"{KILLED_AT[moment]}"
        "from auditor.store.store import Store\n"
        "Store.open(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    copy = copy_of(old)
    left = {path.name for path in old.parent.iterdir()}
    assert left & {copy.name, f"{copy.name}.part"}, "killed too early to test anything"
    if copy.exists():
        assert last_release.contents(copy)["answers"] == before["answers"]
    with Store.open(old, read_only=True) as store:
        assert store.check() == []
    with Store.open(old):
        pass
    after = last_release.contents(old)
    for table in ("answers", "grades", "draws"):
        assert after[table] == before[table]
    assert version_in(old) == str(migrations.newest())
    assert not list(old.parent.glob(f"{copy.name}*"))


def test_a_file_that_was_damaged_meanwhile_names_its_copy(old):
    shutil.copyfile(old, copy_of(old))
    for damage in (b"\0" * 4096, old.read_bytes()[:5000]):
        old.write_bytes(damage)
        with pytest.raises(StoreError, match="cannot be opened") as told:
            Store.open(old)
        assert f"mv {copy_of(old)} {old}" in told.value.hint
    copy_of(old).replace(old)
    with Store.open(old) as store:
        assert store.check() == []


def test_a_disk_without_room_for_the_copy_changes_nothing(old, monkeypatch):
    before = old.read_bytes()
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(safety_copy.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1_000_000))
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"no room to migrate it: .* 1 MB are free") as told:
            Store.open(old, read_only=read_only)
        assert "make room" in told.value.hint
    assert old.read_bytes() == before
    assert not list(old.parent.glob("*.before-migration*"))


def test_a_disk_that_fills_up_while_copying_changes_nothing(old, monkeypatch):
    before = old.read_bytes()

    def full(_source, target, _size):
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safety_copy.shutil, "copyfileobj", full)
    with pytest.raises(StoreError, match="cannot be written: No space left"):
        Store.open(old)
    assert old.read_bytes() == before
    assert not list(old.parent.glob("*.before-migration*"))


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_is_left_as_it_is(tmp_path, read_only):
    path = tmp_path / "newer.duckdb"
    with Store.open(path) as store:
        store.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
        store.execute("UPDATE meta SET value = 'others' WHERE key = 'views'")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer auditor.*schema version 999") as told:
        Store.open(path, read_only=read_only)
    assert "nothing was changed" in told.value.hint
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["newer.duckdb"]


def test_a_database_from_before_the_first_release_is_refused(old):
    with duckdb.connect(str(old)) as db:
        db.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'").fetchall()
    with pytest.raises(StoreError, match="schema version 2, from before the first release"):
        Store.open(old)


# -- views ---------------------------------------------------------------------------------------


@pytest.fixture
def other_views(tmp_path):
    """Return a database whose views another auditor of the same schema version made."""
    path = tmp_path / "audit.duckdb"
    with Store.open(path) as store:
        store.execute("CREATE OR REPLACE VIEW v_period AS SELECT 7 AS covered_days")
        store.execute("UPDATE meta SET value = 'other' WHERE key = 'views'")
    return path


def test_views_are_made_anew_where_they_differ(other_views, tmp_path):
    Store.open(other_views).close()
    Store.open(tmp_path / "new.duckdb").close()
    assert catalog(other_views) == catalog(tmp_path / "new.duckdb")


def test_a_file_that_is_only_read_gets_its_views_for_as_long_as_it_is_open(other_views):
    before = other_views.read_bytes()
    with Store.open(other_views, read_only=True) as store:
        for _ in range(2):
            assert store.value("SELECT covered_days FROM v_totals") is None
            assert store.value("SELECT days_with_calls FROM v_period") == 0
            store.rest()  # the next statement connects anew
        assert [batch.num_rows for batch in store.batches("SELECT * FROM v_verdicts")] == [5]
    assert other_views.read_bytes() == before


def test_views_that_agree_are_left_alone(tmp_path):
    path = tmp_path / "audit.duckdb"
    Store.open(path).close()
    before = path.read_bytes()
    Store.open(path).close()
    assert path.read_bytes() == before

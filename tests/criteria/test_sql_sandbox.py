"""SQL of strangers is run with no rights: it reads its own tables, and that within limits."""

import os
import sqlite3
import time
from pathlib import Path

import pytest

from auditor.criteria.sql.sandbox import Sandbox, SandboxError

TABLES = {
    "definitions": ["CREATE TABLE t (a INTEGER, b TEXT)"],
    "rows": {"t": [[1, "x"], [2, None], [3, "y"]]},
}
SECONDS = 0.5


@pytest.fixture(scope="module")
def sqlite():
    with Sandbox("sqlite") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def duckdb():
    with Sandbox("duckdb") as sandbox:
        yield sandbox


def ran(sandbox, statement):
    (told,) = sandbox.run("rows t", [statement], seconds=SECONDS, **TABLES)
    return told


def stopped(sandbox, statement):
    """Why a statement returned nothing, whether it was refused or its process ended."""
    try:
        told = ran(sandbox, statement)
    except SandboxError as error:
        return str(error)
    return None if told.rows is not None else told.error


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_select_returns_its_rows(engine, request):
    sandbox = request.getfixturevalue(engine)
    assert ran(sandbox, "SELECT a, b FROM t ORDER BY a").rows == [(1, "x"), (2, None), (3, "y")]
    assert ran(sandbox, "WITH q AS (SELECT count(*) AS n FROM t) SELECT n + 0.5 FROM q").rows


def test_sqlite_reads_nothing_but_its_tables_and_writes_nothing(sqlite, tmp_path):
    secret = tmp_path / "secret.db"
    with sqlite3.connect(secret) as connection:
        connection.execute("CREATE TABLE s AS SELECT 'secret' AS x")
    connection.close()
    attacks = [
        f"ATTACH '{secret}' AS other",
        f"ATTACH '{tmp_path}/made.db' AS other",
        "PRAGMA writable_schema=ON",
        "PRAGMA query_only=OFF",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM sqlite_master",
        f"SELECT readfile('{secret}')",
        f"SELECT writefile('{tmp_path}/made', 'x')",
        "SELECT load_extension('/lib/libc.so.6')",
        "SELECT fts3_tokenizer('simple', x'00')",
        "INSERT INTO t VALUES (4, 'z')",
        "UPDATE t SET b = 'z'",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u AS SELECT 1",
        "CREATE TEMP TABLE u AS SELECT 1",
        "CREATE VIRTUAL TABLE u USING fts5(a)",
        f"VACUUM INTO '{tmp_path}/made.db'",
        "SELECT a FROM t; SELECT b FROM t",
        "BEGIN",
        "SELECT random()",
        "SELECT randomblob(8)",
    ]
    assert {
        attack: stopped(sqlite, attack) for attack in attacks if not stopped(sqlite, attack)
    } == {}
    assert ran(sqlite, "SELECT count(*) FROM t").rows == [(3,)]
    assert [path.name for path in tmp_path.iterdir()] == ["secret.db"]


def test_duckdb_reads_nothing_but_its_tables_and_writes_nothing(duckdb, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("x\nsecret\n")
    attacks = [
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM '{secret}'",
        f"SELECT * FROM read_text('{secret}')",
        f"SELECT * FROM glob('{tmp_path}/*')",
        f"SELECT * FROM query('SELECT * FROM read_csv(''{secret}'')')",
        f"COPY t TO '{tmp_path}/made.csv'",
        f"COPY t FROM '{secret}'",
        f"EXPORT DATABASE '{tmp_path}/made'",
        f"ATTACH '{tmp_path}/made.db' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_external_access = true",
        "RESET lock_configuration",
        "INSERT INTO t VALUES (4, 'z')",
        "DROP TABLE t",
        "CREATE TABLE u AS SELECT 1",
        "CALL pragma_version()",
        "SELECT a FROM t; DROP TABLE t",
        "SELECT * FROM databases",  # a variable of the program that runs it
    ]
    assert {
        attack: stopped(duckdb, attack) for attack in attacks if not stopped(duckdb, attack)
    } == {}
    assert ran(duckdb, "SELECT count(*) FROM t").rows == [(3,)]
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT {} FROM r"


def test_what_takes_too_long_too_much_or_never_ends_is_ended_and_the_next_one_runs(sqlite, duckdb):
    heavy = [
        (sqlite, ENDLESS.format("count(*)")),
        (sqlite, ENDLESS.format("n")),
        (sqlite, "SELECT zeroblob(1000000000)"),
        (sqlite, "SELECT hex(zeroblob(900000))"),
        (sqlite, "SELECT replace(printf('%.999999c', 'x'), 'x', printf('%.999999c', 'y'))"),
        (
            sqlite,
            "SELECT group_concat(x.b || printf('%.99999c', 'x'), '') FROM t x, t y, t z, t v, t w",
        ),
        (sqlite, "SELECT " + "(" * 500 + "1" + ")" * 500),
        (duckdb, "SELECT count(*) FROM range(100000000000) AS x(i), range(1000) AS y(j)"),
        (duckdb, "SELECT list(i) FROM range(1000000000) AS x(i)"),
        (duckdb, "SELECT repeat('x', 10000000000)"),
        (duckdb, "SELECT i FROM range(1000000) AS x(i)"),
    ]
    for sandbox, statement in heavy:
        began = time.monotonic()
        why = stopped(sandbox, statement)
        assert why, statement
        assert time.monotonic() - began < 20, statement
        assert ran(sandbox, "SELECT count(*) FROM t").rows == [(3,)], statement


def test_a_child_that_is_killed_is_told_of_and_replaced():
    with Sandbox("sqlite") as sandbox:
        assert ran(sandbox, "SELECT 1").rows == [(1,)]
        os.kill(sandbox._child.pid, 9)
        with pytest.raises(SandboxError, match="its process"):
            ran(sandbox, "SELECT 1")
        assert ran(sandbox, "SELECT 1").rows == [(1,)]


@pytest.mark.skipif(not Path("/proc").exists(), reason="Linux shows environments there")
def test_the_child_knows_nothing_of_our_environment(sqlite):
    ran(sqlite, "SELECT 1")
    assert Path(f"/proc/{sqlite._child.pid}/environ").read_bytes() == b""

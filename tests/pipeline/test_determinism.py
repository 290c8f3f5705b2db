"""The same logs, settings and seed: the same categories, draws, answers, verdicts and report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import needs
import planted
import planted_audit
import pytest

SAMPLE_LOGS = Path(__file__).resolve().parents[2] / "sample_logs"
# What may differ between two runs on one machine: the order of sets, and the number of threads.
ONE = {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
OTHER = {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"}


def auditor(folder, *words, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *map(str, words)],
        cwd=folder, env=os.environ | {"AUDITOR_ENGINE_API_KEY": ""} | environment,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_same(found, expected):
    for table, rows in expected.items():
        assert found[table] == rows, table


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Two audits of one log in fresh databases, the files named in another order."""
    folder = tmp_path_factory.mktemp("determinism")
    log = planted.plant(calls_per_task=60, tasks=planted.TASKS[:6])
    paths = [path.name for path in log.write(folder)]
    with planted_audit.serving(log.local_answers(seed=0)) as server:
        words = ["--model", server.url, "--top", "3", "--samples", "150", "--slots", "1"]
        auditor(folder, "audit", *paths, *words, "--db", "one.duckdb", **ONE)
        auditor(folder, "audit", *paths[::-1], *words, "--db", "other.duckdb", **OTHER)
    return folder


def test_two_audits_find_the_same(audited):
    one = planted_audit.tables_of(audited / "one.duckdb")
    assert all(one[table] for table in ("calls", "categories", "draws", "answers", "decisions"))
    assert_same(planted_audit.tables_of(audited / "other.duckdb"), one)


def test_a_report_made_again_has_the_same_bytes(audited):
    names = ("page.html", "plan.md", "report.json")
    words = ("report", "--db", "one.duckdb", "-o", "page.html")
    said = auditor(audited, *words, **ONE)
    first = [(audited / name).read_bytes() for name in names]
    assert all(first)
    for name in names:
        (audited / name).unlink()
    assert auditor(audited, *words, **OTHER) == said
    for name, expected in zip(names, first, strict=True):
        assert (audited / name).read_bytes() == expected, name


def test_another_seed_draws_other_calls(audited):
    """Or else the tests above show nothing."""
    shutil.copy(audited / "one.duckdb", audited / "seed.duckdb")
    words = ("--model", "http://127.0.0.1:9/v1#planted", "--top", "3", "--samples", "150")
    auditor(audited, "sample", *words, "--seed", "1", "--db", "seed.duckdb")
    one = planted_audit.tables_of(audited / "one.duckdb")
    seed = planted_audit.tables_of(audited / "seed.duckdb")
    assert seed["categories"] == one["categories"]
    assert {row[-1] for row in seed["draws"]} - {row[-1] for row in one["draws"]}


def test_categories_do_not_depend_on_the_order_of_the_logs(tmp_path):
    """The sample logs hold open chat too, whose groups are found by search, not by template."""
    logs = [*SAMPLE_LOGS.glob("*.jsonl.gz"), SAMPLE_LOGS / "support-app.openai.jsonl"]
    for db, paths, environment in (("one.duckdb", logs, ONE), ("other.duckdb", logs[::-1], OTHER)):
        auditor(tmp_path, "ingest", *paths, "--db", db, **environment)
        auditor(tmp_path, "categorize", "--db", db, **environment)
    one = planted_audit.tables_of(tmp_path / "one.duckdb")
    assert len(one["categories"]) >= 8
    assert_same(planted_audit.tables_of(tmp_path / "other.duckdb"), one)


def test_the_embedded_model_answers_the_same_in_one_slot(tmp_path):
    needs.embedded_model()
    log = planted.plant(calls_per_task=20, tasks=planted.TASKS[:1], top_usd=0.02)
    paths = [path.name for path in log.write(tmp_path)]
    words = ("--top", "1", "--samples", "10", "--slots", "1")
    for db, environment in (("one.duckdb", ONE), ("other.duckdb", OTHER)):
        auditor(tmp_path, "audit", *paths, *words, "--db", db, **environment)
    one = planted_audit.tables_of(tmp_path / "one.duckdb")
    assert one["answers"]
    assert_same(planted_audit.tables_of(tmp_path / "other.duckdb"), one)

"""Output replaces what auditor wrote, and nothing else; a folder of logs is read without it."""

from __future__ import annotations

import json
import os
import shutil

import duckdb
import pytest
from command_line import command, write_log
from report_database import fill

from auditor import outputs
from auditor.categories.stage import CategorizeSettings
from auditor.categories.stage import run as categorize
from auditor.ingest import stage as ingest
from auditor.report.stage import ReportSettings, claim_files
from auditor.report.stage import run as write_report
from auditor.store.store import Store


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Make a folder that holds a log, an audit of it and its categories."""
    folder = tmp_path_factory.mktemp("audited")
    write_log(folder / "log.jsonl", 12)
    with Store.open(folder / "audit.duckdb") as made:
        ingest.run(made, [folder / "log.jsonl"])
        categorize(made, CategorizeSettings())
    return folder


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, audited):
    """Run a command in a folder like the one that was audited."""
    for name in [name for name in os.environ if name.startswith("AUDITOR")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name in ("log.jsonl", "audit.duckdb"):
        shutil.copyfile(audited / name, tmp_path / name)
    return lambda *words: command(monkeypatch, capsys, *words)


@pytest.fixture
def filled(store):
    """Return an audit that is finished."""
    fill(store)
    return store


FOREIGN = {"log": b'{"request": {}}\n', "notes": b"my notes\n", "binary": bytes(range(256))}
WRITES = {
    "calls.csv": ("export", "calls", "-o"),
    "calls.jsonl": ("export", "calls", "-o"),
    "calls.parquet": ("export", "calls", "-o"),
    "rejects.csv": ("export", "rejects", "-o"),
    "categories.csv": ("export", "categories", "-o"),
    "answers.parquet": ("export", "answers", "-o"),
    "grades.jsonl": ("export", "grades", "-o"),
    "mine.yaml": ("categories", "--export"),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_file_of_others_is_never_overwritten_unasked(run, tmp_path, name):
    path = tmp_path / name
    for content in FOREIGN.values():
        path.write_bytes(content)
        refused = run(*WRITES[name], name)
        assert (refused.code, "--overwrite" in refused.err) == (2, True)
        assert path.read_bytes() == content
    assert run(*WRITES[name], name, "--overwrite").code == 0
    assert path.read_bytes() != content


@pytest.mark.parametrize("name", [name for name in WRITES if not name.startswith("grades")])
def test_what_an_earlier_command_wrote_is_replaced(run, name):
    assert run(*WRITES[name], name).code == 0
    again = run(*WRITES[name], name)
    assert again.code == 0, again.err


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
@pytest.mark.parametrize(
    "words", [("export", "calls", "--format", "csv", "-o"), ("categories", "--export")]
)
def test_a_database_is_not_even_overwritten_when_asked(run, tmp_path, words, more):
    before = (tmp_path / "audit.duckdb").read_bytes()
    refused = run(*words, "audit.duckdb", *more)
    assert refused.code == 2
    assert "is a database" in refused.err
    assert (tmp_path / "audit.duckdb").read_bytes() == before


@pytest.mark.parametrize("words", [("report",), ("audit",)])
def test_a_report_is_refused_before_anything_is_done(run, tmp_path, words):
    (tmp_path / "plan.md").write_text("# What we plan\n")
    refused = run(*words)
    assert (refused.code, "plan.md was not written" in refused.err) == (2, True)
    assert not (tmp_path / "auditor-report.html").exists()


@pytest.mark.parametrize("name", ["log.jsonl", "audit.duckdb", "log.jsonl/in/page.html"])
def test_a_report_in_a_folder_that_is_a_file_is_refused_before_anything_is_done(
    run, tmp_path, name
):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    refused = run("audit", "-o", name, "--overwrite")
    assert (refused.code, "is a file" in refused.err) == (2, True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_earlier_report_is_replaced_and_a_folder_of_others_is_kept(filled, tmp_path):
    place = tmp_path / "there"
    place.mkdir()
    (place / "notes.txt").write_text("mine")
    for _ in range(2):
        write_report(filled, ReportSettings(output=place))
    assert {outputs.kind_of(path) for path in claim_files(place, overwrite=False)} == {
        outputs.PAGE, outputs.PLAN, outputs.DATA,
    }  # fmt: skip
    assert (place / "notes.txt").read_text() == "mine"
    (place / "report.json").write_text('{\n "version": 3\n}\n')
    with pytest.raises(outputs.ConfigError, match=r"report\.json was not written"):
        write_report(filled, ReportSettings(output=place))
    write_report(filled, ReportSettings(output=place, overwrite=True))


@pytest.mark.parametrize("content", [b"a,b,c\n1,2,3\n", b'{"request": {}}\n', b""])
def test_a_database_that_is_none_is_left_alone(run, tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    assert run("ingest", "log.jsonl", "--db", "other").code == 1
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(run, tmp_path):
    with duckdb.connect(str(tmp_path / "theirs.duckdb")) as db:
        db.execute("CREATE TABLE calls AS SELECT 1 AS n")
    refused = run("ingest", "log.jsonl", "--db", "theirs.duckdb")
    assert (refused.code, "not an audit database" in refused.err) == (1, True)
    with duckdb.connect(str(tmp_path / "theirs.duckdb"), read_only=True) as db:
        assert db.execute("SHOW TABLES").fetchall() == [("calls",)]


def test_a_database_that_is_a_pipe_is_refused_and_not_waited_for(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused = run("status", "--db", "pipe")
    assert (refused.code, "is a pipe or a device" in refused.err) == (1, True)


def test_a_folder_is_read_without_what_auditor_wrote_there(run, tmp_path, filled):
    for name, words in WRITES.items():
        assert run(*words, name).code == 0
    (tmp_path / "grades.jsonl").unlink()  # of an audit without any it is empty
    write_report(filled, ReportSettings(output=tmp_path))
    (tmp_path / "october.html").write_bytes((tmp_path / "auditor-report.html").read_bytes())
    (tmp_path / "auditor.toml").write_text("[sample]\ntop = 3\n")
    (tmp_path / "criteria.yaml").write_text("version: 1\n")
    (tmp_path / "labels.jsonl").write_text('{"id": "a", "expected": "b"}\n')
    (tmp_path / "audit.duckdb.before-migration").write_bytes(
        (tmp_path / "audit.duckdb").read_bytes()
    )
    ran = run("ingest", ".", "--db", "second.duckdb", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [row["path"].rpartition("/")[2] for row in found["result"]["sources"]] == ["log.jsonl"]
    assert "files of auditor" in found["warnings"][0]
    # A shell writes out the star: the same files are named one by one.
    named = sorted(path.name for path in tmp_path.iterdir())
    ran = run("ingest", *named, "--db", "third.duckdb", "--json")
    calls = {
        row["path"].rpartition("/")[2]: row["calls"]
        for row in json.loads(ran.out)["result"]["sources"]
    }
    assert calls.pop("log.jsonl") == 12
    assert calls.keys() <= {"auditor.toml", "criteria.yaml", "labels.jsonl"}

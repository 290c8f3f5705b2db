"""Logs that several processes read: the database is the same, and nothing of them stays behind."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from paired_log import pair, write

from auditor.errors import LogError
from auditor.ingest import reading
from auditor.ingest import stage as ingest
from auditor.readers.files import containers
from auditor.readers.shards import pool
from auditor.readers.shards.shard import Reading, Shard
from auditor.store.store import Store

TABLES = ("sources", "records", "rejects", "calls", "contents", "call_sensitivity")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Sizes at which a small log is cut, and read by processes."""
    monkeypatch.setattr(pool, "WORTHWHILE_BYTES", 0)
    monkeypatch.setattr(containers, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(reading, "SMALL_BYTES", 10_000)
    monkeypatch.setattr(reading, "BATCH_CALLS", 70)


def logs(folder):
    """A log in pieces, packed ones, small files, and sessions whose records belong together."""
    folder.mkdir()
    pairs = [pair(n) for n in range(200)]
    pairs[20]["request"]["messages"].append({"role": "user", "content": "a@b.example"})
    write(folder / "a.jsonl", pairs)
    with (folder / "a.jsonl").open("a") as file:
        file.write('{"broken": \n')
    for n in range(3):
        lines = [json.dumps(pair(1000 * n + m)) for m in range(150)]
        (folder / f"b{n}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
        write(folder / f"c{n}.jsonl", [pair(9_000 + n)])
    write(folder / "d.jsonl", [pair(n) for n in range(100, 300)])
    return folder


def rows(store):
    hidden = {"sources": "EXCLUDE (ingested_at)"}
    return {
        name: store.rows(f"SELECT * {hidden.get(name, '')} FROM {name} ORDER BY ALL")
        for name in TABLES
    }


def test_what_is_written_does_not_depend_on_how_many_read(tmp_path):
    folder = logs(tmp_path / "logs")
    found = []
    for processes in (1, 2, 3):
        with Store.open(tmp_path / f"{processes}.duckdb") as store:
            result = ingest.run(store, [folder], ingest.IngestSettings(processes=processes))
            assert store.check() == []
            found.append((result.sources, rows(store)))
    assert found[0] == found[1] == found[2]
    assert len(found[0][1]["calls"]) == 753 - 150  # of the first packed file, all are in the others


def test_a_log_that_grew_is_read_on_by_processes(tmp_path):
    log = tmp_path / "log.jsonl"
    write(log, [pair(n) for n in range(100)])
    settings = ingest.IngestSettings(processes=2)
    with Store.open(tmp_path / "audit.duckdb") as store:
        ingest.run(store, [log], settings)
        write(log, [pair(n) for n in range(150)])
        result = ingest.run(store, [log], settings)
        assert (result.rows_read, store.value("SELECT count(*) FROM calls")) == (50, 150)


def test_an_error_of_a_reader_comes_back_as_it_was(tmp_path):
    log = tmp_path / "log.jsonl"
    write(log, [pair(n) for n in range(100)])
    with containers.sources([log]) as (source,):
        shards = [Shard(sources=(source,), piece=piece) for piece in containers.pieces(source, 0)]
        log.unlink()
        with pool.Processes(Reading(), 2) as readers, pytest.raises(FileNotFoundError):
            list(readers.read(shards))


def test_a_process_that_is_killed_is_told_with_the_place_and_the_next_command(tmp_path):
    log = tmp_path / "log.jsonl"
    write(log, [pair(n) for n in range(100)])
    with containers.sources([log]) as (source,), pool.Processes(Reading(), 2) as readers:
        shards = [Shard(sources=(source,), piece=piece) for piece in containers.pieces(source, 0)]
        runs = readers.read(shards)
        next(runs)
        for process in psutil.Process().children(recursive=True):
            process.kill()
        with pytest.raises(LogError, match=r"log.jsonl, bytes .* has ended") as raised:
            list(runs)
    assert "--processes 1" in raised.value.hint


def test_memory_is_bounded_where_nobody_takes_what_was_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "AHEAD_BYTES", 40_000)
    log = tmp_path / "log.jsonl"
    write(log, [pair(n) for n in range(300)])
    with containers.sources([log]) as (source,), pool.Processes(Reading(), 2) as readers:
        pieces = list(containers.pieces(source, 0))
        given = []
        shards = (given.append(p) or Shard(sources=(source,), piece=p) for p in pieces)
        next(readers.read(shards))
        assert len(given) < 15 < len(pieces)


PROGRAM = """
import sys, time
from auditor.readers.files import containers
from auditor.readers.shards import pool
from auditor.readers.shards.shard import Reading, Shard
with containers.sources([sys.argv[1]]) as (source,), pool.Processes(Reading(), 3) as readers:
    runs = readers.read([Shard(sources=(source,))])
    next(runs)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_the_one_that_asked(tmp_path, how):
    log = tmp_path / "log.jsonl"
    write(log, [pair(0)])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, log], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout.readline() == b"ready\n"
        readers = psutil.Process(program.pid).children(recursive=True)
        assert len(readers) == 3
        os.kill(program.pid, how)
        program.wait(10)
        _, alive = psutil.wait_procs(readers, timeout=10)
        assert alive == []


def test_nothing_is_imported_from_the_folder_of_the_logs(tmp_path, monkeypatch):
    (tmp_path / "pyarrow.py").write_text("raise SystemExit('imported from where the logs are')")
    log = tmp_path / "log.jsonl"
    write(log, [pair(n) for n in range(10)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    with containers.sources([log]) as (source,), pool.Processes(Reading(), 2) as readers:
        (run, end) = readers.read([Shard(sources=(source,))])
    assert len(run.columns.calls) == 10
    assert end.columns is None

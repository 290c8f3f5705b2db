"""Killed anywhere, stopped by Ctrl-C, watched and disturbed: the same command ends the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import needs
import planted
import planted_audit
import pytest
from command_line import write_log

from auditor.engines.llama_cpp.embedded_model import find_embedded
from auditor.store.store import Store

TASKS = planted.TASKS[:3]
SAMPLES = 150
STAGES = ("ingest", "categorize", "criteria", "trials", "sample", "replay", "grade", "cost", "plan",
          "report")  # fmt: skip

# Runs the command line with every write counted by stage. "count FILE" writes the numbers down;
# "kill STAGE N" is kill -9 at the Nth write of a stage, before it is made.
DRIVER = """
import atexit, json, os, runpy, signal, sys
from auditor.store.store import Store

mode, *rest = sys.argv[1].split()
del sys.argv[1]
writes, stage = {}, ["start"]

def counting(original):
    def write(self, *args, **kwargs):
        if args[0] == "stage_runs":
            stage[0] = args[1][0]["stage"]
        writes[stage[0]] = writes.get(stage[0], 0) + 1
        if mode == "kill" and rest == [stage[0], str(writes[stage[0]])]:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, *args, **kwargs)
    return write

Store.execute, Store.append = counting(Store.execute), counting(Store.append)
if mode == "count":
    atexit.register(lambda: open(rest[0], "w").write(json.dumps(writes)))
# A test run in the background inherits a SIGINT that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("auditor", run_name="__main__")
"""


def start(folder, mode, *words, db="audit.duckdb"):
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, mode, *words, "--db", db],
        cwd=folder, env=os.environ | {"AUDITOR_ENGINE_API_KEY": ""}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(folder, mode, *words, db="audit.duckdb"):
    process = start(folder, mode, *words, db=db)
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    return process.returncode, out, err


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A folder with logs, a server that knows the answers, and the uninterrupted audit."""
    folder = tmp_path_factory.mktemp("interruptions")
    log = planted.plant(tasks=TASKS, calls_per_task=160)
    paths = [path.name for path in log.write(folder)]
    with planted_audit.serving(log.local_answers(seed=0)) as server:
        words = ["--model", server.url, "--top", "3", "--samples", str(SAMPLES)]
        audit = ["audit", *paths, *words]
        code, _, err = run(folder, "count writes.json", *audit, db="whole.duckdb")
        assert code == 0, err
        writes = json.loads((folder / "writes.json").read_text())
        tables = planted_audit.tables_of(folder / "whole.duckdb")
        yield Case(folder, server, audit, ["replay", *words], paths, writes, tables)


class Case:
    def __init__(self, folder, server, audit, replay, paths, writes, tables):
        self.folder, self.server, self.audit, self.replay = folder, server, audit, replay
        self.paths, self.writes, self.tables = paths, writes, tables


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        assert found[table] == rows, table


def saved_prompts(db):
    with Store.open(db, read_only=True) as store:
        rows = store.rows(
            "SELECT messages ->> '$[#-1].content' FROM answers JOIN contents USING (call_id)"
            " WHERE candidate_id IS NOT NULL"
        )
    return {row[0] for row in rows}


def test_an_audit_killed_in_every_stage_ends_as_if_it_never_was(case):
    """Half way in each stage; where a stage saves as it goes, again soon after it went on."""
    db = "killed.duckdb"
    assert set(STAGES) <= case.writes.keys()
    case.server.asked.clear()
    for stage in STAGES:
        half = max(case.writes[stage] // 2, 2)
        for write in (half, 4) if stage in {"ingest", "replay", "grade"} else (half,):
            code, _, err = run(case.folder, f"kill {stage} {write}", *case.audit, db=db)
            assert code == -signal.SIGKILL, (stage, write, err)
            if stage == "replay" and write == half:
                saved = saved_prompts(case.folder / db)
                asked = case.server.asked.copy()
    code, _, err = run(case.folder, "run", *case.audit, db=db)
    assert code == 0, err
    assert_same(planted_audit.tables_of(case.folder / db), case.tables)
    assert saved, "the kill came before the first answers were saved"
    assert not saved & (case.server.asked - asked).keys(), "what was saved was asked again"


def test_a_replay_is_watched_refused_a_rival_stopped_killed_and_finished(case):
    db = "watched.duckdb"
    assert run(case.folder, "run", "ingest", *case.paths, db=db)[0] == 0
    case.server.delay_s = 0.8
    case.server.hold_after(120)
    try:
        first = start(case.folder, "run", *case.replay, db=db)
        replay = wait_for_progress(case, db, first)
        assert replay["state"] == "running"
        assert 0 < replay["done"] < replay["total"] == len(distinct_draws(case))
        assert "Replaying" in replay["note"]
        assert sum(part["done"] for part in replay["parts"]) == replay["done"]
        assert sum(part["total"] for part in replay["parts"]) == replay["total"]
        assert len({part["name"] for part in replay["parts"]}) == len(TASKS)

        code, _, err = run(case.folder, "run", *case.replay, db=db)
        assert code == 1
        assert f"replay is running on {db} (PID {first.pid})" in err
        assert "hint: " in err

        first.send_signal(signal.SIGINT)
        _, err = first.communicate(timeout=60)
        assert first.returncode == 130, err
        assert "Interrupted" in err
        assert "same command" in err
        assert "Traceback" not in err
        assert state_of(case, db, "replay")["state"] == "interrupted"
        kept = saved_prompts(case.folder / db)
        assert kept

        case.server.hold_after(80)
        second = start(case.folder, "run", *case.replay, db=db)
        wait_for_progress(case, db, second)
        second.kill()
        second.communicate(timeout=60)
        more = saved_prompts(case.folder / db)
        assert kept < more
        assert state_of(case, db, "replay")["state"] == "interrupted"
    finally:
        case.server.delay_s = 0.0
        case.server.release()
    code, _, err = run(case.folder, "run", *case.audit, db=db)
    assert code == 0, err
    assert_same(planted_audit.tables_of(case.folder / db), case.tables)


def distinct_draws(case):
    return {row[-1] for row in case.tables["draws"]}


def state_of(case, db, stage):
    code, out, err = run(case.folder, "run", "status", "--json", db=db)
    assert code == 0, err
    (found,) = (row for row in json.loads(out)["result"]["stages"] if row["stage"] == stage)
    return found


def wait_for_progress(case, db, process):
    """Wait until a part of the replay is done and saved; return what 'auditor status' says then."""
    deadline = time.monotonic() + 120
    before = len(saved_prompts(case.folder / db))
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        with Store.open(case.folder / db, read_only=True) as store:
            done = store.value(
                "SELECT done FROM stage_runs WHERE stage = 'replay' AND status = 'running'"
            )
        if done and len(saved_prompts(case.folder / db)) > before:
            return state_of(case, db, "replay")
        time.sleep(0.3)
    pytest.fail("the replay showed no progress")


# -- killed at any moment, on the embedded model ---------------------------------------------------

# Every answer is written at once, so that a kill finds the database at work as often as can be.
# Says "asking" when the first answer is asked for: what comes before takes as long, and is dull.
SAVING = """
import runpy
from auditor.replay import answers

begin = answers.AnswerLog.__enter__

def announced(self):
    print("asking", flush=True)
    return begin(self)

answers._SAVE_EVERY_S = 0.0
answers.AnswerLog.__enter__ = announced
runpy.run_module("auditor", run_name="__main__")
"""
SAID = (
    "call_id, candidate_id, replicate, text, tool_calls, finish_reason, error, error_detail,"
    " input_tokens, output_tokens, reasoning_tokens, fidelity"
)


class Embedded:
    """A database with draws that wait for their answers, and how many seconds these take."""

    def __init__(self, folder, samples):
        self.folder = folder
        self.words = ["--samples", str(samples), "--slots", "4", "--quiet"]
        self.environment = os.environ | {"XDG_CACHE_HOME": str(folder)}
        log = write_log(folder / "log.jsonl", 3 * samples)
        calls = [json.loads(line) for line in log.read_text().splitlines()]
        for call in calls:
            call["request"]["max_tokens"] = 6
        log.write_text("".join(json.dumps(call) + "\n" for call in calls))
        self.finish("drawn", "ingest", log.name, "--quiet")
        self.finish("drawn", "sample", *self.words)
        find_embedded(str(folder / "auditor")).ready()
        self.copy("drawn", "whole")
        process = self.start("whole")
        process.stdout.readline()
        began = time.monotonic()
        _, err = process.communicate(timeout=120)
        self.seconds = time.monotonic() - began
        assert process.returncode == 0, err
        self.answers = self.said("whole")

    def start(self, name, *words):
        words = words or ("replay", *self.words)
        return subprocess.Popen(
            [sys.executable, "-c", SAVING, *words, "--db", f"{name}.duckdb"],
            cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def finish(self, name, *words):
        process = self.start(name, *words)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err

    def copy(self, name, to):
        shutil.copy(self.folder / f"{name}.duckdb", self.folder / f"{to}.duckdb")

    def said(self, name, columns=SAID):
        """Return the answers; the database is sound, whatever happened to who wrote it."""
        with Store.open(self.folder / f"{name}.duckdb") as store:
            assert store.check() == []
            return store.rows(f"SELECT {columns} FROM answers ORDER BY ALL")


@pytest.mark.parametrize(
    ("samples", "kills"), [(16, 4), pytest.param(60, 50, marks=pytest.mark.slow)]
)
def test_a_replay_killed_at_random_moments_ends_as_if_it_never_was(tmp_path, samples, kills):
    needs.embedded_model()
    embedded = Embedded(tmp_path, samples)
    moments = random.Random(kills)
    embedded.copy("drawn", "killed")
    kept: set[tuple[object, ...]] = set()
    met = set()
    left = kills
    while left:
        process = embedded.start("killed")
        if moments.random() < 0.8:
            process.stdout.readline()  # ends too when all was answered and there is none to ask
        try:
            process.wait(moments.uniform(0, embedded.seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            left -= 1
        _, err = process.communicate()
        rows = embedded.said("killed", "*")
        met.add(len(rows))
        assert kept <= set(rows), "an answer was lost or given again"
        kept = set(rows)
        if process.returncode == 0:
            assert embedded.said("killed") == embedded.answers
            embedded.copy("drawn", "killed")
            kept = set()
        else:
            assert process.returncode == -signal.SIGKILL, err
    embedded.finish("killed")
    assert kept <= set(embedded.said("killed", "*"))
    assert embedded.said("killed") == embedded.answers
    assert len(met) > kills // 5, "the kills came before or after the work"

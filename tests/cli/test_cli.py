"""The commands: what they print where, the one object of --json, help, colour, resuming."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import click
import pytest
from command_line import ANSWERS, HOSTILE, command, write_log
from loopback import Handler, listening
from planted_audit import serving

from auditor import __version__
from auditor.cli import main as cli
from auditor.pipeline import pipeline
from auditor.pipeline.order import STAGES
from auditor.store.store import Store

COMMANDS = dict(cli.cli.commands)
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""What must never reach a terminal from a log; line feeds and tabs are ours."""
HEAVY = {
    "anthropic", "duckdb", "genai_prices", "httpx2", "jinja2", "llama_cpp", "numpy", "polars",
    "pyarrow", "pydantic", "rich", "scipy", "sklearn", "sqlglot", "yaml",
}  # fmt: skip


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder in which an audit of a hostile log has run once, on a server."""
    folder = tmp_path_factory.mktemp("audited")
    log = write_log(folder / "log.jsonl", hostile=HOSTILE)
    with serving(ANSWERS) as server:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "audit", str(log), "--model", server.url,
             "--samples", "20", "--color"],
            cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder without settings from outside."""
    for name in [name for name in os.environ if name.startswith("AUDITOR")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *words: command(monkeypatch, capsys, *words)


# -- help ------------------------------------------------------------------------------------------


def test_alone_it_introduces_itself(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == cli.INTRO + "\n"
    for name in re.findall(r"^  auditor (\w+)", cli.INTRO, re.MULTILINE):
        assert name in COMMANDS


def test_the_commands_come_in_the_order_of_an_audit(run):
    _, out, _ = run("--help")
    listed = re.findall(r"^  (\w+)  +\S", out.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(COMMANDS)
    stages = [name for name in STAGES if name in COMMANDS]
    assert [name for name in listed if name in stages] == stages


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_has_examples_on_lines_of_their_own(run, name):
    code, out, err = run(*name.split(), "--help")
    assert (code, err) == (0, "")
    assert r"\b" not in out
    assert "..." not in out.partition("Commands:")[2]
    examples = re.search(r"Examples:\n((?:    auditor.*\n|    \w.*\n)+)", out)
    assert examples, out
    called = set(re.findall(r"auditor (\w+)", examples.group(1)))
    assert called <= set(COMMANDS)
    assert not name or name in called


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options(name):
    command = COMMANDS[name]
    options = {flag for param in command.params for flag in param.opts + param.secondary_opts}
    if not isinstance(command, click.Group):
        assert options >= {"--db", "--config", "--json", "-q", "--color", "--no-color", "--debug"}
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, f"{name} {param.opts}"


def test_the_version(run):
    assert run("--version").out == f"auditor, version {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["replay", "--help"], []])
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys\n"
        "from auditor.cli.main import main\n"
        f"sys.argv = ['auditor', *{words!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not HEAVY & set(done.stderr.split())


# -- results ---------------------------------------------------------------------------------------


def document(ran) -> dict:
    """Return the one object of --json."""
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert ran.out.count("\n") == 1
    found = json.loads(ran.out)
    assert set(found) == {"version", "command", "result", "warnings"}
    assert found["version"] == 1
    return found


def test_ingest_gives_the_ledger_as_json(run, tmp_path):
    log = write_log(tmp_path / "log.jsonl", 6)
    with log.open("a") as file:
        file.write(log.read_text().splitlines()[0] + "\n\nnot json\n")
    found = document(run("ingest", log, "--json"))
    assert found["command"] == "ingest"
    (source,) = found["result"]["sources"]
    spend = source.pop("spend_usd")
    # gpt-4o: 2.50 and 10 USD per million tokens.
    assert Decimal(spend) == 6 * (60 * Decimal("2.5") + 2 * 10) / 1_000_000
    assert isinstance(spend, str)
    assert source.items() >= {
        "path": str(log), "reader": "pair", "records": 9, "calls": 6, "duplicates": 1,
        "not_calls": 1, "rejects": 1,
    }.items()  # fmt: skip


def test_reading_a_log_again_adds_nothing_and_says_so(run, tmp_path):
    log = write_log(tmp_path / "log.jsonl", 6)
    first, second = (document(run("ingest", log, "--json"))["result"] for _ in range(2))
    assert first["sources"] == second["sources"]
    assert "unchanged" in run("ingest", log).err


def test_a_warning_is_said_once_and_kept_for_json(run, tmp_path):
    log = write_log(tmp_path / "log.jsonl", 6)
    log.write_text(
        log.read_text().replace("gpt-4o-2024-08-06", "acme-7").replace("gpt-4o", "acme-7")
    )
    told = run("ingest", log).err
    assert told.count("without a price") == 1
    (warning,) = document(run("ingest", log, "--json"))["warnings"]
    assert warning in told
    assert "warning" not in run("ingest", log, "-q").err


@pytest.mark.parametrize("name", ["categorize", "grade", "cost", "plan", "report", "status"])
def test_json_is_one_object(run, audited, name):
    found = document(run(name, "--json", "--db", audited / "audit.duckdb"))
    assert found["command"] == name


def test_plan_as_json(run, audited):
    result = document(run("plan", "--json", "--db", audited / "audit.duckdb"))["result"]
    assert set(result["headline"]) == {"low", "high", "fallback"}
    assert 0 <= result["headline"]["low"] <= result["headline"]["high"] <= 1
    assert Decimal(result["total_usd"]) == 60 * (60 * Decimal("2.5") + 2 * 10) / 1_000_000
    assert len(result["categories"]) == 2
    for category in result["categories"]:
        assert list(category)[:9] == [
            "category_id", "name", "calls", "spend_usd", "n", "baseline_rate", "local_rate",
            "verdict", "reason",
        ]  # fmt: skip
        assert isinstance(category["spend_usd"], str)
    assert sum(category["calls"] for category in result["categories"]) == 60
    assert sum(Decimal(c["spend_usd"]) for c in result["categories"]) == Decimal(
        result["total_usd"]
    )


def test_plan_shows_what_json_says(run, audited):
    db = audited / "audit.duckdb"
    result = document(run("plan", "--json", "--db", db))["result"]
    out = run("plan", "--db", db, "-q").out
    assert f"{result['headline']['low']:.0%}".replace("%", " %") in out
    for category in result["categories"]:
        assert category["verdict"] in out


def test_results_are_on_stdout_and_all_else_on_stderr(run, audited):
    loud = run("report", "--db", audited / "audit.duckdb", "-o", "a.html")
    quiet = run("report", "--db", audited / "audit.duckdb", "-o", "a.html", "-q")
    assert loud.out == quiet.out
    assert "Wrote a.html, plan.md, report.json" in quiet.out
    assert quiet.err == ""
    assert "Writing the report" in loud.err


def test_report_writes_its_three_files(run, audited, tmp_path):
    run("report", "--db", audited / "audit.duckdb", "-o", "x/page.html")
    assert {path.name for path in (tmp_path / "x").iterdir()} == {
        "page.html",
        "plan.md",
        "report.json",
    }
    assert (tmp_path / "x" / "page.html").stat().st_mode & 0o077 == 0  # it holds logged prompts


def test_a_stage_that_is_up_to_date_is_not_run_again(run, audited):
    stages = document(run("plan", "--json", "--db", audited / "audit.duckdb"))["result"]["stages"]
    assert {row["stage"] for row in stages if row["skipped"]} == {row["stage"] for row in stages}
    again = document(run("plan", "--json", "--force", "--db", audited / "audit.duckdb"))["result"]
    assert not any(row["skipped"] for row in again["stages"])


def test_status_tells_of_every_stage(run, audited):
    rows = document(run("status", "--json", "--db", audited / "audit.duckdb"))["result"]["stages"]
    assert [row["stage"] for row in rows] == [
        name for name, stage in STAGES.items() if not stage.beside
    ]
    assert {row["state"] for row in rows} == {"done"}
    shown = run("status", "--db", audited / "audit.duckdb").out
    for row in rows:
        assert re.search(rf"^{row['stage']} +done", shown, re.MULTILINE)


# -- the terminal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plan", "status", "categorize", "report"])
def test_what_is_piped_holds_no_control_character(run, audited, name):
    ran = run(
        name, "--db", audited / "audit.duckdb", *(["--force"] if name == "categorize" else [])
    )
    assert ran.code == 0
    assert not RAW.search(ran.out + ran.err)


def test_names_from_a_hostile_log_are_shown_as_marks(audited):
    said = (audited / "said.txt").read_text()
    ours = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert ours != said  # --color colours a pipe
    assert not RAW.search(ours)


@pytest.mark.parametrize(
    ("words", "environment", "coloured"),
    [
        ([], {}, False),
        (["--color"], {}, True),
        (["--color"], {"NO_COLOR": "1"}, True),
        (["--no-color"], {"FORCE_COLOR": "1"}, False),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_asked_for(run, audited, monkeypatch, words, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm")
    ran = run("plan", "--db", audited / "audit.duckdb", *words)
    assert ("\x1b[" in ran.out) is coloured


def test_an_encoding_without_dashes_gets_question_marks(audited, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "plan", "--db", audited / "audit.duckdb"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        cwd=tmp_path, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


# -- what the commands ask of the pipeline ------------------------------------------------------------


class AskedError(Exception):
    """Ends a command when it has told what it would do."""


@pytest.fixture
def asked(run, monkeypatch):
    """Run a command up to the first stage and return the settings it came with."""
    seen = {}

    def stop(self, *_):
        seen["config"], seen["force"] = self.config, self.force
        raise AskedError

    for name in ("run_to", "ingest", "audit"):
        monkeypatch.setattr(pipeline.Pipeline, name, stop)

    def told(*words):
        Store.open("audit.duckdb").close()
        with pytest.raises(AskedError):
            run(*words, "--debug")
        return seen

    return told


def test_flags_reach_the_settings(asked):
    seen = asked("replay", "--model", "a.gguf", "--model", "ollama:b", "--top", "3", "--samples", "9",
                 "--seed", "5", "--slots", "2", "--exact", "--force")  # fmt: skip
    assert seen["force"]
    assert seen["config"].replay.model == ["a.gguf", "ollama:b"]
    assert (seen["config"].replay.slots, seen["config"].replay.exact) == (2, True)
    chosen = seen["config"].sample
    assert (chosen.top, chosen.samples, chosen.seed) == (3, 9, 5)


def test_flag_over_environment_over_file(asked, tmp_path, monkeypatch):
    (tmp_path / "auditor.toml").write_text("[sample]\ntop = 2\nsamples = 11\nseed = 4\n")
    monkeypatch.setenv("AUDITOR_REPLAY_TOP", "3")
    monkeypatch.setenv("AUDITOR_REPLAY_SAMPLES", "12")
    chosen = asked("replay", "--top", "4")["config"].sample
    assert (chosen.top, chosen.samples, chosen.seed) == (4, 12, 4)


@pytest.mark.parametrize("command", ["grade", "plan", "report", "audit"])
def test_sql_is_run_where_a_command_that_grades_asks_for_it(asked, command, tmp_path):
    chosen = asked(command)["config"].grade
    assert (chosen.run_sql, chosen.database) == (None, None)
    chosen = asked(command, "--run-sql", "--sql-database", "shop.db")["config"].grade
    assert (chosen.run_sql, chosen.database) == (True, (tmp_path / "shop.db").resolve())
    (tmp_path / "auditor.toml").write_text("[grade]\nrun_sql = true\n")
    assert asked(command)["config"].grade.run_sql is True
    assert asked(command, "--no-run-sql")["config"].grade.run_sql is False


def test_the_demo_takes_the_sample_logs_and_their_criteria(run, monkeypatch):
    seen = {}

    def ingest(self, paths):
        seen["paths"], seen["config"] = [Path(path).name for path in paths], self.config
        raise AskedError

    monkeypatch.setattr(pipeline.Pipeline, "ingest", ingest)
    with pytest.raises(AskedError):
        run("demo", "--debug")
    assert len(seen["paths"]) == 2
    assert "labels.jsonl" not in seen["paths"]
    assert seen["config"].grade.criteria.is_file()
    assert seen["config"].grade.labels.is_file()
    assert seen["config"].replay.model is None


def test_an_interrupted_command_says_that_it_can_go_on(run, monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    log = write_log(tmp_path / "log.jsonl", 6)
    monkeypatch.setattr("auditor.categories.stage.run", interrupted)
    run("ingest", log)
    code, out, err = run("categorize")
    assert (code, out) == (130, "")
    assert "run the same command" in err
    monkeypatch.undo()


def test_the_gate_ends_with_3(run, audited, monkeypatch):
    monkeypatch.setattr(pipeline.Pipeline, "audit", lambda self: self.run_to("report"))
    db = audited / "audit.duckdb"
    assert run("audit", "--db", db, "--fail-under", "0").code == 0
    code, out, err = run("audit", "--db", db, "--fail-under", "100", "-q")
    assert code == 3
    assert "can move" in out  # the result is there; the gate is another matter
    assert err.startswith("error: ")
    assert "100 %" in err


def test_a_bug_is_called_one(run, monkeypatch, tmp_path):
    def broken(*_):
        raise ZeroDivisionError(HOSTILE)

    log = write_log(tmp_path / "log.jsonl", 6)
    monkeypatch.setattr("auditor.ingest.stage.run", broken)
    code, _, err = run("ingest", log)
    assert code == 1
    assert err.startswith("error: this is a bug in auditor: ZeroDivisionError: ")
    assert "--debug" in err
    assert not RAW.search(err)
    with pytest.raises(ZeroDivisionError):
        run("ingest", log, "--debug")


# -- names by a model ------------------------------------------------------------------------------


@pytest.fixture
def claude(monkeypatch):
    """Run a fake Claude on loopback: it names every category it is asked about."""
    asked = []

    class Naming(Handler):
        def post(self):
            body = self.body()
            question = body["messages"][0]["content"]
            asked.append(question)
            names = {
                i: f"task {n}"
                for n, i in enumerate(re.findall(r"^id: (\S+)$", question, re.MULTILINE))
            }
            reply = {
                "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                "content": [{"type": "text", "text": "Here you are: " + json.dumps(names)}],
                "stop_reason": "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }  # fmt: skip
            self.send_json(200, reply)

    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    with listening(Naming) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield asked


def test_a_model_names_the_categories_when_it_is_asked_to(run, tmp_path, claude):
    write_log(tmp_path / "log.jsonl")
    run("ingest", "log.jsonl")
    done = run("categories", "--name-with", "anthropic", "--yes", "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)["result"]["categories"]
    assert len(claude) == 1
    assert {row["name"] for row in rows} == {f"task {n}" for n in range(len(rows))}
    assert {row["name_origin"] for row in rows} == {"model"}


def test_nothing_is_sent_without_a_yes_or_a_key(run, tmp_path, claude, monkeypatch):
    write_log(tmp_path / "log.jsonl")
    run("ingest", "log.jsonl")
    run("categorize")
    assert run("categories", "--name-with", "anthropic").code != 0
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    done = run("categories", "--name-with", "anthropic", "--yes")
    assert done.code == 1
    assert "ANTHROPIC_API_KEY" in done.err
    assert claude == []


def test_why_two_categories_are_apart_is_said_on_the_terminal(run, audited):
    db = audited / "audit.duckdb"
    rows = document(run("categories", "--json", "--db", db))["result"]["categories"]
    ids = [row["category_id"] for row in rows]
    done = run("categories", "--explain", *ids, "--db", db)
    assert done.code == 0
    assert "are two categories." in done.out
    assert f"merge: [{ids[1]}]" in done.out
    told = document(run("categories", "--explain", ids[0], ids[0], "--json", "--db", db))["result"]
    assert told["together"] is True
    assert told["why"]

"""From a server that fails to the verdict: what it failed is asked again, and blamed on nobody."""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import command, write_log
from loopback import Handler, listening

import auditor
from auditor.config import Config
from auditor.decision.faults import ERRORS, MODELS_OWN
from auditor.engines.servers import server as server_module
from auditor.pipeline.pipeline import Pipeline
from auditor.store.store import Store

DRAWN = 40


class Failing:
    """A server that says "billing" or "negative", as the log does, unless ``fault`` says how not.

    ``fault(number, nth)`` is asked for the number of the ticket or review and how often it was
    asked; it returns None, or what to send: ``(status, body)``, ``"reset"`` or ``"drip"``.
    """

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.fault = lambda number, nth: None
        self.usage = lambda number: {"prompt_tokens": 60, "completion_tokens": 2}


@contextmanager
def serving():
    failing = Failing()

    class Completions(Handler):
        def post(self):
            asked = self.body()["messages"][-1]["content"]
            number = int(asked.split()[1].rstrip(":"))
            failing.asked[number] += 1
            fault = failing.fault(number, failing.asked[number])
            if fault == "reset":
                self.close_connection = True
                self.connection.close()
            elif fault == "drip":
                self.send(200, "text/event-stream", b'data: {"choices": [{"delta": {}}]}\n\n')
            elif fault is not None:
                self.send(fault[0], "application/json", fault[1])
            else:
                text = "billing" if number % 3 else "negative"
                choice = {"message": {"content": text}, "finish_reason": "stop"}
                self.send_json(200, {"choices": [choice], "usage": failing.usage(number)})

    with listening(Completions) as url:
        failing.url = f"{url}/v1#tiny"
        yield failing


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setattr(server_module, "pause", lambda attempt, failure: 0.0)
    monkeypatch.delenv("AUDITOR_ENGINE_API_KEY", raising=False)
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The database of a log that was read and has its criteria."""
    path = tmp_path_factory.mktemp("base") / "audit.duckdb"
    with Store.open(path) as store:
        pipeline = Pipeline(store=store, config=Config())
        pipeline.ingest([str(write_log(path.parent / "log.jsonl", 60))])
        pipeline.run_to("criteria")
    return path


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, base, failing):
    """Run a command on that database; gives exit code and streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copy(base, tmp_path / "audit.duckdb")

    def go(*words):
        return command(monkeypatch, capsys, *words, "--db", tmp_path / "audit.duckdb")

    def replay():
        return go("replay", "--model", failing.url, "--samples", DRAWN)

    go.replay = replay
    go.rows = lambda sql: _rows(tmp_path / "audit.duckdb", sql)
    return go


def _rows(path, sql):
    with Store.open(path, read_only=True) as store:
        assert store.check() == []
        return store.rows(sql)


ERRORS_NOW = (
    "SELECT error, count(*) FROM answers WHERE candidate_id IS NOT NULL GROUP BY 1 ORDER BY 1"
)
UNGRADED = """SELECT count(*) FROM grades JOIN answers USING (answer_id)
    WHERE candidate_id IS NOT NULL AND passed IS NULL"""


FAULTS = [(503, b"busy"), (500, b"boom"), (408, b"slow"), "reset", "drip", (200, b"<html>"), None]


def test_what_fails_at_first_is_asked_again_at_once(run, failing):
    failing.fault = lambda number, nth: FAULTS[number % len(FAULTS)] if nth <= 2 else None
    assert run.replay().code == 0
    assert [error for error, _ in run.rows(ERRORS_NOW)] == [None]
    assert set(failing.asked.values()) == {1, 3}


def test_what_fails_all_along_is_asked_again_when_all_others_are_done(run, failing):
    order = []

    def fault(number, nth):
        order.append(number)
        return (503, b"busy") if number % 10 == 1 and nth <= 6 else None

    failing.fault = fault
    assert run.replay().code == 0
    assert [error for error, _ in run.rows(ERRORS_NOW)] == [None]
    late = {number for number, times in Counter(order).items() if times == 7}
    assert late
    assert set(order[-len(late) :]) == late


def test_what_remains_is_no_fail_of_the_model_and_the_next_replay_asks_for_it(run, failing):
    failing.fault = lambda number, nth: (503, b"busy") if number % 10 == 1 else None
    told = run.replay()
    ((_, good), (slug, lost)) = sorted(run.rows(ERRORS_NOW), key=lambda row: row[0] or "")
    assert slug == "rate-limited"
    assert f"{lost} of {good + lost} calls not answered: requests put off by the server" in told.err
    assert run("plan").code == 0
    assert run.rows(UNGRADED)[0][0] >= lost
    status = run("status")
    assert "could not be graded: requests put off by the server" in status.err
    assert "'auditor replay' asks for them again" in status.err
    failing.fault = lambda number, nth: None
    before = failing.asked.total()
    assert run.replay().code == 0
    assert failing.asked.total() - before == lost
    assert run.rows(ERRORS_NOW) == [(None, good + lost)]
    assert run("plan").code == 0
    assert run.rows(UNGRADED) == [(0,)]
    assert run.rows("SELECT sum(ungradable) FROM decisions") == [(0,)]
    assert "could not be graded" not in run("status").err
    before = failing.asked.total()
    assert "already" in run.replay().out
    assert failing.asked.total() == before


def test_a_failure_that_stays_is_kept_as_it_is_now(run, failing):
    failing.fault = lambda number, nth: (400, b'{"error": "no"}') if number == 1 else None
    run.replay()
    run("plan")
    verdicts = run.rows("SELECT * FROM decisions ORDER BY ALL")
    (first,) = run.rows("SELECT answered_at FROM answers WHERE error = 'refused'")
    run.replay()
    (second,) = run.rows("SELECT answered_at FROM answers WHERE error = 'refused'")
    assert second > first
    assert run("plan").code == 0
    assert run.rows("SELECT * FROM decisions ORDER BY ALL") == verdicts


def test_a_server_that_fails_everything_decides_nothing(run, failing):
    failing.fault = lambda number, nth: (500, b"boom")
    assert run.replay().code == 0
    assert run("report").code == 0
    found = run.rows("SELECT verdict, test_result, n, reason_text FROM decisions")
    assert {row[:3] for row in found} == {("undecided", "untested", 0)}
    assert all("could be graded: server errors" in row[3] for row in found)
    assert run.rows("SELECT low, high FROM v_headline") == [(0, 1)]


USAGES = [
    {"prompt_tokens": 0, "completion_tokens": 0},
    {"prompt_tokens": 1, "completion_tokens": 10**7},
    {"prompt_tokens": 10**9, "completion_tokens": 2},
    {"prompt_tokens": -3, "completion_tokens": "many"},
    {},
    None,
]


def test_misreported_tokens_change_no_grade(run, failing):
    failing.usage = lambda number: USAGES[number % len(USAGES)]
    told = run.replay()
    assert run("plan").code == 0
    assert [error for error, _ in run.rows(ERRORS_NOW)] == [None]
    assert run.rows("SELECT DISTINCT local_rate, ungradable FROM decisions") == [(1, 0)]
    wrong = "input_tokens NOT BETWEEN 10 AND 9999 OR output_tokens NOT BETWEEN 1 AND 99"
    assert run.rows(f"SELECT count(*) FROM answers WHERE {wrong}") == [(0,)]
    assert "cannot be true" in told.err


def test_the_share_stands_in_report_plan_and_json(run, failing, tmp_path):
    failing.fault = lambda number, nth: (503, b"busy") if number % 3 == 1 and nth <= 99 else None
    run.replay()
    shown = run("report")
    assert "could not be graded: requests put off by the server" in shown.err
    page = (tmp_path / "auditor-report.html").read_text("utf-8")
    assert "could not be graded: requests put off by the server" in page
    assert "could not be graded: requests put off by the server" in (
        tmp_path / "plan.md"
    ).read_text("utf-8")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    (item,) = report["ungradable"]
    draws = item["causes"]["rate-limited"]
    assert 0 < draws < item["draws_in_all"] == DRAWN
    (category,) = (c for c in report["categories"] if c["name"] == item["name"])
    assert (category["n"], category["ungradable"]) == (DRAWN - draws, draws)
    assert category["ungradable_why"] == "requests put off by the server"
    plan = json.loads(run("plan", "--json").out)["result"]["ungradable"]
    status = json.loads(run("status", "--json").out)["result"]["ungradable"]
    assert plan == status
    assert plan[0]["draws"] == draws


def test_every_error_of_an_answer_is_in_the_table():
    """An error that the table lacks would be blamed on nobody, in silence."""
    used = set()
    for path in Path(auditor.__file__).parent.joinpath("engines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "error":
                used |= _texts(node.value)
            if isinstance(node, ast.Assign) and _names_error(node.targets[0]):
                first = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
                used |= _texts(first)
            if isinstance(node, ast.FunctionDef) and node.name == "_slug":
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return):
                        used |= _texts(inner.value)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_failed":
                used |= _texts(node.args[0])
    assert used <= ERRORS.keys(), used - ERRORS.keys()
    assert used | {"no-answer"} == ERRORS.keys()
    assert {"truncated", "empty-answer", "context-overflow"} <= MODELS_OWN
    assert not {"timeout", "server-error", "template", "half-answer"} & MODELS_OWN


def _names_error(target):
    first = target.elts[0] if isinstance(target, ast.Tuple) else target
    return isinstance(first, ast.Name) and first.id == "error"


def _texts(node):
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()

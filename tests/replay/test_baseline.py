"""--baseline-rerun: Anthropic's models asked again, never without saying the price and a yes."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from command_line import ANSWERS, command
from loopback import Handler, listening
from planted_audit import serving, tables_of

import auditor.replay.answers
from auditor.engines.servers import server as server_module
from auditor.replay import baseline_stage as baseline
from auditor.report import wording
from auditor.store.store import Store

SYSTEM = "Route the support ticket to billing, login or shipping. Answer with one word."
SONNET, HAIKU = "claude-test-large", "claude-test-small"
SETTINGS = f"""
[sample]
samples = 30
[prices.models."{SONNET}"]
input = 3
output = 15
cache_read = 0.3
[prices.models."{HAIKU}"]
input = 1
output = 5
"""
CRITERIA = """
version: 1
criteria:
  - match: {system: "Route*"}
    assert:
      - {type: equals, value: "{{reference}}", transform: label}
"""
EACH = 16


def record(number, model, *, answer="billing"):
    """One logged call; without an answer the log says only what it cost."""
    at = f"2026-09-{1 + number % 28:02d}T10:{number % 60:02d}:00Z"
    asked = {"role": "user", "content": f"Ticket {number}: I was charged twice."}
    found = {"timestamp": at, "status": 200}
    if model.startswith("gpt"):
        reply = {
            "object": "chat.completion", "model": model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 60, "completion_tokens": 2, "total_tokens": 62},
        }  # fmt: skip
        request = {"model": model, "messages": [{"role": "system", "content": SYSTEM}, asked]}
    else:
        reply = message(answer, model)
        request = {"model": model, "system": SYSTEM, "max_tokens": 20, "messages": [asked]}
    if answer is None:
        return found | {"request": request, "cost_usd": 0.0002}
    return found | {"request": request, "response": reply | {"id": f"r-{number}"}}


def message(text, model, tokens=60):
    return {
        "id": "msg", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "usage": {"input_tokens": tokens, "output_tokens": 2},
    }  # fmt: skip


def number_of(body) -> int:
    content = body["messages"][0]["content"]
    return int(re.search(r"Ticket (\d+)", content[0]["text"]).group(1))


class Claude:
    """The fake API: what it was asked, and what ``reply(body)`` makes of it."""

    def __init__(self):
        self.bodies = []
        self.keys = set()
        self.reply = lambda body: (200, message("billing", body["model"]))

    @property
    def asked(self) -> Counter:
        return Counter((body["model"], number_of(body)) for body in self.bodies)


@contextmanager
def answering():
    claude = Claude()

    class Messages(Handler):
        def post(self):
            body = self.body()
            assert self.path == "/v1/messages"
            claude.keys.add(self.headers["x-api-key"])
            claude.bodies.append(body)
            self.send_json(*claude.reply(body))

    with listening(Messages) as claude.url:
        yield claude


class Typing(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self):
        return True


@pytest.fixture(scope="module")
def local():
    with serving(ANSWERS) as server:
        yield server


@pytest.fixture
def run(monkeypatch, capsys, tmp_path, local):
    """Run a command in a folder with settings, criteria and a local model."""
    for name in [name for name in os.environ if name.startswith(("AUDITOR", "ANTHROPIC"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(server_module, "pause", lambda *_: 0.0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "auditor.toml").write_text(SETTINGS + f'[replay]\nmodel = "{local.url}"\n')
    (tmp_path / "criteria.yaml").write_text(CRITERIA)
    return lambda *words: command(monkeypatch, capsys, *words)


@pytest.fixture
def claude(monkeypatch, run):
    with answering() as found:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", found.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
        yield found


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """Databases with a log in them, made once: of whole calls, and with answers missing."""
    folder = tmp_path_factory.mktemp("ingested")
    return {"folder": folder}


@pytest.fixture
def log(run, ingested, tmp_path):
    """Make the audit database of a log; ``without`` are tickets whose answer was not logged."""

    def make(without=frozenset(), models=(SONNET, HAIKU, "gpt-4o")):
        name = f"{len(without)}-{len(models)}.duckdb"
        if not (ingested["folder"] / name).exists():
            lines = [
                record(n, models[n % len(models)], answer=None if n in without else "billing")
                for n in range(EACH * len(models))
            ]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (tmp_path / "log.jsonl").write_text(text)
            done = run("ingest", "log.jsonl")
            assert done.code == 0, done.err
            run("categorize")
            shutil.copy(tmp_path / "audit.duckdb", ingested["folder"] / name)
        shutil.copy(ingested["folder"] / name, tmp_path / "audit.duckdb")
        return tmp_path / "audit.duckdb"

    return make


def rows(path, sql):
    with Store.open(path, read_only=True) as store:
        assert store.check() == []
        return store.rows(sql)


def drawn(path, provider="anthropic") -> set:
    return {
        (model, int(re.search(r"Ticket (\d+)", text).group(1)))
        for model, text in rows(
            path,
            "SELECT DISTINCT model, messages FROM draws JOIN designs USING (design_id)"
            " JOIN calls USING (call_id) JOIN contents USING (call_id)"
            f" WHERE active AND provider = '{provider}'",
        )
    }


def reruns(path, replicate=1):
    return rows(
        path,
        "SELECT call_id, text, error FROM answers WHERE candidate_id IS NULL"
        f" AND replicate = {replicate} AND answered_at IS NOT NULL ORDER BY ALL",
    )


# -- what is asked, and of whom --------------------------------------------------------------------


def test_each_drawn_call_is_asked_once_of_its_own_model(run, log, claude):
    path = log()
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0, done.err
    wanted = drawn(path)
    assert {model for model, _ in wanted} == {SONNET, HAIKU}
    assert claude.asked == Counter(wanted)
    assert claude.keys == {"test-key"}
    assert {body["system"] for body in claude.bodies} == {SYSTEM}
    assert {body["max_tokens"] for body in claude.bodies} == {20}
    assert len(reruns(path)) == len(wanted)
    assert f"Asked again: {len(wanted)} calls" in done.out
    others = len(drawn(path, "openai"))
    assert others
    assert f"Left out: {others} calls of openai: only Anthropic's models" in done.err


def test_a_second_run_has_nothing_to_ask(run, log, claude):
    path = log()
    run("replay", "--baseline-rerun", "--yes")
    before = len(claude.bodies), reruns(path)
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0
    assert "No drawn call is left to ask the API again." in done.err
    assert (len(claude.bodies), reruns(path)) == before


def test_without_the_flag_nobody_is_asked(run, log, claude):
    log()
    assert run("replay").code == 0
    assert claude.bodies == []


# -- consent ---------------------------------------------------------------------------------------


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", Typing(text))


def test_a_no_leaves_everything_as_it_was(run, log, claude, monkeypatch):
    path = log(without=frozenset(range(0, 48, 4)))
    run("sample", "--samples", "5")
    before = tables_of(path)
    typed(monkeypatch, "n\n")
    done = run("replay", "--baseline-rerun")
    assert done.code == 130
    assert "bug" not in done.err
    assert tables_of(path) == before
    assert claude.bodies == []


def test_a_yes_sends_what_was_said(run, log, claude, monkeypatch):
    path = log()
    typed(monkeypatch, "y\n")
    done = run("replay", "--baseline-rerun")
    assert done.code == 0, done.err
    wanted = drawn(path)
    large = sum(model == SONNET for model, _ in wanted)
    small = len(wanted) - large
    said, by_model, cost = re.search(
        r"To ask again: (\d+) calls \((.*)\), for about (\S+)\.\n", done.err
    ).groups()
    assert int(said) == len(wanted) == len(claude.bodies)
    assert set(by_model.split(", ")) == {f"{large} of {SONNET}", f"{small} of {HAIKU}"}
    # 60 tokens in and 2 out, at the dollars per million of the settings
    assert cost == wording.money((large * (60 * 3 + 2 * 15) + small * (60 * 1 + 2 * 5)) / 1e6)
    assert f"are sent to {claude.url}." in done.err
    assert "ANTHROPIC_API_KEY" in done.err
    assert "test-key" not in done.err + done.out


def test_json_says_what_it_cost(run, log, claude):
    path = log()
    done = run("replay", "--baseline-rerun", "--yes", "--json")
    assert done.code == 0, done.err
    (stage,) = [s for s in json.loads(done.out)["result"]["stages"] if s["stage"] == "baseline"]
    wanted = drawn(path)
    cost = sum(210 if model == SONNET else 70 for model, _ in wanted)
    assert float(stage["estimated_usd"]) == pytest.approx(cost / 1e6)
    assert (stage["asked"], stage["failed"]) == (len(wanted), 0)
    assert list(stage["left_out"].values()) == [len(drawn(path, "openai"))]


def test_without_a_terminal_a_yes_must_be_on_the_line(run, log, claude):
    path = log()
    before = tables_of(path)
    done = run("replay", "--baseline-rerun")
    assert done.code == 2
    assert "--yes" in done.err
    assert tables_of(path) == before
    assert claude.bodies == []


def test_without_a_key_no_work_begins(run, log, claude, monkeypatch, local):
    path = log()
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    before, asked = tables_of(path), local.asked.total()
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 1
    assert "ANTHROPIC_API_KEY" in done.err
    assert tables_of(path) == before
    assert local.asked.total() == asked


def test_an_audit_asks_too(run, log, claude, monkeypatch, tmp_path):
    log()
    typed(monkeypatch, "y\n")
    done = run("audit", "--baseline-rerun")
    assert done.code == 0, done.err
    assert claude.bodies
    page = (tmp_path / "auditor-report.html").read_text().replace("\xa0", " ")
    assert "Asked again, the API itself passes 100 % of" in page
    assert re.search(r"baseline +done", run("status").out)


# -- resuming --------------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_was_answered(run, log, claude, monkeypatch):
    path = log()
    add, seen = auditor.replay.answers.AnswerLog.add, []

    def interrupted(self, *args):
        add(self, *args)
        if self._candidate_id is None:
            seen.append(args[0])
            if len(seen) == 5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(auditor.replay.answers.AnswerLog, "add", interrupted)
        assert run("replay", "--baseline-rerun", "--yes").code == 130
    assert {row[0] for row in reruns(path)} == set(seen)
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0
    wanted = len(drawn(path))
    assert f"To ask again: {wanted - 5} calls" in done.err
    assert len(reruns(path)) == wanted


KILLED = """
import os, runpy, signal
import auditor.replay.answers as answers
answers._SAVE_EVERY = 3
add, seen = answers.AnswerLog.add, []
def counted(self, *args):
    if self._candidate_id is None:
        seen.append(args)
        if len(seen) == 8:
            os.kill(os.getpid(), signal.SIGKILL)
    return add(self, *args)
answers.AnswerLog.add = counted
runpy.run_module("auditor", run_name="__main__")
"""


def test_kill_9_loses_only_what_was_in_flight(run, log, claude, tmp_path):
    path = log()
    words = ["replay", "--baseline-rerun", "--yes"]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *words], cwd=tmp_path, env=os.environ,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    assert len(reruns(path)) == 6
    done = run(*words)
    assert done.code == 0, done.err
    assert f"To ask again: {len(drawn(path)) - 6} calls" in done.err
    assert len(reruns(path)) == len(drawn(path))


def test_a_request_that_fails_is_an_answer_with_an_error_and_asked_again(run, log, claude):
    path = log()
    bad = {"type": "error", "error": {"type": "invalid_request_error", "message": "no credit"}}
    claude.reply = lambda body: (
        (400, bad) if number_of(body) % 2 else (200, message("billing", body["model"]))
    )
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0, done.err
    failed = [row for row in reruns(path) if row[2]]
    assert failed
    assert {(row[1], row[2]) for row in failed} == {(None, "refused")}
    assert f"{len(failed)} without a usable answer" in done.out
    assert run("grade").code == 0
    assert rows(path, "SELECT sum(calls) FROM v_baseline_noise") == [
        (len(reruns(path)) - len(failed),)
    ]
    claude.reply = lambda body: (200, message("billing", body["model"]))
    done = run("replay", "--baseline-rerun", "--yes")
    assert f"To ask again: {len(failed)} calls" in done.err
    assert not [row for row in reruns(path) if row[2]]
    assert run("grade").code == 0
    assert rows(path, "SELECT sum(calls) FROM v_baseline_noise") == [(len(reruns(path)),)]


def test_a_model_that_is_gone_leaves_the_others(run, log, claude):
    path = log()
    gone = {"type": "error", "error": {"type": "not_found_error", "message": f"model: {HAIKU}"}}
    claude.reply = lambda body: (
        (404, gone) if body["model"] == HAIKU else (200, message("billing", SONNET))
    )
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0, done.err
    assert f"{HAIKU} could not be asked again" in done.err
    assert len(reruns(path)) == sum(model == SONNET for model, _ in drawn(path))


def test_a_key_that_is_refused_is_an_error(run, log, claude):
    path = log()
    claude.reply = lambda _: (401, {"error": {"message": "invalid x-api-key"}})
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 1
    assert "refuses access" in done.err
    assert "ANTHROPIC_API_KEY" in done.err
    assert reruns(path) == []
    assert rows(path, "SELECT count(*) > 0 FROM answers WHERE candidate_id IS NOT NULL") == [
        (True,)
    ]


# -- the noise of the baseline ---------------------------------------------------------------------


def test_the_noise_is_how_often_the_api_differs_from_itself(run, log, claude, tmp_path):
    path = log()
    claude.reply = lambda body: (
        200,
        message("login" if number_of(body) % 5 == 0 else "billing", body["model"]),
    )
    run("replay", "--baseline-rerun", "--yes")
    done = run("grade", "--json")
    assert done.code == 0, done.err
    (noise,) = json.loads(done.out)["result"]["baseline_noise"]
    tickets = drawn(path)
    same = sum(number % 5 != 0 for _, number in tickets) / len(tickets)
    assert 0 < same < 1
    assert noise["calls"] == len(tickets)
    assert noise["logged_rate"] == 1.0
    assert noise["rerun_rate"] == pytest.approx(same)
    assert noise["differing"] == pytest.approx(1 - same)
    shown = run("plan").out
    assert re.search(rf"verdict differs\n.* {len(tickets)} .*{wording.percent(1 - same)}", shown)
    assert json.loads(run("replay", "--json").out)["result"]["baseline_noise"] == [noise]
    assert run("report").code == 0
    (category,) = json.loads((tmp_path / "report.json").read_text())["categories"]
    assert category["noise"]["differing"] == pytest.approx(1 - same)


def test_the_verdicts_do_not_change_with_the_noise(run, log, claude):
    path = log()
    figures = "SELECT * EXCLUDE (category_id, candidate_id) FROM decisions"
    run("replay")
    run("plan")
    before = rows(path, figures)
    claude.reply = lambda body: (200, message("login", body["model"]))
    run("replay", "--baseline-rerun", "--yes")
    assert run("plan").code == 0
    assert rows(path, figures) == before


# -- no answer in the log --------------------------------------------------------------------------

WITHOUT = frozenset(range(0, 3 * EACH, 2))


def test_calls_without_a_logged_answer_are_answered_and_compared_with(run, log, claude):
    path = log(without=WITHOUT)
    assert run("replay").code == 0
    assert run("plan").code == 0
    assert {number for _, number in drawn(path)}.isdisjoint(WITHOUT)
    done = run("replay", "--baseline-rerun", "--yes")
    assert done.code == 0, done.err
    tickets = {number for _, number in drawn(path)}
    assert tickets & WITHOUT
    assert {number for _, number in drawn(path, "openai")}.isdisjoint(WITHOUT)
    assert {number for _, number in claude.asked} == tickets
    assert len(reruns(path, replicate=0)) == len(tickets & WITHOUT)
    assert len(reruns(path, replicate=1)) == len(tickets - WITHOUT)
    assert run("plan").code == 0
    assert rows(path, "SELECT n, ungradable, baseline_rate FROM decisions") == [(30, 0, 1.0)]
    # They stay in: the draws of later commands are the same.
    assert run("replay").code == 0
    assert {number for _, number in drawn(path)} == tickets


def test_an_answer_that_never_came_is_no_failure_of_the_api(run, log, claude):
    path = log(without=WITHOUT)
    claude.reply = lambda _: (400, {"error": {"message": "no credit"}})
    run("replay", "--baseline-rerun", "--yes")
    assert run("plan").code == 0
    decided = "SELECT n, ungradable, baseline_rate FROM decisions"
    ((n, untold, rate),) = rows(path, decided)
    assert untold
    assert (n + untold, rate) == (30, 1.0)
    claude.reply = lambda body: (200, message("billing", body["model"]))
    run("replay", "--baseline-rerun", "--yes")
    assert run("plan").code == 0
    assert rows(path, decided) == [(30, 0, 1.0)]


def test_while_an_answer_is_missing_nothing_is_graded_by_it(run, log, claude, monkeypatch):
    path = log(without=WITHOUT)

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(baseline, "run", stop)
        assert run("replay", "--baseline-rerun", "--yes").code == 130
    done = run("plan")
    assert done.code == 0
    assert "'auditor replay --baseline-rerun' asks the API for them" in done.err
    assert rows(path, "SELECT count(*) FROM grades WHERE passed IS NULL") == [(0,)]
    ((reason,),) = rows(path, "SELECT reason FROM plan_items")
    assert "the replay has not finished" in reason
    run("replay", "--baseline-rerun", "--yes")
    run("plan")
    assert rows(path, "SELECT n, ungradable FROM decisions") == [(30, 0)]


# -- what it costs ---------------------------------------------------------------------------------


def test_cached_and_batched_prompts_cost_their_full_price_again(run, log, claude):
    path = log(models=(SONNET,))
    run("sample")
    with Store.open(path) as store:
        store.execute(
            "UPDATE calls SET input_uncached_tokens = 10, cache_read_tokens = 50, cost_usd = 0.00001"
        )
        found = baseline.due(store)
        assert {float(call.usd) for call in found.calls} == {(60 * 3 + 2 * 15) / 1e6}
        store.execute(
            "UPDATE calls SET output_tokens = 0 WHERE call_id = (SELECT max(call_id) FROM draws)"
        )
        lengths = {float(call.usd) for call in baseline.due(store).calls}
        assert lengths == {(60 * 3 + 2 * 15) / 1e6}  # as long as the model's other answers
        store.execute("UPDATE rate_card SET service_tier = 'batch'")
        assert {float(call.usd) for call in baseline.due(store).calls} == {
            2 * (60 * 3 + 2 * 15) / 1e6
        }
        store.execute("UPDATE calls SET cost_usd = 0.5")
        assert {float(call.usd) for call in baseline.due(store).calls} == {0.5}


def test_what_is_more_than_text_is_left_out_with_its_reason(run, log, claude):
    path = log(models=(SONNET,))
    run("sample")
    with Store.open(path) as store:
        whole = len(baseline.due(store).calls)
        image = json.dumps([{"role": "user", "content": [{"type": "image_url", "sha256": "0"}]}])
        store.execute(
            "UPDATE contents SET messages = ? WHERE call_id = (SELECT max(call_id) FROM draws)",
            [image],
        )
        found = baseline.due(store)
    assert len(found.calls) == whole - 1
    assert found.left_out == {"that cannot be replayed (needs-vision)": 1}

"""The sample logs: written again byte for byte, counted line by line, right where they say so."""

from __future__ import annotations

import ast
import gzip
import itertools
import json
import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import sqlglot
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parents[2] / "sample_logs"
OPENAI = FOLDER / "support-app.openai.jsonl"
ANTHROPIC = FOLDER / "dev-platform.anthropic.jsonl.gz"
GENERATED = (OPENAI.name, ANTHROPIC.name, "labels.jsonl")

# The ledger of sample_logs/README.md.
LEDGER = {
    OPENAI: {"lines": 1226, "answered": 1210, "failed": 3, "repeat": 9, "broken": 3, "no call": 1},
    ANTHROPIC: {"lines": 813, "answered": 804, "failed": 2, "repeat": 5, "broken": 2, "no call": 0},
}
UNPRICED_CALLS = 25
LONG_PROMPTS = {"handbook", "function"}
# Task by words of its system prompt.
TASKS = {
    "tickets": "You route support tickets",
    "sentiment": "Decide the sentiment",
    "bug": "Read the bug report",
    "sql": "Write one SQLite SELECT",
    "language": "Identify the language",
    "function": "You write one short Python function",
    "order": "Turn the customer's order",
    "icon": "Draw the icon",
    "date": "Find the date",
    "handbook": "using only the passages",
    "number": "Extract the order number",
    "moderation": "You moderate comments",
    "chat": "You are a helpful assistant.",
    "summary": "Summarise the support thread",
}
LABELLED = (
    "tickets", "sentiment", "bug", "language", "order", "date", "handbook", "number", "moderation",
    "sql",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    provider: str
    task: str
    model: str
    system: str
    user: str
    answer: str
    input_tokens: int
    cache_read: int
    cache_write: int
    output_tokens: int
    reasoning: int
    record: dict[str, Any]


def text_lines(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return raw.decode().split("\n")[:-1]


def sort_out(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """(outcome, record) of each line."""
    seen: set[str] = set()
    for line in text_lines(path):
        try:
            record = json.loads(line)
        except ValueError:
            yield "broken", None
            continue
        if "request" not in record:
            yield "no call", record
        elif line in seen:
            yield "repeat", record
        else:
            yield ("answered" if record["status"] == 200 else "failed"), record
        seen.add(line)


def task_of(system: str) -> str:
    (task,) = [name for name, words in TASKS.items() if words in system]
    return task


def read_openai(record: dict[str, Any]) -> Call:
    request, response = record["request"], record["response"]
    usage = response["usage"]
    system = request["messages"][0]["content"]
    return Call(
        id=record["id"],
        provider="openai",
        task=task_of(system),
        model=request["model"],
        system=system,
        user=request["messages"][-1]["content"],
        answer=response["choices"][0]["message"]["content"],
        input_tokens=usage["prompt_tokens"],
        cache_read=usage["prompt_tokens_details"]["cached_tokens"],
        cache_write=0,
        output_tokens=usage["completion_tokens"],
        reasoning=usage["completion_tokens_details"]["reasoning_tokens"],
        record=record,
    )


def read_anthropic(record: dict[str, Any]) -> Call:
    request, response = record["request"], record["response"]
    usage = response["usage"]
    system = request["system"]
    system = system if isinstance(system, str) else system[0]["text"]
    read, write = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    return Call(
        id=record["id"],
        provider="anthropic",
        task=task_of(system),
        model=request["model"],
        system=system,
        user=request["messages"][-1]["content"],
        answer=response["content"][0]["text"],
        input_tokens=usage["input_tokens"] + read + write,
        cache_read=read,
        cache_write=write,
        output_tokens=usage["output_tokens"],
        reasoning=0,
        record=record,
    )


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    found = []
    for path, read in ((OPENAI, read_openai), (ANTHROPIC, read_anthropic)):
        found += [read(record) for kind, record in sort_out(path) if kind == "answered" and record]
    return found


@pytest.fixture(scope="module")
def labels() -> dict[str, str]:
    found = {}
    for line in (FOLDER / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert row.keys() == {"id", "expected"}
        assert row["id"] not in found
        found[row["id"]] = row["expected"]
    return found


def of(calls: list[Call], task: str) -> list[Call]:
    found = [call for call in calls if call.task == task]
    assert found
    return found


def right(call: Call, expected: str) -> bool:
    if call.task == "handbook":
        return expected.lower() in call.answer.lower()
    if call.task in {"bug", "order"}:
        return json.loads(call.answer) == json.loads(expected)
    return call.answer == expected


def test_generating_again_gives_the_tracked_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        command = [sys.executable, "-B", FOLDER / "generate.py", tmp_path / name]
        subprocess.run(command, check=True, env={}, timeout=120)
    one, two = tmp_path / "one", tmp_path / "two"
    assert sorted(path.name for path in one.iterdir()) == sorted(GENERATED)
    for name in GENERATED:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert (one / OPENAI.name).read_bytes() == OPENAI.read_bytes()
    assert (one / "labels.jsonl").read_bytes() == (FOLDER / "labels.jsonl").read_bytes()
    # Other builds of zlib pack the same lines into other bytes, so what counts is the content.
    assert text_lines(one / ANTHROPIC.name) == text_lines(ANTHROPIC)
    assert ANTHROPIC.read_bytes()[4:8] == bytes(4), "the gzip header carries a time"


@pytest.mark.parametrize("path", LEDGER, ids=lambda path: path.name)
def test_every_line_is_accounted_for_as_the_readme_says(path: Path) -> None:
    counted = Counter(kind for kind, _ in sort_out(path))
    expected = dict(LEDGER[path])
    assert sum(counted.values()) == expected.pop("lines")
    assert {kind: counted[kind] for kind in expected} == expected
    column = 1 if path == OPENAI else 2
    figures = [row[column] for row in readme_table("Ledger")]
    assert figures == [str(n) for n in LEDGER[path].values()]


def readme_table(title: str) -> list[list[str]]:
    """The cells of the table under a heading of the README, without its two head rows."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    section = readme.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_failed_calls_carry_an_error_and_no_usage() -> None:
    failed = [r for path in LEDGER for kind, r in sort_out(path) if kind == "failed" and r]
    assert {record["status"] for record in failed} == {429, 500, 529}
    assert all(
        "error" in record["response"] and "usage" not in record["response"] for record in failed
    )


def test_calls_lie_in_the_thirty_days_in_order_with_a_rhythm(calls: list[Call]) -> None:
    for path in LEDGER:
        times = [
            r["timestamp"] for kind, r in sort_out(path) if kind in {"answered", "failed"} and r
        ]
        assert times == sorted(times)
    moments = [datetime.fromisoformat(call.record["timestamp"]) for call in calls]
    days = Counter(moment.date() for moment in moments)
    assert (str(min(days)), str(max(days)), len(days)) == ("2026-10-12", "2026-11-10", 30)
    weekend = [n for day, n in days.items() if day.weekday() >= 5]
    working = [n for day, n in days.items() if day.weekday() < 5]
    assert sum(weekend) / len(weekend) < 0.5 * sum(working) / len(working)
    hours = Counter(moment.hour for moment in moments)
    assert sum(hours[h] for h in range(6)) < 0.3 * sum(hours[h] for h in range(8, 14))


def test_ids_are_unique(calls: list[Call]) -> None:
    assert len({call.id for call in calls}) == len(calls) == 2014


def test_every_label_belongs_to_a_call_of_a_task_with_one_answer(
    calls: list[Call], labels: dict[str, str]
) -> None:
    assert labels.keys() == {call.id for call in calls if call.task in LABELLED}


@pytest.mark.parametrize("task", LABELLED)
def test_logged_answers_hold_a_few_honest_mistakes(
    task: str, calls: list[Call], labels: dict[str, str]
) -> None:
    graded = [right(call, labels[call.id]) for call in of(calls, task)]
    assert 0.005 <= 1 - sum(graded) / len(graded) <= 0.05


def test_label_sets_are_closed(calls: list[Call], labels: dict[str, str]) -> None:
    answers = {task: {labels[call.id] for call in of(calls, task)} for task in LABELLED}
    tickets = of(calls, "tickets")[0].system.rsplit("Labels: ", 1)[1].split(", ")
    assert answers["tickets"] == set(tickets)
    assert answers["sentiment"] == {"positive", "negative", "neutral"}
    assert answers["moderation"] == {"yes", "no"}
    assert len(answers["language"]) == 12
    assert all(re.fullmatch(r"AC-\d{6}|none", answer) for answer in answers["number"])
    assert all(datetime.strptime(answer, "%Y-%m-%d") for answer in answers["date"])  # noqa: DTZ007


def test_json_answers_fit_their_schemas(calls: list[Call], labels: dict[str, str]) -> None:
    rules = yaml.safe_load((FOLDER / "criteria.yaml").read_text(encoding="utf-8"))["criteria"]
    schemas = {
        task_of(rule["match"]["system"]): rule["assert"][0]["value"]
        for rule in rules
        if rule["assert"][0]["type"] == "is-json"
    }
    for task in ("bug", "order"):
        for call in of(calls, task):
            jsonschema.validate(json.loads(call.answer), schemas[task])
            jsonschema.validate(json.loads(labels[call.id]), schemas[task])
    request = of(calls, "order")[0].record["request"]
    assert request["response_format"]["json_schema"]["schema"] == schemas["order"]


def test_every_query_parses_and_runs_on_its_tables(calls: list[Call]) -> None:
    for call in of(calls, "sql"):
        assert len(sqlglot.parse(call.answer, read="sqlite")) == 1
        with sqlite3.connect(":memory:") as database:
            for table in call.user.split("\n\n")[0].splitlines()[1:]:
                database.execute(f"CREATE TABLE {table}")
            database.execute(call.answer).fetchall()


def test_every_icon_is_xml(calls: list[Call]) -> None:
    for call in of(calls, "icon"):
        root = ET.fromstring(call.answer)
        assert root.tag.endswith("svg")
        assert root.attrib["viewBox"] == "0 0 24 24"
        assert len(root)


def test_every_function_compiles_under_the_name_asked_for(calls: list[Call]) -> None:
    for call in of(calls, "function"):
        (function,) = [n for n in ast.parse(call.answer).body if isinstance(n, ast.FunctionDef)]
        assert f"`{function.name}(" in call.user


def test_some_functions_are_right(calls: list[Call]) -> None:
    sources = {call.answer for call in of(calls, "function")}
    names: dict[str, Any] = {}
    for source in sources:
        exec(compile(source, "answer", "exec"), names)  # written by this project's generator
    assert names["roman"](1994) == "MCMXCIV"
    assert names["median"]([3, 1, 2, 10]) == 2.5
    assert names["parse_duration"]("1h30m") == 90
    assert names["is_palindrome"]("A man, a plan, a canal: Panama")
    assert names["moving_average"]([1, 2, 3, 4], 2) == [1.5, 2.5, 3.5]
    assert names["slug"]("Hello, World!") == "hello-world"


def test_prompts_are_short_enough_for_a_small_model(calls: list[Call]) -> None:
    for call in calls:
        assert len(call.user.split()) <= 80
        if call.task not in LONG_PROMPTS:
            assert len(call.system.split()) <= 60
        assert call.input_tokens < 1500


def test_usage_fits_the_texts(calls: list[Call]) -> None:
    for call in calls:
        texts = [call.system] + [
            message["content"]
            for message in call.record["request"]["messages"]
            if message["role"] != "system"
        ]
        if "response_format" in call.record["request"]:
            texts.append(json.dumps(call.record["request"]["response_format"]))
        characters = sum(map(len, texts))
        assert 1.5 < characters / call.input_tokens < 5
        visible = call.output_tokens - call.reasoning
        assert visible >= 1
        # A short word is one token, and Anthropic counts a few beyond the text.
        assert 1 <= len(call.answer) / visible < 7
        assert call.cache_read + call.cache_write < call.input_tokens
        limit = call.record["request"].get("max_tokens", 2000)
        assert visible <= limit


def test_cached_tokens_occur_where_prompts_are_long(calls: list[Call]) -> None:
    cached = [call for call in calls if call.cache_read or call.cache_write]
    assert {call.task for call in cached} == LONG_PROMPTS
    assert all(call.cache_read + call.cache_write >= 1024 for call in cached)
    assert all(call.cache_read % 128 == 0 for call in cached if call.provider == "openai")
    functions = of(calls, "function")
    assert any(call.cache_write for call in functions)
    assert any(call.cache_read for call in functions)


def test_classification_asks_for_temperature_zero_where_the_model_takes_one(
    calls: list[Call],
) -> None:
    for call in calls:
        if call.task in {"sentiment", "language", "moderation", "number", "date"}:
            assert call.record["request"]["temperature"] == 0
        if call.task == "tickets":  # GPT-5 refuses any temperature but its own
            assert "temperature" not in call.record["request"]


def test_system_prompts_vary_by_tenant_date_and_context(calls: list[Call]) -> None:
    tickets = of(calls, "tickets")
    assert len({call.system for call in tickets}) > 80
    for call in tickets:
        assert f"Today is {call.record['timestamp'][:10]}" in call.system
    assert len({call.system for call in of(calls, "handbook")}) > 40


def test_conversations_grow_turn_by_turn(calls: list[Call]) -> None:
    turns: dict[str, list[list[Any]]] = defaultdict(list)
    for call in of(calls, "chat"):
        request = call.record["request"]
        turns[request["metadata"]["session_id"]].append(request["messages"])
    assert sum(len(requests) > 1 for requests in turns.values()) >= 15
    for requests in turns.values():
        for before, after in itertools.pairwise(requests):
            assert after[: len(before)] == before


def spend_by_task(calls: list[Call]) -> tuple[dict[str, Decimal], int]:
    from genai_prices import Usage, calc_price

    spend: dict[str, Decimal] = defaultdict(Decimal)
    unpriced = 0
    for call in calls:
        usage = Usage(
            input_tokens=call.input_tokens,
            cache_read_tokens=call.cache_read,
            cache_write_tokens=call.cache_write,
            output_tokens=call.output_tokens,
        )
        try:
            spend[call.task] += calc_price(usage, call.model, provider_id=call.provider).total_price
        except LookupError:
            unpriced += 1
    return dict(spend), unpriced


def test_spend_is_spread_as_in_real_bills(calls: list[Call]) -> None:
    spend, unpriced = spend_by_task(calls)
    assert unpriced == UNPRICED_CALLS
    ranked = sorted(spend, key=lambda task: -spend[task])
    shares = [float(spend[task] / sum(spend.values())) for task in ranked]
    assert 0.3 < shares[0] < 0.5
    assert sum(shares[:5]) > 0.7
    assert len(ranked) == len(TASKS)
    for rank, share in enumerate(shares[:8], 1):  # within a factor of two of shares[0] / rank
        assert 0.5 < share * rank / shares[0] < 2
    prompts = Counter(task for task, _, _ in {(c.task, c.system, c.user) for c in calls})
    assert all(prompts[task] >= 150 for task in ranked[:5])
    written = [(int(row[1]), row[3]) for row in readme_table("Tasks")]
    counts = Counter(call.task for call in calls)
    shown = [f"{share:.1%}".replace("%", " %") for share in shares]
    assert written == [(counts[task], share) for task, share in zip(ranked, shown, strict=True)]


def test_every_prompt_of_a_task_is_its_own_but_for_resends(calls: list[Call]) -> None:
    seen = Counter(json.dumps([call.system, call.record["request"]["messages"]]) for call in calls)
    assert sum(n - 1 for n in seen.values()) == 8


def test_secrets_are_fake_and_planted_once() -> None:
    text = "\n".join(line for path in LEDGER for line in dict.fromkeys(text_lines(path)))
    assert re.findall(r"AKIA[0-9A-Z]+", text) == ["AK" + "IA" + "FAKE" * 4]
    keys = re.findall(r"\bsk-[\w-]+", text)
    assert len(keys) == 1
    assert set(keys[0].removeprefix("sk-proj-")) == set("FAKE0")
    assert text.count("4111 1111 1111 1111") == 1
    assert re.findall(r"[\w.]+@[\w.]+\w", text) == ["erika.musterfrau@example.com"]
    source = "".join(p.read_text(encoding="utf-8") for p in FOLDER.rglob("*.py"))
    assert not re.search(r"AKIA|sk-proj|4111", source)


def test_criteria_cover_every_task_but_the_open_ones(calls: list[Call]) -> None:
    from fnmatch import fnmatchcase

    rules = yaml.safe_load((FOLDER / "criteria.yaml").read_text(encoding="utf-8"))["criteria"]
    globs = [rule["match"]["system"] for rule in rules]
    for call in calls:
        matching = [glob for glob in globs if fnmatchcase(call.system[:2000], glob)]
        assert len(matching) == (0 if call.task in {"chat", "summary"} else 1)


def test_the_folder_stays_small() -> None:
    files = [
        path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_criteria_are_read_by_auditor_itself() -> None:
    from auditor.criteria.file import read_criteria

    criteria = read_criteria(FOLDER / "criteria.yaml")
    assert len(criteria) == len(TASKS) - 2

"""Logs without a call: a bill is sent on, an unknown format gets a table that reads it."""

from __future__ import annotations

import csv
import json
import tomllib

import pytest
from command_line import command
from paired_log import pair, write

from auditor.store.store import Store


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *typed: command(monkeypatch, capsys, *typed)


def pasted(err: str) -> str:
    """What stands behind the hint, as somebody would copy it."""
    _, found, table = err.partition("hint: paste this into auditor.toml")
    assert found, err
    return table.partition("\n")[2]


def columns(tmp_path, name="calls.csv", delimiter=","):
    rows = [
        ("Nr", "Zeitpunkt", "Kunde", "LLM", "Frage (Text)", "Antwort", "tokens_in", "tokens_out", "Cost (USD)"),
        (1, "2026-01-15T09:30:00Z", "k1", "gpt-4o-mini", "Is the room free?", "Yes, it is free.", 120, 7, 0.00002),
        (2, "2026-01-15T09:31:00Z", "k2", "gpt-4o-mini", "Is the pool open?", "From ten o'clock.", 130, 8, 0.00003),
    ]  # fmt: skip
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return tmp_path / name


NESTED = [
    {
        "kind": "llm", "call": {"started_at": f"2026-01-15T09:3{n}:00Z", "took.ms": 820 + n},
        "who": json.dumps({"login": f"u{n}"}), "engine": "claude-haiku-4-5",
        "io": {"question": f"Is room {n} free?", "reply": f"Yes, room {n} is."},
        "usage": {"in": 1000 + n, "out": 6, "cached": 900, "total": 1006 + n},
    }
    for n in range(3)
]  # fmt: skip
CHATS = [
    {
        "doc": n, "deployment": "gpt-4o", "turns": [{"role": "user", "content": f"Sum up page {n}."}],
        "answer_text": f"Page {n} is short.", "n_prompt_tokens": 50, "n_completion_tokens": 5,
    }
    for n in range(3)
]  # fmt: skip


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (None, (2, "gpt-4o-mini", 250, 0, 15, "Is the pool open?", "From ten o'clock.", 2)),
        (NESTED, (3, "claude-haiku-4-5", 303, 2700, 18, "Is room 0 free?", "Yes, room 0 is.", 3)),
        (CHATS, (3, "gpt-4o", 150, 0, 15, "Sum up page 0.", "Page 0 is short.", 0)),
    ],
)
def test_the_proposed_table_reads_the_log_when_it_is_pasted(run, tmp_path, records, expected):
    if records is None:
        log = columns(tmp_path)
    else:
        log = tmp_path / "desk.jsonl"
        log.write_text("".join(json.dumps(record) + "\n" for record in records))
    refused = run("ingest", log.name)
    assert refused.code == 1
    (tmp_path / "auditor.toml").write_text(pasted(refused.err), encoding="utf-8")
    assert run("ingest", log.name).code == 0
    with Store.open(tmp_path / "audit.duckdb", read_only=True) as store:
        (found,) = store.rows(
            """SELECT count(*), min(model), sum(input_uncached_tokens)::BIGINT,
                   sum(cache_read_tokens)::BIGINT, sum(output_tokens)::BIGINT,
                   min(messages[0]->>'content'), min(response_text),
                   count(*) FILTER (time_kind <> 'file')
            FROM calls JOIN contents USING (call_id)"""
        )
        assert found == expected
        assert store.value("SELECT count(*) FROM rejects") == 0
    assert "2 calls" not in run("ingest", log.name).err  # and once is enough
    with Store.open(tmp_path / "audit.duckdb", read_only=True) as store:
        assert store.value("SELECT count(*) FROM calls") == expected[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_told_by_any_delimiter(run, tmp_path, delimiter):
    refused = run("ingest", columns(tmp_path, delimiter=delimiter).name)
    fields = tomllib.loads(pasted(refused.err))["readers"]["calls"]["fields"]
    assert fields == {
        "input_tokens": "tokens_in", "output_tokens": "tokens_out", "model": "LLM",
        "cost_usd": "Cost (USD)", "answer": "Antwort", "log_id": "Nr", "called_at": "Zeitpunkt",
        "prompt": "Frage (Text)",
    }  # fmt: skip


def test_records_without_a_trace_of_a_call_get_no_table(run, tmp_path):
    (tmp_path / "log.jsonl").write_text('{"level": 1, "queue": "mail", "waiting": 5}\n' * 3)
    refused = run("ingest", "log.jsonl")
    assert refused.code == 1
    assert "[readers." not in refused.err
    assert "give logs of API calls" in refused.err


def test_hostile_keys_stay_out_of_the_table_and_the_terminal(run, tmp_path):
    record = {"mo\x1b[2Jdel": "x", 'que"stion': "How are you?", "model": "gpt-4o", "a]\nb": 1}
    (tmp_path / "log.jsonl").write_text(json.dumps(record) + "\n")
    refused = run("ingest", "log.jsonl")
    assert "\x1b[2J" not in refused.err
    table = tomllib.loads(pasted(refused.err))["readers"]["log"]
    assert table["fields"]["model"] == "model"


def test_a_bill_is_sent_to_reconcile(run, tmp_path):
    (tmp_path / "usage.csv").write_text(
        "start_time,num_model_requests,model,input_tokens,output_tokens\n1768435200,4,gpt-4o,9,9\n"
    )
    refused = run("ingest", "usage.csv")
    assert refused.code == 1
    assert f"hint: it is a bill, not a log: auditor reconcile {tmp_path / 'usage.csv'}" in refused.err  # fmt: skip


def test_beside_a_log_a_bill_and_an_unknown_file_are_warned_of(run, tmp_path):
    write(tmp_path / "log.jsonl", [pair(1)])
    columns(tmp_path)
    (tmp_path / "aws.csv").write_text(
        "lineItem/UsageType,lineItem/UnblendedCost,lineItem/UsageStartDate\nx,1,2026-01-01\n"
    )
    ran = run("ingest", "log.jsonl", "calls.csv", "aws.csv")
    assert ran.code == 0
    assert "aws.csv: it is a bill, not a log: auditor reconcile" in ran.err
    assert "calls.csv: no record of it is of a known format" in ran.err

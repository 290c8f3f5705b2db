"""readers, rejects, spend, reconcile, export, forget and purge as typed."""

from __future__ import annotations

import json

import pytest
from command_line import HOSTILE, command
from paired_log import DAY, pair, write

from auditor.store.store import Store


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    return lambda *typed: command(monkeypatch, capsys, *typed)


@pytest.fixture
def read(run, tmp_path):
    key = "sk-proj-" + "Ab3dEf6h" * 6
    records = [
        pair(1),
        pair(2, user="u2", text=f"hello {HOSTILE}"),
        "{broken",
        f'{{"odd": "{key}"}}',
    ]
    write(tmp_path / "log.jsonl", records)
    assert run("ingest", "log.jsonl").code == 0
    return run


def result(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["result"]


def test_readers_lists_every_format(run, tmp_path):
    (tmp_path / "auditor.toml").write_text(
        '[readers.ours]\ntitle = "Our gateway"\nsignature = {every = ["when"]}\n'
        'fields = {model = "m"}\n',
        encoding="utf-8",
    )
    ran = run("readers")
    assert "Our gateway" in ran.out
    assert "request and response pairs" in ran.out
    names = [row["name"] for row in result(run("readers", "--json"))["readers"]]
    assert {"ours", "pair", "otlp", "litellm", "llm"} <= set(names)


def test_rejects_say_where_and_why(read):
    ran = read("rejects")
    assert ran.code == 0
    assert "log.jsonl, line 3, byte " in ran.out
    assert "bad-json" in ran.out
    assert "unknown-format" in ran.out
    assert "Ab3dEf6hAb3d" not in ran.out
    found = result(read("rejects", "--json", "--limit", "1"))
    assert found["rejects"] == 2
    assert sum(row["records"] for row in found["reasons"]) == 2
    assert [row["line_no"] for row in found["records"]] == [3]


def test_rejects_of_one_reason(read):
    assert "line 4" in read("rejects", "--reason", "unknown-format").out
    ran = read("rejects", "--reason", "moon")
    assert ran.code == 2
    assert "bad-json" in ran.err


def test_spend_shows_amounts_and_a_bar(read):
    ran = read("spend", "--by", "user")
    assert ran.code == 0
    (line,) = (line for line in ran.out.splitlines() if line.startswith("u1"))
    assert "$0.0035" in line
    assert "50 %" in line
    assert "\N{FULL BLOCK}" in line or "#" in line


def test_spend_as_json_with_a_filter(read):
    found = result(read("spend", "--by", "user", "--where", "user_id = 'u2'", "--json"))
    assert found["filter"] == {"where": "user_id = 'u2'"}
    assert [(r["value"], r["calls"], r["spend_usd"]) for r in found["rows"]] == [
        ("u2", 1, "0.003500000000")
    ]
    assert found["savings"] == []


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["--by", "moon"], 2, "it can by model"),
        (["--where", "nope = 1"], 2, "--where cannot be used"),
        (["--since", "soon"], 2, "does not match"),
        (["--until", "2020-01-01"], 1, "no call to show"),
    ],
)
def test_spend_says_what_is_wrong(read, typed, code, said):
    ran = read("spend", *typed)
    assert ran.code == code
    assert said in ran.err
    assert "hint:" in ran.err
    assert "bug" not in ran.err


def test_a_long_list_ends_in_what_is_left(read):
    assert "and 1 more with $0.0035" in read("spend", "--by", "user", "--limit", "1").out


def test_reconcile_shows_coverage(read, tmp_path):
    (tmp_path / "bill.csv").write_text(
        "start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens\n"
        f"1,{DAY}T00:00:00+00:00,4,gpt-4o-2024-08-06,4000,400\n",
        encoding="utf-8",
    )
    ran = read("reconcile", "bill.csv")
    assert "The logs hold 50.0 % of the billed tokens: 2,200 of 4,400" in ran.out
    assert DAY in read("reconcile", "bill.csv", "--by-day").out
    assert result(read("reconcile", "bill.csv", "--json"))["coverage"] == 0.5
    assert read("reconcile", "log.jsonl").code == 1


def test_export_is_the_owners_alone(read, tmp_path):
    ran = read("export", "calls", "-o", "calls.csv", "--where", "user_id = 'u2'")
    assert "Wrote calls.csv: 1 rows" in ran.out
    assert (tmp_path / "calls.csv").stat().st_mode & 0o077 == 0
    assert read("export", "answers", "-o", "a.csv", "--model", "gpt*").code == 2
    assert read("export", "calls", "-o", "calls.doc").code == 2


def test_forget_asks_first(read):
    asked = read("forget", "--user", "u2")
    assert asked.code == 2
    assert "1 call" in asked.out
    assert "--yes" in asked.err
    with Store.open("audit.duckdb", read_only=True) as store:
        assert store.value("SELECT count(*) FROM calls") == 2
    assert result(read("forget", "--user", "u2", "--yes", "--json"))["calls"] == 1
    with Store.open("audit.duckdb", read_only=True) as store:
        assert store.rows("SELECT user_id FROM calls") == [("u1",)]
        assert store.check() == []
    assert read("forget", "--user", "u2", "--yes").code == 2
    assert read("forget", "--yes").code == 2


def test_purge_drops_texts_and_spend_stays(read, tmp_path):
    before = result(read("spend", "--json"))["rows"]
    assert read("purge").code == 2
    assert "2 calls" in read("purge", "--text").out
    assert result(read("spend", "--json"))["rows"] == before
    assert b"Question 1?" not in (tmp_path / "audit.duckdb").read_bytes()


def test_what_a_log_says_never_acts_on_the_terminal(run, tmp_path):
    write(tmp_path / "log.jsonl", [pair(1, user=f"u{HOSTILE}"), f"broken {HOSTILE}"])
    run("ingest", "log.jsonl")
    for ran in (run("spend", "--by", "user"), run("rejects")):
        assert ran.code == 0
        assert not set("\x1b\x07\u202e") & set(ran.out + ran.err)


@pytest.mark.parametrize(
    "typed", ["rejects", "spend", "export calls -o x.csv", "forget --user u", "purge --text"]
)
def test_without_a_database_the_first_step_is_named(run, tmp_path, typed):
    ran = run(*typed.split())
    assert ran.code == 1
    assert "auditor ingest" in ran.err
    assert not list(tmp_path.glob("*.duckdb"))

"""A reader that another package brings by an entry point is listed, asked first, and believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

MODULE = """
from auditor.readers.model import Call, NotCall

name = "acme"
title = "Acme's own log"


def matches(record):
    return "acme_version" in record


def read(record):
    if record.get("kind") != "llm":
        return [NotCall("no call of a model")]
    if record.get("broken"):
        raise ValueError("acme knows no such version")
    call = Call()
    call.provider, call.model, call.status = "openai", "gpt-4o", "ok"
    call.log_id = record["request"]["messages"]
    call.input_uncached_tokens, call.output_tokens = 1_000_000, 0
    call.usage_state = "provider"
    call.messages = [{"role": "user", "content": "hello"}]
    call.response_text = "hi"
    return [call]
"""


@pytest.fixture
def acme(tmp_path):
    """Run the command line where a package with a reader is installed."""
    packages = tmp_path / "packages"
    installed = packages / "acme_reader-1.0.dist-info"
    installed.mkdir(parents=True)
    (packages / "acme_reader.py").write_text(MODULE)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-reader\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[auditor.readers]\nacme = acme_reader\n")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "auditor", *words],
            env={**os.environ, "PYTHONPATH": str(packages), "AUDITOR_DB": str(tmp_path / "a.db")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return run


def test_it_reads_its_records_and_leaves_the_others(acme, tmp_path):
    assert "Acme's own log" in acme("readers")
    pair = {
        "id": "log_1", "timestamp": "2026-01-15T00:00:00Z",
        "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]},
        "response": {
            "id": "chatcmpl-00000001", "model": "gpt-4o",
            "choices": [{"message": {"role": "assistant", "content": "hi"}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 1},
        },
    }  # fmt: skip
    records = [
        {"acme_version": 2, "kind": "llm", "request": {"messages": "a1"}, "response": {}},
        {"acme_version": 2, "kind": "llm", "request": {"messages": "a2"}, "broken": True},
        {"acme_version": 2, "kind": "span"},
        pair,
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    found = json.loads(acme("ingest", "log.jsonl", "--json"))["result"]["sources"][0]
    counted = {k: found[k] for k in ("records", "calls", "not_calls", "rejects")}
    assert counted == {"records": 4, "calls": 2, "not_calls": 1, "rejects": 1}
    assert "acme: ValueError: acme knows no such version" in acme("rejects")
    acme("export", "calls", "--format", "csv", "-o", "calls.csv")
    assert "acme" in (tmp_path / "calls.csv").read_text()

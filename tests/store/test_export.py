"""Exports: the rows of the filter, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest
from paired_log import pair, write

from auditor.errors import ConfigError
from auditor.ingest import stage as ingest
from auditor.store import export as exports
from auditor.store.filters import CallFilter

FORMULAS = ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.fixture
def calls(store, tmp_path):
    records = [pair(n, user=text, answer=text) for n, text in enumerate([*FORMULAS, "a-b", "5"])]
    ingest.run(store, [write(tmp_path / "log.jsonl", records)])
    return store


def rows_of(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_each_format_holds_the_same_calls(calls, tmp_path, form):
    path = tmp_path / f"calls.{form}"
    assert exports.export(calls, "calls", path) == 8
    rows = rows_of(path)
    assert [r["call_id"] for r in rows] == [
        r[0] for r in calls.rows("SELECT call_id FROM calls ORDER BY source_id, record_no")
    ]
    assert [int(r["output_tokens"]) for r in rows] == [100] * 8
    assert "messages" not in rows[0]


def test_a_cell_that_would_be_a_formula_is_text(calls, tmp_path):
    path = tmp_path / "calls.csv"
    exports.export(calls, "calls", path, texts=True)
    rows = rows_of(path)
    assert [r["response_text"] for r in rows] == [f"'{f}" for f in FORMULAS] + ["a-b", "5"]
    assert not [c for row in rows for c in row.values() if c.startswith(("=", "+", "-", "@"))]


def test_other_formats_keep_texts_as_they_are(calls, tmp_path):
    path = tmp_path / "calls.jsonl"
    exports.export(calls, "calls", path, texts=True)
    assert [row["response_text"] for row in rows_of(path)] == [*FORMULAS, "a-b", "5"]


def test_the_filter_holds(calls, tmp_path):
    path = tmp_path / "some.csv"
    only = CallFilter(models=("gpt*",), where="user_id = '5'")
    assert exports.export(calls, "calls", path, only=only) == 1
    assert [row["user_id"] for row in rows_of(path)] == ["5"]


@pytest.mark.parametrize("what", exports.WHAT)
def test_every_table_can_be_exported(calls, tmp_path, what):
    path = tmp_path / f"{what}.parquet"
    assert exports.export(calls, what, path) == len(rows_of(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.docx", "unknown format"), ("no/such/x.csv", "no such folder"), (".", "format|folder")],
)
def test_what_cannot_be_written_is_told(calls, tmp_path, name, message):
    with pytest.raises(ConfigError, match=message):
        exports.export(calls, "calls", tmp_path / name)

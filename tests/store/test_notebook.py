"""auditor.open: an audit as polars frames, and the page that shows how."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import report_database

import auditor
from auditor.errors import NotReadyError, StoreError
from auditor.store.notebook import Audit
from auditor.store.store import Store

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


@pytest.fixture
def path(tmp_path):
    """Return a database as a finished audit leaves it."""
    path = tmp_path / "audit.duckdb"
    with Store.open(path) as store:
        report_database.fill(store)
    return path


@pytest.fixture
def audit(path):
    with auditor.open(path) as audit:
        yield audit


def test_every_table_and_view_is_an_attribute(audit, path):
    names = audit.tables + audit.views
    assert {"calls", "answers", "v_spend", "v_headline"} <= set(names)
    assert set(names) <= set(dir(audit))
    assert not set(names) & set(dir(Audit)), "an attribute hides a table"
    with Store.open(path, read_only=True) as store:
        for name in names:
            count = store.value(f"SELECT count(*) FROM {name}")
            assert getattr(audit, name).height == audit.frame(name).height == count


def test_types_are_those_that_a_frame_should_have(audit):
    schema = audit.calls.schema
    assert schema["cost_usd"] == pl.Decimal(18, 12)
    assert schema["called_at"] == pl.Datetime("us", "UTC")
    assert schema["output_tokens"] == pl.Int64
    assert schema["needs_vision"] == pl.Boolean
    assert schema["tool_names"] == pl.List(pl.String)
    assert schema["tags"] == pl.String
    assert audit.rate_card.schema["day"] == pl.Date
    totals = audit.v_totals
    assert totals.schema["output_tokens"] == pl.Int64  # HUGEINT, a sum
    assert totals.schema["covered_days"] == pl.Int64
    assert totals["total_usd"].item() == sum(Decimal(row.spend) for row in report_database.ROWS)


def test_no_column_of_the_contract_has_a_type_that_is_none_of_these(audit):
    sensible = (
        pl.String, pl.Int32, pl.Int64, pl.Float64, pl.Boolean, pl.Date, pl.Decimal, pl.Datetime,
        pl.List,
    )  # fmt: skip
    for name in audit.tables + audit.views:
        for column, kind in audit.frame(name).schema.items():
            assert isinstance(kind, sensible), f"{name}.{column} is {kind}"


def test_times_compare_with_those_of_python(audit):
    assert audit.calls.filter(pl.col("called_at") >= report_database.START).height > 0


def test_json_is_text_that_polars_reads_into(audit):
    assert audit.candidates["settings"].str.json_decode(
        pl.Struct({"slots": pl.Int64})
    ).to_list() == [{"slots": 4}]


def test_a_query_takes_values_and_gives_a_frame(audit):
    frame = audit.sql("SELECT count(*) AS n FROM calls WHERE model = $model", {"model": "gpt-4.1"})
    assert frame["n"].item() > 0
    assert audit.sql("SELECT call_id FROM calls LIMIT 0").schema == {"call_id": pl.String}


@pytest.mark.parametrize("query", ["SELEC 1", "DELETE FROM calls", "CREATE TABLE t (x INT)"])
def test_a_query_that_would_write_or_is_none_is_refused(audit, path, query):
    before = path.read_bytes()
    with pytest.raises(StoreError):
        audit.sql(query)
    assert path.read_bytes() == before


def test_an_unknown_name_is_answered_with_the_nearest(audit):
    with pytest.raises(StoreError, match="no table or view v_spent") as told:
        audit.frame("v_spent")
    assert told.value.hint == "is it v_spend?"
    with pytest.raises(AttributeError, match="is it calls"):
        _ = audit.call
    assert not hasattr(audit, "_repr_html_")
    with pytest.raises(StoreError):
        audit.frame('calls"; DROP TABLE calls; --')


def test_the_file_is_free_between_two_accesses(audit, path):
    first = audit.meta.height
    writes = "from auditor.store.store import Store; import sys\nwith Store.open(sys.argv[1]) as s: s.execute(\"INSERT INTO meta VALUES ('k', 'v')\")"
    subprocess.run([sys.executable, "-c", writes, str(path)], check=True)
    assert audit.meta.height == first + 1


def test_there_has_to_be_an_audit(tmp_path):
    with pytest.raises(NotReadyError, match="no audit database here"):
        auditor.open(tmp_path / "none.duckdb")


def test_importing_auditor_loads_no_package(tmp_path):
    code = "import auditor, sys; print([m for m in ('duckdb', 'polars', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- the pages -----------------------------------------------------------------------------------


def test_the_examples_of_the_notebook_page_do_what_it_says(path, monkeypatch, capsys):
    monkeypatch.chdir(path.parent)
    examples = EXAMPLE.findall((DOCS / "notebook.md").read_text("utf-8"))
    assert len(examples) >= 5
    names: dict = {}
    for code, shown in examples:
        exec(compile(code, "docs/notebook.md", "exec"), names)
        assert capsys.readouterr().out == shown
    drawn = (path.parent / "notebook-spend.svg").read_text("utf-8")
    assert drawn == (DOCS / "notebook-spend.svg").read_text("utf-8")

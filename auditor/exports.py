"""Tables for other tools: parquet, CSV or JSON lines of calls, answers, grades and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.filters import CallFilter

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.store import Store

_CALLS = """SELECT c.* EXCLUDE (source_id), s.path AS source, k.name AS category{texts}
FROM (SELECT * FROM calls WHERE {condition}) c JOIN sources s USING (source_id)
LEFT JOIN call_categories USING (call_id) LEFT JOIN categories k USING (category_id){contents}
ORDER BY source, record_no"""
_OTHERS = {
    "answers": "SELECT a.* FROM answers a ORDER BY call_id, candidate_id NULLS FIRST, replicate",
    "grades": "SELECT g.*, a.call_id, a.candidate_id FROM grades g LEFT JOIN answers a "
    "USING (answer_id) ORDER BY call_id, criterion_id, replicate",
    "categories": "SELECT * FROM v_categories ORDER BY spend_rank",
    "rejects": "SELECT s.path, r.* EXCLUDE (source_id) FROM rejects r JOIN sources s "
    "USING (source_id) ORDER BY s.path, r.record_no",
}
WHAT = ("calls", *_OTHERS)
FORMATS = {
    "parquet": "(FORMAT parquet, COMPRESSION zstd)",
    "csv": "(FORMAT csv, HEADER)",
    "jsonl": "(FORMAT json)",
}


def export(
    store: Store,
    what: str,
    path: Path,
    *,
    form: str | None = None,
    only: CallFilter | None = None,
    texts: bool = False,
) -> int:
    """Write a table to a file; return the number of rows.

    ``form`` is parquet, csv or jsonl, by default what the file's name ends with. ``only`` holds for
    calls. ``texts`` adds prompt and answer, which are masked but may be confidential.

    Raises:
        ConfigError: an unknown table or format, or a file that cannot be written.
    """
    if what not in WHAT:
        raise ConfigError(f"{what} cannot be exported", hint=f"one of {', '.join(WHAT)}")
    form = form or path.suffix.removeprefix(".").replace("json", "jsonl").replace("jsonll", "jsonl")
    if form not in FORMATS:
        raise ConfigError(
            f"unknown format {form or 'of ' + path.name}", hint="--format parquet, csv or jsonl"
        )
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path.parent}: no such folder", hint="make it first")
    condition, values = (only or CallFilter()).sql()
    query = _OTHERS.get(what) or _CALLS.format(
        condition=condition,
        texts=", n.* EXCLUDE (call_id)" if texts else "",
        contents=" LEFT JOIN contents n USING (call_id)" if texts else "",
    )
    name = str(path).replace("'", "''")
    parameters = values if what == "calls" else {}
    store.execute(f"COPY ({query}) TO '{name}' {FORMATS[form]}", parameters)
    return int(store.value(f"SELECT count(*) FROM ({query})", parameters))

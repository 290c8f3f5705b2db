"""Tables for other tools: parquet, CSV or JSON lines of calls, answers, grades and the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from auditor import outputs
from auditor.errors import ConfigError
from auditor.store.filters import CallFilter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from auditor.store.store import Store

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
    overwrite: bool = False,
) -> int:
    """Write a table to a file; return the number of rows.

    ``form`` is parquet, csv or jsonl, by default what the file's name ends with. ``only`` holds for
    calls. ``texts`` adds prompt and answer, which are masked but may be confidential. An earlier
    export is replaced; ``overwrite`` gives up another file too, but never a database.

    Raises:
        ConfigError: an unknown table or format, or a file that cannot be or is not to be written.
    """
    if what not in WHAT:
        raise ConfigError(f"{what} cannot be exported", hint=f"one of {', '.join(WHAT)}")
    form = form or path.suffix.removeprefix(".").replace("json", "jsonl").replace("jsonll", "jsonl")
    if form not in FORMATS:
        raise ConfigError(
            f"unknown format {form or 'of ' + path.name}", hint="--format parquet, csv or jsonl"
        )
    outputs.claim(path, outputs.TABLE, overwrite=overwrite)
    _writable(path)
    condition, values = (only or CallFilter()).sql()
    query = _OTHERS.get(what) or _CALLS.format(
        condition=condition,
        texts=", n.* EXCLUDE (call_id)" if texts else "",
        contents=" LEFT JOIN contents n USING (call_id)" if texts else "",
    )
    parameters = values if what == "calls" else {}
    columns = _cells(store, query, parameters) if form == "csv" else "*"
    name = str(path).replace("'", "''")
    store.execute(f"COPY (SELECT {columns} FROM ({query})) TO '{name}' {FORMATS[form]}", parameters)
    return int(store.value(f"SELECT count(*) FROM ({query})", parameters))


def _writable(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path.parent}: no such folder", hint="make it first")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise ConfigError(f"{path} cannot be written", hint="name a file elsewhere with -o")


_FORMULA = r"^[=+@\t\r\n-]"


def _cells(store: Store, query: str, parameters: Mapping[str, Any]) -> str:
    """Return the columns of a query, text made harmless to spreadsheets.

    A cell that begins with = + - @, a tab or a line end may be run as a formula (OWASP, "CSV
    Injection"): an apostrophe before it makes it text.
    """
    found = []
    for name, kind, *_ in store.rows(f"DESCRIBE {query}", parameters):
        column = '"' + name.replace('"', '""') + '"'
        if kind in ("VARCHAR", "JSON"):
            column = (
                f"CASE WHEN regexp_matches({column}, '{_FORMULA}') "
                f"THEN chr(39) || {column} ELSE {column} END AS {column}"
            )
        found.append(column)
    return ", ".join(found)

"""``docs/database.md``: the data contract as a page, written from the comments of the schema."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from auditor.store import migrations
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_INTRODUCTION = """\
# The database

<!-- Written by auditor.store.describe from auditor/store/tables.sql and views.sql. -->

`audit.duckdb` is one [DuckDB](https://duckdb.org) file, and its tables are the contract between the
stages: only the stage named here writes a table, any later stage may read it. Every table, column
and view carries its comment in the file too. Any DuckDB shell can read it, and so can
[a notebook](notebook.md):

```console
$ duckdb -readonly audit.duckdb "SELECT name, calls, spend_usd, verdict FROM v_categories"
```

- **Unknown is NULL, never zero.** A missing price, latency or token count is NULL.
- **Amounts are USD**, as exact decimals; a column that ends in `_month` is per month (mean per
  covered day x 30.4). Durations end in `_ms`, times are UTC.
- **Figures are computed in views**, once: terminal, report, `report.json` and `plan.md` read the
  same.
- **An audit outlives versions.** This page describes schema version {version}. A newer auditor
  brings an older file to its own version when it opens it, and keeps a copy beside it until that
  has succeeded. An older auditor refuses a newer file and changes nothing.
"""


class _Column(NamedTuple):
    name: str
    kind: str
    nullable: bool
    comment: str


def database_page() -> str:
    """Return the page as Markdown."""
    with Store.open() as store:
        tables = store.rows("SELECT table_name, comment FROM duckdb_tables() ORDER BY table_oid")
        views = store.rows(
            "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal ORDER BY view_name"
        )
        columns = _columns(store)
    stages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, comment in tables:
        stage, _, words = comment.partition(": ")
        stages[stage].append((name, words))
    lines = [_INTRODUCTION.format(version=migrations.newest()), "## Tables", ""]
    for stage, members in stages.items():
        names = ", ".join(f"[`{name}`](#{name})" for name, _ in members)
        lines.append(f"- **{stage}** writes {names}")
    for members in stages.values():
        for name, words in members:
            lines += ["", f"### {name}", "", _sentence(words), "", *_table(columns[name])]
    lines += ["", "## Views", "", "| view | what it says | columns |", "|---|---|---|"]
    lines += [_view(name, comment, columns[name]) for name, comment in views]
    return "\n".join(lines) + "\n"


def _columns(store: Store) -> Mapping[str, Sequence[_Column]]:
    found: dict[str, list[_Column]] = defaultdict(list)
    for table, *column in store.rows(
        "SELECT table_name, column_name, data_type, is_nullable, coalesce(comment, '')"
        " FROM duckdb_columns() WHERE NOT internal ORDER BY table_oid, column_index"
    ):
        found[table].append(_Column(*column))
    return found


def _table(columns: Iterable[_Column]) -> list[str]:
    rows = ["| column | type | NULL | meaning |", "|---|---|---|---|"]
    for column in columns:
        null = "yes" if column.nullable else "no"
        meaning = _cell(column.comment)
        rows.append(f"| `{column.name}` | {_cell(column.kind)} | {null} | {meaning} |")
    return rows


def _view(name: str, comment: str, columns: Iterable[_Column]) -> str:
    words = _cell(comment.partition(": ")[2])
    return f"| `{name}` | {words} | {', '.join(f'`{column.name}`' for column in columns)} |"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _cell(text: str) -> str:
    """Make text harmless in a cell: a bar would end it, <name> would be taken for HTML."""
    return re.sub(r"([|<>*_\\])", r"\\\1", text)

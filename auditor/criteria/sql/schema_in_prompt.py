"""The schema that a prompt describes, in the ways in which prompts are written.

``CREATE TABLE`` in any dialect; JSON (``{"tables": [...]}``, ``{"table": ["column"]}``); lists such
as ``table(column, column)``, ``Table t, columns = [*,a,b]``, ``| t : a , b``, ``Table t: a, b``;
headings with a Markdown table or a list of columns below; and the keys beside them
(``Foreign_keys = [t.a = u.b]``, ``t.a references u.b``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from auditor.criteria.sql.schema import ForeignKey, Schema, Table
from auditor.criteria.sql.schema_definitions import tables_in_definitions
from auditor.criteria.sql.schema_json import tables_in_json
from auditor.criteria.sql.schema_lists import (
    tables_in_lists,
    tables_in_sentences,
    tables_under_headings,
)
from auditor.criteria.sql.schema_words import QUOTED, bare_name

MAX_PROMPT = 200_000
"""Characters of a prompt in which a schema is looked for."""
MAX_TABLES = 200
MAX_COLUMNS = 400
_REFERENCE = re.compile(
    rf"({QUOTED})\.({QUOTED})\s*(?:=|->|→|references|refers to)\s*({QUOTED})"
    rf"(?:\.({QUOTED})|\s*\(\s*({QUOTED})\s*\))",
    re.IGNORECASE,
)
_PRIMARY_LIST = re.compile(r"primary[_ ]keys?\s*[=:]\s*\[([^\]]{1,4000})\]", re.IGNORECASE)


_WAYS = (
    tables_in_definitions,
    tables_in_json,
    tables_in_lists,
    tables_under_headings,
    tables_in_sentences,
)
"""The first that finds tables counts."""


@lru_cache(maxsize=512)
def schema_in(prompt: str) -> Schema:
    """The tables that a prompt describes; none where it describes none."""
    text = prompt[:MAX_PROMPT].replace("\r\n", "\n")
    found: dict[str, Table] = {}
    for way in _WAYS:
        for table in way(text):
            if len(found) < MAX_TABLES and 0 < len(table.columns) <= MAX_COLUMNS:
                found.setdefault(table.name.lower(), table)
        if found:
            break
    return Schema(tuple(_with_references(found, text).values()))


def _with_references(tables: dict[str, Table], text: str) -> dict[str, Table]:
    """The tables with the keys that the prompt lists apart from them."""
    foreign: dict[str, list[ForeignKey]] = {}
    for match in _REFERENCE.finditer(text):
        table, column = bare_name(match[1]).lower(), bare_name(match[2])
        target, referenced = bare_name(match[3]).lower(), bare_name(match[4] or match[5])
        if (
            table in tables and target in tables
            and column.lower() in tables[table].by_name
            and referenced.lower() in tables[target].by_name
        ):  # fmt: skip
            foreign.setdefault(table, []).append(ForeignKey((column,), target, (referenced,)))
    primary: dict[str, list[str]] = {}
    for match in _PRIMARY_LIST.finditer(text):
        for entry in match[1].split(","):
            name, _, column = entry.strip().partition(".")
            if column.lower() in getattr(tables.get(bare_name(name).lower()), "by_name", {}):
                primary.setdefault(bare_name(name).lower(), []).append(bare_name(column))
    return {
        name: Table(
            table.name,
            table.columns,
            table.primary_key or tuple(primary.get(name, ())),
            table.foreign_keys or tuple(foreign.get(name, ())),
            table.unique,
        )
        for name, table in tables.items()
    }

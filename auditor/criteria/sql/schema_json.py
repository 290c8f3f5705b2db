"""Tables that JSON in a prompt describes: ``{"tables": [...]}``, ``{"table": ["column"]}``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.criteria.sql.schema import Column, Table
from auditor.criteria.sql.schema_words import column_in_words, typed_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_VALUES = 50
"""JSON values of a prompt that are looked at."""
_MOST_DEPTH = 6


def tables_in_json(text: str) -> Iterator[Table]:
    """Yield the tables that JSON in a text describes."""
    decoder = json.JSONDecoder()
    at, tries = 0, 0
    while tries < _MOST_VALUES:
        starts = [found for found in (text.find("{", at), text.find("[", at)) if found >= 0]
        if not starts:
            return
        at, tries = min(starts), tries + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield from _tables_in(value)
        at = end


def _tables_in(value: Any, depth: int = 0) -> Iterator[Table]:
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, list):
        for entry in value:
            if isinstance(entry, dict):
                yield from _tables_in(entry, depth + 1)
        return
    if not isinstance(value, dict):
        return
    name = next(
        (value[k] for k in ("table", "table_name", "name", "tableName") if k in value), None
    )
    columns = next(
        (value[k] for k in ("columns", "fields", "column_names", "cols") if k in value), None
    )
    if isinstance(name, str) and columns is not None:
        table = _json_table(name, columns, value)
        if table is not None:
            yield table
            return
    for key, entry in value.items():
        is_table = isinstance(entry, list | dict) and key.lower() not in {
            "tables", "schema", "models", "database", "columns", "foreign_keys", "primary_keys",
        }  # fmt: skip
        columns = entry.get("columns", entry) if isinstance(entry, dict) else entry
        table = _json_table(key, columns, {}) if is_table else None
        if table is not None:
            yield table
        else:
            yield from _tables_in(entry, depth + 1)


def _json_table(name: str, columns: Any, around: Mapping[str, Any]) -> Table | None:
    found: list[Column] = []
    primary: list[str] = []
    if isinstance(columns, dict):
        columns = [
            {
                "name": key,
                "type": kind if isinstance(kind, str) else "",
                **(kind if isinstance(kind, dict) else {}),
            }
            for key, kind in columns.items()
            if isinstance(kind, str | dict)
        ]
    if not isinstance(columns, list) or not columns:
        return None
    for entry in columns:
        if isinstance(entry, str):
            found += column_in_words(entry)[0]
        elif isinstance(entry, dict):
            told = next(
                (entry[k] for k in ("name", "column", "column_name", "field") if k in entry), None
            )
            kind = next(
                (entry[k] for k in ("type", "data_type", "dtype", "datatype") if k in entry), ""
            )
            if not isinstance(told, str):
                return None
            found.append(typed_column(told, str(kind)))
            if any(entry.get(k) is True for k in ("primary_key", "primaryKey", "pk", "is_primary")):
                primary.append(told)
        else:
            return None
    key = around.get("primary_key") or around.get("primaryKey") or primary
    keys = [key] if isinstance(key, str) else [k for k in key if isinstance(k, str)]
    return Table(name, tuple(found), tuple(keys)) if found else None

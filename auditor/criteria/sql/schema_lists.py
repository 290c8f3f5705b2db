"""Tables that a prompt lists: in lines, under headings, in sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.sql.schema import Column, ForeignKey, Table
from auditor.criteria.sql.schema_words import NAME, QUOTED, bare_name, column_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DIN = re.compile(
    rf"^\W*table\s+({QUOTED})\s*,\s*columns?\s*[=:]\s*\[([^\]]{{1,8000}})\]",
    re.IGNORECASE | re.MULTILINE,
)
_CALL_LIKE = re.compile(
    rf"^[ \t]*(?:[-*#>\d.)]+[ \t]*)?(?:\*\*)?(?:table[ :]+)?({QUOTED}(?:\.{QUOTED})?)"
    r"(?:\*\*)?[ \t]*"
    r"\(([^()]{1,8000}(?:\([^()]*\)[^()]*)*)\)",
    re.IGNORECASE | re.MULTILINE,
)
_PIPES = re.compile(rf"\|\s*({NAME})\s*:\s*([^|\n]{{1,4000}})")
_COLON = re.compile(
    rf"^[ \t]*(?:[-*#>\d.)]+[ \t]*)?(?:\*\*)?(?:table[ \t]+)?(?:\*\*)?({QUOTED})(?:\*\*)?[ \t]*"
    rf"(?::|\bhas columns?:?|\bwith (?:the )?columns?:?|->)[ \t]*(?:\*\*)?[ \t]*"
    rf"(?:columns?[ \t]*[:=][ \t]*)?(\[?{QUOTED}[ \t]*[,(].{{0,4000}})$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(
    r"^[ \t]*(?:(?:#+|[-*]|\d+[.)])[ \t]*)?(?:\*\*)?(?:(?:sql )?tables?\b[ \t]*:?[ \t]*)?"
    rf"(?:\*\*)?({QUOTED})"
    r"(?:\*\*)?[ \t]*(?:table)?[ \t]*(?:\([^()\n]{0,80}\))?[ \t]*:?[ \t]*(?:\*\*)?[ \t]*:?$",
    re.IGNORECASE,
)
_BULLET = re.compile(rf"^[ \t]*[-*+•][ \t]*({QUOTED})(?:\*\*)?[ \t]*(.*)$")
_ROW = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$")
_INLINE = re.compile(
    rf"(?<![\w.])({NAME})\s?\(\s*({NAME}(?:\s*,\s*{NAME}){{1,60}})\s*\)", re.IGNORECASE
)
_TYPE_NAME = re.compile(
    r"(?:big|small|tiny)?int(?:eger)?|text|string|varchar|char|n?varchar|float|double|real|decimal"
    r"|numeric|number|bool(?:ean)?|date|datetime|timestamp|pk|fk|primary|foreign|optional|required",
    re.IGNORECASE,
)
_NO_COLUMNS = frozenset(
    ("select", "from", "where", "count", "avg", "sum", "min", "max", "and", "or", "in", "note",
     "question", "example", "answer", "values", "varchar", "char", "decimal", "numeric", "date",
     "coalesce", "over", "exists", "insert", "key", "foreign", "primary", "unique", "check",
     "constraint", "index", "schema", "database", "query", "sql", "references", "cast")
)  # fmt: skip


def tables_in_lists(text: str) -> Iterator[Table]:
    """Yield the tables that stand in lines of their own, in the first way that finds any."""
    for pattern in (_DIN, _CALL_LIKE, _PIPES, _COLON):
        found = [
            table
            for match in pattern.finditer(text)
            if (table := _listed(bare_name(match[1]), match[2])) is not None
        ]
        if found:
            yield from found
            return


def _listed(name: str, inside: str) -> Table | None:
    """A table of a list of columns, or None where the list does not look like columns."""
    if name.lower() in _NO_COLUMNS:
        return None
    columns: list[Column] = []
    primary: list[str] = []
    foreign: list[ForeignKey] = []
    for entry in _split(inside.strip().strip("[]")):
        if entry in {"*", ""}:
            continue
        named, is_key, references = column_in_words(entry)
        if not named:
            return None
        columns += named
        primary += [named[0].name] if is_key else []
        foreign += references
    if not columns or _TYPE_NAME.fullmatch(columns[0].name):  # "name (text, not null)": a column
        return None
    if any(c.name.lower() in _NO_COLUMNS - {"date", "count", "key"} for c in columns):
        return None
    return Table(name, tuple(columns), tuple(primary), tuple(foreign))


def _split(text: str) -> list[str]:
    """A list cut at its commas and semicolons, not at those in parentheses."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter in ",;" and depth <= 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [*parts, part.strip(" \t.")]


def tables_under_headings(text: str) -> Iterator[Table]:
    """Tables that are a heading with a Markdown table or a list of columns below."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        heading = _HEADING.match(lines[at])
        at += 1
        if heading is None:
            continue
        below = at
        while below < len(lines) and not lines[below].strip():
            below += 1
        table, end = _below(bare_name(heading[1]), lines, below)
        if table is not None:
            yield table
            at = end


def _below(name: str, lines: Sequence[str], at: int) -> tuple[Table | None, int]:
    columns: list[Column] = []
    primary: list[str] = []
    foreign: list[ForeignKey] = []
    rows = []
    while at < len(lines) and (_ROW.match(lines[at]) or _BULLET.match(lines[at])):
        row, bullet = _ROW.match(lines[at]), _BULLET.match(lines[at])
        if row is not None:
            rows.append([cell.strip() for cell in row[1].split("|")])
        elif bullet is not None:
            named, is_key, references = column_in_words(f"{bullet[1]} {bullet[2]}")
            columns += named
            primary += [named[0].name] if named and is_key else []
            foreign += references
        at += 1
    head, line, *body = rows if len(rows) > 1 else ([], [])
    if head and set("".join(line)) <= set("-: "):
        for cells in body:
            named, is_key, references = column_in_words(" ".join(cells))
            columns += named
            primary += [named[0].name] if named and is_key else []
            foreign += references
    if not columns or name.lower() in _NO_COLUMNS:
        return None, at
    return Table(name, tuple(columns), tuple(primary), tuple(foreign)), at


def tables_in_sentences(text: str) -> Iterator[Table]:
    """Tables named within a sentence that is about tables: ``the tables a(b, c) and d(e, f)``."""
    if not re.search(r"\btables?\b|\bschema\b", text, re.IGNORECASE):
        return
    for match in _INLINE.finditer(text):
        table = _listed(match[1], match[2])
        if table is not None:
            yield table

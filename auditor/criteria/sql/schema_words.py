"""A column as a list in a prompt names it: ``id INT PK``, ``id (integer, primary key)``."""

from __future__ import annotations

import re
from dataclasses import replace

from auditor.criteria.sql.schema import Column, ForeignKey, family_of

NAME = r"[A-Za-z_][\w$]*"
QUOTED = rf"(?:\"[^\"\n]{{1,80}}\"|`[^`\n]{{1,80}}`|\[[^\]\n]{{1,80}}\]|{NAME})"
"""A name, and a name in quotes of any dialect: parts of patterns."""
_COLUMN_REFERENCE = re.compile(
    rf"(?:references|->|→|\bFK\b(?:\s+to)?|foreign key(?:\s+to)?)[\s:(]*({QUOTED})"
    rf"(?:\.({QUOTED})|\s*\(\s*({QUOTED})\s*\))",
    re.IGNORECASE,
)
_MOST_WORDS = 12
"""Words after a name beyond which it stands in a sentence and is no column."""
_DASHES = ":-\u2013\u2014"


def column_in_words(entry: str) -> tuple[list[Column], bool, list[ForeignKey]]:
    """A column as a list names it: ``id INT PK``, ``id (integer, primary key)``, ``id: int``."""
    match = re.match(rf"\s*(?:\*\*)?({QUOTED})(?:\*\*)?\s*(.*)$", entry, re.DOTALL)
    if match is None:
        return [], False, []
    name, rest = bare_name(match[1]), match[2].strip()
    words = rest.lstrip(f" {_DASHES}(").split()
    prose = len(words) > _MOST_WORDS and not rest.startswith(("(", *_DASHES))
    if prose:
        return [], False, []
    found = _COLUMN_REFERENCE.search(rest)
    references = []
    if found:
        referenced = bare_name(found[2] or found[3])
        references = [ForeignKey((name,), bare_name(found[1]), (referenced,))]
    lowered = rest.lower()
    is_key = "primary key" in lowered or re.search(r"\bpk\b", lowered) is not None
    column = typed_column(name, rest)
    if "not null" in lowered:
        column = replace(column, not_null=True)
    if re.search(r"\bunique\b", lowered):
        column = replace(column, unique=True)
    return [column], is_key, references


def typed_column(name: str, words: str) -> Column:
    """A column by its type's name; without one, by what its own name says."""
    type_words = " ".join(words.strip(f" {_DASHES}()").split()[:3])
    family = family_of(type_words) if type_words else "unknown"
    return Column(name, family, type_words[:40])


def bare_name(name: str) -> str:
    """A name without quotes and without the name of its database."""
    return name.rpartition(".")[2].strip('"`[] ')

"""Texts that hold a record, a list or a table without being JSON, read as such.

A record is ``Key: value`` line by line, or YAML; a list has bullets, numbers, commas or lines; a
table is CSV with any usual separator, or Markdown's.
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from auditor.criteria.checks.base import MAX_DEPTH
from auditor.criteria.checks.transforms import code_block
from auditor.criteria.comparators.numbers import is_number, number_in
from auditor.criteria.comparators.text_forms import label_key

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_READ = 50_000
"""Characters of a text that are read as a record, a list or a table."""

_PAIR = re.compile(
    r"^\s{0,8}(?:[-*+\u2022]\s+)?[*_`\"']{0,3}(?P<key>[^\W\d_][^:=\n*_`\"'{}<>|]{0,59}?)[*_`\"']{0,3}"
    r"\s?(?::|=|\uff1a)[*_`]{0,3}(?:\s+|$)(?P<value>.*)$"
)
_BULLET = re.compile(r"^\s{0,12}(?:[-*+\u2022\u2013]|\d{1,3}[.)])\s+(?P<item>\S.*)$")
_RULE = re.compile(r"^[\s|:+=-]+$")
# An anchor or an alias of YAML: a few lines of them can mean gigabytes.
_ANCHOR = re.compile(r"(?m)(?:^|[\s\[{,:-])[&*][^\s*&]")


def read_record(text: str) -> dict[str, Any] | None:
    """The fields of a record by their names in lower case, or None where the text is none.

    A value that goes on over several lines is one text.
    """
    inner = code_block(text)[:MAX_READ]
    nested = _read_yaml(inner)
    if nested is not None:
        return nested
    fields: dict[str, Any] = {}
    last = None
    for line in inner.splitlines():
        found = _PAIR.match(line)
        if found:
            last = label_key(found["key"])
            fields[last] = found["value"].strip()
        elif last is not None and line.strip():
            fields[last] = f"{fields[last]}\n{line.strip()}".strip()
        elif line.strip():
            return None
    return fields or None


def read_items(text: str) -> list[str] | None:
    """The items of a list, or None where the text is none: bullets, JSON, else commas or lines."""
    inner = code_block(text)[:MAX_READ].strip()
    if inner.startswith("["):
        try:
            value = json.loads(inner)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            return [item if isinstance(item, str) else json.dumps(item) for item in value]
    lines = [line for line in inner.splitlines() if line.strip()]
    bullets = [_BULLET.match(line) for line in lines]
    if any(bullets):
        return [found["item"].strip() for found in bullets if found]
    if len(lines) > 1:
        return [line.strip() for line in lines]
    for mark in (";", ",", "|", "\u00b7"):
        if mark in inner:
            return [part.strip() for part in inner.split(mark) if part.strip()]
    return [inner] if inner else None


def read_rows(text: str) -> list[tuple[str, ...]] | None:
    """The rows of a table, or None where the text is none: fewer than two columns, or ragged."""
    inner = code_block(text)[:MAX_READ]
    lines = [line for line in inner.splitlines() if line.strip()]
    if not lines:
        return None
    if all(line.strip().startswith("|") for line in lines):
        cells = [line.strip().strip("|").split("|") for line in lines if not _RULE.match(line)]
        return _even(cells)
    for mark in (",", ";", "\t", "|"):
        if mark in lines[0]:
            try:
                rows = _even(list(csv.reader(lines, delimiter=mark, strict=True)))
            except csv.Error:
                continue
            if rows is not None:
                return rows
    return None


def key_of(value: Any) -> Any:
    """A value as it is compared: a number by its worth, another text as a label."""
    if isinstance(value, str):
        number = number_in(value) if is_number(value) else None
        return label_key(value) if number is None else number
    return value


def _even(cells: Sequence[Sequence[str]]) -> list[tuple[str, ...]] | None:
    rows = [tuple(cell.strip() for cell in row) for row in cells]
    widths = {len(row) for row in rows}
    return rows if len(widths) == 1 and widths.pop() > 1 else None


def _read_yaml(text: str) -> dict[str, Any] | None:
    """A YAML mapping that nests, as JSON; None for any other text."""
    nests = re.search(r"(?m)^\s{0,40}[\w -]{1,60}:\s{0,9}(?:$|[\[{])", text)
    if nests is None or _ANCHOR.search(text):
        return None
    try:
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts only
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return _lowered(value) if isinstance(value, dict) else None


def _lowered(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {label_key(str(key)): _lowered(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_lowered(item, depth + 1) for item in value]
    return value

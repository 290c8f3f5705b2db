"""The glossary names tables, views, classes, folders and settings that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.config import Config

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "auditor"
ROWS = re.findall(
    r"^\| (?!word |---)([^|]+) \| ([^|]+) \| ([^|]+) \|[^|]*\|$",
    (ROOT / "docs" / "glossary.md").read_text("utf-8"),
    re.MULTILINE,
)
SQL = "\n".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.sql")))
PYTHON = "\n".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))


def exists(kind: str, name: str) -> bool:
    """Return whether the package has a thing of this kind and name."""
    if kind in {"table", "view"}:
        return bool(re.search(rf"^CREATE .*{kind.upper()} .*\b{name}\b", SQL, re.MULTILINE))
    if kind == "class":
        return bool(re.search(rf"^class {name}\b", PYTHON, re.MULTILINE))
    if kind == "setting":
        section, _, key = name.partition(".")
        table = Config.model_fields[section].annotation
        return not key or key in table.model_fields
    return kind in {"folder", "module"} and (PACKAGE / name).exists()


def test_the_glossary_has_the_words_of_the_five_verdicts_and_more():
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_word_stands_for_something_that_is_there(row):
    _, where, meaning = row
    named = re.fullmatch(r"(\w+) `([^`]+)`", where)
    assert named, where
    assert exists(*named.groups()), where
    assert meaning.strip()


def test_every_word_is_there_once():
    words = [row[0] for row in ROWS]
    assert len(words) == len(set(words))


def test_what_does_not_exist_is_not_found():
    for kind in ("table", "view", "class", "folder", "module", "engine"):
        assert not exists(kind, "nothing_of_this_name")

"""docs/architecture.md leads to the code: every room is in it, every name it gives exists."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DOORS = {"graders.py"}
"""Modules that only keep an old address."""


def rooms() -> list[Path]:
    found = sorted((ROOT / "auditor").iterdir())
    return [
        path
        for path in found
        if (path / "__init__.py").is_file()
        or (path.suffix == ".py" and not path.name.startswith("__") and path.name not in DOORS)
    ]


def first_line(room: Path) -> str:
    module = room / "__init__.py" if room.is_dir() else room
    doc = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    return str(doc).partition("\n")[0].replace("``", "`")


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_every_room_has_its_line_and_the_line_is_its_docstring(room):
    name = f"`auditor/{room.name}{'/' if room.is_dir() else ''}`"
    line = next((line for line in PAGE.splitlines() if f"| {name} |" in line), None)
    assert line is not None, f"docs/architecture.md does not name {name}"
    assert line.endswith(f"| {first_line(room)} |")


def test_there_are_at_most_25_rooms_and_files_under_auditor():
    found = [p for p in (ROOT / "auditor").iterdir() if p.is_file() or (p / "__init__.py").exists()]
    assert len(found) <= 25, sorted(path.name for path in found)


@pytest.mark.parametrize("address", sorted(set(re.findall(r"`(auditor[\w.]+:[\w.]+)`", PAGE))))
def test_every_function_the_page_names_is_there(address):
    module, _, name = address.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", PAGE))))
def test_every_module_the_page_names_is_there(name):
    if name.endswith((".md", ".sql", ".toml", ".py")):
        return
    full = name if name.startswith("auditor.") else f"auditor.{name}"
    assert importlib.util.find_spec(full), name

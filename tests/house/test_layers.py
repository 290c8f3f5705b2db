"""The house has floors: a module imports only from floors below its own.

Imports under ``if TYPE_CHECKING`` cost nothing when the program runs: they may point anywhere, as
long as no two floors point at each other that way too (errors never name a pipeline).
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2] / "auditor"

# From the ground up. A name is a module, or a package with everything in it.
FLOORS = [
    floor.split()
    for floor in (
        "__init__ errors resources",
        "domain outputs text trust",
        "decision store",
        "privacy stage",
        "readers",
        "pricing",
        "config",
        "categories criteria engines ingest",
        "graders",
        "replay plan",
        "report",
        "pipeline",
        "cli",
        "__main__",
    )
]

# Packages with one job that only certain rooms may know.
ONLY_IN = {
    "click": ("cli",),
    "rich": ("cli",),
    # Beside the audit's own file, the user's, on which graded SQL is run.
    "duckdb": ("store", "criteria"),
    "anthropic": ("engines",),
    "llama_cpp": ("engines",),
    "sklearn": ("categories",),
    "yaml": ("criteria", "text", "readers"),
    "jinja2": ("report", "engines"),
    "genai_prices": ("pricing", "readers"),
    "httpx2": ("engines",),
}
# They take long to load or may not be installed: imported by the function that needs them.
INSIDE_FUNCTIONS = {"anthropic", "duckdb", "llama_cpp", "rich", "sklearn"}


class Import(NamedTuple):
    """One import: from where, of what, and how."""

    module: str
    line: int
    target: str
    typing: bool
    inside: bool


def imports_of(path: Path) -> list[Import]:
    """Return the imports of a file, those of auditor's own modules with their full names."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    found: list[Import] = []

    def visit(node: ast.AST, typing: bool, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: a relative import"
                base = str(child.module)
                names = [_submodule(base, alias.name) for alias in child.names]
            else:
                names = []
            found.extend(Import(module, child.lineno, name, typing, inside) for name in names)
            body_typing = typing or (
                isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            )
            in_function = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            visit(child, body_typing, in_function)

    visit(ast.parse(path.read_text(encoding="utf-8")), typing=False, inside=False)
    return found


def _submodule(base: str, name: str) -> str:
    """``from auditor.stages import plan`` imports a module, ``... import ratio`` a name."""
    relative = Path(*base.split(".")[1:])
    is_module = (ROOT / relative / f"{name}.py").is_file() or (ROOT / relative / name).is_dir()
    return f"{base}.{name}" if base.startswith("auditor") and is_module else base


ALL = [found for path in sorted(ROOT.rglob("*.py")) for found in imports_of(path)]
OWN = [found for found in ALL if found.target.split(".")[0] == "auditor"]
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}


def room(module: str) -> str:
    """Return the module or package at the top of the tree a module belongs to."""
    return module.removeprefix("auditor").removeprefix(".").split(".")[0] or "__init__"


def test_every_module_has_its_floor():
    rooms = {room(".".join(p.relative_to(ROOT).with_suffix("").parts)) for p in ROOT.rglob("*.py")}
    assert rooms == set(FLOOR)


def test_imports_point_down():
    wrong = [
        f"auditor.{found.module}:{found.line} imports {found.target}"
        for found in OWN
        if not found.typing
        and room(found.module) != room(found.target)
        # auditor.open is the door for notebooks: what it opens is loaded when it is called.
        and not (found.module == "__init__" and found.inside)
        and FLOOR[room(found.target)] >= FLOOR[room(found.module)]
    ]
    assert not wrong


def test_no_circle_within_a_package():
    graph: dict[str, set[str]] = {}
    for found in OWN:
        if not found.typing and not found.inside:
            graph.setdefault(f"auditor.{found.module}", set()).add(found.target)
    done: set[str] = set()

    def walk(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module not in done:
            for target in sorted(graph.get(module, ())):
                # A module of a package loads the package first; that is no circle.
                if not module.startswith(f"{target}."):
                    walk(target, (*above, module))
            done.add(module)

    for module in sorted(graph):
        walk(module, ())


def test_types_make_no_circle_between_rooms():
    """What is only named for its type may be anywhere, but not in a room that names this one."""
    edges = {
        (room(found.module), room(found.target))
        for found in OWN
        if room(found.module) != room(found.target)
    }
    assert not {(a, b) for a, b in edges if (b, a) in edges and a < b}


def test_stages_never_import_one_another():
    stages = {f"auditor.{p.parent.name}.{p.stem}" for p in ROOT.glob("*/*stage.py")}
    assert not [
        found for found in OWN if f"auditor.{found.module}" in stages and found.target in stages
    ]


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_a_package_is_known_in_one_place_only(package):
    runtime = {
        found.module for found in ALL if found.target.split(".")[0] == package and not found.typing
    }
    assert {room(module) for module in runtime} <= set(ONLY_IN[package]), runtime


@pytest.mark.parametrize("package", sorted(INSIDE_FUNCTIONS))
def test_a_heavy_package_is_imported_by_the_function_that_needs_it(package):
    assert not [
        found
        for found in ALL
        if found.target.split(".")[0] == package and not found.typing and not found.inside
    ]

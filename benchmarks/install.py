"""How long a fresh installation takes, and what it leaves on the disk.

    python benchmarks/install.py fc9ef41 HEAD HEAD:.installed-test

For each commit: a clone, ``make .venv/.installed`` in it (or the stamp after the colon), then the
environment is measured. The wheel of llama.cpp, which has to be compiled, comes from pip's cache
when it is there: run it twice to measure with a warm cache. CPU time is the figure to compare: the
wall clock holds the registry's answer times.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def install(commit: str, stamp: str, folder: Path) -> tuple[float, float]:
    """Install a commit into ``folder``/.venv; wall-clock seconds and CPU seconds."""
    subprocess.run(["git", "clone", "-q", "--no-checkout", ROOT, folder], check=True)
    subprocess.run(["git", "checkout", "-q", commit], cwd=folder, check=True)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["make", "-s", f".venv/{stamp}"], cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu


def megabytes(folder: Path) -> float:
    """Return the size of all files under a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="*", default=["HEAD"])
    print("| commit | wall | CPU | size | packages |\n|---|---|---|---|---|", flush=True)
    for named in parser.parse_args().commits:
        commit, _, stamp = named.partition(":")
        with tempfile.TemporaryDirectory(prefix="auditor-install-") as name:
            folder = Path(name) / "auditor"
            wall, cpu = install(commit, stamp or ".installed", folder)
            packages = len(list(folder.glob(".venv/lib/python*/site-packages/*.dist-info")))
            size = megabytes(folder / ".venv")
            row = f"| {named} | {wall:.0f} s | {cpu:.0f} s | {size:,.0f} MB | {packages} |"
            print(row, flush=True)


if __name__ == "__main__":
    main()

"""Fixtures every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.store.store import Store


def pytest_addoption(parser):
    """Add the option that writes the goldens anew, to be looked at in the diff."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request):
    """Return a function that compares a text with a golden file, or writes the file anew."""

    def compare(path: Path, found: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(found, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: pytest --update-golden writes it"
        assert found.splitlines() == path.read_text(encoding="utf-8").splitlines()

    return compare


@pytest.fixture
def store():
    """Return an empty audit database in memory."""
    with Store.open() as store:
        yield store


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real logs and labelled sets, or skip."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("AUDITOR_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no shared data folder beside the repository; set AUDITOR_DATA to test on it")
    return folder

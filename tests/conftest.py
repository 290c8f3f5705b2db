"""Fixtures every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.store.store import Store


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

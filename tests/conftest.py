"""Fixtures every test module may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from install_services import IN_CI

from auditor.store.store import Store

SHARED_DATA = Path(
    os.environ.get("AUDITOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
SKIPPED_IN_CI = ("root may write anywhere",)
"""Reasons that hold in CI too; every other skipped test has failed there."""
if not SHARED_DATA.is_dir():
    SKIPPED_IN_CI += ("no shared data folder", "needs ../shared/data")


@pytest.fixture
def store():
    """Return an empty audit database in memory."""
    with Store.open() as store:
        yield store


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real logs and labelled sets, or skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no shared data folder beside the repository; set AUDITOR_DATA to test on it")
    return SHARED_DATA


def _forbid_skip(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Turn a skip into a failure: CI has all that a test may need."""
    if not (IN_CI and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(known in reason for known in SKIPPED_IN_CI):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} must run in CI. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    _forbid_skip(report)
    return report

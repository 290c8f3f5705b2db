"""The gates close: what is missing in CI is a failure, and on a laptop a skip with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import install_services
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare_machine(monkeypatch):
    """A machine without Chromium and without apt-get; environments are not tried."""
    monkeypatch.setattr(install_services.shutil, "which", lambda name: None)
    monkeypatch.setattr(install_services, "install_environment", lambda path: None)


@pytest.mark.parametrize(("in_ci", "code"), [(True, 1), (False, 0)])
def test_a_service_that_cannot_be_installed_fails_in_ci_only(
    bare_machine, monkeypatch, capsys, in_ci, code
):
    monkeypatch.setattr(install_services, "IN_CI", in_ci)
    assert install_services.main() == code
    assert "chromium is not installed: no Chromium, and no apt-get" in capsys.readouterr().err


def test_a_failing_apt_get_says_what_it_said(monkeypatch, tmp_path):
    tool = tmp_path / "apt-get"
    tool.write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
    tool.chmod(0o755)
    monkeypatch.setattr(install_services, "chromium", lambda: None)
    monkeypatch.setattr(install_services.os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(RuntimeError, match="apt-get update failed: E: Unable to locate package"):
        install_services.install_chromium()


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_in_ci_only(ci, code, tmp_path):
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/report/test_browser.py"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT, env=os.environ | {"CI": ci, "PATH": str(tmp_path)}, text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert ("must run in CI" in done.stdout) == bool(code)
    assert "no Chromium: make test-services installs it" in done.stdout

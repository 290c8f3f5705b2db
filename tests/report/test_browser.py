"""The page in a real browser: no request, no complaint of its policy, no foreign script."""

from __future__ import annotations

import subprocess

import pytest
from install_services import chromium
from loopback import Handler, listening
from report_database import fill

from auditor.report.html import render_html
from auditor.report.read import read_figures
from auditor.store.store import Store

BROWSER = chromium()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium: make test-services installs it"),
]

ATTACK = (
    "</pre></script><script>document.title='owned'</script><img src='{url}/img' onerror=\"document.title='owned'\">"
    "<link rel=stylesheet href='{url}/css'><iframe src='{url}/frame'></iframe>"
    "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='owned'</script><image href='{url}/image'/></svg>"
)  # fmt: skip


@pytest.fixture
def server():
    """A server on loopback that counts what is asked of it."""
    asked: list[str] = []

    class Count(Handler):
        def get(self):
            asked.append(self.path)
            super().get()

    with listening(Count) as url:
        yield url, asked


def visit(path, tmp_path, *flags):
    """Load a page and return its document after scripts ran, and what its console said."""
    finished = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr", "--virtual-time-budget=3000", *flags, "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    console = [line for line in finished.stderr.splitlines() if "CONSOLE" in line]
    return finished.stdout, console


def write_page(tmp_path, **filled):
    with Store.open() as store:
        fill(store, **filled)
        text = render_html(read_figures(store, version="1"))
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_page_loads_without_complaint_and_its_script_runs(tmp_path):
    document, console = visit(write_page(tmp_path), tmp_path)
    assert console == []
    assert '<div id="what-if">' in document
    assert document.count('<button type="button">') > 5


def test_hostile_text_runs_nothing_and_asks_for_nothing(tmp_path, server):
    url, asked = server
    page = write_page(tmp_path, hostile=ATTACK.replace("{url}", url))
    document, console = visit(page, tmp_path)
    assert asked == []
    assert console == []
    assert "<title>owned" not in document


def test_the_same_attack_does_reach_the_server_without_escaping(tmp_path, server):
    url, asked = server
    path = tmp_path / "bare.html"
    path.write_text("<!doctype html><title>x</title><pre>" + ATTACK.replace("{url}", url))
    document, _ = visit(path, tmp_path)
    assert "<title>owned" in document
    assert asked

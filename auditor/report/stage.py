"""report: writes auditor-report.html, plan.md and report.json.

Reads only; the same database gives the same bytes.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import __version__, outputs
from auditor.domain import StageResult, Watch, silent
from auditor.errors import AuditorError, ConfigError
from auditor.report.as_json import render_json
from auditor.report.html import render_html
from auditor.report.markdown import render_plan
from auditor.report.read import read_report
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.report.data import Report
    from auditor.stage import StageContext
    from auditor.store.store import Store

PAGE, PLAN, DATA = "auditor-report.html", "plan.md", "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """``output`` is the page (ends in .html) or a folder; plan and JSON are written beside it.

    An earlier report there is replaced; ``overwrite`` gives up other files too.
    """

    output: Path = Path(PAGE)
    examples: bool = True
    command: str = "auditor report"
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult(StageResult):
    """The files that were written, with their sizes in bytes."""

    files: Mapping[str, int]


def run(store: Store, settings: ReportSettings, watch: Watch = silent) -> ReportResult:
    """Write the three files, each whole or not at all.

    Raises:
        NotReadyError: nothing is ingested, or no plan was made.
        ConfigError: SOURCE_DATE_EPOCH is no number of seconds, or files of others are in the way.
        AuditorError: a file cannot be written.
    """
    began = time.monotonic()
    page, plan, data = claim_files(settings.output, overwrite=settings.overwrite)
    watch.start("Writing the report")
    report = report_of(store, examples=settings.examples, command=settings.command)
    store.rest()
    texts = {
        page: render_html(report),
        plan: render_plan(report),
        data: render_json(report),
    }
    written = write_all(texts)
    watch.finish()
    return ReportResult(
        stage="report",
        rows_read=report.totals.calls,
        rows_written=len(texts),
        seconds=time.monotonic() - began,
        warnings=[f"integrity: {check.name}" for check in report.checks],
        files=written,
    )


def claim_files(output: Path, *, overwrite: bool) -> tuple[Path, Path, Path]:
    """Return where page, plan and data are written, once nothing of others is in the way.

    Raises:
        ConfigError: a database, or a file that no earlier report was and nobody gave up.
    """
    page = output if output.suffix.lower() in {".html", ".htm"} else output / PAGE
    places = (page, page.with_name(PLAN), page.with_name(DATA))
    for place, kind in zip(places, (outputs.PAGE, outputs.PLAN, outputs.DATA), strict=True):
        outputs.claim(place, kind, overwrite=overwrite)
    return places


def report_of(store: Store, *, examples: bool = True, command: str = "auditor report") -> Report:
    """Read the report, its stamped time from SOURCE_DATE_EPOCH where that is set.

    Raises:
        NotReadyError: nothing is ingested, or no plan was made.
        ConfigError: SOURCE_DATE_EPOCH is no number of seconds.
    """
    report = read_report(store, version=__version__, command=command, examples=examples)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return report
    try:
        stamp = datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH is {epoch!r}, no number of seconds", hint="unset SOURCE_DATE_EPOCH"
        ) from None
    return replace(report, method=replace(report.method, generated_at=stamp))


def write_all(texts: Mapping[Path, str]) -> dict[str, int]:
    """Write each text to its path and return their sizes in bytes.

    All are written beside their place first and then renamed, so that a full disk leaves the
    former report whole.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    sizes = {}
    path = next(iter(texts))
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            sizes[str(path)] = temporary[path].write_bytes(text.encode("utf-8", "replace"))
        for path in texts:
            temporary[path].replace(path)
    except OSError as error:
        raise AuditorError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="make room, or name another place with --output",
        ) from error
    finally:
        for left in temporary.values():
            with suppress(OSError):  # gone by its rename, or never made
                left.unlink()
    return sizes


# -- the stage -------------------------------------------------------------------------------------


def _run(context: StageContext, watch: Watch) -> ReportResult:
    settings = ReportSettings(
        output=context.output,
        examples=context.config.report.examples,
        command=context.command,
        overwrite=context.overwrite,
    )
    return run(context.store, settings, watch)


STAGE = Stage(name="report", rests_on=("plan",), run=_run, always=True)

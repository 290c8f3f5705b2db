"""The commands of the audit itself: its stages, all of them, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.baseline_rerun import consent, refuse_early, rerun_options
from auditor.cli.filter_options import NAMES, audit_filter_options, call_filter, filter_options
from auditor.cli.options import (
    Common,
    common,
    force_option,
    model_options,
    model_overrides,
    output_options,
    sql_options,
    sql_overrides,
)
from auditor.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.cli.options import F
    from auditor.cli.terminal import Terminal
    from auditor.domain import StageResult
    from auditor.pipeline.pipeline import Pipeline


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--redact", is_flag=True, default=None, help="Mask personal data too.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    help="How many processes read large logs.  [default: one on each core]",
)
@filter_options
@common
def ingest(
    options: Common,
    paths: tuple[str, ...],
    redact: bool | None,
    processes: int | None,
    **only: Any,
) -> None:
    """Read logs into the database.

    Every record becomes a call, a duplicate, no call, or a reject with its reason.
    PATHS are files, folders or globs; '-' is standard input. Reading a log again adds nothing;
    of a log that grew only the new part is read. What --since and the like leave out is counted
    as no call. Without PATHS it says which sessions of coding agents are in your home folder, and
    asks about each; nothing is read without a yes.

    \b
    Examples:
      auditor ingest logs.jsonl
      auditor ingest
      auditor ingest 'logs/2026-10-*.jsonl.gz' --redact
      auditor ingest logs.jsonl --since 2026-10-01 --project checkout
    """
    from auditor.cli import home_offer
    from auditor.cli.views import audit as show

    if not paths:
        with options.terminal() as terminal:
            paths = home_offer.choose(terminal)
    with options.pipeline({"ingest": {"redact": redact, "processes": processes}}, create=True) as (
        pipeline,
        terminal,
    ):
        pipeline.only = call_filter(pipeline.store, **only)
        result = pipeline.ingest(paths)
        show.stages(terminal, [result])
        show.ingest(terminal, result, pipeline.store)
        terminal.result(options.name, result.detail)
        terminal.hint("Next: auditor replay --top 10   (or 'auditor audit' for everything)")


def _stage_command(name: str, doc: str, *, grades: bool) -> click.Command:
    """Make the command of a stage that only needs what is in the database."""

    @click.command(name, help=doc)
    @(sql_options if grades else _as_it_is)
    @force_option
    @common
    def command(options: Common, force: bool, **sql: Any) -> None:
        overrides = sql_overrides(**sql) if grades else {}
        with options.pipeline(overrides, force=force) as (pipeline, terminal):
            results = pipeline.run_to(name)
            show = _show_plan if name == "plan" else _show_stages
            show(options, pipeline, terminal, results)

    return command


def _as_it_is(function: F) -> F:
    return function


def _show_stages(
    options: Common, pipeline: Pipeline, terminal: Terminal, results: Sequence[StageResult]
) -> None:
    from auditor.cli.views import audit as show
    from auditor.cli.views import baseline as rerun
    from auditor.cli.views.stage_tables import draw
    from auditor.pipeline.order import STAGES

    show.stages(terminal, results)
    view = STAGES[options.name].view
    if view is not None:
        draw(terminal, view(pipeline.store))
    result: dict[str, object] = {"stages": _stage_rows(results)}
    if options.name == "grade":
        rerun.noise(terminal, pipeline.store)
        result["baseline_noise"] = rerun.noise_rows(pipeline.store)
    terminal.result(options.name, result)


def _stage_rows(results: Sequence[StageResult]) -> list[dict[str, Any]]:
    return [_stage_row(result) for result in results]


def _stage_row(result: StageResult) -> dict[str, Any]:
    return {
        "stage": result.stage, "skipped": result.skipped, "rows_written": result.rows_written,
        "seconds": result.seconds, **result.detail,
    }  # fmt: skip


def _show_plan(
    options: Common, pipeline: Pipeline, terminal: Terminal, results: Sequence[StageResult]
) -> None:
    from auditor.cli.views import audit as show
    from auditor.cli.views import baseline as rerun

    show.stages(terminal, results)
    show.plan(terminal, pipeline.store)
    rerun.noise(terminal, pipeline.store)
    terminal.result(
        options.name,
        {
            **show.plan_result(pipeline.store),
            "baseline_noise": rerun.noise_rows(pipeline.store),
            "stages": _stage_rows(results),
        },
    )


@click.command()
@click.option(
    "--by",
    metavar="FIELD",
    help="Make categories from a field of the log: project, team, user_id, model or tags.NAME; "
    "'content' goes back to what the calls are.",
)
@force_option
@common
def categorize(options: Common, by: str | None, force: bool) -> None:
    """Find the task categories of all calls.

    \b
    Examples:
      auditor categorize
      auditor categorize --by project
    """
    from auditor.categories import taxonomy

    with options.pipeline(force=force) as (pipeline, terminal):
        if by is not None:
            taxonomy.group_by(pipeline.store, None if by == "content" else by)
        _show_stages(options, pipeline, terminal, pipeline.run_to("categorize"))


@click.command()
@model_options
@force_option
@common
def sample(options: Common, force: bool, **choice: Any) -> None:
    """Draw the calls to replay, in proportion to spend.

    \b
    Examples:
      auditor sample --top 10 --samples 200
    """
    with options.pipeline(model_overrides(**choice), force=force) as (pipeline, terminal):
        _show_stages(options, pipeline, terminal, pipeline.run_to("sample"))


@click.command()
@model_options
@rerun_options
@force_option
@common
def replay(options: Common, force: bool, baseline_rerun: bool, yes: bool, **choice: Any) -> None:
    """Answer the drawn calls with a local model.

    Runs what it needs first. Ctrl-C keeps what is finished; the same command goes on.

    \b
    Examples:
      auditor replay --top 10
      auditor replay --model ./qwen3.6-35b-a3b-q4_k_m.gguf
      auditor replay --model ollama:qwen3.6:35b --samples 300
      auditor replay --model http://localhost:8000/v1#qwen3.6-35b
      auditor replay --baseline-rerun
    """
    from auditor.cli.views import audit as show
    from auditor.cli.views import baseline as rerun
    from auditor.replay.baseline_stage import BaselineResult

    with options.pipeline(model_overrides(**choice), force=force) as (pipeline, terminal):
        if baseline_rerun:
            refuse_early(yes=yes)
            consent(pipeline, terminal, yes=yes)
        results = pipeline.run_to("replay")
        show.stages(terminal, results)
        show.replays(terminal, results)
        for result in results:
            if isinstance(result, BaselineResult):
                rerun.asked(terminal, result)
        rerun.noise(terminal, pipeline.store)
        terminal.result(
            options.name,
            {
                "stages": _stage_rows(results),
                "baseline_noise": rerun.noise_rows(pipeline.store),
            },
        )
        terminal.hint("Next: auditor report")


grade = _stage_command(
    "grade",
    """Grade logged and local answers by the same criteria.

    Criteria come from criteria.yaml ([grade] in auditor.toml); without one they are proposed
    from the logged answers.

    SQL is compared by rewriting it; with --run-sql also by running it.

    \b
    Examples:
      auditor grade
      auditor grade --run-sql
      auditor grade --run-sql --sql-database shop.sqlite
    """,
    grades=True,
)
cost = _stage_command(
    "cost",
    """Work out what each category costs a month.

    And how many hours a month the local model would be busy with it.

    \b
    Examples:
      auditor cost
    """,
    grades=False,
)
plan = _stage_command(
    "plan",
    """Decide which categories can move, and show it.

    \b
    Examples:
      auditor plan
      auditor plan --json
    """,
    grades=True,
)


@click.command()
@output_options
@click.option("--examples/--no-examples", default=None, help="Show excerpts of prompts.")
@sql_options
@common
def report(
    options: Common, output: Path, overwrite: bool, examples: bool | None, **sql: Any
) -> None:
    """Write the report: one HTML page, plan.md and report.json.

    \b
    Examples:
      auditor report
      auditor report -o october.html --no-examples
    """
    overrides = {"report": {"examples": examples}} | sql_overrides(**sql)
    with options.pipeline(overrides) as (pipeline, terminal):
        _write_to(pipeline, output, overwrite=overwrite)
        results = pipeline.run_to("report")
        _show_plan(options, pipeline, terminal, results)
        terminal.say(f"Wrote {_written(results)}")


def _write_to(pipeline: Pipeline, output: Path, *, overwrite: bool) -> None:
    """Say where the report goes; what is in the way is told now, not after hours of replay."""
    from auditor.report.stage import claim_files

    claim_files(output, overwrite=overwrite)
    pipeline.output, pipeline.overwrite = output, overwrite


def _written(results: Sequence[StageResult]) -> str:
    from auditor.report.stage import ReportResult

    return ", ".join(
        path for result in results if isinstance(result, ReportResult) for path in result.files
    )


@click.command()
@click.argument("paths", nargs=-1)
@model_options
@rerun_options
@sql_options
@output_options
@audit_filter_options
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 3 when less of spend is shown movable.",
)
@force_option
@common
def audit(
    options: Common,
    paths: tuple[str, ...],
    output: Path,
    overwrite: bool,
    fail_under: float | None,
    force: bool,
    baseline_rerun: bool,
    yes: bool,
    run_sql: bool | None,
    sql_database: Path | None,
    **chosen: Any,
) -> None:
    """Run the whole audit.

    Reads PATHS if given, then runs every stage that is not up to date. --since and the like
    choose among the calls of PATHS.

    \b
    Examples:
      auditor audit logs.jsonl --top 10
      auditor audit --model ollama:qwen3.6:35b --fail-under 30
      auditor audit logs.jsonl --baseline-rerun
      auditor audit logs.jsonl --run-sql --sql-database shop.sqlite
    """
    only = {name: chosen.pop(name) for name in NAMES}
    overrides = model_overrides(**chosen) | sql_overrides(run_sql, sql_database)
    with options.pipeline(overrides, create=bool(paths), force=force) as (
        pipeline,
        terminal,
    ):
        pipeline.only = call_filter(pipeline.store, **only)
        _write_to(pipeline, output, overwrite=overwrite)
        if baseline_rerun:
            refuse_early(yes=yes)
        results = _read(pipeline, terminal, paths)
        if baseline_rerun:
            consent(pipeline, terminal, yes=yes)
        _audit(options, pipeline, terminal, results)
        _gate(pipeline, fail_under)


def _read(pipeline: Pipeline, terminal: Terminal, paths: Sequence[str]) -> list[StageResult]:
    from auditor.cli.views import audit as show

    if not paths:
        return []
    result = pipeline.ingest(paths)
    show.ingest(terminal, result, pipeline.store)
    return [result]


def _audit(
    options: Common, pipeline: Pipeline, terminal: Terminal, read: Sequence[StageResult]
) -> None:
    results = [*read, *pipeline.audit()]
    _show_plan(options, pipeline, terminal, results)
    terminal.say(f"Wrote {_written(results)}")


def _gate(pipeline: Pipeline, fail_under: float | None) -> None:
    low = pipeline.store.value("SELECT low FROM v_headline")
    if fail_under is not None and low * 100 < fail_under:
        raise GateError(
            f"{low:.0%} of spend is shown movable, under the {fail_under:g} % asked for",
            hint="'auditor plan' shows what is undecided; more --samples narrow the interval",
        )


@click.command()
@common
def status(options: Common) -> None:
    """Show where every stage stands.

    Works while another command runs.

    \b
    Examples:
      auditor status
      watch auditor status
    """
    from auditor.cli.views import audit as show

    with options.pipeline(read_only=True) as (pipeline, terminal):
        states = pipeline.states()
        terminal.result(
            "status",
            {
                "db": str(options.db),
                "stages": [s._asdict() for s in states],
                "ungradable": show.ungradable_rows(pipeline.store),
            },
        )
        show.status(terminal, states, str(options.db))
        show.ungradable(terminal, pipeline.store)


@click.command()
@model_options
@output_options
@common
def demo(options: Common, output: Path, overwrite: bool, **choice: Any) -> None:
    """Run the whole audit on the sample logs.

    With the embedded model and offline: no key, no download.

    \b
    Examples:
      auditor demo
      auditor demo --db /tmp/demo.duckdb -o /tmp/demo.html
    """
    from auditor.resources import resource

    logs = resource("sample_logs")
    files = {"criteria": logs / "criteria.yaml", "labels": logs / "labels.jsonl"}
    if choice["samples"] is None:
        choice["samples"] = DEMO_SAMPLES
    if choice["top"] is None:
        choice["top"] = DEMO_TOP
    overrides = model_overrides(**choice) | {"grade": files}
    with options.pipeline(overrides, create=True) as (pipeline, terminal):
        _write_to(pipeline, output, overwrite=overwrite)
        paths = sorted(str(path) for path in logs.glob("*.jsonl*") if path != files["labels"])
        _audit(options, pipeline, terminal, _read(pipeline, terminal, paths))


DEMO_TOP, DEMO_SAMPLES = 5, 160
"""What fits into four minutes on two cores: n >= 150 for the costliest categories."""

COMMANDS = (ingest, categorize, sample, replay, grade, cost, plan, report, audit, status, demo)
"""In the order of an audit, which is the order of ``--help``."""

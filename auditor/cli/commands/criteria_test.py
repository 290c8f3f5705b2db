"""``auditor criteria test``: what a file of criteria would do, before it is in force."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Common, common
from auditor.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.criteria.dry_run import CategoryDryRun, DryRun
    from auditor.criteria.model import Criterion
    from auditor.pipeline.pipeline import Pipeline

DEFAULT_NAME = "criteria.yaml"


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--category", default="*", metavar="GLOB", help="Only categories of such a name.")
@common
def test(options: Common, file: Path | None, category: str) -> None:
    """Try a file of criteria, and say what it would change.

    It is tried on logged answers, on planted errors and on what was graded already.

    FILE is by default the one that [grade] in auditor.toml names, or criteria.yaml here. Nothing
    is written: the next replay or report takes the file over. Ends with 1 where a criterion
    cannot be used, or notices none of the errors that were planted.

    \b
    Examples:
      auditor criteria test
      auditor criteria test tickets.yaml --category "*ticket*"
      auditor criteria test --json
    """
    from auditor.criteria.file import read_criteria

    with options.pipeline() as (pipeline, terminal):
        path = file or file_in_force(pipeline)
        if not path.is_file():
            raise ConfigError(
                f"{path} is not there", hint=f"write it: auditor criteria propose --out {path}"
            )
        try:
            criteria = read_criteria(path)
        except ConfigError as error:
            error.hint = error.hint or "mend that line, then run the same command again"
            terminal.error(error)
            sys.exit(ExitCode.FAILED)
        pipeline.run_to("categorize")
        found = tested(pipeline, terminal, criteria, category=category)
        terminal.result(options.name, {"file": str(path)} | as_json(found))
        if found.problems:
            sys.exit(ExitCode.FAILED)


def file_in_force(pipeline: Pipeline) -> Path:
    """The user's file of criteria, there or not."""
    return pipeline.config.grade.criteria or Path(DEFAULT_NAME)


def tested(
    pipeline: Pipeline, terminal: Terminal, criteria: tuple[Criterion, ...], *, category: str
) -> DryRun:
    """Make the dry run and show it."""
    from auditor.cli.views import criteria as views
    from auditor.criteria.dry_run import dry_run
    from auditor.criteria.sql.asked import SqlSettings, as_asked

    asked = pipeline.config.grade
    with as_asked(pipeline.store, SqlSettings(run=asked.run_sql, database=asked.database)):
        found = dry_run(pipeline.store, criteria, category=category, watch=terminal)
    views.dry_run(terminal, found)
    return found


def as_json(found: DryRun) -> dict[str, Any]:
    """The dry run as ``--json`` gives it."""
    return {
        "categories": [_category(one) for one in found.categories],
        "unmatched": [criterion.selector.definition() for criterion in found.unmatched],
    }


def _category(one: CategoryDryRun) -> dict[str, Any]:
    return {
        "category_id": one.category_id,
        "category": one.name,
        "spend_usd": one.spend_usd,
        "place": one.place,
        "criterion": one.criterion.definition(),
        "in_force": one.in_force,
        "trial": one.trial,
        "pass_share": one.trial.pass_share,
        "api": one.api,
        "local": one.local,
        "verdict": one.verdict,
        "may_change": one.may_change,
        "problem": one.problem,
    }

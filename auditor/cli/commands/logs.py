"""The commands about the logs themselves: what was read, what it cost, what is kept of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.filter_options import call_filter, described, filter_options
from auditor.cli.options import Common, common, overwrite_option
from auditor.errors import ConfigError, NotReadyError

if TYPE_CHECKING:
    from auditor.privacy.deletion import Forgotten


@click.command()
@common
def readers(options: Common) -> None:
    """List the log formats that are read.

    In the order in which they are asked. Formats of other packages (entry points of the group
    auditor.readers) and of [readers.NAME] in auditor.toml come before auditor's own.

    \b
    Examples:
      auditor readers
      auditor readers --json
    """
    from auditor.cli.views import logs as show
    from auditor.config import load_config
    from auditor.readers.registry import Format, formats

    with options.terminal() as terminal:
        own = load_config(options.config, trust=terminal.trusts).readers
        listed = [
            *(
                Format(name, table.title or "[readers] in auditor.toml")
                for name, table in sorted(own.items())
            ),
            *formats(),
        ]
        show.readers(terminal, listed)
        terminal.result(options.name, {"readers": [found._asdict() for found in listed]})


@click.command()
@click.option("--reason", metavar="SLUG", help="Only records rejected for this reason.")
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="Records to show."
)
@common
def rejects(options: Common, reason: str | None, limit: int) -> None:
    """Show the records that were not read.

    A summary by reason first, then the records: file, line or record number, byte offset, the
    reader's words and the first characters, secrets masked.

    \b
    Examples:
      auditor rejects
      auditor rejects --reason bad-json --limit 100
      auditor rejects --json
    """
    from auditor.cli.views import logs as show
    from auditor.ingest import rejects as ingest_rejects

    with options.pipeline(read_only=True) as (pipeline, terminal):
        found = ingest_rejects.find(pipeline.store, reason, limit=limit)
        show.rejects(terminal, found)
        terminal.result(options.name, asdict(found))


@click.command()
@click.option(
    "--by",
    default="model",
    show_default=True,
    metavar="FIELD",
    help="model, provider, tier, category, project, team, user, key, day, hour, status, reader "
    "or sensitivity; several with commas between them.",
)
@filter_options
@click.option(
    "--limit", type=click.IntRange(1), default=25, show_default=True, help="Lines to show."
)
@common
def spend(options: Common, by: str, limit: int, **chosen: Any) -> None:
    """Show where the money goes.

    And what could be saved without moving anything: estimates with the rule they rest on. They
    overlap: never add them up.

    \b
    Examples:
      auditor spend
      auditor spend --by user --since 2026-10-01 --until 2026-11-01
      auditor spend --by day --model 'gpt-4o*' --project support
      auditor spend --by sensitivity,category
      auditor spend --where "output_tokens > 2000 AND status = 'ok'"
    """  # fmt: skip
    from auditor.cli.views import logs as show
    from auditor.pricing.savings import find_savings
    from auditor.pricing.spend import spend_by

    with options.pipeline(read_only=True) as (pipeline, terminal):
        only = call_filter(pipeline.store, **chosen)
        rows = spend_by(pipeline.store, by, only)
        if not rows:
            raise NotReadyError(
                "no call to show", hint="widen the filter; 'auditor ingest LOGS' reads logs"
            )
        found = find_savings(pipeline.store, only)
        show.spend(terminal, by, rows, limit)
        show.savings(terminal, found)
        terminal.result(
            options.name,
            {
                "by": by,
                "filter": described(chosen),
                "rows": [asdict(row) for row in rows],
                "savings": [asdict(saving) for saving in found],
            },
        )


@click.command()
@click.argument("bill", type=click.Path(path_type=Path))
@click.option("--by-day", is_flag=True, help="A line for each day too, not only for each model.")
@common
def reconcile(options: Common, bill: Path, by_day: bool) -> None:
    """Set the calls beside the provider's bill.

    BILL is an export of OpenAI, the Anthropic Console, OpenRouter, AWS (Cost and Usage Report,
    Cost Explorer), Azure or Google Cloud, or any in FOCUS: CSV, JSON or parquet, in USD. Coverage
    is how much of the bill the logs hold. Only days of the bill are compared.

    \b
    Examples:
      auditor reconcile completions_usage_2026-10.csv
      auditor reconcile cur-00001.csv.gz
      auditor reconcile claude_api_cost_2026_10.csv --by-day
      auditor reconcile openrouter_activity.csv --json
    """
    from auditor.cli.views import logs as show
    from auditor.pricing import bills

    with options.pipeline(read_only=True) as (pipeline, terminal):
        found = bills.reconcile(pipeline.store, bill)
        show.reconciliation(terminal, found, by_day=by_day)
        terminal.result(options.name, asdict(found))


@click.command()
@click.argument("what", type=click.Choice(["calls", "answers", "grades", "categories", "rejects"]))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The file to write."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    help="By default what the file's name ends with.",
)
@click.option("--texts", is_flag=True, help="With calls: prompts and answers too.")
@overwrite_option
@filter_options
@common
def export(
    options: Common,
    what: str,
    output: Path,
    form: str | None,
    texts: bool,
    overwrite: bool,
    **chosen: Any,
) -> None:
    """Write a table to a file for other tools.

    An earlier export is replaced, another file only with --overwrite. Filters hold for calls. In
    CSV a cell that a spreadsheet would take for a formula is
    prefixed with an apostrophe.

    \b
    Examples:
      auditor export calls -o calls.parquet
      auditor export calls -o october.csv --since 2026-10-01 --until 2026-11-01
      auditor export answers -o answers.jsonl
      auditor export categories --format csv -o categories.txt
    """  # fmt: skip
    from auditor.store import export as store_export

    given = described(chosen) | ({"texts": True} if texts else {})
    with options.pipeline(read_only=True) as (pipeline, terminal):
        if given and what != "calls":
            raise ConfigError(
                f"{', '.join(given)} cannot be used with {what}", hint="filters hold for calls"
            )
        only = call_filter(pipeline.store, **chosen)
        rows = store_export.export(
            pipeline.store,
            what,
            output,
            form=form,
            only=only,
            texts=texts,
            overwrite=overwrite,
        )
        terminal.say(f"Wrote {output}: {rows:,} rows")
        terminal.result(options.name, {"file": str(output), "rows": rows, "filter": given})


@click.command()
@click.option("--source", metavar="PATH", help="A log file, as it was read, or its id.")
@click.option("--category", metavar="NAME", help="A category, by name or id.")
@click.option("--user", metavar="ID", help="A user, as logged.")
@click.option("--yes", is_flag=True, help="Delete; without it only shown.")
@common
def forget(
    options: Common, source: str | None, category: str | None, user: str | None, yes: bool
) -> None:
    """Delete calls and all that hangs on them.

    Texts, answers, grades and draws go with the calls; the file is written anew, so that nothing
    is left in it. Samples that held such calls are drawn anew by the next replay. A call that
    another log holds too is forgotten with it.

    \b
    Examples:
      auditor forget --user user-4711
      auditor forget --user user-4711 --yes
      auditor forget --source logs/october.jsonl --yes
      auditor forget --category "classify ticket" --yes
    """
    from auditor.cli.views import logs as show
    from auditor.privacy import deletion

    with options.pipeline(read_only=not yes) as (pipeline, terminal):
        kind, value = deletion.subject(source=source, category=category, user=user)
        act = deletion.forget if yes else deletion.preview
        gone: Forgotten = act(pipeline.store, **{kind: value})
        show.forgotten(terminal, gone, f"{kind} {value}", deleted=yes)
        terminal.result(options.name, {kind: value, "deleted": yes, **asdict(gone)})
        if not yes:
            raise ConfigError("nothing was deleted", hint="give --yes to delete it for good")


@click.command()
@click.option("--text", is_flag=True, required=True, help="Every prompt and answer, for good.")
@common
def purge(options: Common, text: bool) -> None:
    """Drop the texts and keep the figures.

    Prompts, answers (logged and local), explanations of grades, error messages, labels of calls
    and excerpts of rejects; the file is written anew, so that nothing is left in it. Kept are the
    names of categories and the constant words of prompts by which their calls are found again.
    Without texts nothing can be replayed or graded anew.

    \b
    Examples:
      auditor purge --text
      auditor purge --text --db october.duckdb
    """
    from auditor.privacy import deletion

    del text  # the only kind there is; named so that nobody drops texts by a bare command
    with options.pipeline() as (pipeline, terminal):
        had = deletion.purge_text(pipeline.store)
        terminal.say(f"Dropped the texts of {had:,} calls, of their answers, grades and rejects")
        terminal.result(options.name, {"calls": had})


COMMANDS = (readers, rejects, spend, reconcile, export, forget, purge)

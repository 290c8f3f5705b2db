"""The command about task categories: what was found, why, and what the user changes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, common, overwrite_option

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.pipeline.pipeline import Pipeline


@click.command()
@click.argument("name", required=False)
@click.option(
    "--export",
    "export_to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the categories to edit them; '-' is standard output.",
)
@overwrite_option
@click.option(
    "--apply",
    "apply_from",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take over an edited file: names, merges, splits, pins, what to ignore.",
)
@click.option(
    "--explain",
    "pair",
    nargs=2,
    metavar="A B",
    help="Say why two categories, routes or calls are together or apart.",
)
@click.option(
    "--name-with",
    metavar="anthropic[:MODEL]",
    help="Have a hosted model name the categories: one question with masked examples.",
)
@click.option("--yes", is_flag=True, help="Send it without asking.")
@common
def categories(
    options: Common,
    name: str | None,
    export_to: Path | None,
    overwrite: bool,
    apply_from: Path | None,
    pair: tuple[str, str] | None,
    name_with: str | None,
    yes: bool,
) -> None:
    """List the task categories, or show one with its evidence.

    NAME is the name, a former name or the id of a category.

    \b
    Examples:
      auditor categories
      auditor categories "classify ticket"
      auditor categories --explain "classify ticket" "classify review"
      auditor categories --export taxonomy.yaml
      auditor categories --apply taxonomy.yaml
      auditor categories --name-with anthropic
    """
    if name_with is not None:
        _name_with(options, name_with, yes=yes)
        return
    if apply_from is not None:
        _apply(options, apply_from)
        return
    with options.pipeline(read_only=True) as (pipeline, terminal):
        if export_to is not None:
            _export(options, pipeline, terminal, export_to, overwrite=overwrite)
        elif pair is not None:
            _explain(options, pipeline, terminal, pair)
        elif name is not None:
            _show_one(options, pipeline, terminal, name)
        else:
            _list(options, pipeline, terminal)


def _apply(options: Common, path: Path) -> None:
    from auditor.categories import taxonomy
    from auditor.cli.views import audit as show

    with options.pipeline() as (pipeline, terminal):
        text = path.read_text(encoding="utf-8")
        applied = taxonomy.apply(pipeline.store, text, name=path.name)
        results = pipeline.run_to("categorize")
        for line in applied:
            terminal.say(line)
        show.stages(terminal, results)
        terminal.result(options.name, {"applied": applied})
        terminal.hint("Next: auditor replay   (draws anew where calls changed their category)")


def _name_with(options: Common, hosted: str, *, yes: bool) -> None:
    from auditor.categories import naming
    from auditor.categories.listing import list_categories
    from auditor.cli.views import categories as show
    from auditor.engines.servers.anthropic_client import DEFAULT_MODEL, ask_anthropic
    from auditor.errors import ConfigError, EngineError

    service, _, asked = hosted.partition(":")
    model = asked or DEFAULT_MODEL
    with options.pipeline() as (pipeline, terminal):
        if service != "anthropic":
            raise ConfigError(
                f'--name-with does not know "{service}"', hint="use anthropic or anthropic:MODEL"
            )
        ask = ask_anthropic(model)
        pipeline.run_to("categorize")
        size = len(naming.question(pipeline.store))
        terminal.note(
            f"Sends one question of {size:,} characters to {model}: templates and one "
            "masked example of each category."
        )
        if not yes and not click.confirm("Send it?", default=False, err=True):
            raise click.Abort
        try:
            named = naming.name_categories(pipeline.store, ask)
        except ValueError as error:
            raise EngineError(
                f"the answer of {model} cannot be used: {error}",
                hint="run the same command again; nothing was changed",
            ) from error
        pipeline.run_to("categorize")
        rows = list_categories(pipeline.store)
        show.listing(terminal, pipeline.store)
        terminal.result(options.name, {"named": named, "categories": [asdict(r) for r in rows]})


def _export(
    options: Common, pipeline: Pipeline, terminal: Terminal, path: Path, *, overwrite: bool
) -> None:
    from auditor import outputs
    from auditor.categories import taxonomy

    text = taxonomy.export(pipeline.store)
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    outputs.claim(path, outputs.TAXONOMY, overwrite=overwrite)
    path.write_text(text, encoding="utf-8")
    terminal.say(f"Wrote {path}: edit it, then run 'auditor categories --apply {path}'")
    terminal.result(options.name, {"file": str(path)})


def _explain(
    options: Common, pipeline: Pipeline, terminal: Terminal, pair: tuple[str, str]
) -> None:
    from auditor.categories.explain import explain
    from auditor.cli.views import categories as show

    found = explain(pipeline.store, *pair)
    show.explanation(terminal, found)
    terminal.result(options.name, asdict(found))


def _list(options: Common, pipeline: Pipeline, terminal: Terminal) -> None:
    from auditor.categories.listing import list_categories
    from auditor.cli.views import categories as show

    rows = list_categories(pipeline.store)
    show.listing(terminal, pipeline.store)
    terminal.result(options.name, {"categories": [asdict(row) for row in rows]})


def _show_one(options: Common, pipeline: Pipeline, terminal: Terminal, name: str) -> None:
    from auditor.categories.listing import find_category
    from auditor.cli.views import categories as show

    found = find_category(pipeline.store, name)
    show.one(terminal, found)
    parts = asdict(found)
    terminal.result(options.name, parts.pop("category") | parts)


COMMANDS = (categories,)

"""``auditor criteria propose``: what could grade each category, as a file to change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Common, common

if TYPE_CHECKING:
    from auditor.criteria.proposed_file import ProposedFile


@click.command()
@click.option("--category", default="*", metavar="GLOB", help="Only categories of such a name.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="-",
    show_default="standard output",
    metavar="FILE",
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common
def propose(options: Common, category: str, out: Path, force: bool) -> None:
    """Write a criterion for every category, as YAML to read and change.

    Above each one stands how many of the logged answers pass it, three that fail, and which of
    the errors planted in logged answers it would not notice. No model is asked.

    \b
    Examples:
      auditor criteria propose
      auditor criteria propose --out criteria.yaml
      auditor criteria propose --category "*ticket*" --out tickets.yaml --force
    """
    from auditor.criteria.proposed_file import proposed_file
    from auditor.errors import ConfigError, NotReadyError
    from auditor.report.sentences import trial_sentence

    with options.pipeline() as (pipeline, terminal):
        to_screen = str(out) == "-"
        if not to_screen and out.exists() and not force:
            raise ConfigError(
                f"{out} is there already", hint="name another file, or add --force to replace it"
            )
        pipeline.run_to("categorize")
        found = proposed_file(
            pipeline.store, category=category, in_words=trial_sentence, watch=terminal
        )
        if not found.proposals:
            raise NotReadyError(
                f'no category is called "{category}"', hint="'auditor categories' lists them"
            )
        if not to_screen:
            out.write_text(found.text, encoding="utf-8")
            terminal.say(f"Wrote {out}")
            terminal.hint(f"Next: auditor criteria test {out}")
        elif not options.as_json:
            sys.stdout.write(found.text)
        terminal.result(options.name, _as_json(found, None if to_screen else out))


def _as_json(found: ProposedFile, out: Path | None) -> dict[str, Any]:
    return {
        "file": None if out is None else str(out),
        "categories": [
            {
                "category": entry.name,
                "spend_usd": entry.spend_usd,
                "kind": entry.proposal.kind,
                "reason": entry.proposal.reason,
                "criterion": (
                    entry.proposal.criterion.definition() if entry.proposal.criterion else None
                ),
                "trial": trial,
            }
            for entry, trial in zip(found.proposals, found.trials, strict=True)
        ],
    }

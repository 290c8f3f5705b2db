"""``auditor criteria edit``: the file of criteria in one's editor, tested when it is saved."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from auditor.cli.commands.criteria_test import as_json, file_in_force, tested
from auditor.cli.options import Common, common
from auditor.errors import AuditorError, ConfigError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.cli.terminal import Terminal
    from auditor.criteria.model import Criterion
    from auditor.pipeline.pipeline import Pipeline


@click.command()
@click.argument("category", required=False)
@common
def edit(options: Common, category: str | None) -> None:
    """Edit the criteria in $EDITOR, and see what the change would do.

    The file is the one that [grade] in auditor.toml names, or criteria.yaml here; where it is
    missing it is begun with proposals. With CATEGORY, its proposal is added where the file has
    nothing for it. What cannot be used is not saved: you can edit it again, and what you typed
    is kept in FILE.draft.

    \b
    Examples:
      auditor criteria edit
      auditor criteria edit "classify ticket"
      EDITOR="code --wait" auditor criteria edit
    """
    with options.pipeline() as (pipeline, terminal):
        pipeline.run_to("categorize")
        path = file_in_force(pipeline)
        draft = path.with_name(f"{path.name}.draft")
        text = _begun(pipeline, terminal, path, draft, category)
        edited = _edited(terminal, path, draft, text)
        if edited is None:
            terminal.say(f"Nothing was changed in {path}")
            terminal.result(options.name, {"file": str(path), "changed": False})
            return
        found = tested(pipeline, terminal, edited, category="*")
        terminal.result(options.name, {"file": str(path), "changed": True} | as_json(found))
        terminal.hint("Next: auditor replay   (what was graded is graded anew, no model runs)")


def _begun(
    pipeline: Pipeline, terminal: Terminal, path: Path, draft: Path, category: str | None
) -> str:
    """The text that the editor opens with."""
    from auditor.categories.listing import find_category

    glob = "*"
    if category is not None:
        glob = find_category(pipeline.store, category).category.category_id
    if draft.is_file():
        terminal.note(f"Going on with what you typed last time, from {draft}")
        return _read(draft)
    if not path.exists():
        return _proposals(pipeline, terminal, glob)
    text = _read(path)
    if category is None or _has_one(pipeline, path, text, glob):
        return text
    added = _proposals(pipeline, terminal, glob).partition("criteria:\n")[2]
    return f"{text.rstrip()}\n{added}" if added else text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error


def _proposals(pipeline: Pipeline, terminal: Terminal, glob: str) -> str:
    from auditor.criteria.proposed_file import proposed_file
    from auditor.report.sentences import trial_sentence

    return proposed_file(
        pipeline.store, category=glob, in_words=trial_sentence, watch=terminal
    ).text


def _has_one(pipeline: Pipeline, path: Path, text: str, category_id: str) -> bool:
    """Whether the file grades the category; one that cannot be read is opened as it is."""
    from auditor.criteria.dry_run import dry_run

    try:
        criteria = _parsed(text, path)
    except ConfigError:
        return True
    return bool(dry_run(pipeline.store, criteria, category=category_id).categories)


def _edited(terminal: Terminal, path: Path, draft: Path, text: str) -> tuple[Criterion, ...] | None:
    """Have the user edit until it can be used, and save it; None where nothing was saved."""
    while True:
        typed = _in_editor(text)
        if typed is None:
            return None
        try:
            criteria = _parsed(typed, path)
        except ConfigError as error:
            draft.write_text(typed, encoding="utf-8")
            if not sys.stdin.isatty():
                raise ConfigError(
                    error.message,
                    hint=f"{path} is as it was, what you typed is in {draft}: run 'auditor"
                    " criteria edit' to go on with it",
                ) from error
            terminal.error(error)
            if not click.confirm("Edit it again?", default=True, err=True):
                terminal.note(f"{path} is as it was; what you typed is in {draft}")
                sys.exit(ExitCode.USAGE)
            text = typed
            continue
        _save(path, typed)
        draft.unlink(missing_ok=True)
        terminal.say(f"Wrote {path}")
        return criteria


def _in_editor(text: str) -> str | None:
    try:
        typed = click.edit(text, extension=".yaml")
    except click.ClickException as error:
        raise AuditorError(
            error.format_message(), hint='set EDITOR, for example EDITOR=nano or EDITOR="code -w"'
        ) from error
    return None if typed is None else str(typed)


def _parsed(text: str, path: Path) -> tuple[Criterion, ...]:
    """The criteria in a text that is to be this file."""
    from auditor.criteria.file import parse_criteria
    from auditor.criteria.validation import refuse_unusable

    criteria = parse_criteria(text, name=path.name, folder=path.parent)
    for criterion in criteria:
        refuse_unusable(criterion)
    return criteria


def _save(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

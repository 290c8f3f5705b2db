"""README names what there is: commands, links, settings, files."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from auditor.cli.main import cli
from auditor.config import Config
from auditor.criteria.file import parse_criteria

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LISTED = re.findall(r"^\| `auditor (\S+)[^`]*` \|", README, re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def examples() -> list[str]:
    """Return every command line of auditor that README or a help text shows."""
    shown = [
        line.partition("#")[0] if " #" in line else line
        for block in blocks("console")
        for line in re.findall(r"^\$ (auditor .*)$", block, re.MULTILINE)
    ]
    for command in cli.commands.values():
        shown += re.findall(r"^ +(auditor .*)$", command.help or "", re.MULTILINE)
    return [part.strip() for line in shown for part in line.split("&&")]


def test_the_list_of_commands_is_the_list_of_commands():
    assert sorted(LISTED) == sorted(cli.commands)


@pytest.mark.parametrize("line", sorted(set(examples())))
def test_every_command_that_is_shown_can_be_typed(line):
    program, name, *words = shlex.split(line)
    assert program == "auditor"
    command = cli.commands[name]
    context = click.Context(command, info_name=name)
    if isinstance(command, click.Group) and words:
        name, *words = words
        command = command.commands[name]
        context = click.Context(command, parent=context, info_name=name)
    command.parse_args(context, words)  # raises UsageError for what does not exist


def test_flags_that_the_text_names_exist():
    flags = {
        flag
        for command in cli.commands.values()
        for sub in (command, *getattr(command, "commands", {}).values())
        for param in sub.params
        for flag in param.opts + param.secondary_opts
    } | {"--help", "--version"}
    named = set(re.findall(r"`(?:auditor \w+ )?(--?[a-z][a-z-]*)", README))
    assert named
    assert named <= flags


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", README)
    assert links
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_contributing_leads_to_files_and_commands_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", text))
    assert len(named) > 5
    assert named <= targets


def test_settings_that_are_shown_are_settings():
    shown = blocks("toml")
    assert shown
    for block in shown:
        Config.model_validate(tomllib.loads(block))


def test_criteria_that_are_shown_are_criteria():
    shown = [block for block in blocks("yaml") if "criteria:" in block]
    assert shown
    for block in shown:
        assert parse_criteria(block)


def test_make_targets_that_are_named_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(blocks("console")))) <= targets


def test_the_changelog_has_the_version():
    from auditor import __version__

    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[?(?:{re.escape(__version__)}|Unreleased)", text, re.MULTILINE)

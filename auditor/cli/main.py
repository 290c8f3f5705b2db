"""The command line: one group, one entry point. The commands are in ``auditor.cli.commands``."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import click

from auditor import __version__
from auditor.cli.commands import audit, categories, criteria, logs, models
from auditor.errors import AuditorError, ExitCode

INTRO = """\
auditor finds which part of an LLM API bill a local model can take over.

  auditor demo                       the whole audit on sample logs, offline
  auditor audit logs.jsonl           the whole audit on your logs
  auditor ingest logs.jsonl          read logs into audit.duckdb
  auditor replay --top 10            the ten costliest categories on a local model
  auditor report                     write auditor-report.html, plan.md, report.json

Run 'auditor --help' for every command."""


class _Commands(click.Group):
    """The group; its help keeps the order in which an audit goes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they were defined."""
        del ctx
        return list(self.commands)


@click.group(
    cls=_Commands, invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AUDITOR"},
)  # fmt: skip
@click.version_option(__version__, prog_name="auditor")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Find which share of an LLM API bill can move to a local model.

    \b
    Examples:
      auditor demo
      auditor audit logs.jsonl --top 10
      auditor ingest logs.jsonl && auditor replay --top 10 && auditor report
    """
    if ctx.invoked_subcommand is None:
        click.echo(INTRO)


_GROUPS = (audit, categories, criteria, logs, models)
for _command in (command for group in _GROUPS for command in group.COMMANDS):
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # what it writes holds logged prompts: only the owner reads it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a stream that has no dash shows a question mark
    try:
        code = cli.main(prog_name="auditor", standalone_mode=False)
    except click.ClickException as error:
        code = _usage(error)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    except SystemExit as end:
        code = end.code
    except BrokenPipeError:
        code = ExitCode.DONE  # the reader went away (head, less): there is nobody to tell
    sys.exit(_flushed(code if isinstance(code, int) else ExitCode.DONE))


def _flushed(code: int) -> int:
    """Write out what is left, before the interpreter does it and complains in its own way."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # Nothing more can be written there, at the end of the process neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if code or isinstance(error, BrokenPipeError):
            return code  # told already, or nobody to tell
        return _unwritable(error)
    return code


def _unwritable(error: OSError) -> int:
    from auditor.cli.terminal import Terminal

    told = AuditorError(
        f"standard output: {error.strerror}", hint="make room, or send the output elsewhere"
    )
    Terminal().error(told)
    return told.exit_code


def _usage(error: click.ClickException) -> int:
    """Say what is wrong with a command line in the form of every other error."""
    from auditor.cli.terminal import Terminal

    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "auditor"
    Terminal().error(AuditorError(error.format_message(), hint=f"run '{path} --help'"))
    return error.exit_code

"""``--baseline-rerun``: says what it would send and what that costs, and waits for a yes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.cli.options import F
    from auditor.cli.terminal import Terminal
    from auditor.pipeline.pipeline import Pipeline


def rerun_options(function: F) -> F:
    """Add the options that ask the API's own models again."""
    function = click.option("--yes", is_flag=True, help="Send it without asking.")(function)
    return click.option(
        "--baseline-rerun",
        is_flag=True,
        help="Ask Anthropic's models again too: for the noise of the baseline, and where the log "
        "has no answer. Costs money; says how much and asks first.",
    )(function)


def refuse_early(*, yes: bool) -> None:
    """Refuse a run that could not send anything, before any work begins.

    Raises:
        EngineError: no key is set.
        ConfigError: stdin is not a terminal, so the user cannot be asked.
    """
    from auditor.engines.servers.anthropic_client import require_key

    require_key()
    if not yes and not sys.stdin.isatty():
        raise ConfigError(
            "--baseline-rerun asks before it sends anything, and stdin is not a terminal",
            hint="add --yes to send without being asked",
        )


def consent(pipeline: Pipeline, terminal: Terminal, *, yes: bool) -> None:
    """Say what would be sent and what it would cost, and ask the user unless ``yes``.

    Raises:
        click.Abort: the user says no; nothing has changed then.
    """
    from auditor.cli.views import baseline as show
    from auditor.engines.servers.anthropic_client import address
    from auditor.text.visible import visible

    due = pipeline.rerun_due()
    terminal.close()
    for line in show.proposal(due, address()):
        if yes:
            terminal.note(line)
        else:
            click.echo(" ".join(visible(line).split()), err=True)  # names in it are the log's
    if not due.calls:
        return
    if not yes and not click.confirm("Send them?", default=False, err=True):
        raise click.Abort
    pipeline.agreed = frozenset(call.call_id for call in due.calls)

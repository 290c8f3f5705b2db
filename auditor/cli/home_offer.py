"""``auditor ingest`` without paths: what agents' logs there are, and the question which to read."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from auditor.errors import ConfigError
from auditor.ingest import home_logs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.cli.terminal import Terminal
    from auditor.ingest.home_logs import HomeLogs


def choose(terminal: Terminal) -> tuple[str, ...]:
    """Ask, agent by agent, whether its logs shall be read; return the paths of those with a yes.

    Raises:
        ConfigError: there are none, nobody is there to be asked, or every answer was no.
    """
    found = home_logs.find()
    if not found:
        raise ConfigError(
            "no log is named, and no sessions of a coding agent are in the home folder",
            hint="auditor ingest LOGS; 'auditor readers' lists what is read",
        )
    command = f"auditor ingest {_spelled(found)}"
    if not sys.stdin.isatty():
        raise ConfigError(
            f"no log is named; in the home folder are: {'; '.join(map(_told, found))}",
            hint=command,
        )
    terminal.close()
    chosen = [logs for logs in found if _agreed(logs)]
    if not chosen:
        raise ConfigError("nothing was read", hint=f"auditor ingest LOGS, or {command}")
    return tuple(path for logs in chosen for path in logs.paths)


def _agreed(logs: HomeLogs) -> bool:
    return click.confirm(f"Read the sessions of {_told(logs)}?", default=False, err=True)


def _told(logs: HomeLogs) -> str:
    from rich.filesize import decimal

    from auditor.report.wording import counted
    from auditor.text.visible import one_line

    more = len(logs.paths) - 1
    held = f"{logs.agent}, {counted(logs.files, 'file')}, {decimal(logs.bytes)}"
    return one_line(f"{held} in {logs.paths[0]}{f' and {more} more' if more else ''}")


def _spelled(found: Sequence[HomeLogs]) -> str:
    return " ".join(shlex.quote(path) for logs in found for path in logs.paths)

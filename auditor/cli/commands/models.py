"""The commands about models and the machine: what could be asked here, and what is missing."""

from __future__ import annotations

from dataclasses import asdict

import click

from auditor.cli.options import Common, common


@click.command()
@common
def models(options: Common) -> None:
    """List the models to ask, here and elsewhere.

    Nothing is downloaded: where a model is missing, the command that gets it is shown.

    \b
    Examples:
      auditor models
      auditor models --json
    """
    from auditor.cli.views import machine as show
    from auditor.engines.models import list_models

    with options.terminal() as terminal:
        found = list_models()
        show.models(terminal, found)
        terminal.result(options.name, {"models": [asdict(row) for row in found]})


@click.command()
@common
def doctor(options: Common) -> None:
    """Check compiler, llama.cpp, memory, GPU, servers and keys.

    \b
    Examples:
      auditor doctor
    """
    from auditor.cli.views import machine as show
    from auditor.engines.doctor import diagnose

    with options.terminal() as terminal:
        checks = diagnose()
        show.doctor(terminal, checks)
        terminal.result(options.name, {"checks": [asdict(check) for check in checks]})


COMMANDS = (models, doctor)

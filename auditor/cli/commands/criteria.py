"""The group of the commands about criteria: ``auditor criteria``.

A command of the group lives in a module of its own, ``criteria_NAME.py``, and one line of
``_COMMANDS`` below puts it into the group.
"""

from __future__ import annotations

import click

from auditor.cli.commands.criteria_import import import_criteria

_COMMANDS: tuple[click.Command, ...] = (import_criteria,)
"""In the order in which a user meets them, which is that of the help."""


@click.group()
def criteria() -> None:
    """Make the rules by which answers pass.

    \b
    Examples:
      auditor criteria import promptfooconfig.yaml
    """


for _command in _COMMANDS:
    criteria.add_command(_command)

COMMANDS = (criteria,)

"""The group of the commands about criteria: ``auditor criteria``.

A command of the group lives in a module of its own, ``criteria_NAME.py``, and one line of
``_COMMANDS`` below puts it into the group.
"""

from __future__ import annotations

import click

from auditor.cli.commands.criteria_edit import edit
from auditor.cli.commands.criteria_import import import_criteria
from auditor.cli.commands.criteria_propose import propose
from auditor.cli.commands.criteria_show import show
from auditor.cli.commands.criteria_test import test

_COMMANDS: tuple[click.Command, ...] = (propose, show, edit, test, import_criteria)
"""In the order in which a user meets them, which is that of the help."""


class _InOrder(click.Group):
    """A group whose help keeps the order of ``_COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they were added."""
        del ctx
        return list(self.commands)


@click.group(cls=_InOrder)
def criteria() -> None:
    """Propose, show, edit and test what makes an answer pass.

    \b
    Examples:
      auditor criteria propose --out criteria.yaml
      auditor criteria test
      auditor criteria show
      auditor criteria edit "classify ticket"
      auditor criteria import promptfooconfig.yaml
    """


for _command in _COMMANDS:
    criteria.add_command(_command)

COMMANDS = (criteria,)

"""Models and the state of the machine on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.cli.terminal import Terminal
    from auditor.engines.doctor import Check
    from auditor.engines.models import ModelRow

_FITS = {True: "yes", False: "no"}


def models(terminal: Terminal, found: Sequence[ModelRow]) -> None:
    """Show what can be asked now, then what could be fetched and how."""
    here = [row for row in found if row.spec]
    if here:
        terminal.table(
            ["model", "size", "memory", "fits", "kind", "licence", "--model"],
            [
                [
                    row.name,
                    _gb(row.size),
                    _gb(row.memory_needed),
                    _FITS[row.fits],
                    row.quantisation or "",
                    row.licence or "",
                    row.spec or "",
                ]
                for row in here
            ],
            right=(1, 2),
            sentence=6,
        )
    wanted = [row for row in found if not row.spec]
    for row in wanted:
        terminal.say()
        terminal.say(row.name, style="bold")
        terminal.say(
            f"  {_gb(row.size)}, needs {_gb(row.memory_needed)} of memory "
            f"(fits here: {_FITS[row.fits]}), licence {row.licence or 'unknown'}"
        )
        if row.note:
            terminal.say(f"  {row.note}")
        for line in row.how:
            terminal.say(f"  {line}")


def doctor(terminal: Terminal, checks: Sequence[Check]) -> None:
    """Show each check with its outcome, and what to do where one failed."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        terminal.say(f"{check.status:<8} {check.name:<{width}}  {check.detail}")
        if check.hint:
            terminal.say(f"{'':<8} {'':<{width}}  {check.hint}")


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"

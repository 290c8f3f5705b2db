"""What a terminal sees: results on stdout, progress, warnings and hints on stderr.

Text from logs and models is made visible first (``auditor.text.visible``) and never read as markup.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from auditor.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from auditor.cli.progress import LiveProgress, PlainProgress
    from auditor.domain import Part
    from auditor.errors import AuditorError

JSON_VERSION = 1
_WIDE = 130
_NAME_WIDTH, _NAME_LEAST, _GAP = 44, 12, 2


class Terminal:
    """Prints for one command; also the ``Watch`` of its stages.

    With ``as_json`` stdout holds one object and nothing else; with ``quiet`` only results and
    errors are shown. ``color`` None lets the stream and ``NO_COLOR`` decide.
    """

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, color: bool | None = None
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._color = color
        self._consoles: dict[str, Console] = {}
        self._progress: LiveProgress | PlainProgress | None = None
        self.warnings: list[str] = []

    def _console(self, name: str) -> Console:
        if name not in self._consoles:
            from rich.console import Console

            stream: TextIO = getattr(sys, name)
            self._consoles[name] = Console(
                file=stream,
                highlight=False,
                markup=False,
                emoji=False,
                soft_wrap=True,
                force_terminal=True if self._color else None,
                no_color=False if self._color else None,  # a flag wins over NO_COLOR
                color_system=None if self._color is False else "auto",
            )
        return self._consoles[name]

    def encodes_marks(self) -> bool:
        """Whether stdout can show the marks of the verdicts."""
        try:
            "\u25cf\u25d0\u25cc\u25cb".encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    # -- results -----------------------------------------------------------------------------------

    def result(self, command: str, result: Mapping[str, Any]) -> None:
        """Print the one object of ``--json``, if asked for: keys are stable, money is text."""
        if not self.as_json:
            return
        document = {
            "version": JSON_VERSION,
            "command": command,
            "result": result,
            "warnings": self.warnings,
        }
        sys.stdout.write(json.dumps(document, default=_plain, ensure_ascii=True) + "\n")

    def say(self, line: str = "", *, style: str | None = None) -> None:
        """Print a line of the result."""
        if not self.as_json:
            self._console("stdout").print(one_line(line), style=style)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        right: Iterable[int] = (),
        sentence: int | None = None,
    ) -> None:
        """Print a table without lines; the first column gives way when the terminal is narrow.

        ``right`` are the columns of numbers. ``sentence`` is a column of long text: it wraps
        where there is room for it and is left out where there is not.
        """
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        console = self._console("stdout")
        cells = [[one_line(cell) for cell in row] for row in rows]
        shown = [n for n in range(len(columns)) if n != sentence or console.width >= _WIDE]
        numbers = set(right)
        widths = [
            max(len(columns[n]), *(len(row[n]) for row in cells), 0) for n in range(len(columns))
        ]
        rest = sum(widths[n] + _GAP for n in shown if n not in {0, sentence})
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
        for n in shown:
            name_width = max(min(widths[0], _NAME_WIDTH, console.width - rest - _GAP), _NAME_LEAST)
            width = name_width if n == 0 else None if n == sentence else widths[n]
            table.add_column(
                one_line(columns[n]),
                justify="right" if n in numbers else "left",
                no_wrap=n != sentence,
                overflow="fold" if n == sentence else "ellipsis",
                width=width,
            )
        for row in cells:
            table.add_row(*(Text(row[n]) for n in shown))
        console.print(table, soft_wrap=False)

    # -- around the results ------------------------------------------------------------------------

    def note(self, line: str) -> None:
        """Say on stderr what is going on."""
        if not self.quiet and not self.as_json:
            self._console("stderr").print(one_line(line), style="dim")

    def hint(self, line: str) -> None:
        """Say on stderr what to do next."""
        if not self.quiet and not self.as_json:
            self._console("stderr").print(one_line(line))

    def warn(self, message: str) -> None:
        """Say once on stderr what the user should know; kept for ``--json``."""
        if message in self.warnings:
            return
        self.warnings.append(message)
        if not self.quiet and not self.as_json:
            self._console("stderr").print(f"warning: {one_line(message)}", style="yellow")

    def error(self, error: AuditorError) -> None:
        """Print an error in one line and what mends it in another, then what is to be pasted."""
        console = self._console("stderr")
        console.print(f"error: {one_line(error.message)}", style="bold red")
        if error.hint:
            console.print(f"hint: {one_line(error.hint)}")
        if error.paste:
            console.print("\n".join(["", *map(one_line, error.paste.splitlines())]))

    def trusts(self, path: Path, named: Sequence[str]) -> bool:
        """Show what settings of a doubtful file name, and ask; nobody to ask means no."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        import click

        console = self._console("stderr")
        console.print(f"{one_line(str(path))} is not of this folder or not yours, and names:")
        for one in named:
            console.print(f"  {one_line(one)}")
        return click.confirm("Use it?", default=False, err=True)

    # -- Watch -------------------------------------------------------------------------------------

    def start(
        self, task: str, total: int | None = None, unit: str = "", parts: Sequence[Part] = ()
    ) -> None:
        """Begin a bar and a table of the parts, or a plain line where nobody looks."""
        if self.quiet or self.as_json:
            return
        self.close()
        from auditor.cli.progress import LiveProgress, PlainProgress

        console = self._console("stderr")
        if console.is_terminal:
            self._progress = LiveProgress(console, task, total, parts)
        else:
            self._progress = PlainProgress(task, total, unit)

    def advance(self, n: int = 1, note: str = "") -> None:
        """Move the bar."""
        if self._progress is not None:
            self._progress.advance(n, note)

    def finish(self, note: str = "") -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.finish(note)
            self._progress = None

    def close(self) -> None:
        """Leave the terminal as it was, after an error or Ctrl-C too."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None


def _plain(value: object) -> object:
    """Return what JSON has no word for: money and times as text, dataclasses as objects."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)

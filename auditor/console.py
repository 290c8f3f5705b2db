"""What a terminal sees: results on stdout, progress, warnings and hints on stderr.

Text from logs and models is made visible first (``auditor.visible``) and never read as markup.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from auditor.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from auditor.errors import AuditorError

JSON_VERSION = 1
_PLAIN_EVERY_S = 30.0
_WIDE = 130
_NAME_WIDTH, _NAME_LEAST, _GAP = 44, 12, 2
_TO_SPACES = str.maketrans("\n\t", "  ")


def _line(text: str) -> str:
    """Return text as one line that is safe to look at."""
    return visible(text).translate(_TO_SPACES)


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
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._plain: _PlainProgress | None = None
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
            self._console("stdout").print(_line(line), style=style)

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
        cells = [[_line(cell) for cell in row] for row in rows]
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
                _line(columns[n]),
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
            self._console("stderr").print(_line(line), style="dim")

    def hint(self, line: str) -> None:
        """Say on stderr what to do next."""
        if not self.quiet and not self.as_json:
            self._console("stderr").print(_line(line))

    def warn(self, message: str) -> None:
        """Say once on stderr what the user should know; kept for ``--json``."""
        if message in self.warnings:
            return
        self.warnings.append(message)
        if not self.quiet and not self.as_json:
            self._console("stderr").print(f"warning: {_line(message)}", style="yellow")

    def error(self, error: AuditorError) -> None:
        """Print an error in one line and what mends it in another."""
        console = self._console("stderr")
        console.print(f"error: {_line(error.message)}", style="bold red")
        if error.hint:
            console.print(f"hint: {_line(error.hint)}")

    # -- Watch -------------------------------------------------------------------------------------

    def start(self, task: str, total: int | None = None, unit: str = "") -> None:
        """Begin a bar, or one plain line where nobody looks at a terminal."""
        if self.quiet or self.as_json:
            return
        self.close()
        console = self._console("stderr")
        if not console.is_terminal:
            self._plain = _PlainProgress(task, total, unit)
            return
        from rich import progress

        self._progress = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=32),
            progress.MofNCompleteColumn() if total else progress.TextColumn(""),
            progress.TimeElapsedColumn(),
            progress.TextColumn("ETA" if total else ""),
            progress.TimeRemainingColumn() if total else progress.TextColumn(""),
            progress.TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task(_line(task), total=total, note="")

    def advance(self, n: int = 1, note: str = "") -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=n, note=_line(note))
        elif self._plain is not None:
            self._plain.advance(n)

    def finish(self, note: str = "") -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        elif self._plain is not None:
            self._plain.finish(note)
        self._plain = None

    def close(self) -> None:
        """Leave the terminal as it was, after an error or Ctrl-C too."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


class _PlainProgress:
    """Progress for pipes and CI: a line at the start, each 10 % or 30 s, and the end."""

    def __init__(self, task: str, total: int | None, unit: str) -> None:
        self._task, self._total, self._unit = _line(task), total, unit
        self._done, self._told, self._began = 0, 0, time.monotonic()
        self._told_at = self._began
        of = f" {total:,} {unit}".rstrip() if total else ""
        sys.stderr.write(f"{self._task}{of} ...\n")

    def advance(self, n: int) -> None:
        self._done += n
        step = max((self._total or 0) // 10, 1)
        late = time.monotonic() - self._told_at > _PLAIN_EVERY_S
        if late or (self._total and self._done - self._told >= step and self._slow()):
            self._told, self._told_at = self._done, time.monotonic()
            of = f"/{self._total:,}" if self._total else ""
            sys.stderr.write(f"{self._task} {self._done:,}{of}{self._eta()}\n")

    def _slow(self) -> bool:
        """Whether the whole task is worth more than one line."""
        return time.monotonic() - self._told_at > 2.0  # noqa: PLR2004 - seconds people notice

    def _eta(self) -> str:
        if not self._total or not self._done:
            return ""
        spent = time.monotonic() - self._began
        left = round(spent / self._done * (self._total - self._done))
        return f", about {left // 60}m {left % 60:02d}s left" if left else ""

    def finish(self, note: str) -> None:
        if note:
            sys.stderr.write(f"{self._task} {_line(note)}\n")


def _plain(value: object) -> object:
    """Return what JSON has no word for: money and times as text, dataclasses as objects."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)

"""How far a task is: a bar and a table that live on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.domain import Part
from auditor.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

_PLAIN_EVERY_S = 30.0
_LINES_AROUND = 5
"""The bar, the head and foot of the table, the parts left out, and the cursor."""


class LiveProgress:
    """Progress for people: drawn four times a second, taken away at the end."""

    def __init__(
        self, console: Console, task: str, total: int | None, parts: Sequence[Part]
    ) -> None:
        from rich import progress
        from rich.live import Live

        self._console = console
        self._parts = parts
        timed = total is not None and not parts  # the table has a time of its own
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=32),
            progress.MofNCompleteColumn() if total else progress.TextColumn(""),
            progress.TimeElapsedColumn(),
            progress.TextColumn("ETA" if timed else ""),
            progress.TimeRemainingColumn() if timed else progress.TextColumn(""),
            progress.TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )
        self._task = self._bar.add_task(one_line(task), total=total, note="")
        self._live = Live(get_renderable=self._picture, console=console, transient=True)
        self._live.start()

    def advance(self, n: int, note: str) -> None:
        """Move the bar; a table says more than a note."""
        self._bar.update(self._task, advance=n, note="" if self._parts else one_line(note))

    def finish(self, _note: str) -> None:
        """Take everything away."""
        self.close()

    def close(self) -> None:
        """Leave the terminal as it was, after an error or Ctrl-C too."""
        self._live.stop()

    def _picture(self) -> RenderableType:
        from rich.console import Group

        return Group(self._bar, *([self._table()] if self._parts else ()))

    def _table(self) -> Table:
        """Draw the parts, those that are over last where not all of them fit."""
        from rich.table import Table
        from rich.text import Text

        room = max(self._console.height - _LINES_AROUND, 1)
        shown = list(self._parts)
        if len(shown) > room:
            shown.sort(key=lambda part: part.done >= part.total)
        table = Table(
            box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", footer_style="dim",
            show_footer=len(shown) > 1,
        )  # fmt: skip
        together = _cells(_together(self._parts))
        more = len(shown) - room
        table.add_column("category", f"and {more:,} more" if more > 0 else "together")
        for heading, foot in zip(("done", "failed", "tokens/s", "ETA"), together, strict=True):
            table.add_column(heading, foot, justify="right", no_wrap=True, min_width=len(foot))
        for part in shown[:room]:
            name = Text(one_line(part.name), no_wrap=True, overflow="ellipsis")
            table.add_row(name, *_cells(part))
        return table


def _cells(part: Part) -> tuple[str, str, str, str]:
    """Return done, failed, tokens a second and time left in words; what is unknown is empty."""
    speed, left = part.tokens_per_s, part.seconds_left
    return (
        f"{part.done:,}/{part.total:,}",
        f"{part.failed:,}" if part.failed else "",
        f"{speed:,.0f}" if speed is not None else "",
        str(timedelta(seconds=round(left))) if left else "",
    )


def _together(parts: Sequence[Part]) -> Part:
    return Part(
        name="",
        total=sum(part.total for part in parts),
        done=sum(part.done for part in parts),
        failed=sum(part.failed for part in parts),
        output_tokens=sum(part.output_tokens for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


class PlainProgress:
    """Progress for pipes and CI: a line at the start, each 10 % or 30 s, and the end."""

    def __init__(self, task: str, total: int | None, unit: str) -> None:
        self._task, self._total = one_line(task), total
        self._done, self._told, self._began = 0, 0, time.monotonic()
        self._told_at = self._began
        of = f" {total:,} {unit}".rstrip() if total else ""
        sys.stderr.write(f"{self._task}{of} ...\n")

    def advance(self, n: int, _note: str) -> None:
        """Say how far it is, if that is worth a line."""
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
        """Say how it ended."""
        if note:
            sys.stderr.write(f"{self._task} {one_line(note)}\n")

    def close(self) -> None:
        """Leave the lines as they are."""

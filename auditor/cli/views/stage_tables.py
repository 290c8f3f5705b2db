"""The view of a stage, drawn: for the commands that run one stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.report import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from auditor.cli.terminal import Terminal
    from auditor.stage import Column, Kind, View


def draw(terminal: Terminal, view: View) -> None:
    """Print a view as a table: numbers to the right, a sentence where there is room for it."""
    columns = [column for column in view.columns if _tells(column, view)]
    sentences = [n for n, column in enumerate(columns) if column.kind == "sentence"]
    terminal.table(
        [column.title for column in columns],
        [[_READS[column.kind](row[column.key]) for column in columns] for row in view.rows],
        right=[n for n, column in enumerate(columns) if column.kind not in {"text", "sentence"}],
        sentence=sentences[0] if sentences else None,
    )


def _tells(column: Column, view: View) -> bool:
    return not column.when_several or len({row[column.key] for row in view.rows}) > 1


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _hours(hours: float | None) -> str:
    return wording.UNKNOWN if hours is None else f"{hours:.1f}"


_READS: Mapping[Kind, Callable[[Any], str]] = {
    "text": _text,
    "sentence": _text,
    "count": wording.count,
    "usd": wording.money,
    "percent": wording.percent,
    "hours": _hours,
}

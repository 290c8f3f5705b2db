"""What was read, what it cost and what is kept of it, as people read it on a terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from auditor.report import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.cli.terminal import Terminal
    from auditor.ingest.rejects import RejectedRecord, Rejects
    from auditor.pricing.bills import BillRow, Reconciliation
    from auditor.pricing.savings import Saving
    from auditor.pricing.spend import SpendRow
    from auditor.privacy.deletion import Forgotten
    from auditor.readers.registry import Format

_BAR = 12
_EXACT_BELOW = 10_000
_EXCERPT = 160
_IN_ORDER = ("day", "hour")
"""Dimensions that are read as a course of time: no line of them is left out."""


def readers(terminal: Terminal, formats: Sequence[Format]) -> None:
    """Show the formats that are read."""
    width = max(len(name) for name, _ in formats)
    for name, title in formats:
        terminal.say(f"{name:<{width}}  {title}")


def rejects(terminal: Terminal, found: Rejects) -> None:
    """Show the summary by reason, then the records."""
    if not found.rejects:
        terminal.say("No record was rejected: every one is a call, a duplicate or no call.")
        return
    terminal.table(
        ["reason", "records", "files"],
        [
            [row.reason, wording.count(row.records), wording.count(row.sources)]
            for row in found.reasons
        ],
        right=(1, 2),
    )
    for record in found.records:
        terminal.say()
        terminal.say(f"{_place(record)}: {record.reason}", style="bold")
        if record.detail:
            terminal.say(f"  {record.detail}")
        if record.excerpt:
            terminal.say(f"  | {' '.join(record.excerpt.split())[:_EXCERPT]}", style="dim")
    rest = found.rejects - len(found.records)
    if rest:
        terminal.hint(f"{wording.counted(rest, 'more reject')}: --limit {found.rejects}")


def _place(record: RejectedRecord) -> str:
    path = record.path + (f" ({record.member})" if record.member else "")
    number = f"line {record.line_no:,}" if record.line_no else f"record {record.record_no:,}"
    offset = "" if record.byte_offset is None else f", byte {record.byte_offset:,}"
    return f"{path}, {number}{offset}"


def spend(terminal: Terminal, by: str, rows: Sequence[SpendRow], limit: int) -> None:
    """Show spend by a dimension, with a bar for each share."""
    shown = rows if by in _IN_ORDER else rows[:limit]
    most = max((row.share or 0 for row in rows), default=0)
    mark = "\N{FULL BLOCK}" if terminal.encodes_marks() else "#"
    unknown = "(not categorized)" if by == "category" else "(not logged)"
    columns: dict[str, list[str]] = {
        by: [row.value or unknown for row in shown],
        "calls": [wording.count(row.calls) for row in shown],
        "input": [tokens(row.input_uncached_tokens) for row in shown],
        "cached": [tokens(row.cache_read_tokens) for row in shown],
        "written": [tokens(row.cache_write_tokens) for row in shown],
        "output": [tokens(row.output_tokens) for row in shown],
        "unpriced": [wording.count(row.unpriced_calls) for row in shown],
        "spend": [wording.money(row.spend_usd) for row in shown],
        "share": [wording.percent(row.share) for row in shown],
        "": [mark * round(_BAR * (row.share or 0) / most) if most else "" for row in shown],
    }
    for name, used in (
        ("cached", any(row.cache_read_tokens for row in shown)),
        ("written", any(row.cache_write_tokens for row in shown)),
        ("unpriced", any(row.unpriced_calls for row in shown)),
    ):
        if not used:
            del columns[name]
    _table(terminal, columns, give_up=("written", "cached", ""))
    rest = rows[len(shown) :]
    if rest:
        amount = wording.money(sum(row.spend_usd for row in rest))
        terminal.say(f"and {len(rest):,} more with {amount}: --limit {len(rows)}")
    unpriced = sum(row.unpriced_calls for row in rows)
    if unpriced:
        terminal.warn(f"{wording.counted(unpriced, 'call')} without a price, left out of spend")


def _table(terminal: Terminal, columns: dict[str, list[str]], give_up: Sequence[str]) -> None:
    """Show columns by name; without room for all, those in ``give_up`` are left out, in order."""
    widths = {name: max(map(len, (name, *cells))) + _GAP for name, cells in columns.items()}
    widths[next(iter(columns))] = _NAME_LEAST
    for name in give_up:
        if sum(widths[kept] for kept in columns) > shutil.get_terminal_size().columns:
            columns.pop(name, None)
    rows = list(zip(*columns.values(), strict=True))
    numbers = [n for n, name in enumerate(columns) if n and name not in _WORDS]
    terminal.table(list(columns), rows, right=numbers)


_NAME_LEAST, _GAP = 24, 2
_WORDS = ("", "day")
"""Columns of words, aligned left: the bar, the day beside a model."""


def savings(terminal: Terminal, found: Sequence[Saving]) -> None:
    """Show what could be saved without moving anything, each amount with its rule."""
    terminal.say()
    if not found:
        terminal.say("Nothing to save without moving calls, as far as the log tells.")
        return
    terminal.say("Could be saved before anything moves (estimates that overlap: do not add them)")
    for saving in found:
        terminal.say()
        terminal.say(
            f"{wording.money(saving.saving_usd)}  {saving.title}: "
            f"{wording.counted(saving.calls, 'call')} that cost {wording.money(saving.spend_usd)}",
            style="bold",
        )
        terminal.say(f"  {saving.rule}")
        terminal.say(f"  for example {', '.join(saving.example_call_ids[:3])}", style="dim")


def tokens(number: int | None) -> str:
    """Tokens in few characters: exact below 10,000, else three digits, as in ``1.23 M``."""
    if number is None or number < _EXACT_BELOW:
        return wording.count(number)
    size, unit = next((s, u) for s, u in ((10**9, "G"), (10**6, "M"), (1000, "k")) if number >= s)
    value = number / size
    places = 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004 - three digits
    return f"{value:,.{places}f} {unit}"


def reconciliation(terminal: Terminal, found: Reconciliation, *, by_day: bool) -> None:
    """Show bill and calls side by side, by model or by model and day."""
    rows = found.rows if by_day else found.models()
    with_day = by_day and any(row.day for row in rows)
    columns: dict[str, list[str]] = {
        "model": [row.model or "(all models)" for row in rows],
        "day": [str(row.day or wording.UNKNOWN) for row in rows] if with_day else [],
        "billed": [wording.money(row.billed_usd) for row in rows],
        "computed": [wording.money(row.computed_usd) for row in rows],
        "logged": [wording.money(row.logged_usd) for row in rows],
        "billed tokens": [tokens(row.billed_tokens) for row in rows],
        "in the logs": [tokens(row.tokens) for row in rows],
        "calls": [wording.count(row.calls) for row in rows],
        "coverage": [wording.percent(row.coverage) for row in rows],
    }
    for name, used in (
        ("day", with_day),
        ("billed", any(row.billed_usd is not None for row in rows)),
        ("logged", any(row.logged_usd is not None for row in rows)),
        ("billed tokens", any(row.billed_tokens is not None for row in rows)),
    ):
        if not used:
            del columns[name]
    _table(terminal, columns, give_up=("logged", "calls"))
    terminal.say()
    terminal.say(_coverage(found))
    for row in rows:
        if row.price_ratio is not None and abs(row.price_ratio - 1) >= _NOTED_RATIO:
            terminal.say(_ratio(row))


_NOTED_RATIO = 0.01


def _coverage(found: Reconciliation) -> str:
    if found.tokens is None:
        return f"No call of the models and days on this bill is in the logs ({found.kind})."
    covered = wording.percent(found.coverage, 1)
    if found.billed_usd is not None:
        return (
            f"The logs explain {covered} of the bill: {wording.money(found.computed_usd)} of "
            f"{wording.money(found.billed_usd)} ({found.kind})."
        )
    return (
        f"The logs hold {covered} of the billed tokens: {wording.count(found.tokens)} of "
        f"{wording.count(found.billed_tokens)} ({found.kind})."
    )


def _ratio(row: BillRow) -> str:
    change = wording.percent(abs((row.price_ratio or 0) - 1), 1)
    way = "less" if (row.price_ratio or 0) < 1 else "more"
    return (
        f"{row.model or 'The bill'}: for the same tokens the bill is {change} {way} than computed; "
        "a negotiated price belongs into [prices] of auditor.toml."
    )


def forgotten(terminal: Terminal, gone: Forgotten, subject: str, *, deleted: bool) -> None:
    """Show what was deleted, or would be."""
    terminal.say(f"{'Deleted' if deleted else 'Would delete'} of {subject}:")
    for amount, noun in (
        (gone.calls, "call"), (gone.answers, "answer"), (gone.rejects, "reject"),
    ):  # fmt: skip
        terminal.say(f"  {wording.counted(amount, noun)}")

"""How asking the API again reads: what it would cost, what came of it, and the baseline's noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.report import wording

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.replay.baseline_stage import BaselineResult, Rerun
    from auditor.store.store import Store


def proposal(due: Rerun, address: str) -> list[str]:
    """Return what would be sent, to whom and for how much, and what is left out, in lines."""
    lines = []
    if due.calls:
        models = ", ".join(f"{count:,} of {model}" for model, count in due.models.items())
        cost = f"about {wording.money(due.usd)}" if due.usd else "an unknown amount"
        if due.usd and due.unpriced:
            cost += f", and {wording.counted(due.unpriced, 'call')} without a price"
        lines = [
            f"To ask again: {wording.counted(len(due.calls), 'call')} ({models}), for {cost}.",
            "That is what their logged tokens cost without discounts for caches and batches.",
            f"The logged prompts, masked as in the database, are sent to {address}.",
            "The key is that of ANTHROPIC_API_KEY.",
        ]
    else:
        lines = ["No drawn call is left to ask the API again."]
    return lines + [
        f"Left out: {wording.counted(calls, 'call')} {reason}."
        for reason, calls in due.left_out.items()
    ]


def asked(terminal: Terminal, result: BaselineResult) -> None:
    """Show how many calls were asked again."""
    terminal.say(
        f"Asked again: {wording.counted(result.rows_written, 'call')}"
        + (f", {result.failed:,} without a usable answer" if result.failed else "")
    )


def noise_rows(store: Store) -> list[dict[str, Any]]:
    """Return the noise of the baseline by category; empty where nothing was asked again."""
    return store.dicts("SELECT * EXCLUDE (spend_rank) FROM v_baseline_noise ORDER BY spend_rank")


def noise(terminal: Terminal, store: Store) -> None:
    """Show how much the API model differs from itself, where it was asked again."""
    rows = noise_rows(store)
    if not rows:
        return
    terminal.say()
    terminal.say("The API against itself, asked again:")
    terminal.table(
        ["category", "calls", "logged passes", "again passes", "verdict differs"],
        [
            [
                row["name"],
                wording.count(row["calls"]),
                wording.percent(row["logged_rate"]),
                wording.percent(row["rerun_rate"]),
                wording.percent(row["differing"]),
            ]
            for row in rows
        ],
        right=(1, 2, 3, 4),
    )

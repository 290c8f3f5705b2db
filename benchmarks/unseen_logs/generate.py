"""Write six logs of trades that the search for categories was not tuned on, with their truth.

    python benchmarks/unseen_logs/generate.py OUT

OUT gets TRADE.jsonl and TRADE.truth.jsonl (one object per call: id of the log line, category) for
law, health, games, banking, school and travel. The logs are synthetic, every text was written for
this project, and the same program writes the same bytes. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

from envelopes import record
from task import Exchange, Task, exchanges
from trades import banking, games, health, law, school, travel
from writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CALLS = 1500
DAYS = 30
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
TRADES = {
    "law": law, "health": health, "games": games,
    "banking": banking, "school": school, "travel": travel,
}  # fmt: skip


def calls(name: str, tasks: Sequence[Task], words: Mapping[str, Sequence[str]]) -> list[Exchange]:
    """`CALLS` exchanges of a trade in order of time."""
    writer = Writer(f"unseen-{name}", words)
    weights = [task.weight for task in tasks]
    made: list[Exchange] = []
    while len(made) < CALLS:
        task = writer.rng.choices(tasks, weights)[0]
        made.extend(exchanges(task, writer, len(made) / CALLS))
    return made[:CALLS]


def write(name: str, out: Path) -> None:
    """Write one log and its truth."""
    trade = TRADES[name]
    made = calls(name, trade.TASKS, trade.WORDS)
    rng = Writer(f"unseen-{name}-envelope", {}).rng
    step = timedelta(days=DAYS) / CALLS
    log, truth = [], []
    for number, exchange in enumerate(made):
        line = record(exchange, rng, BEGIN + step * number)
        log.append(json.dumps(line, ensure_ascii=False))
        truth.append(json.dumps({"id": line["id"], "category": exchange.task.name}))
    (out / f"{name}.jsonl").write_text("\n".join(log) + "\n", encoding="utf-8")
    (out / f"{name}.truth.jsonl").write_text("\n".join(truth) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--trade", choices=TRADES, action="append", help="only this one; repeats")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.trade or TRADES:
        write(name, arguments.out)
        print(f"{arguments.out / name}.jsonl: {CALLS:,} calls")


if __name__ == "__main__":
    main()

"""Do the categories hold on logs that nobody tuned for? One line a log, then every mixed category.

    python benchmarks/categories_unseen.py LOG...

Each LOG has its truth beside it, NAME.truth.jsonl for NAME.jsonl: one object per call with the `id`
of the log line or of the response, and its `category` or `task`; calls that are absent or "unknown"
there are not scored. A folder stands for all logs in it. Every log goes the whole way, from the
file to the category.

To mix two tasks is worse than to cut one in two: a mixed category spoils the verdict of both, a cut
one costs replays. So the score, `ARI - over-merged share`, counts over-merging twice: once in the
adjusted Rand index, and once more.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from categories_measures import weighted_ari
from sklearn.metrics import adjusted_rand_score

from auditor.categories import stage as categorize
from auditor.ingest import stage as ingest
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

MOST_OVER_MERGED = 0.02  # of the spend of a log, by one category
LEAST_ARI = 0.90


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The calls of one log: true task, found category (its name) and dollars of each."""

    truth: Sequence[str]
    found: Sequence[str]
    spend: NDArray[np.float64]

    @property
    def ari(self) -> float:
        """Adjusted Rand index, a call counting one."""
        return float(adjusted_rand_score(self.truth, self.found))

    @property
    def ari_by_spend(self) -> float:
        """Adjusted Rand index, a call counting its dollars."""
        return weighted_ari(self.truth, self.found, self.spend)

    def cells(self, kind: Sequence[str], by: Sequence[str]) -> dict[str, Counter[str]]:
        """Dollars of every `kind` by every `by`."""
        out: dict[str, Counter[str]] = defaultdict(Counter)
        for one, two, usd in zip(kind, by, self.spend, strict=True):
            out[one][two] += usd
        return out

    @property
    def over_merged(self) -> dict[str, float]:
        """For each category, the share of all spend in it that is not of its main task."""
        total = float(self.spend.sum())
        return {
            name: (sum(tasks.values()) - max(tasks.values())) / total
            for name, tasks in self.cells(self.found, self.truth).items()
        }


def read_truth(path: Path) -> dict[str, str]:
    """The task of each call by its id in the log."""
    out = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            task = entry.get("task", entry.get("category"))
            if task != "unknown":
                out[entry["id"]] = task
    return out


def score(log: Path) -> Scored:
    """Ingest and categorize one log, and put the truth beside it; a call without a price counts 0.

    Where no call has a price each counts one.
    """
    truth = read_truth(log.with_name(f"{log.name.removesuffix('.jsonl')}.truth.jsonl"))
    with Store.open() as store:
        ingest.run(store, [str(log)], ingest.IngestSettings())
        categorize.run(store, categorize.CategorizeSettings())
        rows = store.rows(
            "SELECT log_id, provider_response_id, c.name, coalesce(cost_usd, 0)::DOUBLE"
            " FROM call_categories JOIN categories c USING (category_id)"
            " JOIN calls USING (call_id) ORDER BY call_id"
        )
    rows = [
        (truth.get(log_id) or truth[response_id], name, usd)
        for log_id, response_id, name, usd in rows
        if log_id in truth or response_id in truth
    ]
    spend = np.array([row[2] for row in rows])
    return Scored(
        truth=[row[0] for row in rows],
        found=[row[1] for row in rows],
        spend=spend if spend.any() else np.ones(len(rows)),
    )


def logs(paths: Iterable[Path]) -> list[Path]:
    """The logs among some files and folders: those with a truth file beside them."""
    out = []
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        out.extend(f for f in files if not f.name.endswith(".truth.jsonl"))
    return out


def report(name: str, scored: Scored, *, names: bool) -> bool:
    """Print the figures of one log; returns whether it holds what is promised."""
    mixed = {name: share for name, share in scored.over_merged.items() if share > 0}
    worst = max(mixed.values(), default=0.0)
    total = sum(mixed.values())
    holds = scored.ari >= LEAST_ARI and worst <= MOST_OVER_MERGED
    print(
        f"{name:24s} ARI {scored.ari:.3f}  by spend {scored.ari_by_spend:.3f}  over-merged"
        f" {total:6.2%} (worst category {worst:6.2%})  score {scored.ari - total:.3f}"
        f"  {len(set(scored.found))} categories of {len(set(scored.truth))} tasks"
        f"  {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    by_category = scored.cells(scored.found, scored.truth)
    for title, share in sorted(mixed.items(), key=lambda item: -item[1]):
        tasks = ", ".join(f"{task} ${usd:.4f}" for task, usd in by_category[title].most_common(6))
        print(f"    mixed {share:6.2%}  {title}: {tasks}")
    for task, found in sorted(scored.cells(scored.truth, scored.found).items()):
        if len(found) > 1 or names:
            print(f"    {task}: {' | '.join(f'{t} ${usd:.4f}' for t, usd in found.most_common(8))}")
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("logs", nargs="+", type=Path, metavar="LOG")
    parser.add_argument("--names", action="store_true", help="print the names of every task")
    arguments = parser.parse_args()
    held = [
        report(log.name.removesuffix(".jsonl"), score(log), names=arguments.names)
        for log in logs(arguments.logs)
    ]
    print(f"{sum(held)} of {len(held)} logs hold")
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()

"""Audits a planted log many times and measures what the audit promises.

    python benchmarks/planted_truth.py [--seeds 200] [--samples 150 200 300]

Each audit draws, replays, grades and decides anew; the seed chooses the draws and which answers
of the local model are wrong. Columns: audits with any wrong `move` (promised at most 0.025), with
any wrong "shown worse" (at most 0.025), audits whose headline holds the true movable share of all
spend (at least 0.95), mean low, truth and high. Then, for each task, its true difference and the
share of audits that gave it each verdict.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import planted
import planted_audit

VERDICTS = ("move", "undecided", "keep", "unmeasured")


def measure(log, base, config, seeds, samples):
    audits = [
        planted_audit.audit(log, base, config, seed=seed, samples=samples) for seed in range(seeds)
    ]
    row = (
        fmean(bool(audit.wrong_moves) for audit in audits),
        fmean(bool(audit.wrong_keeps) for audit in audits),
        fmean(audit.covered for audit in audits),
        fmean(audit.low for audit in audits),
        fmean(audit.true_share for audit in audits),
        fmean(audit.high for audit in audits),
    )
    return audits, row


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=200, help="audits per number of draws")
    options.add_argument("--samples", type=int, nargs="+", default=[150, 200, 300])
    chosen = options.parse_args()
    started = time.process_time()
    log = planted.plant()
    tables = {}
    head = ("wrong move", "wrong worse", "coverage", "low", "truth", "high")
    with tempfile.TemporaryDirectory() as folder:
        base, config = planted_audit.prepare(log, Path(folder))
        print(f"{'draws':>6}{'audits':>8}" + "".join(f"{name:>13}" for name in head))
        for samples in chosen.samples:
            tables[samples], row = measure(log, base, config, chosen.seeds, samples)
            print(f"{samples:>6}{chosen.seeds:>8}" + "".join(f"{value:>13.3f}" for value in row))
    for samples, audits in tables.items():
        print(f"\n{samples} draws{'difference':>24}" + "".join(f"{name:>12}" for name in VERDICTS))
        for task in log.tasks:
            said = Counter(audit.verdicts[task.name] for audit in audits)
            true = fmean(float(audit.differences[task.name]) for audit in audits)
            shares = "".join(f"{said[verdict] / len(audits):>12.3f}" for verdict in VERDICTS)
            print(f"{task.name:<20}{true:>14.3f}{shares}")
    print(f"\n{time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()

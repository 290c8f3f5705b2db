"""Simulates whole portfolios and measures what the decision procedure promises.

    python benchmarks/decision_simulation.py [--reps 10000] [--logs 100] [--failures]

First table: twelve categories with Zipf spend, 20 % of the spend never replayed, true
differences and discordances as named. Columns: probability of any wrong `move` and of any wrong
"worse" (each promised at most 0.025), coverage of [low, high] for the true movable share
whatever the unreplayed part is (promised at least 0.95), mean low, high and truth, share of the
truly movable spend that is found (power), share of the truly worse spend that is found.

Second table: the whole path of a finished audit, from logs with planted answers and costs
through the draw (calls drawn again, heavy conversations) to verdicts.

``--failures``: one category at the margin, where a server fails a share of the local answers: at
random, or twice as often where the model would pass or fail. Columns: probability of a wrong `move`
(truth just beyond the margin) and of a wrong "worse" (truth at the margin), each promised at most
0.025; the same where failures count as fails of the model, and where they are left out of the
pairs; the share of equal tasks that move, and of tasks 20 points worse that are shown worse.
"""

import argparse
import time
from decimal import Decimal
from functools import partial

import numpy as np

from auditor.decision.evidence import Evidence, bounds
from auditor.decision.procedure import Counts, decide_many
from auditor.decision.verdicts import decide
from auditor.domain import Verdict
from auditor.replay.draw import draw

MARGIN = 0.05
CATEGORIES = 12
SPEND = 1 / np.arange(1, CATEGORIES + 1) ** 1.1
SPEND *= 0.8 / SPEND.sum()
UNREPLAYED = 0.2

# (difference, discordance) of the truths a category may have, drawn anew for each portfolio.
MIXED = [
    (0.0, 0.05), (0.0, 0.08), (0.02, 0.05), (-0.02, 0.06), (-0.0501, 0.08), (-0.0501, 0.12),
    (-0.10, 0.14), (-0.20, 0.25), (-0.35, 0.40),
]  # fmt: skip
SCENARIOS = {
    "mixed": MIXED,
    "just not movable, low discordance": [(-0.0501, 0.0501)],
    "just not movable, medium": [(-0.0501, 0.12)],
    "just not movable, high": [(-0.0501, 0.40)],
    "just movable, low discordance": [(-0.05, 0.05)],
    "just movable, high": [(-0.05, 0.40)],
    "all equal": [(0.0, 0.02), (0.0, 0.05)],
    "all far worse": [(-0.2, 0.25), (-0.35, 0.4)],
}


def portfolios(mix, n, reps, rng):
    """True differences (reps, categories) and the counts drawn from them."""
    truth = np.array(mix)[rng.integers(0, len(mix), (reps, CATEGORIES))]
    difference, psi = truth[..., 0], truth[..., 1]
    discordant = rng.binomial(n, psi)
    gains = rng.binomial(discordant, np.clip((psi + difference) / (2 * psi), 0, 1))
    return difference, Counts(gains=gains, losses=discordant - gains, pairs=n)


def simulate(reps):
    rng = np.random.default_rng(20)
    head = ("wrong move", "wrong worse", "coverage", "low", "high", "truth", "power", "worse found")
    print(f"{'truths':36}{'n':>5}" + "".join(f"{name:>12}" for name in head))
    for (name, mix), n in [(item, n) for item in SCENARIOS.items() for n in (60, 150, 300)]:
        difference, counts = portfolios(mix, n, reps, rng)
        found = decide_many(counts, eligible=SPEND, margin=MARGIN)
        low, high = found.low * SPEND.sum(), found.high * SPEND.sum() + UNREPLAYED
        movable = difference >= -MARGIN
        truth = (SPEND * movable).sum(axis=1)
        covered = (low <= truth + 1e-9) & (truth + UNREPLAYED <= high + 1e-9)
        row = (
            (found.move & ~movable).any(axis=1).mean(),
            (found.worse & movable).any(axis=1).mean(),
            covered.mean(),
            low.mean(),
            high.mean(),
            truth.mean(),
            share(found.move & movable, movable),
            share(found.worse & ~movable, ~movable),
        )
        print(f"{name:36}{n:>5}" + "".join(f"{value:>12.3f}" for value in row))


def share(found, among):
    """Spend found, of the spend there is; not a number where there is none."""
    there = (SPEND * among).sum()
    return (SPEND * found).sum() / there if there else float("nan")


def planted_log(rng, calls, difference, psi):
    """Conversations, costs and outcomes whose dollars differ by exactly the planted truth."""
    units = np.sort(rng.integers(0, max(calls // 3, 1), calls))
    cost = np.round(np.exp(rng.normal(-5, 1.0, calls)), 9)
    order = rng.permutation(calls)
    reached = np.cumsum(cost[order]) / cost.sum()
    losses, gains = (psi - difference) / 2, (psi + difference) / 2
    outcome = np.zeros(calls, dtype=int)
    outcome[order[reached <= losses]] = -1
    outcome[order[(reached > losses) & (reached <= losses + gains)]] = 1
    return units, cost, outcome


def audit(seed, calls, n):
    """One portfolio from planted logs to verdicts; returns the truths and the portfolio."""
    rng = np.random.default_rng(seed)
    truths, evidence = {}, []
    for number in range(CATEGORIES):
        planted = MIXED[rng.integers(len(MIXED))]
        units, cost, outcome = planted_log(rng, calls, *planted)
        name, scale = f"c{number}", SPEND[number] / cost.sum()
        truths[name] = float((cost * outcome).sum() / cost.sum())
        prices = [Decimal(str(round(value, 9))) for value in cost * scale * 1000]
        drawn = draw(
            [f"u{unit}" for unit in units],
            [str(call) for call in range(calls)],
            prices,
            seed=seed,
            stream=name,
            stop=n,
        )
        results = outcome[[int(d.call_id) for d in drawn.draws]]
        evidence.append(
            Evidence(
                category_id=name,
                eligible_usd=sum(prices),
                baseline_passed=(results <= 0).tolist(),
                local_passed=(results >= 0).tolist(),
                units=[d.unit_id for d in drawn.draws],
                unit_shares=[d.unit_share for d in drawn.draws],
                calls=[d.call_id for d in drawn.draws],
            )
        )
    evidence.append(Evidence(category_id="rest", eligible_usd=Decimal(200)))
    return truths, decide(evidence, margin=MARGIN)


def simulate_logs(logs):
    print(f"\n{'calls per category':36}{'n':>5}{'wrong move':>12}{'coverage':>12}{'low':>12}"
          f"{'high':>12}{'truth':>12}{'mean deff':>12}")  # fmt: skip
    for calls, n in [(250, 150), (3000, 150), (3000, 300)]:
        rows = []
        for seed in range(logs):
            truths, portfolio = audit(seed, calls, n)
            usd = {name: float(pick.eligible_usd) for name, pick in portfolio.picks.items()}
            total = sum(usd.values())
            movable = {name for name, truth in truths.items() if truth >= -MARGIN}
            truth = sum(usd[name] for name in movable) / total
            moved = {k for k, p in portfolio.picks.items() if p.verdict is Verdict.MOVE}
            high_truth = truth + usd["rest"] / total
            covered = portfolio.low <= truth + 1e-9 and high_truth <= portfolio.high + 1e-9
            deff = np.mean([p.design_effect for p in portfolio.decisions[:-1]])
            rows.append(
                (bool(moved - movable), covered, portfolio.low, portfolio.high, truth, deff)
            )
        means = "".join(f"{value:>12.3f}" for value in np.mean(np.array(rows, float), axis=0))
        print(f"{calls:<36}{n:>5}{means}")


def failing_server(rng, difference, psi, shape, *, share, where):
    """Outcomes of ``shape``, local ones that the server failed NaN, ``share`` of them in all."""
    kinds = [(psi - difference) / 2, 1 - psi, (psi + difference) / 2]
    kind = rng.choice(3, p=kinds, size=shape)
    both = rng.random(shape) < 0.9
    baseline = np.where(kind == 1, both, kind == 0).astype(float)
    local = np.where(kind == 1, both, kind == 2).astype(float)
    odds = {"random": (1, 1), "passes": (1, 2), "fails": (2, 1)}[where]
    weight = np.where(local == 0, *odds)
    lost = rng.random(shape) < share * weight / weight.mean()
    return baseline, np.where(lost, np.nan, local)


def counts_of(difference):
    """Counts over draws; NaN is no pair."""
    return Counts(
        gains=(difference > 0).sum(axis=1, keepdims=True),
        losses=(difference < 0).sum(axis=1, keepdims=True),
        pairs=(~np.isnan(difference)).sum(axis=1, keepdims=True),
    )


def claims(least, most):
    """The shares of repetitions that claim "no worse" and "worse"."""
    found = decide_many(counts_of(least), most=counts_of(most), eligible=1.0, margin=MARGIN)
    return found.move.mean(), found.worse.mean()


def simulate_failures(reps, n=300, psi=0.12):
    rng = np.random.default_rng(20)
    head = ("move", "worse", "worse, blamed", "move, left out", "worse, left out", "equal moves",
            "worse found")  # fmt: skip
    print(f"{'failed':<8}{'where the model':<18}" + "".join(f"{name:>16}" for name in head))
    for share in (0.0, 0.01, 0.02, 0.05, 0.1, 0.3):
        for where in ("random", "passes", "fails"):
            of = partial(failing_server, rng, shape=(reps, n), share=share, where=where)
            baseline, local = of(-0.0501, psi)
            moved, _ = claims(*bounds(baseline, local))
            moved_without, _ = claims(*[local - baseline] * 2)
            baseline, local = of(-0.05, psi)
            _, kept = claims(*bounds(baseline, local))
            _, kept_without = claims(*[local - baseline] * 2)
            _, blamed = claims(*[np.nan_to_num(local, nan=0.0) - baseline] * 2)
            equal, _ = claims(*bounds(*of(0, psi / 3)))
            _, found = claims(*bounds(*of(-0.2, 0.25)))
            row = (moved, kept, blamed, moved_without, kept_without, equal, found)
            print(f"{share:<8}{where:<18}" + "".join(f"{value:>16.3f}" for value in row))


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--reps", type=int, default=10_000, help="portfolios per row")
    options.add_argument("--logs", type=int, default=100, help="planted audits per row")
    options.add_argument("--failures", action="store_true", help="the third table alone")
    chosen = options.parse_args()
    started = time.perf_counter()
    if chosen.failures:
        simulate_failures(chosen.reps)
    else:
        simulate(chosen.reps)
        simulate_logs(chosen.logs)
    print(f"\n{time.perf_counter() - started:.0f} s")

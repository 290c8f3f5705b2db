"""Draws: prefix, determinism, unbiasedness, and what happens without a price."""

import random
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.replay.draw import draw

DOLLAR = Decimal(1)
UNITS = ["a", "a", "b", "c", "c", "c"]
CALLS = ["a1", "a2", "b1", "c1", "c2", "c3"]
PINNED = ["b1", "a2", "b1", "b1", "a2", "a2", "a2", "c3", "c2", "b1", "c2", "a1"]
COSTS = [Decimal(x) for x in ("0.1", "0.3", "0.2", "0.05", "0.25", "0.1")]


def drawn(stop=200, *, start=0, seed=7, stream="triage", frame=(UNITS, CALLS, COSTS)):
    return draw(*frame, seed=seed, stream=stream, start=start, stop=stop)


@given(st.integers(0, 60), st.integers(0, 60))
def test_every_look_is_a_prefix_of_one_sequence(first, more):
    whole = drawn(first + more).draws
    assert drawn(first).draws + drawn(first + more, start=first).draws == whole
    assert [d.draw_no for d in whole] == list(range(first + more))


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(shuffler):
    rows = list(zip(UNITS, CALLS, COSTS, strict=True))
    shuffler.shuffle(rows)
    assert drawn(50, frame=tuple(zip(*rows, strict=True))) == drawn(50)


def test_draws_are_pinned_across_machines_and_releases():
    assert [d.call_id for d in drawn(12).draws] == PINNED


def test_seed_and_stream_change_the_sequence():
    first = [d.call_id for d in drawn().draws]
    assert first != [d.call_id for d in drawn(seed=8).draws]
    assert first != [d.call_id for d in drawn(stream="triage2").draws]


def test_calls_come_in_proportion_to_cost():
    n = 20_000
    counts = Counter(d.call_id for d in drawn(n).draws)
    for call, cost in zip(CALLS, COSTS, strict=True):
        expected = float(cost)  # the costs sum to 1
        assert counts[call] / n == pytest.approx(expected, abs=4 * (0.25 / n) ** 0.5)


def test_draws_are_independent():
    """No draw says anything about the next one: lag-one pairs hit the product of the shares."""
    units = [d.unit_id for d in drawn(20_000).draws]
    pairs = Counter(pairwise(units))
    share = {"a": 0.4, "b": 0.2, "c": 0.4}
    for first, second in [(x, y) for x in share for y in share]:
        assert pairs[first, second] / 20_000 == pytest.approx(
            share[first] * share[second], abs=0.014
        )


def test_the_plain_mean_of_draws_is_the_pass_rate_of_dollars():
    """Long calls cost more and fail more: calls pass at 0.9, dollars far less."""
    rng = np.random.default_rng(3)
    cost = np.exp(rng.normal(-6, 1.2, 2000))
    passed = rng.random(2000) < 1 / (1 + (cost / 0.02) ** 1.5)
    dollars = (cost * passed).sum() / cost.sum()
    frame = (
        [f"u{i // 3}" for i in range(2000)],
        [f"c{i}" for i in range(2000)],
        [Decimal(str(round(c, 9))) for c in cost],
    )
    means = []
    for seed in range(60):
        picks = draw(*frame, seed=seed, stream="x", stop=100).draws
        means.append(np.mean([passed[int(d.call_id[1:])] for d in picks]))
    assert passed.mean() - dollars > 0.05
    assert np.mean(means) == pytest.approx(dollars, abs=4 * (0.25 / 6000) ** 0.5)
    # Independent draws of 0/1 values: binomial spread, neither more nor less.
    assert np.var(means) == pytest.approx(dollars * (1 - dollars) / 100, rel=0.5)


def test_free_calls_are_never_drawn_beside_ones_that_cost():
    costs = [Decimal(0), Decimal(0), *COSTS[2:]]
    result = drawn(500, frame=(UNITS, CALLS, costs))
    assert result.by_spend
    assert result.spend_usd == sum(COSTS[2:])
    assert not {"a1", "a2"} & {d.call_id for d in result.draws}


def test_without_spend_all_calls_are_drawn_alike_and_it_says_so():
    result = drawn(6000, frame=(UNITS, CALLS, [Decimal(0)] * 6))
    counts = Counter(d.call_id for d in result.draws)
    assert not result.by_spend
    assert set(counts) == set(CALLS)
    assert min(counts.values()) > 900


def test_a_vanishing_share_takes_no_draw_from_the_rest():
    """Billionths beside thousands of dollars: no rounding swallows the small ones."""
    frame = (["big", "small"], ["b", "s"], [Decimal(1000), Decimal("0.000000001")])
    assert {d.call_id for d in drawn(50, frame=frame).draws} == {"b"}


def test_ids_may_be_any_text():
    frame = (["é", "\ud800", "a:1", ""], ["1", "2", "3", "4"], [DOLLAR] * 4)
    assert len({d.unit_id for d in drawn(100, frame=frame).draws}) == 4


@pytest.mark.parametrize(
    ("frame", "kwargs"),
    [
        ((["a"], ["1", "2"], [DOLLAR, DOLLAR]), {}),
        (([], [], []), {}),
        ((["a", "b"], ["1", "1"], [DOLLAR, DOLLAR]), {}),
        ((["a"], ["1"], [Decimal(-1)]), {}),
        ((["a"], ["1"], [DOLLAR]), {"start": 5, "stop": 3}),
    ],
)
def test_what_cannot_be_drawn_is_refused(frame, kwargs):
    with pytest.raises(ValueError):
        draw(*frame, seed=1, stream="s", **{"stop": 3, **kwargs})


def test_a_large_log_is_drawn_at_once():
    rng = random.Random(2)
    rows = range(50_000)
    frame = (
        [f"u{rng.randrange(9000)}" for _ in rows],
        [f"c{i}" for i in rows],
        [Decimal(rng.randrange(1, 10**7)).scaleb(-9) for _ in rows],
    )
    picks = drawn(300, frame=frame).draws
    assert len(picks) == 300
    assert {frame[0][int(d.call_id[1:])] == d.unit_id for d in picks} == {True}

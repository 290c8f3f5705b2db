"""The decision procedure: rules one by one, and its promises over simulated portfolios."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decision.evidence import bounds
from auditor.decision.procedure import Counts, decide_many

LEVEL = 0.025
GOOD, BAD, OPEN = (1, 0, 200), (0, 60, 200), (4, 9, 200)


def portfolio(*rows, **kwargs):
    gains, losses, pairs = np.array(rows).T
    kwargs.setdefault("eligible", np.ones(len(rows)))
    return decide_many(Counts(gains=gains, losses=losses, pairs=pairs), **kwargs)


def test_clear_cases():
    found = portfolio(GOOD, BAD, OPEN, (0, 0, 0), eligible=[4.0, 3.0, 2.0, 1.0])
    assert found.move.tolist() == found.not_worse.tolist() == [[True, False, False, False]]
    assert found.worse.tolist() == [[False, True, False, False]]
    assert found.low[0] == pytest.approx(0.4)
    assert found.high[0] == pytest.approx(0.7)  # open and unmeasured stay possible
    assert np.isnan(found.adjusted_not_worse[0, 3])


def test_ineligible_spend_counts_against_the_high_end_only():
    found = portfolio(GOOD, OPEN, eligible=[4.0, 2.0], ineligible=[1.0, 3.0])
    assert (found.low[0], found.high[0]) == pytest.approx((0.4, 0.6))


def test_form_alone_earns_nothing_but_can_cost():
    found = portfolio(GOOD, BAD, form_only=[True, True], eligible=[1.0, 1.0])
    assert found.not_worse[0].tolist() == [True, False]
    assert not found.move.any()
    assert (found.low[0], found.high[0]) == (0.0, 0.5)


def test_the_floor_is_a_second_gate_that_leaves_the_test_alone():
    found = portfolio(GOOD, GOOD, p_floor=[0.001, 0.2])
    assert found.not_worse.all()
    assert found.move.tolist() == [[True, False]]


def test_what_nobody_graded_stays_in_the_family_and_shows_nothing():
    alone = portfolio(GOOD)
    beside = portfolio(GOOD, (0, 200, 200), most=Counts(gains=[1, 200], losses=[0, 0], pairs=200))
    assert beside.adjusted_not_worse[0, 0] == pytest.approx(2 * alone.adjusted_not_worse[0, 0])
    assert beside.adjusted_not_worse[0, 1] == 1
    assert not beside.not_worse[0, 1]
    assert not beside.worse[0, 1]


def test_what_could_not_be_graded_weakens_either_claim():
    graded = portfolio((2, 0, 300), (0, 40, 300))
    assert graded.move[0, 0]
    assert graded.worse[0, 1]
    lost = Counts(gains=[0, 0], losses=[12, 40], pairs=300)
    gained = Counts(gains=[2, 12], losses=[0, 30], pairs=300)
    found = decide_many(lost, most=gained, eligible=[1.0, 1.0])
    assert not found.move.any()
    assert not found.worse.any()
    assert (found.p_not_worse[0, 0], found.p_worse[0, 1]) > (
        graded.p_not_worse[0, 0],
        graded.p_worse[0, 1],
    )
    assert (found.low[0], found.high[0]) == (0, 1)


def drawn(rng, difference, failing, *, reps=1000, n=300, psi=0.12, more_often=1.0):
    """Outcomes (reps, n) of one test, local ones that failed through no fault of the model NaN.

    Where the local answer would fail, the server fails ``more_often`` times as often.
    """
    kind = rng.choice(
        3, p=[(psi - difference) / 2, 1 - psi, (psi + difference) / 2], size=(reps, n)
    )
    both = rng.random((reps, n)) < 0.9
    baseline = np.where(kind == 1, both, kind == 0).astype(float)
    local = np.where(kind == 1, both, kind == 2).astype(float)
    share = np.where(local == 0, failing * more_often, failing)
    return baseline, np.where(rng.random((reps, n)) < share, np.nan, local)


def claims(baseline, local, bounds=bounds):
    """The shares of repetitions that claim "no worse" and "worse"."""
    least, most = bounds(baseline, local)
    counts = [
        Counts(
            gains=(side > 0).sum(axis=1, keepdims=True),
            losses=(side < 0).sum(axis=1, keepdims=True),
            pairs=np.full((len(side), 1), side.shape[1]),
        )
        for side in (least, most)
    ]
    found = decide_many(counts[0], most=counts[1], eligible=1.0)
    return found.move.mean(), found.worse.mean()


@pytest.mark.parametrize("failing", [0.02, 0.3])
@pytest.mark.parametrize("more_often", [0.0, 1.0, 1.9])
def test_a_failing_server_shows_nothing_falsely_whichever_answers_it_loses(failing, more_often):
    rng = np.random.default_rng(12)
    noise = 3 * np.sqrt(LEVEL * (1 - LEVEL) / 1000)
    moved, _ = claims(*drawn(rng, -0.0501, failing, more_often=more_often))
    assert moved <= LEVEL + noise
    _, kept = claims(*drawn(rng, -0.05, failing, more_often=more_often))
    assert kept <= LEVEL + noise


def test_failures_taken_for_fails_of_the_model_would_show_it_worse():
    rng = np.random.default_rng(12)
    baseline, local = drawn(rng, 0.0, 0.2)

    def blamed(baseline, local):
        difference = np.nan_to_num(local, nan=0.0) - baseline
        return difference, difference

    assert claims(baseline, local, blamed)[1] > 0.9
    assert claims(baseline, local) == (0, 0)


def test_few_failures_leave_clear_cases_clear_and_nothing_but_failures_shows_nothing():
    rng = np.random.default_rng(12)
    assert claims(*drawn(rng, 0.04, 0.01, reps=100))[0] > 0.9
    assert claims(*drawn(rng, -0.2, 0.05, reps=100, psi=0.25))[1] > 0.9
    baseline, local = drawn(rng, 0.0, 0.0, reps=10)
    assert claims(baseline, np.full_like(local, np.nan)) == (0, 0)
    assert claims(np.full_like(baseline, np.nan), local) == (0, 0)


def test_started_categories_without_pairs_cost_power_but_unstarted_ones_do_not():
    p = portfolio(GOOD).p_not_worse[0, 0]
    assert portfolio(GOOD, (0, 0, 0)).adjusted_not_worse[0, 0] == p
    started = portfolio(GOOD, (0, 0, 0), started=[True, True])
    assert started.adjusted_not_worse[0, 0] == pytest.approx(2 * p)


def live(row, **kwargs):
    gains, losses, pairs = row
    return portfolio(
        BAD,
        live=Counts(gains=[gains], losses=[losses], pairs=[pairs]),
        **{"live_tested": [True], "live_rate": [0.6], **kwargs},
    )


def test_fallback_needs_evidence_on_the_answers_that_pass_the_check():
    assert live((0, 0, 140)).fallback.all()
    assert not live((0, 12, 140)).fallback.any()
    assert not live((0, 0, 60)).fallback.any()


def test_fallback_stands_beside_the_low_end_and_leaves_the_high_end():
    found = live((0, 0, 140))
    assert found.fallback_share[0] == pytest.approx(0.6)
    assert found.low[0] == 0
    assert found.high[0] == 0


def test_fallback_needs_a_live_check_and_a_criterion_about_content():
    assert not live((0, 0, 140), live_tested=[False]).fallback.any()
    assert not live((0, 0, 140), form_only=[True]).fallback.any()


def test_moves_and_fallbacks_share_one_budget():
    checked = Counts(gains=[0, 0], losses=[0, 0], pairs=[0, 140])
    found = portfolio(GOOD, BAD, live=checked, live_tested=[False, True], live_rate=0.5)
    assert found.adjusted_not_worse[0, 0] == pytest.approx(3 * found.p_not_worse[0, 0])


def test_a_category_moves_when_one_of_its_candidates_does():
    found = portfolio(BAD, GOOD, BAD, category=[0, 0, 1], eligible=[6.0, 5.0, 3.0],
                      ineligible=[0.0, 1.0, 1.0])  # fmt: skip
    assert found.low[0] == pytest.approx(0.5)
    assert found.high[0] == pytest.approx(0.5)


def test_a_category_is_ruled_out_only_when_every_candidate_is():
    assert portfolio(BAD, OPEN, category=[0, 0]).high[0] == 1
    assert portfolio(BAD, BAD, category=[0, 0]).high[0] == 0


def test_no_spend_gives_no_share():
    assert np.isnan(portfolio(GOOD, eligible=[0.0]).low[0])


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(60, 150)),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
@settings(max_examples=30, deadline=None)
def test_the_headline_is_an_interval_and_rows_do_not_meddle(rows, data):
    spend = data.draw(st.lists(st.floats(0.1, 9), min_size=len(rows), max_size=len(rows)))
    found = portfolio(*rows, eligible=spend)
    assert 0 <= found.low[0] <= found.high[0] + 1e-12 <= 1 + 1e-9
    assert not (found.not_worse & found.worse).any()
    gains, losses, pairs = np.array(rows).T
    twice = decide_many(
        Counts(gains=np.stack([gains, gains]), losses=np.stack([losses, losses]), pairs=pairs),
        eligible=spend,
    )
    assert (twice.move == found.move).all()
    assert twice.low == pytest.approx(np.repeat(found.low, 2))


def simulate(differences, psi, n, reps, seed):
    """Counts of shape (reps, tests) for true differences and discordances."""
    rng = np.random.default_rng(seed)
    differences, psi = np.broadcast_arrays(np.asarray(differences, float), psi)
    discordant = rng.binomial(n, psi, (reps, differences.shape[-1]))
    gains = rng.binomial(discordant, (psi + differences) / (2 * psi))
    return Counts(gains=gains, losses=discordant - gains, pairs=n)


SPEND = 1 / np.arange(1, 13) ** 1.1


@pytest.mark.parametrize("psi", [0.05, 0.08, 0.12, 0.3])
@pytest.mark.parametrize("n", [60, 150, 300])
def test_any_wrong_claim_is_rare_when_every_truth_sits_on_the_boundary(n, psi):
    """Twelve categories at exactly -margin, where both wrong claims are likeliest."""
    reps = 4000
    found = decide_many(simulate(np.full(12, -0.05), psi, n, reps, seed=1), eligible=SPEND)
    allowed = LEVEL + 3 * (LEVEL / reps) ** 0.5
    assert found.not_worse.any(axis=1).mean() <= allowed
    assert found.worse.any(axis=1).mean() <= allowed


def test_the_headline_covers_the_truth_whatever_the_unmeasured_are():
    differences = np.array([0, 0.02, -0.02, -0.05, -0.06, 0, -0.1, -0.2, 0, -0.35, -0.05, 0])
    psi = np.array([0.05, 0.05, 0.06, 0.08, 0.12, 0.1, 0.14, 0.25, 0.02, 0.4, 0.06, 0.2])
    movable = differences >= -0.05
    found = decide_many(
        simulate(differences, psi, 300, 3000, seed=2), eligible=SPEND, ineligible=SPEND / 4
    )
    truth = (SPEND * movable).sum() / (1.25 * SPEND).sum()
    covered = (found.low <= truth + 1e-12) & (truth <= found.high + 1e-12)
    assert covered.mean() >= 0.95
    assert (found.move & ~movable).any(axis=1).mean() <= LEVEL
    # And it is worth something: the clear categories are found.
    assert found.move[:, [0, 1, 8]].mean() > 0.75
    assert found.worse[:, [7, 9]].mean() > 0.95

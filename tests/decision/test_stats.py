"""Published values, exact enumeration of levels, and laws of the statistics."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial, norm

from auditor.decision import stats

MARGIN = 0.05


def tables(n):
    gains, losses = np.array([(b, c) for b in range(n + 1) for c in range(n + 1 - b)]).T
    return gains, losses


counts = st.integers(1, 200).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.integers(0, n)).map(
        lambda bc: (bc[0], min(bc[1], n - bc[0]), n)
    )
)


@pytest.mark.parametrize(
    ("passes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17:857, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_newcombe(passes, n, low, high):
    assert stats.wilson_interval(passes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("passes", "n", "low", "high"),
    [
        (81, 263, 0.2527, 0.3676),  # the same table, method 5
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_matches_newcombe(passes, n, low, high):
    assert stats.clopper_pearson_interval(passes, n) == pytest.approx((low, high), abs=5e-5)


def test_intervals_of_nothing_are_vacuous():
    assert stats.wilson_interval(0, 0) == (0, 1)
    assert stats.clopper_pearson_interval(0, 0) == (0, 1)
    assert stats.tango_interval(0, 0, 0) == (-1, 1)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_rate_intervals_hold_the_estimate_and_mirror(case):
    x, n = case
    for interval in (stats.wilson_interval, stats.clopper_pearson_interval):
        low, high = map(float, interval(x, n))
        assert 0 <= low <= x / n <= high <= 1
        assert [1 - high, 1 - low] == pytest.approx(list(map(float, interval(n - x, n))), abs=1e-9)


@given(counts, st.floats(0.5, 0.99))
def test_floor_p_value_inverts_the_clopper_pearson_bound(case, floor):
    x, _, n = case
    low, _ = stats.clopper_pearson_interval(x, n, alpha=0.05)
    p = stats.rate_p_value(x, n, floor)
    assert p == pytest.approx(binom.sf(x - 1, n, floor), abs=1e-9)
    if abs(low - floor) > 1e-6:
        assert (p <= 0.025) == (low >= floor)


def test_tango_statistic_matches_the_paper():
    # Tango 1998, section 6.1: 43 pairs agree, one loss; margin 0.1.
    assert stats.tango_z(0, 1, 44, -0.1) == pytest.approx(1.709, abs=5e-4)
    low, _ = stats.tango_interval(0, 1, 44, alpha=0.10)
    assert low == pytest.approx(-0.096, abs=5e-4)


@pytest.mark.parametrize(
    ("gains", "losses", "n", "alpha", "interval"),
    [
        # Fagerland, Lydersen & Laake 2014, Statistics in Medicine 33:2850 (airway example).
        (1, 7, 21, 0.05, (-0.517, -0.026)),
        (28, 25, 618, 0.10, (-0.0148, 0.0247)),  # R, PropCIs::scoreci.mp(25, 28, 618)
    ],
)
def test_tango_interval_matches_published_values(gains, losses, n, alpha, interval):
    digits = 5e-4 if n == 21 else 5e-5
    assert stats.tango_interval(gains, losses, n, alpha=alpha) == pytest.approx(
        interval, abs=digits
    )


def test_tango_at_zero_is_mcnemar():
    assert stats.tango_z(9, 2, 60, 0.0) == pytest.approx((9 - 2) / np.sqrt(11))


@given(counts, st.floats(1.0, 4.0))
def test_tango_interval_solves_its_own_equation(case, deff):
    b, c, n = case
    low, high = map(float, stats.tango_interval(b, c, n, deff=deff))
    assert -1 <= low <= (b - c) / n + 1e-12
    assert (b - c) / n - 1e-12 <= high <= 1
    for end, sign in ((low, 1), (high, -1)):
        if abs(end) < 1 - 1e-6:
            z = stats.tango_z(b, c, n, end) / np.sqrt(deff)
            assert z == pytest.approx(sign * 1.959964, abs=1e-4)
    mirrored = list(map(float, stats.tango_interval(c, b, n, deff=deff)))
    assert [-high, -low] == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize("n", [5, 20, 73, 150])
def test_the_statistic_grows_with_gains_and_falls_with_losses(n):
    """Barnard's condition: it lets the exact test search one parameter instead of two."""
    z = np.full((n + 2, n + 2), np.nan)
    gains, losses = tables(n)
    z[gains, losses] = stats.tango_z(gains, losses, n, -MARGIN)
    assert np.nanmin(np.diff(z, axis=0)) > -1e-9
    assert np.nanmax(np.diff(z, axis=1)) < 1e-9


@pytest.mark.parametrize("n", [1, 7, 20, 40, 73, 120, 200])
@pytest.mark.parametrize("level", [0.025, 0.025 / 12])
def test_p_values_keep_their_level_at_every_discordance(n, level):
    """Enumerates all tables at true differences on the boundary and beyond it."""
    gains, losses = tables(n)
    p = stats.paired_p_values(gains, losses, n, margin=MARGIN)
    cells = np.stack([gains, losses, n - gains - losses], axis=-1)
    for psi in np.unique(np.r_[MARGIN, np.geomspace(0.051, 1, 60), 0.6, 0.95]):
        mass = multinomial.pmf(cells, n, [(psi - MARGIN) / 2, (psi + MARGIN) / 2, 1 - psi])
        assert mass[p.not_worse <= level].sum() <= level
        assert mass[p.worse <= level].sum() <= level
    for gain, loss in [(0.0, 0.3), (0.1, 0.2)]:
        mass = multinomial.pmf(cells, n, [gain, loss, 1 - gain - loss])
        assert mass[p.not_worse <= level].sum() <= level
    for gain, loss in [(0.0, 0.0), (0.0, 0.03), (0.02, 0.02), (0.2, 0.24)]:
        mass = multinomial.pmf(cells, n, [gain, loss, 1 - gain - loss])
        assert mass[p.worse <= level].sum() <= level


def test_the_normal_tail_would_not_keep_the_level():
    """The reason for exact p-values: the score test claims "worse" 2.9 times too often here."""
    n, level = 200, 0.025 / 12
    gains, losses = tables(n)
    claimed = stats.tango_z(gains, losses, n, -MARGIN) < norm.ppf(level)
    cells = np.stack([gains, losses, n - gains - losses], -1)
    size = max(
        multinomial.pmf(cells, n, [(psi - MARGIN) / 2, (psi + MARGIN) / 2, 1 - psi])[claimed].sum()
        for psi in np.linspace(MARGIN, 0.1, 40)
    )
    assert size > 2 * level


@pytest.mark.parametrize("level", [0.025, 0.025 / 5, 0.025 / 12])
def test_holm_over_two_categories_keeps_the_family_level(level):
    """Both truths at the boundary: enumerates every pair of tables of 40 pairs."""
    n = 40
    gains, losses = tables(n)
    p = stats.paired_p_values(gains, losses, n, margin=MARGIN).worse
    grid = np.stack(np.broadcast_arrays(p[:, None], p[None, :]), axis=-1)
    wrong = (stats.holm(grid) <= level).any(axis=-1)
    cells = np.stack([gains, losses, n - gains - losses], -1)
    for first, second in itertools.product([0.05, 0.2, 0.6], repeat=2):
        masses = [
            multinomial.pmf(cells, n, [(psi - MARGIN) / 2, (psi + MARGIN) / 2, 1 - psi])
            for psi in (first, second)
        ]
        assert masses[0] @ wrong @ masses[1] <= level


@given(counts)
@settings(max_examples=30, deadline=None)
def test_both_claims_never_hold_at_once_and_more_losses_never_help(case):
    b, c, n = case
    p = stats.paired_p_values(b, c, n, margin=MARGIN)
    assert p.not_worse + p.worse >= 0.99
    if b + c < n:
        more = stats.paired_p_values(b, c + 1, n, margin=MARGIN)
        assert (more.not_worse > 0.025) or (p.not_worse <= 0.025)


@pytest.mark.parametrize("categories", [1, 5, 12])
def test_below_the_zero_discordance_floor_nothing_can_be_claimed(categories):
    alpha = 0.025 / categories
    n = stats.zero_discordance_floor(margin=MARGIN, alpha=alpha)
    assert stats.paired_p_values(0, 0, n, margin=MARGIN).not_worse <= alpha
    for fewer in range(1, n):
        assert stats.paired_p_values(0, 0, fewer, margin=MARGIN).not_worse > alpha
    assert 0.95**n <= alpha


def test_a_design_effect_costs_pairs():
    plain = stats.paired_p_values(0, 0, 100, margin=MARGIN).not_worse
    clustered = stats.paired_p_values(0, 0, 200, margin=MARGIN, deff=2.0).not_worse
    assert clustered == pytest.approx(plain)
    assert stats.paired_p_values(0, 0, 100, margin=MARGIN, deff=100.0).not_worse > 0.5


def test_no_pairs_give_no_evidence_and_arrays_keep_their_shape():
    p = stats.paired_p_values(np.zeros((2, 3)), 0, [[0, 100, 3]], margin=MARGIN)
    assert p.not_worse.shape == p.worse.shape == (2, 3)
    assert p.not_worse[0, 0] == p.worse[0, 0] == 1


def test_many_pairs_are_safe_and_affordable():
    """Beyond the reference size the p-value stays near the normal's and on the safe side."""
    n = 20_000
    normal = norm.cdf(stats.tango_z(500, 1620, n, -MARGIN))
    p = stats.paired_p_values(500, 1620, n, margin=MARGIN).worse
    assert 0.001 < normal < p < 1.5 * normal


@pytest.mark.parametrize(
    "bad",
    [
        {"gains": -1, "losses": 0, "n": 5},
        {"gains": 3, "losses": 3, "n": 5},
        {"gains": 0, "losses": 0, "n": 5, "deff": 0.5},
        {"gains": 0, "losses": 0, "n": 5, "margin": 0.0},
    ],
)
def test_impossible_counts_are_refused(bad):
    with pytest.raises(ValueError):
        stats.paired_p_values(**{"margin": MARGIN, **bad})


def test_holm_by_hand():
    adjusted = stats.holm([[0.01, 0.04, 0.03, 0.005]])
    assert adjusted == pytest.approx(np.array([[0.03, 0.06, 0.06, 0.02]]))


def test_holm_leaves_out_what_is_not_in_the_family():
    adjusted = stats.holm([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_raw_and_bonferroni_and_keeps_the_order(p):
    adjusted = stats.holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_design_effect_of_independent_and_of_copied_pairs():
    values = [0, 1, 0, 0, 1, 0]
    assert stats.design_effect(values, range(6)) == 1
    copied = np.repeat(values * 5, 3)
    assert stats.design_effect(copied, np.repeat(range(30), 3)) == pytest.approx(3)


def test_design_effect_takes_the_worst_case_when_too_little_varies():
    assert stats.design_effect([0, 0, 0, 0], ["a", "a", "b", "b"]) == 2
    assert stats.design_effect([0, 1, 0, 1], ["a", "a", "b", "b"]) == 2
    assert stats.design_effect([0, 1] * 20, np.arange(40) // 2) == 1
    assert stats.design_effect([0, 1, 0, 1], ["a"] * 4) == 4
    assert stats.design_effect([], []) == 1


def test_design_effect_matches_the_variance_it_stands_for():
    """Clusters of 5 with correlation 0.3: the mean varies 1 + 4 x 0.3 times as much."""
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(60), 5)
    effects, means = [], []
    for _ in range(400):
        common = (rng.random(60) < 0.2)[groups]
        alone = rng.random(300) < 0.2
        # Each follows its cluster with probability sqrt(0.3): correlation 0.3 within.
        follows = rng.random(300) < 0.3**0.5
        values = np.where(follows, common, alone)
        effects.append(stats.design_effect(values, groups))
        means.append(values.mean())
    assert np.mean(effects) == pytest.approx(2.2, abs=0.1)
    assert np.var(means) / (0.2 * 0.8 / 300) == pytest.approx(2.2, abs=0.4)


def test_no_number_of_pairs_shows_anything_at_an_error_below_that_of_the_method_itself():
    with pytest.raises(ValueError):
        stats.zero_discordance_floor(margin=MARGIN, alpha=1e-6)

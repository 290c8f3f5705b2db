"""From drawn outcomes to verdicts, reasons, bars and headline, for one portfolio."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.decision.evidence import Evidence
from auditor.decision.reasons import reason_text
from auditor.decision.verdicts import Reason, decide
from auditor.domain import TestResult, Verdict


def outcomes(passes, fails=0, unknown=0):
    return [True] * passes + [False] * fails + [None] * unknown


def evidence(name="triage", local=(), baseline=None, usd="10", **kwargs):
    baseline = [True] * len(local) if baseline is None else baseline
    return Evidence(
        category_id=name,
        eligible_usd=Decimal(usd),
        baseline_passed=baseline,
        local_passed=local,
        **kwargs,
    )


def only(*args, **kwargs):
    (decision,) = decide([evidence(*args, **kwargs)]).decisions
    return decision


def test_move():
    d = only(local=outcomes(149, 1))
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.MOVE,
        TestResult.NOT_WORSE,
        "not-worse",
    )
    assert (d.draws, d.n, d.design_effect) == (150, 150, 1)
    assert d.baseline_rate == 1
    assert d.local_rate == pytest.approx(149 / 150)
    assert d.local_interval == pytest.approx((0.9632, 0.9988), abs=1e-4)
    assert d.difference == pytest.approx(-1 / 150)
    assert d.difference_interval[0] == pytest.approx(-0.0368, abs=1e-4)
    assert d.more_draws is None
    assert not d.weak_baseline


def test_keep_because_worse():
    d = only(local=outcomes(100, 50))
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.KEEP,
        TestResult.WORSE,
        "worse",
    )


def test_few_perfect_pairs_prove_nothing_and_say_what_would():
    d = only(local=outcomes(30))
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.UNDECIDED,
        TestResult.OPEN,
        "open",
    )
    assert 30 + d.more_draws >= 73


def test_at_the_boundary_no_number_of_draws_is_named():
    assert only(local=outcomes(95, 5)).more_draws is None


def test_the_promised_draws_do_settle_it():
    first = only(local=outcomes(97, 3), baseline=outcomes(98, 2)[::-1])
    assert first.reason == "open"
    scale = (100 + first.more_draws) / 100
    grown = only(
        local=outcomes(round(97 * scale), round(3 * scale)),
        baseline=outcomes(round(98 * scale), round(2 * scale))[::-1],
    )
    assert grown.verdict is Verdict.MOVE
    assert scale < 6


def test_unmeasured_and_ineligible():
    assert only().reason == "not-replayed"
    assert only().verdict is Verdict.UNMEASURED
    d = only(usd="0", ineligible_usd=Decimal(3))
    assert (d.verdict, d.reason, d.test_result) == (
        Verdict.KEEP,
        "ineligible",
        TestResult.UNTESTED,
    )
    assert only(usd="0").verdict is Verdict.UNMEASURED  # nothing priced is not "not eligible"


def test_unmeasured_draws_have_no_figures():
    d = only()
    assert {d.baseline_rate, d.local_rate, d.difference, d.p_not_worse, d.more_draws} == {None}


def test_what_could_not_be_graded_counts_against_either_claim():
    d = only(local=outcomes(298, 0, 2))
    assert (d.n, d.draws, d.verdict) == (298, 300, Verdict.MOVE)
    assert d.ungradable_share == pytest.approx(2 / 300)
    d = only(local=outcomes(290, 0, 10))
    assert (d.verdict, d.test_result, d.reason) == (Verdict.UNDECIDED, TestResult.OPEN, "open")
    d = only(local=outcomes(240, 0, 60))
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.UNDECIDED,
        TestResult.OPEN,
        "ungradable",
    )
    d = only(local=outcomes(0, 20, 280))
    assert (d.verdict, d.test_result) == (Verdict.UNDECIDED, TestResult.OPEN)
    d = only(local=outcomes(0, 250, 50))
    assert (d.verdict, d.test_result) == (Verdict.KEEP, TestResult.WORSE)


def test_a_server_that_answers_nothing_decides_nothing():
    portfolio = decide([evidence(local=outcomes(0, 0, 300))])
    (d,) = portfolio.decisions
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.UNDECIDED,
        TestResult.UNTESTED,
        "ungradable",
    )
    assert (d.n, d.local_rate, d.difference_interval, d.more_draws) == (0, None, None, None)
    assert (portfolio.low, portfolio.high) == (0, 1)


def test_what_waits_for_a_judge_is_undecided_and_never_worse():
    d = only(local=outcomes(0, 0, 300), baseline=outcomes(0, 0, 300))
    assert (d.verdict, d.reason) == (Verdict.UNDECIDED, "ungradable")
    assert (d.p_not_worse, d.p_worse) == (1, 1)


def test_rates_are_of_what_was_graded_and_intervals_hold_whatever_was_not():
    d = only(local=outcomes(180, 60, 60), baseline=outcomes(270, 30))
    assert d.local_rate == pytest.approx(0.75)
    assert d.baseline_rate == 1
    assert d.difference == pytest.approx(-0.25)
    least = only(local=outcomes(180, 120), baseline=outcomes(270, 30))
    most = only(local=outcomes(180, 60) + outcomes(60), baseline=outcomes(270, 30))
    assert d.local_interval == pytest.approx((least.local_interval[0], most.local_interval[1]))
    assert d.difference_interval == pytest.approx(
        (least.difference_interval[0], most.difference_interval[1])
    )


def test_what_could_not_be_graded_never_sharpens_a_figure():
    units = [f"u{i % 60}" for i in range(300)]
    whole = only(local=outcomes(300), units=units)
    holed = only(local=outcomes(14) + outcomes(271, 0, 15), units=units)
    assert holed.design_effect >= whole.design_effect
    assert holed.p_not_worse > whole.p_not_worse


def test_the_floor_takes_what_could_not_be_graded_for_failed():
    assert only(local=outcomes(199, 0, 1), floor=0.95).verdict is Verdict.MOVE
    assert only(local=outcomes(195, 0, 5), floor=0.98).verdict is Verdict.UNDECIDED


def test_more_draws_are_named_only_where_they_would_help():
    assert only(local=outcomes(60, 0, 1)).more_draws > 60
    assert only(local=outcomes(90, 0, 10)).more_draws is None


def test_form_alone_is_never_a_move():
    d = only(local=outcomes(200), form_only=True, live_passed=[True] * 200)
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.UNDECIDED,
        TestResult.NOT_WORSE,
        "form-only",
    )
    assert d.live_rate is None
    assert only(local=outcomes(100, 50), form_only=True).verdict is Verdict.KEEP


def test_a_criterion_that_notices_no_planted_error_moves_nothing():
    d = only(local=outcomes(200), unnoticing=True, live_passed=[True] * 200)
    assert (d.verdict, d.reason) == (Verdict.UNDECIDED, Reason.UNNOTICING)
    assert d.live_rate is None
    assert "notices no planted wrong answer" in reason_text(d, margin=0.05)
    assert only(local=outcomes(100, 50), unnoticing=True).verdict is Verdict.KEEP


def test_the_floor():
    baseline = outcomes(160, 40)
    local = outcomes(161, 39)
    assert only(local=local, baseline=baseline).verdict is Verdict.MOVE
    d = only(local=local, baseline=baseline, floor=0.9)
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.UNDECIDED,
        TestResult.NOT_WORSE,
        "below-floor",
    )
    assert d.more_draws is None  # below the floor itself: more draws do not help
    assert only(local=local, baseline=baseline, floor=0.6).verdict is Verdict.MOVE
    assert only(local=local, baseline=baseline, floor=0.78).more_draws > 100


def test_a_weak_baseline_is_flagged():
    assert only(local=outcomes(79, 21), baseline=outcomes(79, 21)).weak_baseline
    assert not only(local=outcomes(80, 20), baseline=outcomes(80, 20)).weak_baseline


def test_fallback():
    local = outcomes(160, 90)
    portfolio = decide([evidence(local=local, live_passed=local), evidence("rest", usd="30")])
    d = portfolio.picks["triage"]
    assert (d.verdict, d.test_result, d.reason) == (
        Verdict.FALLBACK,
        TestResult.WORSE,
        "live-check",
    )
    assert d.live_rate == pytest.approx(0.64)
    assert d.live_low == pytest.approx(0.577, abs=1e-3)
    assert portfolio.low == 0
    assert portfolio.fallback == pytest.approx(d.live_low / 4)
    assert portfolio.bars[Verdict.FALLBACK] == 10
    assert portfolio.high == pytest.approx(0.75)


def test_an_answer_that_passes_the_check_but_not_the_criterion_is_no_fallback():
    d = only(local=outcomes(160, 90), live_passed=[True] * 250)
    assert d.verdict is Verdict.KEEP


def test_a_live_check_that_could_not_tell_sends_the_call_back():
    local = outcomes(200, 50)
    live = [None] * 40 + [True] * 160 + [False] * 50
    assert only(local=local, live_passed=live).live_rate == pytest.approx(160 / 250)


def test_heavy_groups_are_clusters_and_light_ones_are_not():
    local = outcomes(150)
    units = [f"u{i % 50}" for i in range(150)]
    assert only(local=local, units=units, unit_shares=[0.001] * 150).design_effect == 1
    heavy = only(local=local, units=units, unit_shares=[0.02] * 150)
    unknown = only(local=local, units=units)
    assert heavy.design_effect == unknown.design_effect == pytest.approx(3)
    assert heavy.verdict is Verdict.UNDECIDED
    assert only(local=local, units=["chat"] * 150).design_effect == pytest.approx(150)


def test_a_call_drawn_again_counts_again_but_several_calls_of_one_group_do_not():
    local = outcomes(150)
    units = [f"u{i % 50}" for i in range(150)]
    again = only(local=local, units=units, calls=units)
    several = only(local=local, units=units, calls=[f"c{i}" for i in range(150)])
    assert (again.design_effect, again.verdict) == (1, Verdict.MOVE)
    assert several.design_effect == pytest.approx(3)


def test_one_more_failure_never_buys_a_larger_effective_sample():
    units = [f"u{i % 50}" for i in range(150)]
    effects = [only(local=outcomes(150 - f, f), units=units).design_effect for f in range(9)]
    assert effects == pytest.approx([3] * 9)


def test_a_split_category_fills_two_bars():
    portfolio = decide([evidence(local=outcomes(150), usd="7", ineligible_usd=Decimal(3))])
    assert portfolio.bars[Verdict.MOVE] == 7
    assert portfolio.bars[Verdict.KEEP] == 3
    assert (portfolio.low, portfolio.high) == pytest.approx((0.7, 0.7))


def test_one_candidate_is_picked_per_category():
    rows = [
        evidence(local=outcomes(90, 60), usd="10", candidate_id="small"),
        evidence(local=outcomes(160), usd="8", ineligible_usd=Decimal(2), candidate_id="large"),
        evidence(usd="10", candidate_id="later"),
    ]
    portfolio = decide(rows)
    assert portfolio.picks["triage"].candidate_id == "large"
    assert portfolio.total_usd == 10
    assert portfolio.bars[Verdict.MOVE] == 8
    assert len(portfolio.decisions) == 3


def test_a_portfolio_without_spend_has_no_headline():
    portfolio = decide([evidence(usd="0")])
    assert {portfolio.low, portfolio.high, portfolio.fallback, portfolio.smallest_n} == {None}


def test_the_smallest_n_is_that_of_the_whole_family():
    rows = [evidence(f"c{i}", local=outcomes(150)) for i in range(12)]
    portfolio = decide(rows)
    assert portfolio.smallest_n == 137
    assert {d.verdict for d in portfolio.decisions} == {Verdict.MOVE}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [evidence(), evidence()],
        [evidence(usd="3", candidate_id="x"), evidence(usd="4", candidate_id="y")],
    ],
)
def test_evidence_that_contradicts_itself_is_refused(rows):
    with pytest.raises(ValueError):
        decide(rows)


@pytest.mark.parametrize(
    "bad", [{"local": [True], "baseline": []}, {"usd": "-1"}, {"live_passed": [True]}]
)
def test_malformed_evidence_is_refused(bad):
    with pytest.raises(ValueError):
        evidence(**bad)


money = st.decimals(0, 10**6, places=9)


@given(
    st.lists(
        st.tuples(money, money, st.integers(0, 160), st.integers(0, 40), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=25, deadline=None)
def test_bars_always_sum_to_the_spend_and_agree_with_the_headline(rows):
    portfolio = decide(
        [
            evidence(f"c{i}", local=outcomes(p, f), usd=usd, ineligible_usd=rest, form_only=form)
            for i, (usd, rest, p, f, form) in enumerate(rows)
        ]
    )
    total = sum(usd + rest for usd, rest, *_ in rows)
    assert sum(portfolio.bars.values()) == portfolio.total_usd == total
    assert set(portfolio.bars) == set(Verdict)
    if total:
        assert portfolio.low == pytest.approx(float(portfolio.bars[Verdict.MOVE] / total))
        worse_or_ineligible = sum(
            d.ineligible_usd + (d.eligible_usd if d.test_result is TestResult.WORSE else 0)
            for d in portfolio.decisions
        )
        assert portfolio.high == pytest.approx(1 - float(worse_or_ineligible / total), abs=1e-9)

"""Monthly amounts, local cost, capacity and the business case, against the design's figures."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan.economics import (
    Hardware,
    Load,
    Outlook,
    Speed,
    business_case,
    local_cost,
    machines_needed,
    per_month,
)

CARD = {"name": "RTX 4090", "capex_usd": 2600.0}
SPEED = Speed(prompt_tokens_per_second=4000, output_tokens_per_second=120)
SEED = Load(input_tokens=50e6, output_tokens=0)


def seed_case(**hardware):
    """Fifty million input tokens a month at $3: the figure everybody starts with."""
    machine = Hardware(**{**CARD, **hardware})
    cost = local_cost(SEED, SPEED, machine, machines=1)
    return cost, business_case(Decimal(150), cost, machine)


def test_per_month_is_exact():
    assert per_month(Decimal("10.00"), 10) == Decimal("30.4")
    assert per_month(Decimal(0), 3) == 0
    assert per_month(None, 3) is None
    with pytest.raises(ValueError):
        per_month(Decimal(1), 0)


def test_seed_figure_pays_back_only_without_labour():
    cost, case = seed_case(ops_hours=0.0, setup_hours=0.0)
    assert cost.energy_usd == pytest.approx(9, abs=0.5)
    assert case.payback_months == 19
    assert case.npv_usd == pytest.approx(2190, abs=15)
    assert case.break_even_usd == pytest.approx(67, abs=0.5)


def test_seed_figure_never_pays_back_with_labour():
    _, case = seed_case()
    assert case.payback_months is None
    assert case.npv_usd == pytest.approx(-2990, abs=15)
    assert case.break_even_usd == pytest.approx(187, abs=0.5)
    assert case.saving_usd_per_month == pytest.approx(150 - 187, abs=0.5)


def test_hours_of_a_load():
    load = Load(input_tokens=14.4e6, output_tokens=432_000, prefix_hit=0.5)
    assert load.hours(SPEED) == pytest.approx(0.5 + 1.0)


def test_local_cost_by_hand():
    machine = Hardware(
        name="x", capex_usd=3600, life_months=36, salvage_share=0, load_watts=1000,
        idle_watts=0, usd_per_kwh=0.5, pue=1.2, hosting_usd_per_month=20, ops_hours=1,
        usd_per_ops_hour=50,
    )  # fmt: skip
    load = Load(input_tokens=0, output_tokens=120 * 3600 * 10)  # ten hours
    cost = local_cost(load, SPEED, machine, machines=2)
    assert cost.busy_hours == pytest.approx(10)
    assert cost.capital_usd == pytest.approx(200)
    assert cost.energy_usd == pytest.approx(10 * 0.5 * 1.2)
    assert cost.hosting_usd == 40
    assert cost.labour_usd == 50
    assert cost.total_usd == pytest.approx(296)
    assert cost.utilisation == pytest.approx(10 / (2 * 729.6))


def test_rent_is_paid_every_hour_and_includes_power():
    machine = Hardware(name="H200", rental_usd_per_hour=3.5, ops_hours=0, setup_hours=0)
    cost = local_cost(SEED, SPEED, machine, machines=1)
    assert cost.total_usd == cost.capital_usd == pytest.approx(3.5 * 729.6)
    assert business_case(Decimal(5000), cost, machine).payback_months == 1
    case = business_case(Decimal(2553), cost, machine)
    assert case.payback_months is None
    assert case.npv_usd < 0


def test_a_machine_already_owned_costs_power_only():
    machine = Hardware(name="desk", capex_usd=0.0, ops_hours=0, setup_hours=0)
    cost = local_cost(SEED, SPEED, machine, machines=1)
    assert cost.total_usd == cost.energy_usd


def test_unknown_stays_unknown():
    machine = Hardware(**CARD)
    assert local_cost(SEED, None, machine, machines=1) is None
    assert business_case(Decimal(150), None, machine) is None
    cost = local_cost(SEED, SPEED, machine, machines=1)
    assert business_case(None, cost, machine) is None


def test_a_load_that_does_not_fit_is_refused():
    heavy = Load(input_tokens=0, output_tokens=120 * 3600 * 730.0)
    with pytest.raises(ValueError, match="do not fit"):
        local_cost(heavy, SPEED, Hardware(**CARD), machines=1)
    assert local_cost(heavy, SPEED, Hardware(**CARD), machines=2).utilisation < 0.51


@pytest.mark.parametrize(
    ("hours", "target", "machines"),
    [(0.0, 0.7, 1), (0.7, 0.7, 1), (0.71, 0.7, 2), (1.4, 0.7, 2), (3.2, 1.0, 4)],
)
def test_machines_for_the_busiest_hour(hours, target, machines):
    load = Load(input_tokens=0, output_tokens=120 * 3600 * hours)
    assert machines_needed(load, SPEED, target_utilisation=target) == machines


def test_cash_flow_of_growth_decline_and_renewal():
    machine = Hardware(
        name="x", capex_usd=1200, life_months=12, salvage_share=0.25, load_watts=0,
        idle_watts=0, ops_hours=0, setup_hours=1, usd_per_ops_hour=100,
    )  # fmt: skip
    cost = local_cost(SEED, SPEED, machine, machines=1)
    outlook = Outlook(
        months=18, growth_per_month=0.1, price_decline_per_year=0.5, discount_per_year=0.0
    )
    case = business_case(Decimal(100), cost, machine, outlook)
    assert len(case.cash) == 19
    assert case.cash[0] == -1300
    assert case.cash[1] == pytest.approx(100 * 1.1 * 0.5 ** (1 / 12))
    # After a year the old machine is sold for a quarter and a new one bought.
    assert case.cash[12] == pytest.approx(100 * 1.1**12 * 0.5 - 900)
    # At the horizon the second machine is half worn: 1200 - 900 / 2.
    assert case.cash[18] == pytest.approx(100 * 1.1**18 * 0.5**1.5 + 750)
    assert case.npv_usd == pytest.approx(sum(case.cash))


@given(st.decimals(0, 10**5, places=2), st.decimals(0, 10**5, places=2))
def test_a_larger_bill_never_makes_moving_worse(first, second):
    machine = Hardware(**CARD)
    cost = local_cost(SEED, SPEED, machine, machines=1)
    small, large = (business_case(bill, cost, machine) for bill in sorted((first, second)))
    assert small.npv_usd <= large.npv_usd
    assert (large.payback_months or 999) <= (small.payback_months or 999)


def test_break_even_is_where_the_monthly_saving_vanishes():
    cost, case = seed_case()
    at_break_even = business_case(
        Decimal(str(case.break_even_usd)), cost, Hardware(**CARD), Outlook(discount_per_year=0)
    )
    assert at_break_even.saving_usd_per_month == pytest.approx(0, abs=1e-9)
    # Over a whole life, undiscounted, only the setup is lost.
    assert at_break_even.npv_usd == pytest.approx(-24 * 60)


@pytest.mark.parametrize(
    "bad",
    [
        {"capex_usd": None},
        {"rental_usd_per_hour": 2.0},
        {"load_watts": -1.0},
        {"pue": 0.9},
        {"life_months": 0.0},
        {"salvage_share": 1.5},
    ],
)
def test_hardware_that_makes_no_sense_is_refused(bad):
    with pytest.raises(ValueError):
        Hardware(**{**CARD, **bad})
    with pytest.raises(ValueError):
        Speed(prompt_tokens_per_second=0, output_tokens_per_second=1)

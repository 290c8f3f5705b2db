"""Payback, net present value and break-even of moving, against the design's figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import LocalConfig
from auditor.plan.business_case import HORIZON_MONTHS, PlanCost, business_case
from auditor.plan.machines import Load, Throughput, local_cost

HOURS_MONTH = 729.6
THROUGHPUT = Throughput(prompt_tokens_per_s=4000, output_tokens_per_s=120)
BUSY_HOURS = Load(input_tokens=50e6, output_tokens=0).hours(THROUGHPUT)
CARD = {
    "capex_usd": 2600, "load_watts": 330, "ops_hours_month": 2, "people_usd_hour": 60,
}  # fmt: skip


def case(moved=150, **local):
    """Fifty million input tokens a month at $3 on an RTX 4090: the figure everybody starts with."""
    machine = LocalConfig(**local)
    month = local_cost(BUSY_HOURS, machine, machines=1, hours_month=HOURS_MONTH)
    standing = local_cost(0, machine, machines=1, hours_month=HOURS_MONTH)
    cost = PlanCost(
        machines=1,
        usd_month=month.total_usd,
        fixed_usd_month=standing.total_usd,
        setup_usd=machine.setup_hours * float(machine.people_usd_hour),
    )
    return month, business_case(moved, cost, machine)


def test_seed_figure_pays_back_in_nineteen_months_only_without_labour():
    month, found = case(**{**CARD, "ops_hours_month": 0, "setup_hours": 0})
    assert month.energy_usd == pytest.approx(9, abs=0.5)
    assert month.total_usd == pytest.approx(67, abs=0.5)
    assert found.purchase_usd == 2600
    assert found.payback_months == 19
    assert found.npv_usd == pytest.approx(2190, abs=15)


def test_seed_figure_never_pays_back_with_labour():
    month, found = case(**CARD)
    assert month.total_usd == pytest.approx(187, abs=0.5)
    assert found.payback_months is None
    assert found.npv_usd == pytest.approx(-2990, abs=15)


def test_rent_has_no_purchase_to_pay_back():
    rented = {"usd_per_hour": 3.5, "ops_hours_month": 0, "setup_hours": 0}
    _, found = case(5000, **rented)
    assert found.purchase_usd == 0
    assert found.payback_months == 1
    _, found = case(2553, **rented)
    assert found.payback_months is None
    assert found.npv_usd < 0


def test_cash_flow_of_setup_renewal_and_salvage():
    machine = LocalConfig(capex_usd=1200, life_months=24, salvage=0.25)
    cost = PlanCost(machines=2, usd_month=85, fixed_usd_month=85, setup_usd=100)
    cash = business_case(100, cost, machine).cash
    assert len(cash) == HORIZON_MONTHS + 1
    assert cash[0] == -2500
    # Of the 85, 2 x 900 / 24 = 75 is depreciation, which is no cash.
    assert cash[1] == pytest.approx(90)
    # After two years the old machines are sold for a quarter and new ones bought.
    assert cash[24] == pytest.approx(90 - 1800)
    # At the horizon the second pair is half worn: 2 x (1200 - 900 / 2).
    assert cash[36] == pytest.approx(90 + 1500)


def test_break_even_is_the_volume_at_which_both_cost_the_same():
    month, found = case(**CARD)
    at = found.break_even_volume
    fixed = month.total_usd - BUSY_HOURS * (330 - 60) / 1000 * 0.20
    assert 150 * at == pytest.approx(fixed + (month.total_usd - fixed) * at)


def test_there_is_no_break_even_where_each_call_costs_more_than_at_the_api():
    machine = LocalConfig(usd_per_hour=1)
    cost = PlanCost(machines=1, usd_month=900, fixed_usd_month=700, setup_usd=0)
    assert business_case(200, cost, machine).break_even_volume is None


@given(st.floats(0, 10**5), st.floats(0, 10**5))
def test_a_larger_bill_never_makes_moving_worse(first, second):
    small, large = (case(bill, **CARD)[1] for bill in sorted((first, second)))
    assert small.npv_usd <= large.npv_usd
    assert (large.payback_months or 999) <= (small.payback_months or 999)


def test_over_a_whole_life_at_break_even_only_the_setup_is_lost():
    month, _ = case(**CARD)
    _, found = case(month.total_usd, **CARD)
    assert sum(found.cash) == pytest.approx(-24 * 60)

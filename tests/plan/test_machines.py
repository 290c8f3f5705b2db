"""Machines for the work of a plan: capacity, monthly cost, and what is kept of the assumptions."""

from decimal import Decimal

import pytest

from auditor.config import LocalConfig
from auditor.plan.machines import (
    Load,
    Throughput,
    Work,
    assumed,
    local_cost,
    machines_needed,
    serve,
)

HOURS_MONTH = 729.6
THROUGHPUT = Throughput(prompt_tokens_per_s=4000, output_tokens_per_s=120)
WORK = Work(
    month=Load(input_tokens=50e6, output_tokens=0),
    hours_month=HOURS_MONTH,
    busiest_hour=Load(input_tokens=0, output_tokens=120 * 3600 * 1.4),
)


def served(work=WORK, measured=(4000.0, 120.0), **local):
    prompt, output = measured
    return serve(work, measured_prompt=prompt, measured_output=output, local=LocalConfig(**local))


def test_hours_of_a_load():
    assert Load(input_tokens=7.2e6, output_tokens=432_000).hours(THROUGHPUT) == pytest.approx(1.5)


def test_a_machine_that_writes_nothing_is_refused():
    with pytest.raises(ValueError):
        Throughput(prompt_tokens_per_s=1, output_tokens_per_s=0)


def test_local_cost_by_hand():
    machine = LocalConfig(
        capex_usd=3600, life_months=36, salvage=0, load_watts=1000, idle_watts=0,
        usd_per_kwh=0.5, pue=1.2, hosting_usd_month=20, ops_hours_month=1, people_usd_hour=50,
    )  # fmt: skip
    cost = local_cost(10, machine, machines=2, hours_month=HOURS_MONTH)
    assert cost.capital_usd == pytest.approx(200)
    assert cost.energy_usd == pytest.approx(10 * 0.5 * 1.2)
    assert cost.hosting_usd == 40
    assert cost.labour_usd == 50
    assert cost.total_usd == pytest.approx(296)


def test_rent_is_paid_every_hour_and_includes_power():
    machine = LocalConfig(usd_per_hour=3.5, ops_hours_month=0)
    cost = local_cost(5, machine, machines=1, hours_month=HOURS_MONTH)
    assert cost.total_usd == cost.capital_usd == pytest.approx(3.5 * HOURS_MONTH)


def test_a_machine_already_owned_costs_power_only():
    machine = LocalConfig(capex_usd=0, ops_hours_month=0)
    cost = local_cost(5, machine, machines=1, hours_month=HOURS_MONTH)
    assert cost.total_usd == cost.energy_usd > 0


def test_work_that_does_not_fit_is_refused():
    machine = LocalConfig(capex_usd=2600)
    with pytest.raises(ValueError, match="do not fit"):
        local_cost(730, machine, machines=1, hours_month=HOURS_MONTH)
    assert local_cost(730, machine, machines=2, hours_month=HOURS_MONTH) is not None


@pytest.mark.parametrize(
    ("hours", "utilisation", "machines"),
    [(0.0, 0.7, 1), (0.7, 0.7, 1), (0.71, 0.7, 2), (1.4, 0.7, 2), (3.2, 1.0, 4)],
)
def test_machines_for_the_busiest_hour(hours, utilisation, machines):
    assert machines_needed(hours, utilisation=utilisation) == machines


def test_machines_are_sized_by_the_busiest_hour_and_priced_by_the_month():
    found = served(capex_usd=2600, ops_hours_month=0)
    assert found.machines == 2
    assert found.busiest_hour_load == pytest.approx(1.4)
    busy = 50e6 / 4000 / 3600
    at_work = Decimal(str(round(busy * (350 - 60) / 1000 * 0.20, 6)))
    assert found.usd_month - found.fixed_usd_month == pytest.approx(at_work, abs=Decimal("1e-5"))
    assert found.setup_usd == 24 * 80


def test_unknown_stays_unknown():
    without_speed = served(measured=(None, None), capex_usd=2600)
    assert (without_speed.machines, without_speed.usd_month) == (None, None)
    without_price = served()
    assert without_price.machines == 2
    assert (without_price.usd_month, without_price.setup_usd) == (None, None)


@pytest.mark.parametrize(
    "local",
    [{"capex_usd": 2600, "pue": 1.3}, {"usd_per_hour": "0.42", "prompt_tokens_per_s": 9000}, {}],
)
def test_what_a_cost_was_worked_out_with_can_be_read_back(local):
    assert assumed(served(**local).assumptions) == LocalConfig(**local)


def test_an_older_audit_with_a_price_beside_a_rent_took_the_rent():
    rows = {
        name: {"value": value, "origin": "auditor.toml"}
        for name, value in (("usd_per_hour", "0.42"), ("capex_usd", "2600"))
    }
    assert assumed(rows) == LocalConfig(usd_per_hour="0.42")

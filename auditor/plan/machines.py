"""The machines that would serve the plan: how many, what they cost a month, what that rests on.

Projected amounts are floats in USD: they rest on assumptions that are good to a few percent at
best. Unknown stays None: a missing speed or price gives no amount, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from auditor.config import LocalConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Tokens a second of one machine, all of its slots together.

    Raises:
        ValueError: a rate is 0 or less.
    """

    prompt_tokens_per_s: float
    output_tokens_per_s: float

    def __post_init__(self) -> None:
        if min(self.prompt_tokens_per_s, self.output_tokens_per_s) <= 0:
            raise ValueError("a throughput must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Tokens that move to local serving in some period."""

    input_tokens: float
    output_tokens: float

    def hours(self, throughput: Throughput) -> float:
        """Machine hours: how long one machine works flat out on this load."""
        reading = self.input_tokens / throughput.prompt_tokens_per_s
        writing = self.output_tokens / throughput.output_tokens_per_s
        return (reading + writing) / _SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCost:
    """Monthly cost of serving locally, USD; ``capital_usd`` is depreciation or rent."""

    capital_usd: float
    energy_usd: float
    hosting_usd: float
    labour_usd: float

    @property
    def total_usd(self) -> float:
        """Everything that recurs each month; the setup is paid once and not in here."""
        return self.capital_usd + self.energy_usd + self.hosting_usd + self.labour_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the plan gives one candidate: a month of ``hours_month`` hours, and its busiest hour."""

    month: Load
    hours_month: float
    busiest_hour: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A row of ``machine_costs``; amounts are None where speed or price is unknown."""

    machines: int | None
    usd_month: Decimal | None
    fixed_usd_month: Decimal | None
    setup_usd: Decimal | None
    busiest_hour_load: float | None
    assumptions: Mapping[str, Any]


def serve(
    work: Work, *, measured_prompt: float | None, measured_output: float | None, local: LocalConfig
) -> Serving:
    """Size and price the machines for the work; speeds are tokens/s of one machine."""
    prompt = local.prompt_tokens_per_s or measured_prompt
    output = local.output_tokens_per_s or measured_output
    assumptions = _assumptions(local, prompt, output)
    if not prompt or not output:
        return Serving(
            machines=None, usd_month=None, fixed_usd_month=None, setup_usd=None,
            busiest_hour_load=None, assumptions=assumptions,
        )  # fmt: skip
    throughput = Throughput(prompt_tokens_per_s=prompt, output_tokens_per_s=output)
    busiest_hours = work.busiest_hour.hours(throughput)
    machines = machines_needed(busiest_hours, utilisation=local.utilisation)
    busy = work.month.hours(throughput)
    cost = local_cost(busy, local, machines=machines, hours_month=work.hours_month)
    idle = local_cost(0.0, local, machines=machines, hours_month=work.hours_month)
    return Serving(
        machines=machines,
        usd_month=None if cost is None else _usd(cost.total_usd),
        fixed_usd_month=None if idle is None else _usd(idle.total_usd),
        setup_usd=None if cost is None else _usd(local.setup_hours * float(local.people_usd_hour)),
        busiest_hour_load=busiest_hours,
        assumptions=assumptions,
    )


def machines_needed(busiest_hours: float, *, utilisation: float) -> int:
    """Return how many machines carry the busiest hour at no more than ``utilisation``, at least 1.

    ``busiest_hours`` are the machine hours of work in that hour. This checks capacity, not
    waiting: queueing within the hour would need the arrivals themselves.

    Raises:
        ValueError: ``utilisation`` is not in (0, 1].
    """
    if not 0 < utilisation <= 1:
        raise ValueError("utilisation must lie in (0, 1]")
    # Rounded first: 0.7 / 0.7 must be one machine on every platform.
    return max(ceil(round(busiest_hours / utilisation, 9)), 1)


def local_cost(
    busy_hours: float, local: LocalConfig, *, machines: int, hours_month: float
) -> LocalCost | None:
    """Return what a month of serving costs; None where ``[local]`` names no machine.

    ``C = M (capex (1 - salvage) / life + hosting) + energy + labour``, with energy
    ``(busy h x load W + idle h x idle W) / 1000 x USD/kWh x PUE``; rent replaces capital and
    energy. Bought machines run all month, rented ones are paid for every hour of it. Labour
    belongs to the whole installation, not to each machine.

    Raises:
        ValueError: there is no machine, or they have fewer hours than the work needs.
    """
    if machines < 1:
        raise ValueError("at least one machine")
    available = machines * hours_month
    if busy_hours > available:
        raise ValueError(f"{busy_hours:.0f} busy hours do not fit into {machines} machine(s)")
    if local.usd_per_hour is not None:
        capital, energy = float(local.usd_per_hour) * available, 0.0
    elif local.capex_usd is not None:
        capital = machines * depreciation_usd_month(local)
        watt_hours = busy_hours * local.load_watts + (available - busy_hours) * local.idle_watts
        energy = watt_hours / 1000 * float(local.usd_per_kwh) * local.pue
    else:
        return None
    return LocalCost(
        capital_usd=capital,
        energy_usd=energy,
        hosting_usd=machines * float(local.hosting_usd_month),
        labour_usd=local.ops_hours_month * float(local.people_usd_hour),
    )


def depreciation_usd_month(local: LocalConfig) -> float:
    """Return what one bought machine loses in value a month; 0 where none is bought."""
    return float(local.capex_usd or 0) * (1 - local.salvage) / local.life_months


def _assumptions(
    local: LocalConfig, prompt: float | None, output: float | None
) -> dict[str, dict[str, Any]]:
    """Return each value that the cost rests on and where it comes from."""
    said = local.model_fields_set
    rows = {
        name: {"value": value, "origin": "auditor.toml" if name in said else "default"}
        for name, value in local.model_dump(mode="json").items()
        if value is not None and not name.endswith("_per_s")
    }
    for name, value in (("prompt_tokens_per_s", prompt), ("output_tokens_per_s", output)):
        origin = "auditor.toml" if getattr(local, name) else "measured" if value else "unknown"
        rows[name] = {"value": value, "origin": origin}
    return rows


def assumed(assumptions: Mapping[str, Any]) -> LocalConfig:
    """Return the ``[local]`` that a stored row of ``machine_costs`` was worked out with."""
    said = {
        name: row["value"]
        for name, row in assumptions.items()
        if name in LocalConfig.model_fields and row["origin"] not in {"measured", "unknown"}
    }
    if "usd_per_hour" in said:
        said.pop("capex_usd", None)  # older audits could hold both, and took the rent
    return LocalConfig.model_validate(said)


def _usd(amount: float) -> Decimal:
    return Decimal(str(round(amount, 6)))

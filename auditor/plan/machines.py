"""Machines for a plan: how many, what they cost a month, and what that rests on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.plan import economics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.config import LocalConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the plan gives one candidate: tokens a month, and in the busiest hour of the log."""

    input_tokens_month: float
    output_tokens_month: float
    input_tokens_busiest: float
    output_tokens_busiest: float


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
    speed = economics.Speed(prompt_tokens_per_second=prompt, output_tokens_per_second=output)
    month = economics.Load(
        input_tokens=work.input_tokens_month, output_tokens=work.output_tokens_month
    )
    busiest = economics.Load(
        input_tokens=work.input_tokens_busiest, output_tokens=work.output_tokens_busiest
    )
    machines = economics.machines_needed(busiest, speed, target_utilisation=local.utilisation)
    hardware = _hardware(local)
    total = fixed = setup = None
    if hardware is not None:
        idle = economics.Load(input_tokens=0, output_tokens=0)
        cost = economics.local_cost(month, speed, hardware, machines=machines)
        standing = economics.local_cost(idle, speed, hardware, machines=machines)
        assert cost is not None
        assert standing is not None
        total, fixed, setup = cost.total_usd, standing.total_usd, hardware.setup_usd
    return Serving(
        machines=machines,
        usd_month=_usd(total),
        fixed_usd_month=_usd(fixed),
        setup_usd=_usd(setup),
        busiest_hour_load=busiest.hours(speed),
        assumptions=assumptions,
    )


def _hardware(local: LocalConfig) -> economics.Hardware | None:
    """The machine of ``[local]``; None where it names neither a price nor a rent."""
    if local.capex_usd is None and local.usd_per_hour is None:
        return None
    rented = local.usd_per_hour is not None
    return economics.Hardware(
        name="[local]",
        capex_usd=None if rented or local.capex_usd is None else float(local.capex_usd),
        rental_usd_per_hour=None if local.usd_per_hour is None else float(local.usd_per_hour),
        life_months=local.life_months,
        salvage_share=local.salvage,
        load_watts=local.load_watts,
        idle_watts=local.idle_watts,
        usd_per_kwh=float(local.usd_per_kwh),
        pue=local.pue,
        hosting_usd_per_month=float(local.hosting_usd_month),
        ops_hours=local.ops_hours_month,
        setup_hours=local.setup_hours,
        usd_per_ops_hour=float(local.people_usd_hour),
    )


def _assumptions(
    local: LocalConfig, prompt: float | None, output: float | None
) -> dict[str, dict[str, Any]]:
    """Each value the cost rests on and where it comes from."""
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


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(round(amount, 6)))

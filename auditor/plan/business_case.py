"""Whether moving pays: break-even volume, payback and net present value of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.plan.machines import depreciation_usd_month

if TYPE_CHECKING:
    from auditor.config import LocalConfig

HORIZON_MONTHS = 36
DISCOUNT_PER_YEAR = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What serving a plan locally costs, USD.

    ``usd_month`` is everything that recurs, depreciation or rent included; ``fixed_usd_month`` is
    the part of it that does not grow with the volume. ``setup_usd`` is paid once.
    """

    machines: int
    usd_month: float
    fixed_usd_month: float
    setup_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCase:
    """Cash flow of moving, USD, and what follows from it.

    ``cash`` starts with what is paid before the first month: ``purchase_usd`` of machines and the
    setup. ``payback_months`` is None when the money is not back within the horizon.
    ``break_even_volume`` is the volume, 1 being today's, at which the API and local serving cost
    the same each month; None where local serving costs more at any volume.
    """

    purchase_usd: float
    cash: tuple[float, ...]
    payback_months: int | None
    npv_usd: float
    break_even_volume: float | None


def business_case(moved_usd_month: float, cost: PlanCost, local: LocalConfig) -> BusinessCase:
    """Return payback, net present value and break-even of moving a plan at today's volume.

    ``moved_usd_month`` is what the API would stop charging: of a category with fallback, only the
    part that its check lets pass. Each month saves it, less the running cost. A bought machine is
    paid up front; its salvage comes back in the last month of its life, or at the horizon as what
    it is then worth on the straight line. A machine at the end of its life is bought anew.
    """
    price = cost.machines * float(local.capex_usd or 0)
    running = cost.usd_month - cost.machines * depreciation_usd_month(local)
    saved = moved_usd_month - running
    cash = (
        -price - cost.setup_usd,
        *(saved + _machine_cash(price, local, month) for month in range(1, HORIZON_MONTHS + 1)),
    )
    total, payback = cash[0], None
    for month, amount in enumerate(cash[1:], start=1):
        total += amount
        if payback is None and total >= 0:
            payback = month
    monthly = (1 + DISCOUNT_PER_YEAR) ** (1 / 12)
    margin = moved_usd_month - (cost.usd_month - cost.fixed_usd_month)
    return BusinessCase(
        purchase_usd=price,
        cash=cash,
        payback_months=payback,
        npv_usd=sum(amount / monthly**month for month, amount in enumerate(cash)),
        break_even_volume=cost.fixed_usd_month / margin if margin > 0 else None,
    )


def _machine_cash(price: float, local: LocalConfig, month: int) -> float:
    """Return salvage less replacement of the bought machines in one month."""
    age = (month - 1) % local.life_months + 1
    worth = price * (1 - (1 - local.salvage) * age / local.life_months)
    if month == HORIZON_MONTHS:
        return worth
    return worth - price if age == local.life_months else 0.0

"""What the API costs per month, what serving the moved part locally costs, and when it pays.

Amounts taken from the log are ``Decimal`` and exact. Everything projected (local cost, payback,
net present value) is a float in USD: it rests on assumptions that are good to a few percent at
best. Unknown stays None: a missing speed or price gives no figure, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_PER_MONTH = Decimal("30.4")
HOURS_PER_MONTH = float(DAYS_PER_MONTH) * 24
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a machine costs: bought (``capex_usd``) or rented (``rental_usd_per_hour``).

    One of the two must be given; a machine already owned has ``capex_usd`` 0. Bought machines
    run all month and draw idle power between requests. Rented ones are paid for every hour of
    the month, power included. Labour belongs to the whole installation, not to each machine;
    ``ops_hours`` are per month, ``setup_hours`` once. Raises ValueError on values that make no
    sense, and when neither or both prices are given.
    """

    name: str
    capex_usd: float | None = None
    life_months: float = 36.0
    salvage_share: float = 0.2
    load_watts: float = 330.0
    idle_watts: float = 60.0
    usd_per_kwh: float = 0.20
    pue: float = 1.0
    hosting_usd_per_month: float = 0.0
    rental_usd_per_hour: float | None = None
    ops_hours: float = 2.0
    setup_hours: float = 24.0
    usd_per_ops_hour: float = 60.0

    def __post_init__(self) -> None:
        if (self.capex_usd is None) == (self.rental_usd_per_hour is None):
            raise ValueError(f"{self.name}: give either a purchase price or a rent")
        amounts = (
            self.capex_usd or 0.0,
            self.rental_usd_per_hour or 0.0,
            self.load_watts,
            self.idle_watts,
            self.usd_per_kwh,
            self.hosting_usd_per_month,
            self.ops_hours,
            self.setup_hours,
            self.usd_per_ops_hour,
        )
        if min(amounts) < 0 or self.life_months <= 0 or self.pue < 1:
            raise ValueError(f"{self.name}: negative amount, no life, or a PUE below 1")
        if not 0 <= self.salvage_share <= 1:
            raise ValueError(f"{self.name}: salvage is a share between 0 and 1")

    @property
    def setup_usd(self) -> float:
        """Labour before the first request, USD once."""
        return self.setup_hours * self.usd_per_ops_hour

    @property
    def labour_usd(self) -> float:
        """Labour of keeping it running, USD per month."""
        return self.ops_hours * self.usd_per_ops_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Measured tokens per second of one machine: all of its slots together."""

    prompt_tokens_per_second: float
    output_tokens_per_second: float

    def __post_init__(self) -> None:
        if min(self.prompt_tokens_per_second, self.output_tokens_per_second) <= 0:
            raise ValueError("a speed must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Tokens that move to local serving; ``prefix_hit`` is the share of input found in cache."""

    input_tokens: float
    output_tokens: float
    prefix_hit: float = 0.0

    def hours(self, speed: Speed) -> float:
        """Machine hours of one machine working flat out on this load."""
        reading = self.input_tokens * (1 - self.prefix_hit) / speed.prompt_tokens_per_second
        writing = self.output_tokens / speed.output_tokens_per_second
        return (reading + writing) / _SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCost:
    """Monthly cost of serving locally, USD; ``capital_usd`` is depreciation or rent."""

    machines: int
    busy_hours: float
    utilisation: float
    capital_usd: float
    energy_usd: float
    hosting_usd: float
    labour_usd: float

    @property
    def total_usd(self) -> float:
        """Everything that recurs each month; setup is paid once and not in here."""
        return self.capital_usd + self.energy_usd + self.hosting_usd + self.labour_usd


def per_month(total_usd: Decimal | None, days_covered: int) -> Decimal | None:
    """A logged total as an amount per month: mean per covered day x 30.4; None stays None.

    Days covered are calendar days with at least one call. Raises ValueError without a day.
    """
    if days_covered <= 0:
        raise ValueError("a monthly amount needs at least one covered day")
    return None if total_usd is None else total_usd / days_covered * DAYS_PER_MONTH


def machines_needed(busiest_hour: Load, speed: Speed, *, target_utilisation: float = 0.7) -> int:
    """Machines that carry the busiest hour at no more than the target utilisation; at least 1.

    A check of capacity, not of waiting: queueing within the hour needs the trace itself.
    """
    if not 0 < target_utilisation <= 1:
        raise ValueError("target utilisation must lie in (0, 1]")
    # Rounded first: 0.7 / 0.7 must be one machine on every platform.
    return max(ceil(round(busiest_hour.hours(speed) / target_utilisation, 9)), 1)


def local_cost(
    month: Load, speed: Speed | None, hardware: Hardware, *, machines: int
) -> LocalCost | None:
    """What serving a month's load costs; None when no speed was measured.

    ``C = M (capex (1 - salvage) / life + hosting) + energy + labour``, with energy
    ``(busy h x load W + idle h x idle W) / 1000 x USD/kWh x PUE``; rent replaces capital and
    energy. Raises ValueError when the machines have fewer hours than the load needs.
    """
    if machines < 1:
        raise ValueError("at least one machine")
    if speed is None:
        return None
    busy, available = month.hours(speed), machines * HOURS_PER_MONTH
    if busy > available:
        raise ValueError(f"{busy:.0f} busy hours do not fit into {machines} machine(s)")
    if hardware.rental_usd_per_hour is not None:
        capital, energy = hardware.rental_usd_per_hour * available, 0.0
    else:
        assert hardware.capex_usd is not None
        depreciation = hardware.capex_usd * (1 - hardware.salvage_share) / hardware.life_months
        capital = machines * depreciation
        watt_hours = busy * hardware.load_watts + (available - busy) * hardware.idle_watts
        energy = watt_hours / 1000 * hardware.usd_per_kwh * hardware.pue
    return LocalCost(
        machines=machines,
        busy_hours=busy,
        utilisation=busy / available,
        capital_usd=capital,
        energy_usd=energy,
        hosting_usd=machines * hardware.hosting_usd_per_month,
        labour_usd=hardware.labour_usd,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How the API bill would go on: shares per month (growth) and per year (price decline)."""

    months: int = 36
    growth_per_month: float = 0.0
    price_decline_per_year: float = 0.0
    discount_per_year: float = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCase:
    """Cash flow of moving, USD, and what follows from it.

    ``cash`` starts with what is paid before the first month. ``payback_months`` is None when the
    horizon ends before the money is back. ``break_even_usd`` is the monthly API bill at which
    moving neither saves nor costs.
    """

    cash: Sequence[float]
    payback_months: int | None
    npv_usd: float
    break_even_usd: float
    saving_usd_per_month: float


def business_case(
    moved_usd_per_month: Decimal | None,
    cost: LocalCost | None,
    hardware: Hardware,
    outlook: Outlook | None = None,
) -> BusinessCase | None:
    """Payback and net present value of moving; None when the bill or the local cost is unknown.

    ``moved_usd_per_month`` is what the API would stop charging: of a category with fallback,
    only the part its check lets pass. Month m saves ``moved x (1 - decline)^(m/12) x
    (1 + growth)^m`` less the running cost; a bought machine is paid up front and its salvage
    comes back in the last month of its life, or at the horizon as what it is then worth on the
    straight line. Machines that reach the end of their life are bought anew. Running cost does
    not grow with the load.
    """
    if moved_usd_per_month is None or cost is None:
        return None
    outlook = outlook or Outlook()
    moved = float(moved_usd_per_month)
    price = cost.machines * (hardware.capex_usd or 0.0)
    running = cost.total_usd - (0.0 if hardware.capex_usd is None else cost.capital_usd)
    cash = [-price - hardware.setup_usd]
    for month in range(1, outlook.months + 1):
        api = moved * (1 + outlook.growth_per_month) ** month
        api *= (1 - outlook.price_decline_per_year) ** (month / 12)
        cash.append(api - running + _machine_cash(price, hardware, month, outlook.months))
    monthly = (1 + outlook.discount_per_year) ** (1 / 12)
    total, payback = 0.0, None
    for month, amount in enumerate(cash):
        total += amount
        if payback is None and month and total >= 0:
            payback = month
    return BusinessCase(
        cash=tuple(cash),
        payback_months=payback,
        npv_usd=sum(amount / monthly**month for month, amount in enumerate(cash)),
        break_even_usd=cost.total_usd,
        saving_usd_per_month=moved - cost.total_usd,
    )


def _machine_cash(price: float, hardware: Hardware, month: int, horizon: int) -> float:
    """Salvage and replacement of bought machines in one month."""
    life = ceil(hardware.life_months)
    age = (month - 1) % life + 1
    worth = price * (1 - (1 - hardware.salvage_share) * age / life)
    if month == horizon:
        return worth
    return worth - price if age == life else 0.0

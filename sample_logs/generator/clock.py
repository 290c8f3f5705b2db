"""When calls happen: thirty days with a daily and a weekly rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

START = datetime(2026, 10, 12, tzinfo=UTC)  # a Monday
DAYS = 30
DAY_WEIGHTS = (1.0, 1.05, 1.0, 0.95, 0.85, 0.35, 0.3)  # Monday to Sunday
# Weight of each hour of the day (UTC).
HOUR_WEIGHTS = {
    "support-app": (
        2,
        1,
        1,
        1,
        2,
        4,
        9,
        16,
        24,
        30,
        30,
        26,
        20,
        24,
        28,
        28,
        26,
        24,
        22,
        20,
        16,
        10,
        6,
        3,
    ),
    "dev-platform": (
        4,
        3,
        2,
        2,
        2,
        3,
        6,
        12,
        22,
        28,
        30,
        28,
        18,
        24,
        32,
        34,
        34,
        30,
        22,
        16,
        14,
        12,
        10,
        6,
    ),
}


def moments(rng: Random, n: int, app: str, burst: int) -> list[datetime]:
    """`n` moments in order; with `burst` > 1 they come in groups of that size, seconds apart."""
    days = range(DAYS)
    weights = [DAY_WEIGHTS[day % 7] * (1 + day / 100) for day in days]
    found: list[datetime] = []
    while len(found) < n:
        day = rng.choices(days, weights)[0]
        hour = rng.choices(range(24), HOUR_WEIGHTS[app])[0]
        moment = START + timedelta(days=day, hours=hour, milliseconds=rng.randrange(3_600_000))
        for _ in range(min(burst, n - len(found))):
            found.append(moment)
            moment += timedelta(milliseconds=rng.randrange(15_000, 90_000))
    return sorted(min(moment, START + timedelta(days=DAYS, seconds=-1)) for moment in found)


def written(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as log shippers write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

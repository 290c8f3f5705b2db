"""Single-field extraction: the date of a meeting as ISO 8601, out of an e-mail."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Find the date on which the meeting takes place and answer with it in ISO format "
    "(YYYY-MM-DD), nothing else. If a meeting was moved, the new date counts."
)
PLAIN = (
    "Could we hold the {topic} on {new}? The room is free all afternoon.",
    "The {topic} takes place on {new} in the small hall.",
    "Reminder: {topic}, {new}, 10:00. Bring your laptops.",
    "I have put the {topic} into the calendar for {new}.",
    "Let us meet for the {topic} on {new}, I arrive by the early train.",
    "All invited are free on {new}, so the {topic} will be then.",
)
MOVED = (
    "The {topic} planned for {old} has been moved to {new}.",
    "Not {old} but {new}: the {topic} had to be shifted because Priya is travelling.",
    "We cannot make {old}. New date for the {topic}: {new}.",
    "Sorry, on {old} I am at the dentist. The {topic} will be on {new} instead.",
)
TOPICS = (
    "kick-off",
    "budget review",
    "design critique",
    "security training",
    "incident review",
    "planning round",
    "release retrospective",
    "supplier call",
    "board meeting",
    "API workshop",
    "team lunch talk",
    "data protection audit",
)
FORMATS = (
    "{d} {month} {y}",
    "{month} {d}, {y}",
    "{weekday}, {d} {month} {y}",
    "{dd}.{mm}.{y}",
    "the {d}{th} of {month} {y}",
)
SIGNED = (
    "Best, Karim",
    "See you, Lotte",
    "Regards, Dana",
    "Yours, Piotr",
    "Thanks, Mei",
    "-- Amara",
    "Cheers, Sam",
)


def spoken(rng: Random, day: date) -> str:
    """The date as people write it in mails."""
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return pick(rng, FORMATS).format(
        d=day.day,
        dd=f"{day.day:02}",
        mm=f"{day.month:02}",
        y=day.year,
        month=f"{day:%B}",
        weekday=f"{day:%A}",
        th=ordinal.get(day.day, "th"),
    )


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        new = date(2026, 10, 19) + timedelta(days=rng.randrange(140))
        old = new - timedelta(days=rng.randrange(1, 15))
        moved = rng.random() < 0.4
        body = pick(rng, MOVED if moved else PLAIN).format(
            topic=pick(rng, TOPICS), new=spoken(rng, new), old=spoken(rng, old)
        )
        slip = old.isoformat() if moved else None
        if f"{new:%d.%m.%Y}" in body and new.day <= 12:  # day and month change places
            slip = f"{new:%Y-%d-%m}"
        return single(SYSTEM, f"{body}\n{pick(rng, SIGNED)}", new.isoformat(), slip=slip)

    return distinct(n, make)

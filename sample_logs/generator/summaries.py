"""One-sentence summaries of support threads for the shift handover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Summarise the support thread for the next shift in one sentence of at most 30 words: what "
    "the customer wanted, what was done, what is still open."
)
NAMES = ("Ada", "Bruno", "Chloe", "Deniz", "Elif", "Farid", "Greta", "Hugo", "Ivana", "Jonas")
# (customer's words, their summary)
WANTS = (
    (
        "my espresso machine leaks at the bottom since yesterday",
        "reported a leaking espresso machine",
    ),
    (
        "I need the invoice for September with our new company name on it",
        "asked for the September invoice with a new company name",
    ),
    (
        "the bike light I got does not charge, I tried two cables",
        "has a bike light that does not charge",
    ),
    (
        "I would like to swap the blue jacket for a green one in the same size",
        "wants to exchange a blue jacket for a green one",
    ),
    (
        "my parcel shows as delivered but I have nothing",
        "misses a parcel that is marked as delivered",
    ),
    ("the app logs me out every few minutes", "is logged out of the app every few minutes"),
    ("I ordered four chairs and only three came", "received three of four chairs"),
    (
        "can you move my delivery from Tuesday to Thursday",
        "asked to move a delivery from Tuesday to Thursday",
    ),
)
DONE = (
    ("I have ordered a replacement from the warehouse.", "a replacement was ordered"),
    ("I opened a case with the carrier, number 7731.", "a carrier case was opened"),
    ("I have passed this on to our technicians.", "it was passed to the technicians"),
    (
        "I have changed it in our system and you will get a mail.",
        "the change was made in the system",
    ),
    (
        "I put a voucher over ten euros on your account for the trouble.",
        "a ten-euro voucher was given",
    ),
)
OPEN = (
    ("Great, please call me when it is settled.", "the customer wants a call once it is settled"),
    (
        "I am away until Monday, write to me by mail.",
        "the customer is away until Monday and prefers mail",
    ),
    ("Fine, but I need it before the 20th.", "it has to be solved before the 20th"),
    (
        "Good. And will I get my shipping costs back?",
        "the question about the shipping costs is unanswered",
    ),
    ("Perfect, that is all, thank you.", "nothing is open"),
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        customer, agent = rng.sample(NAMES, 2)
        (want, wanted), (act, acted), (rest, left) = (
            rng.choice(WANTS),
            rng.choice(DONE),
            rng.choice(OPEN),
        )
        thread = f"{customer}: Hello, {want}.\nAgent {agent}: Sorry to hear that. {act}\n{customer}: {rest}"
        summary = f"{customer} {wanted}; {acted}, and {left}."
        return Task(system=SYSTEM, messages=(("user", thread),), answer=summary)

    return distinct(n, make)

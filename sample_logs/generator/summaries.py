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
# The customer's words, their summary, then what the agent did and the summary of that.
CASES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "my espresso machine leaks at the bottom since yesterday",
        "reported a leaking espresso machine",
        (
            ("I have ordered a new seal for you.", "a new seal was ordered"),
            (
                "I booked a courier to bring it to our workshop.",
                "a courier to the workshop was booked",
            ),
            ("I have asked our technicians what it can be.", "the technicians were asked"),
        ),
    ),
    (
        "I need the invoice for September with our new company name on it",
        "asked for the September invoice with a new company name",
        (
            ("I have changed the name in our system.", "the name was changed"),
            ("I passed this on to our accounting.", "it was passed to accounting"),
            (
                "I have asked accounting for a new copy, it comes by mail.",
                "a new copy was requested",
            ),
        ),
    ),
    (
        "the bike light I got does not charge, I tried two cables",
        "has a bike light that does not charge",
        (
            ("I have ordered a replacement from the warehouse.", "a replacement was ordered"),
            ("I sent you a label to return it.", "a return label was sent"),
            (
                "I put a voucher over ten euros on your account and a new light is coming.",
                "a new light and a ten-euro voucher were given",
            ),
        ),
    ),
    (
        "I would like to swap the blue jacket for a green one in the same size",
        "wants to exchange a blue jacket for a green one",
        (
            ("I have put a green one aside for you.", "a green one was put aside"),
            ("I sent you a label to return the blue one.", "a return label was sent"),
            (
                "The green one comes in next week, I noted it.",
                "the exchange was noted for next week",
            ),
        ),
    ),
    (
        "my parcel shows as delivered but I have nothing",
        "misses a parcel that is marked as delivered",
        (
            ("I opened a case with the carrier, number 7731.", "a carrier case was opened"),
            ("I asked the driver where it was left.", "the driver was asked"),
            ("I have ordered a second parcel from the warehouse.", "a second parcel was ordered"),
        ),
    ),
    (
        "the app logs me out every few minutes",
        "is logged out of the app every few minutes",
        (
            ("I have passed this on to our developers.", "it was passed to the developers"),
            (
                "I closed all your old sessions, please sign in once more.",
                "the old sessions were closed",
            ),
            ("I have written a bug report for the next version.", "a bug report was written"),
        ),
    ),
    (
        "I ordered four chairs and only three came",
        "received three of four chairs",
        (
            (
                "The fourth is in a second parcel, I sent you the tracking.",
                "tracking of a second parcel was sent",
            ),
            ("I have asked the warehouse to look for it.", "the warehouse was asked"),
            ("I have ordered the missing one again.", "the missing chair was ordered again"),
        ),
    ),
    (
        "can you move my delivery from Tuesday to Thursday",
        "asked to move a delivery from Tuesday to Thursday",
        (
            ("I have changed it in our system.", "the change was made"),
            ("I asked the carrier, they confirm tomorrow.", "the carrier was asked"),
            ("I sent you a link to choose the day yourself.", "a link to choose the day was sent"),
        ),
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
        want, wanted, acts = rng.choice(CASES)
        (act, acted), (rest, left) = rng.choice(acts), rng.choice(OPEN)
        thread = f"{customer}: Hello, {want}.\nAgent {agent}: Thank you for writing. {act}\n{customer}: {rest}"
        summary = f"{customer} {wanted}; {acted}, and {left}."
        return Task(system=SYSTEM, messages=(("user", thread),), answer=summary)

    return distinct(n, make)

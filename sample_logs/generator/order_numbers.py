"""Single-field extraction: the order number of a customer's mail, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, greeted, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Extract the order number from the e-mail. Order numbers look like AC-123456. Answer with "
    "the number only, or with the word none if there is no order number."
)
WITH = (
    "I ordered a kettle under {no} and the lid is missing.",
    "Regarding {no}: please deliver to my office instead.",
    "Is {no} already on its way? Customer number {other}.",
    "My order ({no}) came without the second chair.",
    "{no} was supposed to be here on Friday. I can be reached on {phone}.",
    "The invoice {other} belongs to order {no}, the amount is off by two euros.",
    "Please add a gift card to {no}, it is a present.",
    "Wrong colour again in {no}, I asked for green.",
    "could you tell me what happened with {lower}? i paid on monday",
    "Two parcels, but {no} is only one of them. The other tracking code is {other}.",
    "Subject: {no} / broken glass. Three of the six glasses are in pieces.",
    "You can close the case about {no}, everything arrived.",
    "We have not received any confirmation for {no}, only the one for customer {other}.",
)
WITHOUT = (
    "I forgot my order number, but I bought a lamp last week. Call me on {phone}.",
    "Do you sell spare lids for the large kettle?",
    "My customer number is {other}. Please change my address.",
    "The invoice {other} never reached me.",
    "When do you open on Saturday? My phone: {phone}.",
    "Tracking code {other} says delivered, I have nothing here.",
)
GREETINGS = ("", "Hi,", "Dear support,", "Good evening,", "Hello team,")
CLOSINGS = (
    "",
    "Best wishes, Nadia Rahmani",
    "Regards, P. Svensson",
    "Many thanks!",
    "Yours, Old Mill Pottery",
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        number = f"AC-{rng.randrange(100000, 999999)}"
        other = f"{pick(rng, ('KD', 'RE', 'ZX'))}-{rng.randrange(100000, 999999)}"
        phone = f"0{rng.randrange(20, 99)} 555 {rng.randrange(1000, 9999)}"
        found = rng.random() < 0.85
        body = pick(rng, WITH if found else WITHOUT).format(
            no=number, lower=number.lower(), other=other, phone=phone
        )
        user = greeted(pick(rng, GREETINGS), body, pick(rng, CLOSINGS))
        # What goes wrong in life: the other number of the mail is taken for the order number.
        slip = other if other in body else None
        return single(SYSTEM, user, number if found else "none", slip=slip)

    return distinct(n, make)

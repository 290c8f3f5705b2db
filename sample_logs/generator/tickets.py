"""Ticket classification: eight labels, a system prompt that carries a tenant and a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, greeted, pick, single

if TYPE_CHECKING:
    from random import Random

TENANTS = ("Northwind Outdoor", "Lumen Bikes", "Hafen Coffee", "Bergwerk Tools", "Tiny Orchard")

CORES: dict[str, tuple[str, ...]] = {
    "billing": (
        "I was charged twice for {item} on my last statement.",
        "The invoice for {item} shows the wrong VAT number.",
        "My card was debited {amount} although the plan says less.",
        "Please send me a corrected invoice for {item}, our company address changed.",
        "Why is there an extra fee of {amount} on this month's bill?",
        "The discount code I used for {item} never reached the invoice.",
        "Can we pay by bank transfer instead of card from next month on?",
        "Our accounting needs the receipts of the last three months as PDF.",
        "The payment page rejects my card, though it works everywhere else.",
        "You billed us for six seats and we only have four.",
    ),
    "refund": (
        "I sent {item} back {when} and still wait for my money.",
        "I want my {amount} back, {item} is not what was described.",
        "How long does it take until the refund for {item} is on my account?",
        "You promised a refund {when}, nothing has arrived.",
        "I returned two pieces and only got the money for one, {amount} is missing.",
        "Please give me my money back for {item}, I changed my mind within the 14 days.",
        "The refund went to an old card that I closed. What now?",
        "I would like to return {item} and have the amount paid back.",
        "Only half of the {amount} was refunded.",
        "My order was cancelled by you, when do I get the money back?",
    ),
    "shipping": (
        "The parcel with {item} has not moved in tracking since {when}.",
        "Tracking says delivered, but nobody here has seen {item}.",
        "Can I change the delivery address for {item}? It has not left yet.",
        "The box with {item} arrived crushed and open on one side.",
        "When will {item} be delivered? I leave town on Friday.",
        "The courier left {item} in the rain in front of the gate.",
        "Do you deliver {item} to Iceland and what does it cost?",
        "My parcel went to the neighbour's old address again.",
        "I ordered {item} with express delivery {when}, it is still in the depot.",
        "Half of my order is missing from the package, only {item} was inside.",
    ),
    "login": (
        "I cannot sign in since {when}, the password reset mail never comes.",
        "The code from the authenticator app is rejected every time.",
        "My account is locked after three attempts, please unlock it.",
        "I lost my phone and with it the second factor.",
        "The reset link says it has expired, even seconds after it arrives.",
        "Single sign-on sends me in circles back to the start page.",
        "I no longer have the e-mail address that I registered with and can't get in.",
        "It says my user name is unknown, though I signed in {when}.",
        "After the password change the app keeps throwing me back to the sign-in screen.",
        "My colleague left and nobody has the password of our shop account.",
    ),
    "bug": (
        "The app crashes whenever I open {item} in the wish list.",
        "Search returns an empty page for {item}, though it is in the catalogue.",
        "Since {when} the export button does nothing at all.",
        "The photo of {item} is shown upside down on my tablet.",
        "Filtering by size shows an error 500.",
        "The basket shows {amount} but the next page shows another sum.",
        "When I press back, the form loses everything I typed.",
        "Notifications come four times for each message since {when}.",
        "The date picker will not let me choose the 31st.",
        "The dark theme makes the text in the order list unreadable, black on black.",
    ),
    "feature_request": (
        "It would be great if I could save {item} to several lists.",
        "Please add a way to compare {item} with other models side by side.",
        "Could you add Apple Pay in the future?",
        "A dark theme in the app would be lovely.",
        "I wish I could schedule deliveries for a fixed weekday.",
        "Would you consider an API so that we can order {item} automatically?",
        "Please let us export the order list as a spreadsheet.",
        "An alert when {item} is in stock again would help a lot.",
        "Suggestion: let teams share one basket.",
        "Any chance of a Dutch version of the shop one day?",
    ),
    "cancellation": (
        "Please end my subscription at the end of this month.",
        "I want to cancel the order of {item} before it ships.",
        "How do I close my account for good?",
        "We will not renew our plan, kindly confirm the end date.",
        "Cancel my membership, I do not use it any more.",
        "Please stop the monthly box, the last one came {when}.",
        "I ordered {item} by mistake, cancel it please.",
        "I tried to end the trial {when} and it was extended instead, end it now.",
        "We move to another supplier and terminate the contract.",
        "Cancel everything that is still open on my account.",
    ),
    "general_question": (
        "Which size of {item} fits a person of 1.85 m?",
        "Is {item} made in Europe?",
        "What are your opening hours in the Hamburg store?",
        "Does {item} come with a warranty, and for how long?",
        "Is the material of {item} suitable for vegans?",
        "Do you have a shop near Lyon?",
        "Can {item} be used at minus ten degrees?",
        "What is the difference between the two versions of {item}?",
        "Do you offer student discounts?",
        "How do I clean {item} properly?",
    ),
}
# Where even large models slip: the words of one label, the matter of another.
HARD = {
    "The payment page rejects my card, though it works everywhere else.": "bug",
    "Can we pay by bank transfer instead of card from next month on?": "general_question",
    "You billed us for six seats and we only have four.": "refund",
    "My order was cancelled by you, when do I get the money back?": "cancellation",
    "I would like to return {item} and have the amount paid back.": "cancellation",
    "Do you deliver {item} to Iceland and what does it cost?": "general_question",
    "It says my user name is unknown, though I signed in {when}.": "bug",
    "After the password change the app keeps throwing me back to the sign-in screen.": "bug",
    "The basket shows {amount} but the next page shows another sum.": "billing",
    "Would you consider an API so that we can order {item} automatically?": "general_question",
    "Any chance of a Dutch version of the shop one day?": "general_question",
    "I tried to end the trial {when} and it was extended instead, end it now.": "billing",
    "Do you offer student discounts?": "billing",
}
WEIGHTS = (18, 14, 22, 11, 12, 6, 8, 9)
ITEMS = (
    "the trail backpack",
    "a wool blanket",
    "the espresso grinder",
    "two bike lights",
    "the folding saw",
    "the rain jacket",
    "a set of mugs",
    "the seed starter kit",
    "the cordless drill",
    "the camping stove",
    "my winter gloves",
    "the apple press",
)
WHENS = (
    "on Monday",
    "two weeks ago",
    "last night",
    "on 3 October",
    "yesterday",
    "three days ago",
    "at the weekend",
    "last Thursday",
    "on the 19th",
    "a month ago",
)
AMOUNTS = ("39.90 euros", "12 euros", "248.50 dollars", "7.99 pounds", "1,120 kronor", "64 euros")
OPENERS = (
    "",
    "",
    "Hello,",
    "Hi there,",
    "Good morning,",
    "Dear team,",
    "Hey,",
    "To whom it may concern:",
    "Third message now!",
    "Sorry to bother you again.",
    "Quick one:",
)
CLOSERS = (
    "",
    "",
    "Thanks!",
    "Kind regards, Ines",
    "Please answer soon.",
    "This is really annoying.",
    "Best, Tom",
    "I have been a customer for six years.",
    "Sent from my phone",
    "Thank you, M. Okafor",
    "I expected better.",
    "No hurry.",
    "My order confirmation is attached.",
)


def tasks(rng: Random, n: int) -> list[Task]:
    labels = tuple(CORES)

    def make() -> Task:
        label = rng.choices(labels, WEIGHTS)[0]
        core = pick(rng, CORES[label])
        text = core.format(item=pick(rng, ITEMS), when=pick(rng, WHENS), amount=pick(rng, AMOUNTS))
        user = greeted(pick(rng, OPENERS), text, pick(rng, CLOSERS))
        return single("", user, label, slip=HARD.get(core))

    return distinct(n, make)


def system(rng: Random, day: str) -> str:
    """The system prompt of one call: the same words, another tenant and date each time."""
    return (
        f"You route support tickets for {pick(rng, TENANTS)}. Today is {day}. Read the ticket and "
        f"answer with exactly one label and nothing else.\nLabels: {', '.join(CORES)}"
    )

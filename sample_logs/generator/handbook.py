"""Answers from retrieved handbook passages: the context changes from call to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Answer the customer's question in one short sentence, using only the passages from the "
    "handbook. If they do not contain the answer, say that you do not know.\n\nPassages:\n"
)
UNKNOWN = ("I don't know, the handbook passages do not say.", "know")
# passage, then (question, answer, the words that the answer must contain)
PASSAGES: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Returns. Goods can be sent back within 30 days after delivery. Tea, coffee and other food cannot be returned once opened. The customer pays the postage unless the goods are faulty.",
        (
            (
                "How long do I have to send something back?",
                "You can return goods within 30 days after delivery.",
                "30 days",
            ),
            (
                "Who pays the postage for a return of a faulty lamp?",
                "We pay the postage, because the goods are faulty.",
                "pay",
            ),
        ),
    ),
    (
        "Shipping. Parcels inside the country take two working days, to the rest of Europe five. Express parcels leave the same day if ordered before 11:00 and cost 9.50 euros extra.",
        (
            ("How much extra is express?", "Express shipping costs 9.50 euros extra.", "9.50"),
            (
                "By when must I order for same-day dispatch?",
                "Express orders placed before 11:00 leave the same day.",
                "11:00",
            ),
        ),
    ),
    (
        "Warranty. Electric devices carry a warranty of three years, batteries of six months. Damage by water is not covered. Keep the receipt, it is the proof of purchase.",
        (
            (
                "How long is the warranty on the grinder's battery?",
                "Batteries have a warranty of six months.",
                "six months",
            ),
            (
                "Does the warranty cover water damage?",
                "No, damage by water is not covered.",
                "not covered",
            ),
        ),
    ),
    (
        "Gift cards. Gift cards are valid for four years and can be used in several parts. They cannot be paid out in cash. A lost card can be blocked with its 16-digit number.",
        (
            (
                "How long is my gift card valid?",
                "Gift cards are valid for four years.",
                "four years",
            ),
            (
                "Can I get cash for my gift card?",
                "No, gift cards cannot be paid out in cash.",
                "cannot",
            ),
        ),
    ),
    (
        "Loyalty programme. One point is given for each full euro. 200 points are worth a voucher of five euros. Points expire 18 months after they were collected.",
        (
            (
                "When do my points expire?",
                "Points expire 18 months after they were collected.",
                "18 months",
            ),
            (
                "How many points do I need for a voucher?",
                "You need 200 points for a five-euro voucher.",
                "200",
            ),
        ),
    ),
    (
        "Stores. The store in Hamburg is open from 9:00 to 19:00, on Saturdays until 16:00. The store in Bremen is closed on Mondays. Click and collect orders wait for seven days.",
        (
            (
                "Until when is Hamburg open on Saturday?",
                "The Hamburg store is open until 16:00 on Saturdays.",
                "16:00",
            ),
            (
                "How long do you keep a click and collect order?",
                "Click and collect orders are kept for seven days.",
                "seven days",
            ),
        ),
    ),
    (
        "Repairs. Knives are sharpened for 6 euros each, within one week. Grinders are repaired in our own workshop; the estimate is free. Spare parts are kept for ten years.",
        (
            (
                "What does sharpening a knife cost?",
                "Sharpening costs 6 euros per knife.",
                "6 euros",
            ),
            (
                "For how many years do you keep spare parts?",
                "Spare parts are kept for ten years.",
                "ten years",
            ),
        ),
    ),
    (
        "Business customers. Firms can pay by invoice within 21 days after a check of two working days. From 50 pieces there is a discount of 8 percent. Samples are free of charge.",
        (
            (
                "How many days do we have to pay an invoice?",
                "Business customers have 21 days to pay.",
                "21 days",
            ),
            (
                "From how many pieces is there a discount?",
                "There is an 8 percent discount from 50 pieces.",
                "50",
            ),
        ),
    ),
    (
        "Workshops. Coffee workshops take place every second Saturday and last three hours. Eight people can take part. Cancelling is free up to 48 hours before the start.",
        (
            ("How many people fit into a coffee workshop?", "Eight people can take part.", "eight"),
            (
                "Until when can I cancel a workshop for free?",
                "Cancelling is free up to 48 hours before the start.",
                "48 hours",
            ),
        ),
    ),
    (
        "Subscriptions. The coffee subscription is sent every 14 or 28 days. It can be paused for up to three months in the account. The notice period is one week.",
        (
            (
                "How long can I pause the subscription?",
                "You can pause it for up to three months.",
                "three months",
            ),
            ("What is the notice period?", "The notice period is one week.", "one week"),
        ),
    ),
    (
        "Account. Passwords must have at least twelve characters. After five wrong attempts the account is locked for 30 minutes. Accounts without orders are deleted after three years.",
        (
            (
                "How long is my account locked after wrong passwords?",
                "The account is locked for 30 minutes.",
                "30 minutes",
            ),
            (
                "How long must a password be?",
                "A password needs at least twelve characters.",
                "twelve",
            ),
        ),
    ),
    (
        "Payment. We accept cards, bank transfer and cash on delivery. Cash on delivery costs 4 euros and is possible up to 300 euros. Bank transfers take one to two days to be booked.",
        (
            ("What does cash on delivery cost?", "Cash on delivery costs 4 euros.", "4 euros"),
            (
                "Up to what amount can I pay cash on delivery?",
                "Cash on delivery is possible up to 300 euros.",
                "300",
            ),
        ),
    ),
    (
        "Packaging. Parcels are packed with paper, never with plastic. Boxes may be handed back in any store and earn ten points. Gift wrapping costs 2.50 euros per parcel and takes one day longer.",
        (("What does gift wrapping cost?", "Gift wrapping costs 2.50 euros per parcel.", "2.50"),),
    ),
    (
        "Coffee. Beans are roasted on Tuesdays and Thursdays. They taste best between one and six weeks after roasting. Ground coffee should be used within two weeks. Store it dark and closed, not in the fridge.",
        (
            (
                "On which days do you roast?",
                "Beans are roasted on Tuesdays and Thursdays.",
                "Tuesdays",
            ),
        ),
    ),
    (
        "Knives. Carbon steel knives must be dried at once after washing. The dishwasher voids the warranty of all knives. A honing rod should be used every week, a stone twice a year.",
        (
            (
                "How often should I use a stone on my knife?",
                "A stone should be used twice a year.",
                "twice",
            ),
        ),
    ),
    (
        "Complaints. Visible damage should be reported within five days, with two photos. We answer complaints within one working day. If you do not agree with our answer, the arbitration board can be called.",
        (("How many photos do you need of a damaged parcel?", "Please send two photos.", "two"),),
    ),
    (
        "Newsletter. The newsletter appears on the first Wednesday of the month. New readers get a voucher of 3 euros, valid for 60 days. Every issue holds a link to unsubscribe.",
        (
            (
                "How long is the newsletter voucher valid?",
                "The voucher is valid for 60 days.",
                "60 days",
            ),
        ),
    ),
    (
        "Pre-orders. Pre-ordered goods are charged when they leave the warehouse. If the date slips by more than ten days, we write to you and the order can be cancelled free of charge.",
        (
            (
                "When is my card charged for a pre-order?",
                "Pre-orders are charged when they leave the warehouse.",
                "leave",
            ),
        ),
    ),
    (
        "Children. Candles, knives and lighters are sold to adults only. The courier may ask for identification. Cups of the series Otter are safe for children from three years.",
        (
            (
                "From what age are the Otter cups safe?",
                "The Otter cups are safe for children from three years.",
                "three",
            ),
        ),
    ),
    (
        "Old devices. We take back old electric devices of the same kind free of charge when a new one is bought. Batteries can be handed in at every till. Lamps go into the grey box at the entrance.",
        (
            (
                "Where can I hand in old batteries?",
                "Batteries can be handed in at every till.",
                "till",
            ),
        ),
    ),
    (
        "Privacy. Order data are kept for ten years because the tax law wants it. Chats are deleted after 90 days. You may ask for a copy of your data; it is sent within two weeks.",
        (("After how many days are chats deleted?", "Chats are deleted after 90 days.", "90"),),
    ),
    (
        "Tableware. Plates of the series Dune can go into the oven up to 220 degrees. Gold rims must not be used in the microwave. Single replacement pieces are sold for at least eight years.",
        (
            (
                "How hot may Dune plates get in the oven?",
                "Dune plates can go into the oven up to 220 degrees.",
                "220",
            ),
        ),
    ),
    (
        "Events. Tables for the tasting evening are given in the order of booking. The fee of 24 euros includes five sorts of tea and a small meal. Dogs are welcome on the terrace only.",
        (("What does the tasting evening cost?", "The tasting evening costs 24 euros.", "24"),),
    ),
    (
        "Jobs. Applications are answered within three weeks. Trainees start on the first of September. Staff have 30 days of leave and a discount of 25 percent on everything in the stores.",
        (
            (
                "How long does it take until you answer an application?",
                "Applications are answered within three weeks.",
                "three weeks",
            ),
        ),
    ),
)
STRAY = (
    "Do you sell garden furniture?",
    "Who founded the company?",
    "Which bank do you work with?",
)
ASKING = ("", "", "Hi! ", "Quick question: ", "Hello, ", "One more thing. ")


def context(passages: list[str]) -> str:
    return SYSTEM + "\n".join(f"[{no}] {text}" for no, text in enumerate(passages, 1))


def tasks(rng: Random, n: int) -> list[Task]:
    """Two passages per question, the right one among them unless it is a stray question."""
    texts = [text for text, _ in PASSAGES]

    def make() -> Task:
        passage, pairs = rng.choice(PASSAGES)
        question, answer, words = rng.choice(pairs)
        other = rng.choice([text for text in texts if text != passage])
        shown = [passage, other]
        if rng.random() < 0.08:
            question, (answer, words) = pick(rng, STRAY), UNKNOWN
        rng.shuffle(shown)
        return Task(
            system=context(shown),
            messages=(("user", pick(rng, ASKING) + question),),
            answer=answer,
            expected=words,
            slip=UNKNOWN[0] if words != UNKNOWN[1] else None,
        )

    return distinct(n, make)


def whole_book_tasks(rng: Random, n: int) -> list[Task]:
    """The calls of a busy hour, when retrieval sent the whole handbook each time."""
    system = context([text for text, _ in PASSAGES])

    def make() -> Task:
        question, answer, words = rng.choice(rng.choice(PASSAGES)[1])
        return Task(system=system, messages=(("user", question),), answer=answer, expected=words)

    return distinct(n, make)

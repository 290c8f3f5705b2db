"""A travel company with two brands, English and French: agents with tools, and what feeds them."""
# ruff: noqa: E501 - prompts are long lines

from task import Task, Tool

WORDS = {
    "brand": ["Wayfarer", "Blue Pin Travel", "Northway"],
    "city": ["Lisbon", "Kyoto", "Oslo", "Marrakesh", "Quito", "Prague", "Hanoi", "Naples", "Reykjavik", "Toronto", "Athens", "Seville", "Tallinn", "Dakar", "Cork"],
    "ville": ["Lisbonne", "Kyoto", "Oslo", "Marrakech", "Quito", "Prague", "Hanoï", "Naples", "Toronto", "Athènes", "Séville", "Dakar"],
    "hotel": ["Hotel {last}", "the {city} Grand", "Casa {first}", "Pension {last}", "Riad {first}", "the Harbour Inn {city}"],
    "sum": ["{40..990} euros", "{100..2900} dollars"],
    "wish": [
        "I need a flight from {city} to {city} on {date}, not before {time}.",
        "Find me {hotel} or something like it in {city} for {2..14} nights under {sum}.",
        "Please cancel booking {code} for {person}, we cannot leave on {date}.",
        "My bag from {city} did not arrive on {date}, the tag is {code}.",
        "Can {2..6} of us with {1..3} children get from {city} to {city} by train before {time}?",
        "Change the name on {code} to {person} and add {1..3} bags.",
        "What is the weather in {city} around {date} and do I need a visa with a passport of {month} {2027..2034}?",
        "I was charged {sum} twice for {hotel} on {date}.",
        "Move my {weekday} transfer in {city} to {time}, flight {code}.",
    ],
    "souhait": [
        "Je cherche un vol de {ville} à {ville} le {1..28} {mois}, pas avant {8..20} h.",
        "Annulez la réservation {code} au nom de {person}, s'il vous plaît.",
        "Il me faut une chambre à {ville} pour {2..14} nuits, moins de {60..900} euros.",
        "Mon bagage {code} n'est pas arrivé à {ville} le {1..28} {mois}.",
        "Peut-on aller de {ville} à {ville} en train avec {1..4} enfants le {1..28} {mois} ?",
        "On m'a débité {60..900} euros deux fois pour l'hôtel de {ville} le {1..28} {mois}.",
        "Changez le nom du dossier {code} en {person} avant le {1..28} {mois}.",
    ],
    "mois": ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"],
    "review": [
        "We stayed {2..12} nights at {hotel} in {month} and the room on floor {1..19} smelt of paint.",
        "Breakfast at {hotel} ended at {time}, far too early for {sum} a night.",
        "{first} at the front desk found us a taxi at {time} when the {city} trains stopped.",
        "The pool was closed from {date}, nobody in {city} had told us.",
        "Lovely view of {city} from room {100..999}, and {first} remembered our names.",
        "Walls so thin that we heard room {100..999} until {time}.",
        "Ten minutes on foot from the {city} station, {2..40} with bags as we had.",
        "They kept our deposit of {sum} until {date}.",
    ],
    "confirmation": [
        "Booking reference {code} for {person}.",
        "Outbound {city} to {city}, {date} at {time}, seat {1..40}{letter}.",
        "{hotel}, check-in {date}, {2..14} nights, total {sum}.",
        "Free cancellation until {date}, afterwards {sum}.",
        "Transfer by {last} Cars from {city} airport at {time}, {1..6} persons.",
        "Return {city} to {city} on {date} at {time}, {1..3} bags of {15..32} kg.",
    ],
    "fact": [
        "{city} has {2..40} museums, most of them closed on {weekday}s.",
        "The old town of {city} is best before {time}, says {person}.",
        "A day pass costs {sum} in {month}.",
        "The ferry to {city} takes {2..14} hours and runs until {date}.",
        "In {month} it rains on {2..25} days in {city}.",
        "{hotel} is {2..30} minutes from the market of {city}.",
    ],
    "done": ["Done: {code}, {weekday} at {time}.", "I found {2..9} offers from {sum}; the first leaves {city} at {time}.", "Booking {code} is cancelled and {sum} goes back to your card.", "Your bag is in {city} and comes on {date}."],
    "fait": ["C'est fait : dossier {code}, départ à {8..20} h.", "J'ai trouvé {2..9} offres à partir de {60..900} euros.", "Le dossier {code} est annulé."],
    "aspect": ["noise", "cleanliness", "staff", "food", "location", "price", "facilities"],
    "chat": ["plan {3..14} days in {city} with my {2..5} kids, we hate {weekday} crowds", "packing list for {city} in {month}, {2..20} kg", "is {city} or {city} better in {month}?", "write a postcard from {city} to {person}", "how do I say 'bill please' in {city}, and tip on {sum}?", "jet lag from {city} to {city}, I land at {time}"],
}  # fmt: skip


def _tool(name: str, purpose: str, /, **arguments: str) -> Tool:
    return Tool(name=name, purpose=purpose, arguments=arguments, result={"status": "ok", "reference": "{code}", "price": "{sum}"})  # fmt: skip


TOOLS = [
    _tool("search_flights", "Flights between two cities", origin="{city}", destination="{city}", date="{date}"),
    _tool("search_hotels", "Hotels in a city", city="{city}", nights="{2..14}"),
    _tool("search_trains", "Trains between two cities", origin="{city}", destination="{city}"),
    _tool("get_booking", "A booking by its reference", reference="{code}"),
    _tool("cancel_booking", "Cancel a booking", reference="{code}"),
    _tool("change_name", "Change the traveller's name", reference="{code}", name="{person}"),
    _tool("trace_bag", "Where a bag is", tag="{code}"),
    _tool("refund", "Pay an amount back", reference="{code}", amount="{sum}"),
    _tool("weather", "Forecast for a city", city="{city}", date="{date}"),
    _tool("visa_rules", "Visa rules for a country", country="{city}"),
]  # fmt: skip

TASKS = [
    Task(
        name="trip-agent", weight=2.5, model="claude-sonnet-4-5-20250929", tools=TOOLS, offered=5, steps=3,
        systems=["You are the travel agent of {brand}. Use the tools to find, change and cancel what the customer asks for. Ask before anything that costs money. Customer: {person}. Today is {date}."],
        users=["{+wish 1..1}", "{+wish 1..2}"], answers=["{done}"],
    ),
    Task(
        name="trip-agent", weight=1.2, model="claude-sonnet-4-5-20250929", tools=TOOLS, offered=5, steps=3,
        systems=["Vous êtes l'agent de voyage d'Azur Évasion. Utilisez les outils pour chercher, modifier et annuler ce que demande le client. Demandez son accord avant toute dépense. Client : {person}. Nous sommes le {1..28} {mois}."],
        users=["{+souhait 1..1}", "{+souhait 1..2}"], answers=["{fait}"],
    ),
    Task(
        name="request-router", weight=4, model="gpt-4.1-mini-2025-04-14",
        systems=["You route the messages of customers of {brand} to a team. Teams: flights, hotels, rail, baggage, refunds, changes. Reply with the team."],
        users=["{+wish 1..2}"], answers=["flights", "hotels", "rail", "baggage", "refunds", "changes"],
    ),
    Task(
        name="confirmation-extract", weight=3.5, model="gpt-4.1-2025-04-14", schema="itinerary",
        systems=["Read the confirmation e-mail that a customer of {brand} forwarded and return the itinerary. Times are local. Unknown fields are null."],
        users=["From: {first}@mail.example\nSubject: your trip to {city}\n\n{+confirmation 3..6}"],
        answers=[{"reference": "{code}", "traveller": "{person}", "from": "{city}", "to": "{city}", "departs": "{date} {time}", "total": "{sum}"}],
    ),
    Task(
        name="invoice-extract", weight=2, model="gpt-4.1-2025-04-14", schema="hotel_invoice",
        systems=["Read the hotel invoice that a customer of {brand} uploaded and return its lines for expense reports. Times are ignored. Unknown fields are null."],
        users=["INVOICE {code}\n{hotel}\n{+confirmation 1..3}\nTotal {sum}, VAT {5..25} %"],
        answers=[{"invoice_no": "{code}", "hotel": "{hotel}", "nights": "{2..14}", "net": "{sum}", "vat": "{sum}"}],
    ),
    Task(
        name="review-aspects", weight=3, model="gpt-4.1-mini-2025-04-14",
        users=["List the aspects a guest complains about (noise, cleanliness, staff, food, location, price, facilities), comma separated, or none.\n\nReview of {hotel}:\n{+review 1..4}"],
        answers=["{aspect}", "{aspect}, {aspect}", "none"],
    ),
    Task(
        name="review-summary", weight=2, model="gpt-4.1-mini-2025-04-14",
        users=["Sum up in two sentences what guests say about {hotel}. Mention one good and one bad point.\n\nReviews:\n{+review 4..8}"],
        answers=["Guests liked the view of {city}. {+review 1..1}"],
    ),
    Task(
        name="destination-copy", weight=2, model="claude-sonnet-4-5-20250929",
        systems=["You write for the magazine of {brand}. Second person, present tense, no superlatives, about ninety words. Use only the facts given."],
        users=["Destination: {city}\nFacts:\n{+fact 3..5}"], answers=["You step out at {time} and {city} is still quiet. {+fact 2..3}"],
    ),
    Task(
        name="faq", weight=2.5, model="gpt-4.1-2025-04-14",
        systems=["Answer the question of the {brand} customer from the passages below only. If they do not answer it, say that you will pass it on.\n\nPassages:\n{+confirmation 1..2}\n{+fact 2..4}"],
        users=["{+wish 1..1}"], answers=["{+fact 1..2}", "I will pass your question on to a colleague."],
    ),
    Task(
        name="holiday-chat", weight=2, model="gpt-4.1-2025-04-14", systems=[None, "You are a helpful assistant."],
        users=["{+chat 1..1}"], answers=["{+fact 2..4}", "Day {1..9}: {+fact 1..2}"], turns=3, followups=["{+chat 1..1}", "cheaper, under {sum}", "and with rain?"],
    ),
]  # fmt: skip

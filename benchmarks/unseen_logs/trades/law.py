"""A product for law firms: one vendor, many firms, whose names stand in the prompts."""
# ruff: noqa: E501 - prompts are long lines

from task import Task

WORDS = {
    "firm": ["Abbot & Lyle", "Brandt Rechtsanwälte", "Castellan LLP", "Dray Stone", "Eastgate Law", "Fenwick Moor", "Grant Hollis", "Harker Chambers", "Ivory Street Legal"],
    "party": ["Aldermoor Ltd", "Brightwater Foods", "Cinder Systems Inc", "Delphi Logistics", "Eskdale Energy", "Foundry Nine", "Greyhound Retail plc", "Halcyon Labs", "Ironbridge Capital", "Juno Textiles", "Kestrel Aviation", "Lomond Hotels", "Marrow Press", "Northfield Council", "Oriel Insurance"],
    "court": ["the County Court at {town}", "the High Court", "the Employment Tribunal in {town}", "the Court of Appeal", "the Land Registry tribunal"],
    "town": ["Bristol", "Leeds", "Cardiff", "Exeter", "Norwich", "Dundee", "Belfast", "Hull", "Lincoln", "York", "Derby"],
    "sum": ["{2..990},{100..999} pounds", "EUR {3..800},{100..999}", "{1..9}.{1..9} million dollars"],
    "goods": ["cold storage units", "server racks", "office chairs", "solar panels", "delivery vans", "laboratory reagents", "packaging film", "wool yarn", "kitchen fittings", "turbine blades", "tablet computers", "bottled water"],
    "period": ["{14..120} days", "{2..36} months", "{2..12} weeks", "{2..9} years"],
    "law": ["the laws of England and Wales", "Scots law", "the law of New York", "German law", "Irish law", "the law of Singapore"],
    "clause": [
        "{party} shall deliver the {goods} to {party} within {period} of the order dated {date}.",
        "Either party may end this agreement by giving {period} written notice to the other, counted from {date}.",
        "The total liability of {party} under this agreement is limited to {sum}, except in the case of fraud.",
        "{party} keeps confidential all drawings of the {goods} for {period} after the agreement ends.",
        "Invoices for the {goods} are payable within {period}; late sums bear interest at {2..9} per cent above base rate, capped at {sum}.",
        "This agreement is governed by {law}, and the parties submit to {court}, case list {code}.",
        "{party} grants {party} a non-exclusive licence to use the design of the {goods} in the territory of {town}.",
        "If delivery is delayed beyond {period}, {party} may claim liquidated damages of {sum} for each consignment of {goods}.",
        "The employee will not work for a competitor within {3..80} miles of {town} for {period} after leaving {party}.",
        "Neither side is liable for delay caused by flood, strike or war that lasts longer than {period} at the {town} site of {party}.",
    ],
    "fact": [
        "On {date} the claimant, {person}, slipped on the loading ramp of {party} in {town}.",
        "{party} had ordered {12..900} {goods} from {party} and paid {sum} in advance.",
        "The witness {person} told the court that the {goods} arrived {period} late.",
        "A letter of {date} from {person} offered {sum} in full settlement of claim {code}.",
        "The tribunal found that {person} had been dismissed by {party} without the {period} notice due.",
        "The judge at {court} refused permission to rely on the expert report about the {goods}, filed on {date}.",
        "{person}, a director of {party}, had signed the guarantee for {sum} in {town}.",
        "The lease of the {town} warehouse to {party} expired on {date} and was not renewed.",
        "Costs of {sum} were awarded against {party}, to be paid within {period}.",
        "The appeal raises a short point on clause {2..40}: whether notice given on {date} bound {party}.",
    ],
    "worry": [
        "My landlord in {town} has kept my deposit of {sum} since {date} and will not answer.",
        "I was dismissed from {party} on {date} after {period} and never got a reason.",
        "The {goods} I bought from {party} were broken when they came on {date}.",
        "My neighbour {person} built a fence over the boundary in {town} about {period} ago.",
        "I signed a guarantee for {sum} to help my friend {person} and the bank has written to me.",
        "{party} has used my photographs of {goods} on its website since {month}.",
        "My late aunt left her house in {town} to {person}, but there is a later will of {date}.",
        "A driver who works for {party} hit my car in {town} on {date}; repairs cost {sum}.",
    ],
    "ask": ["What can I do?", "Do I have a claim?", "How long do I have to bring a case?", "Is it worth going to court?", "Could one of you call me on {weekday}?"],
    "area": ["employment", "property", "consumer", "wills and probate", "intellectual property", "personal injury", "banking"],
    "verdict": ["The clause favours {party}.", "The cap of {sum} is low for a supply of {goods}.", "Notice of {period} is shorter than is usual.", "Ask for a carve-out for wilful default.", "The forum should be {court}."],
    "line": ["- {verdict} {+reason}"],
    "reason": ["A court in {town} would read it narrowly.", "{party} should insist on {period}.", "The precedent of {month} {2004..2024} goes the other way.", "Point {2..30} of the playbook asks for a cap of {sum}.", "The risk sits with {party} from {date}."],
    "entry": ["Drafting the reply to {party} about the {goods}", "Call with {person} on the {town} lease", "Reviewing {12..400} pages of disclosure from {party}", "Attending {court} on behalf of {party}", "Preparing {person} for cross-examination", "E-mails with counsel on claim {code}"],
}  # fmt: skip

TASKS = [
    Task(
        name="clause-type", weight=5, model="gpt-4.1-mini-2025-04-14",
        systems=[
            "You work for {firm}. Label the contract clause with one of: delivery, termination, liability, confidentiality, payment, governing law, licence, non-compete, force majeure. Reply with the label only.",
            "You work for {firm}. Label the contract clause with exactly one of: delivery, termination, liability, confidentiality, payment, governing law, licence, non-compete, force majeure, other. Reply with the label and nothing else, in lower case.",
        ],
        users=["{+clause 1..1}"],
        answers=["delivery", "termination", "liability", "confidentiality", "payment", "governing law", "licence", "non-compete", "force majeure"],
    ),
    Task(
        name="clause-review", weight=3, model="claude-sonnet-4-5-20250929",
        systems=["You are a contracts associate at {firm}. Our client is {party}. Compare the clauses with the playbook and list every point on which our client should push back, most serious first, one bullet each. Playbook: cap liability at twelve months of fees, sixty days of notice, our courts, no penalty."],
        users=["Clauses as received:\n\n{+clause 3..6}"],
        answers=["{line}\n{line}\n{line}", "{line}\n{line}"],
    ),
    Task(
        name="contract-terms", weight=3, model="gpt-4.1-2025-04-14", schema="contract_terms",
        systems=["Pull the commercial terms out of the agreement for the deal sheet of {firm}. Use null where the text is silent. Amounts keep their currency."],
        users=["{+clause 3..6}"],
        answers=[{"supplier": "{party}", "customer": "{party}", "goods": "{goods}", "notice": "{period}", "liability_cap": "{sum}", "law": "{law}"}],
    ),
    Task(
        name="case-digest", weight=2.5, model="claude-sonnet-4-5-20250929",
        users=["Write a headnote of at most eighty words for the judgment below. State the facts, the question and the holding.\n\nJUDGMENT\n{+fact 5..9}"],
        answers=["{+fact 1..2} The question was whether the term bound {party}. Held, that it did: {+reason}"],
    ),
    Task(
        name="intake", weight=3, model="gpt-4.1-mini-2025-04-14", json_mode=True,
        systems=["You read the messages that visitors leave on the website of {firm}. Return JSON with area (employment, property, consumer, wills and probate, intellectual property, personal injury or banking), urgent (true if a deadline is near) and summary (one sentence)."],
        users=["{+worry 1..3} {ask}"],
        answers=[{"area": "{area}", "urgent": False, "summary": "{+worry}"}, {"area": "{area}", "urgent": True, "summary": "{+worry}"}],
    ),
    Task(
        name="client-letter", weight=2, model="claude-sonnet-4-5-20250929",
        systems=["Draft a letter from {firm} to the client in plain English, without Latin. Keep it under two hundred words. The fee earner is {person}. Sign off with the name of the fee earner."],
        users=["Notes of the meeting with {person}:\n{+fact 2..4}\nNext step: hearing at {court} on {date}."],
        answers=["Dear {person},\n\nThank you for coming to see us. {+fact 1..2} {+reason 1..2}\n\nThe next step is the hearing on {date}.\n\nYours sincerely,\n{person}"],
    ),
    Task(
        name="time-entry", weight=3, model="gpt-4.1-nano-2025-04-14",
        users=["Rewrite this time note as a billing narrative, past tense, one line, no abbreviations.\nNote: {+entry 1..1}, {5..230} min\nMatter: {code}", "Rewrite this time note as a billing narrative, past tense, one line, no abbreviations.\nNote: {+entry 1..1}; then {+entry 1..1}\nMatter: {code}"],
        answers=["Attended to the matter of {party}: {entry}."],
    ),
    Task(
        name="free-question", weight=2, model="gpt-4.1-2025-04-14",
        systems=["You are a helpful assistant."],
        users=["{+worry 1..1} {ask}", "Explain {law} on guarantees of {sum} to a trainee", "what does '{+clause 1..1}' mean", "{ask} {+worry 1..2}", "Give me three arguments against this: {+fact 1..1}"],
        answers=["{+reason 2..4}", "In short: {+reason 1..2} {+verdict 1..1}"], turns=3, followups=["And under {law}?", "Shorter please, for {person}", "What if it were {sum}?"],
    ),
]  # fmt: skip

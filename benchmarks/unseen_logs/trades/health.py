"""A group of clinics: notes, coding, letters, a booking agent with tools."""
# ruff: noqa: E501 - prompts are long lines

from task import Task, Tool

WORDS = {
    "clinic": ["Linden Clinic", "Harbour Health", "St Brigid's", "Oak Lane Surgery", "Riverside Practice", "Meadow Children's Clinic"],
    "part": ["left knee", "right shoulder", "lower back", "neck", "left wrist", "right ankle", "hip", "jaw", "chest", "abdomen", "forehead", "right elbow"],
    "symptom": ["dull pain", "a burning feeling", "swelling", "numbness", "stiffness", "a red rash", "itching", "cramps", "tingling", "a sharp ache", "throbbing", "weakness"],
    "trigger": ["after climbing stairs", "when coughing", "in the morning", "after meals", "while typing", "at night", "after a fall from a {ladder}", "when it is cold", "during {sport}", "on deep breaths"],
    "ladder": ["ladder", "bicycle", "horse", "scooter", "trampoline", "wall"],
    "sport": ["football", "swimming", "running", "tennis", "climbing", "rowing", "judo"],
    "drug": ["ibuprofen", "amoxicillin", "metformin", "ramipril", "sertraline", "omeprazole", "salbutamol", "levothyroxine", "atorvastatin", "prednisolone", "cetirizine", "naproxen"],
    "dose": ["{1..9}0 mg", "{1..8}00 mg", "{2..9} ml", "{1..2} tablets"],
    "often": ["once a day", "twice a day", "three times a day", "every {4..12} hours", "at bedtime", "with food"],
    "since": ["for {2..30} days", "for {2..20} weeks", "since {weekday}", "since {date}", "on and off since {month}"],
    "dx": ["tendinitis", "migraine", "type 2 diabetes", "bronchitis", "eczema", "gastritis", "hypertension", "a sprain", "sciatica", "asthma", "sinusitis", "iron deficiency", "hay fever"],
    "doctor": ["Dr {last}"],
    "obs": [
        "Patient aged {3..91} reports {symptom} of the {part} {since}, worse {trigger}.",
        "Blood pressure {100..170} over {60..100}, pulse {52..118}, temperature {36..39}.{0..9}.",
        "Examination of the {part}: tenderness, no fracture seen on film {code}.",
        "Takes {drug} {dose} {often} and reports {symptom} as a side effect.",
        "Known {dx} {since}; last seen by {doctor} on {date}.",
        "Allergic to {drug}: {symptom} of the {part} in {month} {1998..2025}.",
        "Plan: {drug} {dose} {often} for {3..28} days, review on {date}.",
        "Mother had {dx}; the patient smokes {2..30} a day and does {sport}.",
        "Laboratory {date}: haemoglobin {90..170}, ferritin {5..300}, HbA1c {34..96}.",
        "Referred to {doctor} for {dx}, letter {code}.",
    ],
    "say": [
        "I have had {symptom} in my {part} {since}.",
        "It gets worse {trigger} and I took {drug} {dose}, which did not help.",
        "My {kin} has {dx} and has had {symptom} {since}.",
        "Can I take {drug} {dose} together with {drug}?",
        "{doctor} told me to come back about the {dx} before {date}.",
        "I ran out of {drug} on {weekday}, I take {dose} {often}.",
        "The {symptom} in the {part} of my {kin} started {trigger}.",
        "I need a letter for my employer about {dx}, from {date}.",
    ],
    "kin": ["son", "daughter", "mother", "father", "wife", "husband", "grandmother", "twin"],
    "want": ["Could I come on {weekday} around {time}?", "Is there anything before {date}?", "Please move my visit with {doctor} to {date}.", "I have to cancel {weekday} at {time}.", "Who can see my {kin} about {dx}?", "Any slot at {clinic} after {time} on {weekday}?", "Can {doctor} ring me on {date}?"],
    "advice": ["Rest the {part} for {2..14} days.", "Take {drug} {dose} {often}.", "Call us if the {symptom} is worse by {weekday}.", "See {doctor} within {2..9} days.", "Keep a diary of the {symptom} until {date}.", "Cool the {part} for {5..20} minutes, {often}.", "Avoid {sport} until {date}."],
    "icd": ["{letter}{10..99}.{0..9}"],
    "q": ["What does ferritin {5..300} mean?", "how long does {dx} last", "Exercises for a stiff {part}?", "difference between {drug} and {drug}", "Is {symptom} {trigger} dangerous?", "diet plan for {dx}, {4..9} meals", "write a poem about my {part} and {sport}", "my {kin} swallowed {dose} of {drug}, what now"],
}  # fmt: skip

CALENDAR = [
    Tool(name="find_slots", purpose="Free appointments of a doctor", arguments={"doctor": "{doctor}", "from_date": "{date}"}, result={"slots": "{weekday} {time}, {weekday} {time}"}),
    Tool(name="book_slot", purpose="Book an appointment", arguments={"doctor": "{doctor}", "slot": "{weekday} {time}", "reason": "{dx}"}, result={"booking": "{code}"}),
    Tool(name="cancel_booking", purpose="Cancel an appointment", arguments={"booking": "{code}"}, result={"status": "cancelled"}),
    Tool(name="patient_record", purpose="Look up a patient", arguments={"name": "{person}"}, result={"id": "{code}", "doctor": "{doctor}"}),
]  # fmt: skip

TASKS = [
    Task(
        name="soap-note", weight=3, model="claude-sonnet-4-5-20250929",
        systems=[
            "You are the scribe of {clinic}. Turn the dictation into a SOAP note with the four headings Subjective, Objective, Assessment and Plan. Add nothing that was not said.",
            "You are the scribe of {clinic}. Turn the dictation of the clinician into a SOAP note with the four headings Subjective, Objective, Assessment and Plan. Add nothing that was not said; mark what could not be heard with [inaudible].",
        ],
        users=["Dictation by {doctor}, {date}:\n{+obs 3..6}"],
        answers=["## Subjective\n{+obs}\n## Objective\n{+obs 1..2}\n## Assessment\n{dx}\n## Plan\n{+advice 1..2}"],
    ),
    Task(
        name="icd-coding", weight=3.5, model="gpt-4.1-2025-04-14", schema="icd_codes",
        systems=["Assign ICD-10 codes to the encounter note of {clinic}. Give the principal code, further codes in order of importance, and the words of the note that support the principal code."],
        users=["{+obs 2..5}"],
        answers=[{"principal": "{icd}", "further": ["{icd}", "{icd}"], "evidence": "{symptom} of the {part}"}],
    ),
    Task(
        name="medication-list", weight=2.5, model="gpt-4.1-2025-04-14", schema="medication_list",
        systems=["Assign every medication in the note of {clinic} to a list with name, dose and frequency. Leave out medications that were stopped or that the patient is allergic to."],
        users=["{+obs 2..5}"],
        answers=[{"medications": [{"name": "{drug}", "dose": "{dose}", "frequency": "{often}"}, {"name": "{drug}", "dose": "{dose}", "frequency": "{often}"}]}],
    ),
    Task(
        name="urgency", weight=4, model="gpt-4.1-mini-2025-04-14",
        systems=["You sort messages from the patient portal of {clinic} for the nurse on duty. How soon must somebody answer? Reply with one word: now, today, week or routine. When in doubt choose the more urgent one."],
        users=["{+say 1..3}"], answers=["now", "today", "week", "routine"],
    ),
    Task(
        name="message-topic", weight=4, model="gpt-4.1-mini-2025-04-14",
        systems=["You sort messages from the patient portal of {clinic} for the front desk. Who deals with it? Reply with one word: prescription, appointment, results, billing or clinical."],
        users=["{+say 1..3}"], answers=["prescription", "appointment", "results", "billing", "clinical"],
    ),
    Task(
        name="booking-agent", weight=2, model="claude-sonnet-4-5-20250929",
        systems=["You are the telephone desk of {clinic}. Book, move and cancel appointments with the tools. Never give medical advice; send emergencies to the emergency number. Today is {date}."],
        users=["{+want 1..1}", "{+say 1..1} {+want 1..1}"],
        tools=CALENDAR, steps=3, answers=["You are booked with {doctor} on {weekday} at {time}.", "I have cancelled {weekday} at {time}, reference {code}.", "{doctor} is free on {weekday} at {time} or {time}. Which one suits you?"],
    ),
    Task(
        name="portal-reply", weight=2, model="claude-sonnet-4-5-20250929",
        systems=["Draft the answer of {doctor} at {clinic} to the patient's message. Warm, plain words, no diagnosis, at most a hundred words. The doctor reads it before it is sent. You may look things up with the tools."],
        users=["{+say 2..3}"], tools=CALENDAR[3:], steps=1,
        answers=["Thank you for your message. {+advice 2..3} Kind regards, {doctor}"],
    ),
    Task(
        name="leaflet-simple", weight=2, model="gpt-4.1-2025-04-14",
        users=["Put the following discharge instructions into words a twelve-year-old understands. Short sentences. Keep every number.\n\n{+obs 1..2} {+advice 2..4}"],
        answers=["{+advice 2..4}"],
    ),
    Task(
        name="ask-anything", weight=1.5, model="gpt-4.1-2025-04-14",
        users=["{+q 1..1}", "{+q 1..1} {+say 1..1}"], answers=["{+advice 1..3}"], turns=2, followups=["{+q 1..1}"],
    ),
]  # fmt: skip

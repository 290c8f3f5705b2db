"""A studio with three games: characters, quests, moderation, bug reports, code."""
# ruff: noqa: E501 - prompts are long lines

from task import Task

WORDS = {
    "game": ["Ember Vale", "Tidebreakers", "Orbit Farm"],
    "npc": ["Old Maren the ferryman", "Captain Rusk", "Sister Ilva", "Brom the smith", "the lighthouse keeper", "Pip, a street thief", "Doctor Quill", "the robot gardener VX-{2..9}", "Queen Oriane", "a talking crow"],
    "mood": ["gruff", "cheerful", "suspicious", "tired", "in love", "drunk", "proud", "afraid of the dark"],
    "place": ["the sunken library", "Gull Harbour", "the copper mines", "the frozen orchard", "Station {2..40}", "the salt flats", "the weavers' quarter", "the broken dam", "Moss Hollow", "the observatory"],
    "item": ["a rusted key", "{3..40} moon pearls", "the captain's map", "a jar of fireflies", "an iron lantern", "{2..30} turnip seeds", "a cracked lens", "the bell of {place}", "a wolf pelt", "a spare thruster"],
    "foe": ["wolves", "smugglers", "a frost golem", "rogue drones", "the tax collector", "river wraiths", "giant moles", "a rival crew"],
    "player": ["{first}{10..999}", "x{last}x", "{last}_the_{mood2}", "Dark{first}{2..99}"],
    "mood2": ["brave", "lazy", "wise", "salty", "quick", "lost"],
    "line": [
        "have you seen {item} near {place}",
        "{foe} killed me {2..30} times at {place}, what now",
        "I brought {item} from {place} as you asked",
        "who rules {place} since {month}?",
        "sell me {item} for {5..900} coins",
        "tell me about {foe} and {item}",
        "I will not help you with {foe} unless you give me {item}",
        "is it true that {npc} hides in {place}",
        "how do I get to {place} without {item}",
    ],
    "chatline": [
        "{player} stop stealing {item} at {place}",
        "lfg {place}, need healer lvl {10..80}, {time}",
        "{player} you play like my {age} year old cousin with {item}",
        "anyone got {item}? paying {50..9000}",
        "I know where you live {player}, see you {weekday}",
        "gg {player}, that {foe} fight at {place} was great",
        "buy coins at coins{100..9999}.example, {player}, {5..60} percent off",
        "the {month} patch ruined {item}, uninstalling {game}",
        "{player} is a worthless idiot and should quit {place}",
        "how old are you {player}? send me a photo with {item}",
    ],
    "age": ["{4..12}"],
    "beat": [
        "{npc} asks for {item} from {place}.",
        "{foe} guard the way to {place}; they fear {item}.",
        "The player may spare {foe} and lose {item}.",
        "At {time} the gate of {place} opens for {2..15} minutes.",
        "{npc} lies about {item} and is {mood}.",
        "Reward: {item} and {50..900} coins.",
        "If the player is below level {5..40}, {npc} turns them away from {place}.",
    ],
    "bug": [
        "{game} crashes when I drop {item} in {place}, build {1..9}.{0..20}.{0..99}.",
        "After the fight with {foe} the screen stays black for {5..90} seconds.",
        "{npc} walks through walls in {place} after {time}.",
        "Save slot {1..9} from {date} is gone, it had {item}.",
        "Frame rate falls from {60..144} to {5..25} near {place} on a card with {2..12} GB.",
        "The quest about {item} cannot be handed in to {npc}.",
        "I was charged {5..60} euros twice for {item} on {date}.",
        "Controller {2..4} loses input when {foe} appear in {place}.",
    ],
    "speech": ["Hm, {item}, you say?", "Nobody goes to {place} since {foe} came.", "Bring me {item} and we shall talk.", "I had {item} once, before {month}.", "Mind {foe} on the road to {place}.", "{npc} owes me {5..90} coins."],
    "identifier": ["{verb}_{noun}", "{verb}_{noun}_{noun}"],
    "verb": ["spawn", "update", "reset", "load", "save", "clamp", "find", "sort", "merge", "tick"],
    "noun": ["enemy", "inventory", "tile", "loot", "camera", "quest", "timer", "player", "wave", "crop"],
    "code": ["func {identifier}({noun}, amount):\n    if {noun}.health < {2..90}:\n        return {identifier}({noun})\n    {noun}.{noun}_count += {1..9}\n    return {noun}"],
    "coderequest": ["Write a GDScript function {identifier} that gives every {noun} within {2..90} tiles a {noun} and returns their number.", "GDScript: {identifier}, called {2..60} times a second, must not allocate; it moves the {noun} towards the {noun}.", "I need {identifier} in GDScript: sort {noun}s by {noun}, stable, at most {10..900} of them."],
    "cat": ["crash", "graphics", "save", "quest", "payment", "input", "performance"],
    "tag": ["harassment", "threat", "spam", "grooming", "hate", "none"],
    "taste": ["is {game} like {game}?", "best build for {place} with {item}", "name ideas for a guild of {foe}", "write a limerick about {npc} and {item}", "plot twist for a campaign in {place} with {foe}", "how do {noun} systems work in games with {2..90} players"],
}  # fmt: skip

TASKS = [
    Task(
        name="npc-dialogue", weight=4, model="gpt-4.1-mini-2025-04-14",
        systems=["You are {npc} in the game {game}. You are {mood} and stand in {place}. You know nothing of the real world. Answer the player in character with at most two sentences. Never mention that you are a model."],
        users=["{+line 1..1}", "{+line 1..1}. {+line 1..1}?"], answers=["{speech}", "{speech} {speech}"], turns=4, followups=["{+line 1..1}", "ok. {+line 1..1}", "why? {+line 1..1}"],
    ),
    Task(
        name="chat-moderation", weight=6, model="gpt-4.1-nano-2025-04-14", json_mode=True,
        systems=["You moderate the chat of {game}. Players are as young as ten. Return JSON with the key label, one of harassment, threat, spam, grooming, hate or none, and the key severity from 0 to 3."],
        users=["{+chatline 1..1}", "{+chatline 1..1}\n{+chatline 1..1}"], answers=[{"label": "{tag}", "severity": "{0..3}"}],
    ),
    Task(
        name="name-check", weight=3, model="gpt-4.1-nano-2025-04-14", json_mode=True,
        systems=["You check names that players of {game} want to use. Names may be in any language and use digits for letters. Return JSON with allowed (true or false) and reason (empty if allowed)."],
        users=["{player}", "{player} (clan tag {letter}{letter}{letter})"], answers=[{"allowed": True, "reason": ""}, {"allowed": False, "reason": "insult in {month} slang"}],
    ),
    Task(
        name="quest-json", weight=2.5, model="claude-sonnet-4-5-20250929",
        systems=["You design side quests for {game}. Return JSON with title, giver, place, steps (a list of strings) and reward. Stay within what the brief says, no real brands."],
        users=["Brief:\n{+beat 2..4}"],
        answers=[{"title": "The road to {place}", "giver": "{npc}", "place": "{place}", "steps": ["{beat}", "{beat}"], "reward": "{item}"}],
    ),
    Task(
        name="bug-triage", weight=3, model="gpt-4.1-mini-2025-04-14",
        systems=["Assign the player's report to one component of {game}: crash, graphics, save, quest, payment, input or performance. Answer with the name of the component."],
        users=["{+bug 1..2}"], answers=["{cat}"],
    ),
    Task(
        name="bug-duplicate", weight=2, model="gpt-4.1-mini-2025-04-14",
        systems=["Two players reported a problem in {game}. Is it the same defect? Answer yes or no."],
        users=["Report A: {+bug 1..1}\nReport B: {+bug 1..1}"], answers=["yes", "no", "no", "no"],
    ),
    Task(
        name="localise", weight=2.5, model="claude-sonnet-4-5-20250929",
        users=["Translate the dialogue line into Brazilian Portuguese for {game}. Speaker: {npc}, {mood}. At most {40..120} characters. Keep tags such as <b> and %s.\n\n{+speech 1..1}", "Translate the dialogue line into Brazilian Portuguese for {game}. Speaker: {npc}, {mood}. At most {40..120} characters. Keep tags such as <b> and %s.\n\n{+speech 2..2}"],
        answers=["Hum, {place}, você diz? Traga {2..90} moedas até {time}.", "Ninguém vai a {place} desde {month}."],
    ),
    Task(
        name="gdscript", weight=2, model="claude-sonnet-4-5-20250929",
        systems=["You are the pair programmer of the gameplay team. Engine: Godot 4. Reply with one code block and no explanation."],
        users=["{+coderequest 1..1}", "{+coderequest 1..1}\n\nExisting code:\n{code}"], answers=["```gdscript\n{code}\n```"],
    ),
    Task(
        name="brainstorm", weight=1.5, model="gpt-4.1-2025-04-14", systems=[None, "You are a helpful assistant."],
        users=["{+taste 1..1}", "{+taste 1..1} {+beat 1..1}"], answers=["1. {beat}\n2. {beat}\n3. {beat}", "{speech} {beat}"], turns=2, followups=["more like that, with {item}", "{+taste 1..1}"],
    ),
]  # fmt: skip

"""Routes are one task where instruction, contract and tools agree, and two where they do not."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from sklearn.metrics import adjusted_rand_score
from task_log import WORDS, add

from auditor.categories.stage import CategorizeSettings, run

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
PREAMBLE = "You work for Marlow Gardens. Write British English, never name a competitor and invent nothing."
PLANTED = {
    "kind": ("Classify the visitor's note by subject. One word: plants, tools, delivery or other.", ["plants", "tools", "delivery", "other"]),
    "haste": ("Classify the visitor's note by haste. One word: today, week, month or whenever.", ["today", "week", "month", "whenever"]),
    "mood": ("Decide how the visitor feels in the note. Answer glad, cross or calm.", ["glad", "cross", "calm"]),
    "rules": ("Decide whether the note breaks the forum's rules. Answer keep or hide.", ["keep", "hide"]),
    "order": ("Extract the order from the note and return JSON with the keys plant, count and pot.", {"plant": "x", "count": 3, "pot": "y"}),
    "place": ("Extract the place from the note and return JSON with the keys street, town and country.", {"street": "x", "town": "y", "country": "z"}),
    "short": ("Summarize the note in one sentence.", "The visitor asks about a pot that came broken and wants another."),
    "answer": ("Write a kind answer to the visitor.", "Thank you for your note about the pot; a new one leaves us on Monday."),
}  # fmt: skip


def note(rng: random.Random, n: int = 14) -> str:
    return " ".join(rng.choice(WORDS) + rng.choice("abcdefghijkl") for _ in range(n))


def answered(rng: random.Random, answer: object) -> str | None:
    if isinstance(answer, list):
        return rng.choice(answer)
    return json.dumps(answer) if isinstance(answer, dict) else answer


def ari(store, rows, truth) -> float:
    add(store, rows)
    run(store, CategorizeSettings())
    found = dict(store.rows("SELECT call_id, category_id FROM call_categories"))
    return adjusted_rand_score(truth, [found[row["call_id"]] for row in rows])


@pytest.mark.parametrize("preamble", ["", PREAMBLE + "\n\n"])
def test_tasks_with_a_system_prompt_each_stay_apart(store, preamble: str):
    """Their words are alike; labels, keys and orders are not."""
    rng = random.Random(1)
    rows, truth = [], []
    for i in range(480):
        task = sorted(PLANTED)[i % len(PLANTED)]
        system, answer = PLANTED[task]
        rows.append(
            {
                "call_id": f"c{i:03}",
                "system": preamble + system,
                "user": note(rng),
                "response": answered(rng, answer),
            }
        )
        truth.append(task)
    assert ari(store, rows, truth) == 1.0


def test_orders_in_the_message_under_one_system_prompt_are_tasks(store):
    """Buttons of one product: what code puts before the text, and what comes out, tell them."""
    rng = random.Random(2)
    buttons = {
        "boil": ("Boil this note down for the night shift: {}", "Somebody wants another pot and will call again on Monday after lunch."),
        "soon": ("How soon must we answer this? Reply low, medium or high. Note: {}", ["low", "medium", "high"]),
        "leave": ("How likely will this visitor leave us? Reply low, medium or high. Note: {}", ["low", "medium", "high"]),
        "plant": ("Pull plant and count out of this note as JSON with plant and count: {}", {"plant": "x", "count": 1}),
        "street": ("Pull the street out of this note as JSON with street and town: {}", {"street": "x", "town": "y"}),
        "chat": ("{}", "Thank you for writing to us, we look after the pot."),
    }  # fmt: skip
    rows, truth = [], []
    for i in range(480):
        task = sorted(buttons)[i % len(buttons)]
        user, answer = buttons[task]
        rows.append(
            {
                "call_id": f"c{i:03}",
                "system": PREAMBLE,
                "user": user.format(note(rng, 24)),
                "response": answered(rng, answer),
            }
        )
        truth.append(task)
    assert ari(store, rows, truth) == 1.0


def test_an_agent_whose_tools_vary_is_one_task_and_drafts_with_its_tools_are_another(store):
    rng = random.Random(3)
    tools = ["find_pot", "find_order", "refund", "send_mail", "open_gate", "water"]
    rows, truth = [], []
    for i in range(300):
        agent = i % 2 == 0
        offered = sorted(rng.sample(tools, 3)) if agent else tools
        calls_a_tool = agent and rng.random() < 0.7
        rows.append(
            {
                "call_id": f"c{i:03}",
                "system": None
                if agent
                else "Draft the mail that the desk of Marlow Gardens sends to this visitor.",
                "user": note(rng),
                "tools": sorted(offered),
                "response": None if calls_a_tool else "Dear visitor, the pot is on its way to you.",
                "tool_calls": "[{}]" if calls_a_tool else None,
            }
        )
        truth.append(agent)
    assert ari(store, rows, truth) == 1.0


def test_ever_new_tools_without_any_prompt_are_one_caller(store):
    rng = random.Random(4)
    rows = []
    for i in range(240):
        # A few sets come again and again, most of them once.
        number = rng.choice((1, 2, 3)) if i % 4 == 0 else 10 + i
        rows.append(
            {
                "call_id": f"c{i:03}",
                "user": note(rng),
                "tools": [f"tool_{number}a", f"tool_{number}b"],
                "tool_calls": "[{}]",
            }
        )
    add(store, rows)
    run(store, CategorizeSettings())
    names = [name for (name,) in store.rows("SELECT name FROM categories")]
    assert len(names) == 1


def versions(rng: random.Random, *, beside: bool) -> tuple[list[dict], list[str]]:
    """A prompt written anew on day 15, with other answers, and a task that goes on all the time.

    `beside`: the new prompt runs beside the old one all month.
    """
    old = "Say which bed the plant in this note belongs to: shade, sun, bog or pot. The bed only."
    new = "Gardener's sorting desk.\nBeds: shade | sun | bog | pot.\nGive JSON {bed, sure, why}."
    rows, truth = [], []
    for i in range(600):
        day = i / 20
        late = day >= 15 if not beside else rng.random() < 0.5
        task = ("bed", "song")[i % 2]
        plant = f"{rng.choice(('fern', 'rose', 'moss', 'sage'))} by the {rng.choice(WORDS)} wall"
        rows.append(
            {
                "call_id": f"c{i:03}",
                "called_at": BEGIN + timedelta(days=day),
                "system": (new if late else old)
                if task == "bed"
                else "Write two lines of a song about the engine in the message.",
                "user": f"{plant}, leaf {note(rng, 4)}" if task == "bed" else f"engine {note(rng)}",
                "response": (
                    json.dumps({"bed": "sun", "sure": 0.4, "why": plant})
                    if late
                    else rng.choice(["shade", "sun", "bog", "pot"])
                )
                if task == "bed"
                else "The engine sings at night, and all the harbour hears its light.",
            }
        )
        truth.append(task)
    return rows, truth


def test_a_prompt_that_takes_the_place_of_another_is_its_new_version(store):
    rows, truth = versions(random.Random(5), beside=False)
    assert ari(store, rows, truth) == 1.0


def test_two_prompts_in_use_at_the_same_time_are_no_versions(store):
    rows, _ = versions(random.Random(5), beside=True)
    add(store, rows)
    run(store, CategorizeSettings())
    assert store.value("SELECT count(*) FROM categories") == 3


def test_what_stands_in_prompts_of_other_tasks_does_not_say_the_task(store):
    """Rules of a tenant go with all tasks of the tenant; they do not make them tasks of their own."""
    rng = random.Random(6)
    tenants = {
        "Marlow": "Recommend pots over beds. Offer the autumn sale.",
        "Oxbow": "Sign as the whole team. Give the opening hours.",
    }
    tasks = {
        "mail": ("Answer the visitor of {} in at most ninety words.", "Thank you for the note; we look into it and write again on Monday."),
        "desk": ("Say which desk of {} gets the note: plants, tools, delivery.", ["plants", "tools", "delivery"]),
    }  # fmt: skip
    rows, truth = [], []
    for i in range(400):
        task, tenant = sorted(tasks)[i % 2], sorted(tenants)[i // 2 % 2]
        system, answer = tasks[task]
        rows.append(
            {
                "call_id": f"c{i:03}",
                "system": f"{system.format(tenant)} {tenants[tenant]}",
                "user": note(rng),
                "response": answered(rng, answer),
            }
        )
        truth.append(task)
    assert ari(store, rows, truth) == 1.0


def test_a_system_prompt_of_a_few_calls_is_a_task_of_its_own(store):
    """Rare and dear tasks are not thrown together because they are rare."""
    rng = random.Random(7)
    rare = {
        "notes": "Turn the list of changes into notes for gardeners, grouped by bed.",
        "story": "Tell the story of the garden as a chronicle in four chapters.",
    }
    rows, truth = [], []
    for i in range(400):
        task = "notes" if i % 80 == 1 else "story" if i % 80 == 2 else "desk"
        rows.append(
            {
                "call_id": f"c{i:03}",
                "system": rare.get(task, "Say which desk gets the note: plants, tools, delivery."),
                "user": note(rng, 60),
                "response": rng.choice(["plants", "tools"])
                if task == "desk"
                else "The garden grew in the spring and slept in the winter under the snow.",
            }
        )
        truth.append(task)
    assert ari(store, rows, truth) == 1.0

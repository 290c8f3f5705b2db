"""Why two categories are apart or together, in words that name what decided."""

from __future__ import annotations

import random

import pytest
from task_log import WORDS, add

from auditor.categories import taxonomy
from auditor.categories.explain import explain
from auditor.categories.stage import CategorizeSettings, run
from auditor.errors import NotReadyError

TASKS = {
    "subject": ("Classify the visitor's note by subject. One word: plants, tools, delivery or other.", ["plants", "tools", "delivery", "other"]),
    "haste": ("Classify the visitor's note by haste. One word: today, week, month or whenever.", ["today", "week", "month", "whenever"]),
    "order": ("Extract the order from the note as JSON with plant and count.", ['{"plant": "x", "count": 1}']),
    "place": ("Extract the place from the note as JSON with street and town.", ['{"street": "x", "town": "y"}']),
    "short": ("Shorten the note for the board of the garden.", ["Somebody wants another pot and will call again on Monday."]),
    "song": ("Write two lines of a song about the note.", ["The engine sings at night and all the harbour hears its light."]),
}  # fmt: skip


@pytest.fixture
def found(store):
    """The audit, and the category of each task."""
    rng = random.Random(1)
    rows = [
        {
            "call_id": f"{task}-{i}",
            "system": system,
            "user": " ".join(rng.choices(WORDS, k=12)) + f" {i}",
            "response": rng.choice(answers),
        }
        for task, (system, answers) in TASKS.items()
        for i in range(30)
    ]
    add(store, rows)
    run(store, CategorizeSettings())
    return store, dict(
        store.rows("SELECT DISTINCT split_part(call_id, '-', 1), category_id FROM call_categories")
    )


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ("subject", "haste", ["labels", "plants", "whenever"]),
        ("order", "place", ["keys", "count, plant", "street, town"]),
        ("subject", "order", ["shapes", "label 100%", "json 100%"]),
        ("short", "song", ["Nothing shows that they are one task"]),
    ],
)
def test_what_keeps_two_categories_apart_is_named(found, one: str, two: str, words: list[str]):
    store, ids = found
    why = explain(store, ids[one], ids[two])
    assert not why.together
    said = " ".join(why.why)
    assert all(word in said for word in words), said
    assert f"merge: [{ids[two]}]" in "\n".join(why.change)


def test_two_calls_of_one_route(found):
    store, ids = found
    why = explain(store, "subject-1", "subject-2")
    assert why.together
    assert why.one.category_id == ids["subject"]
    assert "one route" in why.why[0]
    assert "split:" in "\n".join(why.change)


def test_the_change_it_proposes_does_join_them(found):
    store, ids = found
    why = explain(store, ids["subject"], ids["haste"])
    value = why.change[1].partition("merge: ")[2].strip("[]")
    taxonomy.apply(store, f"categories:\n- id: {ids['subject']}\n  merge: [{value}]\n")
    run(store, CategorizeSettings())
    again = explain(store, "subject-1", "haste-1")
    assert again.together
    assert "You joined them" in again.why[0]


def test_the_split_it_proposes_does_part_them(found):
    store, ids = found
    taxonomy.apply(store, f"categories:\n- id: {ids['subject']}\n  merge: [{ids['haste']}]\n")
    run(store, CategorizeSettings())
    why = explain(store, "subject-1", "haste-1")
    rule = why.change[1].partition("where: ")[2].rstrip("}]") + "}"
    taxonomy.apply(
        store,
        f"categories:\n- id: {ids['subject']}\n  merge: [{ids['haste']}]\n"
        f"  split: [{{name: haste again, where: {rule}}}]\n",
    )
    run(store, CategorizeSettings())
    assert not explain(store, "subject-1", "haste-1").together


def test_what_is_not_there_is_said(found):
    store, ids = found
    with pytest.raises(NotReadyError, match="nobody"):
        explain(store, ids["short"], "nobody")


def test_names_like_the_one_that_is_not_there_are_proposed(found):
    store, ids = found
    ((name,),) = store.rows("SELECT name FROM categories WHERE category_id = ?", [ids["short"]])
    for asked in (name[1:-1].upper(), f"{name[:8]}…", name.replace("a", "e")):
        with pytest.raises(NotReadyError) as refused:
            explain(store, asked, ids["song"])
        assert f"“{name}”" in refused.value.hint
    with pytest.raises(NotReadyError) as refused:
        explain(store, ids["song"], "\U0001f995")
    assert "auditor categories" in refused.value.hint


def test_a_category_beside_itself_says_what_made_its_routes_one(store):
    rng = random.Random(2)
    prompts = {
        "old": "You work for the garden. Shorten the note of the visitor for the board, keep names"
        " of plants, tools and streets.",
        "new": "Shorten the visitor's note for the garden's board. Keep streets, tools, plants and"
        " names.",
    }
    add(
        store,
        [
            {
                "call_id": f"{version}-{i}",
                "system": system,
                "user": " ".join(rng.choices(WORDS, k=12)) + f" {i}",
                "response": "Somebody wants another pot and will call again on Monday.",
            }
            for version, system in prompts.items()
            for i in range(30)
        ],
    )
    run(store, CategorizeSettings())
    ((name,),) = store.rows("SELECT name FROM categories")
    why = explain(store, name, name)
    assert why.together
    assert why.why[0] == "That is one category of 2 routes."
    assert "one, edited" in why.why[1]
    routes = {row[0] for row in store.rows("SELECT route_id FROM routes")}
    assert any(route in why.change[1] for route in routes)


def test_it_changes_nothing(found):
    store, ids = found
    before = store.rows("SELECT * FROM call_categories ORDER BY ALL")
    explain(store, ids["short"], ids["song"])
    assert store.rows("SELECT * FROM call_categories ORDER BY ALL") == before

"""Free text, vectors, names and the joining of routes."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from auditor.categories.routes.freeform import cluster
from auditor.categories.routes.instructions import role
from auditor.categories.routes.lexicon import task_type
from auditor.categories.routes.merge import RouteProfile, group
from auditor.categories.routes.names import Named, quoted, template_name, unique_names
from auditor.categories.routes.topic_words import distinctive_words
from auditor.text.vectors import _words, embed

TOPICS = {
    "cooking": "bake the bread in the oven with flour butter and sugar until the crust is brown",
    "football": "the striker scored a late goal and the team won the match in the stadium",
    "computers": "the server crashed because the database driver had a memory leak in the code",
}


def topic_texts(n: int, seed: int = 1) -> tuple[list[str], list[str]]:
    rng = random.Random(seed)
    texts, truth = [], []
    for _ in range(n):
        topic = rng.choice(sorted(TOPICS))
        texts.append(" ".join(rng.choices(TOPICS[topic].split(), k=12)))
        truth.append(topic)
    return texts, truth


def test_free_text_is_grouped_by_topic_and_new_text_by_its_vector():
    texts, truth = topic_texts(300)
    centre, centroids, labels = cluster(texts, seed=0)
    assert adjusted_rand_score(truth, labels) > 0.95
    fresh, wanted = topic_texts(60, seed=9)
    found = ((embed(fresh) - centre) @ centroids.T).argmax(axis=1)
    assert adjusted_rand_score(wanted, found) > 0.95


def test_groups_do_not_depend_on_the_order_of_texts():
    texts, _ = topic_texts(200)
    order = list(range(200))
    random.Random(3).shuffle(order)
    one = cluster(texts, seed=0)[2]
    two = cluster([texts[i] for i in order], seed=0)[2]
    assert adjusted_rand_score(one[order], two) == 1.0


@pytest.mark.parametrize("texts", [[], [""], ["a"] * 50, ["", " ", "\ud800"]])
def test_few_or_empty_texts_are_one_group(texts):
    if texts:
        assert set(cluster(texts, seed=0)[2].tolist()) == {0}


def test_a_vector_does_not_depend_on_what_was_embedded_before():
    text = "Where is the nearest post office, please?"
    alone = embed([text])
    _words.index.clear()
    _words.vectors, _words.pieces = _words.vectors[:0], _words.pieces[:0]
    among = embed(["something else entirely", text, "nearest post"])
    assert np.array_equal(alone[0], among[1])


@pytest.mark.parametrize(
    ("template", "kind", "shapes", "expected"),
    [
        (
            "You route support tickets for {…}. Answer with one queue.",
            "classify",
            {"label": 9},
            "route support tickets",
        ),
        (
            "Extract supplier and total from the invoice. Output JSON.",
            "extract",
            {"json:{a}": 9},
            "extract supplier → JSON",
        ),
        (
            "You are the SQL assistant of the analytics console.",
            "sql",
            {"sql": 5},
            "write SQL (SQL assistant of analytics console)",
        ),
        (
            "You are Nora, the travel desk of Fjord Air. Be polite.",
            "other",
            {"prose": 5},
            "general chat, travel desk of Fjord Air",
        ),
        (
            "Summarize the article in two sentences.",
            "summarize",
            {"prose": 5},
            "summarize article in two sentences",
        ),
        (
            "Do not translate names. Rewrite the message.",
            "rewrite",
            {"prose": 5},
            "rewrite message",
        ),
        # What a word names is not taken for the task where the prompt or the answers say another.
        (
            "Sort the letters by subject. How soon must somebody reply to the customer?",
            "draft reply",
            {"label": 9},
            "sort letters",
        ),
        (
            "Return the document class (letter, invoice or other).",
            "write code",
            {"label": 9},
            "prompt “Return the document class”",
        ),
        (
            "Du bist der Helfer des Amtes.\nOrdne den Brief einer Abteilung zu (Bau, Steuer).",
            "extract",
            {"json:{amt}": 9},
            "prompt “Ordne den Brief einer Abteilung” → JSON",
        ),
        (
            "Names may be in any language.",
            "other",
            {"label": 9},
            "prompt “Names may be in any language”",
        ),
        (
            "Pull the first # rows out of the {…}",
            "other",
            {"prose": 9},
            "prompt “Pull the first N rows out”",
        ),
        ("", "other", {}, "prompt “”"),
    ],
)
def test_names(template, kind, shapes, expected):
    assert (
        template_name(
            template=template, kind=kind, shapes=shapes, response_format="", task_prompt=True
        )
        == expected
    )


def test_role_is_not_just_an_assistant():
    assert role("You are a helpful assistant.") is None
    assert role("Act as a tax lawyer in Spain; be brief.") == "tax lawyer in Spain"


def test_names_are_made_unique_by_what_tells_them_apart():
    made = unique_names(
        [
            Named(name="classify", category_id="1", template="Sort the tickets by queue"),
            Named(name="classify", category_id="2", template="Sort the reviews by tone"),
            Named(name="translate", category_id="3", template="x"),
            Named(name="Translate", category_id="4", template="y"),
        ],
        taken=["translate"],
    )
    assert len({title.casefold() for title in [*made, "translate"]}) == 5
    assert made[0].startswith("classify, ")
    assert made[0].removeprefix("classify, ") in {"tickets", "queue"}


def test_what_a_task_asks_for_tells_its_name_from_others():
    made = unique_names(
        [
            Named(name="extract", category_id="1", facts=("name", "total")),
            Named(name="extract", category_id="2", facts=("name", "phone")),
        ]
    )
    assert made == ["extract, total", "extract, phone"]


def test_prompts_that_begin_alike_are_quoted_where_they_differ():
    head = "Du sortierst die Post des Amtes. "
    templates = [f"{head}Welche Abteilung ist gefragt?", f"{head}Wie eilig ist der Brief?"]
    made = unique_names(
        [
            Named(name=quoted(template), category_id=str(n), template=template)
            for n, template in enumerate(templates)
        ]
    )
    assert made == ["prompt “Welche Abteilung ist gefragt?”", "prompt “Wie eilig ist der Brief?”"]


def test_a_long_name_is_cut_after_a_word_and_closes_its_bracket():
    long = f"extract fields (engine that reads {'very ' * 10}long contracts)"
    made = unique_names(
        [Named(name=long, category_id=str(n), facts=(fact,)) for n, fact in enumerate("ab")]
    )
    assert made[0].endswith("very…), a")
    assert made[1].endswith("very…), b")


def test_what_a_prompt_forbids_is_not_its_task():
    assert task_type("Give feedback on the essay. Do not rewrite it.") != "rewrite"
    assert task_type("Rewrite the essay. Do not translate it.") == "rewrite"


def test_names_never_end_in_a_bare_number():
    made = unique_names(
        [Named(name="use tools, agent", category_id=f"{i:04x}beef") for i in range(8)]
    )
    assert len(set(made)) == 8
    assert all(title.startswith("use tools, agent, id 000") for title in made)


@pytest.mark.parametrize(
    "title",
    ["a\x1b[31mred\x07", "x" * 5000, "\u202eevil\n\nlines", "", "\ud800 half", "word " * 90],
)
def test_names_from_hostile_prompts_are_printable_and_short(title):
    (made,) = unique_names([Named(name=title, category_id="c", template=title)])
    assert made
    assert made.isprintable()
    assert len(made) <= 90


def test_distinctive_words_of_nothing():
    assert distinctive_words([[], ["the of and"]], 3) == [[], []]


def profile(words: str, shape: str = "label", **more) -> RouteProfile:
    return RouteProfile(words=words, shapes={shape: 10}, **more)


def test_two_wordings_of_one_task_are_joined_and_other_tasks_are_not():
    labels = group(
        [
            profile("Classify the support ticket into billing, bug or account. One word."),
            profile(
                "Classify each support ticket as billing, bug, account or other. Reply with one word.",
            ),
            profile("Translate the text into German. Keep names.", "prose"),
        ]
    )
    assert labels[0] == labels[1] != labels[2]


@pytest.mark.parametrize("key", ["response_format", "tools"])
def test_what_code_keeps_apart_is_not_joined_by_its_words(key):
    values = {
        "response_format": ["json_schema:invoice", "json_schema:resume"],
        "tools": [("a",), ("b",)],
    }[key]
    text = "Extract the fields of the schema from the document."
    labels = group([profile(text, **{key: value}) for value in values])
    assert labels[0] != labels[1]


@pytest.mark.slow
def test_real_workloads(shared_data):
    """The floor under the figures of benchmarks/README.md: categories against the truth files."""
    from auditor.categories import stage as categorize
    from auditor.ingest import stage as ingest
    from auditor.store.store import Store

    floors = {"saas-support.openai": 0.97, "dev-tools.anthropic": 0.95, "open-chat.openai": 0.45}
    for workload, floor in floors.items():
        folder = shared_data / "workloads"
        lines = (folder / f"{workload}.truth.jsonl").read_text(encoding="utf-8").splitlines()
        truth = {entry["id"]: entry["category"] for entry in map(json.loads, lines)}
        with Store.open() as store:
            ingest.run(store, [str(folder / f"{workload}.jsonl")], ingest.IngestSettings())
            categorize.run(store, categorize.CategorizeSettings())
            assert store.check() == []
            rows = store.rows(
                "SELECT log_id, category_id FROM call_categories JOIN calls USING (call_id)"
            )
        known = [(truth[i], c) for i, c in rows if truth.get(i, "unknown") != "unknown"]
        assert adjusted_rand_score(*zip(*known, strict=True)) >= floor

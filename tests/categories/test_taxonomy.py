"""The user's word on categories: exported, edited, applied, kept."""

from __future__ import annotations

import json

import pytest
import yaml
from task_log import TASKS, add, by_task, log, snapshot

from auditor.categories import naming, taxonomy
from auditor.categories.stage import CategorizeSettings, run
from auditor.errors import ConfigError
from auditor.ingest import stage as ingest


@pytest.fixture
def found(store):
    """A store with three categories; returns it and their ids by task."""
    rows = log(90)
    for i, row in enumerate(rows):
        row["project"] = ["web", "mobile", None][i // 3 % 3]
    add(store, rows)
    store.execute("UPDATE calls SET tags = '{\"team name\": \"blue\"}' WHERE call_id < 'c0045'")
    run(store, CategorizeSettings())
    return store, {task: ids.pop() for task, ids in by_task(store).items()}


def edited(store, change) -> str:
    document = yaml.safe_load(taxonomy.export(store))
    change({entry["id"]: entry for entry in document["categories"]}, document)
    return yaml.safe_dump(document)


def say(store, change) -> list[str]:
    words = taxonomy.apply(store, edited(store, change))
    result = run(store, CategorizeSettings())
    assert store.check() == []
    return [*words, *result.warnings]


def names(store) -> dict[str, str]:
    return dict(store.rows("SELECT category_id, name FROM categories"))


def test_an_exported_taxonomy_says_nothing_new(found):
    store, _ = found
    before = snapshot(store)
    assert say(store, lambda *_: None) == []
    assert snapshot(store) == before


def test_rename_and_ignore_survive_new_logs(found):
    store, ids = found

    def change(entries, _):
        entries[ids["triage"]]["name"] = "Support triage: “urgent” #1"
        entries[ids["summary"]]["ignore"] = True

    say(store, change)
    add(store, log(60, seed=5, prefix="n"))
    run(store, CategorizeSettings())
    assert names(store)[ids["triage"]] == "Support triage: “urgent” #1"
    assert store.rows("SELECT category_id FROM categories WHERE ignored") == [(ids["summary"],)]
    assert by_task(store)["triage"] == {ids["triage"]}
    assert "found as" in taxonomy.export(store)


def test_merge_and_take_it_back(found):
    store, ids = found
    before = snapshot(store)

    def change(entries, document):
        entries[ids["triage"]]["merge"] = [ids["summary"], names(store)[ids["extract"]]]

    say(store, change)
    assert set(names(store)) == {ids["triage"]}
    assert store.value("SELECT count(DISTINCT category_id) FROM routes") == 1
    assert (
        store.value("SELECT category_id FROM category_aliases WHERE alias = ?", [ids["summary"]])
        == ids["triage"]
    )
    assert ids["summary"] in taxonomy.export(store)
    taxonomy.apply(store, "version: 1\n")
    run(store, CategorizeSettings())
    assert snapshot(store) == before


def test_split_by_rule_and_pin(found):
    store, ids = found

    def change(entries, _):
        entries[ids["triage"]]["split"] = [
            {
                "name": "triage for Cobalt",
                "where": {"system_contains": "cobalt mining"},
                "ignore": True,
            }
        ]
        entries[ids["summary"]]["pin"] = ["c0002-triage"]

    say(store, change)
    split = store.rows(
        "SELECT category_id, ignored, method FROM categories WHERE name = 'triage for Cobalt'"
    )
    assert [row[1:] for row in split] == [(True, "user")]
    moved = store.rows(
        "SELECT system_text FROM call_categories JOIN contents USING (call_id) WHERE category_id = ?",
        [split[0][0]],
    )
    assert moved
    assert all("Cobalt" in row[0] for row in moved)
    assert (
        store.value("SELECT category_id FROM call_categories WHERE call_id = 'c0002-triage'")
        == ids["summary"]
    )
    again = snapshot(store)
    run(store, CategorizeSettings())
    assert snapshot(store) == again


@pytest.mark.parametrize(("by", "expected"), [
    ("project", {"web", "mobile", "(no project)"}),
    ("tags.team name", {"blue", "(no team name)"}),
])  # fmt: skip
def test_categories_from_a_field(found, by, expected):
    store, _ = found
    before = snapshot(store)
    taxonomy.group_by(store, by)
    run(store, CategorizeSettings())
    assert store.check() == []
    assert set(names(store).values()) == expected
    assert store.value("SELECT count(*) FROM call_categories") == 90
    assert yaml.safe_load(taxonomy.export(store))["by"] == by
    taxonomy.group_by(store, None)
    run(store, CategorizeSettings())
    assert snapshot(store) == before


def test_a_word_on_a_category_that_is_gone_is_a_warning(found):
    store, ids = found
    say(store, lambda entries, _: entries[ids["triage"]].update(name="gone"))
    store.execute("DELETE FROM calls WHERE call_id LIKE '%triage'")
    store.execute("DELETE FROM contents WHERE call_id LIKE '%triage'")
    result = run(store, CategorizeSettings(fresh=True))
    assert [ids["triage"] in warning for warning in result.warnings] == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("categories:\n- id: nope\n", "taxonomy.yaml:2: there is no category 'nope'"),
        ("categories: 3\n", "taxonomy.yaml:1: categories"),
        ("by: weather\n", "cannot be made from 'weather'"),
        ("categories:\n- id: ID\n  rename: x\n", "taxonomy.yaml:3: categories.0.rename"),
        (
            "categories:\n- id: ID\n  split: [{name: x, where: {color: red}}]\n",
            "no condition 'color'",
        ),
        ("categories:\n- id: ID\n  split: [{name: x, where: {}}]\n", "no condition given"),
        (
            "categories:\n- id: ID\n  split: [{name: x, where: {regex: '('}}]\n",
            "not a regular expression",
        ),
        ("categories:\n- id: ID\n  merge: [nope]\n", "no other category 'nope'"),
        ("categories:\n- id: ID\n  name: x\n- id: ID2\n  name: X\n", "two categories are called"),
        ("[", "not valid YAML"),
    ],
)
def test_a_wrong_taxonomy_is_refused_with_its_line(found, text, message):
    store, ids = found
    text = text.replace("ID2", ids["summary"]).replace("ID", ids["triage"])
    with pytest.raises(ConfigError) as error:
        taxonomy.apply(store, text)
    assert message in str(error.value)
    assert TASKS


def test_names_by_a_model_are_kept_but_the_users_win(found):
    store, ids = found
    store.execute(
        'UPDATE contents SET messages = \'[{"role":"user","content":"I am at ann@example.com"}]\''
    )
    asked = []

    def ask(question: str) -> str:
        asked.append(question)
        names = {
            ids["triage"]: "sort support tickets",
            ids["summary"]: "x" * 99,
            "gone": "y",
            ids["extract"]: 3,
        }
        return f"Here you are: {json.dumps(names)}"

    taken = naming.name_categories(store, ask)
    run(store, CategorizeSettings())
    assert taken == {ids["triage"]: "sort support tickets"}
    assert names(store)[ids["triage"]] == "sort support tickets"
    origins = dict(store.rows("SELECT category_id, name_origin FROM categories"))
    assert origins == {ids["triage"]: "model", ids["summary"]: "rule", ids["extract"]: "rule"}
    assert len(asked) == 1
    assert "ann@example.com" not in asked[0]
    assert TASKS["triage"][0].split("{}")[1][:30] in asked[0]
    assert say(store, lambda *_: None) == []
    assert names(store)[ids["triage"]] == "sort support tickets"
    say(store, lambda entries, _: entries[ids["triage"]].update(name="mine"))
    assert names(store)[ids["triage"]] == "mine"


def test_an_answer_without_names_is_refused(found):
    store, _ = found
    with pytest.raises(ValueError, match="no JSON object"):
        naming.name_categories(store, lambda _: "I would rather not.")


HARD_NAMES = [
    "\U0001f469\u200d\U0001f469\u200d\U0001f467", "x" * 5_000, 'say "no" \\ or: # not', "Case", "case",
    "two\nlines\ttab", "\u2028\u0085\ufeff\x00\x7f", "- list", "{a: b}", " spaces ", "null", "3", "\U000e0001",
]  # fmt: skip


def test_its_own_export_is_accepted_unchanged_whatever_the_names_are(store, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(
            json.dumps(
                {
                    "project": name,
                    "request": {"model": "m", "messages": [{"role": "user", "content": f"Q{n}"}]},
                    "response": {"id": f"chatcmpl-{n:08d}", "choices": [{"message": {"content": "x"}}]},
                }
            ) + "\n"
            for n, name in enumerate(HARD_NAMES)
        )
    )  # fmt: skip
    ingest.run(store, [log])
    taxonomy.group_by(store, "project")
    run(store, CategorizeSettings())
    first = taxonomy.export(store)
    given = {entry["name"] for entry in yaml.safe_load(first)["categories"]}
    # Spaces around a value are no part of it: " web" and "web" are one project.
    assert given == {name.strip(" ") for name in HARD_NAMES}
    assert taxonomy.apply(store, first) == ["categories from project"]
    run(store, CategorizeSettings())
    assert taxonomy.export(store) == first


def test_a_name_that_is_given_may_not_differ_in_capitals_only(found):
    store, _ = found
    entries = yaml.safe_load(taxonomy.export(store))["categories"]
    entries[0]["name"] = entries[1]["name"].upper()
    with pytest.raises(ConfigError, match="two categories are called"):
        taxonomy.apply(store, yaml.safe_dump({"version": 1, "categories": entries}))

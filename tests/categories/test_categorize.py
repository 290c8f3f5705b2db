"""The stage: tables written whole, old ids kept, new routes found."""

from __future__ import annotations

import pytest
from task_log import NEW, TASKS, WORDS, add, by_task, log, snapshot

from auditor.categories.stage import CategorizeSettings, run
from auditor.errors import NotReadyError


def test_every_call_is_in_one_category_and_the_tables_agree(store):
    add(store, log(120))
    result = run(store, CategorizeSettings())
    assert result.detail["categories"] == 3
    assert store.value("SELECT count(*) FROM call_categories") == 120
    assert store.check() == []
    assert all(len(ids) == 1 for ids in by_task(store).values())
    assert store.rows(
        "SELECT c.category_id FROM call_categories c ANTI JOIN routes r"
        " ON r.route_id = c.route_id AND r.category_id = c.category_id"
    ) == []  # fmt: skip
    shapes = dict(
        store.rows("SELECT DISTINCT split_part(call_id, '-', 2), output_shape FROM call_categories")
    )
    assert shapes == {"triage": "label", "summary": "prose", "extract": "json:{supplier,total}"}
    assert store.value("SELECT min(confidence) FROM categories") > 0.5


def test_running_again_changes_nothing(store):
    add(store, log(90))
    run(store, CategorizeSettings())
    before = snapshot(store)
    result = run(store, CategorizeSettings())
    assert snapshot(store) == before
    assert result.rows_read == 0


def test_the_order_of_ingestion_does_not_matter(store):
    from auditor.store.store import Store

    rows = log(90)
    add(store, rows)
    run(store, CategorizeSettings())
    with Store.open() as other:
        add(other, rows[::-1])
        run(other, CategorizeSettings())
        assert snapshot(other) == snapshot(store)


def test_new_logs_keep_old_categories_and_show_new_routes(store):
    add(store, log(90))
    run(store, CategorizeSettings())
    old = dict(store.rows("SELECT call_id, category_id FROM call_categories"))
    add(store, log(60, {**TASKS, "translate": NEW}, seed=2, prefix="n"))
    result = run(store, CategorizeSettings())
    now = dict(store.rows("SELECT call_id, category_id FROM call_categories"))
    assert {k: now[k] for k in old} == old
    assert result.detail["new_routes"] == 1
    found = by_task(store)
    assert all(len(ids) == 1 for ids in found.values())
    assert len(set.union(*found.values())) == 4


def test_a_template_that_trickles_in_is_found_in_the_end(store):
    """A handful of calls a day: too few to be a template until enough have come."""
    add(store, log(90))
    run(store, CategorizeSettings())
    for day in range(8):
        rows = log(20, {**TASKS}, seed=10 + day, prefix=f"d{day}")
        text = "Explain in one sentence why this alert fired, for the person on call:\n\n{}"
        rows += [
            {
                "call_id": f"t{day}{i}-alert",
                "user": text.format(" ".join(WORDS[i:])),
                "response": "It rained.",
            }
            for i in range(3)
        ]
        add(store, rows)
        run(store, CategorizeSettings())
    last = store.rows(
        "SELECT DISTINCT method, name FROM call_categories JOIN categories USING (category_id)"
        " WHERE call_id LIKE 't7%'"
    )
    assert [method for method, _ in last] == ["route"]
    assert "explain" in last[0][1].lower()
    assert store.check() == []


def test_fresh_forgets_and_finds_the_same_ids_again(store):
    add(store, log(90))
    run(store, CategorizeSettings())
    before = snapshot(store)
    run(store, CategorizeSettings(fresh=True))
    assert snapshot(store) == before


def test_a_rule_in_the_table_classifies_a_request(store):
    from auditor.categories.routes import CallText, Matcher, RuleSet

    add(store, log(90))
    run(store, CategorizeSettings())
    rules = RuleSet.from_rules([row[0] for row in store.rows("SELECT rule FROM routes")])
    call = CallText(
        call_id="x", system=TASKS["triage"][0].format("Somebody New"), user="my card is lost"
    )
    route = Matcher(rules).match(call)
    assert (
        store.value("SELECT category_id FROM routes WHERE route_id = ?", [route])
        in by_task(store)["triage"]
    )


def test_calls_without_text_embeddings_and_parts_have_their_place(store):
    rows = log(60)
    for i in range(10):
        rows.append({"call_id": f"e{i}", "user": f"text {i}", "api_shape": "embeddings"})
        rows.append({"call_id": f"a{i}", "no_contents": True})
        rows.append(
            {
                "call_id": f"p{i}-triage",
                "system": TASKS["triage"][0].format("Acme"),
                "content": [{"type": "text", "text": "my card is lost"}, {"type": "image"}],
            }
        )
    add(store, rows)
    run(store, CategorizeSettings())
    names = dict(
        store.rows("SELECT call_id, name FROM call_categories JOIN categories USING (category_id)")
    )
    assert {names[f"e{i}"] for i in range(10)} == {"embeddings"}
    assert {names[f"a{i}"] for i in range(10)} == {"calls without text"}
    assert {names[f"p{i}-triage"] for i in range(10)} == {names["c0002-triage"]}


def test_purged_texts_do_not_lose_their_categories(store):
    add(store, log(60))
    run(store, CategorizeSettings())
    before = snapshot(store)
    store.execute("DELETE FROM contents")
    run(store, CategorizeSettings())
    assert snapshot(store) == before


def test_an_empty_database_says_what_to_do(store):
    with pytest.raises(NotReadyError, match="no calls"):
        run(store, CategorizeSettings())

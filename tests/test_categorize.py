"""The stage: tables written whole, old ids kept, new routes found."""

from __future__ import annotations

import json
import random

import pytest

from auditor.errors import NotReadyError
from auditor.stages.categorize import CategorizeSettings, run

TASKS = {
    "triage": ("You triage support tickets of {}. Answer with one queue: billing, bug, account or other.", "billing"),
    "summary": ("Summarize the transcript of a call for {} in one paragraph. Name every decision that was taken.", "They agreed to ship the new version on Monday after the last tests have passed."),
    "extract": ("Extract supplier, total and due date from the invoice sent to {}. Output JSON.", '{"supplier": "x", "total": 3}'),
}  # fmt: skip
NEW = (
    "Translate the product description for {} into German. Keep names and numbers.",
    "Eine Tasse",
)
TENANTS = ["Acme", "Blue Harbor Ltd", "Cobalt Mining", "Dune & Sons", "Elmwood"]
WORDS = [
    "printer",
    "cloud",
    "river",
    "ledger",
    "garden",
    "engine",
    "letter",
    "harbour",
    "window",
    "lantern",
]


def add(store, rows) -> None:
    """Insert calls: `rows` are dicts of call_id, system, user and whatever differs."""
    calls, contents = [], []
    for row in rows:
        calls.append(
            {
                "call_id": row["call_id"],
                "source_id": "s",
                "record_no": 1,
                "reader": "openai-chat",
                "api_shape": row.get("api_shape", "chat"),
                "conversation_id": row.get("conversation_id"),
                "project": row.get("project"),
                "status": "ok",
                "content_state": "full",
                "usage_state": "provider",
                "service_tier": "standard",
                "needs_vision": False,
                "needs_hosted_tools": False,
                "tool_names": row.get("tools"),
                "response_format": row.get("response_format"),
                "masked": 0,
                "cost_usd": "0.01",
                "cost_basis": "logged",
            }
        )
        if row.get("no_contents"):
            continue
        content = row.get("content", row.get("user"))
        contents.append(
            {
                "call_id": row["call_id"],
                "system_text": row.get("system"),
                "messages": json.dumps([{"role": "user", "content": content}]),
                "response_text": row.get("response"),
                "tool_calls": row.get("tool_calls"),
            }
        )
    store.append("calls", calls)
    store.append("contents", contents)


def log(n: int, tasks=TASKS, seed: int = 1, prefix: str = "c") -> list[dict]:
    rng = random.Random(seed)
    rows = []
    for i in range(n):
        task = sorted(tasks)[i % len(tasks)]
        system, response = tasks[task]
        rows.append(
            {
                "call_id": f"{prefix}{i:04}-{task}",
                "system": system.format(rng.choice(TENANTS)),
                "user": " ".join(rng.choices(WORDS, k=rng.randint(5, 30))),
                "response": response,
            }
        )
    return rows


def snapshot(store) -> list:
    return [
        store.rows(f"SELECT * {skip} FROM {table} ORDER BY ALL")
        for table, skip in (
            ("call_categories", ""),
            ("categories", ""),
            ("routes", "EXCLUDE (born_at)"),
        )
    ]


def by_task(store) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for call_id, category_id in store.rows("SELECT call_id, category_id FROM call_categories"):
        found.setdefault(call_id.split("-")[-1], set()).add(category_id)
    return found


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
    from auditor.store import Store

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
        rows = log(60, {**TASKS}, seed=10 + day, prefix=f"d{day}")
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
        "SELECT DISTINCT name FROM call_categories JOIN categories USING (category_id)"
        " WHERE call_id LIKE 't7%'"
    )
    assert len(last) == 1
    assert "alert" in last[0][0] or "explain" in last[0][0].lower()
    assert store.check() == []


def test_fresh_forgets_and_finds_the_same_ids_again(store):
    add(store, log(90))
    run(store, CategorizeSettings())
    before = snapshot(store)
    run(store, CategorizeSettings(fresh=True))
    assert snapshot(store) == before


def test_a_rule_in_the_table_classifies_a_request(store):
    from auditor.routes import Doc, Matcher, RuleSet

    add(store, log(90))
    run(store, CategorizeSettings())
    rules = RuleSet.from_rules([row[0] for row in store.rows("SELECT rule FROM routes")])
    doc = Doc(call_id="x", system=TASKS["triage"][0].format("Somebody New"), user="my card is lost")
    route = Matcher(rules).match(doc)
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

"""Calls of known tasks, put straight into the tables, and what came of them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.categories.routes import shape
from auditor.categories.stage import CategorizeSettings, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.categories.routes import CallText
    from auditor.store.store import Store

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
ANSWERS = {
    "label": "billing",
    "list": "- one thing\n- two things\n- three things",
    "prose": "They agreed to ship the new version on Monday after the last tests have passed.",
    "sql": "SELECT a, count(*) FROM t GROUP BY 1",
    "json:[]": '["a", "b"]',
    "json:{due,supplier,total}": '{"due": "x", "supplier": "y", "total": 3}',
    "tool_call": None,
    None: None,
}
"""An answer of each shape; a tool call has no text."""
assert all(answer is None or shape(answer) == name for name, answer in ANSWERS.items())


def add(store: Store, rows: Iterable[dict[str, Any]]) -> None:
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
                "called_at": row.get("called_at"),
                "time_kind": "start" if row.get("called_at") else None,
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
        turns = row.get("turns", 1)
        talk = [{"role": "assistant", "content": "ok"}, {"role": "user", "content": "more"}]
        messages = [{"role": "user", "content": content}, *talk * (turns - 1)]
        contents.append(
            {
                "call_id": row["call_id"],
                "system_text": row.get("system"),
                "messages": json.dumps(messages),
                "response_text": row.get("response"),
                "tool_calls": row.get("tool_calls"),
            }
        )
    for table, values in (("calls", calls), ("contents", contents)):
        if values:
            store.append(table, pa.Table.from_pylist(values))


def add_calls(store: Store, calls: Iterable[CallText]) -> None:
    """Insert calls that are given as the search for routes reads them."""
    add(
        store,
        [
            {
                "call_id": call.call_id,
                "system": call.system,
                "user": call.user,
                "tools": list(call.tools) or None,
                "conversation_id": call.conversation,
                "turns": call.turns,
                "response": ANSWERS[call.shape],
                "tool_calls": "[{}]" if call.shape == "tool_call" else None,
            }
            for call in calls
        ],
    )


def categorized(store: Store, calls: Sequence[CallText], **settings: Any) -> list[str]:
    """Run the stage on these calls alone, from nothing; returns the category of each."""
    for table in ("calls", "contents"):
        store.execute(f"DELETE FROM {table}")
    add_calls(store, calls)
    run(store, CategorizeSettings(fresh=True, **settings))
    return of_calls(store, calls, "category_id")


def of_calls(store: Store, calls: Sequence[CallText], column: str) -> list[str]:
    """A column of call_categories, in the order of `calls`."""
    found = dict(store.rows(f"SELECT call_id, {column} FROM call_categories"))
    return [found[call.call_id] for call in calls]


def log(n: int, tasks=TASKS, seed: int = 1, prefix: str = "c") -> list[dict]:
    """Calls of `tasks` in turn, whose system prompts hold one of five tenants."""
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
    """The three tables, without the times."""
    return [
        store.rows(f"SELECT * {skip} FROM {table} ORDER BY ALL")
        for table, skip in (
            ("call_categories", ""),
            ("categories", ""),
            ("routes", "EXCLUDE (born_at)"),
        )
    ]


def by_task(store) -> dict[str, set[str]]:
    """The categories of each task; the call ids of `log` name it."""
    found: dict[str, set[str]] = {}
    for call_id, category_id in store.rows("SELECT call_id, category_id FROM call_categories"):
        found.setdefault(call_id.split("-")[-1], set()).add(category_id)
    return found

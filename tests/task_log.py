"""Calls of known tasks, put straight into the tables, and what came of them."""

from __future__ import annotations

import json
import random

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

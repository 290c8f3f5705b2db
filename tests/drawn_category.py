"""A category of calls that were drawn and answered, put straight into the tables."""

import json
from datetime import UTC, datetime

import pyarrow as pa

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def append(store, table, rows):
    store.append(table, pa.Table.from_pylist(rows))


def add_category(store, name, system, answers, **more):
    """A category with one drawn call per answer, and what the local model said to it."""
    calls, contents, logged, local = [], [], [], []
    for i, (text, said) in enumerate(answers):
        key = f"{name}-{i}"
        calls.append({
            "call_id": key, "log_id": f"log-{key}", "source_id": "s", "record_no": i,
            "reader": "r", "api_shape": "chat", "status": "ok", "content_state": "full",
            "usage_state": "provider", "service_tier": "standard", "needs_vision": False,
            "needs_hosted_tools": False, "masked": 0, "cost_usd": 1, "cost_basis": "logged",
            "model": "gpt-4o", **more,
        })  # fmt: skip
        messages = json.dumps([{"role": "user", "content": f"call {i}"}])
        contents.append({"call_id": key, "system_text": system, "messages": messages, "response_text": text})  # fmt: skip
        answer = {
            "call_id": key,
            "replicate": 0,
            "finish_reason": more.get("finish_reason", "stop"),
        }
        logged.append(
            answer | {"answer_id": f"a-{key}", "text": text, "candidate_id": None, "error": None}
        )
        error = None if said is not None else "empty-answer"
        local.append(
            answer | {"answer_id": f"b-{key}", "text": said, "candidate_id": "m", "error": error}
        )
    append(store, "calls", calls)
    append(store, "contents", contents)
    append(store, "answers", [*logged, *local])
    store.append(
        "categories",
        [{"category_id": name, "name": name.title(), "name_origin": "rule", "method": "route"}],
    )
    store.append("call_categories", [
        {"call_id": c["call_id"], "category_id": name, "route_id": "r", "confidence": 1} for c in calls])  # fmt: skip
    store.append("designs", [{
        "design_id": name, "category_id": name, "candidate_id": "m", "seed": 0, "units": len(calls),
        "calls": len(calls), "spend_usd": len(calls), "by_spend": True, "active": True, "made_at": NOW}])  # fmt: skip
    store.append("draws", [
        {"design_id": name, "category_id": name, "draw_no": i, "unit_id": c["call_id"], "call_id": c["call_id"]}
        for i, c in enumerate([*calls, calls[0]])])  # the first is drawn twice  # fmt: skip


def add_candidate(store):
    """The local model whose answers ``add_category`` holds."""
    store.append(
        "candidates",
        [
            {"candidate_id": "m", "engine": "e", "model": "tiny", "settings": "{}", "rung": 0,
             "added_at": NOW}
        ],
    )  # fmt: skip

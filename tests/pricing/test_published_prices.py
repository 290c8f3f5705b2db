"""benchmarks/price_cases.yaml: amounts worked out by hand, against what ingest makes of the logs."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from auditor.ingest import stage as ingest
from auditor.store.store import Store

FILE = Path(__file__).parents[2] / "benchmarks" / "price_cases.yaml"


class _Exact(yaml.SafeLoader):
    """Amounts as they are written, not as floats."""


_Exact.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(node.value))
BOOK = yaml.load(FILE.read_text(encoding="utf-8"), _Exact)
MESSAGES = [{"role": "user", "content": "hello"}]


def record(case: dict) -> dict:
    """The log line of a case, as a home-made logger or the gateway writes it."""
    model, usage, n = case["model"], case["usage"], case["n"]
    bodies = {
        "chat": ({"model": model, "messages": MESSAGES}, {"id": f"chatcmpl-{n:08d}", "model": model, "choices": [{"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}], "usage": usage}),
        "responses": ({"model": model, "input": "hello"}, {"id": f"resp_{n:08d}", "object": "response", "status": "completed", "model": model, "output": [{"type": "message", "content": [{"type": "output_text", "text": "a"}]}], "usage": usage}),
        "messages": ({"model": model, "max_tokens": 9, "messages": MESSAGES}, {"id": f"msg_{n:08d}", "type": "message", "model": model, "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn", "usage": usage}),
        "gemini": ({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}, {"responseId": f"gemini-{n:08d}", "modelVersion": model, "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}], "usageMetadata": usage}),
        "converse": ({"modelId": model, "messages": [{"role": "user", "content": [{"text": "hello"}]}], "inferenceConfig": {}}, {"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}, "stopReason": "end_turn", "usage": usage}),
        "embeddings": ({"model": model, "input": ["hello"]}, {"object": "list", "model": model, "data": [{"embedding": [0.1]}], "usage": usage}),
    }  # fmt: skip
    at = f"{case['at']}T12:00:00Z"
    if case["shape"] == "litellm-cache-hit":
        return {
            "id": f"chatcmpl-{n:08d}",
            "litellm_call_id": f"call-{n}",
            "call_type": "acompletion",
            "startTime": at,
            "endTime": at,
            "model": model,
            "custom_llm_provider": "openai",
            "model_parameters": {},
            "hidden_params": {},
            "messages": MESSAGES,
            "response": bodies["chat"][1],
            "response_cost": 0.0035,
            "cache_hit": True,
            "status": "success",
            **usage,
        }
    request, response = bodies[case["shape"]]
    response |= case.get("response", {})
    tier = case.get("tier")
    if tier == "batch" and case["shape"] == "chat":
        return {
            "id": f"batch_req_{n}",
            "custom_id": f"c{n}",
            "response": {"status_code": 200, "body": response | {"created": None}},
            "error": None,
            "created_at": at,
        }
    if tier and case["shape"] == "messages":
        response["usage"] = usage | {"service_tier": tier}
    elif tier:
        response["service_tier"] = tier
    if case.get("status", 200) >= 400:
        response = {
            "id": f"chatcmpl-{n:08d}",
            "choices": [],
            "usage": usage,
            "error": {"type": "server_error", "message": "no"},
        }
    return {
        "timestamp": at,
        "request": request,
        "response": response,
        "status": case.get("status", 200),
    }


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prices")
    found = {}
    with Store.open() as store:
        for case in BOOK["cases"]:
            path = folder / f"{case['n']}.jsonl"
            body = record(case)
            if case.get("tier") == "batch" and case["shape"] == "chat":
                # A batch result has no time but its body's.
                from datetime import datetime

                body["response"]["body"]["created"] = int(
                    datetime.fromisoformat(f"{case['at']}T12:00:00+00:00").timestamp()
                )
            path.write_text("\n".join([json.dumps(body)] * case.get("repeat", 1)))
        ingest.run(store, [folder])
        for path, cost, basis in store.rows(
            """SELECT path, sum(cost_usd), min(cost_basis) FROM sources LEFT JOIN calls USING (source_id) GROUP BY path"""
        ):
            found[int(Path(path).stem)] = (cost, basis)
    return found


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: f"{case['n']}-{case['source']}")
def test_case(priced, case):
    cost, basis = priced[case["n"]]
    if case["usd"] is None:
        # Unknown is never 0: without a price it stays open, without usage it may be estimated.
        assert (cost is None, basis) in {(True, "unpriced"), (False, "estimated")}
        assert cost != 0
    else:
        assert abs(cost - Decimal(case["usd"])) < Decimal("1e-9")


def test_there_are_enough_cases_and_each_names_its_source():
    assert len(BOOK["cases"]) >= 80
    assert {case["source"] for case in BOOK["cases"]} <= set(BOOK["sources"])
    assert len({case["n"] for case in BOOK["cases"]}) == len(BOOK["cases"])

"""Coding agents: their telemetry and their session files, beyond what the samples show."""

from __future__ import annotations

import json

import pytest

from auditor.ingest import stage as ingest
from auditor.readers.call import Call, NotCall
from auditor.readers.formats import claude_code, cline, gemini_cli, opencode, pi, qwen_code
from auditor.readers.registry import registry
from auditor.readers.traces import agent_events


def test_an_event_is_known_by_its_body_its_name_or_its_service():
    known = "claude_code.api_request"
    assert agent_events.event_of({}, known, None, None) == known
    assert agent_events.event_of({"event.name": known}, None, None, None) == known
    assert agent_events.event_of({"event.name": "api_request"}, "", None, "claude-code") == known
    assert agent_events.event_of({"event.name": "api_request"}, known, None, "other") == known
    assert agent_events.event_of({"event.name": "api_request"}, "", None, "shop") is None
    assert agent_events.event_of({}, "claude_code said. hello", None, "claude-code") is None


def test_an_answer_without_a_count_is_no_free_call():
    call = agent_events.read("claude_code.api_request", {"model": "claude-sonnet-4-5"}, None)
    assert isinstance(call, Call)
    assert (call.usage_state, call.output_tokens, call.called_at) == ("absent", None, None)


def test_the_same_event_sent_twice_is_one_call(store, tmp_path):
    event = {
        "body": "claude_code.api_request",
        "attributes": {
            "event.timestamp": "2026-01-15T09:30:00Z", "model": "claude-sonnet-4-5",
            "request_id": "req_1", "input_tokens": 5, "output_tokens": 6,
        },
    }  # fmt: skip
    (tmp_path / "log.jsonl").write_text(f"{json.dumps(event)}\n" * 2)
    (row,) = ingest.run(store, [tmp_path / "log.jsonl"]).detail["sources"]
    assert (row["calls"], row["duplicates"]) == (1, 1)


@pytest.mark.parametrize(
    ("identity", "model", "provider"),
    [
        ("msg_bdrk_01A", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
        ("msg_bdrk_01A", "claude-sonnet-4-5-20250929", "aws"),
        ("msg_vrtx_01A", "claude-sonnet-4-5@20250929", "google"),
        ("msg_01A", "claude-sonnet-4-5-20250929", "anthropic"),
        ("msg_01A", "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "aws"),
    ],
)
def test_claude_code_is_billed_by_whoever_served_the_call(identity, model, provider):
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": identity, "model": model, "role": "assistant", "content": [], "usage": usage}
    line = {"type": "assistant", "uuid": "a", "sessionId": "s", "message": message}
    ((call,),) = claude_code.fold([line])
    assert call.provider == provider


def gemini_line(identity, kind, **more):
    return {"id": identity, "timestamp": "2026-01-15T09:30:00Z", "type": kind, "content": identity} | more  # fmt: skip


def test_a_message_that_is_written_again_is_counted_once():
    tokens = {"input": 10, "output": 2, "total": 12}
    head = {"sessionId": "s", "projectHash": "p"}
    asked = gemini_line("q", "user")
    drafts = [gemini_line("a", "gemini", model="gemini-2.5-pro", tokens=tokens) for _ in range(3)]
    outcomes = [found for (found,) in gemini_cli.fold([head, asked, *drafts])]
    (call,) = [found for found in outcomes if isinstance(found, Call)]
    assert call.messages == [{"role": "user", "content": "q"}]
    assert call.conversation_id == "s"


@pytest.mark.parametrize(("total", "output"), [(130, 30), (120, 20), (None, 20)])
def test_the_total_says_whether_thoughts_are_in_the_output(total, output):
    counts = {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 10}
    line = {"uuid": "a", "sessionId": "s", "type": "assistant", "model": "qwen3-max",
            "usageMetadata": counts | ({"totalTokenCount": total} if total else {})}  # fmt: skip
    ((call,),) = qwen_code.fold([line])
    assert (call.output_tokens, call.reasoning_tokens) == (output, 10)


def test_parents_that_go_round_in_a_circle_end():
    usage = {"input": 1, "output": 1}
    lines = [
        {"type": "message", "id": name, "parentId": above,
         "message": {"role": "assistant", "content": name, "usage": usage}}
        for name, above in (("a", "b"), ("b", "a"))
    ]  # fmt: skip
    (first,), (second,) = pi.fold(lines)
    assert [m["content"] for m in first.messages] == ["a", "b"]
    assert isinstance(second, Call)


def test_a_message_that_never_got_an_answer_has_no_tokens():
    tokens = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    message = {"id": "msg_1", "sessionID": "s", "role": "assistant", "time": {"created": 1}}
    ((call,),) = opencode.fold([message | {"tokens": tokens}])
    assert call.usage_state == "absent"


def test_a_request_of_cline_without_an_answer_is_no_call():
    record = {"ts": 1, "type": "say", "say": "api_req_started", "text": '{"request": "x"}'}
    assert cline.read(record) == [NotCall("a request without an answer")]


def test_a_line_of_pi_is_not_taken_for_one_of_claude_code():
    message = {"role": "assistant", "model": "claude-x", "usage": {"input": 1}}
    line = {"type": "message", "id": "a", "timestamp": "2026-01-15T09:30:00Z", "message": message}
    assert registry().find(line) is pi

"""A long session: its prompts grow with the square of its length, what is kept of them does not."""

from __future__ import annotations

import json

import pytest

from auditor.ingest import stage as ingest
from auditor.readers.history import History

AT = "2026-01-01T00:00:00Z"
WORDS = "w" * 1_000


def claude_code(n):
    for turn in range(n):
        asked = {"role": "user", "content": f"{turn} {WORDS}"}
        beside = {"sessionId": "s", "timestamp": AT}
        yield {
            "type": "user",
            "uuid": f"q{turn}",
            "parentUuid": f"a{turn - 1}",
            "message": asked,
        } | beside
        said = {"id": f"msg_{turn:010d}", "model": "claude-opus-4", "role": "assistant",
                "content": [{"type": "text", "text": WORDS}],
                "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
        yield {
            "type": "assistant",
            "uuid": f"a{turn}",
            "parentUuid": f"q{turn}",
            "message": said,
        } | beside


def codex(n):
    yield {"timestamp": AT, "type": "session_meta", "payload": {"id": "s", "timestamp": AT}}
    for turn in range(n):
        for role, kind, words in (
            ("user", "input_text", f"{turn} {WORDS}"),
            ("assistant", "output_text", WORDS),
        ):
            said = {"type": "message", "role": role, "content": [{"type": kind, "text": words}]}
            yield {"timestamp": AT, "type": "response_item", "payload": said}
        counts = {"input_tokens": 10, "cached_input_tokens": 0, "output_tokens": 10}
        totals = {key: value * (turn + 1) for key, value in counts.items()}
        info = {"total_token_usage": totals, "last_token_usage": counts}
        payload = {"type": "token_count", "info": info}
        yield {"timestamp": AT, "type": "event_msg", "payload": payload}


def gemini_cli(n):
    messages = []
    for turn in range(n):
        messages.append({"id": f"q{turn}", "type": "user", "content": f"{turn} {WORDS}"})
        messages.append({"id": f"a{turn}", "type": "gemini", "timestamp": AT, "content": WORDS,
                         "model": "gemini-2.5-pro", "tokens": {"input": 1, "output": 1}})  # fmt: skip
    yield {"sessionId": "s", "projectHash": "p", "startTime": AT, "messages": messages}


@pytest.mark.parametrize("session", [claude_code, codex, gemini_cli])
def test_a_long_session_is_kept_up_to_a_bound_and_every_call_of_it(
    store, tmp_path, monkeypatch, session
):
    monkeypatch.setattr(History, "TOTAL", 100_000)
    monkeypatch.setattr(History, "LEAST", 5_000)
    path = tmp_path / "session.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in session(60)))
    assert ingest.run(store, [path]).detail["sources"][0]["calls"] == 60
    sizes = "SELECT list(length(messages::VARCHAR) ORDER BY record_no, call_id) FROM contents JOIN calls USING (call_id)"
    found = store.value(sizes)
    assert sum(found) < 100_000 + 60 * 6_000
    last = store.value("SELECT count(*) FROM contents WHERE messages[-1]->>'content' LIKE '59 %'")
    assert last == 1
    assert store.value("SELECT count(*) FROM calls WHERE content_state = 'full'") == 0
    assert store.check() == []


def test_within_the_bound_all_is_kept():
    messages = [{"role": "user", "content": str(n)} for n in range(100)]
    assert History().kept(reversed(messages)) == messages


def test_the_newest_message_is_kept_whatever_its_length(monkeypatch):
    monkeypatch.setattr(History, "TOTAL", 0)
    monkeypatch.setattr(History, "LEAST", 10)
    messages = [{"role": "user", "content": "old"}, {"role": "user", "content": "x" * 1_000}]
    assert History().kept(reversed(messages)) == messages[1:]

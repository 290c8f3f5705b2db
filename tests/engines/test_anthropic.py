"""Anthropic's API as an engine, through Anthropic's own library, and servers that only claim to be."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time

import pytest
from loopback import Handler, listening

from auditor.domain import Request
from auditor.engines import EngineSettings, open_engine
from auditor.engines.servers import http_client
from auditor.engines.servers import server as server_module
from auditor.engines.servers.anthropic_client import ask_anthropic
from auditor.errors import EngineError

GO = Request(call_id="c", messages=[{"role": "user", "content": "Go"}])


@pytest.fixture
def messages_api(monkeypatch):
    """Anthropic's API as far as an engine needs it; ``replies`` are given out in turn."""
    seen, replies = [], []

    class Replying(Handler):
        def post(self):
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.path, headers, self.body()))
            status, reply = replies.pop(0)
            if isinstance(reply, bytes):
                self.send(status, "application/json", reply)
            else:
                self.send_json(status, reply)

    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setattr(server_module, "pause", lambda attempt, failure: 0.0)
    with listening(Replying) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield seen, replies


def message(*blocks, reason="end_turn"):
    usage = {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 3}
    return {"content": list(blocks), "stop_reason": reason, "usage": usage}


def test_a_baseline_is_run_again_in_anthropic_s_words(messages_api):
    seen, replies = messages_api
    replies += [
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
        (200, message({"type": "text", "text": "Hi"},
                      {"type": "tool_use", "id": "t2", "name": "get", "input": {"a": 2}},
                      reason="tool_use")),
    ]  # fmt: skip
    call = {"id": "t1", "type": "function", "function": {"name": "get", "arguments": '{"a": 1}'}}
    tool = {"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}}
    request = Request(
        call_id="c",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "t1", "content": "42"},
            {"role": "user", "content": "And?"},
        ],
        tools=[tool],
        params={"temperature": 1.5, "stop": "END", "seed": 4, "tool_choice": "required"},
    )
    engine = open_engine("anthropic:claude-x", EngineSettings(timeout_s=5))
    ((_, answer),) = engine.answers([request])
    engine.close()
    path, headers, body = seen[-1]
    assert (path, headers["x-api-key"]) == ("/v1/messages", "sk-test")
    assert body == {
        "model": "claude-x", "max_tokens": 512, "system": "Be brief.", "temperature": 1.0,
        "stop_sequences": ["END"], "tool_choice": {"type": "any"},
        "tools": [{"name": "get", "description": "", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Go"}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "42"},
                {"type": "text", "text": "And?"}]},
        ],
    }  # fmt: skip
    assert (answer.text, answer.finish_reason) == ("Hi", "tool_calls")
    assert (answer.input_tokens, answer.output_tokens) == (14, 3)
    assert json.loads(answer.tool_calls[0]["function"]["arguments"]) == {"a": 2}
    assert answer.fidelity.keys() == {"seed", "temperature"}


@pytest.mark.parametrize(("reply", "slug"), [
    ((200, message(reason="refusal")), "filtered"),
    ((200, message({"type": "text", "text": "half"}, reason="max_tokens")), "truncated"),
    ((200, message()), "empty-answer"),
    ((400, {"error": {"message": "prompt is too long: 300000 tokens"}}), "context-overflow"),
])  # fmt: skip
def test_what_anthropic_says_of_failures_has_a_name(messages_api, reply, slug):
    messages_api[1].append(reply)
    engine = open_engine("anthropic:claude-x", EngineSettings(timeout_s=5))
    ((_, answer),) = engine.answers(
        [Request(call_id="c", messages=[{"role": "user", "content": "Go"}])]
    )
    engine.close()
    assert answer.error == slug


def test_without_a_key_anthropic_is_one_clear_error(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(EngineError, match="needs a key") as caught:
        open_engine("anthropic:claude-x")
    assert "ANTHROPIC_API_KEY" in caught.value.hint


def answer_of(request=GO, **settings):
    engine = open_engine("anthropic:claude-x", EngineSettings(**{"timeout_s": 5, **settings}))
    try:
        ((_, answer),) = engine.answers([request])
    finally:
        engine.close()
    return answer


def test_nothing_is_sent_but_what_the_api_needs(messages_api, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another secret")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-tenant: me")
    seen, replies = messages_api
    replies.append((200, message({"type": "text", "text": "Hi"})))
    assert answer_of().text == "Hi"
    ((_, headers, _),) = seen
    assert headers.keys() == {
        "host", "connection", "accept", "accept-encoding", "content-type", "content-length",
        "user-agent", "x-api-key", "anthropic-version",
    }  # fmt: skip
    assert (headers["user-agent"], headers["anthropic-version"]) == ("auditor", "2023-06-01")


@pytest.mark.parametrize("passing", [
    (500, {"error": {"message": "boom"}}),
    (429, {"error": {"message": "slow down"}}),
    (529, b"<html>overloaded</html>"),
    (200, b'{"content": ['),
    (200, b"[1]"),
    (200, {"content": "Hi"}),
])  # fmt: skip
def test_what_passes_is_tried_again_until_the_true_answer(messages_api, passing):
    seen, replies = messages_api
    replies += [passing, passing, (200, message({"type": "text", "text": "true"}))]
    answer = answer_of()
    assert (answer.text, answer.error) == ("true", None)
    assert len(seen) == 3


@pytest.mark.parametrize(("reply", "slug"), [
    ((500, {"error": {"message": "boom"}}), "server-error"),
    ((429, {"error": {"message": "slow down"}}), "rate-limited"),
    ((400, {"error": {"message": "no credit"}}), "refused"),
    ((400, b"\xff\xfe"), "refused"),
    ((400, b"[" * 100_000), "refused"),
    ((200, b"[" * 100_000), "invalid-response"),
    ((200, b"<html>"), "invalid-response"),
    ((200, {"error": {"message": "oops in a 200"}}), "refused"),
])  # fmt: skip
def test_what_stays_wrong_has_a_name(messages_api, reply, slug):
    messages_api[1].extend([reply] * 10)
    answer = answer_of()
    assert (answer.text, answer.error) == (None, slug)
    assert answer.error_detail


class Hostile(Handler):
    """Ends its reply only when ``finish`` says so."""

    headers_sent = ()
    first = b""
    again = b" "
    every_s = 0.02

    def post(self):
        self.body()
        self.close_connection = True
        self.send_response(200)
        for name, value in (("content-type", "application/json"), *self.headers_sent):
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(self.first)
            while True:
                self.wfile.write(self.again)
                time.sleep(self.every_s)
        except OSError:
            return


def test_a_reply_that_drips_on_ends_at_the_deadline(messages_api, monkeypatch):
    with listening(type("Dripping", (Hostile,), {})) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        began = time.monotonic()
        answer = answer_of(timeout_s=1)
    assert answer.error == "timeout"
    assert time.monotonic() - began < 4


def test_a_reply_without_an_end_is_cut_at_a_size(messages_api, monkeypatch):
    monkeypatch.setattr(http_client, "_LONGEST_REPLY", 100_000)
    flood = {"again": b" " * 50_000, "every_s": 0}
    with listening(type("Flooding", (Hostile,), flood)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        answer = answer_of()
    assert answer.error == "oversized-reply"
    assert "longer than" in answer.error_detail


def test_a_compressed_reply_is_refused_before_it_unfolds(messages_api, monkeypatch):
    bomb = {
        "headers_sent": (("content-encoding", "gzip"),),
        "first": gzip.compress(b" " * 10_000_000),
    }
    with listening(type("Bomb", (Hostile,), bomb)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        answer = answer_of()
    assert answer.error == "compressed-reply"
    assert "compressed" in answer.error_detail


def test_a_redirect_carries_the_key_nowhere(messages_api, monkeypatch):
    seen, _ = messages_api

    class Elsewhere(Handler):
        def post(self):
            self.body()
            self.send_response(307)
            self.send_header("location", os.environ["ANTHROPIC_BASE_URL_OF_THIEF"])
            self.send_header("content-length", "0")
            self.end_headers()

    thief = os.environ["ANTHROPIC_BASE_URL"]
    monkeypatch.setenv("ANTHROPIC_BASE_URL_OF_THIEF", f"{thief}/v1/messages")
    with listening(Elsewhere) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        assert answer_of().error == "refused"
    assert seen == []


def test_leaving_in_the_middle_takes_less_than_two_seconds(messages_api, monkeypatch):
    with listening(type("Stalling", (Hostile,), {"every_s": 0.5})) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        engine = open_engine("anthropic:claude-x", EngineSettings(timeout_s=60))
        run = engine.answers([GO])
        waiting = threading.Thread(target=lambda: next(run, None), daemon=True)
        waiting.start()
        time.sleep(1)
        began = time.monotonic()
        engine.close()
        assert time.monotonic() - began < 2


def test_one_question_goes_through_the_same_library(messages_api):
    seen, replies = messages_api
    replies.append((200, message({"type": "text", "text": "4"}, {"type": "text", "text": "2"})))
    assert ask_anthropic("claude-y")("What is it?") == "42"
    ((path, headers, body),) = seen
    assert (path, headers["x-api-key"], body["model"]) == ("/v1/messages", "sk-test", "claude-y")
    replies.append((404, {"error": {"message": "model: claude-y"}}))
    with pytest.raises(EngineError, match="claude-y did not answer") as caught:
        ask_anthropic("claude-y")("What is it?")
    assert not caught.value.transient


def test_one_wording_says_that_a_key_is_missing(messages_api, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    said = set()
    for opening in (lambda: open_engine("anthropic:claude-x"), ask_anthropic):
        with pytest.raises(EngineError) as caught:
            opening()
        said.add((caught.value.message, caught.value.hint))
    assert len(said) == 1


def test_a_key_that_no_header_can_hold_is_an_error(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-\nx-evil: 1")
    with pytest.raises(EngineError, match="a header cannot"):
        open_engine("anthropic:claude-x")

"""One question to Claude, on a loopback server in its place."""

from __future__ import annotations

import gc
import time

from loopback import Handler, listening

from auditor.engines.servers.anthropic_client import ask_anthropic


def test_the_connection_is_closed_with_the_answer(monkeypatch):
    """Left open, it ends when memory is collected: a ResourceWarning in whatever runs then."""
    connections = []

    class Claude(Handler):
        def handle(self):
            connections.append("open")
            super().handle()  # returns when the client has closed
            connections.remove("open")

        def post(self):
            self.body()
            reply = {
                "id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                "content": [{"type": "text", "text": "an answer"}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }  # fmt: skip
            self.send_json(200, reply)

    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    with listening(Claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        ask = ask_anthropic()
        gc.disable()
        try:
            assert ask("a question") == "an answer"
            until = time.monotonic() + 5
            while connections and time.monotonic() < until:
                time.sleep(0.01)
            assert connections == []
        finally:
            gc.enable()

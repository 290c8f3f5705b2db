"""The command line as a user meets it: run in this process, with its exit code and both streams."""

from __future__ import annotations

import json
import os
import random
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from auditor.cli import main as cli

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202etxet\u2066\x00"
"""Clears a terminal, sets its title, turns text around."""
ANSWERS: dict[str, str] = defaultdict(lambda: "billing")
"""What ``planted_audit.serving`` is to answer: one word to whatever is asked."""


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def command(monkeypatch, capsys, *words: object) -> Ran:
    """Run ``auditor WORDS`` in this process."""
    monkeypatch.setattr(sys, "argv", ["auditor", *map(str, words)])
    umask = os.umask(0)
    capsys.readouterr()
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os.umask(umask)
    out, err = capsys.readouterr()
    return Ran(code, out, err)


def write_log(path: Path, calls: int = 60, *, hostile: str = "", padding: int = 0) -> Path:
    """Write pairs of an OpenAI client: tickets to route, and a review to rate every third time.

    ``padding`` characters that do not compress well make each call longer.
    """
    noise = random.Random(0)
    began = datetime(2026, 9, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        for number in range(calls):
            text = hostile + noise.randbytes(padding // 2).hex()
            file.write(json.dumps(_pair(number, began, hostile, text)) + "\n")
    return path


def _pair(number: int, began: datetime, hostile: str, text: str) -> dict[str, object]:
    at = began + timedelta(minutes=7 * number)
    if number % 3:
        task = f"Route the support ticket{hostile} to billing, login or shipping. Answer with one word."
        asked, answer = f"Ticket {number}: I was charged twice.", "billing"
    else:
        task = f"Rate the review{hostile}: positive or negative. Answer with one word."
        asked, answer = f"Review {number}: it broke on day {number}.", "negative"
    return {
        "timestamp": at.isoformat(),
        "request": {
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": task},
                {"role": "user", "content": asked + text},
            ],
        },
        "response": {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": int(at.timestamp()),
            "model": "gpt-4o-2024-08-06",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 60, "completion_tokens": 2, "total_tokens": 62},
        },
    }

"""Write the log, labels and settings that the database of the last release was made from."""

from __future__ import annotations

import json
import sys
from pathlib import Path

SENTIMENTS = ("positive", "negative", "neutral")
QUEUES = ("billing", "delivery", "account")
SUBJECTS = ("parcel", "invoice", "password", "refund", "lamp", "kettle", "chair", "router")
OPINIONS = ("arrived broken", "works very well", "is as described", "never came", "was late")


def call(task: str, number: int, system: str, user: str, answer: str, prompt: int) -> dict:
    """Return one request with its response, as an OpenAI client logs them."""
    return {
        "id": f"{task}-{number:03d}",
        "timestamp": f"2026-10-{1 + number % 20:02d}T{9 + number % 8:02d}:{number % 60:02d}:00Z",
        "request": {
            "model": "gpt-4o-2024-08-06",
            "temperature": 0,
            "user": f"user-{number % 5}",
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
        },
        "response": {
            "id": f"chatcmpl-{task}-{number:06d}",
            "object": "chat.completion",
            "model": "gpt-4o-2024-08-06",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": prompt, "completion_tokens": 4 + number % 3},
        },
        "status": 200,
        "latency_ms": 400 + 10 * number,
    }


def calls() -> list[dict]:
    """Return 24 calls of each of two tasks, and six that are chat."""
    found = []
    for n in range(24):
        subject, opinion = SUBJECTS[n % 8], OPINIONS[n % 5]
        review = f"Review {n}: the {subject} {opinion}, and I would tell a friend so."
        system = "Classify the sentiment of the review as positive, negative or neutral. One word."
        found.append(call("sentiment", n, system, review, SENTIMENTS[n % 3], 900 + n))
        ticket = f"Ticket {n}: my {subject} {opinion}. Please help. My mail is u{n}@example.com."
        system = "Route the ticket to one queue: billing, delivery or account. Answer the queue."
        found.append(call("queue", n, system, ticket, QUEUES[n % 3], 600 + n))
    chat = [
        call("chat", n, "Be brief.", f"Why {SUBJECTS[n]}s?", f"For {n} reasons.", 50)
        for n in range(6)
    ]
    return found + chat


def main(folder: Path) -> None:
    """Write ``log.jsonl``, ``labels.jsonl`` and ``auditor.toml`` into a folder."""
    lines = [json.dumps(record) for record in calls()]
    lines.insert(7, "{ this line is cut")
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    labels = [{"id": f"sentiment-{n:03d}", "expected": SENTIMENTS[n % 3]} for n in range(0, 24, 2)]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)) + "\n", "utf-8")
    settings = (
        '[grade]\nlabels = "labels.jsonl"\n\n[local]\ncapex_usd = 2600\nops_hours_month = 4\n'
    )
    (folder / "auditor.toml").write_text(settings, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

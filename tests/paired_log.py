"""Logs of request and response pairs with every figure under the test's control."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DAY = "2026-10-20"


def pair(
    number: int,
    *,
    at: str = "10:00:00",
    model: str = "gpt-4o-2024-08-06",
    system: str = "Be brief.",
    text: str | None = None,
    answer: str = "Yes.",
    user: str = "u1",
    temperature: float | None = 0,
    prompt: int = 1000,
    output: int = 100,
    cached: int = 0,
    finish: str = "stop",
    **more: object,
) -> dict[str, object]:
    """Return one call of an OpenAI client; ``more`` are further fields of the record."""
    request = {
        "model": model,
        "user": user,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": text or f"Question {number}?"},
        ],
    }
    if temperature is not None:
        request["temperature"] = temperature
    usage = {"prompt_tokens": prompt, "completion_tokens": output}
    if cached:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    return {
        "timestamp": f"{DAY}T{at}Z",
        "request": request,
        "response": {
            "id": f"chatcmpl-{number:08d}",
            "object": "chat.completion",
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer},
                    "finish_reason": finish,
                }
            ],
            "usage": usage,
        },
        "status": 200,
    } | more


def write(path: Path, records: Iterable[dict[str, object] | str]) -> Path:
    """Write records as JSON lines; text stands as it is."""
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

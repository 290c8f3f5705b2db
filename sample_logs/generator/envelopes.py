"""The two log shapes: OpenAI chat pairs and Anthropic Messages pairs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.clock import written
from generator.tokens import tokens

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from generator.profiles import Profile
    from generator.task import Task

PER_MESSAGE = 4  # tokens that mark role and end of each message
OPENAI_BLOCK = 128  # cached prompt tokens of OpenAI come in multiples of this
CACHEABLE = 1024  # shortest prompt that either provider caches
REASONING = {"gpt-5-2025-08-07": (128, 192, 256, 320, 448)}  # counted in blocks of 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a call happens, with which model, and whether its prompt prefix is still cached."""

    at: datetime
    model: str
    warm: bool


def record(rng: Random, profile: Profile, task: Task, moment: Moment) -> dict[str, Any]:
    """One log record as the app's logger writes it."""
    build = _openai if profile.app == "support-app" else _anthropic
    return build(rng, profile, task, moment)


def _prompt_tokens(task: Task) -> int:
    texts = [task.system, *(text for _, text in task.messages)]
    return 3 + sum(PER_MESSAGE + tokens(text) for text in texts)


def _latency(rng: Random, output_tokens: int) -> int:
    """Milliseconds: time to the first token, then 12 to 30 ms per token."""
    return rng.randrange(280, 900) + output_tokens * rng.randrange(12, 30)


def _openai(rng: Random, profile: Profile, task: Task, moment: Moment) -> dict[str, Any]:
    prompt = _prompt_tokens(task) + tokens(json.dumps(profile.params.get("response_format", "")))
    reasoning = rng.choice(REASONING.get(moment.model, (0,)))
    completion = tokens(task.answer) + reasoning
    warm = moment.warm and tokens(task.system) >= CACHEABLE
    cached = tokens(task.system) // OPENAI_BLOCK * OPENAI_BLOCK if warm else 0
    metadata = {"project": profile.project}
    if task.conversation:
        metadata["session_id"] = task.conversation
    return {
        "id": f"log_{rng.getrandbits(96):024x}",
        "timestamp": written(moment.at),
        "request": {
            "model": moment.model,
            "messages": [
                {"role": "system", "content": task.system},
                *({"role": role, "content": text} for role, text in task.messages),
            ],
            **profile.params,
            "user": f"u_{rng.getrandbits(32):08x}",
            "metadata": metadata,
        },
        "response": {
            "id": f"chatcmpl-{rng.getrandbits(88):022x}",
            "object": "chat.completion",
            "created": int(moment.at.timestamp()),
            "model": moment.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": task.answer},
                    "finish_reason": task.finish,
                }
            ],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
                "prompt_tokens_details": {"cached_tokens": cached},
                "completion_tokens_details": {"reasoning_tokens": reasoning},
            },
        },
        "status": 200,
        "latency_ms": _latency(rng, completion),
    }


def _anthropic(rng: Random, profile: Profile, task: Task, moment: Moment) -> dict[str, Any]:
    system: Any = task.system
    written_to_cache = read_from_cache = 0
    if profile.cached_system:
        system = [{"type": "text", "text": task.system, "cache_control": {"type": "ephemeral"}}]
        prefix = tokens(task.system)
        written_to_cache, read_from_cache = (0, prefix) if moment.warm else (prefix, 0)
    output = PER_MESSAGE + tokens(task.answer)
    return {
        "id": f"req_{rng.getrandbits(96):024x}",
        "timestamp": written(moment.at),
        "tags": {"project": profile.project, "env": "prod"},
        "request": {
            "model": moment.model,
            **profile.params,
            "system": system,
            "messages": [{"role": role, "content": text} for role, text in task.messages],
            "metadata": {"user_id": f"u_{rng.getrandbits(32):08x}"},
        },
        "response": {
            "id": f"msg_{rng.getrandbits(96):024x}",
            "type": "message",
            "role": "assistant",
            "model": moment.model,
            "content": [{"type": "text", "text": task.answer}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": _prompt_tokens(task) - written_to_cache - read_from_cache,
                "cache_creation_input_tokens": written_to_cache,
                "cache_read_input_tokens": read_from_cache,
                "output_tokens": output,
            },
        },
        "status": 200,
        "latency_ms": _latency(rng, output),
    }

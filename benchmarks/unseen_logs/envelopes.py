"""Exchanges as log records: pairs of request and response in OpenAI's and Anthropic's shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from task import Exchange, Message, Tool

_CHARS_PER_TOKEN = 4


def record(exchange: Exchange, rng: Random, at: datetime) -> dict[str, Any]:
    """One line of the log; its `id` is what the truth file names."""
    shape = _anthropic if exchange.task.model.startswith("claude") else _openai
    return {
        "id": f"log_{rng.getrandbits(96):024x}",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **shape(exchange, rng, at),
        "status": 200,
        "latency_ms": rng.randrange(400, 9000),
    }


def _tokens(value: object) -> int:
    return 3 + len(json.dumps(value, ensure_ascii=False)) // _CHARS_PER_TOKEN


def _parameters(tool: Tool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in tool.arguments},
        "required": list(tool.arguments),
    }


def _openai(exchange: Exchange, rng: Random, at: datetime) -> dict[str, Any]:
    task = exchange.task
    messages: list[dict[str, Any]] = []
    if exchange.system is not None:
        messages.append({"role": "system", "content": exchange.system})
    call_id = ""
    for number, message in enumerate(exchange.messages):
        if "call" in message:
            call_id = f"call_{number}"
            messages.append(_openai_call(*message["call"], call_id))
        elif message["role"] == "tool":
            messages.append(
                {"role": "tool", "tool_call_id": call_id, "content": message["content"]}
            )
        else:
            messages.append(dict(message))
    request: dict[str, Any] = {"model": task.model, "messages": messages}
    if exchange.tools:
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.purpose,
                    "parameters": _parameters(tool),
                },
            }
            for tool in exchange.tools
        ]
    if task.schema is not None:
        schema = {"type": "object", "properties": _properties(task.answers[0])}
        request["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": task.schema, "schema": schema},
        }
    elif task.json_mode:
        request["response_format"] = {"type": "json_object"}
    answer = (
        {"role": "assistant", "content": exchange.answer}
        if exchange.call is None
        else _openai_call(*exchange.call, f"call_{len(exchange.messages)}")
    )
    prompt, completion = _tokens([messages, request.get("tools", [])]), _tokens(answer)
    return {
        "request": request,
        "response": {
            "id": f"chatcmpl-{rng.getrandbits(88):022x}",
            "object": "chat.completion",
            "created": int(at.timestamp()),
            "model": task.model,
            "choices": [
                {
                    "index": 0,
                    "message": answer,
                    "finish_reason": "stop" if exchange.call is None else "tool_calls",
                }
            ],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
        },
    }


def _openai_call(name: str, arguments: Mapping[str, Any], call_id: str) -> dict[str, Any]:
    text = json.dumps(arguments, ensure_ascii=False)
    function = {"name": name, "arguments": text}
    call = {"id": call_id, "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _properties(example: Any) -> dict[str, Any]:
    names = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array"}
    return {key: {"type": names.get(type(value), "object")} for key, value in example.items()}


def _anthropic(exchange: Exchange, rng: Random, _: datetime) -> dict[str, Any]:
    task = exchange.task
    messages = [_anthropic_message(m, number) for number, m in enumerate(exchange.messages)]
    request: dict[str, Any] = {"model": task.model, "max_tokens": 1024, "messages": messages}
    if exchange.system is not None:
        request["system"] = exchange.system
    if exchange.tools:
        request["tools"] = [
            {"name": t.name, "description": t.purpose, "input_schema": _parameters(t)}
            for t in exchange.tools
        ]
    if exchange.call is None:
        content: dict[str, Any] = {"type": "text", "text": exchange.answer}
    else:
        content = _tool_use(*exchange.call, f"toolu_{len(exchange.messages)}")
    return {
        "request": request,
        "response": {
            "id": f"msg_{rng.getrandbits(96):024x}",
            "type": "message",
            "role": "assistant",
            "model": task.model,
            "content": [content],
            "stop_reason": "end_turn" if exchange.call is None else "tool_use",
            "usage": {"input_tokens": _tokens(request), "output_tokens": _tokens(content)},
        },
    }


def _anthropic_message(message: Message, number: int) -> dict[str, Any]:
    if "call" in message:
        content = [_tool_use(*message["call"], f"toolu_{number}")]
        return {"role": "assistant", "content": content}
    if message["role"] == "tool":
        result = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number - 1}",
            "content": message["content"],
        }
        return {"role": "user", "content": [result]}
    return dict(message)


def _tool_use(name: str, arguments: Mapping[str, Any], use_id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": use_id, "name": name, "input": dict(arguments)}

"""``anthropic:model``: a baseline run again, where a log holds no answer or to measure its noise.

It costs money and sends logged prompts out, so the caller first says so and waits for a yes.
Fields: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.domain import Answer, Candidate
from auditor.engines.chat import function_of, text_of
from auditor.engines.parameters import CAPS, dropped
from auditor.engines.servers.anthropic_client import (
    KEY_VARIABLE,
    MessagesApi,
    address,
    require_key,
    text_of_reply,
)
from auditor.engines.servers.http_client import Failure
from auditor.engines.servers.server import Payload, ServerEngine, whole_number
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from auditor.domain import Message, Request
    from auditor.engines.base import EngineSettings
    from auditor.engines.servers.http_client import Arrived

_CARRIED = frozenset({"top_p", "top_k", "thinking"})
_KNOWN = _CARRIED | {"temperature", "stop", "tools", "tool_choice", *CAPS}
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}


def open_anthropic(model: str, settings: EngineSettings) -> ServerEngine:
    """Open ``anthropic:model``; asks nothing. The key is that of ``ANTHROPIC_API_KEY``.

    ``ANTHROPIC_BASE_URL`` names another host, as for Anthropic's own library.

    Raises:
        EngineError: no model is named, or no key is set.
    """
    if not model:
        raise EngineError("anthropic: names no model", hint="--model anthropic:claude-...")
    key, url = require_key(), address()
    candidate = Candidate(
        engine="anthropic",
        model=model,
        weights_hash=None,
        context_tokens=settings.context_tokens,
        settings={"url": url, "max_output_tokens": settings.max_output_tokens},
        rung=settings.rung,
    )
    return ServerEngine(
        candidate,
        AnthropicDialect(model, key),
        urls=(url,),
        settings=settings,
        key_variable=KEY_VARIABLE,
    )


class AnthropicDialect:
    """Messages. What the log does not say is left to the API, as it was when the call was made."""

    def __init__(self, model: str, key: str) -> None:
        self._model = model
        self._key = key
        self._api: MessagesApi | None = None

    def prepare(self, requests: Sequence[Request], client: httpx2.Client, url: str) -> None:
        """Load Anthropic's library, once for all threads."""
        del requests
        self._api = self._api or MessagesApi(client, url, self._key)

    def send(
        self, client: httpx2.Client, url: str, body: Mapping[str, Any], deadline: float
    ) -> Arrived:
        """Send one message through Anthropic's library."""
        del client, url  # those of ``prepare``
        assert self._api is not None
        return self._api.send(body, deadline=deadline)

    def payload(self, request: Request) -> Payload:
        """Return the logged request in Anthropic's words."""
        params = request.params
        fidelity = dropped(params, known=_KNOWN)
        system, messages = _messages(request.messages)
        cap = next((params[name] for name in CAPS if whole_number(params.get(name))), None)
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "max_tokens": cap or request.max_output_tokens,
        }
        if system:
            body["system"] = system
        temperature = params.get("temperature")
        if isinstance(temperature, int | float):
            body["temperature"] = min(temperature, 1.0)
            if temperature > 1:
                fidelity["temperature"] = "adapted: 1, the most this API takes"
        stop = params.get("stop")
        if stop:
            body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
        body |= {name: params[name] for name in sorted(_CARRIED) if params.get(name) is not None}
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
            choice = _choice(params.get("tool_choice"))
            if choice:
                body["tool_choice"] = choice
        return Payload(
            body=body, fidelity=fidelity, repeatable=False, max_tokens=body["max_tokens"]
        )

    def answer(self, arrived: Arrived, request: Request) -> Answer:
        """Return the answer in a reply.

        Raises:
            Failure: the reply is not a message.
        """
        whole = arrived.events[0] if arrived.events else {}
        blocks, usage = whole.get("content"), whole.get("usage")
        if not isinstance(blocks, list) or not isinstance(usage, dict):
            raise Failure(error="invalid-response", detail="the reply holds no message")
        blocks = [block for block in blocks if isinstance(block, dict)]
        text = text_of_reply(whole)
        calls = tuple(_tool_call(block) for block in blocks if block.get("type") == "tool_use")
        reason = str(whole.get("stop_reason"))
        error = None
        if reason == "refusal":
            error = "filtered"
        elif reason == "max_tokens" and not any(request.params.get(cap) for cap in CAPS):
            error = "truncated"
        elif not text.strip() and not calls:
            error = "empty-answer"
        read = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        return Answer(
            text=text,
            tool_calls=calls,
            finish_reason=_REASONS.get(reason, reason),
            input_tokens=sum(whole_number(usage.get(name)) or 0 for name in read),
            output_tokens=whole_number(usage.get("output_tokens")),
            latency_ms=arrived.latency_ms,
            error=error,
        )


def _messages(messages: Sequence[Message]) -> tuple[str, list[dict[str, Any]]]:
    """Return the system text, and messages in which user and assistant alternate."""
    system: list[str] = []
    sent: list[dict[str, Any]] = []
    for message in messages:
        role = message.get("role")
        if role in {"system", "developer"}:
            system.append(text_of(message.get("content")))
            continue
        mine = "assistant" if role == "assistant" else "user"
        if sent and sent[-1]["role"] == mine:
            sent[-1]["content"] += _blocks(message)
        else:
            sent.append({"role": mine, "content": _blocks(message)})
    return "\n\n".join(system), sent


def _blocks(message: Message) -> list[dict[str, Any]]:
    text = text_of(message.get("content"))
    if message.get("role") == "tool":
        called = message.get("tool_call_id")
        return [{"type": "tool_result", "tool_use_id": called, "content": text}]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text.strip() else []
    for call in message.get("tool_calls") or ():
        function = function_of(call)
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id"),
                "name": function.get("name"),
                "input": _object(function.get("arguments")),
            }
        )
    return blocks


def _object(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments or {}
    try:
        return json.loads(arguments)
    except ValueError:
        return {"arguments": arguments}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = function_of(tool)
    return {
        "name": function.get("name"),
        "description": function.get("description") or "",
        "input_schema": function.get("parameters")
        or function.get("input_schema")
        or {"type": "object"},
    }


def _choice(choice: Any) -> dict[str, Any] | None:
    if isinstance(choice, str):
        return {"type": {"required": "any"}.get(choice, choice)}
    if isinstance(choice, dict):
        name = function_of(choice).get("name")
        return {"type": "tool", "name": name} if name else None
    return None


def _tool_call(block: Mapping[str, Any]) -> dict[str, Any]:
    arguments = json.dumps(block.get("input", {}), ensure_ascii=False)
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": arguments},
    }

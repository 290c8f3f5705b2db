"""Ollama through its own API, because only there can the context's size be set.

Its OpenAI-compatible API runs with the server's default (often 4096 tokens) and cuts longer
prompts in silence. Fields: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import httpx2

from auditor.domain import Answer, Candidate, canonical_json
from auditor.engines.chat import parse_reply, plain_message
from auditor.engines.parameters import sampling_of
from auditor.engines.servers.http_client import Arrived, Failure, post
from auditor.engines.servers.server import Payload, ServerEngine, whole_number
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.domain import Request
    from auditor.engines.base import EngineSettings

_DEFAULT = "http://127.0.0.1:11434"
_SMALLEST_CONTEXT = 2048


def open_ollama(model: str, settings: EngineSettings) -> ServerEngine:
    """Open ``ollama:model`` on ``$OLLAMA_HOST`` or this machine; asks the server nothing.

    Raises:
        EngineError: no model is named, or ``OLLAMA_HOST`` is not an address.
    """
    if not model:
        raise EngineError("ollama: names no model", hint="--model ollama:qwen3:4b")
    candidate = Candidate(
        engine="ollama",
        model=model,
        weights_hash=None,
        context_tokens=settings.context_tokens,
        settings={
            "url": _host(),
            "seed": settings.seed,
            "max_output_tokens": settings.max_output_tokens,
            "answer_headroom": settings.answer_headroom,
            "default_temperature": settings.default_temperature,
            "grammar": settings.grammar,
            "template_kwargs": dict(settings.template_kwargs),
        },
        rung=settings.rung,
    )
    dialect = OllamaDialect(model, settings)
    return ServerEngine(candidate, dialect, urls=(_host(),), settings=settings)


def _host() -> str:
    named = os.environ.get("OLLAMA_HOST", "").strip() or _DEFAULT
    address = named if "//" in named else f"http://{named}"
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if not url.host:
        raise EngineError(
            f"OLLAMA_HOST is not an address: {named!r}", hint=f"OLLAMA_HOST={_DEFAULT}"
        )
    host = "127.0.0.1" if url.host == "0.0.0.0" else url.host  # noqa: S104 - as Ollama's client does
    port = url.port or (11434 if "//" not in named else None)
    return str(url.copy_with(host=host, port=port, raw_path=b"/")).rstrip("/")


class OllamaDialect:
    """``/api/chat``, with the context sized to the longest request of the set."""

    def __init__(self, model: str, settings: EngineSettings) -> None:
        self._model = model
        self._settings = settings
        self._context = settings.context_tokens or _SMALLEST_CONTEXT

    def prepare(self, requests: Sequence[Request], client: httpx2.Client, url: str) -> None:
        """Choose one ``num_ctx`` for all: another one makes Ollama load the model again."""
        if self._settings.context_tokens or not requests:
            return
        need = max(
            _prompt_bytes(request) // 2 + sampling_of(request, self._settings)[0].max_tokens
            for request in requests
        )
        size = _SMALLEST_CONTEXT
        while size < need:
            size *= 2
        try:
            most = self._trained_context(client, url)
        except (httpx2.HTTPError, Failure, ValueError):
            most = None
        self._context = min(size, most) if most else size

    def send(
        self, client: httpx2.Client, url: str, body: Mapping[str, Any], deadline: float
    ) -> Arrived:
        """Send one chat request."""
        return post(client, f"{url}/api/chat", body, headers={}, deadline=deadline)

    def payload(self, request: Request) -> Payload:
        """Return the logged request in Ollama's words."""
        params = request.params
        sampling, fidelity = sampling_of(
            request, self._settings, also_known=frozenset({"reasoning_effort"})
        )
        options: dict[str, Any] = {
            "num_ctx": self._context,
            "num_predict": sampling.max_tokens,
            "temperature": sampling.temperature,
            "seed": sampling.seed if sampling.temperature > 0 else 0,
        }
        for name in ("top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty"):
            value = getattr(sampling, name)
            if value:
                options[name] = value
        if sampling.stop:
            options["stop"] = list(sampling.stop)
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [plain_message(message) for message in request.messages],
            "stream": True,
            "options": options,
        }
        form = _format(params.get("response_format")) if self._settings.grammar else None
        if form is not None:
            body["format"] = form
        elif params.get("response_format") not in (None, {"type": "text"}):
            fidelity["response_format"] = "dropped: grammars are off or it holds no schema"
        choice = params.get("tool_choice")
        if request.tools and choice != "none":
            body["tools"] = [dict(tool) for tool in request.tools]
        if choice not in (None, "auto", "none"):
            fidelity["tool_choice"] = "dropped: Ollama lets the model choose"
        if "enable_thinking" in self._settings.template_kwargs:
            body["think"] = bool(self._settings.template_kwargs["enable_thinking"])
        return Payload(
            body=body,
            fidelity=fidelity,
            repeatable=sampling.temperature <= 0 or params.get("seed") is not None,
            max_tokens=sampling.max_tokens,
            optional=frozenset({"think"}),
        )

    def answer(self, arrived: Arrived, request: Request) -> Answer:
        """Return the answer in a reply; a prompt that was cut to the context makes it an error.

        The context is as large as the model allows, so that a prompt which fills it is too long
        for the model. A count beyond the context is a mistake of the server's, and no such sign.

        Raises:
            Failure: the reply is cut off.
        """
        last = arrived.events[-1] if arrived.events else {}
        if not last.get("done"):
            raise Failure(error="half-answer", detail="the stream ended too soon")
        text: list[str] = []
        calls: list[Mapping[str, Any]] = []
        for event in arrived.events:
            message = event.get("message")
            if isinstance(message, dict):
                text.append(str(message.get("content") or ""))
                calls += [_tool_call(call) for call in message.get("tool_calls") or []]
        reply = parse_reply("".join(text), request.tools)
        tool_calls = tuple({"id": f"call_{i}", **c} for i, c in enumerate(calls))
        prompt_tokens = whole_number(last.get("prompt_eval_count"))
        reason = last.get("done_reason")
        error = detail = None
        if prompt_tokens in {self._context - 1, self._context}:
            error, detail = "context-overflow", f"the prompt fills num_ctx {self._context}"
        elif reason == "length" and not sampling_of(request, self._settings)[0].capped_by_log:
            error, detail = "truncated", f"cut after {whole_number(last.get('eval_count'))} tokens"
        elif not reply.text.strip() and not tool_calls and not reply.tool_calls:
            error = "empty-answer"
        return Answer(
            text=None if error == "context-overflow" else reply.text,
            tool_calls=tool_calls or reply.tool_calls,
            finish_reason=reason if isinstance(reason, str) else None,
            input_tokens=prompt_tokens,
            output_tokens=whole_number(last.get("eval_count")),
            ttft_ms=arrived.ttft_ms,
            latency_ms=arrived.latency_ms,
            error=error,
            error_detail=detail,
        )

    def _trained_context(self, client: httpx2.Client, url: str) -> int | None:
        """Return the context the model was trained with in tokens, as ``/api/show`` tells it."""
        shown = client.post(f"{url}/api/show", json={"model": self._model}, timeout=5.0).json()
        info = shown.get("model_info") if isinstance(shown, dict) else None
        if not isinstance(info, dict):
            return None
        found = [v for k, v in info.items() if k.endswith(".context_length")]
        return whole_number(found[0]) if found else None


def _prompt_bytes(request: Request) -> int:
    """Return the bytes of messages and tools as JSON, never fewer than their tokens."""
    text = canonical_json([list(request.messages), list(request.tools)])
    return len(text.encode("utf-8", "replace"))


def _format(wanted: Any) -> Any:
    """Return a response format as Ollama's ``format``: "json", a schema, or None."""
    if not isinstance(wanted, dict):
        return None
    if wanted.get("type") == "json_object":
        return wanted.get("schema") or "json"
    if wanted.get("type") == "json_schema" and isinstance(wanted.get("json_schema"), dict):
        return wanted["json_schema"].get("schema")
    return None


def _tool_call(call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments", {})
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {
        "type": "function",
        "function": {"name": str(function.get("name")), "arguments": arguments},
    }

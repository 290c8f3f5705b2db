"""Servers that speak OpenAI's chat API: llama.cpp's, vLLM, LM Studio, hosted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from auditor.domain import Answer, Candidate
from auditor.engines.chat import parse_reply
from auditor.engines.parameters import CAPS, sampling_of
from auditor.engines.servers.addresses import base_url, is_loopback, key_from
from auditor.engines.servers.http_client import Arrived, Failure, post
from auditor.engines.servers.server import KEY_VARIABLE, Payload, ServerEngine, whole_number
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.domain import Message, Request
    from auditor.engines.base import EngineSettings

_OPENAI = "api.openai.com"
_CARRIED = frozenset(
    {
        "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "stop",
        "response_format", "tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity",
    }
)  # fmt: skip
_EXTRAS = frozenset({"seed", "stream_options", "chat_template_kwargs"})


def open_server(spec: str, settings: EngineSettings) -> ServerEngine:
    """Open ``URL#model`` or ``URL,URL#model``; asks no server anything.

    A key is read from ``AUDITOR_ENGINE_API_KEY``, or ``OPENAI_API_KEY`` for OpenAI's own host,
    and sent to the hosts in ``spec`` only.

    Raises:
        EngineError: an address is not a URL, or no model is named.
    """
    addresses, _, model = spec.partition("#")
    urls = tuple(
        dict.fromkeys(
            base_url(url.strip(), path="/v1") for url in addresses.split(",") if url.strip()
        )
    )
    if not model or not urls:
        raise EngineError(
            f"{spec} names no model",
            hint="put the model's name after a #: --model http://host:port/v1#name",
        )
    candidate = Candidate(
        engine="openai-compatible",
        model=model,
        weights_hash=None,
        context_tokens=settings.context_tokens,
        settings={
            "urls": sorted(urls),
            "seed": settings.seed,
            "max_output_tokens": settings.max_output_tokens,
            "answer_headroom": settings.answer_headroom,
            "default_temperature": settings.default_temperature,
            "template_kwargs": dict(settings.template_kwargs),
        },
        rung=settings.rung,
    )
    headers, notes = _key_for(urls)
    dialect = OpenAIDialect(model, settings, headers)
    return ServerEngine(candidate, dialect, urls=urls, settings=settings, notes=notes)


def _key_for(urls: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    key = key_from(KEY_VARIABLE)
    if not key and all(
        httpx2.URL(url).host == _OPENAI and url.startswith("https:") for url in urls
    ):
        key = key_from("OPENAI_API_KEY")
    if not key:
        return {}, []
    open_wires = [u for u in urls if u.startswith("http:") and not is_loopback(u)]
    notes = [f"the API key is sent unencrypted to {url}" for url in open_wires]
    return {"authorization": f"Bearer {key}"}, notes


class OpenAIDialect:
    """Chat completions, streamed so that the time to the first token is known."""

    def __init__(self, model: str, settings: EngineSettings, headers: Mapping[str, str]) -> None:
        self._model = model
        self._settings = settings
        self._headers = headers

    def prepare(self, requests: Sequence[Request], client: httpx2.Client, url: str) -> None:
        """Do nothing: these servers size their context themselves."""

    def send(
        self, client: httpx2.Client, url: str, body: Mapping[str, Any], deadline: float
    ) -> Arrived:
        """Send one chat completion request."""
        return post(
            client, f"{url}/chat/completions", body, headers=self._headers, deadline=deadline
        )

    def payload(self, request: Request) -> Payload:
        """Return the logged request with another model's name in it."""
        sampling, fidelity = sampling_of(request, self._settings, also_known=_CARRIED)
        messages = [_message(message) for message in request.messages]
        if any(m.get("role") == "developer" for m in request.messages):
            fidelity["messages"] = "adapted: role developer sent as system"
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
        }
        for name in sorted(_CARRIED):
            value = request.params.get(name)
            if value is not None and name not in fidelity:
                body[name] = value
        if request.tools:
            body["tools"] = [dict(tool) for tool in request.tools]
        else:
            body.pop("tool_choice", None)
            body.pop("parallel_tool_calls", None)
        logged_seed = request.params.get("seed") is not None
        if sampling.temperature > 0 or logged_seed:
            body["seed"] = sampling.seed
        if self._settings.template_kwargs:
            body["chat_template_kwargs"] = dict(self._settings.template_kwargs)
        return Payload(
            body=body,
            fidelity=fidelity,
            repeatable=sampling.temperature <= 0 or logged_seed,
            max_tokens=sampling.max_tokens,
            optional=(_CARRIED | _EXTRAS) - {"response_format", "tool_choice", "stop"},
        )

    def answer(self, arrived: Arrived, request: Request) -> Answer:
        """Return the answer in a reply.

        Raises:
            Failure: the reply is cut off, or is not a chat completion.
        """
        whole = _join(arrived) if arrived.streamed else arrived.events[0]
        message, finish_reason = _choice(whole)
        usage = whole.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        content = message.get("content")
        reply = parse_reply(content if isinstance(content, str) else "", request.tools)
        calls = message.get("tool_calls")
        tool_calls = tuple(calls) if isinstance(calls, list) and calls else reply.tool_calls
        error = detail = None
        if finish_reason == "content_filter":
            error = "filtered"
        elif finish_reason == "length" and not any(request.params.get(cap) for cap in CAPS):
            error, detail = "truncated", f"cut after {request.max_output_tokens} tokens"
        elif not reply.text.strip() and not tool_calls:
            error = "empty-answer"
        return Answer(
            text=reply.text,
            tool_calls=tool_calls,
            finish_reason=finish_reason,
            input_tokens=whole_number(usage.get("prompt_tokens")),
            output_tokens=whole_number(usage.get("completion_tokens")),
            reasoning_tokens=_reasoning(usage),
            ttft_ms=arrived.ttft_ms,
            latency_ms=arrived.latency_ms,
            error=error,
            error_detail=detail,
        )


def _message(message: Message) -> dict[str, Any]:
    sent = {key: value for key, value in message.items() if value is not None or key == "content"}
    if sent.get("role") == "developer":
        sent["role"] = "system"
    return sent


def _choice(whole: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    choices = whole.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise Failure(error="invalid-response", detail="the reply holds no message")
    reason = first.get("finish_reason")
    return message, reason if isinstance(reason, str) else None


def _join(arrived: Arrived) -> Mapping[str, Any]:
    """Join the streamed pieces of a completion; a stream without an end is half an answer."""
    text: list[str] = []
    calls: dict[int, dict[str, Any]] = {}
    reason = usage = None
    for event in arrived.events:
        usage = event.get("usage") or usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else {}
        reason = choice.get("finish_reason") or reason
        delta = choice.get("delta") or {}
        if isinstance(delta.get("content"), str):
            text.append(delta["content"])
        for piece in delta.get("tool_calls") or []:
            call = calls.setdefault(
                piece.get("index", 0),
                {"id": None, "type": "function", "function": {"name": "", "arguments": ""}},
            )
            call["id"] = piece.get("id") or call["id"]
            for part in ("name", "arguments"):
                call["function"][part] += (piece.get("function") or {}).get(part) or ""
    if reason is None:
        raise Failure(error="half-answer", detail="the stream ended too soon")
    message = {"content": "".join(text), "tool_calls": [calls[i] for i in sorted(calls)]}
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _reasoning(usage: Mapping[str, Any]) -> int | None:
    details = usage.get("completion_tokens_details")
    return whole_number(details.get("reasoning_tokens")) if isinstance(details, dict) else None

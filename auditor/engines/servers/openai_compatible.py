"""Servers that speak OpenAI's chat API: llama.cpp's, vLLM, LM Studio, hosted ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

from auditor.domain import Answer, Candidate
from auditor.engines.chat import parse_reply
from auditor.engines.parameters import CAPS, sampling_of
from auditor.engines.servers.http_client import Arrived, Failure
from auditor.engines.servers.server import Payload, ServerEngine, is_loopback
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
        EngineError: the URL is none, or names no model.
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
    dialect = OpenAIDialect(model, settings)
    return ServerEngine(
        candidate, dialect, urls=urls, headers=headers, settings=settings, notes=notes
    )


def base_url(url: str, *, path: str) -> str:
    """A server's address without a closing slash; ``path`` where the URL has none.

    Raises:
        EngineError: it is no URL, or holds a password.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise EngineError(f"{url!r} is no URL", hint="--model http://host:port/v1#name")
    if parsed.userinfo:
        raise EngineError(
            f"the URL of {parsed.host} holds a password",
            hint="put the key into the environment: AUDITOR_ENGINE_API_KEY",
        )
    path = parsed.path.rstrip("/") or path
    return str(parsed.copy_with(raw_path=(path or "/").encode())).rstrip("/")


def _key_for(urls: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    key = os.environ.get("AUDITOR_ENGINE_API_KEY", "")
    if not key and all(httpx.URL(url).host == _OPENAI and url.startswith("https:") for url in urls):
        key = os.environ.get("OPENAI_API_KEY", "")
    if not key:
        return {}, []
    if not key.isascii() or not key.isprintable():
        raise EngineError("the API key holds characters that a header cannot", hint="set it anew")
    open_wires = [u for u in urls if u.startswith("http:") and not is_loopback(u)]
    notes = [f"the API key is sent unencrypted to {url}" for url in open_wires]
    return {"authorization": f"Bearer {key}"}, notes


class OpenAIDialect:
    """Chat completions, streamed so that the time to the first token is known."""

    path = "/chat/completions"

    def __init__(self, model: str, settings: EngineSettings) -> None:
        self._model = model
        self._settings = settings

    def prepare(self, requests: Sequence[Request], client: httpx.Client, url: str) -> None:
        """Nothing to prepare: these servers size their context themselves."""

    def payload(self, request: Request) -> Payload:
        """The logged request, with another model's name in it."""
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
            optional=(_CARRIED | _EXTRAS) - {"response_format", "tool_choice", "stop"},
        )

    def answer(self, arrived: Arrived, request: Request) -> Answer:
        """Put a reply together.

        Raises:
            Failure: it is cut off, or no chat completion.
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
            input_tokens=count_of(usage.get("prompt_tokens")),
            output_tokens=count_of(usage.get("completion_tokens")),
            reasoning_tokens=_reasoning(usage),
            ttft_ms=arrived.ttft_ms,
            latency_ms=arrived.latency_ms,
            error=error,
            error_detail=detail,
        )

    def context_tokens(self, client: httpx.Client, url: str) -> int | None:
        """What ``/v1/models`` says (vLLM, some hosted ones), else llama.cpp's ``/props``."""
        listed = client.get(f"{url}/models", timeout=5.0).json()
        models = listed.get("data") if isinstance(listed, dict) else None
        for model in models if isinstance(models, list) else []:
            if isinstance(model, dict) and model.get("id") == self._model:
                for name in ("max_model_len", "context_length", "max_context_length"):
                    if count_of(model.get(name)):
                        return count_of(model[name])
        props = client.get(f"{url.removesuffix('/v1')}/props", timeout=5.0)
        if props.status_code != httpx.codes.OK:
            return None
        default = props.json().get("default_generation_settings")
        return count_of(default.get("n_ctx")) if isinstance(default, dict) else None


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
        raise Failure(error="invalid-response", detail="the reply holds no message", transient=True)
    reason = first.get("finish_reason")
    return message, reason if isinstance(reason, str) else None


def _join(arrived: Arrived) -> Mapping[str, Any]:
    """One completion from its streamed pieces; a stream without an end is half an answer."""
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
        raise Failure(error="half-answer", detail="the stream ended too soon", transient=True)
    message = {"content": "".join(text), "tool_calls": [calls[i] for i in sorted(calls)]}
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def count_of(value: Any) -> int | None:
    """A count in a reply, None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _reasoning(usage: Mapping[str, Any]) -> int | None:
    details = usage.get("completion_tokens_details")
    return count_of(details.get("reasoning_tokens")) if isinstance(details, dict) else None

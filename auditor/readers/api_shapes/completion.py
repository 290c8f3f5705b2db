"""Prompt in, text out: legacy completions, Bedrock's older models, and text generation endpoints.

Sources: OpenAI API reference, completions (legacy); Amazon Bedrock user guide, inference parameters
of Titan, Llama, Mistral and Claude 2; Hugging Face, Text Generation Inference (``inputs`` and
``parameters`` to ``generated_text``), which SageMaker endpoints speak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes import openai_chat
from auditor.readers.api_shapes.common import params_of
from auditor.readers.usage import set_tokens
from auditor.readers.values import choice_count, count, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "completion"
_PARAMS = {
    "max_gen_len": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "max_new_tokens": "max_tokens",
    "maxTokenCount": "max_tokens",
    "topP": "top_p",
    "stopSequences": "stop",
    "temperature": "temperature",
}


def is_request(body: Json) -> bool:
    """Say whether a body asks for a completion."""
    return isinstance(body.get("prompt"), str | list) or any(
        isinstance(body.get(key), str) for key in ("inputText", "inputs")
    )


def is_response(body: Json) -> bool:
    """Say whether a body is a native completion."""
    return (
        isinstance(body.get("generation"), str)
        or isinstance(body.get("generated_text"), str)
        or (isinstance(body.get("completion"), str) and "stop_reason" in body)
        or _list_of(body, "outputs", "text")
        or _list_of(body, "results", "outputText")
    )


def _list_of(body: Json, key: str, inner: str) -> bool:
    items = body.get(key)
    return (
        isinstance(items, list) and bool(items) and isinstance(items[0], dict) and inner in items[0]
    )


def request(call: Call, body: Json) -> None:
    """Decode a completion request: the prompt becomes one user message."""
    call.api_shape = "completion"
    call.model_requested = text(body.get("model")) or call.model_requested
    prompt = body.get("prompt", body.get("inputText", body.get("inputs")))
    if isinstance(prompt, list):
        prompt = "\n".join(part for part in prompt if isinstance(part, str))
    call.messages = [{"role": "user", "content": prompt if isinstance(prompt, str) else ""}]
    config = body.get("textGenerationConfig", body.get("parameters"))
    call.params = params_of(body)
    for source in (body, config if isinstance(config, dict) else {}):
        call.params |= {o: source[k] for k, o in _PARAMS.items() if source.get(k) is not None}
    call.choices = choice_count(body.get("n"))


def response(call: Call, body: Json) -> None:
    """Decode a completion; OpenAI's has choices, as chat has."""
    if "choices" in body:
        openai_chat.response(call, body)
        return
    first = next((b[0] for k in ("outputs", "results") if (b := body.get(k))), body)
    first = first if isinstance(first, dict) else body
    answer = (
        first.get("generation"),
        first.get("generated_text"),
        first.get("completion"),
        first.get("text"),
        first.get("outputText"),
    )
    call.response_text = next((a for a in answer if isinstance(a, str)), None)
    reason = text(first.get("stop_reason")) or text(first.get("completionReason"))
    call.finish_reason = reason.lower() if reason else None
    call.status = "ok"
    prompt = count(body.get("prompt_token_count", body.get("inputTextTokenCount")))
    output = count(body.get("generation_token_count", first.get("tokenCount")))
    if prompt is not None and output is not None:
        set_tokens(call, given_input=prompt, output=output)


def assemble(_events: list[Any]) -> Json | None:
    """Streams of these shapes carry OpenAI's chunks, which the chat shape assembles."""
    return None

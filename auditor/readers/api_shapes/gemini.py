"""Google's generateContent, as the Gemini API and Vertex AI speak it.

Source: Gemini API reference, GenerateContentResponse.UsageMetadata: ``promptTokenCount`` includes
``cachedContentTokenCount``; ``candidatesTokenCount`` excludes ``thoughtsTokenCount``. REST is
camelCase, BigQuery logs are snake_case: both are read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.common import image, join_parts, take_error, tier_of
from auditor.readers.call import add_unit
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, dumps, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "gemini"
_PARAMS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "maxOutputTokens": "max_tokens",
    "stopSequences": "stop",
    "seed": "seed",
    "candidateCount": "n",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
_BILLED_BY_PROMPT = re.compile(r"gemini-[12]\.")
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}


def field(body: Json, camel: str) -> Any:
    """Return a field by its camelCase name, or its snake_case one."""
    if camel in body:
        return body[camel]
    return body.get("".join(f"_{c.lower()}" if c.isupper() else c for c in camel))


def request(call: Call, body: Json) -> None:
    """Decode a generateContent request."""
    call.api_shape = "gemini"
    model = text(body.get("model"))
    call.model_requested = model.rpartition("/")[2] if model else call.model_requested
    system = field(body, "systemInstruction")
    if isinstance(system, dict):
        parts = system.get("parts")
        call.system_text = _text(parts if isinstance(parts, list) else [parts]) or None
    elif isinstance(system, str):
        call.system_text = system or None
    contents = body.get("contents")
    contents = [contents] if isinstance(contents, dict | str) else contents
    call.messages = []
    for content in contents if isinstance(contents, list) else ():
        call.messages += _messages(call, content)
    call.tools = _tools(call, body.get("tools"))
    call.params = _params(field(body, "generationConfig") or body.get("config"))
    if field(body, "cachedContent"):
        call.content_state = "partial"


def _params(config: Any) -> Json:
    params: Json = {}
    if not isinstance(config, dict):
        return params
    for camel, ours in _PARAMS.items():
        if (value := field(config, camel)) is not None:
            params[ours] = value
    schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
    if schema:
        params["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "output", "schema": schema},
        }
    elif field(config, "responseMimeType") == "application/json":
        params["response_format"] = {"type": "json_object"}
    return params


def _messages(call: Call, content: Any) -> list[Json]:  # noqa: C901 - one branch for each kind of event
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    if not isinstance(content, dict):
        return []
    role = "assistant" if content.get("role") == "model" else "user"
    parts, calls, found = [], [], []
    given = content.get("parts")
    for part in given if isinstance(given, list) else [given]:
        if not isinstance(part, dict) or part.get("thought") is True:
            continue
        if isinstance(part.get("text"), str):
            parts.append({"type": "text", "text": part["text"]})
        elif isinstance(asked := field(part, "functionCall"), dict):
            calls.append(_call(asked))
        elif isinstance(result := field(part, "functionResponse"), dict):
            name = result.get("id") or result.get("name")
            found.append(
                {"role": "tool", "tool_call_id": name, "content": dumps(result.get("response"))}
            )
        elif field(part, "executableCode") or field(part, "codeExecutionResult"):
            call.needs_hosted_tools = True
        elif isinstance(data := field(part, "inlineData") or field(part, "fileData"), dict):
            call.needs_vision = True
            place = data.get("data") or field(data, "fileUri")
            parts.append(image(place, text(field(data, "mimeType"))))
    if parts or calls:
        said: Json = {"role": role, "content": join_parts(parts) if parts else None}
        found.append(said | {"tool_calls": calls} if calls else said)
    return found


def _call(asked: Json) -> Json:
    function = {"name": asked.get("name"), "arguments": dumps(asked.get("args") or {})}
    return {"id": asked.get("id") or asked.get("name"), "type": "function", "function": function}


def _tools(call: Call, tools: Any) -> list[Json] | None:
    found: list[Json] = []
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict):
            continue
        declared = field(tool, "functionDeclarations")
        if not isinstance(declared, list):
            call.needs_hosted_tools = True
            found += [{"type": name, "function": {"name": name}} for name in list(tool)[:1]]
            continue
        for function in declared:
            if isinstance(function, dict):
                schema = field(function, "parametersJsonSchema") or function.get("parameters")
                keys = {"name": function.get("name"), "description": function.get("description")}
                found.append({"type": "function", "function": {**keys, "parameters": schema}})
    return found or None


def response(call: Call, body: Json) -> None:
    """Decode a generateContent response."""
    call.provider_response_id = text(field(body, "responseId"))
    call.model = text(field(body, "modelVersion"))
    candidates = body.get("candidates")
    if isinstance(candidates, list) and candidates and isinstance(candidates[0], dict):
        first = candidates[0]
        if len(candidates) > 1:
            call.choices = len(candidates)
        content = first.get("content")
        given = content.get("parts") if isinstance(content, dict) else None
        parts = [p for p in given if isinstance(p, dict)] if isinstance(given, list) else []
        call.response_text = _text(parts) or None
        asked = [field(part, "functionCall") for part in parts]
        call.tool_calls = [_call(a) for a in asked if isinstance(a, dict)] or None
        grounding = field(first, "groundingMetadata")
        if any(field(p, "executableCode") for p in parts) or grounding:
            call.needs_hosted_tools = True
        call.web_searches = _searches(call.model or call.model_requested, grounding)
        reason = text(field(first, "finishReason"))
        call.finish_reason = FINISH.get(reason, reason.lower()) if reason else None
        call.status = "ok"
    elif isinstance(blocked := field(body, "promptFeedback"), dict):
        call.status, call.finish_reason = "ok", "content_filter"
        call.error = text(field(blocked, "blockReason"))
    usage(call, field(body, "usageMetadata"))
    if body.get("error"):
        take_error(call, body["error"])


def _searches(model: str | None, grounding: Any) -> int | None:
    """Count the searches that are billed.

    Source: Google, grounding with Google Search: by Gemini 3 each query is billed, by older models
    each prompt that was grounded.
    """
    queries = field(grounding, "webSearchQueries") if isinstance(grounding, dict) else None
    if not isinstance(queries, list) or not queries:
        return None
    return 1 if _BILLED_BY_PROMPT.search(model or "") else len(queries)


def _text(parts: list[Any]) -> str:
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str) and not part.get("thought")
    )


def usage(call: Call, found: Any) -> None:
    """Split the counts; thoughts are output that the candidates' count leaves out."""
    if not isinstance(found, dict):
        return
    served = field(found, "trafficType") or field(found, "serviceTier")
    call.service_tier = tier_of(served) or call.service_tier
    prompt = count(field(found, "promptTokenCount"))
    if prompt is None:
        return
    prompt += count(field(found, "toolUsePromptTokenCount")) or 0
    thoughts = count(field(found, "thoughtsTokenCount"))
    answered = count(field(found, "candidatesTokenCount"))
    if answered is None:
        answered = count(field(found, "responseTokenCount")) or 0  # the Live API
    set_tokens(
        call,
        given_input=prompt,
        output=answered + (thoughts or 0),
        cache_read=count(field(found, "cachedContentTokenCount")),
        reasoning=thoughts,
    )
    _take_modalities(call, found)


def _take_modalities(call: Call, found: Json) -> None:
    """Count sound and pictures: cached ones apart from those that were read anew."""
    again = _by_modality(field(found, "cacheTokensDetails"))
    given = _by_modality(field(found, "promptTokensDetails"))
    given += _by_modality(field(found, "toolUsePromptTokensDetails"))
    made = _by_modality(field(found, "candidatesTokensDetails"))
    made = made or _by_modality(field(found, "responseTokensDetails"))
    for kind in ("audio", "image", "video"):
        add_unit(call, f"cache_read_{kind}_tokens", again[kind])
        add_unit(call, f"input_{kind}_tokens", max(0, given[kind] - again[kind]))
        add_unit(call, f"output_{kind}_tokens", made[kind])


def _by_modality(details: Any) -> Counter[str]:
    counts: Counter[str] = Counter()
    for part in details if isinstance(details, list) else ():
        if isinstance(part, dict):
            kind = (text(part.get("modality")) or "").lower()
            counts[kind] += count(field(part, "tokenCount")) or 0
    return counts


def assemble(events: list[Json]) -> Json | None:
    """Put the chunks of streamGenerateContent together."""
    chunks = [event for event in events if "candidates" in event or field(event, "usageMetadata")]
    if not chunks:
        return None
    body: Json = {}
    parts: list[Any] = []
    first: Json = {}
    for chunk in chunks:
        body |= {k: v for k, v in chunk.items() if k != "candidates" and v is not None}
        candidates = chunk.get("candidates")
        if (
            not isinstance(candidates, list)
            or not candidates
            or not isinstance(candidates[0], dict)
        ):
            continue
        content = candidates[0].get("content")
        given = content.get("parts") if isinstance(content, dict) else None
        parts += given if isinstance(given, list) else []
        first |= {k: v for k, v in candidates[0].items() if k != "content" and v is not None}
    return body | {"candidates": [first | {"content": {"role": "model", "parts": parts}}]}

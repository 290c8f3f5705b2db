"""Amazon Bedrock's Converse, and Nova's native body, which is its twin.

Source: Amazon Bedrock API reference, Converse: ``usage.inputTokens`` excludes what was read from
and written to the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.anthropic import FINISH
from auditor.readers.api_shapes.common import image, join_parts, take_error, tier_of
from auditor.readers.usage import set_tokens
from auditor.readers.values import count, dumps, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "converse"
_FILES = ("image", "document", "video")
_PARAMS = {
    "temperature": "temperature",
    "topP": "top_p",
    "maxTokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "stopSequences": "stop",
}


def request(call: Call, body: Json) -> None:
    """Decode a Converse request."""
    call.api_shape = "converse"
    call.model_requested = text(body.get("modelId")) or call.model_requested
    system = body.get("system")
    texts = (
        [b["text"] for b in system if isinstance(b, dict) and isinstance(b.get("text"), str)]
        if isinstance(system, list)
        else []
    )
    call.system_text = "\n\n".join(texts) or None
    messages = body.get("messages")
    call.messages = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            call.messages += _messages(call, message)
    config = body.get("inferenceConfig")
    config = config if isinstance(config, dict) else {}
    call.params = {
        ours: config[key] for key, ours in _PARAMS.items() if config.get(key) is not None
    }
    offered = body.get("toolConfig")
    tools = offered.get("tools") if isinstance(offered, dict) else None
    call.tools = (
        [
            _tool(t["toolSpec"])
            for t in tools
            if isinstance(t, dict) and isinstance(t.get("toolSpec"), dict)
        ]
        or None
        if isinstance(tools, list)
        else None
    )


def _tool(spec: Json) -> Json:
    schema = spec.get("inputSchema")
    parameters = schema.get("json") if isinstance(schema, dict) else None
    function = {"name": spec.get("name"), "description": spec.get("description")}
    return {"type": "function", "function": {**function, "parameters": parameters}}


def _messages(call: Call, message: Json) -> list[Json]:
    content = message.get("content")
    parts, calls, found = [], [], []
    for block in content if isinstance(content, list) else [{"text": content}]:
        if not isinstance(block, dict):
            continue
        if isinstance(block.get("text"), str):
            parts.append({"type": "text", "text": block["text"]})
        elif isinstance(block.get("toolUse"), dict):
            calls.append(_call(block["toolUse"]))
        elif isinstance(result := block.get("toolResult"), dict):
            inner = result.get("content")
            inner = [b for b in inner if isinstance(b, dict)] if isinstance(inner, list) else []
            said = [b["text"] if isinstance(b.get("text"), str) else dumps(b.get("json"))
                    for b in inner]  # fmt: skip
            call.needs_vision |= any(kind in b for b in inner for kind in _FILES)
            found.append(
                {"role": "tool", "tool_call_id": result.get("toolUseId"), "content": "".join(said)}
            )
        elif kind := next((k for k in _FILES if k in block), None):
            call.needs_vision = True
            source = block[kind].get("source") if isinstance(block[kind], dict) else None
            data = source.get("bytes") if isinstance(source, dict) else None
            parts.append(image(data, kind=kind))
    if parts or calls:
        said_by: Json = {"role": message.get("role") or "user"}
        said_by["content"] = join_parts(parts) if parts else None
        found.append(said_by | {"tool_calls": calls} if calls else said_by)
    return found


def _call(used: Json) -> Json:
    function = {"name": used.get("name"), "arguments": dumps(used.get("input"))}
    return {"id": used.get("toolUseId"), "type": "function", "function": function}


def response(call: Call, body: Json) -> None:
    """Decode a Converse response."""
    output = body.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    blocks = [b for b in content if isinstance(b, dict)] if isinstance(content, list) else []
    texts = [b["text"] for b in blocks if isinstance(b.get("text"), str)]
    call.response_text = "".join(texts) if texts else None
    call.tool_calls = [
        _call(b["toolUse"]) for b in blocks if isinstance(b.get("toolUse"), dict)
    ] or None
    stop = text(body.get("stopReason"))
    call.finish_reason = FINISH.get(stop, stop) if stop else None
    call.status = "ok"
    metrics = body.get("metrics")
    if isinstance(metrics, dict):
        call.latency_ms = number(metrics.get("latencyMs"))
    usage(call, body.get("usage"))
    call.service_tier = tier_of(body.get("serviceTier")) or call.service_tier
    if body.get("error"):
        take_error(call, body["error"])


def usage(call: Call, found: Any) -> None:
    """Take the buckets, which Bedrock keeps disjoint."""
    if not isinstance(found, dict):
        return
    uncached, output = count(found.get("inputTokens")), count(found.get("outputTokens"))
    if uncached is None:
        return
    read, written = (
        count(found.get(f"cache{way}InputTokens")) or count(found.get(f"cache{way}InputTokenCount"))
        for way in ("Read", "Write")
    )
    set_tokens(
        call,
        given_input=uncached,
        output=output,
        cache_read=read,
        cache_write=written,
        cache_write_1h=_written_for_an_hour(found.get("cacheDetails")),
        rule="exclusive",
    )


def _written_for_an_hour(details: Any) -> int:
    """Return the tokens written to a cache of an hour.

    Source: Amazon Bedrock API reference, CacheDetail: how many were written for which time to live.
    """
    parts = [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []
    return sum(count(d.get("inputTokens")) or 0 for d in parts if d.get("ttl") == "1h")


def assemble(events: list[Json]) -> Json | None:
    """Put the events of ConverseStream together."""
    kinds = ("contentBlockDelta", "messageStart", "messageStop")
    if not any(kind in event for event in events for kind in kinds):
        return None
    body: Json = {}
    blocks: dict[int, Json] = {}
    for event in events:
        if isinstance(started := event.get("contentBlockStart"), dict):
            start = started.get("start")
            used = start.get("toolUse") if isinstance(start, dict) else None
            if isinstance(used, dict):
                blocks[count(started.get("contentBlockIndex")) or 0] = {
                    "toolUse": used | {"input": ""}
                }
        elif isinstance(changed := event.get("contentBlockDelta"), dict):
            _extend(blocks, changed)
        elif isinstance(stopped := event.get("messageStop"), dict):
            body["stopReason"] = stopped.get("stopReason")
        elif isinstance(meta := event.get("metadata"), dict):
            kept = ("usage", "metrics", "serviceTier")
            body |= {key: meta[key] for key in kept if key in meta}
    content = [blocks[index] for index in sorted(blocks)]
    return body | {"output": {"message": {"role": "assistant", "content": content}}}


def _extend(blocks: dict[int, Json], changed: Json) -> None:
    delta = changed.get("delta")
    block = blocks.setdefault(count(changed.get("contentBlockIndex")) or 0, {})
    if not isinstance(delta, dict):
        return
    if isinstance(delta.get("text"), str):
        block["text"] = block.get("text", "") + delta["text"]
    used = delta.get("toolUse")
    if isinstance(used, dict) and isinstance(used.get("input"), str) and "toolUse" in block:
        block["toolUse"]["input"] += used["input"]

"""Langfuse: a downloaded trace, the UI's batch export, the blob storage export.

Source: langfuse/langfuse, packages/shared/src/domain/observation-field-groups.ts and
worker/src/features/blobstorage. Usage is disjoint in what Langfuse writes today and inclusive in
older rows: the total tells. Latency is in seconds or milliseconds: it is taken from the times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, loose_usage, providers
from auditor.readers.api_shapes import gemini
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.traces import genai_messages
from auditor.readers.values import count, json_or_none, moment, number, one_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "langfuse"
title = "Langfuse: trace JSON, UI export, blob storage export (JSON, JSONL, CSV, parquet)"
reach = "run"

_CALLS = frozenset(("GENERATION", "EMBEDDING"))
_READ = ("input_cached_tokens", "input_cache_read", "prompt_details.cache_read",
         "cache_read_input_tokens", "input_cached_content", "cache_read")  # fmt: skip
_WRITE = ("input_cache_creation", "prompt_details.cache_write", "cache_creation_input_tokens",
          "cache_write")  # fmt: skip
_WRITE_5M = ("input_cache_creation_5m", "input_ephemeral_5m_input_tokens")
_WRITE_1H = ("input_cache_creation_1h", "input_ephemeral_1h_input_tokens")
_REASONING = ("output_reasoning_tokens", "output_reasoning", "completion_details.reasoning",
              "reasoning_tokens")  # fmt: skip
_USAGES = frozenset((
    "usageDetails", "parentObservationId", "usage", "promptTokens", "inputUsage", "inputTokens",
))  # fmt: skip
_REDACTED = "redacted-by-litellm"


def matches(record: Json) -> bool:
    """Say whether the record is a trace with observations, an observation, or a trace."""
    return (
        (isinstance(record.get("trace"), dict) and isinstance(record.get("observations"), list))
        or (
            "trace_id" in record
            and "project_id" in record
            and ("usage_details" in record or "observation_id" in record)
        )
        or (
            "traceId" in record
            and "type" in record
            and "startTime" in record
            and not _USAGES.isdisjoint(record)
        )
        or _is_trace(record)
    )


def _is_trace(record: Json) -> bool:
    return (
        "project_id" in record
        and "session_id" in record
        and "public" in record
        and "bookmarked" in record
    )


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Read observations with their traces; a generation above another one repeats its usage."""
    traces: dict[str, Json] = {}
    newest: dict[str, str] = {}
    groups: list[list[Json] | None] = []
    for record in records:
        if isinstance(record.get("observations"), list) and isinstance(record.get("trace"), dict):
            traces[str(record["trace"].get("id"))] = record["trace"]
            groups.append([o for o in record["observations"] if isinstance(o, dict)])
        elif _is_trace(record):
            traces[str(record.get("id"))] = record
            groups.append(None)
        elif "observation_id" in record and "usage_details" not in record:
            groups.append(None)  # a score
        else:
            groups.append([record])
            key, at = str(record.get("id")), str(record.get("updated_at") or "")
            newest[key] = max(newest.get(key, ""), at)
    wrappers = _wrappers([o for group in groups if group for o in group])
    return [
        [NotCall("trace or score")] if group is None
        else [_read(o, traces, wrappers, newest) for o in group] or [NotCall("an empty trace")]
        for group in groups
    ]  # fmt: skip


def _get(record: Json, camel: str) -> Any:
    return gemini.field(record, camel)


def _wrappers(observations: list[Json]) -> set[str]:
    parents = {str(o.get("id")): text(_get(o, "parentObservationId")) for o in observations}
    calls = {str(o.get("id")) for o in observations if one_of(_get(o, "type"), _CALLS)}
    found = set()
    for call in calls:
        seen, above = {call}, parents.get(call)
        while above is not None and above not in seen:
            seen.add(above)
            if above in calls:
                found.add(above)
            above = parents.get(above)
    return found


def _read(o: Json, traces: dict[str, Json], wrappers: set[str], newest: dict[str, str]) -> Outcome:
    if not one_of(o.get("type"), _CALLS):
        return NotCall(f"observation of type {o.get('type')}")
    key = str(o.get("id"))
    if key in wrappers:
        return NotCall("wrapper of a generation that is in the trace")
    if str(o.get("updated_at") or "") < newest.get(key, ""):
        return NotCall("an older version of an observation")
    call = Call()
    _identity(call, o, traces.get(str(_get(o, "traceId")), {}))
    _texts(call, o)
    _tokens(call, json_or_none(_get(o, "usageDetails")) or json_or_none(o.get("usage")))
    loose_usage.take(call, o)  # older exports have a column for each count
    costs = json_or_none(_get(o, "providedCostDetails")) or json_or_none(_get(o, "costDetails"))
    cost = number(costs.get("total") if isinstance(costs, dict) else None) or number(
        _get(o, "totalCost")
    )
    call.logged_cost_usd = cost if cost and cost > 0 else None
    level = text(o.get("level"))
    call.status = "error" if level == "ERROR" else "ok"
    call.error = text(_get(o, "statusMessage")) if level == "ERROR" else None
    if o.get("type") == "EMBEDDING":
        call.api_shape = "embeddings"
        if call.input_uncached_tokens is not None:
            call.output_tokens = call.output_tokens or 0
    finish(call)
    if _REDACTED in str(call.messages) or _REDACTED in str(call.response_text):
        call.content_state = "redacted"
    return call


def _identity(call: Call, o: Json, trace: Json) -> None:
    call.log_id = text(o.get("id"))
    call.trace_id, call.parent_id = text(_get(o, "traceId")), text(_get(o, "parentObservationId"))
    began, ended = moment(_get(o, "startTime")), moment(_get(o, "endTime"))
    first = moment(_get(o, "completionStartTime"))
    if began is not None:
        call.called_at, call.time_kind = began, "start"
        call.latency_ms = (ended - began) / 1000 if ended is not None and ended > began else None
        call.ttft_ms = (first - began) / 1000 if first is not None and first > began else None
    call.model = text(o.get("model")) or text(_get(o, "providedModelName"))
    call.user_id = text(_get(o, "userId")) or text(_get(trace, "userId"))
    call.conversation_id = text(_get(o, "sessionId")) or text(_get(trace, "sessionId"))
    project = text(o.get("environment"))
    call.project = text(_get(o, "traceName")) or text(trace.get("name")) or project
    tags = {"name": o.get("name"), "prompt": _get(o, "promptName"), "environment": project,
            "release": trace.get("release")}  # fmt: skip
    listed = json_or_none(_get(o, "tags") or trace.get("tags"))
    call.tags = {k: v for k, v in tags.items() if v} | ({"tags": listed} if listed else {})
    metadata = json_or_none(o.get("metadata"))
    attributes = json_or_none(metadata.get("attributes")) if isinstance(metadata, dict) else None
    if isinstance(attributes, dict):
        call.provider_response_id = text(
            attributes.get("gen_ai.response.id") or attributes.get("ai.response.id")
        )
        said = text(
            attributes.get("gen_ai.provider.name")
            or attributes.get("gen_ai.system")
            or attributes.get("ai.model.provider")
        )
        call.provider = providers.of_name(said) if said else None


def _texts(call: Call, o: Json) -> None:
    call.api_shape = "chat"
    given, made = _value(o.get("input")), _value(o.get("output"))
    tools = None
    if isinstance(given, dict):
        tools = given.get("tools")
        if isinstance(given.get("contents"), list):
            gemini.request(call, given)
            call.api_shape = "gemini"
            given = None
        elif isinstance(given.get("messages"), list):
            given = given["messages"]
        elif isinstance(given.get("prompt"), str | list):
            given = given["prompt"]
        elif "role" not in given and "content" not in given:
            given = [{"role": "user", "content": str(text(o.get("input")) or given)}]
        else:
            given = [given]
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if isinstance(given, list):
        take_leading_system(call, genai_messages.conversation(call, [langchain(m) for m in given]))
    if isinstance(tools, list):
        call.tools = [
            t if "function" in t else {"type": "function", "function": t}
            for t in tools
            if isinstance(t, dict)
        ] or None
    params = json_or_none(_get(o, "modelParameters"))
    if isinstance(params, dict):
        call.params = {
            **(call.params or {}),
            **params_of({k: _scalar(v) for k, v in params.items()}),
        }
    _answer(call, made)


def _answer(call: Call, made: Any) -> None:
    if api_shapes.is_response(made):
        state = call.usage_state
        model = call.model
        api_shapes.decode(call, None, made)
        call.usage_state, call.model = state, model or call.model
        call.content_state = "full"
        return
    if isinstance(made, str):
        call.response_text = made or None
        return
    found = [made] if isinstance(made, dict) else made if isinstance(made, list) else []
    if found and all(isinstance(f, dict) and ("toolName" in f or "function" in f) for f in found):
        call.tool_calls = [genai_messages.tool_call(f) for f in found]
        return
    messages = genai_messages.conversation(
        call, [langchain(m) for m in found if isinstance(m, dict)]
    )
    texts = [m["content"] for m in messages if isinstance(m.get("content"), str)]
    call.response_text = "".join(texts) or None
    call.tool_calls = [c for m in messages for c in m.get("tool_calls", ())] or None
    if not call.response_text and not call.tool_calls and isinstance(made, dict) and made:
        from auditor.readers.values import dumps

        call.response_text = dumps(made)


def _value(value: Any) -> Any:
    """Return what was logged: JSON, JSON in JSON, or plain text."""
    parsed = json_or_none(value)
    return value if parsed is None else parsed


def _scalar(value: Any) -> Any:
    parsed = number(value)
    return (
        value
        if parsed is None or isinstance(value, bool)
        else int(parsed)
        if parsed == int(parsed)
        else parsed
    )


def langchain(message: Any) -> Any:
    """Unwrap a LangChain message: ``kwargs`` of a constructor, ``type`` for the role."""
    if not isinstance(message, dict):
        return message
    inner = message.get("kwargs") if message.get("type") == "constructor" else message
    if not isinstance(inner, dict):
        return message
    if "role" in inner or "parts" in inner:
        return inner
    names = message.get("id")
    kind = str(
        inner.get("type") or (names[-1] if isinstance(names, list) and names else "")
    ).lower()
    roles = {"system": "system", "ai": "assistant", "tool": "tool"}
    role = next((role for mark, role in roles.items() if kind.startswith(mark)), "user")
    return {**inner, "role": role}


def _tokens(call: Call, usage: Any) -> None:
    """Take the buckets: inside input and output, or beside them, as the total says."""
    if not isinstance(usage, dict):
        return
    counts = {str(k): c for k, v in usage.items() if (c := count(v)) is not None}

    def pick(*keys: str) -> int:
        return sum(counts.get(key, 0) for key in keys)

    given = next(
        (counts[k] for k in ("input", "input_tokens", "prompt_tokens", "prompt") if k in counts),
        None,
    )
    output = next(
        (
            counts[k]
            for k in ("output", "output_tokens", "completion_tokens", "completion")
            if k in counts
        ),
        None,
    )
    if not given and not output:
        return
    read, hour, thought = pick(*_READ), pick(*_WRITE_1H), pick(*_REASONING)
    # Some log all writes besides their parts by life, others what no part holds.
    whole, short = pick(*_WRITE), pick(*_WRITE_5M)
    write = short if whole == short + hour else whole + short
    total = counts.get("total", counts.get("total_tokens"))
    inside = total is not None and total == (given or 0) + (output or 0)
    audio_in = pick("input_audio_tokens", "input_audio")
    audio_out = pick("output_audio_tokens", "output_audio")
    cached = read + write + hour
    call.usage_state = "provider"
    if given is not None:
        fits = inside and cached <= given
        call.input_uncached_tokens = given - cached if fits else given + audio_in
        call.cache_read_tokens, call.cache_write_5m_tokens = read, write
        call.cache_write_1h_tokens = hour
    if output is not None:
        call.output_tokens = output if inside else output + thought + audio_out
        call.reasoning_tokens = min(thought, call.output_tokens) if thought else None

"""LangSmith runs: from the API, the CLI, a bulk export, or a batch of posts and patches.

Source: langchain-ai/langsmith-sdk, RunBase; LangChain's serialised messages. LangChain's
usage_metadata.input_tokens includes what was cached. Only runs of type llm are calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers import api_shapes, providers, usage
from auditor.readers.api_shapes.common import params_of, take_leading_system, take_modalities
from auditor.readers.api_shapes.openai_chat import tools_of
from auditor.readers.call import Call, Json, NotCall
from auditor.readers.finishing import finish
from auditor.readers.formats.langfuse import langchain
from auditor.readers.traces import genai_messages
from auditor.readers.values import count, json_or_none, moment, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.call import Outcome

name = "langsmith"
title = "LangSmith runs (JSON, JSONL, parquet)"
reach = "file"


def matches(record: Json) -> bool:
    """Say whether the record is a run or holds runs."""
    return _is_run(record) or bool(_runs(record))


def _is_run(record: Any) -> bool:
    return isinstance(record, dict) and "run_type" in record and "inputs" in record


def _runs(record: Json) -> list[Json]:
    if isinstance(record.get("post"), list) or isinstance(record.get("patch"), list):
        lists = [found for key in ("post", "patch") if isinstance(found := record.get(key), list)]
        return [run for found in lists for run in found if isinstance(run, dict)]
    for key in ("runs", "data"):
        inner = record.get(key)
        if isinstance(inner, list) and inner and _is_run(inner[0]):
            return [r for r in inner if isinstance(r, dict)]
    return []


def fold(records: Sequence[Json]) -> list[list[Outcome]]:
    """Merge what was posted with what was patched in later, then read each run once."""
    groups = [[record] if _is_run(record) else _runs(record) for record in records]
    merged: dict[str, Json] = {}
    first: dict[str, int] = {}
    for run in (run for group in groups for run in group):
        key = _key(run)
        first.setdefault(key, id(run))
        merged[key] = {**merged.get(key, {}), **{k: v for k, v in run.items() if v is not None}}
    calls: dict[str, Outcome] = {}
    outcomes: list[list[Outcome]] = []
    for group in groups:
        found: list[Outcome] = []
        for run in group:
            key = _key(run)
            if first[key] == id(run):
                calls[key] = _read(merged[key])
                found.append(calls[key])
            else:
                call = calls[key]
                found.append(
                    NotCall("later part of a run", call if isinstance(call, Call) else None)
                )
        outcomes.append(found or [NotCall("no runs")])
    return outcomes


def _key(run: Json) -> str:
    order = text(run.get("dotted_order"))
    return order.rpartition("Z")[2] if order else text(run.get("id")) or str(id(run))


def _read(run: Json) -> Outcome:
    if run.get("run_type") not in ("llm", "embedding"):
        return NotCall(f"run of type {run.get('run_type')}")
    call = Call()
    call.api_shape = "chat"
    call.log_id = text(run.get("id"))
    call.trace_id, call.parent_id = text(run.get("trace_id")), text(run.get("parent_run_id"))
    call.project = text(run.get("session_name")) or text(run.get("session_id"))
    _times(call, run)
    extra = json_or_none(run.get("extra"))
    extra = extra if isinstance(extra, dict) else {}
    found = extra.get("metadata")
    metadata: Json = found if isinstance(found, dict) else {}
    _texts(call, run, extra)
    call.model_requested = call.model_requested or text(metadata.get("ls_model_name"))
    said = text(metadata.get("ls_provider"))
    call.provider = providers.of_name(said) if said else None
    call.conversation_id = text(metadata.get("session_id")) or text(metadata.get("thread_id"))
    call.user_id = text(metadata.get("user_id"))
    tags = {k: v for k, v in metadata.items() if isinstance(v, str | int | float)}
    listed = run.get("tags")
    call.tags = {**tags, **({"tags": listed} if listed else {})} or None
    if call.usage_state == "absent":
        usage.set_tokens(
            call,
            given_input=count(run.get("prompt_tokens")) or None,
            output=count(run.get("completion_tokens")),
            total=count(run.get("total_tokens")),
            rule="auto",
        )
    cost = number(run.get("total_cost"))
    call.logged_cost_usd = cost if cost and cost > 0 else None
    if run.get("error"):
        call.status, call.error = "error", text(run["error"])
    finish(call)
    return call


def _times(call: Call, run: Json) -> None:
    began, ended = moment(run.get("start_time")), moment(run.get("end_time"))
    first = moment(run.get("first_token_time"))
    for event in run.get("events") or ():
        if first is None and isinstance(event, dict) and event.get("name") == "new_token":
            first = moment(event.get("time"))
    if began is None:
        return
    call.called_at, call.time_kind = began, "start"
    call.latency_ms = (ended - began) / 1000 if ended is not None and ended > began else None
    call.ttft_ms = (first - began) / 1000 if first is not None and first > began else None


def _texts(call: Call, run: Json, extra: Json) -> None:
    inputs, outputs = json_or_none(run.get("inputs")), json_or_none(run.get("outputs"))
    inputs = inputs if isinstance(inputs, dict) else {}
    given = inputs.get("messages", inputs.get("prompts", inputs.get("input")))
    if isinstance(given, list) and given and isinstance(given[0], list):
        given = given[0]
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list):
        take_leading_system(call, genai_messages.conversation(call, [langchain(m) for m in given]))
    invocation = extra.get("invocation_params")
    params = {**(invocation if isinstance(invocation, dict) else {}), **inputs}
    call.params = params_of(params)
    call.tools = tools_of(params)
    call.model_requested = text(params.get("model")) or text(params.get("model_name"))
    if isinstance(outputs, dict):
        _outputs(call, outputs)


def _outputs(call: Call, outputs: Json) -> None:
    messages, params, system = call.messages, call.params, call.system_text
    if api_shapes.of_response(outputs) is not None:
        api_shapes.decode(call, None, outputs)
        call.messages, call.params, call.system_text = messages, params, system
        call.content_state = "full"
    generations = outputs.get("generations")
    first = generations[0] if isinstance(generations, list) and generations else None
    first = first[0] if isinstance(first, list) and first else first
    metadata = outputs.get("usage_metadata")
    if isinstance(first, dict):
        call.response_text = call.response_text or text(first.get("text"))
        message = langchain(first.get("message"))
        if isinstance(message, dict):
            said = genai_messages.conversation(call, [message])
            call.tool_calls = call.tool_calls or (said[0].get("tool_calls") if said else None)
            metadata = metadata or message.get("usage_metadata")
            response = message.get("response_metadata")
            if isinstance(response, dict):
                call.model = text(response.get("model_name")) or text(response.get("model"))
                call.finish_reason = text(response.get("finish_reason"))
                call.provider_response_id = text(response.get("id")) or text(message.get("id"))
    elif isinstance(outputs.get("messages"), list) and call.response_text is None:
        said = genai_messages.conversation(call, [langchain(m) for m in outputs["messages"]])
        call.response_text = next(
            (m["content"] for m in said if isinstance(m.get("content"), str)), None
        )
    if isinstance(metadata, dict) and call.usage_state == "absent":
        _usage(call, metadata)
    llm = outputs.get("llm_output")
    if isinstance(llm, dict) and call.usage_state == "absent":
        api_shapes.openai_chat.usage(call, llm.get("token_usage"))
        call.model = call.model or text(llm.get("model_name"))


def _usage(call: Call, metadata: Json) -> None:
    given, made = metadata.get("input_token_details"), metadata.get("output_token_details")
    given = given if isinstance(given, dict) else {}
    made = made if isinstance(made, dict) else {}
    hour, short = (count(given.get(f"ephemeral_{life}_input_tokens")) or 0 for life in ("1h", "5m"))
    usage.set_tokens(
        call,
        given_input=count(metadata.get("input_tokens")),
        output=count(metadata.get("output_tokens")),
        cache_read=count(given.get("cache_read")),
        cache_write=max(count(given.get("cache_creation")) or 0, hour + short),
        cache_write_1h=hour,
        reasoning=count(made.get("reasoning")),
        total=count(metadata.get("total_tokens")),
        rule="auto",
    )
    take_modalities(call, given, made)

"""OpenInference: the raw pair when it is there, numbered attributes otherwise.

Source: OpenInference semantic conventions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import api_shapes, usage
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.traces import genai_messages
from auditor.readers.traces.span import first, set_answer, set_provider
from auditor.readers.values import count, json_or_none, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Call
    from auditor.readers.traces.span import Span


def fill(call: Call, span: Span) -> None:
    """Fill a call from the attributes of a span."""
    a = span.attributes
    pair = [
        json_or_none(a.get(f"{side}.value")) if "json" in str(a.get(f"{side}.mime_type")) else None
        for side in ("input", "output")
    ]
    request = pair[0] if api_shapes.is_request(pair[0]) else None
    response = pair[1] if api_shapes.is_response(pair[1]) else None
    state = call.content_state
    if request is not None or response is not None:
        api_shapes.decode(call, request, response)
        call.content_state = state
    call.api_shape = (
        "embeddings"
        if str(a.get("openinference.span.kind")).upper() == "EMBEDDING"
        else call.api_shape
        if call.api_shape != "other"
        else "chat"
    )
    set_provider(call, a.get("llm.provider"), a.get("llm.system"))
    call.model = call.model or text(first(a, "llm.model_name", "embedding.model_name"))
    params = json_or_none(a.get("llm.invocation_parameters"))
    if isinstance(params, dict):
        call.model_requested = call.model_requested or text(params.get("model"))
        call.params = call.params or params_of(params)
        call.user_id = call.user_id or text(params.get("user"))
    if not call.messages:
        rows = genai_messages.openinference(a, "llm.input_messages")
        take_leading_system(call, genai_messages.conversation(call, rows or pair[0]))
    if call.response_text is None and not call.tool_calls:
        set_answer(
            call,
            genai_messages.conversation(
                call, genai_messages.openinference(a, "llm.output_messages")
            ),
        )
        if call.response_text is None and not call.tool_calls:
            output = pair[1] if isinstance(pair[1], dict) else {}
            call.response_text = text(output.get("text")) if output else text(a.get("output.value"))
    if not call.tools:
        tools = [
            json_or_none(row.get("tool.json_schema"))
            for row in genai_messages.unflatten(a, "llm.tools")
        ]
        call.tools = [tool for tool in tools if isinstance(tool, dict)] or None
    if call.usage_state == "absent":
        usage.set_tokens(
            call,
            given_input=count(a.get("llm.token_count.prompt")),
            output=count(a.get("llm.token_count.completion")),
            cache_read=count(
                first(
                    a,
                    "llm.token_count.prompt_details.cache_read",
                    "llm.token_count.prompt_details.cache_input",
                )
            ),
            cache_write=count(a.get("llm.token_count.prompt_details.cache_write")),
            reasoning=count(a.get("llm.token_count.completion_details.reasoning")),
            total=count(a.get("llm.token_count.total")),
            rule="auto",
        )
    cost = number(a.get("llm.cost.total"))
    call.logged_cost_usd = cost or None

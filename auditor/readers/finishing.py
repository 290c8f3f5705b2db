"""The last step of every reader: what follows from what the record said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.readers import providers

if TYPE_CHECKING:
    from auditor.readers.call import Call


def finish(call: Call) -> None:
    """Settle what follows from the rest: the model, the provider, how much content there is."""
    if call.model is None:
        call.model = call.model_requested
    if call.provider is None and call.model:
        call.provider = providers.of_model(call.model)
    if call.status == "unknown" and (call.response_text or call.tool_calls):
        call.status = "ok"
    asked = bool(call.messages or call.system_text)
    answered = bool(call.response_text or call.tool_calls)
    if call.content_state == "full" and not (asked and (answered or call.status == "error")):
        call.content_state = "partial" if asked or answered else "absent"
    elif call.content_state == "partial" and not asked and not answered:
        call.content_state = "absent"

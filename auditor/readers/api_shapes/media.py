"""Pictures made and sound written down, which OpenAI bills by tokens of their own kind.

Source: OpenAI API reference, images and audio/transcriptions: ``usage`` has the Responses API's
names; what an image model makes is tokens of pictures unless its details say otherwise. A usage of
type ``duration`` tells seconds and no tokens: it stays unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.readers.api_shapes.common import openai_usage, take_error
from auditor.readers.call import add_unit
from auditor.readers.values import is_call_time, moment, one_of, text

if TYPE_CHECKING:
    from auditor.readers.call import Call, Json

name = "media"
_PICTURE = frozenset(("b64_json", "url", "revised_prompt"))
_MEASURES = ("tokens", "duration")


def is_request(body: Json) -> bool:
    """Say whether a body sends a file to be written down."""
    return "file" in body and isinstance(body.get("model"), str)


def is_response(body: Json) -> bool:
    """Say whether a body holds pictures, or the words of a recording."""
    return _has_pictures(body) or (
        isinstance(body.get("text"), str) and one_of(_usage(body).get("type"), _MEASURES)
    )


def _has_pictures(body: Json) -> bool:
    data = body.get("data")
    first = data[0] if isinstance(data, list) and data else None
    return "created" in body and isinstance(first, dict) and bool(_PICTURE & first.keys())


def _usage(body: Json) -> Json:
    found = body.get("usage")
    return found if isinstance(found, dict) else {}


def request(call: Call, body: Json) -> None:
    """Decode a request; the file itself is not kept."""
    call.model_requested = text(body.get("model"))
    call.needs_vision = True
    prompt = text(body.get("prompt"))
    call.messages = [{"role": "user", "content": prompt}] if prompt else None


def response(call: Call, body: Json) -> None:
    """Decode an answer; pictures are not kept."""
    call.model = text(body.get("model"))
    call.needs_vision = True
    if not is_call_time(call.called_at) and (created := moment(body.get("created"))):
        call.called_at, call.time_kind = created, "start"
    if body.get("error"):
        take_error(call, body["error"])
        return
    call.status = "ok"
    call.response_text = text(body.get("text"))
    openai_usage(call, _usage(body), "input", "output")
    if _has_pictures(body) and not isinstance(_usage(body).get("output_tokens_details"), dict):
        add_unit(call, "output_image_tokens", call.output_tokens)


def assemble(_events: list[Any]) -> Json | None:
    """Pictures that come in parts are not put together."""
    return None

"""What no text model can be asked, decided from the request alone, before anything is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.domain import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.domain import Request

_PARTS = {
    "image": "needs-vision",
    "image_url": "needs-vision",
    "input_image": "needs-vision",
    "video_url": "needs-vision",
    "input_video": "needs-vision",
    "audio": "needs-audio",
    "input_audio": "needs-audio",
    "file": "needs-files",
    "input_file": "needs-files",
    "document": "needs-files",
}
_OWN_TOOLS = {None, "function", "custom"}


def needs_beyond_text(request: Request) -> str | None:
    """The slug of what a request needs that text in and text out cannot give, else None."""
    params = request.params
    if params.get("previous_response_id") or params.get("conversation"):
        return "missing-prefix"
    if not request.messages:
        return "no-messages"
    if any(tool.get("type") not in _OWN_TOOLS for tool in request.tools) or params.get(
        "web_search_options"
    ):
        return "hosted-tools"
    modalities = params.get("modalities")
    if isinstance(modalities, list) and set(modalities) - {"text"}:
        return "needs-audio"
    return next((_PARTS[kind] for kind in _kinds(request) if kind in _PARTS), None)


def prompt_bytes(request: Request) -> int:
    """Bytes of a request's messages and tools as JSON: more than its tokens, whatever the model."""
    text = canonical_json([list(request.messages), list(request.tools)])
    return len(text.encode("utf-8", "replace"))


def _kinds(request: Request) -> Iterator[str]:
    """The types of all content parts, those inside tool results too."""
    for message in request.messages:
        yield from _part_kinds(message.get("content"))


def _part_kinds(content: Any) -> Iterator[str]:
    if not isinstance(content, list):
        return
    for part in content:
        if isinstance(part, dict):
            yield str(part.get("type"))
            yield from _part_kinds(part.get("content"))


def function_of(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool's function: name, description, parameters; also where they lie flat in the tool."""
    function = tool.get("function")
    return function if isinstance(function, dict) else tool

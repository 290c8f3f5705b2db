"""Turns messages into a prompt by the model's own template, and its text back into an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from auditor.errors import EngineError
from auditor.text import final_answer
from auditor.text.tool_call_text import TAGGED, json_call, literal, tagged_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Template

    from auditor.domain import Message

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Some templates write today's date into the prompt; an audit must not change overnight.
_DATE = "2026-01-01"
_ROLES = {"developer": "system", "function": "tool"}


class TemplateRefusedError(Exception):
    """The model's template cannot render these messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A model's text, taken apart: what it said, what it thought, which tools it called."""

    text: str
    reasoning: str | None
    tool_calls: tuple[Mapping[str, Any], ...]


class ChatTemplate:
    """A model's chat template.

    ``first`` and ``last`` are the texts of the tokens that begin and end a sequence; ``kwargs``
    are the template's own switches, such as ``enable_thinking``.
    """

    def __init__(
        self, source: str, *, first: str, last: str, kwargs: Mapping[str, Any] | None = None
    ) -> None:
        self._source = source
        self._variables = {"bos_token": first, "eos_token": last, **(kwargs or {})}

    @cached_property
    def _template(self) -> Template:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # The same dialect as Hugging Face's apply_chat_template, which templates are written for.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = _fixed_date
        try:
            return environment.from_string(self._source)
        except TemplateError as error:
            raise EngineError(
                f"the model's chat template cannot be used: {error}",
                hint="use the model through its server: --model URL#name",
            ) from None

    def render(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()
    ) -> tuple[str, dict[str, str]]:
        """Return the prompt, and what had to be adapted for this template.

        Tools that the template does not know are described in the system message; a system
        message that it refuses is put before the first user message.

        Raises:
            TemplateRefusedError: the template cannot render these messages at all.
        """
        plain = [plain_message(message) for message in messages]
        fidelity: dict[str, str] = {}
        offered = list(tools) or None
        if offered and not self._knows_tools(plain, offered):
            plain, offered = _with_tools_described(plain, tools), None
            fidelity["tools"] = "adapted: described in the system message"
        try:
            return self._render(plain, offered), fidelity
        except TemplateRefusedError:
            folded = _folded(plain)
            if folded == plain:
                raise
            fidelity["messages"] = "adapted: joined so that user and assistant alternate"
            return self._render(folded, offered), fidelity

    def _render(self, messages: list[dict[str, Any]], tools: Any) -> str:
        try:
            return self._template.render(
                messages=messages, tools=tools, add_generation_prompt=True, **self._variables
            )
        except EngineError:
            raise
        except Exception as error:  # noqa: BLE001 - a template is a program that came with the model
            raise TemplateRefusedError(str(error)) from None

    def _knows_tools(self, messages: list[dict[str, Any]], tools: Any) -> bool:
        try:
            return self._render(messages, tools) != self._render(messages, None)
        except TemplateRefusedError:
            return "tools" in self._source


def parse_reply(text: str, tools: Sequence[Mapping[str, Any]] = ()) -> Reply:
    """Take reasoning and tool calls out of a model's text.

    Knows ``<think>`` and harmony's channels (``final_answer``),
    ``<tool_call>{"name", "arguments"}</tool_call>`` (Hermes, Qwen), Qwen3-Coder's
    ``<function=name><parameter=key>`` inside it, and a bare JSON object that names one of the
    offered ``tools`` (Llama 3, or an answer under a grammar).
    """
    parted = final_answer.part(text)
    text, reasoning = parted.answer, parted.reasoning
    if not tools:
        return Reply(text=text, reasoning=reasoning, tool_calls=())
    calls: list[dict[str, Any]] = [
        {"type": "function", "function": {"name": name, "arguments": arguments}}
        for name, arguments in parted.calls
    ]
    calls += tagged_calls(text)
    if calls:
        text = TAGGED.sub("", text)
    else:
        call = json_call(text)
        if call and call["function"]["name"] in {function_of(tool).get("name") for tool in tools}:
            calls, text = [call], ""
    return Reply(
        text=text.strip() if calls or reasoning else text,
        reasoning=reasoning,
        tool_calls=tuple({"id": f"call_{i}", **call} for i, call in enumerate(calls)),
    )


def plain_message(message: Message) -> dict[str, Any]:
    """Return a message as templates expect it: content as text, tool arguments as objects."""
    plain = {key: value for key, value in message.items() if value is not None}
    plain["role"] = _ROLES.get(str(message.get("role")), str(message.get("role")))
    plain["content"] = text_of(message.get("content"))
    if isinstance(plain.get("tool_calls"), list):
        plain["tool_calls"] = [_with_object(call) for call in plain["tool_calls"]]
    return plain


def text_of(content: Any) -> str:
    """Return the text of a message's content, whose text parts are joined by line breaks."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part if isinstance(part, str) else part.get("text") for part in content
                 if isinstance(part, str | dict)]  # fmt: skip
        return "\n".join(part for part in parts if isinstance(part, str))
    return json.dumps(content, ensure_ascii=False)


def function_of(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool's function (name, description, parameters), also one that lies flat in it."""
    function = tool.get("function")
    return function if isinstance(function, dict) else tool


def _with_object(call: Any) -> Any:
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return call
    arguments = call["function"].get("arguments")
    if isinstance(arguments, str):
        arguments = literal(arguments)
    return {**call, "function": {**call["function"], "arguments": arguments}}


def _with_tools_described(
    messages: list[dict[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Offer tools in words, in the form Hermes and Qwen models are trained on."""
    listed = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    words = (
        "You may call one or more functions to assist with the user query.\n\n"
        f"Their signatures are within <tools></tools>:\n<tools>\n{listed}\n</tools>\n\n"
        "For each function call, return a JSON object with its name and arguments within "
        '<tool_call></tool_call>:\n<tool_call>\n{"name": <name>, "arguments": <object>}\n'
        "</tool_call>"
    )
    told = [_without_calls(message) for message in messages]
    if told and told[0]["role"] == "system":
        return [{**told[0], "content": f"{told[0]['content']}\n\n{words}"}, *told[1:]]
    return [{"role": "system", "content": words}, *told]


def _without_calls(message: dict[str, Any]) -> dict[str, Any]:
    """Write earlier tool calls and their results as text, for a template without tools."""
    if message["role"] == "tool":
        return {
            "role": "user",
            "content": f"<tool_response>\n{message['content']}\n</tool_response>",
        }
    calls = message.get("tool_calls")
    if not calls:
        return message
    written = [
        f"<tool_call>\n{json.dumps(call.get('function', call), ensure_ascii=False)}\n</tool_call>"
        for call in calls
        if isinstance(call, dict)
    ]
    content = "\n".join([message["content"], *written]).strip()
    return {"role": message["role"], "content": content}


def _folded(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the system message before the first user message and join what does not alternate."""
    folded: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        if folded and folded[-1]["role"] == role and role in {"user", "assistant"}:
            joined = f"{folded[-1]['content']}\n\n{message['content']}"
            folded[-1] = {**folded[-1], "content": joined}
        else:
            folded.append({**message, "role": role})
    return folded


def _to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:  # noqa: FBT001, FBT002 - templates pass it by name
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def _refuse(message: str) -> None:
    raise TemplateRefusedError(message)


def _fixed_date(form: str) -> str:
    from datetime import date

    return date.fromisoformat(_DATE).strftime(form)

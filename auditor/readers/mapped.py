"""Readers that are a table of paths: most formats differ only in where things lie.

A table names the signature of its records and, for each field, the paths that it may lie at
(``paths``); the first path that leads to a value wins. Our own tables are ``formats/*.toml``; users
write theirs in ``auditor.toml`` under ``[readers.<name>]``. docs/formats.md explains both.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from auditor.readers import api_shapes, paths, providers, usage
from auditor.readers.api_shapes.common import params_of, take_bill, take_leading_system, tier_of
from auditor.readers.api_shapes.openai_chat import message_of
from auditor.readers.call import UNREAD, Call, Json, NotCall, Reject
from auditor.readers.finishing import finish
from auditor.readers.values import (
    count,
    http_status,
    is_call_time,
    json_or_none,
    moment,
    number,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.readers.call import Outcome

_TEXTS: Mapping[str, str] = {
    "log_id": "the log's own id of the call",
    "provider_response_id": "the id that the provider gave its response",
    "model": "the model that answered, where the response does not say",
    "model_requested": "the model that was asked for",
    "endpoint": "where the call was sent to, as the log names it",
    "conversation_id": "the conversation or session",
    "trace_id": "the trace",
    "parent_id": "the span above the call",
    "project": "the project or application",
    "user_id": "the user",
    "api_key_id": "the name or hash of the API key, never the key",
    "team": "the team or organization",
    "error": "the error in words, where the response does not say",
    "finish_reason": "why the answer ended, where the response does not say",
}
_TOKENS: Mapping[str, tuple[str, str]] = {
    "input_tokens": ("given_input", "input tokens; `tokens` says whether cached ones are in it"),
    "output_tokens": ("output", "output tokens, reasoning included"),
    "cache_read_tokens": ("cache_read", "tokens read from the provider's cache"),
    "cache_write_tokens": ("cache_write", "all tokens written to the provider's cache"),
    "cache_write_1h_tokens": ("cache_write_1h", "the part of them that is kept for an hour"),
    "reasoning_tokens": ("reasoning", "the part of the output that was reasoning"),
    "total_tokens": ("total", "all tokens; tells `auto` what the input includes"),
}
"""Field to its name in ``usage.set_tokens``, and what it is."""
_OTHERS: Mapping[str, str] = {
    "request": "the body of the request as it was sent to the API: texts, tools, parameters",
    "response": "the body of the response, a stream too: text, tool calls, tokens",
    "url": "the URL of the API; tells the provider, and the API where the bodies do not",
    "messages": "without `request`: a list of messages in OpenAI's chat shape",
    "prompt": "without `messages`: one text, which becomes the user's message",
    "system": "the system prompt as text",
    "answer": "without `response`: the text of the answer",
    "params": "without `request`: an object with temperature, max_tokens and the like",
    "tools": "without `request`: a list of tool definitions",
    "called_at": "when the call began: ISO 8601, or seconds to nanoseconds since 1970; UTC",
    "ended_at": "when the answer was complete; the time of the call where `called_at` is missing",
    "first_token_at": "when the first token came",
    "latency_ms": "how long the call took, in milliseconds",
    "latency_s": "the same in seconds",
    "ttft_ms": "the time to the first token, in milliseconds",
    "ttft_s": "the same in seconds",
    "status": "success, ok, completed, true ... or failure, error, false ...",
    "http_status": "the HTTP status; 400 and above is an error",
    "cached": "true where a gateway answered from its own cache: such a call costs nothing",
    "provider": "who was billed",
    "service_tier": "batch, flex, priority or provisioned, or a provider's word for one of them; "
    "anything else is the standard tier",
    "cost_usd": "what the log says the call cost, in USD; counts where the price book has no price",
    "billed_usd": "what the provider billed, in USD; counts before the price book",
    "region": "where alone the provider may run the call: us, eu, us-east5, ...",
    "tags": "an object of labels, or a list of them",
}
FIELDS: Mapping[str, str] = {
    **_OTHERS,
    **{field: told for field, (_, told) in _TOKENS.items()},
    **_TEXTS,
}
"""What a declared format can say of a call, and what each of it means."""

_OK = frozenset(("success", "succeeded", "ok", "true", "completed", "200"))
_FAILED = frozenset(("failure", "failed", "error", "errored", "false", "exception"))
_FIRST_ERROR = 400
UsageState = Literal["provider", "gateway_estimated"]


class Signature(BaseModel):
    """What a record of the format must have: paths that lead somewhere, and fixed values."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    every: tuple[str, ...] = ()
    """Paths whose last key must exist, all of them."""
    some: tuple[str, ...] = ()
    """Paths of which the last key of one must exist."""
    equal: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Paths and the value that each must lead to, or several of which one."""


class FormatTable(BaseModel):
    """A declared format, as in ``formats/*.toml`` and ``[readers.<name>]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    title: str = ""
    """What the format is called."""
    signature: Signature
    """By what a record of the format is known."""
    fields: dict[str, str | tuple[str, ...]]
    """Field to its path, or to several of which the first that leads to a value wins."""
    values: dict[str, str] = Field(default_factory=dict)
    """Field to a value that holds where its paths lead to none."""
    tokens: usage.Rule = "inclusive"
    """Whether input_tokens include what was cached: inclusive, exclusive, auto (told by total)."""
    usage_state: UsageState = "provider"
    """Who counted the tokens."""
    not_calls: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Path to a value, or several, by which records are known that are not calls."""

    @field_validator("fields", "values")
    @classmethod
    def _known(cls, fields: dict[str, Any]) -> dict[str, Any]:
        unknown = fields.keys() - FIELDS.keys()
        if unknown:
            raise ValueError(
                f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(FIELDS))}"
            )
        return fields


class Mapped:
    """The reader of a declared format."""

    def __init__(self, name: str, mapping: FormatTable) -> None:
        self.name = name
        self.title = mapping.title
        self.table = mapping
        self._paths = {
            field: [paths.split(path) for path in _several(given)]
            for field, given in mapping.fields.items()
        }
        signature = mapping.signature
        self._every = [paths.split(path) for path in signature.every]
        self._some = [paths.split(path) for path in signature.some]
        self._equal = [(paths.split(p), frozenset(_several(v))) for p, v in signature.equal.items()]
        self._not_calls = [
            (paths.split(p), frozenset(_several(v))) for p, v in mapping.not_calls.items()
        ]

    def matches(self, record: Json) -> bool:
        """Say whether the record has the signature."""
        return (
            all(paths.exists(record, path) for path in self._every)
            and (not self._some or any(paths.exists(record, path) for path in self._some))
            and all(text(paths.value_at(record, path)) in allowed for path, allowed in self._equal)
        )

    def read(self, record: Json) -> list[Outcome]:
        """Turn a record into a call by the table."""
        for path, values in self._not_calls:
            if (value := text(paths.value_at(record, path))) in values:
                return [NotCall(f"{'.'.join(path)} is {value}")]
        call = Call()
        self.fill(call, record)
        texts = call.response_text is not None or call.messages
        told = call.model is not None or texts or call.usage_state != "absent"
        if not told and call.status != "error":
            return [Reject("no-call", "neither model, nor texts, nor tokens")]
        return [call]

    def get(self, record: Json, field: str) -> Any:
        """Return the first value that the paths of a field lead to, else the fixed one, or None."""
        for path in self._paths.get(field, ()):
            value = paths.value_at(record, path)
            if value is not None and value != "":
                return value
        return self.table.values.get(field)

    def fill(self, call: Call, record: Json) -> None:
        """Set what the table finds on a call: bodies first, then what the log says itself."""
        self._bodies(call, record)
        for field in _TEXTS:
            value = text(self.get(record, field))
            kept = field in ("model", "error", "finish_reason") and getattr(call, field) is not None
            if value is not None and not kept:
                setattr(call, field, value)
        self._times(call, record)
        self.tokens(call, record)
        self._outcome(call, record)
        provider = text(self.get(record, "provider"))
        if provider:
            call.provider = providers.of_name(provider)
        if tier := text(self.get(record, "service_tier")):
            call.service_tier = tier_of(tier) or call.service_tier
        call.region = text(self.get(record, "region")) or call.region
        labels = json_or_none(self.get(record, "tags"))
        if labels:
            call.tags = labels if isinstance(labels, dict) else {"tags": labels}
        finish(call)

    def _bodies(self, call: Call, record: Json) -> None:
        url = text(self.get(record, "url"))
        request, response = self.get(record, "request"), self.get(record, "response")
        if request is not None or response is not None:
            api_shapes.decode(call, _body(request), _body(response), url)
        if url:
            call.endpoint = url.partition("?")[0]
            call.provider = providers.of_url(url)
        messages = json_or_none(self.get(record, "messages"))
        if isinstance(messages, list):
            found = [message_of(call, m) for m in messages if isinstance(m, dict)]
            take_leading_system(call, found)
        elif (prompt := text(self.get(record, "prompt"))) is not None and not call.messages:
            call.messages = [{"role": "user", "content": prompt}]
        if (system := text(self.get(record, "system"))) is not None:
            call.system_text = system
        if (answer := text(self.get(record, "answer"))) is not None and not call.response_text:
            call.response_text = answer
        params = json_or_none(self.get(record, "params"))
        if isinstance(params, dict) and not call.params:
            call.params = params_of(params)
            tools = json_or_none(self.get(record, "tools")) or params.get("tools")
            if isinstance(tools, list) and not call.tools:
                call.tools = [tool for tool in tools if isinstance(tool, dict)] or None

    def _times(self, call: Call, record: Json) -> None:
        began, ended = moment(self.get(record, "called_at")), moment(self.get(record, "ended_at"))
        if began is not None and (is_call_time(began) or not is_call_time(ended)):
            call.called_at, call.time_kind = began, "start"
        elif ended is not None:
            call.called_at, call.time_kind = ended, "end"
        elif self.get(record, "called_at") or self.get(record, "ended_at"):
            call.time_kind = UNREAD
        for field, factor in (("latency_ms", 1.0), ("latency_s", 1000.0)):
            value = number(self.get(record, field))
            if value is not None and value > 0:
                call.latency_ms = value * factor
        for field, factor in (("ttft_ms", 1.0), ("ttft_s", 1000.0)):
            value = number(self.get(record, field))
            if value is not None and value > 0:
                call.ttft_ms = value * factor
        first = moment(self.get(record, "first_token_at"))
        if began is not None and ended is not None and call.latency_ms is None and ended > began:
            call.latency_ms = (ended - began) / 1000
        if began is not None and first is not None and began < first and first != ended:
            call.ttft_ms = (first - began) / 1000

    def tokens(self, call: Call, record: Json) -> None:
        """Take the counts the log itself gives, unless a body had the provider's."""
        if call.usage_state == "provider":
            return
        found = {name: count(self.get(record, field)) for field, (name, _) in _TOKENS.items()}
        if not found["given_input"] and not found["output"]:
            return  # 0 and 0 is how gateways write that they do not know
        usage.set_tokens(
            call,
            **{k: v for k, v in found.items() if k not in ("given_input", "output")},
            given_input=found["given_input"],
            output=found["output"],
            rule=self.table.tokens,
            state=self.table.usage_state,
        )

    def _outcome(self, call: Call, record: Json) -> None:
        status = text(self.get(record, "status"))
        lowered = status.lower() if status else ""
        code = http_status(self.get(record, "http_status"))
        if code is not None:
            call.http_status = code
        if lowered in _FAILED or (call.http_status or 0) >= _FIRST_ERROR:
            call.status = "error"
        elif lowered in _OK or call.http_status is not None:
            call.status = "ok" if call.status == "unknown" else call.status
        if call.status == "ok":
            call.error = None
        if (
            text(self.get(record, "cached")) in ("True", "true", "1")
            or self.get(record, "cached") is True
        ):
            call.status = "cached_by_gateway"
        cost = number(self.get(record, "cost_usd"))
        if cost is not None and cost > 0:
            call.logged_cost_usd = cost
        take_bill(call, self.get(record, "billed_usd"))


def _body(value: Any) -> Any:
    """Return a body that is empty as None: gateways write ``{}`` for what they did not keep."""
    parsed = json_or_none(value) if isinstance(value, str) else value
    return (value if parsed is None else parsed) or None


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def declared(name: str) -> Mapped:
    """Load one of our own declared formats."""
    raw = (files("auditor.readers.formats") / f"{name}.toml").read_text(encoding="utf-8")
    return Mapped(name, FormatTable.model_validate(tomllib.loads(raw)))

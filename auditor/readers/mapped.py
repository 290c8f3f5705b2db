r"""Readers that are a table of paths: most formats differ only in where things lie.

A mapping names its records' signature and, for each fact, the paths it may lie at; the first that
holds a value wins. A path is keys joined by dots; a part ``a\\.b`` is a key with a dot in it. JSON
text on the way is parsed, as often as it was encoded. The same table can be written by a user in
``auditor.toml`` under ``[readers.<name>]`` for a log of their own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from auditor.readers import api_shapes as shapes
from auditor.readers import providers, usage
from auditor.readers.api_shapes.common import params_of, take_leading_system
from auditor.readers.api_shapes.openai_chat import message_of
from auditor.readers.call import Call, Json, NotCall, Reject
from auditor.readers.values import count, http_status, json_or_none, moment, number, text

if TYPE_CHECKING:
    from auditor.readers.call import Outcome

_TEXTS = (
    "log_id", "provider_response_id", "model", "model_requested", "endpoint", "conversation_id",
    "trace_id", "parent_id", "project", "user_id", "api_key_id", "team", "error", "finish_reason",
)  # fmt: skip
_TOKENS = {
    "input_tokens": "given_input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "cache_write_1h_tokens": "cache_write_1h",
    "reasoning_tokens": "reasoning",
    "total_tokens": "total",
}
_OTHERS = (
    "called_at", "ended_at", "first_token_at", "latency_ms", "latency_s", "ttft_ms", "ttft_s",
    "provider", "status", "http_status", "cost_usd", "tags", "service_tier", "cached",
    "request", "response", "url", "system", "messages", "prompt", "answer", "params", "tools",
)  # fmt: skip
FIELDS = frozenset((*_TEXTS, *_TOKENS, *_OTHERS))
_OK = frozenset(("success", "succeeded", "ok", "true", "completed", "200"))
_FAILED = frozenset(("failure", "failed", "error", "errored", "false", "exception"))
_FIRST_ERROR = 400


class Signature(BaseModel):
    """What a record of the format must have: paths that lead somewhere, and fixed values."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    every: tuple[str, ...] = ()
    """Paths that must all lead somewhere."""
    some: tuple[str, ...] = ()
    """Paths of which one must lead somewhere."""
    equal: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Paths whose value must be this, or one of these."""


class FormatTable(BaseModel):
    """A declared format, as in ``formats/*.toml`` and ``[readers.<name>]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    title: str = ""
    """What the format is called."""
    signature: Signature
    """By what a record of the format is known."""
    fields: dict[str, str | tuple[str, ...]]
    """The path of each fact, or several of which the first that holds a value wins."""
    values: dict[str, str] = Field(default_factory=dict)
    """Facts that are the same for every record."""
    tokens: usage.Rule = "inclusive"
    """Whether the input tokens include those of a cache."""
    usage_state: str = "provider"
    """Who counted the tokens."""
    not_calls: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Paths and values of records that are no call by design."""

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, Any]) -> dict[str, Any]:
        unknown = fields.keys() - FIELDS
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
            field: [_split(path) for path in _several(paths)]
            for field, paths in mapping.fields.items()
        }
        signature = mapping.signature
        self._every = [_split(path) for path in signature.every]
        self._some = [_split(path) for path in signature.some]
        self._equal = [(_split(p), frozenset(_several(v))) for p, v in signature.equal.items()]
        self._not_calls = [
            (_split(p), frozenset(_several(v))) for p, v in mapping.not_calls.items()
        ]

    def matches(self, record: Json) -> bool:
        """Say whether the record has the signature."""
        return (
            all(has(record, path) for path in self._every)
            and (not self._some or any(has(record, path) for path in self._some))
            and all(text(at(record, path)) in allowed for path, allowed in self._equal)
        )

    def read(self, record: Json) -> list[Outcome]:
        """Turn a record into a call by the table."""
        for path, values in self._not_calls:
            if (value := text(at(record, path))) in values:
                return [NotCall(f"{'.'.join(path)} is {value}")]
        call = Call()
        self.fill(call, record)
        texts = call.response_text is not None or call.messages
        told = call.model is not None or texts or call.usage_state != "absent"
        if not told and call.status != "error":
            return [Reject("no-call", "neither model, nor texts, nor tokens")]
        return [call]

    def get(self, record: Json, field: str) -> Any:
        """Return the first value that the paths of a field lead to; None: none does."""
        for path in self._paths.get(field, ()):
            value = at(record, path)
            if value is not None and value != "":
                return value
        return None

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
        provider = text(self.get(record, "provider")) or self.table.values.get("provider")
        if provider:
            call.provider = providers.of_name(provider)
        if tier := text(self.get(record, "service_tier")) or self.table.values.get("service_tier"):
            call.service_tier = tier if tier in ("batch", "flex", "priority") else call.service_tier
        labels = json_or_none(self.get(record, "tags"))
        if labels:
            call.tags = labels if isinstance(labels, dict) else {"tags": labels}
        finish(call)

    def _bodies(self, call: Call, record: Json) -> None:
        url = text(self.get(record, "url"))
        request, response = self.get(record, "request"), self.get(record, "response")
        if request is not None or response is not None:
            shapes.decode(call, _body(request), _body(response), url)
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
        if began is not None:
            call.called_at, call.time_kind = began, "start"
        elif ended is not None:
            call.called_at, call.time_kind = ended, "end"
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
        found = {ours: count(self.get(record, field)) for field, ours in _TOKENS.items()}
        if not found["given_input"] and not found["output"]:
            return  # 0 and 0 is how gateways write that they do not know
        usage.take(
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


def _body(value: Any) -> Any:
    """Return a body that is empty as None: gateways write ``{}`` for what they did not keep."""
    parsed = json_or_none(value) if isinstance(value, str) else value
    return (value if parsed is None else parsed) or None


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _split(path: str) -> tuple[str, ...]:
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path))


def at(record: Any, path: tuple[str, ...]) -> Any:
    """Return what a path leads to, None if nothing."""
    for part in path:
        if isinstance(record, str):
            record = json_or_none(record)
        if isinstance(record, list) and part.isdigit() and int(part) < len(record):
            record = record[int(part)]
        elif isinstance(record, Mapping):
            record = record.get(part)
        else:
            return None
    return record


def has(record: Json, path: tuple[str, ...]) -> bool:
    """Say whether the last key of a path exists, whatever it holds."""
    if len(path) == 1:
        return path[0] in record
    parent = at(record, path[:-1])
    return isinstance(parent, Mapping) and path[-1] in parent


def declared(name: str) -> Mapped:
    """Load one of our own declared formats."""
    raw = (files("auditor.readers.formats") / f"{name}.toml").read_text(encoding="utf-8")
    return Mapped(name, FormatTable.model_validate(tomllib.loads(raw)))

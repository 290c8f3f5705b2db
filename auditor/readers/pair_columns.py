"""Decoded pairs to columns, a chunk at a time.

What a field means is said in ``shapes`` and ``surroundings``. What repeats from call to call
(settings of requests, system prompts, labels) is decoded by them, hashed and searched for secrets
once; so one column after the other is made of a whole chunk, and per call only what differs is
left to do.
"""

from __future__ import annotations

from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from auditor import redact
from auditor.readers import identity, providers, surroundings
from auditor.readers.batch import as_json, form_of, tool_names
from auditor.readers.model import TOKEN_COUNTS, Call
from auditor.readers.pair_types import UNSET, Message, Request
from auditor.readers.shapes import anthropic, openai_chat
from auditor.readers.shapes.common import PARAMS
from auditor.readers.values import MAX_EPOCH_US, MIN_EPOCH_US, moment, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.readers.batch import Masking
    from auditor.readers.pair_types import ChatPair, ChatUsage, MessagesPair, MessagesUsage

    Columns = dict[str, Sequence[Any] | pa.Array]
    _Counts = tuple[int, int, int, int, int, int | None]

_MAX_CACHED = 4096
_FIELDS = Request.__struct_fields__
_COMMON = _FIELDS[_FIELDS.index("temperature") : _FIELDS.index("response_format")]
_RARE = _FIELDS[_FIELDS.index("response_format") :]
_common = attrgetter(*_COMMON)
_rare = attrgetter(*_RARE)
_NOTHING_RARE = (UNSET,) * len(_RARE)
_US = pa.timestamp("us", tz="UTC")


class _Settings(NamedTuple):
    """What the settings of a request come to."""

    params: bytes | None
    tools: bytes | None
    tool_names: list[str] | None
    form: str | None
    choices: int | None
    hosted: bool
    digest: bytes
    fit: bool


class _Labels(NamedTuple):
    """What metadata and tags come to; tags and metadata beside the bodies before the request's."""

    conversation_id: str | None = None
    trace_id: str | None = None
    project: str | None = None
    user_id: str | None = None
    api_key_id: str | None = None
    team: str | None = None
    messages_user: str | None = None
    """The user where the shape is Anthropic's, which says so in the metadata of the request."""
    tags: bytes | None = None
    fit: bool = True


class _System(NamedTuple):
    """What is known of a system prompt."""

    digest: bytes
    fit: bool


class _Fitting(NamedTuple):
    """The pairs of a chunk that fit, and what is known of each."""

    fit: list[bool]
    """Of all pairs, whether they fit; everything else is of those that do."""
    times: pa.Array
    pairs: list[Any]
    settings: list[_Settings]
    labels: list[_Labels]
    systems: list[str | None]
    known: list[_System]
    messages: list[bytes]
    answers: list[bytes]
    counts: list[_Counts]


_LABELS = _Labels._fields[:6]
_NO_LABELS = _Labels()


class PairColumns:
    """Makes columns of pairs, and says which of them do not fit after all."""

    def __init__(self, masking: Masking) -> None:
        self._secrets_only = not masking.classes
        self._encode = msgspec.json.Encoder().encode
        self._settings: dict[Any, _Settings] = {}
        self._labels: dict[tuple[bytes, bytes, bytes], _Labels] = {}

    def chats(self, pairs: Sequence[ChatPair]) -> tuple[list[bool], Columns]:
        """Return which pairs in OpenAI's shape fit, and the columns of those."""
        parted = [_leading_system(pair.request.messages) for pair in pairs]
        found = self._fitting(
            openai_chat,
            pairs,
            systems=[system for system, _ in parted],
            messages=[self._encode(messages) for _, messages in parted],
            answers=[pair.response.choices[0].message.content.encode() for pair in pairs],
            counts=[_chat_usage(pair.response.usage) for pair in pairs],
        )
        if not found.pairs:
            return found.fit, {}
        columns = _columns(openai_chat.name, found)
        choices = [pair.response.choices[0] for pair in found.pairs]
        columns["finish_reason"] = [choice.finish_reason or None for choice in choices]
        columns["user_id"] = [
            pair.request.user or pair.user or label.user_id
            for pair, label in zip(found.pairs, found.labels, strict=True)
        ]
        return found.fit, columns

    def messages(self, pairs: Sequence[MessagesPair]) -> tuple[list[bool], Columns]:
        """Return which pairs in Anthropic's shape fit, and the columns of those."""
        found = self._fitting(
            anthropic,
            pairs,
            systems=[pair.request.system or None for pair in pairs],
            messages=[self._encode(pair.request.messages) for pair in pairs],
            answers=[
                "".join([block.text for block in pair.response.content]).encode() for pair in pairs
            ],
            counts=[_messages_usage(pair.response.usage) for pair in pairs],
        )
        if not found.pairs:
            return found.fit, {}
        columns = _columns(anthropic.name, found)
        stops = [pair.response.stop_reason for pair in found.pairs]
        columns["finish_reason"] = [anthropic.FINISH.get(s, s) if s else None for s in stops]
        columns["user_id"] = [
            label.messages_user or pair.user or label.user_id
            for pair, label in zip(found.pairs, found.labels, strict=True)
        ]
        return found.fit, columns

    def _fitting(
        self,
        shape: Any,
        pairs: Sequence[Any],
        *,
        systems: Sequence[str | None],
        messages: Sequence[bytes],
        answers: Sequence[bytes],
        counts: Sequence[_Counts],
    ) -> _Fitting:
        """Look at the values, and leave out the pairs that do not fit for theirs."""
        settings = self._settings_of(shape, [pair.request for pair in pairs])
        labels = [self._labels_of(pair) for pair in pairs]
        known = self._systems_of(systems)
        times, timely = _times([pair.timestamp for pair in pairs])
        clean = redact.clean(
            list(map(b"\0".join, zip(messages, answers, strict=True))),
            secrets_only=self._secrets_only,
        )
        fit = [
            # A log writes 0 and 0 where it does not know the tokens.
            setting.fit and label.fit and system.fit and text and time and (given + spent > 0)
            for setting, label, system, text, time, (given, *_, spent, _) in zip(
                settings, labels, known, clean, timely, counts, strict=True
            )
        ]
        columns = (pairs, settings, labels, systems, known, messages, answers, counts)
        return _Fitting(
            fit, times.filter(pa.array(fit)), *(list(compress(values, fit)) for values in columns)
        )

    def _settings_of(self, shape: Any, requests: Sequence[Request]) -> list[_Settings]:
        known, settings = self._settings, []
        for request in requests:
            rare = _rare(request)
            # 0 and 0.0 are the same key and other words.
            key: Any = (
                shape.name,
                _common(request),
                type(request.temperature),
                type(request.top_p),
            )
            if rare != _NOTHING_RARE:
                key = (key, tuple(map(bytes, rare)))
            found = known.get(key)
            if found is None:
                if len(known) >= _MAX_CACHED:
                    known.clear()
                found = known[key] = self._read_settings(shape, request)
            settings.append(found)
        return settings

    def _read_settings(self, shape: Any, request: Request) -> _Settings:
        """Decode the settings of a request as its shape does."""
        body = {name: getattr(request, name) for name in _COMMON}
        for name in _RARE:
            if (raw := getattr(request, name)) is not UNSET:
                body[name] = orjson.loads(bytes(raw))
        names = [PARAMS[key] for key, value in body.items() if key in PARAMS and value is not None]
        call = Call()
        shape.request(call, {**body, "model": None, "messages": []})
        params = as_json(call.params) if call.params else None
        tools = as_json(call.tools) if call.tools else None
        return _Settings(
            params=params,
            tools=tools,
            tool_names=tool_names(call.tools) if call.tools else None,
            form=form_of(call.params) if call.params else None,
            choices=call.choices,
            hosted=call.needs_hosted_tools,
            digest=identity.of_settings(tools, params),
            # Of two spellings of one parameter the order in the record decides.
            fit=len(names) == len(set(names)) and self._is_clean(tools, params),
        )

    def _labels_of(self, pair: ChatPair | MessagesPair) -> _Labels:
        metadata, tags, asked = pair.metadata, pair.tags, pair.request.metadata
        if metadata is tags is asked is UNSET:
            return _NO_LABELS
        key = (bytes(metadata), bytes(tags), bytes(asked))
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= _MAX_CACHED:
                self._labels.clear()
            found = self._labels[key] = self._read_labels(*key)
        return found

    def _read_labels(self, metadata: bytes, tags: bytes, asked: bytes) -> _Labels:
        """Read metadata and tags as those of any pair are read; empty where there are none."""
        outer, inner = Call(), Call()
        for raw in filter(None, (metadata, tags)):
            surroundings.around(outer, "", orjson.loads(raw))
        value = orjson.loads(asked) if asked else None
        surroundings.around(inner, "", value)
        both = {**(outer.tags or {}), **(inner.tags or {})}
        kept = as_json(both) if both else None
        return _Labels(
            **{name: getattr(outer, name) or getattr(inner, name) for name in _LABELS},
            messages_user=text(value.get("user_id")) if isinstance(value, dict) else None,
            tags=kept,
            fit=self._is_clean(kept),
        )

    def _systems_of(self, texts: Iterable[str | None]) -> list[_System]:
        """Look at every different system prompt once; those of one chunk, for they may be long."""
        found: dict[str | None, _System] = {}
        for given in texts:
            if given not in found:
                raw = given.encode() if given else b""
                found[given] = _System(identity.of_system(raw), self._is_clean(raw))
        return [found[given] for given in texts]

    def _is_clean(self, *parts: bytes | None) -> bool:
        return all(redact.clean([part for part in parts if part], secrets_only=self._secrets_only))


def _columns(shape: str, found: _Fitting) -> Columns:
    """Return the columns that do not differ by shape, and no numbers of records and lines."""
    pairs, settings = found.pairs, found.settings
    labelled = list(zip(pairs, found.labels, strict=True))
    asked = [pair.request.model or None for pair in pairs]
    models = [pair.response.model or pair.request.model or None for pair in pairs]
    return {
        "call_id": identity.of_responses([pair.response.id for pair in pairs]),
        "log_id": [pair.id or None for pair in pairs],
        "provider_response_id": [pair.response.id for pair in pairs],
        "called_at": found.times,
        "latency_ms": [pair.latency_ms for pair in pairs],
        "ttft_ms": [pair.ttft_ms for pair in pairs],
        "provider": [providers.of_model(model) if model else None for model in models],
        "model": models,
        "model_requested": asked,
        "api_shape": [shape] * len(pairs),
        "conversation_id": [pair.session_id or label.conversation_id for pair, label in labelled],
        "trace_id": [pair.trace_id or label.trace_id for pair, label in labelled],
        "project": [pair.project or label.project for pair, label in labelled],
        "api_key_id": [label.api_key_id for label in found.labels],
        "team": [label.team for label in found.labels],
        "tags": [label.tags for label in found.labels],
        "http_status": [pair.status for pair in pairs],
        "choices": [setting.choices for setting in settings],
        "needs_hosted_tools": [setting.hosted for setting in settings],
        "tool_names": [setting.tool_names for setting in settings],
        "response_format": [setting.form for setting in settings],
        "request_hash": identity.of_requests(
            [(model or "").encode() for model in asked],
            [system.digest for system in found.known],
            [setting.digest for setting in settings],
            found.messages,
        ),
        "system_text": found.systems,
        "messages": found.messages,
        "tools": [setting.tools for setting in settings],
        "params": [setting.params for setting in settings],
        "response_text": found.answers,
        **dict(zip(TOKEN_COUNTS, zip(*found.counts, strict=True), strict=True)),
    }


def _leading_system(messages: list[Message]) -> tuple[str | None, list[Message]]:
    """Part the system messages at the front from the others."""
    if messages[0].role != "system":
        return None, messages
    count = 1
    while count < len(messages) and messages[count].role == "system":
        count += 1
    if count == 1:
        return messages[0].content, messages[1:]
    return "\n\n".join(message.content for message in messages[:count]), messages[count:]


def _chat_usage(usage: ChatUsage) -> _Counts:
    prompt, output = usage.prompt_tokens, usage.completion_tokens
    read = written = 0
    details = usage.prompt_tokens_details
    if details is not None:
        read = details.cached_tokens or 0
        written = details.cache_write_tokens or details.cache_creation_tokens or 0
    uncached = prompt - read - written
    reasoned = None
    given = usage.completion_tokens_details
    if given is not None and given.reasoning_tokens is not None:
        reasoned = min(given.reasoning_tokens, output)
    return uncached if uncached >= 0 else prompt, read, written, 0, output, reasoned


def _messages_usage(usage: MessagesUsage) -> _Counts:
    written, hour = usage.cache_creation_input_tokens or 0, 0
    split = usage.cache_creation
    if split is not None:
        hour = split.ephemeral_1h_input_tokens or 0
        written = max(written, hour + (split.ephemeral_5m_input_tokens or 0))
    read = usage.cache_read_input_tokens or 0
    return usage.input_tokens, read, written - hour, hour, usage.output_tokens, None


def _times(values: list[str]) -> tuple[pa.Array, Iterable[bool]]:
    """Read times as ``values.moment`` does, at once where all are plain; and which are times."""
    try:
        found = pc.cast(pa.array(values, pa.string()), _US)
    except pa.ArrowInvalid:
        pass
    else:
        bounds = pc.min_max(found.view(pa.int64())).as_py()
        if bounds["min"] >= MIN_EPOCH_US and bounds["max"] <= MAX_EPOCH_US:
            return found, [True] * len(values)
    moments = list(map(moment, values))
    return pa.array(moments, pa.int64()).view(_US), [at is not None for at in moments]

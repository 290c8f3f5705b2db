"""Decoded pairs to columns, a chunk at a time.

What a field means is said in ``shapes`` and ``surroundings``. What repeats from call to call
(settings of requests, system prompts, labels, models) is decoded by them, hashed and searched for
secrets once in a piece, and its columns are made of the different values; so per call only what
differs is left to do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from auditor import redact
from auditor.readers import identity, providers, surroundings
from auditor.readers.batch import CALLS, as_json, form_of, tool_names
from auditor.readers.model import TOKEN_COUNTS, Call
from auditor.readers.pair_types import UNSET, Message, Request
from auditor.readers.shapes import anthropic, openai_chat
from auditor.readers.shapes.common import PARAMS
from auditor.readers.values import MAX_EPOCH_US, MIN_EPOCH_US, moment, text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from auditor.readers.batch import Masking
    from auditor.readers.pair_types import ChatPair, ChatUsage, MessagesPair, MessagesUsage

    Pair = ChatPair | MessagesPair
    _Counts = tuple[int, int, int, int, int, int | None]

_FIELDS = Request.__struct_fields__
_COMMON = _FIELDS[_FIELDS.index("temperature") : _FIELDS.index("response_format")]
_RARE = _FIELDS[_FIELDS.index("response_format") :]
_common = attrgetter(*_COMMON)
_rare = attrgetter(*_RARE)
_NOTHING_RARE = (UNSET,) * len(_RARE)
_SETTINGS = ("params", "tools", "tool_names", "response_format", "choices", "needs_hosted_tools")
_LABELS = ("api_key_id", "team", "tags")
_encode = msgspec.json.Encoder().encode
_US = pa.timestamp("us", tz="UTC")


class _Settings(NamedTuple):
    """What the settings of a request come to."""

    fit: bool = False
    digest: bytes = b""
    params: bytes | None = None
    tools: bytes | None = None
    tool_names: list[str] | None = None
    response_format: str | None = None
    choices: int | None = None
    needs_hosted_tools: bool = False


class _Labels(NamedTuple):
    """What metadata and tags come to; those beside the bodies before those in the request."""

    fit: bool = False
    conversation_id: str | None = None
    trace_id: str | None = None
    project: str | None = None
    user_id: str | None = None
    asked_user: str | None = None
    """The user where the shape is Anthropic's, which says so in the metadata of the request."""
    api_key_id: str | None = None
    team: str | None = None
    tags: bytes | None = None


class _System(NamedTuple):
    """A system prompt."""

    fit: bool
    digest: bytes
    system_text: str | None


class _Model(NamedTuple):
    """The model that answered, and the one that was asked."""

    asked: bytes
    model: str | None
    model_requested: str | None
    provider: str | None


class _Rows(NamedTuple):
    """Pairs, and what is known of each; of settings, labels and system prompts the numbers."""

    pairs: Sequence[Any]
    settings: Sequence[int]
    labels: Sequence[int]
    systems: Sequence[int]
    messages: Sequence[bytes]
    answers: Sequence[bytes]
    counts: Sequence[_Counts]


class _Known:
    """Values that repeat: each is made once, and known by its number.

    Of what cannot be read the value is ``unreadable``, which fits nowhere: the readers say why.
    """

    def __init__(self, make: Callable[..., Any], unreadable: Any = None) -> None:
        self._make = make
        self._unreadable = unreadable
        self._numbers: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def number(self, key: Hashable, *given: Any) -> int:
        """Return the number of the value of a key; a new one is made of what is given."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.values)
            try:
                self.values.append(self._make(*given))
            except Exception:  # noqa: BLE001 - hostile, as everything in a log
                self.values.append(self._unreadable)
        return found

    def columns(self, names: Iterable[str], numbers: list[int]) -> dict[str, pa.Array]:
        """Return columns of fields of the values, for rows that have the values' numbers."""
        at = pa.array(numbers, pa.int32())
        return {
            name: _array(name, [getattr(value, name) for value in self.values]).take(at)
            for name in names
        }


class PairColumns(ABC):
    """The columns of the pairs of one shape in a piece of a file, gathered chunk after chunk."""

    shape: Any

    def __init__(self, masking: Masking) -> None:
        self.at: list[int] = []
        """The line of each row, from 0."""
        self._secrets_only = not masking.classes
        self._settings = _Known(self._read_settings, _Settings())
        self._labels = _Known(self._read_labels, _Labels())
        self._systems = _Known(self._read_system)
        self._models = _Known(_read_model)
        self._gathered: defaultdict[str, list[Any]] = defaultdict(list)
        self._times: list[pa.Array] = []

    def add(self, at: Iterable[int], pairs: Sequence[Any]) -> None:
        """Add the pairs of a chunk whose values fit; ``at`` are their lines."""
        systems, messages = self._prompts(pairs)
        rows = _Rows(
            pairs=pairs,
            settings=self._settings_of([pair.request for pair in pairs]),
            labels=[self._labels_of(pair) for pair in pairs],
            systems=[self._systems.number(system, system) for system in systems],
            messages=list(map(_encode, messages)),
            answers=self._answers(pairs),
            counts=self._counts(pairs),
        )
        times, timely = _times([pair.timestamp for pair in pairs])
        fit = self._fit(rows, timely)
        self.at += compress(at, fit)
        self._times.append(times.filter(pa.array(fit, pa.bool_())))
        for name, values in self._columns(_Rows(*(list(compress(row, fit)) for row in rows))):
            self._gathered[name] += values

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns of all rows but for their places in the file."""
        gathered = self._gathered
        known = (
            (self._settings, _SETTINGS, gathered.pop("settings")),
            (self._labels, _LABELS, gathered.pop("labels")),
            (self._systems, ("system_text",), gathered.pop("systems")),
            (self._models, ("model", "model_requested", "provider"), gathered.pop("models")),
        )
        found = {name: _array(name, values) for name, values in gathered.items()}
        for values, names, numbers in known:
            found |= values.columns(names, numbers)
        found["called_at"] = pa.concat_arrays(self._times)
        found["api_shape"] = pa.repeat(self.shape.name, len(self.at))
        return found

    def _fit(self, rows: _Rows, timely: Iterable[bool]) -> list[bool]:
        clean = redact.clean(
            list(map(b"\0".join, zip(rows.messages, rows.answers, strict=True))),
            secrets_only=self._secrets_only,
        )
        named = redact.clean([_label_text(pair) for pair in rows.pairs], secrets_only=True)
        settings, labels, systems = (
            [value.fit for value in known.values]
            for known in (self._settings, self._labels, self._systems)
        )
        return [
            # A log writes 0 and 0 where it does not know the tokens.
            text and name and time and settings[setting] and labels[label] and systems[system]
            and count[0] + count[4] > 0
            for text, name, time, setting, label, system, count in zip(
                clean, named, timely, rows.settings, rows.labels, rows.systems, rows.counts,
                strict=True,
            )
        ]  # fmt: skip

    def _columns(self, rows: _Rows) -> Iterator[tuple[str, Iterable[Any]]]:
        """Give what is to be gathered of rows that fit: values, and numbers of known values."""
        pairs = rows.pairs
        labelled = [self._labels.values[label] for label in rows.labels]
        beside = list(zip(pairs, labelled, strict=True))
        models = [self._model_of(pair) for pair in pairs]
        yield "settings", rows.settings
        yield "labels", rows.labels
        yield "systems", rows.systems
        yield "models", models
        yield "call_id", identity.of_responses([pair.response.id for pair in pairs])
        yield "log_id", [pair.id or None for pair in pairs]
        yield "provider_response_id", [pair.response.id for pair in pairs]
        yield "latency_ms", [pair.latency_ms for pair in pairs]
        yield "ttft_ms", [pair.ttft_ms for pair in pairs]
        yield (
            "conversation_id",
            [pair.session_id or label.conversation_id for pair, label in beside],
        )
        yield "trace_id", [pair.trace_id or label.trace_id for pair, label in beside]
        yield "project", [pair.project or label.project for pair, label in beside]
        yield "user_id", self._users(beside)
        yield "http_status", [pair.status for pair in pairs]
        yield "finish_reason", self._finishes(pairs)
        yield (
            "request_hash",
            identity.of_requests(
                [self._models.values[model].asked for model in models],
                [self._systems.values[system].digest for system in rows.systems],
                [self._settings.values[setting].digest for setting in rows.settings],
                rows.messages,
            ),
        )
        yield "messages", rows.messages
        yield "response_text", rows.answers
        yield from zip(TOKEN_COUNTS, zip(*rows.counts, strict=True), strict=False)

    def _settings_of(self, requests: Iterable[Request]) -> list[int]:
        numbers = []
        for request in requests:
            rare = _rare(request)
            # 0 and 0.0 are the same key and other words.
            key: Any = (_common(request), type(request.temperature), type(request.top_p))
            if rare != _NOTHING_RARE:
                key = (key, tuple(map(bytes, rare)))
            numbers.append(self._settings.number(key, request))
        return numbers

    def _read_settings(self, request: Request) -> _Settings:
        """Decode the settings of a request as its shape does."""
        body = {name: getattr(request, name) for name in _COMMON}
        for name in _RARE:
            if (raw := getattr(request, name)) is not UNSET:
                body[name] = orjson.loads(bytes(raw))
        names = [PARAMS[key] for key, value in body.items() if key in PARAMS and value is not None]
        call = Call()
        self.shape.request(call, {**body, "model": None, "messages": []})
        params = as_json(call.params) if call.params else None
        tools = as_json(call.tools) if call.tools else None
        return _Settings(
            # Of two spellings of one parameter the order in the record decides.
            fit=len(names) == len(set(names)) and self._is_clean(tools, params),
            digest=identity.of_settings(tools, params),
            params=params,
            tools=tools,
            tool_names=tool_names(call.tools) if call.tools else None,
            response_format=form_of(call.params) if call.params else None,
            choices=call.choices,
            needs_hosted_tools=call.needs_hosted_tools,
        )

    def _labels_of(self, pair: Pair) -> int:
        metadata, tags, asked = pair.metadata, pair.tags, pair.request.metadata
        if metadata is tags is asked is UNSET:
            return self._labels.number(None, b"", b"", b"")
        key = (bytes(metadata), bytes(tags), bytes(asked))
        return self._labels.number(key, *key)

    def _read_labels(self, metadata: bytes, tags: bytes, asked: bytes) -> _Labels:
        """Read metadata and tags as those of any pair are read; empty where there are none."""
        outer, inner = Call(), Call()
        for raw in filter(None, (metadata, tags)):
            surroundings.around(outer, "", orjson.loads(raw))
        value = orjson.loads(asked) if asked else None
        surroundings.around(inner, "", value)
        both = {**(outer.tags or {}), **(inner.tags or {})}
        kept = as_json(both) if both else None
        names = ("conversation_id", "trace_id", "project", "user_id", "api_key_id", "team")
        return _Labels(
            fit=self._is_clean(metadata, tags, asked),
            tags=kept,
            asked_user=text(value.get("user_id")) if isinstance(value, dict) else None,
            **{name: getattr(outer, name) or getattr(inner, name) for name in names},
        )

    def _read_system(self, given: str | None) -> _System:
        raw = given.encode() if given else b""
        return _System(self._is_clean(raw), identity.of_system(raw), given)

    def _model_of(self, pair: Pair) -> int:
        key = (pair.response.model, pair.request.model)
        return self._models.number(key, *key)

    def _is_clean(self, *parts: bytes | None) -> bool:
        return all(redact.clean([part for part in parts if part], secrets_only=self._secrets_only))

    @abstractmethod
    def _prompts(self, pairs: Sequence[Any]) -> tuple[Iterable[str | None], Iterable[Any]]:
        """Return the system prompts, and the other messages."""

    @abstractmethod
    def _answers(self, pairs: Sequence[Any]) -> list[bytes]:
        """Return the texts of the answers."""

    @abstractmethod
    def _finishes(self, pairs: Sequence[Any]) -> list[str | None]:
        """Return why the answers ended."""

    @abstractmethod
    def _counts(self, pairs: Sequence[Any]) -> list[_Counts]:
        """Return the disjoint counts of tokens, in the order of ``TOKEN_COUNTS``."""

    @abstractmethod
    def _users(self, beside: Sequence[tuple[Any, _Labels]]) -> list[str | None]:
        """Return the users of pairs, whose labels stand beside them."""


class ChatColumns(PairColumns):
    """Columns of pairs in OpenAI's shape."""

    shape = openai_chat

    def _prompts(
        self, pairs: Sequence[ChatPair]
    ) -> tuple[Iterable[str | None], Iterable[list[Message]]]:
        parted = [_leading_system(pair.request.messages) for pair in pairs]
        return [system for system, _ in parted], [messages for _, messages in parted]

    def _answers(self, pairs: Sequence[ChatPair]) -> list[bytes]:
        return [pair.response.choices[0].message.content.encode() for pair in pairs]

    def _finishes(self, pairs: Sequence[ChatPair]) -> list[str | None]:
        return [pair.response.choices[0].finish_reason or None for pair in pairs]

    def _counts(self, pairs: Sequence[ChatPair]) -> list[_Counts]:
        return [_chat_usage(pair.response.usage) for pair in pairs]

    def _users(self, beside: Sequence[tuple[ChatPair, _Labels]]) -> list[str | None]:
        return [pair.request.user or pair.user or label.user_id for pair, label in beside]


class MessagesColumns(PairColumns):
    """Columns of pairs in Anthropic's shape."""

    shape = anthropic

    def _prompts(
        self, pairs: Sequence[MessagesPair]
    ) -> tuple[Iterable[str | None], Iterable[list[Message]]]:
        requests = [pair.request for pair in pairs]
        return [r.system or None for r in requests], [r.messages for r in requests]

    def _answers(self, pairs: Sequence[MessagesPair]) -> list[bytes]:
        return ["".join([b.text for b in pair.response.content]).encode() for pair in pairs]

    def _finishes(self, pairs: Sequence[MessagesPair]) -> list[str | None]:
        stops = [pair.response.stop_reason for pair in pairs]
        return [anthropic.FINISH.get(stop, stop) if stop else None for stop in stops]

    def _counts(self, pairs: Sequence[MessagesPair]) -> list[_Counts]:
        return [_messages_usage(pair.response.usage) for pair in pairs]

    def _users(self, beside: Sequence[tuple[MessagesPair, _Labels]]) -> list[str | None]:
        return [label.asked_user or pair.user or label.user_id for pair, label in beside]


def _label_text(pair: Pair) -> bytes:
    """Return what the pair says beside its bodies: as labels it may hold secrets too."""
    given = (pair.id, pair.user, pair.project, pair.session_id, pair.trace_id, pair.request.user)
    return "\0".join(filter(None, given)).encode()


def _read_model(answered: str | None, asked: str | None) -> _Model:
    model = answered or asked or None
    return _Model(
        asked=(asked or "").encode(),
        model=model,
        model_requested=asked or None,
        provider=providers.of_model(model) if model else None,
    )


def _array(name: str, values: list[Any]) -> pa.Array:
    kind = CALLS.field(name).type
    if kind == pa.string() and values and isinstance(values[0], bytes):
        return pa.array(values, pa.binary()).view(kind)  # UTF-8 already, need not be looked at
    return pa.array(values, kind)


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

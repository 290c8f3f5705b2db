"""Decoded pairs to columns, a chunk at a time.

One column after the other is made of a whole chunk. What repeats from call to call is known by its
number (``pair_known``), so per call only what differs is left to do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from itertools import chain, compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from auditor.privacy.masking import Masker, free_of_suspects, suspects
from auditor.readers.api_shapes import anthropic, openai_chat
from auditor.readers.call import TOKEN_COUNTS
from auditor.readers.columns import identity
from auditor.readers.columns.pair_repeats import Repeated, array_of
from auditor.readers.values import MAX_EPOCH_US, MIN_EPOCH_US, is_call_time, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from auditor.readers.columns.batch import Masking
    from auditor.readers.columns.pair_repeats import Labels, Pair
    from auditor.readers.columns.pair_types import (
        ChatPair,
        ChatUsage,
        Message,
        MessagesPair,
        MessagesUsage,
    )

    _Counts = tuple[int, int, int, int, int, int | None]

_encode = msgspec.json.Encoder().encode
_US = pa.timestamp("us", tz="UTC")
_NOTHING: Counter[str] = Counter()


class _Rows(NamedTuple):
    """Pairs, and what is known of each; of settings, labels and system prompts the numbers."""

    pairs: Sequence[Any]
    settings: Sequence[int]
    labels: Sequence[int]
    systems: Sequence[int]
    models: Sequence[int]
    messages: Sequence[bytes]
    answers: Sequence[bytes]
    counts: Sequence[_Counts]


class PairColumns(ABC):
    """The columns of the pairs of one shape in a piece of a file, gathered chunk after chunk."""

    shape: Any

    def __init__(self, masking: Masking) -> None:
        self.at: list[int] = []
        """The line of each row, from 0."""
        self.personal: list[tuple[int, str, Counter[str]]] = []
        """Where personal data was found: the line, the id of the response, how often by rule."""
        self._masking = masking
        self._secrets_only = not masking.classes
        self._known = Repeated(self.shape, secrets_only=self._secrets_only)
        self._gathered: defaultdict[str, list[Any]] = defaultdict(list)
        self._times: list[pa.Array] = []

    def add(self, at: Sequence[int], pairs: Sequence[Any]) -> None:
        """Add the pairs of a chunk whose values fit; ``at`` are their lines."""
        systems, messages = self._prompts(pairs)
        rows = _Rows(
            pairs=pairs,
            settings=self._known.settings_of([pair.request for pair in pairs]),
            labels=[self._known.labels_of(pair) for pair in pairs],
            systems=[self._known.systems.number(system, system) for system in systems],
            models=[self._known.model_of(pair) for pair in pairs],
            messages=list(map(_encode, messages)),
            answers=self._answers(pairs),
            counts=self._counts(pairs),
        )
        times, timely = _times([pair.timestamp for pair in pairs])
        counted = self._counted(rows)
        fit = self._fit(rows, counted, timely)
        self.at += compress(at, fit)
        self.personal += [
            (line, pair.response.id, found)
            for line, pair, found in compress(zip(at, pairs, counted, strict=True), fit)
            if found
        ]
        self._times.append(times.filter(pa.array(fit, pa.bool_())))
        for name, values in self._columns(_Rows(*(list(compress(row, fit)) for row in rows))):
            self._gathered[name] += values

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns of all rows but for their places in the file."""
        gathered = self._gathered
        numbers = {name: gathered.pop(name) for name in ("settings", "labels", "systems", "models")}
        found = {name: array_of(name, values) for name, values in gathered.items()}
        found |= self._known.columns(**numbers)
        found["called_at"] = pa.concat_arrays(self._times)
        found["api_shape"] = pa.repeat(self.shape.name, len(self.at))
        return found

    def _counted(self, rows: _Rows) -> list[Counter[str] | None]:
        """Return what of the texts of each row is only counted; None: something is to be masked."""
        texts = list(map(b"\0".join, zip(rows.messages, rows.answers, strict=True)))
        clean = free_of_suspects(texts, secrets_only=self._secrets_only)
        return [
            _NOTHING if free else self._look(text, messages, answer)
            for free, text, messages, answer in zip(
                clean, texts, rows.messages, rows.answers, strict=True
            )
        ]

    def _look(self, text: bytes, messages: bytes, answer: bytes) -> Counter[str] | None:
        rules = suspects(text, secrets_only=self._secrets_only)
        masker = Masker(rules, personal=self._masking.personal)
        masker.value(orjson.loads(messages))
        masker.text(answer.decode())
        return None if masker.masked else masker.counts

    def _fit(
        self, rows: _Rows, counted: Iterable[Counter[str] | None], timely: Iterable[bool]
    ) -> list[bool]:
        named = _free_of_secrets(rows.pairs, self._finishes(rows.pairs))
        known = self._known
        settings, labels, systems, models = (
            [value.fit for value in part.values]
            for part in (known.settings, known.labels, known.systems, known.models)
        )
        return [
            # A log writes 0 and 0 where it does not know the tokens.
            found is not None and name and time and settings[setting] and labels[label]
            and systems[system] and models[model] and count[0] + count[4] > 0
            for found, name, time, setting, label, system, model, count in zip(
                counted, named, timely, rows.settings, rows.labels, rows.systems, rows.models,
                rows.counts, strict=True,
            )
        ]  # fmt: skip

    def _columns(self, rows: _Rows) -> Iterator[tuple[str, Iterable[Any]]]:
        """Give what is to be gathered of rows that fit: values, and numbers of known values."""
        pairs, known = rows.pairs, self._known
        labelled = [known.labels.values[label] for label in rows.labels]
        beside = list(zip(pairs, labelled, strict=True))
        yield "settings", rows.settings
        yield "labels", rows.labels
        yield "systems", rows.systems
        yield "models", rows.models
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
                [known.models.values[model].asked for model in rows.models],
                [known.systems.values[system].digest for system in rows.systems],
                [known.settings.values[setting].digest for setting in rows.settings],
                rows.messages,
            ),
        )
        yield "messages", rows.messages
        yield "response_text", rows.answers
        yield from zip(TOKEN_COUNTS, zip(*rows.counts, strict=True), strict=False)

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
    def _users(self, beside: Sequence[tuple[Any, Labels]]) -> list[str | None]:
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

    def _users(self, beside: Sequence[tuple[ChatPair, Labels]]) -> list[str | None]:
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

    def _users(self, beside: Sequence[tuple[MessagesPair, Labels]]) -> list[str | None]:
        return [label.asked_user or pair.user or label.user_id for pair, label in beside]


_names = attrgetter(
    "id", "user", "project", "session_id", "trace_id", "request.user", "response.id"
)
"""The names in a pair that do not repeat: they may hold secrets too."""


def _free_of_secrets(pairs: Sequence[Pair], finishes: Sequence[str | None]) -> list[bool]:
    """Say of each pair whether its names are free of secrets; nearly all are, and it shows."""
    names = list(map(_names, pairs))
    every = "\0".join(filter(None, chain(chain.from_iterable(names), finishes)))
    if not suspects(every.encode(), secrets_only=True):
        return [True] * len(pairs)
    texts = [
        "\0".join(filter(None, (*given, finish))).encode()
        for given, finish in zip(names, finishes, strict=True)
    ]
    return free_of_suspects(texts, secrets_only=True)


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


_LEFT_TO_THE_READERS = (0, 0, 0, 0, 0, None)


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
        reasoned = given.reasoning_tokens
    if usage.total_tokens not in (None, prompt + output) or (reasoned or 0) > output:
        return _LEFT_TO_THE_READERS  # reasoning may lie beside the output
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
    moments = [at if is_call_time(at := moment(value)) else None for value in values]
    return pa.array(moments, pa.int64()).view(_US), [at is not None for at in moments]

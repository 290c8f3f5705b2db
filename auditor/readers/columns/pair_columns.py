"""Decoded pairs to columns, a chunk at a time.

A chunk is taken apart into its fields, in C, and one column after the other is made of them. What
repeats from call to call is known by its number (``pair_repeats``), so per call only what differs
is left to do. Nearly always all of a chunk fits: what does not is taken out at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain, compress
from operator import not_
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from auditor.privacy.masking import Masker, free_of_suspects, suspects
from auditor.readers.api_shapes import anthropic, openai_chat
from auditor.readers.call import TOKEN_COUNTS
from auditor.readers.columns import identity
from auditor.readers.columns.pair_repeats import Repeated, array_of
from auditor.readers.values import MAX_EPOCH_US, MIN_EPOCH_US, is_call_time, moment

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from auditor.readers.columns.batch import Masking
    from auditor.readers.columns.pair_repeats import Fields, Numbers
    from auditor.readers.columns.pair_types import ChatUsage, Message, MessagesUsage

    _Counts = tuple[int, int, int, int, int, int | None]

_encode = msgspec.json.Encoder().encode
_US = pa.timestamp("us", tz="UTC")
_NAMED = ("id", "user", "project", "session_id", "trace_id")
"""The names in a pair that do not repeat: they may hold secrets too."""


class _Texts(NamedTuple):
    """The texts of pairs."""

    systems: Sequence[str | None]
    prompts: Sequence[Sequence[Message]]
    """The other messages."""
    answers: Sequence[str]


class PairColumns(ABC):
    """The columns of the pairs of one shape in a piece of a file, gathered chunk after chunk."""

    shape: Any
    others_ids: tuple[str, ...]
    """How ids of responses begin that tell of another provider: such pairs are left to the readers.

    Not a pattern of the types: for that msgspec calls Python, a fifth of the time of decoding.
    """
    asks_for_user = False
    """Whether the metadata of a request names the user, before anything beside it."""

    def __init__(self, masking: Masking) -> None:
        self.at: list[int] = []
        """The line of each row, from 0."""
        self.personal: list[tuple[int, str, Counter[str]]] = []
        """Where personal data was found: the line, the id of the response, how often by rule."""
        self._masking = masking
        self._secrets_only = not masking.classes
        self._known = Repeated(self.shape, secrets_only=self._secrets_only)
        self._gathered: list[pa.RecordBatch] = []

    def add(self, at: Sequence[int], pairs: Sequence[Any]) -> None:
        """Add the pairs of a chunk whose values fit; ``at`` are their lines."""
        fields, known = _fields(pairs), self._known
        asked, answered = _fields(fields["request"]), _fields(fields["response"])
        texts, finishes = self._texts(asked, answered), self._finishes(answered)
        messages = list(map(_encode, texts.prompts))
        answers = list(map(str.encode, texts.answers))
        tokens = list(zip(*self._counts(answered["usage"]), strict=True))
        times, timely = _times(fields["timestamp"])
        numbers = {
            "settings": known.settings_of(fields["request"], asked),
            "labels": known.labels_of(fields["metadata"], fields["tags"], asked["metadata"]),
            "systems": known.systems_of(texts.systems),
            "models": known.models_of(answered["model"], asked["model"]),
        }
        fit = known.fit(numbers)
        # A log writes 0 and 0 where it does not know the tokens.
        fit &= np.array(tokens[0]) + np.array(tokens[4]) > 0
        fit &= timely
        fit &= [not name.startswith(self.others_ids) for name in answered["id"]]
        fit &= _free_of_secrets(
            [*map(fields.__getitem__, _NAMED), asked["user"], answered["id"], finishes]
        )
        for row, found in self._sensitive(texts, messages, answers):
            if found is None:
                fit[row] = False
            elif found and fit[row]:
                self.personal.append((at[row], answered["id"][row], found))
        columns: dict[str, Sequence[Any]] = {
            "call_id": identity.of_responses(answered["id"]),
            "log_id": _given(fields["id"]),
            "provider_response_id": answered["id"],
            "latency_ms": fields["latency_ms"],
            "ttft_ms": fields["ttft_ms"],
            "conversation_id": _given(fields["session_id"]),
            "trace_id": _given(fields["trace_id"]),
            "project": _given(fields["project"]),
            "user_id": self._users(fields, asked),
            "http_status": fields["status"],
            "finish_reason": finishes,
            "request_hash": self._hashes(numbers, messages),
            "messages": messages,
            "response_text": answers,
            **dict(zip(TOKEN_COUNTS, tokens, strict=True)),
        }
        arrays = {name: array_of(name, values) for name, values in columns.items()}
        arrays |= {name: pa.array(values) for name, values in numbers.items()}
        gathered = pa.record_batch(arrays | {"called_at": times})
        if fit.all():
            self.at += at
        else:
            self.at += compress(at, fit)
            gathered = gathered.filter(pa.array(fit))
        self._gathered.append(gathered)

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns of all rows but for their places in the file."""
        first, *more = self._gathered
        rows = pa.concat_batches(self._gathered) if more else first  # one would be copied, too
        found = dict(zip(rows.schema.names, rows.columns, strict=True))
        known = self._known.columns(found)
        if self.asks_for_user:
            found["user_id"] = pc.coalesce(known["asked_user"], found["user_id"])
        # What a pair says by itself goes before what its labels say.
        for name in ("conversation_id", "trace_id", "project", "user_id"):
            known[name] = pc.coalesce(found[name], known[name])
        return found | known | {"api_shape": pa.repeat(self.shape.name, len(rows))}

    def _hashes(self, numbers: Mapping[str, Numbers], messages: Sequence[bytes]) -> list[str]:
        known = self._known
        return identity.of_requests(
            known.models.of_rows("asked", numbers["models"]),
            known.systems.of_rows("digest", numbers["systems"]),
            known.settings.of_rows("digest", numbers["settings"]),
            messages,
        )

    def _sensitive(
        self, texts: _Texts, messages: Sequence[bytes], answers: Sequence[bytes]
    ) -> Iterator[tuple[int, Counter[str] | None]]:
        """Give the rows that may hold personal data or secrets.

        With each what in it is only counted; None: something is to be masked.
        """
        searched = list(map(b"\0".join, zip(messages, answers, strict=True)))
        clean = free_of_suspects(searched, secrets_only=self._secrets_only)
        for row in compress(range(len(clean)), map(not_, clean)):
            rules = suspects(searched[row], secrets_only=self._secrets_only)
            masker = Masker(rules, personal=self._masking.personal)
            for message in texts.prompts[row]:
                masker.text(message.content)
            masker.text(texts.answers[row])
            yield row, None if masker.masked else masker.counts

    @abstractmethod
    def _texts(self, asked: Fields, answered: Fields) -> _Texts:
        """Return the texts of requests and responses."""

    @abstractmethod
    def _finishes(self, answered: Fields) -> Sequence[str | None]:
        """Return why the answers ended."""

    @abstractmethod
    def _counts(self, usages: Iterable[Any]) -> Iterable[_Counts]:
        """Return the disjoint counts of tokens, in the order of ``TOKEN_COUNTS``."""

    @abstractmethod
    def _users(self, fields: Fields, asked: Fields) -> Sequence[str | None]:
        """Return the users that pairs and requests name."""


class ChatColumns(PairColumns):
    """Columns of pairs in OpenAI's shape."""

    shape = openai_chat
    others_ids = ("gen-",)

    def _texts(self, asked: Fields, answered: Fields) -> _Texts:
        systems, prompts = zip(*map(_leading_system, asked["messages"]), strict=True)
        return _Texts(systems, prompts, [one.message.content for (one,) in answered["choices"]])

    def _finishes(self, answered: Fields) -> Sequence[str | None]:
        return [one.finish_reason or None for (one,) in answered["choices"]]

    def _counts(self, usages: Iterable[ChatUsage]) -> Iterable[_Counts]:
        return map(_chat_usage, usages)

    def _users(self, fields: Fields, asked: Fields) -> Sequence[str | None]:
        return [a or b or None for a, b in zip(asked["user"], fields["user"], strict=True)]


class MessagesColumns(PairColumns):
    """Columns of pairs in Anthropic's shape."""

    shape = anthropic
    others_ids = ("msg_bdrk_", "msg_vrtx_")
    asks_for_user = True

    def _texts(self, asked: Fields, answered: Fields) -> _Texts:
        answers = ["".join([block.text for block in blocks]) for blocks in answered["content"]]
        return _Texts(_given(asked["system"]), asked["messages"], answers)

    def _finishes(self, answered: Fields) -> Sequence[str | None]:
        stops = answered["stop_reason"]
        return [anthropic.FINISH.get(stop, stop) if stop else None for stop in stops]

    def _counts(self, usages: Iterable[MessagesUsage]) -> Iterable[_Counts]:
        return map(_messages_usage, usages)

    def _users(self, fields: Fields, _: Fields) -> Sequence[str | None]:
        return _given(fields["user"])


def _fields(structs: Sequence[msgspec.Struct]) -> Fields:
    """Return the fields of structs of one type as columns."""
    names = structs[0].__struct_fields__
    return dict(zip(names, zip(*map(astuple, structs), strict=True), strict=True))


def _given(texts: Iterable[str | None]) -> list[str | None]:
    """Return texts; an empty one says as little as a missing one."""
    return [text or None for text in texts]


def _free_of_secrets(names: Sequence[Sequence[str | None]]) -> Sequence[bool] | bool:
    """Say of each row of columns of names whether it is free of secrets; True: all are.

    Nearly always they are, which one look shows.
    """
    every = "\0".join(filter(None, chain.from_iterable(names)))
    if not suspects(every.encode(), secrets_only=True):
        return True
    texts = ["\0".join(filter(None, row)).encode() for row in zip(*names, strict=True)]
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


def _times(values: Sequence[str]) -> tuple[pa.Array, Sequence[bool] | bool]:
    """Read times as ``values.moment`` does, at once where all are plain.

    And say which are times; True: all are.
    """
    try:
        found = pc.cast(pa.array(values, pa.string()), _US)
    except pa.ArrowInvalid:
        pass
    else:
        bounds = pc.min_max(found.view(pa.int64())).as_py()
        if bounds["min"] >= MIN_EPOCH_US and bounds["max"] <= MAX_EPOCH_US:
            return found, True
    moments = [at if is_call_time(at := moment(value)) else None for value in values]
    return pa.array(moments, pa.int64()).view(_US), [at is not None for at in moments]

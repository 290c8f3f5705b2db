"""The shortest way for the commonest record: a plain pair of texts, decoded straight into columns.

Most logs are request and response pairs in OpenAI's chat or Anthropic's Messages shape whose
messages are texts. What such a pair may hold is in ``pair_types``; a line that fits those is
decoded in C and becomes a row without passing through a ``Call``, in a third of the time. A line
that does not fit, in whatever way (tools called, images, an error, a secret), is left to the
readers: the row of a line is the same on either way, which ``tests/test_readers_typed.py`` holds
them to. So nothing is decided here: what a field means is said in ``shapes`` and
``surroundings``, and settings of requests, which repeat, are decoded by them once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import orjson
import pyarrow as pa

from auditor import redact
from auditor.readers import identity, providers, surroundings
from auditor.readers.batch import CALLS, LEDGER, as_json, form_of, tool_names
from auditor.readers.formats import pair
from auditor.readers.model import TOKEN_COUNTS, Call
from auditor.readers.pair_types import UNSET, Message, Pair, Request, Usage
from auditor.readers.shapes import anthropic, openai_chat
from auditor.readers.shapes.common import PARAMS, TIERS
from auditor.readers.values import text

if TYPE_CHECKING:
    from auditor.readers.batch import Masking

CHUNK_LINES = 1024
"""Rows that wait before they become columns: few enough to stay in the processor's cache."""

_MAX_CACHED = 4096
_FIRST_YEAR, _LAST_YEAR = 2001, 2098  # surely within what ``values.moment`` takes, in any zone
_FIELDS = Request.__struct_fields__
_COMMON = _FIELDS[_FIELDS.index("temperature") : _FIELDS.index("response_format")]
_RARE = _FIELDS[_FIELDS.index("response_format") :]
_common = attrgetter(*_COMMON)
_rare = attrgetter(*_RARE)
_NOTHING_RARE = (UNSET,) * len(_RARE)


class _Settings(NamedTuple):
    """What the settings of a request come to; equal ones are decoded once."""

    params: bytes | None
    tools: bytes | None
    tool_names: list[str] | None
    form: str | None
    choices: int | None
    hosted: bool


class _Labels(NamedTuple):
    """What metadata and tags come to: those beside the bodies, and those in the request."""

    outer: Call
    inner: Call
    messages_user: str | None
    """The user where the shape is Anthropic's, which says so in the metadata of the request."""
    tags: bytes | None


_NO_LABELS = _Labels(Call(), Call(), None, None)

_COLUMNS = (
    "call_id",
    "record_no",
    "line_no",
    "byte_offset",
    "called_at",
    "log_id",
    "provider_response_id",
    "latency_ms",
    "ttft_ms",
    "provider",
    "model",
    "model_requested",
    "api_shape",
    "conversation_id",
    "trace_id",
    "project",
    "user_id",
    "api_key_id",
    "team",
    "tags",
    "http_status",
    "finish_reason",
    "choices",
    *TOKEN_COUNTS,
    "needs_hosted_tools",
    "tool_names",
    "response_format",
    "request_hash",
    "system_text",
    "messages",
    "tools",
    "params",
    "response_text",
)
"""What differs from row to row, in the order of ``TypedPairs._row``."""

_SAME: dict[str, Any] = {
    "reader": pair.name,
    "time_kind": "start",
    "status": "ok",
    "content_state": "full",
    "usage_state": "provider",
    "service_tier": "standard",
    "needs_vision": False,
    "masked": 0,
}
"""The columns that are the same in every row; the rest are NULL."""


class _DoesNotFitError(Exception):
    """The types fit and the values do not."""


class TypedPairs:
    """Decodes the lines of one run that fit the types, and makes columns of them."""

    def __init__(self, masking: Masking) -> None:
        self._decode = msgspec.json.Decoder(Pair).decode
        self._encode = msgspec.json.Encoder().encode
        self._suspects = redact.finder(secrets_only=not masking.classes)
        self._keyed, self._named = identity.keyed(), identity.named()
        self._settings: dict[Any, _Settings] = {}
        self._labels: dict[tuple[bytes, bytes, bytes], _Labels] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._calls: list[pa.RecordBatch] = []
        self._ledger: list[pa.RecordBatch] = []

    def take(self, line: bytes, record_no: int, line_no: int, offset: int) -> bool:
        """Take a line if it fits; say whether it did."""
        try:
            found = self._decode(line)
            if not line.isascii():
                line.decode()  # what no field holds is skipped unseen, and may be no UTF-8
            self._rows.append(self._row(found, record_no, line_no, offset))
        except (msgspec.MsgspecError, ValueError, RecursionError, _DoesNotFitError):
            return False
        return True

    def flush(self) -> int:
        """Make columns of the rows that wait; return how many those were."""
        rows, self._rows = self._rows, []
        if rows:
            columns = dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True))
            self._calls.append(_batch(columns, CALLS, len(rows)))
            self._ledger.append(_batch(columns, LEDGER, len(rows)))
        return len(rows)

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the calls and their lines of the ledger."""
        return (
            pa.Table.from_batches(self._calls, CALLS).combine_chunks(),
            pa.Table.from_batches(self._ledger, LEDGER).combine_chunks(),
        )

    def _row(self, found: Pair, record_no: int, line_no: int, offset: int) -> tuple[Any, ...]:
        request, response, usage = found.request, found.response, found.response.usage
        messages = request.messages
        if response.choices is not None:
            if response.content is not None or response.type is not None:
                raise _DoesNotFitError
            shape = openai_chat.name
            system, messages = _leading_system(messages)
            choice = response.choices[0]
            answer, finish = choice.message.content, choice.finish_reason
            uncached, read, written, hour, output, reasoned = _chat_usage(usage)
            if response.service_tier in TIERS:
                raise _DoesNotFitError
        elif response.content is not None and response.type is not None:
            shape = anthropic.name
            system = request.system or None
            blocks = response.content
            answer = blocks[0].text if len(blocks) == 1 else "".join(b.text for b in blocks)
            finish = response.stop_reason
            finish = anthropic.FINISH.get(finish, finish) if finish else None
            uncached, read, written, hour, output = _messages_usage(usage)
            reasoned = None
        else:
            raise _DoesNotFitError
        if not output and not uncached:
            raise _DoesNotFitError
        settings = self._settings_of(request, shape)
        labels = self._labels_of(found)
        outer, inner = labels.outer, labels.inner
        encoded = self._encode(messages)
        asked = request.model.encode() if request.model else b""
        raw = b"\x00".join(
            (
                asked,
                system.encode() if system else b"",
                encoded,
                settings.tools or b"",
                settings.params or b"",
            )
        )
        said = answer.encode()
        if self._suspects(b"\x00".join((raw, said, b"", b"", labels.tags or b""))):
            raise _DoesNotFitError
        if len(response.id) < identity.TRUSTED_ID:
            raise _DoesNotFitError
        request_hash = self._keyed.copy()
        request_hash.update(raw)
        call_id = self._named.copy()
        call_id.update(response.id.encode())
        model_requested = request.model or None
        model = response.model or model_requested
        return (
            call_id.hexdigest(),
            record_no,
            line_no,
            offset,
            _moment(found.timestamp),
            found.id or None,
            response.id,
            found.latency_ms,
            found.ttft_ms,
            providers.of_model(model) if model else None,
            model,
            model_requested,
            shape,
            found.session_id or outer.conversation_id or inner.conversation_id,
            found.trace_id or outer.trace_id or inner.trace_id,
            found.project or outer.project or inner.project,
            (request.user if shape == openai_chat.name else labels.messages_user)
            or found.user
            or outer.user_id
            or inner.user_id,
            outer.api_key_id or inner.api_key_id,
            outer.team or inner.team,
            labels.tags,
            found.status,
            finish or None,
            settings.choices,
            uncached,
            read,
            written,
            hour,
            output,
            reasoned,
            settings.hosted,
            settings.tool_names,
            settings.form,
            request_hash.hexdigest(),
            system,
            encoded,
            settings.tools,
            settings.params,
            said,
        )

    def _settings_of(self, request: Request, shape: str) -> _Settings:
        common, rare = _common(request), _rare(request)
        # 0 and 0.0 are the same key and other words.
        key: Any = (shape, common, type(request.temperature), type(request.top_p))
        if rare != _NOTHING_RARE:
            key = (key, tuple(map(bytes, rare)))
        found = self._settings.get(key)
        if found is None:
            if len(self._settings) >= _MAX_CACHED:
                self._settings.clear()
            found = self._settings[key] = _settings(request, shape)
        return found

    def _labels_of(self, record: Pair) -> _Labels:
        metadata, tags, asked = record.metadata, record.tags, record.request.metadata
        if metadata is tags is asked is UNSET:
            return _NO_LABELS
        key = (bytes(metadata), bytes(tags), bytes(asked))
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= _MAX_CACHED:
                self._labels.clear()
            found = self._labels[key] = _labels(*key)
        return found


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


def _chat_usage(usage: Usage) -> tuple[int, int, int, int, int, int | None]:
    prompt, output = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or output is None:
        raise _DoesNotFitError
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


def _messages_usage(usage: Usage) -> tuple[int, int, int, int, int]:
    given, output = usage.input_tokens, usage.output_tokens
    if given is None or output is None or usage.service_tier == "batch":
        raise _DoesNotFitError
    written, hour = usage.cache_creation_input_tokens or 0, 0
    split = usage.cache_creation
    if split is not None:
        hour = split.ephemeral_1h_input_tokens or 0
        written = max(written, hour + (split.ephemeral_5m_input_tokens or 0))
    return given, usage.cache_read_input_tokens or 0, written - hour, hour, output


def _settings(request: Request, shape: str) -> _Settings:
    """Decode the settings of a request as its shape does."""
    body = {name: getattr(request, name) for name in _COMMON}
    for name in _RARE:
        if (raw := getattr(request, name)) is not UNSET:
            body[name] = orjson.loads(bytes(raw))
    kept = [PARAMS[name] for name, value in body.items() if name in PARAMS and value is not None]
    if len(kept) > len(set(kept)):
        raise _DoesNotFitError  # two spellings of one parameter: their order in the record decides
    call = Call()
    (openai_chat if shape == openai_chat.name else anthropic).request(
        call, {**body, "model": None, "messages": []}
    )
    return _Settings(
        as_json(call.params) if call.params else None,
        as_json(call.tools) if call.tools else None,
        tool_names(call.tools) if call.tools else None,
        form_of(call.params) if call.params else None,
        call.choices,
        call.needs_hosted_tools,
    )


def _labels(metadata: bytes, tags: bytes, asked: bytes) -> _Labels:
    """Read metadata and tags as those of any pair are read; empty where there are none."""
    outer, inner = Call(), Call()
    for raw in filter(None, (metadata, tags)):
        surroundings.around(outer, "", orjson.loads(raw))
    value = orjson.loads(asked) if asked else None
    surroundings.around(inner, "", value)
    both = {**(outer.tags or {}), **(inner.tags or {})}
    user = text(value.get("user_id")) if isinstance(value, dict) else None
    return _Labels(outer, inner, user, as_json(both) if both else None)


def _moment(value: str) -> datetime:
    """Read a time as ``values.moment`` does; raises for all but the plainest."""
    found = datetime.fromisoformat(value)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise _DoesNotFitError
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _batch(columns: dict[str, Any], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is not None:
            arrays.append(pa.array(values, field.type))
        elif field.name in _SAME:
            arrays.append(pa.repeat(pa.scalar(_SAME[field.name], field.type), rows))
        elif field.name == "outcome":
            arrays.append(pa.repeat("call", rows))
        else:
            arrays.append(pa.nulls(rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

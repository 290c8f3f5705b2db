"""Outcomes of records to columns: identity, masks and JSON text, ready for the database.

Everything here is pure and runs in a thread of its own. Identity and the hash for finding equal
requests are keyed and taken before masking, so that a mask never makes two calls one.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa

from auditor.privacy.masking import Masker, excerpt, sensitivity_class, suspects
from auditor.readers import plausible
from auditor.readers.call import TOKEN_COUNTS, UNREAD, Call, NotCall, Reject, stumbled
from auditor.readers.columns import identity, labels
from auditor.readers.values import dumps, encodable, is_call_time, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from auditor.readers.call import Outcome

_US = pa.timestamp("us", tz="UTC")
_TYPES: dict[str, pa.DataType] = {
    "call_id": pa.string(),
    "record_no": pa.int64(),
    "line_no": pa.int64(),
    "reader": pa.string(),
    "log_id": pa.string(),
    "provider_response_id": pa.string(),
    "called_at": _US,
    "time_kind": pa.string(),
    "latency_ms": pa.float64(),
    "ttft_ms": pa.float64(),
    "provider": pa.string(),
    "model": pa.string(),
    "model_requested": pa.string(),
    "endpoint": pa.string(),
    "api_shape": pa.string(),
    "conversation_id": pa.string(),
    "trace_id": pa.string(),
    "parent_id": pa.string(),
    "attempt_no": pa.int32(),
    "project": pa.string(),
    "user_id": pa.string(),
    "api_key_id": pa.string(),
    "team": pa.string(),
    "tags": pa.string(),
    "status": pa.string(),
    "http_status": pa.int32(),
    "error": pa.string(),
    "finish_reason": pa.string(),
    "choices": pa.int32(),
    "content_state": pa.string(),
    "usage_state": pa.string(),
    "input_uncached_tokens": pa.int64(),
    "cache_read_tokens": pa.int64(),
    "cache_write_5m_tokens": pa.int64(),
    "cache_write_1h_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "reasoning_tokens": pa.int64(),
    "web_searches": pa.int64(),
    "extra_units": pa.string(),
    "inner_usage": pa.string(),
    "context_tokens": pa.int64(),
    "region": pa.string(),
    "service_tier": pa.string(),
    "needs_vision": pa.bool_(),
    "needs_hosted_tools": pa.bool_(),
    "logged_cost_usd": pa.float64(),
    "implausible": pa.list_(pa.string()),
    "logged_cost_by": pa.string(),
    "copy_key": pa.string(),
    "tool_names": pa.list_(pa.string()),
    "response_format": pa.string(),
    "request_hash": pa.string(),
    "masked": pa.int32(),
    "system_text": pa.string(),
    "messages": pa.string(),
    "tools": pa.string(),
    "params": pa.string(),
    "response_text": pa.string(),
    "tool_calls": pa.string(),
}
_FINISHED = (
    "call_id",
    "record_no",
    "line_no",
    "tags",
    "tool_names",
    "response_format",
    "request_hash",
    "masked",
    "system_text",
    "messages",
    "tools",
    "params",
    "response_text",
    "tool_calls",
    "error",
    "extra_units",
    "inner_usage",
)
_PLAIN = [name for name in _TYPES if name not in _FINISHED]
_plain = attrgetter(*_PLAIN)
_PLACES = {name: place for place, name in enumerate(_PLAIN)}
CALLS = pa.schema([(name, _TYPES[name]) for name in (*_FINISHED, *_PLAIN)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """What to look for in the texts of a call.

    ``classes`` off looks for secrets only; ``personal`` masks personal data too.
    """

    personal: bool = False
    classes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A run of records as Arrow tables; record and line numbers count from 1 within the run."""

    calls: pa.Table
    """Every call with its texts, repeated ones too."""
    ledger: pa.Table
    """record_no, member, byte_offset, outcome, call_id of every record."""
    rejects: pa.Table
    sensitivity: pa.Table
    records: int
    lines: int
    position: int
    """How far the source is read: before a last line without a line feed."""


TABLES = ("calls", "ledger", "rejects", "sensitivity")
"""The tables of ``Columns``; all of them number their records."""

LEDGER = pa.schema(
    [
        ("record_no", pa.int64()),
        ("member", pa.string()),
        ("byte_offset", pa.int64()),
        ("outcome", pa.string()),
        ("call_id", pa.string()),
    ]
)
_REJECTS = pa.schema(
    [
        ("record_no", pa.int64()),
        ("member", pa.string()),
        ("line_no", pa.int64()),
        ("byte_offset", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("excerpt", pa.string()),
    ]
)
SENSITIVITY = pa.schema(
    [
        ("call_id", pa.string()),
        ("record_no", pa.int64()),
        ("rule_id", pa.string()),
        ("class", pa.string()),
        ("n", pa.int32()),
    ]
)


def table_of(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Return rows, whose values are in the order of a schema, as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [
        pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


class Beside(NamedTuple):
    """Tables of records that were not collected one by one; as those of ``Columns``."""

    calls: pa.Table
    ledger: pa.Table
    sensitivity: pa.Table


class Batch:
    """Collects the outcomes of a run of records."""

    def __init__(self, masking: Masking, modified_at: datetime | None = None) -> None:
        self.masking = masking
        at = moment(modified_at)
        self._file_time = at if is_call_time(at) else None
        self.records = 0
        self.characters = 0
        """Of the texts of its calls."""
        self._calls: list[tuple[Any, ...]] = []
        self._ledger: list[tuple[Any, ...]] = []
        self._rejects: list[tuple[Any, ...]] = []
        self._sensitivity: list[tuple[Any, ...]] = []

    def add(
        self,
        outcome: Outcome,
        raw: bytes,
        line_no: int | None = None,
        offset: int | None = None,
        member: str | None = None,
    ) -> None:
        """Take the outcome of the next record; ``raw`` is what an excerpt is made of."""
        self.records += 1
        member = labels.masked_name(member) if member else member
        row = self._row(outcome, line_no) if isinstance(outcome, Call) else outcome
        if isinstance(row, tuple):
            self._calls.append(row)
            kind, call_id = "call", row[0]
        elif isinstance(row, NotCall):
            kind = "not-call"
            part_of = row.call.provider_response_id if row.call is not None else None
            call_id = identity.of_response(part_of) if part_of else None
        else:
            kind, call_id = "reject", None
            self._reject(row, line_no, offset, member, raw)
        self._ledger.append((self.records, member, offset, kind, call_id))

    def _row(self, call: Call, line_no: int | None) -> tuple[Any, ...] | Reject:
        """Return the row of a call; an error of ours costs this record, not the run."""
        try:
            return self._settled(call, line_no)
        except Exception as error:  # noqa: BLE001 - whatever it is
            return stumbled(error)

    def _settled(self, call: Call, line_no: int | None) -> tuple[Any, ...]:
        call.implausible = plausible.take_off(call)
        if call.called_at is not None:
            call.time_kind = call.time_kind if call.time_kind != UNREAD else "start"
        elif call.time_kind != UNREAD and self._file_time is not None:
            # Some formats carry no time: the file's is the best there is, and says so.
            call.called_at, call.time_kind = self._file_time, "file"
        if call.logged_cost_usd is not None and call.logged_cost_by is None:
            call.logged_cost_by = "log"
        if not call.output_tokens and not call.input_uncached_tokens:
            _drop_empty_usage(call)
        return self._finish(call, line_no)

    def _reject(
        self,
        outcome: Reject,
        line_no: int | None,
        offset: int | None,
        member: str | None,
        raw: bytes,
    ) -> None:
        detail = excerpt(outcome.detail.encode("utf-8", "replace"))
        self._rejects.append(
            (self.records, member, line_no, offset, outcome.reason, detail, excerpt(raw))
        )

    def columns(self, *, lines: int, position: int, beside: Beside | None = None) -> Columns:
        """Return what was collected; ``beside`` is what was made another way."""
        calls = self._fitting_calls()
        ledger = table_of(self._ledger, LEDGER)
        sensitivity = table_of(self._sensitivity, SENSITIVITY)
        if beside is not None:
            calls = pa.concat_tables([beside.calls, calls])
            ledger = pa.concat_tables([beside.ledger, ledger])
            sensitivity = pa.concat_tables([beside.sensitivity, sensitivity])
        return Columns(
            calls=calls,
            ledger=ledger,
            rejects=table_of(self._rejects, _REJECTS),
            sensitivity=sensitivity,
            records=self.records,
            lines=lines,
            position=position,
        )

    def _fitting_calls(self) -> pa.Table:
        """Return the calls; one whose values fit no column becomes a reject."""
        try:
            return table_of(self._calls, CALLS)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pass
        fitting = []
        for row in self._calls:
            try:
                fitting.append(table_of([row], CALLS))
            except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
                self._take_back(row[CALLS.get_field_index("record_no")], stumbled(error))
        return pa.concat_tables(fitting) if fitting else table_of([], CALLS)

    def _take_back(self, record_no: int, why: Reject) -> None:
        """Make a record that was a call a reject."""
        at = next(n for n, entry in enumerate(self._ledger) if entry[0] == record_no)
        _, member, offset, _, _ = self._ledger[at]
        self._ledger[at] = (record_no, member, offset, "reject", None)
        self._rejects.append((record_no, member, None, offset, why.reason, why.detail, None))
        self._sensitivity = [found for found in self._sensitivity if found[1] != record_no]

    def _finish(self, call: Call, line_no: int | None) -> tuple[Any, ...]:
        """Return the row of a call. JSON stays bytes: Arrow takes UTF-8 as it is."""
        try:
            system = call.system_text.encode() if call.system_text else b""
            answer = call.response_text.encode() if call.response_text else b""
            error = call.error.encode() if call.error else b""
            messages = as_json(call.messages)
            tools = as_json(call.tools) if call.tools else None
            params = as_json(call.params) if call.params else None
            tool_calls = as_json(call.tool_calls) if call.tool_calls else None
            tags = as_json(call.tags) if call.tags else None
            asked = (call.model_requested or "").encode()
            in_labels = labels.masker_of(call)
        except UnicodeEncodeError:
            return self._finish(_cleaned(call), line_no)
        answered = b"\x00".join((answer, tool_calls or b"", error, tags or b""))
        settings, prompt = identity.of_settings(tools, params), identity.of_system(system)
        (request_hash,) = identity.of_requests([asked], [prompt], [settings], [messages or b""])
        call_id = identity.of_call(call, request_hash, answered)
        plain = _plain(call)
        if renamed := labels.masked_labels(call, in_labels):
            plain = tuple(renamed.get(name, plain[place]) for name, place in _PLACES.items())
        found, masked = in_labels.counts, in_labels.masked
        texts: tuple[str | None, ...] = (call.system_text, call.response_text, call.error)
        searched = b"\x00".join(
            (asked, system, messages or b"", tools or b"", params or b"", answered)
        )
        self.characters += len(searched)
        hits = suspects(searched, secrets_only=not self.masking.classes)
        if hits:
            masker = Masker(hits, personal=self.masking.personal)
            messages = _masked(masker, call.messages)
            tools = _masked(masker, call.tools)
            params = _masked(masker, call.params)
            tool_calls = _masked(masker, call.tool_calls)
            tags = _masked(masker, call.tags)
            texts = tuple(masker.text(text) if text else text for text in texts)
            masked += masker.masked
            found += masker.counts
        self._sensitivity += [
            (call_id, self.records, rule, sensitivity_class(rule), n) for rule, n in found.items()
        ]
        names = tool_names(call.tools) if call.tools else None
        form = form_of(call.params) if call.params else None
        if hits:
            names = [masker.text(name) for name in names] if names else names
            form = masker.text(form) if form else form
        return (
            call_id,
            self.records,
            line_no,
            tags,
            names,
            form,
            request_hash,
            masked,
            texts[0],
            messages,
            tools,
            params,
            texts[1],
            tool_calls,
            texts[2],
            as_json(call.extra_units) if call.extra_units else None,
            _masked(in_labels, call.inner_usage) if call.inner_usage else None,
            *plain,
        )


def _drop_empty_usage(call: Call) -> None:
    """Take counts of 0 and 0 for what they are: how a log writes that it does not know."""
    if call.usage_state != "absent" and not call.cache_read_tokens:
        call.usage_state = "absent"
        for name in TOKEN_COUNTS:
            setattr(call, name, None)


def as_json(value: Any) -> bytes | None:
    """Return JSON in the form that is hashed and stored: compact, keys sorted."""
    if value is None:
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        return dumps(value).encode()


def _masked(masker: Masker, value: Any) -> bytes | None:
    return as_json(masker.value(value)) if value else as_json(value)


def tool_names(tools: Iterable[Any]) -> list[str]:
    """Return the names of tool definitions, sorted."""
    return sorted(filter(None, map(_tool_name, tools)))


def _tool_name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return encodable(name) if isinstance(name, str) else None


def form_of(params: Mapping[str, Any]) -> str | None:
    """Return the form that the parameters ask the answer to have; None: text."""
    form = params.get("response_format")
    if not isinstance(form, dict) or form.get("type") in (None, "text"):
        return None
    schema = form.get("json_schema")
    name = schema.get("name") if isinstance(schema, dict) else None
    return encodable(f"{form['type']}:{name}" if name else str(form["type"]))


def _cleaned(call: Call) -> Call:
    """Return a call whose texts UTF-8 can hold."""
    for name, value in vars(call).items():
        if isinstance(value, str):
            setattr(call, name, encodable(value))
        elif isinstance(value, list | dict):
            setattr(call, name, orjson.loads(dumps(value)))
    return call

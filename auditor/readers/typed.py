"""The shortest way for the commonest record: a plain pair of texts, decoded straight into columns.

Most logs are request and response pairs in OpenAI's chat or Anthropic's Messages shape whose
messages are texts. What such a pair may hold is in ``pair_types``; lines that fit those are decoded
in C and become columns together (``pair_columns``), without passing through a ``Call``.
A line that does not fit, in whatever way (tools called, images, an error, a secret), is left to the
readers: the row of a line is the same on either way, which ``tests/test_readers_typed.py`` holds
them to.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from auditor.readers.batch import CALLS, LEDGER
from auditor.readers.formats import pair
from auditor.readers.pair_columns import PairColumns
from auditor.readers.pair_types import ChatPair, MessagesPair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.readers.batch import Masking
    from auditor.readers.pair_columns import Columns

    Bools = np.ndarray[Any, np.dtype[np.bool_]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

_decode_chat = msgspec.json.Decoder(ChatPair).decode
_decode_messages = msgspec.json.Decoder(MessagesPair).decode

CHUNK_LINES = 512
"""Lines whose texts are decoded, hashed and searched together, while they are in the cache."""

_CHAT_ONLY = b'"choices"'
"""Tells the shapes apart before they are decoded; within a text its quotes would be escaped."""

_SAME: dict[str, Any] = {
    "reader": pair.name,
    "time_kind": "start",
    "status": "ok",
    "content_state": "full",
    "usage_state": "provider",
    "service_tier": "standard",
    "needs_vision": False,
    "masked": 0,
    "outcome": "call",
}
"""The columns that are the same in every row; those that are named nowhere are NULL."""


class _Gathered:
    """The columns of the pairs of one shape, chunk after chunk."""

    def __init__(self) -> None:
        self.at: list[int] = []
        """The line of each row, from 0 within the piece."""
        self._times: list[pa.Array] = []
        self._columns: dict[str, list[Any]] = {}

    def add(self, at: Iterable[int], fit: Iterable[bool], columns: Columns) -> None:
        """Add the rows of a chunk; ``fit`` says of which of the lines they are."""
        if columns:
            self.at += compress(at, fit)
            self._times.append(columns.pop("called_at"))
            for name, values in columns.items():
                self._columns.setdefault(name, []).extend(values)

    def arrays(self) -> dict[str, pa.Array]:
        """Return the columns but for the places of the rows."""
        found = {name: _array(name, values) for name, values in self._columns.items()}
        return found | {"called_at": pa.concat_arrays(self._times)}


class TypedPairs:
    """Decodes the lines of a piece that fit the types, and makes columns of them."""

    def __init__(self, masking: Masking) -> None:
        self._columns = PairColumns(masking)
        self._chats, self._messages = _Gathered(), _Gathered()

    def take(self, lines: Sequence[bytes]) -> Bools:
        """Take the lines that fit, and say which those are."""
        for start in range(0, len(lines), CHUNK_LINES):
            self._take(start, lines[start : start + CHUNK_LINES])
        fits = np.zeros(len(lines), dtype=bool)
        for gathered in (self._chats, self._messages):
            fits[gathered.at] = True
        return fits

    def _take(self, start: int, lines: Sequence[bytes]) -> None:
        chats: list[ChatPair] = []
        messages: list[MessagesPair] = []
        chats_at: list[int] = []
        messages_at: list[int] = []
        for at, line in enumerate(lines, start):
            try:
                if not line.isascii():
                    line.decode()  # what no field holds is skipped unseen, and may be no UTF-8
                if _CHAT_ONLY in line:
                    chats.append(_decode_chat(line))
                    chats_at.append(at)
                else:
                    messages.append(_decode_messages(line))
                    messages_at.append(at)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
        if chats:
            self._chats.add(chats_at, *self._columns.chats(chats))
        if messages:
            self._messages.add(messages_at, *self._columns.messages(messages))

    def tables(
        self, *, record_no: Numbers, line_no: Numbers, byte_offset: Numbers
    ) -> tuple[pa.Table, pa.Table]:
        """Return the calls and their lines of the ledger, given the places of all lines.

        A chunk for each shape: DuckDB takes chunks one by one, and small ones cost a third more.
        """
        places = {"record_no": record_no, "line_no": line_no, "byte_offset": byte_offset}
        calls, ledger = [], []
        for gathered in (self._chats, self._messages):
            if at := gathered.at:
                columns = gathered.arrays()
                columns |= {name: pa.array(values[at]) for name, values in places.items()}
                calls.append(_batch(columns, CALLS, len(at)))
                ledger.append(_batch(columns, LEDGER, len(at)))
        return pa.Table.from_batches(calls, CALLS), pa.Table.from_batches(ledger, LEDGER)


def _array(name: str, values: list[Any]) -> pa.Array:
    kind = CALLS.field(name).type
    if kind == pa.string() and isinstance(values[0], bytes):
        return pa.array(values, pa.binary()).view(kind)  # UTF-8 already, need not be looked at
    return pa.array(values, kind)


def _batch(columns: dict[str, pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        if field.name in columns:
            arrays.append(columns[field.name])
        elif field.name in _SAME:
            arrays.append(pa.repeat(pa.scalar(_SAME[field.name], field.type), rows))
        else:
            arrays.append(pa.nulls(rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)

"""The shortest way for the commonest record: a plain pair of texts, decoded straight into columns.

Most logs are request and response pairs in OpenAI's chat or Anthropic's Messages shape whose
messages are texts. What such a pair may hold is in ``pair_types``; lines that fit those are decoded
in C and become columns together (``pair_columns``), without passing through a ``Call``.
A line that does not fit, in whatever way (tools called, images, an error, a secret), is left to the
readers: the row of a line is the same on either way, which ``tests/readers/test_typed.py`` holds
them to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from auditor.privacy.masking import sensitivity_class
from auditor.readers.columns import identity
from auditor.readers.columns.batch import CALLS, LEDGER, SENSITIVITY, Beside, table_of
from auditor.readers.columns.pair_columns import ChatColumns, MessagesColumns
from auditor.readers.columns.pair_types import ChatPair, MessagesPair
from auditor.readers.formats import pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.readers.columns.batch import Masking

    Bools = np.ndarray[Any, np.dtype[np.bool_]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

_decode_chat = msgspec.json.Decoder(ChatPair).decode
_decode_messages = msgspec.json.Decoder(MessagesPair).decode

CHUNK_LINES = 4096
"""Lines whose objects are in memory together: most often all of a piece.

A chunk costs a millisecond beside its lines, which is more than is lost where it outgrows the
cache: of 512 lines each, a piece takes a sixth longer.
"""

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


class TypedPairs:
    """Decodes the lines of a piece that fit the types, and makes columns of them."""

    def __init__(self, masking: Masking) -> None:
        self._chats, self._messages = ChatColumns(masking), MessagesColumns(masking)

    def decode(self, lines: Sequence[bytes]) -> Bools:
        """Take the lines that fit, and say which those are."""
        for start in range(0, len(lines), CHUNK_LINES):
            self._decode(start, lines[start : start + CHUNK_LINES])
        fits = np.zeros(len(lines), dtype=bool)
        for shape in (self._chats, self._messages):
            fits[shape.at] = True
        return fits

    def _decode(self, start: int, lines: Sequence[bytes]) -> None:
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
            self._chats.add(chats_at, chats)
        if messages:
            self._messages.add(messages_at, messages)

    def tables(self, *, record_no: Numbers, line_no: Numbers, byte_offset: Numbers) -> Beside:
        """Return the calls, their lines of the ledger, and what is personal in them.

        The places are those of all lines.

        A chunk for each shape: DuckDB takes chunks one by one, and small ones cost a third more.
        """
        places = {"record_no": record_no, "line_no": line_no, "byte_offset": byte_offset}
        calls, ledger = [], []
        for shape in (self._chats, self._messages):
            if at := shape.at:
                columns = shape.arrays()
                columns |= {name: pa.array(values[at]) for name, values in places.items()}
                calls.append(_batch(columns, CALLS, len(at)))
                ledger.append(_batch(columns, LEDGER, len(at)))
        return Beside(
            pa.Table.from_batches(calls, CALLS),
            pa.Table.from_batches(ledger, LEDGER),
            table_of(self._personal(record_no), SENSITIVITY),
        )

    def _personal(self, record_no: Numbers) -> list[tuple[Any, ...]]:
        found = [*self._chats.personal, *self._messages.personal]
        ids = identity.of_responses([response_id for _, response_id, _ in found])
        return [
            (call_id, int(record_no[line]), rule, sensitivity_class(rule), n)
            for call_id, (line, _, counts) in zip(ids, found, strict=True)
            for rule, n in counts.items()
        ]


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

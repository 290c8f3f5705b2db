"""Columns on their way from one process to another.

The tables go as Arrow IPC streams. On Linux they lie in memory that has no name on any disk and
that both processes map, so that nothing is copied; elsewhere, and where they are small, they go
through the socket.

Sources: Apache Arrow, "IPC Streaming Format"; memfd_create(2); unix(7), SCM_RIGHTS.
"""

from __future__ import annotations

import mmap
import os
import socket
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from auditor.readers.columns.batch import TABLES, Columns

if TYPE_CHECKING:
    from collections.abc import Iterator

_INLINE_BYTES = 32 * 1024
_SHARES_MEMORY = hasattr(os, "memfd_create")
_BUFFER_BYTES = 1 << 20


class Sheet(NamedTuple):
    """Columns as they travel: of which source of the shard, and how large each table is."""

    source_no: int
    records: int
    lines: int
    position: int
    sizes: tuple[int, ...]
    shared: bool

    @property
    def size(self) -> int:
        """How many bytes the tables take."""
        return sum(self.sizes)


class Done(NamedTuple):
    """All of a shard has been sent; ``error`` says what ended it before its end."""

    error: Exception | None = None


class Channel:
    """One end of a socket between two processes. One thread may send while another receives."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._connection = Connection(os.dup(end.fileno()))

    def send(self, message: Any) -> None:
        """Send a small object.

        Raises:
            OSError: the other process has ended.
        """
        self._connection.send(message)

    def receive(self) -> Any:
        """Wait for the next object.

        Raises:
            EOFError: the other process has ended.
            OSError: so it has, in the middle of something.
        """
        return self._connection.recv()

    def send_columns(self, source_no: int, columns: Columns, sizes: tuple[int, ...]) -> None:
        """Send columns, whose tables take ``sizes`` bytes as ``sizes_of`` returns them."""
        shared = _SHARES_MEMORY and sum(sizes) > _INLINE_BYTES
        self.send(Sheet(source_no, columns.records, columns.lines, columns.position, sizes, shared))
        if not shared:
            sink = pa.BufferOutputStream()
            _write(columns, sink)
            self._connection.send_bytes(sink.getvalue())
            return
        memory = os.memfd_create("columns")
        try:
            with os.fdopen(os.dup(memory), "wb", _BUFFER_BYTES) as file:
                _write(columns, pa.PythonFile(file, mode="w"))
            socket.send_fds(self._socket, [b"\0"], [memory])
        finally:
            os.close(memory)

    def receive_columns(self, sheet: Sheet) -> Columns:
        """Return the columns that follow a sheet.

        Raises:
            EOFError: the other process has ended.
        """
        if sheet.shared:
            _, memory, _, _ = socket.recv_fds(self._socket, 1, 1)
            if not memory:
                raise EOFError
            try:
                data = pa.py_buffer(mmap.mmap(memory[0], sheet.size, prot=mmap.PROT_READ))
            finally:
                os.close(memory[0])
        else:
            data = pa.py_buffer(self._connection.recv_bytes())
        return Columns(
            **dict(_tables(data, sheet.sizes)),
            records=sheet.records,
            lines=sheet.lines,
            position=sheet.position,
        )

    def close(self) -> None:
        """End it: the other process finds that it is alone."""
        self._connection.close()
        self._socket.close()


def sizes_of(columns: Columns) -> tuple[int, ...]:
    """Return how many bytes each table takes on its way."""
    found = []
    for name in TABLES:
        sink = pa.MockOutputStream()
        _write_table(getattr(columns, name), sink)
        found.append(sink.size())
    return tuple(found)


def _write(columns: Columns, sink: Any) -> None:
    for name in TABLES:
        _write_table(getattr(columns, name), sink)


def _write_table(table: pa.Table, sink: Any) -> None:
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _tables(data: pa.Buffer, sizes: tuple[int, ...]) -> Iterator[tuple[str, pa.Table]]:
    start = 0
    for name, size in zip(TABLES, sizes, strict=True):
        with pa.ipc.open_stream(data.slice(start, size)) as reader:
            yield name, reader.read_all()
        start += size

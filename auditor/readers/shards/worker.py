"""A process that reads shards for another one, in the order in which they come.

It holds no database, opens nothing but the logs, and ends when the other process does.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import warnings
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pyarrow as pa

from auditor.readers.shards.channel import Channel, Done, sizes_of
from auditor.readers.shards.shard import Shard, parse

if TYPE_CHECKING:
    from auditor.readers.shards.shard import Reading


class Orders(NamedTuple):
    """What a worker is told first; it keeps at most ``ahead`` bytes that nobody has taken."""

    reading: Reading
    ahead: int


class Taken(NamedTuple):
    """So many bytes of what was sent are taken."""

    size: int


def main(ends: list[int]) -> None:
    """Serve at each of the ends of sockets that the file descriptors name, a process each.

    The others are copies of the first: what was imported is there once for all of them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    warnings.simplefilter("ignore")  # there is nobody to read them
    pa.set_memory_pool(pa.system_memory_pool())
    mine, *others = ends
    copies = []
    while others:
        end = others.pop()
        if copy := os.fork():
            copies.append(copy)
            os.close(end)
            continue
        for other in (mine, *others):
            os.close(other)
        mine, copies = end, []
        break
    _Worker(socket.socket(fileno=mine), copies).serve()


class _Worker:
    """Reads what it is given and sends what it finds."""

    def __init__(self, end: socket.socket, copies: list[int]) -> None:
        self._channel = Channel(end)
        self._copies = copies
        self._news = threading.Condition()
        self._shards: deque[Shard] = deque()
        self._waiting = 0
        """Bytes that are sent and not taken."""

    def serve(self) -> None:
        """Read shards until the other process ends."""
        orders: Orders = self._receive()
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            with self._news:
                self._news.wait_for(lambda: self._shards)
                shard = self._shards.popleft()
            self._read(shard, orders)

    def _read(self, shard: Shard, orders: Orders) -> None:
        error = None
        try:
            for source_no, columns in parse(shard, orders.reading):
                sizes = sizes_of(columns)
                self._wait_for(sum(sizes), orders.ahead)
                self._channel.send_columns(source_no, columns, sizes)
        except Exception as found:  # noqa: BLE001 - it is raised where it was asked for
            error = found
        try:
            self._channel.send(Done(error))
        except OSError:
            self._end()
        except Exception:  # noqa: BLE001 - an error that cannot travel is told in words
            self._channel.send(Done(RuntimeError(f"{type(error).__name__}: {error}")))

    def _wait_for(self, size: int, ahead: int) -> None:
        """Wait until there is room for so many bytes."""
        with self._news:
            self._news.wait_for(lambda: not self._waiting or self._waiting + size <= ahead)
            self._waiting += size

    def _listen(self) -> None:
        """Take what the other process says."""
        while True:
            message = self._receive()
            with self._news:
                if isinstance(message, Taken):
                    self._waiting -= message.size
                else:
                    self._shards.append(message)
                self._news.notify()

    def _receive(self) -> Any:
        try:
            return self._channel.receive()
        except (EOFError, OSError):
            self._end()

    def _end(self) -> NoReturn:
        """End at once: the other process has, and the copies do it by themselves."""
        for copy in self._copies:
            with suppress(ChildProcessError):  # the other thread has waited for it
                os.waitpid(copy, 0)
        os._exit(0)

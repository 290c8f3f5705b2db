"""Who reads shards: a thread of this process, or several processes beside it.

Either way they come back in their order, so nothing that is written depends on how many read.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from auditor.errors import LogError
from auditor.readers.files.containers import PIECE_BYTES
from auditor.readers.shards.channel import Channel, Done
from auditor.readers.shards.shard import Reading, Shard, parse
from auditor.readers.shards.worker import Orders, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from auditor.readers.columns.batch import Columns

AHEAD_BYTES = 160 << 20
"""How much of the logs is read ahead: about what is read while one batch is written."""

_AHEAD_RECORDS = 400_000
"""And how many records by a thread: a piece may be four million line feeds."""

_AHEAD_SHARDS = 256
WORTHWHILE_BYTES = 48 << 20
"""Below this a process has hardly begun when the thread is done."""

_END_S = 5.0
_BEGIN = "import sys; sys.path[:] = {path!r}; from auditor.readers.shards import worker; "
"""``-P`` and the path of this process: nothing is imported from the folder of the logs."""


class Run(NamedTuple):
    """A run of records of one source of a shard; without ``columns`` the end of the shard."""

    shard: Shard
    source_no: int = 0
    columns: Columns | None = None


class Pool(ABC):
    """Reads shards."""

    @abstractmethod
    def read(self, shards: Iterable[Shard]) -> Iterator[Run]:
        """Yield what the shards hold, in their order.

        Raises:
            LogError: a process that reads has ended.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """End whoever reads."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS lets a process use them all
        return os.cpu_count() or 1


def pool(reading: Reading, size: int, processes: int | None = None) -> Pool:
    """Return who reads logs of so many bytes; ``processes`` None: one on each core."""
    count = processes or cores()
    if count > 1 and size >= WORTHWHILE_BYTES and sys.executable:
        return Processes(reading, count)
    return InThread(reading)


class InThread(Pool):
    """Reads pieces ahead in one thread.

    Python reads and DuckDB writes without Python's lock: that keeps most of two cores busy.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def read(self, shards: Iterable[Shard]) -> Iterator[Run]:
        """Yield what the shards hold, in their order."""
        with ThreadPoolExecutor(1, "reader") as threads:
            waiting: deque[Future[list[Run]]] = deque()
            ahead = AHEAD_BYTES // PIECE_BYTES
            try:
                for shard in shards:
                    if shard.piece is None:
                        # It may be larger than memory: nothing of it is read ahead.
                        while waiting:
                            yield from waiting.popleft().result()
                        yield from self._runs(shard)
                        continue
                    waiting.append(threads.submit(self._read_whole, shard))
                    while len(waiting) > ahead or _records(waiting) > _AHEAD_RECORDS:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def _read_whole(self, shard: Shard) -> list[Run]:
        return list(self._runs(shard))

    def _runs(self, shard: Shard) -> Iterator[Run]:
        yield from (Run(shard, n, columns) for n, columns in parse(shard, self._reading))
        yield Run(shard)


def _records(waiting: Iterable[Future[list[Run]]]) -> int:
    """Count the records that are read and wait to be taken."""
    read = (job.result() for job in waiting if job.done() and not job.exception())
    return sum(run.columns.records for runs in read for run in runs if run.columns is not None)


@dataclass(slots=True, eq=False)
class _Worker:
    """A process that reads, and what it was given and has not yet sent."""

    channel: Channel
    given: int = 0
    size: int = 0

    def give(self, shard: Shard) -> None:
        self.given += 1
        self.size += shard.size
        self.channel.send(shard)

    def finished(self, shard: Shard) -> None:
        self.given -= 1
        self.size -= shard.size


class Processes(Pool):
    """Reads in several processes, each of which gets the next shard when it has room for it."""

    def __init__(self, reading: Reading, count: int) -> None:
        ours, theirs = zip(*(socket.socketpair() for _ in range(count)), strict=True)
        ends = [end.fileno() for end in theirs]
        begin = _BEGIN.format(path=sys.path) + f"worker.main({ends})"
        self._process = subprocess.Popen(  # noqa: S603 - this Python, and nothing from outside
            [sys.executable, "-P", "-c", begin],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in theirs:
            end.close()
        self._ahead = AHEAD_BYTES // count
        self._workers = [_Worker(Channel(end)) for end in ours]
        for worker in self._workers:
            worker.channel.send(Orders(reading, self._ahead))

    def read(self, shards: Iterable[Shard]) -> Iterator[Run]:
        """Yield what the shards hold, in their order."""
        waiting: deque[tuple[Shard, _Worker]] = deque()
        coming = iter(shards)
        following = next(coming, None)
        while following or waiting:
            while following and (worker := self._next(following, waiting)):
                self._say(worker, following)
                waiting.append((following, worker))
                following = next(coming, None)
            shard, worker = waiting.popleft()
            yield from self._runs(shard, worker)
            worker.finished(shard)

    def _next(self, shard: Shard, waiting: Iterable[tuple[Shard, _Worker]]) -> _Worker | None:
        """Return who reads a shard; None: it has to wait."""
        worker = min(self._workers, key=lambda worker: worker.size)
        if shard.kept_whole and any(other.kept_whole for other, _ in waiting):
            return None
        if worker.given and worker.size + shard.size > self._ahead:
            return None
        return worker if worker.given < _AHEAD_SHARDS else None

    def _say(self, worker: _Worker, shard: Shard) -> None:
        try:
            worker.give(shard)
        except OSError as error:
            raise self._ended(shard) from error

    def _runs(self, shard: Shard, worker: _Worker) -> Iterator[Run]:
        while True:
            try:
                message = worker.channel.receive()
                if isinstance(message, Done):
                    break
                columns = worker.channel.receive_columns(message)
            except (EOFError, OSError) as error:
                raise self._ended(shard) from error
            yield Run(shard, message.source_no, columns)
            with suppress(OSError):  # if it has ended, the next message says so
                worker.channel.send(Taken(message.size))
        if message.error is not None:
            raise message.error
        yield Run(shard)

    @staticmethod
    def _ended(shard: Shard) -> LogError:
        where = shard.sources[0].path
        if shard.piece is not None:
            where += f", bytes {shard.piece.start:,} to {shard.piece.end:,}"
        return LogError(
            f"{where}: the process that reads it has ended",
            hint="is the memory full? What was read before is kept: run the same command again "
            "with --processes 1",
        )

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.channel.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

"""Balances requests over servers: each gets as many at a time as it answers well."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

_START = 4
_MOST = 32
_WORTHWHILE = 1.05  # more at a time must bring this much more throughput, else growth stops


@dataclass(slots=True)
class Server:
    """One base URL, how many requests it is working on, and how many it may have."""

    url: str
    limit: int = _START
    outstanding: int = 0
    answered: int = 0
    settled: bool = False
    best: float = 0.0
    window_tokens: int = 0
    window_answers: int = 0
    window_began: float = field(default_factory=time.monotonic)


class Balancer:
    """Hands out the server with the fewest requests outstanding for what it can take.

    The limit grows as long as throughput grows with it, and is halved when a server says that it
    is overloaded (as TCP does). A fixed ``concurrency`` is kept as it is, but for overload.
    """

    def __init__(self, urls: tuple[str, ...], concurrency: int | None = None) -> None:
        start = concurrency or _START
        self.servers = [Server(url, limit=start, settled=concurrency is not None) for url in urls]
        self._change = threading.Condition()
        self._closed = False

    @property
    def most(self) -> int:
        """How many requests may ever be outstanding over all servers."""
        return sum(max(s.limit, _START if s.settled else _MOST) for s in self.servers)

    @property
    def answered(self) -> bool:
        """Whether any server has answered anything yet."""
        return any(server.answered for server in self.servers)

    def acquire(self) -> tuple[Server, int] | None:
        """Wait for a server with room.

        Return it and how many requests it now has, None once the balancer is closed.
        """
        with self._change:
            while not self._closed:
                server = min(self.servers, key=lambda s: s.outstanding / s.limit)
                if server.outstanding < server.limit:
                    server.outstanding += 1
                    return server, server.outstanding
                self._change.wait()
            return None

    def answered_by(self, server: Server, tokens: int) -> None:
        """Note that a server answered with so many tokens."""
        with self._change:
            server.outstanding -= 1
            server.answered += 1
            server.window_answers += 1
            server.window_tokens += max(tokens, 1)
            if not server.settled and server.window_answers >= 2 * server.limit:
                self._consider(server)
            self._change.notify_all()

    def overloaded(self, server: Server) -> None:
        """Note that a server refused for now (429, 503), lost the connection or ran out of time."""
        with self._change:
            server.outstanding -= 1
            server.limit = max(1, server.limit // 2)
            server.settled = True
            self._change.notify_all()

    def released(self, server: Server) -> None:
        """Note that a request ended in a way that says nothing about load."""
        with self._change:
            server.outstanding -= 1
            self._change.notify_all()

    def close(self) -> None:
        """Release all waiting threads; they get None."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _consider(self, server: Server) -> None:
        now = time.monotonic()
        throughput = server.window_tokens / max(now - server.window_began, 1e-6)
        if throughput > server.best * _WORTHWHILE and server.limit < _MOST:
            server.limit = min(_MOST, server.limit + max(1, server.limit // 2))
        else:
            server.settled = True
        server.best = max(server.best, throughput)
        server.window_tokens = server.window_answers = 0
        server.window_began = now

"""An engine that is one or several servers: queue, retries and balance, whatever they speak."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from auditor.domain import Answer, Candidate, canonical_json
from auditor.engines.measuring.speed import ServerSpeed
from auditor.engines.servers.addresses import is_loopback
from auditor.engines.servers.balancing import Balancer, Server
from auditor.engines.servers.http_client import Failure, open_client, pause
from auditor.engines.servers.token_counts import TokenCounts
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.domain import Request
    from auditor.engines.base import EngineSettings, MeasuredSpeed
    from auditor.engines.servers.http_client import Arrived

KEY_VARIABLE = "AUDITOR_ENGINE_API_KEY"
_TRIES = 6
_DETAIL = 500
_LAST_REQUESTS_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What to send for a request, and what became of parameters that are not sent as logged.

    ``optional`` names those that can be left out if the server refuses them by name;
    ``max_tokens`` is the most tokens that the answer was allowed.
    """

    body: Mapping[str, Any]
    fidelity: Mapping[str, str]
    repeatable: bool
    max_tokens: int
    optional: frozenset[str] = frozenset()


class Dialect(Protocol):
    """What a kind of server is asked, and how its replies read."""

    def prepare(self, requests: Sequence[Request], client: httpx2.Client, url: str) -> None:
        """Look at all requests, in one thread, before the first is sent."""

    def payload(self, request: Request) -> Payload:
        """Return what to send for a request; its body holds ``messages``."""

    def send(
        self, client: httpx2.Client, url: str, body: Mapping[str, Any], deadline: float
    ) -> Arrived:
        """Send one body and return the whole reply; called by many threads at a time.

        Raises:
            Failure: no complete reply came before ``deadline`` (``time.monotonic``).
        """

    def answer(self, arrived: Arrived, request: Request) -> Answer:
        """Return the answer in a reply.

        Raises:
            Failure: the reply holds none.
        """


class ServerEngine:
    """A model on one or several servers."""

    def __init__(
        self,
        candidate: Candidate,
        dialect: Dialect,
        *,
        urls: tuple[str, ...],
        settings: EngineSettings,
        notes: Sequence[str] = (),
        key_variable: str = KEY_VARIABLE,
    ) -> None:
        self.candidate = candidate
        self._dialect = dialect
        self._key_variable = key_variable
        self._settings = settings
        self._notes = list(notes)
        self._balancer = Balancer(urls, settings.urls_concurrency)
        self._speed = ServerSpeed()
        self._counts = TokenCounts()
        self._threads: list[threading.Thread] = []
        self._local = all(is_loopback(url) for url in urls)

    @property
    def thinks(self) -> bool | None:
        """None: a server does not say."""
        return None

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about this engine."""
        return (*self._notes, *self._counts.notes)

    def answers(
        self, requests: Sequence[Request], done: AbstractSet[str] = frozenset()
    ) -> Iterator[tuple[str, Answer]]:
        """Yield answers as they arrive.

        Requests go out sorted by their messages, so that servers find shared prefixes in their
        caches; equal ones that must give equal answers are sent once.
        """
        self._dialect.prepare(requests, self._client, self._balancer.servers[0].url)
        todo: dict[str, tuple[Payload, list[Request]]] = {}
        for request in requests:
            if request.call_id in done:
                continue
            payload = self._dialect.payload(request)
            key = canonical_json(payload.body)
            if not payload.repeatable:
                key += request.call_id
            todo.setdefault(key, (payload, []))[1].append(request)
        inbox: queue.SimpleQueue[tuple[Payload, list[Request]]] = queue.SimpleQueue()
        for key in sorted(todo, key=lambda key: canonical_json(todo[key][0].body["messages"])):
            inbox.put(todo[key])
        outbox: queue.SimpleQueue[tuple[list[Request], Answer | EngineError]] = queue.SimpleQueue()
        stop = threading.Event()
        for i in range(min(len(todo), self._balancer.most)):
            # Daemons: a server that stalls must not keep the process alive after Ctrl-C.
            thread = threading.Thread(
                target=self._work, args=(inbox, outbox, stop), name=f"server-{i}", daemon=True
            )
            thread.start()
            self._threads.append(thread)
        try:
            for _ in range(len(todo)):
                asked, answer = outbox.get()
                if isinstance(answer, EngineError):
                    raise answer
                for request in asked:
                    yield request.call_id, answer
        finally:
            stop.set()

    def speed(self) -> Sequence[MeasuredSpeed]:
        """What was measured at each number of requests that a server had at a time."""
        return self._speed.rows(self.candidate.candidate_id)

    def close(self) -> None:
        """Close the connections."""
        self._balancer.close()
        # A request under way when another one failed may end: its connection is closed with it.
        deadline = time.monotonic() + _LAST_REQUESTS_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        # Kept, closed: a thread that comes back late must not open another one.
        self._client.close()

    @cached_property
    def _client(self) -> httpx2.Client:
        return open_client(connections=self._balancer.most + 4, trust_env=not self._local)

    def _work(
        self,
        inbox: queue.SimpleQueue[tuple[Payload, list[Request]]],
        outbox: queue.SimpleQueue[tuple[list[Request], Answer | EngineError]],
        stop: threading.Event,
    ) -> None:
        """Send requests until the inbox is empty; a thread's body, so no exception leaves it."""
        while not stop.is_set():
            try:
                payload, asked = inbox.get_nowait()
            except queue.Empty:
                return
            try:
                outbox.put((asked, self._ask(payload, asked[0], stop)))
            except EngineError as error:
                outbox.put((asked, error))
                return
            except Exception as error:  # noqa: BLE001 - an unforeseen reply fails its own request
                detail = f"{type(error).__name__}: {error}"[:_DETAIL]
                outbox.put(
                    (asked, Answer(text=None, error="invalid-response", error_detail=detail))
                )

    def _ask(self, payload: Payload, request: Request, stop: threading.Event) -> Answer:
        """Send one request, with retries; raises EngineError if no request can be answered."""
        body, fidelity = dict(payload.body), dict(payload.fidelity)
        deadline = time.monotonic() + self._settings.timeout_s
        failure = Failure(error="aborted", detail="the run was stopped")
        attempt = 0
        while attempt < _TRIES and not stop.is_set():
            found = self._balancer.acquire()
            if found is None:
                break
            server, concurrency = found
            try:
                answer = self._once(
                    server, replace(payload, body=body), request, concurrency, deadline
                )
            except Failure as error:
                failure = error
                refused = _refused_parameter(failure, body, payload.optional)
                if refused:
                    del body[refused]
                    fidelity[refused] = "dropped: refused by the server"
                    continue
                self._give_up_if_useless(failure, server)
                wait = pause(attempt, failure)
                attempt += 1
                if not failure.transient or time.monotonic() + wait > deadline:
                    break
                stop.wait(wait)
            else:
                fidelity |= answer.fidelity
                return replace(answer, fidelity=fidelity)
        if failure.error in {"no-connection", "connection-lost"} and not stop.is_set():
            self._raise_if_gone(server)
        return Answer(
            text=None, error=failure.error, error_detail=failure.detail[:_DETAIL], fidelity=fidelity
        )

    def _once(
        self,
        server: Server,
        payload: Payload,
        request: Request,
        concurrency: int,
        deadline: float,
    ) -> Answer:
        tokens: int | None = None
        failure: Failure | None = None
        try:
            arrived = self._dialect.send(self._client, server.url, payload.body, deadline)
            answer = self._counts.checked(
                self._dialect.answer(arrived, request), request, payload.max_tokens
            )
            tokens = answer.output_tokens or 0
            self._speed.answer(concurrency, answer)
        except Failure as error:
            failure = error
            raise
        finally:
            if tokens is not None:
                self._balancer.answered_by(server, tokens)
            elif failure is not None and failure.overload:
                self._balancer.overloaded(server)
            else:
                self._balancer.released(server)
        return answer

    def _raise_if_gone(self, server: Server) -> None:
        """Raise if the server has stopped listening: then the fault is not this request's."""
        try:
            self._client.get(server.url, timeout=5.0)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise EngineError(
                f"the server at {server.url} cannot be reached any more: {error}",
                hint="start it and run the same command again: it goes on where it stopped",
                transient=True,
            ) from None
        except (httpx2.HTTPError, Failure):
            return

    def _give_up_if_useless(self, failure: Failure, server: Server) -> None:
        """Raise for what no request would survive: a refused key, an unknown model, no server."""
        if failure.status in {401, 403} and not server.answered:
            raise EngineError(
                f"the server at {server.url} refuses access: {failure.detail}",
                hint=f"put its key into the environment: {self._key_variable}",
            )
        if failure.status in {404, 405} and not server.answered:
            raise EngineError(
                f"the server at {server.url} does not know {self.candidate.model!r}: "
                f"{failure.detail}",
                hint="check the model's name and the URL: --model http://host:port/v1#name",
            )
        if failure.error == "no-connection" and not self._balancer.answered:
            raise EngineError(
                f"the server at {server.url} cannot be reached: {failure.detail}",
                hint="start it, or check the URL: --model http://host:port/v1#name",
                transient=True,
            )


def whole_number(value: Any) -> int | None:
    """Return a count in a reply, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _refused_parameter(
    failure: Failure, body: Mapping[str, Any], optional: frozenset[str]
) -> str | None:
    """Return the parameter that a server refuses by name, if the request can do without it."""
    if failure.status not in {400, 422} or failure.error != "refused":
        return None
    return next(
        (name for name in sorted(optional) if name in body and name in failure.detail), None
    )

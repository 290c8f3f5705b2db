"""What an engine is: the protocol, its settings, and the speed it measures while it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from auditor.domain import MAX_OUTPUT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.domain import Answer, Candidate, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How to run a model. An engine copies what changes its answers into ``Candidate.settings``.

    ``slots`` is how many requests are decoded at a time; ``exact`` answers one request at a time,
    each from an empty cache. ``context_tokens`` caps the context, None is the model's own.
    ``max_output_tokens`` caps an answer where the log names no cap; ``answer_headroom`` is how many
    times longer than the longest logged answers of its category an answer may grow (0: no limit).
    ``threads`` None looks at the load of the machine. ``default_temperature`` is used where the
    log names none: greedy, so that answers can be reproduced. ``gpu_layers`` None puts every
    layer on a GPU where the build has one; ``cpu_expert_layers`` keeps the experts of that many
    layers of a mixture-of-experts model in ordinary memory. ``urls_concurrency`` None lets a
    server engine find how many requests its servers take at a time. ``cache_gb`` is how much KV
    cache the slots may take together: requests too long for it are decoded in fewer slots.
    """

    slots: int = 24
    exact: bool = False
    context_tokens: int | None = None
    threads: int | None = None
    grammar: bool = True
    seed: int = 0
    max_output_tokens: int = MAX_OUTPUT_TOKENS
    answer_headroom: float = 2.0
    default_temperature: float = 0.0
    template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    gpu_layers: int | None = None
    cpu_expert_layers: int = 0
    timeout_s: float = 300.0
    urls_concurrency: int | None = None
    cache_folder: str | None = None
    cache_gb: float = 4.0
    rung: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSpeed:
    """How fast a candidate was at one concurrency: a row of the table ``speeds``.

    ``peak_memory_bytes`` (resident, of this process) and ``energy_wh`` (of this machine) are those
    of all answers so far, at whatever concurrency; None where another machine may have answered.
    """

    candidate_id: str
    concurrency: int
    prompt_tokens_per_s: float | None
    output_tokens_per_s: float | None
    ttft_ms_p50: float | None
    requests: int
    peak_memory_bytes: int | None = None
    energy_wh: float | None = None


class Engine(Protocol):
    """A model that answers logged requests. It is only asked what ``replay.eligibility`` admits.

    ``notes`` are sentences for the user, known once the engine is open: a fallback and its
    reason, a template that was missing.
    """

    candidate: Candidate

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about this engine."""

    @property
    def thinks(self) -> bool | None:
        """Whether the model may reason before it answers; None where that is unknown."""

    def answers(
        self, requests: Sequence[Request], done: AbstractSet[str] = frozenset()
    ) -> Iterator[tuple[str, Answer]]:
        """Yield ``(call_id, answer)`` as requests finish, in any order.

        ``requests`` is the whole set that was drawn together, ``done`` the call ids of it that were
        answered before an interruption. Those are not yielded again, but an engine that batches
        needs them: an answer may depend on what shares its batches, and only the same set gives
        the same answers. A request that fails is yielded as an answer with an ``error``.

        Raises:
            EngineError: the engine cannot be used at all.
        """

    def speed(self) -> Sequence[MeasuredSpeed]:
        """What was measured while answering so far."""

    def close(self) -> None:
        """Free memory and connections. The engine cannot be used afterwards."""

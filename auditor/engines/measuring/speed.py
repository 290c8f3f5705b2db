"""Speed, counted while answering: what the cost stage needs to know about a machine."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING

import psutil

from auditor.engines.base import MeasuredSpeed
from auditor.engines.measuring.energy import EnergyMeter, counters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.domain import Answer

_LOOK_EVERY_S = 1.0


class DecodingSpeed:
    """Counts tokens and seconds by how many answers were being written at a time."""

    def __init__(self) -> None:
        self._prompt_tokens = 0
        self._prompt_seconds = 0.0
        self._output_tokens: defaultdict[int, int] = defaultdict(int)
        self._output_seconds: defaultdict[int, float] = defaultdict(float)
        self._ttft_ms: list[float] = []
        self._meter: EnergyMeter | None = None
        self._peak_memory: int | None = None
        self._looked_at = 0.0

    @contextmanager
    def measuring(self, *, gpus: bool) -> Iterator[None]:
        """Look at energy and memory meanwhile; ``gpus`` says that GPUs decode too.

        Memory is looked at, not asked for its highest: that may have been before.
        """
        if self._meter is None:
            self._meter = EnergyMeter(counters(gpus=gpus))
        self._meter.begin()
        try:
            yield
        finally:
            self._look(self._meter)

    def _look(self, meter: EnergyMeter) -> None:
        meter.update()
        self._peak_memory = max(self._peak_memory or 0, psutil.Process().memory_info().rss)
        self._looked_at = time.monotonic()

    def prompt(self, tokens: int, seconds: float) -> None:
        """A prompt, or the part of it that was not shared, was decoded."""
        self._prompt_tokens += tokens
        self._prompt_seconds += seconds

    def step(self, concurrency: int, seconds: float) -> None:
        """One token each of ``concurrency`` answers was decoded together."""
        self._output_tokens[concurrency] += concurrency
        self._output_seconds[concurrency] += seconds

    def answer(self, ttft_ms: float) -> None:
        """An answer is complete."""
        self._ttft_ms.append(ttft_ms)
        if self._meter is not None and time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._look(self._meter)

    def rows(self, candidate_id: str) -> list[MeasuredSpeed]:
        """One row per concurrency that was met, tokens per second of decoding time."""
        return [
            MeasuredSpeed(
                candidate_id=candidate_id,
                concurrency=concurrency,
                prompt_tokens_per_s=_rate(self._prompt_tokens, self._prompt_seconds),
                output_tokens_per_s=_rate(tokens, self._output_seconds[concurrency]),
                ttft_ms_p50=median(self._ttft_ms) if self._ttft_ms else None,
                requests=len(self._ttft_ms),
                peak_memory_bytes=self._peak_memory,
                energy_wh=self._meter.wh if self._meter is not None else None,
            )
            for concurrency, tokens in sorted(self._output_tokens.items())
        ]


def _rate(tokens: int, seconds: float) -> float | None:
    return tokens / seconds if seconds > 0 else None


class ServerSpeed:
    """Counts what servers did, by how many requests a server had when one was sent."""

    def __init__(self) -> None:
        self._seen: defaultdict[int, list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()

    def answer(self, concurrency: int, answer: Answer) -> None:
        """An answer arrived."""
        with self._lock:
            self._seen[concurrency].append(answer)

    def rows(self, candidate_id: str) -> list[MeasuredSpeed]:
        """One row per concurrency; rates are those of one request times the concurrency.

        Where the time to the first token is unknown the whole time counts as writing. An answer
        whose tokens are unknown counts for nothing but the time to its first token.
        """
        rows = []
        with self._lock:
            for concurrency, answers in sorted(self._seen.items()):
                started = [a.ttft_ms for a in answers if a.ttft_ms is not None]
                read = [
                    (a.input_tokens, a.ttft_ms)
                    for a in answers
                    if a.ttft_ms is not None and a.input_tokens is not None
                ]
                written = [
                    (a.output_tokens, (a.latency_ms or 0.0) - (a.ttft_ms or 0.0))
                    for a in answers
                    if a.output_tokens is not None
                ]
                rows.append(
                    MeasuredSpeed(
                        candidate_id=candidate_id,
                        concurrency=concurrency,
                        prompt_tokens_per_s=_times(concurrency, _rate_of(read)),
                        output_tokens_per_s=_times(concurrency, _rate_of(written)),
                        ttft_ms_p50=median(started) if started else None,
                        requests=len(answers),
                    )
                )
        return rows


def _rate_of(seen: Sequence[tuple[int, float]]) -> float | None:
    """Tokens a second over pairs of tokens and milliseconds."""
    return _rate(sum(tokens for tokens, _ in seen), sum(ms for _, ms in seen) / 1e3)


def _times(concurrency: int, rate: float | None) -> float | None:
    return rate * concurrency if rate else None

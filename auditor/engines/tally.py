"""Speed, counted while answering: what the cost stage needs to know about a machine."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from auditor.engines.base import Speed


class Tally:
    """Counts tokens and seconds by how many answers were being written at a time."""

    def __init__(self) -> None:
        self._prompt_tokens = 0
        self._prompt_seconds = 0.0
        self._output_tokens: defaultdict[int, int] = defaultdict(int)
        self._output_seconds: defaultdict[int, float] = defaultdict(float)
        self._ttft_ms: list[float] = []

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

    def rows(self, candidate_id: str) -> list[Speed]:
        """One row per concurrency that was met, tokens per second of decoding time."""
        return [
            Speed(
                candidate_id=candidate_id,
                concurrency=concurrency,
                prompt_tokens_per_s=_rate(self._prompt_tokens, self._prompt_seconds),
                output_tokens_per_s=_rate(tokens, self._output_seconds[concurrency]),
                ttft_ms_p50=median(self._ttft_ms) if self._ttft_ms else None,
                requests=len(self._ttft_ms),
            )
            for concurrency, tokens in sorted(self._output_tokens.items())
        ]


def _rate(tokens: int, seconds: float) -> float | None:
    return tokens / seconds if seconds > 0 else None

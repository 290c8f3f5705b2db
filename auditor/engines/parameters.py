"""Translates logged parameters into sampling settings, and says what became of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.domain import Request
    from auditor.engines.base import EngineSettings

CAPS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# They change how an answer travels, is billed or is stored, never what it says.
TRANSPORT = frozenset(
    {
        "model", "stream", "stream_options", "user", "metadata", "store", "service_tier",
        "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "timeout",
        "extra_headers", "betas", "anthropic_version", "anthropic_beta", "background",
        "inference_geo", "cache_control",
    }
)  # fmt: skip
_KNOWN = frozenset(
    {
        "temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty",
        "seed", "stop", "response_format", "tools", "tool_choice", *CAPS,
    }
)  # fmt: skip
_REASONS = {
    "logit_bias": "dropped: token ids belong to another vocabulary",
    "logprobs": "dropped: the text is graded, not its probabilities",
    "top_logprobs": "dropped: the text is graded, not its probabilities",
    "n": "adapted: one answer",
    "reasoning_effort": "dropped: set how the local model reasons with template kwargs",
    "thinking": "dropped: set how the local model reasons with template kwargs",
    "parallel_tool_calls": "dropped: the model decides how many tools it calls",
    "verbosity": "dropped: the local model has no such setting",
    "prediction": "dropped: it speeds up the API only",
}
_DEFAULTS: Mapping[str, object] = {
    "n": 1, "logprobs": False, "top_logprobs": 0, "parallel_tool_calls": True,
    "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {}, "modalities": ["text"],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are picked and when an answer ends."""

    temperature: float
    top_p: float | None
    top_k: int | None
    min_p: float | None
    presence_penalty: float
    frequency_penalty: float
    seed: int
    max_tokens: int
    capped_by_log: bool
    stop: tuple[str, ...]

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken, unweighed by penalties."""
        return self.temperature <= 0 and not self.penalised

    @property
    def penalised(self) -> bool:
        """Whether tokens said before count less."""
        return bool(self.presence_penalty or self.frequency_penalty)


def sampling_of(
    request: Request, settings: EngineSettings, *, also_known: frozenset[str] = frozenset()
) -> tuple[Sampling, dict[str, str]]:
    """Return the sampling of a request, and what became of parameters not carried over as logged.

    A sampled request without a seed gets one from the call's id: reproducible, and different for
    each call. The caller carries over tools, the response format and what it names in
    ``also_known``.
    """
    params = request.params
    fidelity = dropped(params, known=_KNOWN | also_known)
    cap = next((v for k in CAPS if (v := _number(params, k, fidelity)) is not None), None)
    if cap is not None and cap < 1:
        fidelity["max_tokens"] = f"adapted: {request.max_output_tokens}"
        cap = None
    most = request.max_output_tokens if cap is None else int(cap)
    if request.answer_limit is not None and request.answer_limit < most:
        most, cap = request.answer_limit, None
        fidelity["max_tokens"] = f"adapted: {most}, far beyond the logged answers"
    temperature = _number(params, "temperature", fidelity)
    seed = _number(params, "seed", fidelity)
    if seed is None:
        seed = _seed(settings.seed, request.call_id)
    top_p = _number(params, "top_p", fidelity)
    top_k = _number(params, "top_k", fidelity)
    return (
        Sampling(
            temperature=settings.default_temperature if temperature is None else temperature,
            top_p=None if top_p is None or top_p >= 1 else top_p,
            top_k=None if top_k is None or top_k < 1 else int(top_k),
            min_p=_number(params, "min_p", fidelity) or None,
            presence_penalty=_number(params, "presence_penalty", fidelity) or 0.0,
            frequency_penalty=_number(params, "frequency_penalty", fidelity) or 0.0,
            seed=int(seed) & 0xFFFFFFFF,
            max_tokens=most,
            capped_by_log=cap is not None,
            stop=_stops(params.get("stop"), fidelity),
        ),
        fidelity,
    )


def dropped(params: Mapping[str, Any], *, known: frozenset[str]) -> dict[str, str]:
    """Return what becomes of the parameters that are not carried over, by name.

    Left out are those in ``known``, those that only concern transport, and those that were logged
    with their default value.
    """
    return {
        name: _REASONS.get(name, "dropped: unknown to the local engine")
        for name, value in params.items()
        if name not in known
        and name not in TRANSPORT
        and value is not None
        and not (name in _DEFAULTS and value == _DEFAULTS[name])
    }


def _number(params: Mapping[str, Any], name: str, fidelity: dict[str, str]) -> float | None:
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    fidelity[name] = "dropped: not a number"
    return None


def _stops(value: Any, fidelity: dict[str, str]) -> tuple[str, ...]:
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        fidelity["stop"] = "dropped: not text"
        return ()
    return tuple(v for v in values if v)


def _seed(seed: int, call_id: str) -> int:
    hashed = hashlib.blake2b(f"{seed}:{call_id}".encode("utf-8", "replace"), digest_size=4)
    return int.from_bytes(hashed.digest(), "little")

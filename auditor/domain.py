"""The nouns that stages, readers, engines and graders share.

Parse and validate at the borders (log lines, ``auditor.toml``, ``criteria.yaml``); inside, these
are plain frozen values. Unknown is ``None``, never 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Protocol

Message = Mapping[str, Any]
"""One chat message in OpenAI's shape: role, content (text or parts), tool_calls, tool_call_id."""

MAX_OUTPUT_TOKENS = 512
"""Longest answer in tokens to a request that names no limit, unless the user sets another."""


class Verdict(StrEnum):
    """The five bars; together they are 100 % of priced spend."""

    MOVE = "move"
    FALLBACK = "fallback"
    UNDECIDED = "undecided"
    KEEP = "keep"
    UNMEASURED = "unmeasured"


class TestResult(StrEnum):
    """What the paired test showed, apart from what is made of it."""

    __test__ = False  # not a pytest class

    NOT_WORSE = "not-worse"
    WORSE = "worse"
    OPEN = "open"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One logged request as an engine is asked to answer it.

    ``messages`` begin with the system message if there was one. ``params`` are the logged
    parameters under OpenAI's names (temperature, max_tokens, stop, response_format, seed, ...).
    ``max_output_tokens`` is the cap to use when the request names none; ``answer_limit`` cuts an
    answer that runs far beyond any logged one, whatever the request allows: such an answer fails.
    """

    call_id: str
    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    max_output_tokens: int = MAX_OUTPUT_TOKENS
    answer_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model answered, or why it did not.

    ``error`` is a slug of ``decision.faults``: where the model is to blame the answer counts as
    its fail, else it cannot be graded. Token counts are None where nobody knows them.
    ``fidelity`` says for each logged parameter that was not carried over as it was what became of
    it.
    """

    text: str | None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    ttft_ms: float | None = None
    latency_ms: float | None = None
    error: str | None = None
    error_detail: str | None = None
    fidelity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A local model with everything that changes its answers; its id is a hash of all of it."""

    engine: str
    model: str
    weights_hash: str | None
    context_tokens: int | None
    settings: Mapping[str, Any]
    rung: int = 0

    @property
    def candidate_id(self) -> str:
        """Stable id over engine, model, weights and settings; the rung is an order, no identity."""
        return digest(
            "candidate", self.engine, self.model, self.weights_hash or "", dict(self.settings)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A grader's verdict; ``passed`` None means it could not tell, neither pass nor fail."""

    passed: bool | None
    score: float | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What a stage did; a stage that has more to tell adds fields in a class of its own."""

    stage: str
    rows_read: int = 0
    rows_written: int = 0
    seconds: float = 0.0
    skipped: bool = False
    warnings: Sequence[str] = ()

    @property
    def detail(self) -> dict[str, Any]:
        """What the stage tells beside what every stage does, by name, for ``--json``."""
        common = {known.name for known in fields(StageResult)}
        return {own.name: getattr(self, own.name) for own in fields(self) if own.name not in common}


@dataclass(slots=True, kw_only=True)
class Part:
    """How far one part of a task is: the stage counts it up, a ``Watch`` looks at it meanwhile.

    ``seconds`` is the time spent on it so far; parts that are worked on together share theirs.
    """

    name: str
    total: int = 0
    done: int = 0
    failed: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens written a second."""
        return self.output_tokens / self.seconds if self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds it still takes if the rest goes like what is done."""
        if self.done >= self.total:
            return 0.0
        return self.seconds / self.done * (self.total - self.done) if self.seconds else None


class Watch(Protocol):
    """Progress, as a stage reports it. ``console`` draws it; tests pass ``silent``."""

    def start(
        self, task: str, total: int | None = None, unit: str = "", parts: Sequence[Part] = ()
    ) -> None:
        """A task begins; ``total`` None means its length is not known.

        ``parts`` are what it consists of, shown as a table while they are counted up.
        """

    def advance(self, n: int = 1, note: str = "") -> None:
        """``n`` more units are done; ``note`` is shown beside the bar."""

    def finish(self, note: str = "") -> None:
        """The task that was started last is over."""

    def warn(self, message: str) -> None:
        """Something the user should know, while work goes on."""


class Silent:
    """A ``Watch`` that shows nothing."""

    def start(
        self, task: str, total: int | None = None, unit: str = "", parts: Sequence[Part] = ()
    ) -> None:
        """Show nothing."""

    def advance(self, n: int = 1, note: str = "") -> None:
        """Show nothing."""

    def finish(self, note: str = "") -> None:
        """Show nothing."""

    def warn(self, message: str) -> None:
        """Show nothing."""


silent = Silent()


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest(*parts: object, size: int = 12) -> str:
    """Hex id of ``2 * size`` characters over the canonical JSON of the parts (BLAKE2b)."""
    text = canonical_json(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=size).hexdigest()

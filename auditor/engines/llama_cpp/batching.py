"""Continuous batching: decode a cohort of prompts over a few slots at a time.

A prompt is decoded alone in its own stream, behind a copy of the prefix it shares; the tokens
after it are decoded together, one of every busy slot in each step. So the cache of a prompt is a
function of the prompt and its anchors only, and the rest of a function of the cohort.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.engines.llama_cpp.bindings import MICRO_BATCH_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.engines.llama_cpp.bindings import Context
    from auditor.engines.llama_cpp.cohorts import Placed, Tokens
    from auditor.engines.llama_cpp.token_choice import Picker, PickerFactory
    from auditor.engines.measuring.speed import DecodingSpeed
    from auditor.engines.parameters import Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to decode a prompt for: how to pick tokens, and the calls that asked for just this.

    ``grammar_after`` are bytes that must have been said before the grammar holds.
    """

    call_ids: tuple[str, ...]
    sampling: Sampling
    grammar: str | None = None
    grammar_after: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What came out of a prompt: the text, its tokens, and why it ended (stop or length).

    ``constrained`` False where a grammar was asked for says that llama.cpp could not use it.
    """

    job: Job
    text: str
    tokens: tuple[int, ...]
    prompt_tokens: int
    finish_reason: str
    constrained: bool
    ttft_ms: float
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A prompt that llama.cpp failed to decode, more than once, and its words."""

    job: Job
    detail: str


@dataclass(slots=True)
class _Slot:
    """A stream and the answer that grows in it; ``placed`` is None while it is idle."""

    sequence: int
    placed: Placed[Job] | None = None
    picker: Picker | None = None
    position: int = 0
    tokens: list[int] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)
    started: float = 0.0
    first: float = 0.0
    behind: Tokens | None = None
    """The prefix this stream begins with, as long as nothing else was copied into it."""


class Decoder:
    """Decodes cohorts in one context; its last ``levels`` streams hold shared prefixes."""

    def __init__(
        self, context: Context, factory: PickerFactory, *, slots: int, speed: DecodingSpeed
    ) -> None:
        self._context = context
        self._model = context.model
        self._factory = factory
        self._speed = speed
        self._slots = [_Slot(sequence) for sequence in range(slots)]
        self._anchors: list[Tokens] = []
        self._cuttable = context.model.cuttable

    def run(self, cohort: Sequence[Placed[Job]], emit: Callable[[Output], None]) -> bool:
        """Decode a cohort from a clean start; False if it was stopped before its end."""
        for slot in self._slots:
            self._context.drop(slot.sequence)
            slot.behind = None
        queue = deque(cohort)
        try:
            while True:
                for slot in self._slots:
                    while queue and slot.placed is None:
                        if not self._admit(slot, queue.popleft(), emit):
                            return False
                busy = self._close_ranks() if not queue else self._slots
                if not any(slot.placed for slot in busy):
                    return True
                if not self._step([slot for slot in busy if slot.placed], emit):
                    return False
        finally:
            for slot in self._slots:
                self._release(slot)

    def start_over(self) -> None:
        """Empty all streams: a decode that failed may have left anything in them."""
        self._context.clear()
        self._anchors.clear()

    def _admit(self, slot: _Slot, placed: Placed[Job], emit: Callable[[Output], None]) -> bool:
        """Decode a prompt in an idle slot and pick the first token of its answer."""
        unit = placed.unit
        slot.started = time.perf_counter()
        if not self._raise_anchors(placed):
            return False
        shared = placed.anchors[-1] if placed.anchors else 0
        self._begin(slot, unit.tokens[:shared], level=len(placed.anchors) - 1)
        began = time.perf_counter()
        if not self._context.prefill(
            slot.sequence, unit.tokens, shared, logits=True, chunk=MICRO_BATCH_TOKENS
        ):
            return False
        logits = self._context.logits(1)
        slot.first = time.perf_counter()
        self._speed.prompt(len(unit.tokens) - shared, slot.first - began)
        slot.placed = placed
        job = unit.payload
        slot.picker = self._factory.picker(job.sampling, job.grammar, job.grammar_after)
        slot.position = len(unit.tokens)
        slot.tokens, slot.text = [], bytearray()
        self._take(slot, slot.picker.pick(logits[0], int(logits[0].argmax())), emit)
        return True

    def _begin(self, slot: _Slot, prefix: Tokens, *, level: int) -> None:
        """Make a slot's stream hold just a prefix, by cutting its tail where that is enough."""
        if prefix and slot.behind == prefix and self._cuttable:
            self._context.drop(slot.sequence, len(prefix))
            return
        if prefix:
            self._context.copy(len(self._slots) + level, slot.sequence)
        else:
            self._context.drop(slot.sequence)
        slot.behind = prefix

    def _raise_anchors(self, placed: Placed[Job]) -> bool:
        """Decode the shared prefixes of a unit into their streams, unless they are there."""
        for level, length in enumerate(placed.anchors):
            prefix = placed.unit.tokens[:length]
            if level < len(self._anchors) and self._anchors[level] == prefix:
                continue
            del self._anchors[level:]
            stream = len(self._slots) + level
            base = placed.anchors[level - 1] if level else 0
            if level:
                self._context.copy(stream - 1, stream)
            else:
                self._context.drop(stream)
            began = time.perf_counter()
            if not self._context.prefill(
                stream, prefix, base, logits=False, chunk=MICRO_BATCH_TOKENS
            ):
                return False
            self._speed.prompt(length - base, time.perf_counter() - began)
            self._anchors.append(prefix)
        return True

    def _close_ranks(self) -> list[_Slot]:
        """Move the last answers into idle slots before them, when no prompt is waiting.

        llama.cpp decodes neighbouring streams together; a gap would cost a pass of its own.
        """
        busy = [slot for slot in self._slots if slot.placed]
        for idle in self._slots[: len(busy)]:
            if idle.placed is None:
                last = busy.pop()
                self._context.copy(last.sequence, idle.sequence)
                idle.placed, idle.picker, idle.position = last.placed, last.picker, last.position
                idle.tokens, idle.text = last.tokens, last.text
                idle.started, idle.first, idle.behind = last.started, last.first, None
                last.placed = last.picker = None
                busy.insert(idle.sequence, idle)
        return self._slots[: len(busy)]

    def _step(self, busy: list[_Slot], emit: Callable[[Output], None]) -> bool:
        """Decode the last token of every busy slot and pick the next."""
        began = time.perf_counter()
        rows = [(slot.sequence, slot.tokens[-1], slot.position) for slot in busy]
        if not self._context.step(rows):
            return False
        logits = self._context.logits(len(busy))
        highest = logits.argmax(axis=1)
        self._speed.step(len(busy), time.perf_counter() - began)
        for row, slot in enumerate(busy):
            assert slot.picker is not None
            slot.position += 1
            self._take(slot, slot.picker.pick(logits[row], int(highest[row])), emit)
        return True

    def _take(self, slot: _Slot, token: int, emit: Callable[[Output], None]) -> None:
        """Add a token to a slot's answer and emit the answer if that ends it."""
        assert slot.placed is not None
        sampling = slot.placed.unit.payload.sampling
        if self._model.ends(token):
            self._emit(slot, "stop", emit)
            return
        slot.tokens.append(token)
        piece = self._model.piece(token)
        slot.text += piece
        for stop in sampling.stop:
            raw = stop.encode("utf-8", "replace")
            at = slot.text.find(raw, max(0, len(slot.text) - len(piece) - len(raw)))
            if at >= 0:
                del slot.text[at:]
                self._emit(slot, "stop", emit)
                return
        if len(slot.tokens) >= slot.placed.unit.max_new:
            self._emit(slot, "length", emit)

    def _emit(self, slot: _Slot, reason: str, emit: Callable[[Output], None]) -> None:
        assert slot.placed is not None
        now = time.perf_counter()
        ttft_ms = (slot.first - slot.started) * 1000
        self._speed.answer(ttft_ms)
        output = Output(
            job=slot.placed.unit.payload,
            text=slot.text.decode("utf-8", "ignore"),
            tokens=tuple(slot.tokens),
            prompt_tokens=len(slot.placed.unit.tokens),
            finish_reason=reason,
            constrained=slot.picker is not None and slot.picker.constrained,
            ttft_ms=ttft_ms,
            latency_ms=(now - slot.started) * 1000,
        )
        self._release(slot)
        emit(output)

    def _release(self, slot: _Slot) -> None:
        if slot.picker is not None:
            slot.picker.close()
        slot.placed = slot.picker = None

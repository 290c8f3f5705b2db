"""The engine inside this process: a GGUF model by llama.cpp, many requests at a time."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.domain import Answer, Candidate, canonical_json, digest
from auditor.engines.chat import CHATML, ChatTemplate, TemplateRefusedError, parse_reply
from auditor.engines.llama_cpp import bindings
from auditor.engines.llama_cpp.cohorts import Placed, Unit, cut, lay_out
from auditor.engines.llama_cpp.decode_thread import BackgroundDecode
from auditor.engines.llama_cpp.grammar import constraint_of
from auditor.engines.measuring import machine
from auditor.engines.measuring.speed import DecodingSpeed
from auditor.engines.parameters import Sampling, sampling_of
from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.domain import Request
    from auditor.engines.base import EngineSettings, MeasuredSpeed
    from auditor.engines.llama_cpp.batching import Decoder, Job, Output
    from auditor.engines.llama_cpp.embedded_model import EmbeddedModel
    from auditor.engines.llama_cpp.gguf import GgufFile

_LEVELS = 4  # how deep shared prefixes may nest
_SMALLEST_CONTEXT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request, ready to decode, with all that is needed to make an answer of the output."""

    request: Request
    tokens: tuple[int, ...]
    max_new: int
    sampling: Sampling
    grammar: str | None
    thinks_first: bool
    fidelity: Mapping[str, str]

    @property
    def key(self) -> str:
        """Equal keys give equal answers: a greedy one does not depend on its seed."""
        seed = None if self.sampling.temperature <= 0 else self.sampling.seed
        sampling = self.sampling
        return canonical_json(
            (
                sampling.temperature, sampling.top_p, sampling.top_k, sampling.min_p,
                sampling.presence_penalty, sampling.frequency_penalty, sampling.stop,
                self.max_new, seed, self.grammar, digest(self.tokens),
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """Work that shares a context: its size in tokens, streams for answers and for prefixes."""

    size: int
    slots: int
    levels: int
    cohorts: list[list[Placed[Job]]]

    def todo(self, done: AbstractSet[str]) -> list[list[Placed[Job]]]:
        """The cohorts that hold a call not in ``done``."""
        return [cohort for cohort in self.cohorts if not _calls(cohort) <= done]


class LlamaCppEngine:
    """A GGUF file, run in process with continuous batching.

    Nothing is loaded before the first request that needs it: the candidate's identity comes from
    the file's header. In ``exact`` mode each request is decoded alone from an empty cache, without
    flash attention: byte for byte what ``Llama.create_chat_completion`` says at temperature 0.
    """

    def __init__(
        self,
        file: GgufFile,
        settings: EngineSettings,
        *,
        name: str | None = None,
        embedded: EmbeddedModel | None = None,
    ) -> None:
        self._file = file
        self._settings = settings
        self._embedded = embedded
        self._slots = 1 if settings.exact else max(1, settings.slots)
        self._model: bindings.Model | None = None
        self._vocabulary: bindings.Model | None = None
        self._template: ChatTemplate | None = None
        self._speed = DecodingSpeed()
        self._notes: list[str] = []
        self._run: BackgroundDecode | None = None
        trained = file.context_tokens
        wanted = settings.context_tokens
        self._limit = min(n for n in (trained, wanted, 1 << 20) if n)
        model = name or file.paths[0].stem
        weights = "Q8_0" if embedded and embedded.requantised else "as shipped"
        if embedded and embedded.reason:
            self._notes.append(embedded.reason)
        self.candidate = Candidate(
            engine="llama.cpp",
            model=model,
            weights_hash=file.weights_hash,
            context_tokens=self._limit,
            settings={
                "llama_cpp_python": bindings.installed_version(),
                "slots": self._slots,
                "exact": settings.exact,
                "grammar": settings.grammar,
                "seed": settings.seed,
                "max_output_tokens": settings.max_output_tokens,
                "answer_headroom": settings.answer_headroom,
                "default_temperature": settings.default_temperature,
                "context_tokens": wanted,
                "cache_gb": settings.cache_gb,
                "template_kwargs": dict(settings.template_kwargs),
                "gpu_layers": settings.gpu_layers,
                "cpu_expert_layers": settings.cpu_expert_layers,
                "weights": weights,
            },
            rung=settings.rung,
        )

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know about this engine."""
        return tuple(self._notes)

    @property
    def thinks(self) -> bool | None:
        """Whether the chat template knows of thinking that was not switched off."""
        off = self._settings.template_kwargs.get("enable_thinking") is False
        return not off and "think" in str(self._file.metadata.get("tokenizer.chat_template", ""))

    def answers(
        self, requests: Sequence[Request], done: AbstractSet[str] = frozenset()
    ) -> Iterator[tuple[str, Answer]]:
        """Yield answers as they finish; see ``Engine.answers`` for ``done``.

        Decoding runs in a thread of its own, so that what the caller does with an answer takes
        no time from it, and Ctrl-C stops it at once.
        """
        asked: dict[str, _Asked] = {}
        for request in sorted(requests, key=lambda request: request.call_id):
            ready = self._ready(request)
            if isinstance(ready, Answer):
                if request.call_id not in done:
                    yield request.call_id, ready
            else:
                asked[request.call_id] = ready
        classes = self._classes(asked)
        if not any(one.todo(done) for one in classes):
            return
        self._load(classes)
        from auditor.engines.llama_cpp.batching import Lost

        self._run = BackgroundDecode(lambda run: self._decode(classes, done, run))
        with closing(self._run.outputs()) as outputs:
            for output in outputs:
                for call_id in output.job.call_ids:
                    if call_id in done:
                        continue
                    one = asked[call_id]
                    if isinstance(output, Lost):
                        yield call_id, _failed("decode-failed", output.detail, one.fidelity)
                    else:
                        yield call_id, self._answer(one, output)

    def speed(self) -> Sequence[MeasuredSpeed]:
        """Tokens per second at each number of busy slots that was met."""
        return self._speed.rows(self.candidate.candidate_id)

    def close(self) -> None:
        """Free the model, once a run that was left before its end has stopped using it."""
        if self._run is not None:
            self._run.end()
        for model in (self._model, self._vocabulary):
            if model is not None:
                model.close()
        self._model = self._vocabulary = None

    def _ready(self, request: Request) -> _Asked | Answer:
        """Turn a request into tokens and sampling, or into the answer that says why not."""
        sampling, fidelity = sampling_of(request, self._settings)
        grammar, about = constraint_of(request, use=self._settings.grammar)
        fidelity |= about
        tools = () if request.params.get("tool_choice") == "none" else request.tools
        try:
            prompt, adapted = self._chat().render(request.messages, tools)
        except TemplateRefusedError as error:
            return _failed("template", str(error), fidelity)
        tokens = self._tokens_of(prompt)
        room = self._limit - len(tokens)
        if room < 1 or not tokens:
            detail = f"{len(tokens)} tokens of prompt, context {self._limit}"
            return _failed("context-overflow", detail, fidelity | adapted)
        return _Asked(
            request=request,
            tokens=tokens,
            max_new=min(sampling.max_tokens, room),
            sampling=sampling,
            grammar=grammar,
            thinks_first=prompt.rstrip().endswith("<think>"),
            fidelity=fidelity | adapted,
        )

    def _classes(self, asked: Mapping[str, _Asked]) -> list[_Class]:
        """Cohorts by the size of context they need, in powers of two.

        One long request does not make the cache of all others long.
        """
        from auditor.engines.llama_cpp.batching import Job

        same: dict[str, list[str]] = {}
        for call_id, one in asked.items():
            same.setdefault(one.key, []).append(call_id)
        sized: dict[int, list[Unit[Job]]] = {}
        for key, call_ids in same.items():
            one = asked[call_ids[0]]
            size = _SMALLEST_CONTEXT
            while size < len(one.tokens) + one.max_new:
                size *= 2
            job = Job(
                call_ids=tuple(call_ids),
                sampling=one.sampling,
                grammar=one.grammar,
                grammar_after=b"</think>" if one.thinks_first else b"",
            )
            unit = Unit(tokens=one.tokens, max_new=one.max_new, payload=job, order=key)
            sized.setdefault(min(size, self._limit_rounded()), []).append(unit)
        classes = []
        for size, units in sorted(sized.items()):
            slots, levels = self._shape(size, len(units))
            placed = lay_out(units, levels=levels)
            deepest = max(len(item.anchors) for item in placed)
            cohorts = cut(placed, slots=slots)
            classes.append(_Class(size=size, slots=slots, levels=deepest, cohorts=cohorts))
        return classes

    def _limit_rounded(self) -> int:
        """The context's limit, up to a multiple of 256, in which llama.cpp makes its caches."""
        return -(-self._limit // 256) * 256

    def _shape(self, size: int, count: int) -> tuple[int, int]:
        """Slots and prefix streams for ``count`` prompts in ``size`` tokens of context each.

        Two or three slots are slower than one on CPUs (measured), so a cache too
        small for four is for one.
        """
        if self._settings.exact:
            return 1, 0
        per_stream = max(self._stream_bytes(size), 1)
        streams = int(self._settings.cache_gb * 1e9 // per_stream)
        slots = min(self._slots, streams - _LEVELS, count)
        if slots >= min(self._slots, 4, count):
            return slots, _LEVELS
        return 1, min(max(streams - 1, 0), _LEVELS)

    def _stream_bytes(self, size: int) -> int:
        return self._file.cache_bytes_per_token * size + self._file.state_bytes_per_stream

    def _chat(self) -> ChatTemplate:
        if self._template is None:
            vocabulary = self._words()
            source = vocabulary.template
            if source is None:
                self._notes.append("the model has no chat template: ChatML is used")
            self._template = ChatTemplate(
                source or CHATML,
                first=vocabulary.first_text,
                last=vocabulary.last_text,
                kwargs=self._settings.template_kwargs,
            )
        return self._template

    def _tokens_of(self, prompt: str) -> tuple[int, ...]:
        words = self._words()
        first = words.first_text
        add = words.adds_first and not (first and prompt.startswith(first))
        return words.tokenize(prompt, add_special=add)

    def _words(self) -> bindings.Model:
        """The vocabulary: of the loaded model, else loaded alone, without weights."""
        if self._model is not None:
            return self._model
        if self._vocabulary is None:
            self._vocabulary = bindings.Model(self._file.paths[0], vocabulary_only=True)
        return self._vocabulary

    def _load(self, classes: Sequence[_Class]) -> None:
        cache = max(self._stream_bytes(one.size) * (one.slots + one.levels) for one in classes)
        weights = self._file.size if self._model is None else 0
        machine.require(name=self.candidate.model, weights=weights, cache=cache)
        if self._model is None:
            path = self._embedded.ready() if self._embedded else self._file.paths[0]
            self._model = bindings.Model(
                path,
                gpu_layers=self._settings.gpu_layers,
                cpu_expert_layers=self._settings.cpu_expert_layers,
            )
            if self._vocabulary is not None:
                self._vocabulary.close()
                self._vocabulary = None

    def _decode(
        self, classes: Sequence[_Class], done: AbstractSet[str], run: BackgroundDecode
    ) -> None:
        """Decode every cohort that is not done.

        A cohort that llama.cpp fails to decode is tried again from nothing. What it still cannot
        decode is lost, unless that is all there is: then the model cannot be used.
        """
        from auditor.engines.llama_cpp.batching import Decoder, Lost
        from auditor.engines.llama_cpp.selftest import check
        from auditor.engines.llama_cpp.token_choice import PickerFactory

        assert self._model is not None
        factory = PickerFactory(self._model)
        given: set[tuple[str, ...]] = set()
        failures: dict[tuple[str, ...], tuple[Job, EngineError]] = {}

        def emit(output: Output) -> None:
            if output.job.call_ids not in given:
                given.add(output.job.call_ids)
                run.emit(output)

        gpus = self._settings.gpu_layers != 0 and bindings.api().llama_supports_gpu_offload()
        try:
            for one in classes:
                todo = one.todo(done)
                if not todo:
                    continue
                context = bindings.Context(
                    self._model,
                    tokens=one.size,
                    sequences=one.slots + one.levels,
                    threads=machine.threads(self._settings.threads),
                    flash=not self._settings.exact,
                )
                try:
                    check(context, factory)
                    run.holds(context)
                    decoder = Decoder(context, factory, slots=one.slots, speed=self._speed)
                    with self._speed.measuring(gpus=gpus):
                        for cohort in todo:
                            try:
                                if not _persistently(decoder, cohort, emit):
                                    return
                            except EngineError as error:
                                jobs = [placed.unit.payload for placed in cohort]
                                failures |= {job.call_ids: (job, error) for job in jobs}
                finally:
                    run.holds(None)
                    context.close()
        finally:
            factory.close()
        lost = [failures[call_ids] for call_ids in failures.keys() - given]
        if lost and not given:
            raise lost[0][1]
        for job, why in lost:
            run.emit(Lost(job=job, detail=why.message))

    def _answer(self, asked: _Asked, output: Output) -> Answer:
        request, model = asked.request, self._model
        assert model is not None
        reply = parse_reply(output.text, request.tools)
        reasoning = None
        if reply.reasoning is not None:
            reasoning = len(model.tokenize(reply.reasoning))
        fidelity = dict(asked.fidelity)
        if asked.grammar is not None and not output.constrained:
            for name in ("response_format", "tool_choice"):
                if name in request.params:
                    fidelity.setdefault(name, "dropped: llama.cpp cannot parse its grammar")
        error = detail = None
        if output.finish_reason == "length" and not (
            asked.sampling.capped_by_log and asked.max_new == asked.sampling.max_tokens
        ):
            error, detail = "truncated", f"cut after {asked.max_new} tokens"
        elif not reply.text.strip() and not reply.tool_calls:
            error = "empty-answer"
        return Answer(
            text=reply.text,
            tool_calls=reply.tool_calls,
            finish_reason="tool_calls" if reply.tool_calls else output.finish_reason,
            input_tokens=output.prompt_tokens,
            output_tokens=len(output.tokens),
            reasoning_tokens=reasoning,
            ttft_ms=output.ttft_ms,
            latency_ms=output.latency_ms,
            error=error,
            error_detail=detail,
            fidelity=fidelity,
        )


def _persistently(
    decoder: Decoder, cohort: Sequence[Placed[Job]], emit: Callable[[Output], None]
) -> bool:
    """Decode a cohort, and once more from nothing if that fails; False if it was stopped.

    Raises:
        EngineError: it failed every time.
    """
    try:
        return decoder.run(cohort, emit)
    except EngineError:
        decoder.start_over()
    try:
        return decoder.run(cohort, emit)
    except EngineError:
        decoder.start_over()
        raise


def _calls(cohort: Sequence[Placed[Job]]) -> set[str]:
    return {call_id for placed in cohort for call_id in placed.unit.payload.call_ids}


def _failed(error: str, detail: str, fidelity: Mapping[str, str]) -> Answer:
    return Answer(text=None, error=error, error_detail=detail[:500], fidelity=fidelity)

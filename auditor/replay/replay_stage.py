"""replay: ask the candidates the drawn calls. Writes answers and speeds.

It fills gaps, row by row: an answer is keyed by call, candidate and replicate, and the candidate
by everything that changes its answers. Ctrl-C or kill -9 lose what was in flight; the same command
goes on, and another model or setting adds answers beside the old ones.

What failed through no fault of the model is asked once more at the end of a run, when a server may
have recovered, and by every later run: such a failure is kept as the reason why a call cannot be
graded, and never instead of an answer.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from auditor.decision import reasons
from auditor.decision.faults import MODELS_OWN, error_of, spares_the_model
from auditor.domain import Answer, Part, Request, StageResult, Watch, silent
from auditor.errors import NotReadyError
from auditor.pricing.tokens import input_tokens
from auditor.replay.answers import AnswerLog, request_of
from auditor.replay.candidates import settings_of_draws
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.engines.base import Engine
    from auditor.stage import StageContext
    from auditor.store.store import Store

# A call that is drawn again belongs to the set it was drawn in first.
_DRAWN = """
SELECT min(set_no) AS set_no, call_id, d.category_id FROM draws d JOIN designs USING (design_id)
WHERE active AND candidate_id = ?
GROUP BY ALL ORDER BY set_no, call_id
"""

_KNOWN = "SELECT call_id, error FROM answers WHERE candidate_id = ? AND replicate = 0"

# Answers to drawn calls that failed through no fault of the model, and when the last of them did.
_UNANSWERED = """
SELECT count(*), max(answered_at)::VARCHAR FROM answers
SEMI JOIN (SELECT call_id, candidate_id FROM draws JOIN designs USING (design_id) WHERE active)
    USING (call_id, candidate_id)
WHERE replicate = 0 AND error IS NOT NULL AND NOT list_contains($models_own, error)
  AND list_contains($candidates, candidate_id)
"""

# Where the log lacks the answer, only the baseline stage can add one.
_LOGGED = f"""
INSERT INTO answers BY NAME
SELECT md5(concat('logged', call_id)) AS answer_id, call_id,
       NULL::VARCHAR AS candidate_id, 0 AS replicate, response_text AS text,
       tool_calls, finish_reason,
       CASE WHEN response_text IS NULL AND tool_calls IS NULL THEN 'no-answer' END AS error,
       {input_tokens()} AS input_tokens,
       output_tokens, reasoning_tokens, ttft_ms, latency_ms
FROM calls JOIN contents USING (call_id)
SEMI JOIN (SELECT call_id FROM draws) USING (call_id)
ANTI JOIN (SELECT call_id FROM answers WHERE candidate_id IS NULL AND replicate = 0) USING (call_id)
WHERE content_state = 'full'
ORDER BY call_id
"""


# Tokens of the longest logged answers: the 99th percentile leaves one runaway of theirs aside.
_LONGEST = """
SELECT category_id, quantile_disc(output_tokens - coalesce(reasoning_tokens, 0), 0.99) AS longest
FROM calls JOIN call_categories USING (call_id)
WHERE status = 'ok' AND output_tokens IS NOT NULL GROUP BY category_id
"""
# In tokens. Another tokenizer may take a few more of them for a label.
_LEAST_LIMIT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """The engines to ask, cheapest first, and how long an answer may grow (see EngineSettings)."""

    engines: Sequence[Engine]
    max_output_tokens: int
    answer_headroom: float


@dataclass(slots=True, kw_only=True)
class _CategoryProgress(Part):
    """How far one category is, and what its answers took.

    ``unanswered`` counts what failed through no fault of the model, by error.
    """

    category_id: str
    latencies_ms: list[float] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer, seconds: float) -> None:
        """Add one answer and the seconds since the answer before it, of whatever category."""
        self.done += 1
        self.failed += answer.error is not None
        if answer.error is not None and spares_the_model(answer.error):
            self.unanswered[answer.error] += 1
        self.output_tokens += answer.output_tokens or 0
        self.seconds += seconds
        if answer.latency_ms is not None:
            self.latencies_ms.append(answer.latency_ms)

    def row(self, model: str) -> dict[str, Any]:
        """Return calls, failures, median time in ms and tokens, as shown on the terminal.

        ``failed`` are the fails of the model alone.
        """
        times = sorted(self.latencies_ms)
        return {
            "category_id": self.category_id,
            "name": self.name,
            "model": model,
            "calls": self.done,
            "failed": self.failed - self.unanswered.total(),
            "unanswered": dict(self.unanswered),
            "latency_ms_p50": times[len(times) // 2] if times else None,
            "output_tokens": self.output_tokens,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult(StageResult):
    """How many answers were there already, and what was done in each category."""

    resumed: int = 0
    categories: Sequence[Mapping[str, Any]] = ()


def run(store: Store, settings: ReplaySettings, watch: Watch = silent) -> ReplayResult:
    """Ask every candidate for the answers it still owes.

    Raises:
        NotReadyError: the sample stage has not run.
        EngineError: a model cannot be used at all; what it answered before is kept.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM candidates"):
        raise NotReadyError("no call has been drawn yet", hint="run 'auditor sample' first")
    if not store.value("SELECT count(*) FROM draws"):
        # Not a failure: the report still shows what the log costs, and says the same.
        return ReplayResult(stage="replay", warnings=(f"nothing to replay: {_why_none(store)}",))
    with store.transaction():
        store.execute(_LOGGED)
    written, resumed = 0, 0
    warnings: list[str] = []
    table: list[dict[str, Any]] = []
    names = dict(store.rows("SELECT category_id, name FROM categories"))
    for engine in settings.engines:
        candidate = engine.candidate
        errors = dict(store.rows(_KNOWN, [candidate.candidate_id]))
        due_again = {call_id for call_id, error in errors.items() if spares_the_model(error)}
        known = errors.keys() - due_again
        progress: dict[str, _CategoryProgress] = {}
        for drawn in _sets(store, candidate.candidate_id):
            done = known & drawn.keys()
            resumed += len(done)
            if len(done) == len(drawn):
                continue
            progress_of = {}
            for call_id, category_id in drawn.items():
                if category_id not in progress:
                    name = names[category_id]
                    progress[category_id] = _CategoryProgress(category_id=category_id, name=name)
                progress_of[call_id] = progress[category_id]
                progress[category_id].total += call_id not in done
            requests = _requests(store, drawn, engine, settings)
            store.rest()
            parts = [category for category in progress.values() if category.total]
            written += _replay(
                store, engine, requests, done, progress_of,
                due_again=due_again, parts=parts, watch=watch,
            )  # fmt: skip
        warnings.extend(engine.notes)
        if progress:
            _save_speed(store, engine)
            table += [progress[key].row(candidate.model) for key in sorted(progress)]
    store.rest()
    return ReplayResult(
        stage="replay",
        rows_read=written + resumed,
        rows_written=written,
        seconds=time.monotonic() - began,
        warnings=tuple(warnings),
        resumed=resumed,
        categories=table,
    )


def _why_none(store: Store) -> str:
    """Return why no call at all was drawn."""
    if not store.value("SELECT count(*) FROM criteria WHERE active AND role = 'verdict'"):
        return "no category has a criterion, write one in criteria.yaml"
    why = reasons.CANNOT | reasons.UNKNOWN
    slug = store.value(
        "SELECT reason FROM eligibility GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    return why[slug] if slug else "no call of a category with a criterion has a price"


def _sets(store: Store, candidate_id: str) -> list[dict[str, str]]:
    """Return the drawn calls with their categories, one mapping per run of the sample stage.

    An engine that batches gives the same answers only for the same set of requests. Draws that
    were added later form a set of their own, so they do not disturb the answers of earlier sets.
    """
    sets: dict[int, dict[str, str]] = defaultdict(dict)
    for set_no, call_id, category_id in store.rows(_DRAWN, [candidate_id]):
        sets[set_no][call_id] = category_id
    return list(sets.values())


def _requests(
    store: Store, category_of: Mapping[str, str], engine: Engine, settings: ReplaySettings
) -> list[Request]:
    """Return the drawn requests in the order of their ids.

    A model that rambles is cut far beyond the longest logged answers of the category. A model that
    thinks, or may, is not cut: its thoughts are longer than any answer.
    """
    limits: dict[str, int] = {}
    if settings.answer_headroom and engine.thinks is False:
        limits = {
            category_id: max(_LEAST_LIMIT, ceil(settings.answer_headroom * longest))
            for category_id, longest in store.rows(_LONGEST)
        }
    rows = store.dicts(
        "SELECT call_id, system_text, messages, tools, params FROM contents"
        " WHERE list_contains(?, call_id) ORDER BY call_id",
        [sorted(category_of)],
    )
    return [
        request_of(row, settings.max_output_tokens, limits.get(category_of[row["call_id"]]))
        for row in rows
    ]


def _replay(
    store: Store,
    engine: Engine,
    requests: Sequence[Request],
    done: set[str],
    progress_of: Mapping[str, _CategoryProgress],
    *,
    due_again: AbstractSet[str],
    parts: Sequence[Part],
    watch: Watch,
) -> int:
    """Ask for what is missing and save it in batches; the database rests in between."""
    task, owed = f"Replaying on {engine.candidate.model}", len(requests) - len(done)
    watch.start(task, total=owed, unit="calls", parts=parts)
    last: float | None = None  # the time to the first answer is spent loading the model
    with AnswerLog(store, engine.candidate.candidate_id, replaces=due_again) as log:
        for call_id, answer in _answers(engine, requests, frozenset(done)):
            now = time.monotonic()
            log.add(call_id, answer)
            category = progress_of[call_id]
            category.add(answer, 0.0 if last is None else now - last)
            last = now
            watch.advance(1, category.name)
    watch.finish()
    return log.saved


def _answers(
    engine: Engine, requests: Sequence[Request], done: AbstractSet[str]
) -> Iterator[tuple[str, Answer]]:
    """Yield one answer to each request; what may pass is asked once more when all others are done.

    An engine that gave no reply at all is not asked again now: it would take as long for nothing.
    """
    waiting: dict[str, Answer] = {}
    replied = False
    for call_id, answer in engine.answers(requests, done):
        replied = replied or answer.latency_ms is not None or not spares_the_model(answer.error)
        if answer.error is not None and error_of(answer.error).passing:
            waiting[call_id] = answer
        else:
            yield call_id, answer
    if replied and waiting:
        others = frozenset(request.call_id for request in requests) - waiting.keys()
        for call_id, answer in engine.answers(requests, others):
            del waiting[call_id]
            yield call_id, answer
    yield from waiting.items()


def _save_speed(store: Store, engine: Engine) -> None:
    """Keep what the engine measured while it answered."""
    measured_at = datetime.now(UTC)
    with store.transaction():
        store.append(
            "speeds", [{**asdict(speed), "measured_at": measured_at} for speed in engine.speed()]
        )


# -- the stage -------------------------------------------------------------------------------------


def _run(context: StageContext, watch: Watch) -> ReplayResult:
    chosen = context.config.replay
    settings = ReplaySettings(
        engines=context.engines(),
        max_output_tokens=chosen.max_output_tokens,
        answer_headroom=chosen.answer_headroom,
    )
    return run(context.store, settings, watch)


def _unanswered(context: StageContext) -> tuple[int, str | None]:
    """Return how many drawn calls failed through no fault of the model, and when the last did."""
    count, last = context.store.rows(
        _UNANSWERED,
        {
            "models_own": sorted(MODELS_OWN),
            "candidates": [engine.candidate.candidate_id for engine in context.engines()],
        },
    )[0]
    return count, last


def _settings(context: StageContext) -> object:
    """Return what answers follow from; when a failure was tried last is one of it."""
    count, last = _unanswered(context)
    return [settings_of_draws(context), count, last] if count else settings_of_draws(context)


def _due(context: StageContext) -> bool:
    return _unanswered(context)[0] > 0


STAGE = Stage(
    name="replay", rests_on=("sample",), run=_run, settings=_settings, due=_due, needs_model=True
)

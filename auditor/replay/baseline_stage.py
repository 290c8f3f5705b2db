"""baseline: ask Anthropic's models the drawn calls again. Writes answers of the API's models.

A logged answer stays, and the new one is stored beside it as replicate 1: how often the two differ
is the noise of the baseline itself. Where the log lacks the answer, the new one is replicate 0, the
one that candidates are compared with. Asking costs money and sends logged prompts out, so ``due``
says what would be asked and what it costs, and ``run`` asks only what the user agreed to. It fills
gaps, row by row: a request that never got through is asked again by the next run.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from auditor.domain import StageResult, Watch, silent
from auditor.engines import EngineSettings, open_engine
from auditor.errors import EngineError
from auditor.pricing.tokens import input_tokens
from auditor.replay.answers import AnswerLog, request_of
from auditor.replay.eligibility import reasons_against
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from auditor.domain import Request
    from auditor.stage import StageContext
    from auditor.store.store import Store

PROVIDER = "anthropic"

# What a call would cost now: its tokens at the newest price of its model, without the discounts
# for cached prompts and batches (half price), since it is asked alone. Never less than it cost.
# An answer that was not logged is taken to be as long as the model's average answer.
_DRAWN = f"""
WITH drawn AS (
    SELECT DISTINCT call_id FROM draws JOIN designs USING (design_id) WHERE active
), rates AS (
    SELECT model, arg_max(input_usd::DOUBLE * factor, newest) AS input_usd,
           arg_max(output_usd::DOUBLE * factor, newest) AS output_usd
    FROM (SELECT *, CASE service_tier WHEN 'batch' THEN 2 ELSE 1 END AS factor,
                 (service_tier = 'standard', day, -above_tokens) AS newest
          FROM rate_card WHERE provider = $provider) GROUP BY model
), lengths AS (
    SELECT model, avg(output_tokens) AS output_tokens FROM calls
    WHERE provider = $provider AND output_tokens > 0 GROUP BY model
)
SELECT call_id, coalesce(c.provider, 'an unknown provider') AS provider, c.model,
       (content_state = 'full')::INTEGER AS replicate,
       greatest(c.cost_usd::DOUBLE,
           coalesce({input_tokens("c")}, 0) * r.input_usd
           + coalesce(nullif(c.output_tokens, 0), l.output_tokens, 0) * r.output_usd) AS usd
FROM drawn JOIN calls c USING (call_id)
LEFT JOIN rates r ON r.model = c.model LEFT JOIN lengths l ON l.model = c.model
ORDER BY call_id
"""
_ASKED = """
SELECT call_id FROM answers WHERE candidate_id IS NULL AND answered_at IS NOT NULL
AND text IS NOT NULL
"""
_CONTENTS = """
SELECT call_id, system_text, messages, tools, params FROM contents
WHERE list_contains(?, call_id) ORDER BY call_id
"""
# A new answer of the baseline changes what every other answer of its call is compared with, so
# all grades of the call go.
_FORGET = (
    """
    DELETE FROM grades WHERE answer_id IN (
        SELECT answer_id FROM answers WHERE call_id IN (
            SELECT call_id FROM answers WHERE candidate_id IS NULL AND answered_at IS NOT NULL
            AND text IS NULL AND list_contains(?, call_id)))
    """,
    """
    DELETE FROM answers WHERE candidate_id IS NULL AND answered_at IS NOT NULL
    AND text IS NULL AND list_contains(?, call_id)
    """,
)


class DueCall(NamedTuple):
    """A drawn call to ask its own model again, the replicate it will be, and its price in USD."""

    call_id: str
    model: str
    replicate: int
    usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """The calls still to ask, and how many drawn calls are left out, by reason in words."""

    calls: Sequence[DueCall]
    left_out: Mapping[str, int]

    @property
    def usd(self) -> Decimal:
        """What the calls with a known price cost together, in USD."""
        return sum((call.usd for call in self.calls if call.usd is not None), Decimal(0))

    @property
    def unpriced(self) -> int:
        """How many calls have no price."""
        return sum(call.usd is None for call in self.calls)

    @property
    def models(self) -> Mapping[str, int]:
        """Calls by model, most first."""
        return dict(Counter(call.model for call in self.calls).most_common())


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSettings:
    """The ids of the calls that the user agreed to; limit and timeout are those of the replay."""

    agreed: AbstractSet[str]
    max_output_tokens: int
    timeout_s: float


def due(store: Store) -> Rerun:
    """Return the drawn calls that can be asked again and were not yet; sends nothing."""
    asked = {row[0] for row in store.rows(_ASKED)}
    left_out: Counter[str] = Counter()
    calls = {}
    for call_id, provider, model, replicate, usd in store.rows(_DRAWN, {"provider": PROVIDER}):
        if provider != PROVIDER:
            left_out[f"of {provider}: only Anthropic's models are asked again"] += 1
        elif call_id not in asked:
            price = None if usd is None else Decimal(f"{usd:.9f}")
            calls[call_id] = DueCall(call_id, model, replicate, price)
    for call_id, reason in reasons_against(store, calls).items():
        left_out[f"that cannot be replayed ({reason})"] += 1
        del calls[call_id]
    return Rerun(calls=tuple(calls.values()), left_out=dict(left_out.most_common()))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineResult(StageResult):
    """How many calls were asked again and failed, what was left out and why, estimated USD."""

    asked: int
    failed: int
    left_out: Mapping[str, int]
    estimated_usd: Decimal


def run(store: Store, settings: BaselineSettings, watch: Watch = silent) -> BaselineResult:
    """Ask for what is due and agreed to, each call of its own logged model.

    Raises:
        EngineError: no key is set, the API cannot be reached, or every model was refused. Answers
            that arrived before are kept.
    """
    began = time.monotonic()
    found = due(store)
    todo = [call for call in found.calls if call.call_id in settings.agreed]
    with store.transaction():
        for statement in _FORGET:
            store.execute(statement, [[call.call_id for call in todo]])
    watch.start("Asking the API models again", total=len(todo), unit="calls")
    written = failed = 0
    refused: dict[str, EngineError] = {}
    for model, calls in _by_model(todo).items():
        try:
            answered, without = _ask(store, model, calls, settings, watch)
        except EngineError as error:
            if error.transient:
                raise
            refused[model] = error
        else:
            written, failed = written + answered, failed + without
    if refused and not written:
        raise EngineError(
            next(iter(refused.values())).message,
            hint="check ANTHROPIC_API_KEY and the model; the same command goes on with the rest",
        )
    watch.finish()
    return BaselineResult(
        stage="baseline",
        rows_read=len(todo),
        rows_written=written,
        seconds=time.monotonic() - began,
        warnings=[f"{model} could not be asked again: {e.message}" for model, e in refused.items()],
        asked=written,
        failed=failed,
        left_out=dict(found.left_out),
        estimated_usd=Rerun(calls=todo, left_out={}).usd,
    )


def _ask(
    store: Store,
    model: str,
    calls: Mapping[str, DueCall],
    settings: BaselineSettings,
    watch: Watch,
) -> tuple[int, int]:
    """Ask one model; return how many answers there are and how many of them are errors."""
    engine = open_engine(
        f"anthropic:{model}",
        EngineSettings(max_output_tokens=settings.max_output_tokens, timeout_s=settings.timeout_s),
    )
    failed = 0
    try:
        requests = list(_requests(store, calls, settings.max_output_tokens))
        store.rest()
        with AnswerLog(store, None) as log:
            for call_id, answer in engine.answers(requests):
                log.add(call_id, answer, calls[call_id].replicate)
                failed += answer.error is not None
                watch.advance(1, model)
    finally:
        engine.close()
    return log.saved, failed


def _by_model(calls: Sequence[DueCall]) -> dict[str, dict[str, DueCall]]:
    found: dict[str, dict[str, DueCall]] = defaultdict(dict)
    for call in calls:
        found[call.model][call.call_id] = call
    return found


def _requests(store: Store, call_ids: Iterable[str], max_output_tokens: int) -> Sequence[Request]:
    rows = store.dicts(_CONTENTS, [list(call_ids)])
    return [request_of(row, max_output_tokens) for row in rows]


# -- the stage -------------------------------------------------------------------------------------


def _run(context: StageContext, watch: Watch) -> BaselineResult:
    chosen = context.config.replay
    settings = BaselineSettings(
        agreed=context.agreed or frozenset(),
        max_output_tokens=chosen.max_output_tokens,
        timeout_s=chosen.timeout_s,
    )
    return run(context.store, settings, watch)


STAGE = Stage(name="baseline", run=_run, beside="replay")

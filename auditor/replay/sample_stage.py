"""sample: which calls are replayed. Writes candidates, eligibility, designs and draws.

Idempotent by design: a design is named by the calls and costs it draws from, and draws of a design
are only ever appended, so a second run adds nothing and a larger ``samples`` goes on where the
first one stopped.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from auditor.domain import Candidate, StageResult, Watch, canonical_json, digest, silent
from auditor.errors import NotReadyError
from auditor.replay.answers import UNANSWERED
from auditor.replay.candidates import settings_of_draws, unanswered_wanted
from auditor.replay.draw import draw
from auditor.stage import Column, Stage, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.stage import StageContext
    from auditor.store.store import Store

# The slugs are those of phrases.UNKNOWN, then of phrases.CANNOT.
_ELIGIBILITY = """
INSERT INTO eligibility BY NAME
SELECT call_id, $candidate AS candidate_id, reason FROM (
    SELECT call_id, CASE
        WHEN status IN ('error', 'cancelled') THEN 'failed-call'
        WHEN api_shape = 'embeddings' OR (content_state <> 'full'{but}) THEN 'no-content'
        WHEN cost_usd IS NULL THEN 'no-price'
        WHEN needs_vision AND NOT $vision THEN 'needs-vision'
        WHEN needs_hosted_tools THEN 'hosted-tools'
        WHEN input_uncached_tokens + coalesce(cache_read_tokens, 0)
             + coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)
             > $context THEN 'context'
    END AS reason FROM calls
) WHERE reason IS NOT NULL
"""

_BUT_UNANSWERED = f" AND call_id NOT IN ({UNANSWERED})"

_FRAME = """
SELECT category_id, unit_id, call_id, cost_usd
FROM v_calls JOIN call_categories USING (call_id)
ANTI JOIN (SELECT call_id FROM eligibility WHERE candidate_id = ?) USING (call_id)
WHERE list_contains(?, category_id)
ORDER BY category_id, call_id
"""

_CANDIDATES = """
SELECT candidate_id, context_tokens, coalesce(bool_or(needs_vision), false) AS saw
FROM candidates LEFT JOIN designs USING (candidate_id) LEFT JOIN draws USING (design_id)
LEFT JOIN calls USING (call_id)
GROUP BY ALL ORDER BY candidate_id
"""

_ACTIVE = """
SELECT design_id, candidate_id, category_id, seed FROM designs WHERE active ORDER BY design_id
"""

# Replayed are the costliest categories that somebody can judge: a criterion is there and the user
# did not say to ignore it.
_TOP = """
SELECT s.category_id FROM v_spend s
SEMI JOIN (SELECT category_id FROM criteria WHERE active AND role = 'verdict') USING (category_id)
WHERE NOT ignored AND spend_usd > 0
ORDER BY spend_rank LIMIT ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSettings:
    """``samples`` draws from each of the ``top`` costliest categories that have a criterion.

    ``unanswered`` draws from calls without a logged answer too, where the API can be asked again.
    """

    candidates: Sequence[Candidate]
    vision: Mapping[str, bool]
    top: int = 10
    samples: int = 200
    seed: int = 0
    unanswered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult(StageResult):
    """From how many categories how many calls each were drawn, for which candidates."""

    categories: int
    samples: int
    seed: int
    candidates: Sequence[str]


def run(store: Store, settings: SampleSettings, watch: Watch = silent) -> SampleResult:
    """Decide which calls each candidate could take and draw from them in proportion to spend.

    Raises:
        NotReadyError: no call has a category yet.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM call_categories"):
        raise NotReadyError(
            "no call has a category yet", hint="run 'auditor ingest LOGS', then this again"
        )
    categories = [row[0] for row in store.rows(_TOP, [settings.top])]
    calls = store.value("SELECT count(*) FROM calls")
    drawn = 0
    watch.start("Sampling", total=len(categories) * len(settings.candidates), unit="categories")
    with store.transaction():
        for candidate in settings.candidates:
            _register(store, candidate)
        _decide_eligibility(store, settings)
        _retire(store, {(c.candidate_id, name) for c in settings.candidates for name in categories})
        set_no = store.value("SELECT coalesce(max(set_no) + 1, 0) FROM draws")
        for candidate in settings.candidates:
            for category_id, frame in _frames(store, candidate.candidate_id, categories).items():
                drawn += _draw(store, candidate, category_id, frame, settings, set_no=set_no)
                watch.advance()
    store.rest()
    watch.finish()
    return SampleResult(
        stage="sample",
        rows_read=calls,
        rows_written=drawn,
        seconds=time.monotonic() - began,
        categories=len(categories),
        samples=settings.samples,
        seed=settings.seed,
        candidates=[candidate.candidate_id for candidate in settings.candidates],
    )


def _register(store: Store, candidate: Candidate) -> None:
    """Keep the candidate; one that was known before keeps its row and gets its new rung."""
    key = candidate.candidate_id
    if store.value("SELECT 1 FROM candidates WHERE candidate_id = ?", [key]):
        store.execute(
            "UPDATE candidates SET rung = ?, context_tokens = ? WHERE candidate_id = ?",
            [candidate.rung, candidate.context_tokens, key],
        )
        return
    store.append(
        "candidates",
        [
            {
                "candidate_id": key,
                "engine": candidate.engine,
                "model": candidate.model,
                "weights_hash": candidate.weights_hash,
                "context_tokens": candidate.context_tokens,
                "settings": canonical_json(dict(candidate.settings)),
                "rung": candidate.rung,
                "added_at": datetime.now(UTC),
            }
        ],
    )


def _decide_eligibility(store: Store, settings: SampleSettings) -> None:
    """Decide for every candidate, those of earlier replays too: their verdicts stand in the plan.

    One that is not asked now reads images if it has been asked with one before.
    """
    eligibility = _ELIGIBILITY.format(but=_BUT_UNANSWERED if settings.unanswered else "")
    store.execute("DELETE FROM eligibility")
    for candidate_id, context_tokens, saw in store.rows(_CANDIDATES):
        store.execute(
            eligibility,
            {
                "candidate": candidate_id,
                "vision": settings.vision.get(candidate_id, saw),
                "context": context_tokens or 2**62,
            },
        )


def _retire(store: Store, drawn_anew: set[tuple[str, str]]) -> None:
    """Put designs out of force whose calls have changed: their draws are no sample of these."""
    for design_id, candidate_id, category_id, seed in store.rows(_ACTIVE):
        if (candidate_id, category_id) in drawn_anew:
            continue
        frame = _frames(store, candidate_id, [category_id]).get(category_id, [])
        if _design_id(candidate_id, category_id, seed, frame) != design_id:
            store.execute("UPDATE designs SET active = false WHERE design_id = ?", [design_id])


Frame = list[tuple[str, str, Decimal]]


def _design_id(candidate_id: str, category_id: str, seed: int, frame: Frame) -> str:
    return digest("design", candidate_id, category_id, seed, *map(list, zip(*frame, strict=True)))


def _frames(store: Store, candidate_id: str, categories: Sequence[str]) -> dict[str, Frame]:
    """Return unit, call and cost of every eligible call of the categories."""
    frames: dict[str, Frame] = defaultdict(list)
    for category_id, unit_id, call_id, cost in store.rows(_FRAME, [candidate_id, list(categories)]):
        frames[category_id].append((unit_id, call_id, cost))
    return frames


def _draw(
    store: Store,
    candidate: Candidate,
    category_id: str,
    frame: Frame,
    settings: SampleSettings,
    *,
    set_no: int,
) -> int:
    units, calls, costs = (list(column) for column in zip(*frame, strict=True))
    design_id = _design_id(candidate.candidate_id, category_id, settings.seed, frame)
    store.execute(
        "UPDATE designs SET active = (design_id = ?) WHERE category_id = ? AND candidate_id = ?",
        [design_id, category_id, candidate.candidate_id],
    )
    start = store.value("SELECT count(*) FROM draws WHERE design_id = ?", [design_id])
    if start >= settings.samples:
        return 0
    drawing = draw(
        units,
        calls,
        costs,
        seed=settings.seed,
        stream=category_id,
        start=start,
        stop=settings.samples,
    )
    if start == 0:
        design: dict[str, Any] = {
            "design_id": design_id,
            "category_id": category_id,
            "candidate_id": candidate.candidate_id,
            "seed": settings.seed,
            "units": len(set(units)),
            "calls": len(calls),
            "spend_usd": drawing.spend_usd,
            "by_spend": drawing.basis == "spend",
            "active": True,
            "made_at": datetime.now(UTC),
        }
        store.append("designs", [design])
    return store.append(
        "draws",
        [
            {
                "design_id": design_id,
                "category_id": category_id,
                "draw_no": d.draw_no,
                "set_no": set_no,
                "unit_id": d.unit_id,
                "call_id": d.call_id,
            }
            for d in drawing.draws
        ],
    )


# -- the stage -------------------------------------------------------------------------------------


_DRAWS = """
SELECT s.name AS category, c.model, g.calls, g.spend_usd, count(d.draw_no) AS draws,
       count(DISTINCT d.call_id) AS calls_drawn
FROM designs g JOIN draws d USING (design_id) JOIN candidates c USING (candidate_id)
JOIN v_spend s ON s.category_id = g.category_id
WHERE g.active GROUP BY ALL ORDER BY g.spend_usd DESC, s.name, c.model
"""


def _run(context: StageContext, watch: Watch) -> SampleResult:
    chosen = context.config.sample
    engines = context.engines()
    settings = SampleSettings(
        candidates=[engine.candidate for engine in engines],
        vision={e.candidate.candidate_id: context.config.replay.vision for e in engines},
        top=chosen.top,
        samples=chosen.samples,
        seed=chosen.seed,
        unanswered=unanswered_wanted(context),
    )
    return run(context.store, settings, watch)


def _view(store: Store) -> View:
    return View(
        (
            Column("category", "category"),
            Column("model", "model", when_several=True),
            Column("calls", "calls", "count"),
            Column("spend", "spend_usd", "usd"),
            Column("draws", "draws", "count"),
            Column("distinct", "calls_drawn", "count"),
        ),
        store.dicts(_DRAWS),
    )


STAGE = Stage(
    name="sample",
    rests_on=("categorize", "criteria"),
    run=_run,
    settings=settings_of_draws,
    view=_view,
    needs_model=True,
)

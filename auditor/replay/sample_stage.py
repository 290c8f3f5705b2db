"""sample: draw the calls to replay. Writes candidates, eligibility, designs and draws.

Running it again changes nothing: a design is named by the calls and costs it draws from, and draws
of a design are only ever appended. A larger ``samples`` goes on where the last run stopped.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.domain import Candidate, StageResult, Watch, canonical_json, digest, silent
from auditor.errors import NotReadyError
from auditor.replay import eligibility
from auditor.replay.candidates import settings_of_draws, unanswered_wanted
from auditor.replay.draw import draw
from auditor.stage import Column, Stage, View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from auditor.stage import StageContext
    from auditor.store.store import Store


_FRAME = """
SELECT category_id, unit_id, call_id, cost_usd
FROM v_calls JOIN call_categories USING (call_id)
ANTI JOIN (SELECT call_id FROM eligibility WHERE candidate_id = ?) USING (call_id)
WHERE list_contains(?, category_id)
ORDER BY category_id, call_id
"""

_ACTIVE = """
SELECT design_id, candidate_id, category_id, seed FROM designs WHERE active ORDER BY design_id
"""

# The costliest categories that have a criterion and that the user did not ignore.
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
    """Decide which calls each candidate may be asked, and draw from them in proportion to spend.

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
        eligibility.decide(store, unanswered=settings.unanswered)
        _retire(store, {(c.candidate_id, name) for c in settings.candidates for name in categories})
        set_no = store.value("SELECT coalesce(max(set_no) + 1, 0) FROM draws")
        for candidate in settings.candidates:
            for category_id, frame in _frames(store, candidate.candidate_id, categories).items():
                drawn += _extend(store, candidate, category_id, frame, settings, set_no=set_no)
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
    """Add the candidate, or update the rung and the context of one that is known."""
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


def _retire(store: Store, drawn_anew: set[tuple[str, str]]) -> None:
    """Retire designs whose calls have changed since: their draws do not represent today's calls."""
    for design_id, candidate_id, category_id, seed in store.rows(_ACTIVE):
        if (candidate_id, category_id) in drawn_anew:
            continue
        frame = _frames(store, candidate_id, [category_id]).get(category_id, [])
        if _design_id(candidate_id, category_id, seed, frame) != design_id:
            store.execute("UPDATE designs SET active = false WHERE design_id = ?", [design_id])


class FrameRow(NamedTuple):
    """A call that can be drawn, the unit it is drawn with, and its cost in USD."""

    unit_id: str
    call_id: str
    cost_usd: Decimal


Frame = list[FrameRow]


def _design_id(candidate_id: str, category_id: str, seed: int, frame: Frame) -> str:
    return digest("design", candidate_id, category_id, seed, *map(list, zip(*frame, strict=True)))


def _frames(store: Store, candidate_id: str, categories: Sequence[str]) -> dict[str, Frame]:
    """Return the eligible calls of each category, in the order of their ids."""
    frames: dict[str, Frame] = defaultdict(list)
    for category_id, unit_id, call_id, cost in store.rows(_FRAME, [candidate_id, list(categories)]):
        frames[category_id].append(FrameRow(unit_id, call_id, cost))
    return frames


def _extend(
    store: Store,
    candidate: Candidate,
    category_id: str,
    frame: Frame,
    settings: SampleSettings,
    *,
    set_no: int,
) -> int:
    """Draw what the category's design still lacks, make the design if it is new; return how many.

    ``set_no`` marks the draws of this run, which will be replayed together.
    """
    units, calls, costs = (list(column) for column in zip(*frame, strict=True))
    design_id = _design_id(candidate.candidate_id, category_id, settings.seed, frame)
    store.execute(
        "UPDATE designs SET active = (design_id = ?) WHERE category_id = ? AND candidate_id = ?",
        [design_id, category_id, candidate.candidate_id],
    )
    start = store.value("SELECT count(*) FROM draws WHERE design_id = ?", [design_id])
    if start >= settings.samples:
        return 0
    drawn = draw(
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
            "spend_usd": drawn.spend_usd,
            "by_spend": drawn.by_spend,
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
            for d in drawn.draws
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
    rests_on=("categorize", "criteria", "trials"),
    run=_run,
    settings=settings_of_draws,
    view=_view,
    needs_model=True,
)

"""categorize: which task each call is. Writes routes, categories and call_categories.

The stage replaces its tables whole, in one transaction. Routes that were found before are tried
first and keep their ids; only calls that none of them explains are searched for new ones, and a
call that has a route keeps it. The result depends on the set of calls, the seed and what was found
before, on nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.categories import call_texts, route_facts, tables
from auditor.categories.listing import view
from auditor.categories.routes import EvidenceCounter, Matcher, assemble_categories, learn
from auditor.domain import StageResult, Watch, silent
from auditor.errors import NotReadyError
from auditor.stage import Stage

if TYPE_CHECKING:
    from auditor.categories.routes import RuleSet
    from auditor.stage import StageContext
    from auditor.store.store import Store

SAMPLE = 8000  # calls; measured: 3k to 8k is as good as 30k and less easily misled


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorizeSettings:
    """How categories are found.

    `sample` is the number of calls that are searched for templates, `seed` decides which.
    `fresh` forgets what was found before. `fine` splits calls without a template by intent
    instead of into a few tasks; it takes effect where they are split for the first time, or with
    `fresh`.
    """

    seed: int = 0
    sample: int = SAMPLE
    fresh: bool = False
    fine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorizeResult(StageResult):
    """How many categories and routes there are, and how many routes and calls are new."""

    categories: int
    routes: int
    new_routes: int
    new_calls: int


def run(store: Store, settings: CategorizeSettings, watch: Watch = silent) -> CategorizeResult:
    """Find the category of every call that has none yet.

    Raises:
        NotReadyError: there are no calls.
    """
    began = time.monotonic()
    if not store.value("SELECT count(*) FROM calls"):
        raise NotReadyError("there are no calls", hint="run 'auditor ingest LOGS' first")
    if settings.fresh:
        tables.clear(store)
    known = tables.load(store)
    new = store.value("SELECT count(*) FROM calls ANTI JOIN call_categories USING (call_id)")
    watch.start("Finding templates")
    rules = _learn(store, known.rules, settings) if new else known.rules
    watch.finish()
    counter = EvidenceCounter(rules)
    assigned = tables.AssignedCalls()
    watch.start("Categorizing", total=new, unit="calls")
    matcher = Matcher(rules)
    for calls in call_texts.uncategorized(store):
        matches = matcher.assign(calls)
        counter.add(calls, matches)
        assigned.add(calls, [rules.routes[m.route].route_id for m in matches], matches)
        store.rest()
        watch.advance(len(calls))
    watch.finish()
    evidence = tables.merge_evidence(known.evidence, counter.by_route())
    evidence = route_facts.complete(store, evidence, assigned.table())
    categories = assemble_categories(
        rules.routes, evidence, counter.free_form_texts(), known.categories
    )
    found = tables.Found(rules=rules, evidence=evidence, categories=categories, born=known.born)
    unknown = tables.write(store, found, assigned)
    store.rest()
    return CategorizeResult(
        stage="categorize",
        rows_read=new,
        rows_written=new + len(categories) + len(evidence),
        seconds=time.monotonic() - began,
        warnings=unknown,
        categories=len(categories),
        routes=len(evidence),
        new_routes=len(set(evidence) - set(known.evidence)),
        new_calls=new,
    )


def _learn(store: Store, known: RuleSet, settings: CategorizeSettings) -> RuleSet:
    """Search a sample of the calls that no known template explains."""
    sample = call_texts.sample(
        store, size=settings.sample, seed=settings.seed, open_routes=sorted(known.free_form)
    )
    return learn(known, sample, seed=settings.seed, fine=settings.fine)


# -- the stage -------------------------------------------------------------------------------------


def _run(context: StageContext, watch: Watch) -> CategorizeResult:
    # --seed draws other calls; the categories stay what they are.
    chosen = context.config.categorize
    settings = CategorizeSettings(sample=chosen.sample, fine=chosen.fine, fresh=context.force)
    return run(context.store, settings, watch)


def _settings(context: StageContext) -> object:
    overrides = context.store.rows(
        "SELECT kind, subject, value FROM overrides ORDER BY override_no"
    )
    return [context.config.categorize.model_dump(), overrides]


STAGE = Stage(name="categorize", rests_on=("ingest",), run=_run, settings=_settings, view=view)

"""categorize: which task each call is. Writes routes, categories and call_categories.

Replaces its tables whole in one transaction. Routes that were found before are tried first and
keep their ids; only calls that none of them explains are searched for new ones, and a call that
has a route keeps it. Nothing but the set of calls, the seed and what was found before matters.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from auditor.categories import overrides
from auditor.categories.call_texts import new_docs, sample
from auditor.categories.listing import view
from auditor.categories.routes import (
    SAMPLE,
    Category,
    Doc,
    Evidence,
    Gathered,
    Matcher,
    RuleSet,
    categorize,
    learn_more,
    top_family,
)
from auditor.domain import StageResult, Watch, canonical_json, silent
from auditor.errors import NotReadyError
from auditor.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.stage import StageContext
    from auditor.store.store import Store

_REPLACE = """
CREATE OR REPLACE TEMP TABLE _assigned AS
SELECT call_id, route_id, output_shape, confidence
FROM call_categories SEMI JOIN calls USING (call_id)
UNION ALL SELECT call_id, route_id, output_shape, confidence FROM _new;
DELETE FROM call_categories;
DELETE FROM categories;
DELETE FROM routes;
"""
_ASSIGN = """
INSERT INTO call_categories BY NAME
SELECT call_id, category_id, route_id, a.output_shape, a.confidence
FROM _assigned a JOIN routes USING (route_id)
ORDER BY call_id
"""
_SUMMARY = """
UPDATE categories SET confidence = mean FROM (
    SELECT category_id, round(avg(confidence), 4) AS mean FROM call_categories GROUP BY ALL
) m WHERE m.category_id = categories.category_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorizeSettings:
    """`sample` calls are mined for templates; `fresh` forgets what was found before.

    `fine` splits calls without a template by intents instead of a few tasks; it takes effect where
    they are split for the first time, or with `fresh`.
    """

    seed: int = 0
    sample: int = SAMPLE
    fresh: bool = False
    fine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was found before: rules, evidence by route, categories, and when routes were born."""

    rules: RuleSet
    evidence: Mapping[str, Evidence]
    categories: tuple[Category, ...]
    born: Mapping[str, datetime]


@dataclass(slots=True)
class _Assigned:
    """New calls and their routes, one table per batch."""

    tables: list[pa.Table] = field(default_factory=list)

    def add(self, docs: Sequence[Doc], routes: Sequence[str], confidence: Sequence[float]) -> None:
        self.tables.append(
            pa.table(
                {
                    "call_id": pa.array([doc.call_id for doc in docs], pa.string()),
                    "route_id": pa.array(routes, pa.string()).dictionary_encode(),
                    "output_shape": pa.array(
                        [doc.shape for doc in docs], pa.string()
                    ).dictionary_encode(),
                    "confidence": pa.array(confidence, pa.float64()),
                }
            )
        )

    def table(self) -> pa.Table:
        if not self.tables:
            self.add((), (), ())
        return pa.concat_tables(self.tables).unify_dictionaries()


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
        with store.transaction():
            for table in ("call_categories", "categories", "routes"):
                store.execute(f"DELETE FROM {table}")
    known = _known(store)
    new = store.value("SELECT count(*) FROM calls ANTI JOIN call_categories USING (call_id)")
    watch.start("Finding templates")
    rules = _learn(store, known, settings) if new else known.rules
    watch.finish()
    gathered = Gathered(rules)
    assigned = _Assigned()
    watch.start("Categorizing", total=new, unit="calls")
    matcher = Matcher(rules)
    for docs in new_docs(store):
        matches = matcher.assign(docs)
        gathered.add(docs, matches)
        assigned.add(
            docs,
            [rules.routes[m.route].route_id for m in matches],
            [m.confidence for m in matches],
        )
        store.rest()
        watch.advance(len(docs))
    watch.finish()
    evidence = _merged(known, gathered)
    categories = categorize(rules.routes, evidence, gathered.texts(), known.categories)
    missing = _write(
        store,
        known=known,
        rules=rules,
        evidence=evidence,
        categories=categories,
        assigned=assigned.table(),
    )
    store.rest()
    return CategorizeResult(
        stage="categorize",
        rows_read=new,
        rows_written=new + len(categories) + len(evidence),
        seconds=time.monotonic() - began,
        warnings=missing,
        categories=len(categories),
        routes=len(evidence),
        new_routes=len(set(evidence) - set(known.evidence)),
        new_calls=new,
    )


# -- reading ---------------------------------------------------------------------------------------


def _known(store: Store) -> _Known:
    rows = store.rows("SELECT route_id, template, rule, evidence, born_at FROM routes ORDER BY ALL")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    calls: Counter[str] = Counter()
    for route_id, name, n in store.rows(
        "SELECT route_id, output_shape, count(*) FROM call_categories GROUP BY ALL ORDER BY ALL"
    ):
        calls[route_id] += n
        if name is not None:
            counts[route_id][name] += n
    evidence: dict[str, Evidence] = {}
    members: dict[str, list[str]] = defaultdict(list)
    found: dict[str, dict[str, Any]] = {}
    for route_id, template, _, raw, _ in rows:
        proof = orjson.loads(raw)
        evidence[route_id] = Evidence(
            template=template or "",
            constant_share=proof["constant_share"],
            shapes=_by_count(counts[route_id]),
            examples=tuple(proof["examples"]),
            calls=calls[route_id],
        )
        members[proof["found"]["category_id"]].append(route_id)
        found[proof["found"]["category_id"]] = proof["found"]
    return _Known(
        rules=RuleSet.from_rules([row[2] for row in rows]),
        evidence=evidence,
        categories=tuple(
            Category(**found[category_id], route_ids=tuple(route_ids))
            for category_id, route_ids in sorted(members.items())
        ),
        born={row[0]: row[4] for row in rows},
    )


def _learn(store: Store, known: _Known, settings: CategorizeSettings) -> RuleSet:
    """Mine a sample; known routes stay, only what they do not explain is searched."""
    free = sorted(known.rules.free)
    docs = sample(store, size=settings.sample, seed=settings.seed, open_routes=free)
    return learn_more(known.rules, docs, seed=settings.seed, fine=settings.fine)


# -- writing ---------------------------------------------------------------------------------------


def _merged(known: _Known, gathered: Gathered) -> dict[str, Evidence]:
    """Old evidence with the counts of the new calls, and the evidence of new routes."""
    merged = dict(known.evidence)
    for route_id, proof in gathered.by_route.items():
        before = merged.get(route_id)
        if before is None:
            merged[route_id] = proof
        else:
            merged[route_id] = replace(
                before,
                calls=before.calls + proof.calls,
                shapes=_by_count(Counter(before.shapes) + Counter(proof.shapes)),
            )
    return merged


def _by_count(shapes: Counter[str]) -> dict[str, int]:
    return dict(sorted(shapes.items(), key=lambda item: (-item[1], item[0])))


def _write(
    store: Store,
    *,
    known: _Known,
    rules: RuleSet,
    evidence: Mapping[str, Evidence],
    categories: Sequence[Category],
    assigned: pa.Table,
) -> list[str]:
    """Replace the tables; returns what the user said of categories that are not there."""
    now = datetime.now(UTC)
    of_route = {route_id: c for c in categories for route_id in c.route_ids}
    with store.transaction(), store.registered("_new", assigned):
        store.execute(_REPLACE)
        store.append(
            "categories",
            [
                {
                    "category_id": c.category_id,
                    "name": c.name,
                    "name_origin": "rule",
                    "method": c.method,
                    "task_type": c.task_type,
                    "output_shape": _shape_of(c, evidence),
                    "ignored": False,
                }
                for c in categories
            ],
        )
        store.append(
            "routes",
            [
                {
                    "route_id": route.route_id,
                    "category_id": of_route[route.route_id].category_id,
                    "name": of_route[route.route_id].name,
                    "template": evidence[route.route_id].template,
                    "rule": rules.rule(route),
                    "evidence": _evidence_json(evidence[route.route_id], of_route[route.route_id]),
                    "output_shape": top_family(evidence[route.route_id].shapes),
                    "born_at": known.born.get(route.route_id, now),
                }
                for route in rules.routes
                if route.route_id in evidence
            ],
        )
        store.execute(_ASSIGN)
        missing = overrides.enact(store)
        store.execute(_SUMMARY)
        store.execute("DROP TABLE _assigned")
    return missing


def _shape_of(category: Category, evidence: Mapping[str, Evidence]) -> str:
    shapes: Counter[str] = Counter()
    for route_id in category.route_ids:
        shapes.update(evidence[route_id].shapes)
    return top_family(shapes)


def _evidence_json(proof: Evidence, category: Category) -> str:
    return canonical_json(
        {
            "calls": proof.calls,
            "constant_share": proof.constant_share,
            "shapes": proof.shapes,
            "examples": proof.examples,
            # what was found, before the user's word: see overrides
            "found": {
                "category_id": category.category_id,
                "name": category.name,
                "method": category.method,
                "task_type": category.task_type,
                "output_shape": category.output_shape,
            },
        }
    )


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

"""What was found, in the tables routes, categories and call_categories: read and written whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from auditor.categories import overrides
from auditor.categories.routes import (
    Category,
    RouteEvidence,
    RuleSet,
    category_shape,
    main_family,
    most_frequent_first,
)
from auditor.domain import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.categories.routes import CallText, Match
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
_CONFIDENCE = """
UPDATE categories SET confidence = mean FROM (
    SELECT category_id, round(avg(confidence), 4) AS mean FROM call_categories GROUP BY ALL
) m WHERE m.category_id = categories.category_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the stage found, before any override.

    `evidence` and `born`, the time when a route was first found, are by route id.
    """

    rules: RuleSet
    evidence: Mapping[str, RouteEvidence]
    categories: tuple[Category, ...]
    born: Mapping[str, datetime]


@dataclass(slots=True)
class AssignedCalls:
    """Calls with their new routes, one Arrow table per batch."""

    batches: list[pa.Table] = field(default_factory=list)

    def add(
        self, calls: Sequence[CallText], route_ids: Sequence[str], matches: Sequence[Match]
    ) -> None:
        """Add one batch."""
        shapes = pa.array([call.shape for call in calls], pa.string())
        self.batches.append(
            pa.table(
                {
                    "call_id": pa.array([call.call_id for call in calls], pa.string()),
                    "route_id": pa.array(route_ids, pa.string()).dictionary_encode(),
                    "output_shape": shapes.dictionary_encode(),
                    "confidence": pa.array([m.confidence for m in matches], pa.float64()),
                }
            )
        )

    def table(self) -> pa.Table:
        """All of them: call_id, route_id, output_shape, confidence."""
        if not self.batches:
            self.add((), (), ())
        return pa.concat_tables(self.batches).unify_dictionaries()


def clear(store: Store) -> None:
    """Forget what was found; overrides stay."""
    with store.transaction():
        for table in ("call_categories", "categories", "routes"):
            store.execute(f"DELETE FROM {table}")


def load(store: Store) -> Found:
    """What was found before; all empty at first."""
    rows = store.rows("SELECT route_id, template, rule, evidence, born_at FROM routes ORDER BY ALL")
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    calls: Counter[str] = Counter()
    for route_id, shape, n in store.rows(
        "SELECT route_id, output_shape, count(*) FROM call_categories GROUP BY ALL ORDER BY ALL"
    ):
        calls[route_id] += n
        if shape is not None:
            shapes[route_id][shape] += n
    evidence: dict[str, RouteEvidence] = {}
    members: dict[str, list[str]] = defaultdict(list)
    facts: dict[str, dict[str, Any]] = {}
    for route_id, template, _, raw, _ in rows:
        stored = orjson.loads(raw)
        evidence[route_id] = RouteEvidence(
            template=template or "",
            constant_share=stored["constant_share"],
            shapes=most_frequent_first(shapes[route_id]),
            examples=tuple(stored["examples"]),
            calls=calls[route_id],
        )
        members[stored["found"]["category_id"]].append(route_id)
        facts[stored["found"]["category_id"]] = stored["found"]
    return Found(
        rules=RuleSet.from_rules([row[2] for row in rows]),
        evidence=evidence,
        categories=tuple(
            Category(**facts[category_id], route_ids=tuple(route_ids))
            for category_id, route_ids in sorted(members.items())
        ),
        born={row[0]: row[4] for row in rows},
    )


def merge_evidence(
    before: Mapping[str, RouteEvidence], new: Mapping[str, RouteEvidence]
) -> dict[str, RouteEvidence]:
    """Old evidence with the counts of the new calls, and the evidence of new routes."""
    merged = dict(before)
    for route_id, evidence in new.items():
        old = before.get(route_id)
        merged[route_id] = (
            evidence
            if old is None
            else replace(
                old,
                calls=old.calls + evidence.calls,
                shapes=most_frequent_first(Counter(old.shapes) + Counter(evidence.shapes)),
            )
        )
    return merged


def write(store: Store, found: Found, assigned: AssignedCalls) -> list[str]:
    """Replace the tables and apply the overrides; returns a warning for each that fits nothing."""
    now = datetime.now(UTC)
    home = {route_id: c for c in found.categories for route_id in c.route_ids}
    with store.transaction(), store.registered("_new", assigned.table()):
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
                    "output_shape": category_shape(c, found.evidence),
                    "ignored": False,
                }
                for c in found.categories
            ],
        )
        store.append(
            "routes",
            [
                {
                    "route_id": route.route_id,
                    "category_id": home[route.route_id].category_id,
                    "name": home[route.route_id].name,
                    "template": evidence.template,
                    "rule": found.rules.rule(route),
                    "evidence": _evidence_json(evidence, home[route.route_id]),
                    "output_shape": main_family(evidence.shapes),
                    "born_at": found.born.get(route.route_id, now),
                }
                for route in found.rules.routes
                if (evidence := found.evidence.get(route.route_id)) is not None
            ],
        )
        store.execute(_ASSIGN)
        unknown = overrides.apply_to_tables(store)
        store.execute(_CONFIDENCE)
        store.execute("DROP TABLE _assigned")
    return unknown


def _evidence_json(evidence: RouteEvidence, category: Category) -> str:
    return canonical_json(
        {
            "calls": evidence.calls,
            "constant_share": evidence.constant_share,
            "shapes": evidence.shapes,
            "examples": evidence.examples,
            # As found, before overrides: the next run starts from this.
            "found": {
                "category_id": category.category_id,
                "name": category.name,
                "method": category.method,
                "task_type": category.task_type,
                "output_shape": category.output_shape,
            },
        }
    )

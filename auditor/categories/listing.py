"""The categories as people read them: all with their spend, or one with its evidence."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from auditor.errors import NotReadyError
from auditor.stage import Column, View

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from auditor.store.store import Store

_LIST = """
SELECT category_id, name, name_origin, method, task_type, output_shape, ignored, confidence, calls,
       spend_usd, share, cumulative_share,
       (SELECT count(*) FROM routes r WHERE r.category_id = s.category_id) AS routes
FROM v_spend s JOIN categories USING (category_id, name, method, output_shape, ignored)
ORDER BY spend_rank
"""
_FIND = """
SELECT category_id FROM categories WHERE category_id = $name OR lower(name) = lower($name)
UNION ALL
SELECT category_id FROM category_aliases WHERE lower(alias) = lower($name)
LIMIT 1
"""
_ROUTES = """
SELECT route_id, name, template, evidence, output_shape,
       (SELECT count(*) FROM call_categories c WHERE c.route_id = r.route_id) AS calls
FROM routes r WHERE category_id = ? ORDER BY calls DESC, route_id
"""
_MODELS = """
SELECT coalesce(model, '(unknown)') AS model, count(*) AS calls, sum(cost_usd) AS spend_usd
FROM calls JOIN call_categories USING (call_id) WHERE category_id = ?
GROUP BY ALL ORDER BY spend_usd DESC NULLS LAST, model
"""
_EXAMPLES = """
SELECT call_id, log_id, left(coalesce(messages ->> '$[0].content', ''), 300) AS prompt,
       left(response_text, 300) AS answer
FROM call_categories JOIN calls USING (call_id) JOIN contents USING (call_id)
WHERE category_id = ? ORDER BY md5(call_id) LIMIT 3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """One category in the list.

    `routes` is their number. `share` and `cumulative_share` are of priced spend, None where
    nothing is priced; `confidence` is the mean of its calls, from 0 to 1.
    """

    category_id: str
    name: str
    name_origin: str
    method: str
    task_type: str | None
    output_shape: str | None
    ignored: bool
    confidence: float | None
    calls: int
    spend_usd: Decimal | None
    share: float | None
    cumulative_share: float | None
    routes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRow:
    """One route of a category; `evidence` is what `tables` stored of it."""

    route_id: str
    name: str
    template: str | None
    evidence: Mapping[str, Any]
    output_shape: str | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """The calls of a category that one model answered; `spend_usd` is None if none is priced."""

    model: str
    calls: int
    spend_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRow:
    """The beginnings of one call's first message and of its answer, 300 characters at most."""

    call_id: str
    log_id: str | None
    prompt: str
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryEvidence:
    """One category with its routes, the models that answered its calls, and three examples."""

    category: CategoryRow
    routes: tuple[RouteRow, ...]
    models: tuple[ModelRow, ...]
    examples: tuple[ExampleRow, ...]


def list_categories(store: Store) -> list[CategoryRow]:
    """Return the categories in falling order of spend.

    Raises:
        NotReadyError: none have been found yet.
    """
    rows = [CategoryRow(**row) for row in store.dicts(_LIST)]
    if not rows:
        raise NotReadyError("no categories yet", hint="run 'auditor categorize' first")
    return rows


def find_category(store: Store, name: str) -> CategoryEvidence:
    """Return the category with this name, former name or id, and its evidence.

    Raises:
        NotReadyError: there is no such category.
    """
    category_id = store.value(_FIND, {"name": name})
    category = next((c for c in list_categories(store) if c.category_id == category_id), None)
    if category is None:
        raise NotReadyError(
            f'no category is called "{name}"', hint="'auditor categories' lists them"
        )
    return CategoryEvidence(
        category=category,
        routes=tuple(
            RouteRow(**(row | {"evidence": json.loads(row["evidence"])}))
            for row in store.dicts(_ROUTES, [category_id])
        ),
        models=tuple(ModelRow(**row) for row in store.dicts(_MODELS, [category_id])),
        examples=tuple(ExampleRow(**row) for row in store.dicts(_EXAMPLES, [category_id])),
    )


def view(store: Store) -> View:
    """Return the list as a table for people.

    Raises:
        NotReadyError: none have been found yet.
    """
    rows = [
        asdict(row) | {"title": row.name + (" (ignored)" if row.ignored else "")}
        for row in list_categories(store)
    ]
    return View(
        (
            Column("category", "title"),
            Column("calls", "calls", "count"),
            Column("spend", "spend_usd", "usd"),
            Column("so far", "cumulative_share", "percent"),
            Column("routes", "routes", "count"),
            Column("answers", "output_shape"),
            Column("id", "category_id"),
        ),
        rows,
    )

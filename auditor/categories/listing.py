"""The categories in falling order of spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.errors import NotReadyError
from auditor.stage import Column, View

if TYPE_CHECKING:
    from auditor.store.store import Store

_LIST = """
SELECT category_id, name, name_origin, method, task_type, output_shape, ignored, confidence, calls,
       spend_usd, share, cumulative_share,
       (SELECT count(*) FROM routes r WHERE r.category_id = s.category_id) AS routes
FROM v_spend s JOIN categories USING (category_id, name, method, output_shape, ignored)
ORDER BY spend_rank
"""


def rows(store: Store) -> list[dict[str, Any]]:
    """Return a row for each category.

    Raises:
        NotReadyError: none have been found yet.
    """
    found = store.dicts(_LIST)
    if not found:
        raise NotReadyError("no categories yet", hint="run 'auditor categorize' first")
    return found


def view(store: Store) -> View:
    """Return the list as a table.

    Raises:
        NotReadyError: none have been found yet.
    """
    marked = [
        {**row, "title": row["name"] + (" (ignored)" if row["ignored"] else "")}
        for row in rows(store)
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
        marked,
    )

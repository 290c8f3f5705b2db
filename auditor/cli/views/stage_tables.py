"""What a stage left behind, as a table: for the commands that run one stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.categories.listing import list_categories
from auditor.cli.views import categories
from auditor.report import wording as words

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.store.store import Store

_DRAWS = """
SELECT s.name, c.model, g.calls, g.spend_usd, count(d.draw_no) AS draws,
       count(DISTINCT d.call_id) AS calls_drawn
FROM designs g JOIN draws d USING (design_id) JOIN candidates c USING (candidate_id)
JOIN v_spend s ON s.category_id = g.category_id
WHERE g.active GROUP BY ALL ORDER BY g.spend_usd DESC, s.name, c.model
"""
_GRADES = """
SELECT s.name, c.name AS criterion, c.origin, count(*) AS graded,
       avg(passed::INT) FILTER (a.candidate_id IS NULL) AS api,
       avg(passed::INT) FILTER (a.candidate_id IS NOT NULL) AS local
FROM criteria c JOIN v_spend s USING (category_id) JOIN grades g USING (criterion_id)
JOIN answers a USING (answer_id)
JOIN call_categories k ON k.call_id = a.call_id AND k.category_id = c.category_id
WHERE c.active AND c.role = 'verdict' AND a.replicate = 0
GROUP BY ALL ORDER BY min(s.spend_rank), c.name
"""
_COSTS = """
SELECT s.name, m.model, c.calls_month, c.api_usd_month, c.eligible_usd_month, c.busy_hours_month
FROM category_costs c JOIN v_spend s USING (category_id) JOIN candidates m USING (candidate_id)
ORDER BY s.spend_rank, m.rung, m.model
"""

_SEVERAL = 2


def outcome(terminal: Terminal, store: Store, stage: str) -> None:
    """Show the tables a stage wrote, as far as people read them."""
    if stage == "categorize":
        categories.listing(terminal, list_categories(store))
    elif stage == "sample":
        _table(terminal, store, _DRAWS, {
            "category": lambda row: row["name"],
            "model": lambda row: row["model"],
            "calls": lambda row: words.count(row["calls"]),
            "spend": lambda row: words.money(row["spend_usd"]),
            "draws": lambda row: words.count(row["draws"]),
            "distinct": lambda row: words.count(row["calls_drawn"]),
        })  # fmt: skip
    elif stage == "grade":
        _table(terminal, store, _GRADES, {
            "category": lambda row: row["name"],
            "graded": lambda row: words.count(row["graded"]),
            "API passes": lambda row: words.percent(row["api"]),
            "local passes": lambda row: words.percent(row["local"]),
            "criterion": lambda row: f"{row['criterion']} ({row['origin']})",
        }, sentence=4)  # fmt: skip
    elif stage == "cost":
        _table(terminal, store, _COSTS, {
            "category": lambda row: row["name"],
            "model": lambda row: row["model"],
            "calls/month": lambda row: words.count(row["calls_month"]),
            "API/month": lambda row: words.money(row["api_usd_month"]),
            "eligible": lambda row: words.money(row["eligible_usd_month"]),
            "local hours": lambda row: _hours(row["busy_hours_month"]),
        })  # fmt: skip


def _table(
    terminal: Terminal, store: Store, sql: str, columns: dict[str, Any], sentence: int | None = None
) -> None:
    found = store.dicts(sql)
    if len({row.get("model") for row in found}) < _SEVERAL:
        columns.pop("model", None)  # one model needs no column
    words_in = {"category", "model", "criterion"}
    numbers = [n for n, name in enumerate(columns) if name not in words_in]
    rows = [[cell(row) for cell in columns.values()] for row in found]
    terminal.table(list(columns), rows, right=numbers, sentence=sentence)


def _hours(hours: float | None) -> str:
    return words.UNKNOWN if hours is None else f"{hours:.1f}"

"""Categories on the terminal: the list, and one with its evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from auditor.categories.listing import rows, view
from auditor.cli.views.stage_tables import draw
from auditor.errors import NotReadyError
from auditor.report import wording as words

if TYPE_CHECKING:
    from auditor.cli.terminal import Terminal
    from auditor.store.store import Store

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


def listing(terminal: Terminal, store: Store) -> None:
    """Show the list."""
    draw(terminal, view(store))
    terminal.hint("One with its evidence: auditor categories NAME")


def evidence(store: Store, name: str) -> dict[str, Any]:
    """Return one category with its routes, models and examples.

    Raises:
        NotReadyError: no category has that name, former name or id.
    """
    category_id = store.value(_FIND, {"name": name})
    row = next((row for row in rows(store) if row["category_id"] == category_id), None)
    if row is None:
        raise NotReadyError(
            f'no category is called "{name}"', hint="'auditor categories' lists them"
        )
    routes = store.dicts(_ROUTES, [category_id])
    for route in routes:
        route["evidence"] = json.loads(route["evidence"])
    return row | {
        "routes": routes,
        "models": store.dicts(_MODELS, [category_id]),
        "examples": store.dicts(_EXAMPLES, [category_id]),
    }


def one(terminal: Terminal, found: dict[str, Any]) -> None:
    """Show one category: what its calls have in common, and three of them."""
    terminal.say(found["name"], style="bold")
    terminal.say(
        f"{words.counted(found['calls'], 'call')}, {words.money(found['spend_usd'])} "
        f"({words.percent(found['share'])} of spend), answers: {found['output_shape'] or 'mixed'}, "
        f"id {found['category_id']}"
    )
    for route in found["routes"]:
        constant = route["evidence"].get("constant_share")
        terminal.say()
        terminal.say(
            f"route {route['route_id']}: {words.counted(route['calls'], 'call')}", style="dim"
        )
        if constant is not None:
            terminal.say(f"  {words.percent(constant)} of its words are the same in every call:")
        for line in (route["template"] or "(no constant text)").splitlines():
            terminal.say(f"  | {line}")
    terminal.say()
    for row in found["models"]:
        calls = words.counted(row["calls"], "call")
        terminal.say(f"{row['model']}: {calls}, {words.money(row['spend_usd'])}")
    for example in found["examples"]:
        terminal.say()
        terminal.say(f"call {example['log_id'] or example['call_id']}", style="dim")
        terminal.say(f"  > {_one_line(example['prompt'])}")
        terminal.say(f"  < {_one_line(example['answer'])}")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())[:160]

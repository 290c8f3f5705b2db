"""Categories on the terminal: the list, and one with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.categories.listing import view
from auditor.cli.views.stage_tables import draw
from auditor.report import wording

if TYPE_CHECKING:
    from auditor.categories.explain import Explanation
    from auditor.categories.listing import CategoryEvidence
    from auditor.cli.terminal import Terminal
    from auditor.store.store import Store

_MAX_EXCERPT = 160  # characters of an example


def listing(terminal: Terminal, store: Store) -> None:
    """Show the list."""
    draw(terminal, view(store))
    terminal.hint("One with its evidence: auditor categories NAME")


def one(terminal: Terminal, found: CategoryEvidence) -> None:
    """Show one category: what its calls have in common, and three of them."""
    category = found.category
    terminal.say(category.name, style="bold")
    terminal.say(
        f"{wording.counted(category.calls, 'call')}, {wording.money(category.spend_usd)} "
        f"({wording.percent(category.share)} of spend), "
        f"answers: {category.output_shape or 'mixed'}, id {category.category_id}"
    )
    for route in found.routes:
        constant = route.evidence.get("constant_share")
        terminal.say()
        terminal.say(f"route {route.route_id}: {wording.counted(route.calls, 'call')}", style="dim")
        if constant is not None:
            terminal.say(f"  {wording.percent(constant)} of its words are the same in every call:")
        for line in (route.template or "(no constant text)").splitlines():
            terminal.say(f"  | {line}")
    terminal.say()
    for model in found.models:
        calls = wording.counted(model.calls, "call")
        terminal.say(f"{model.model}: {calls}, {wording.money(model.spend_usd)}")
    for example in found.examples:
        terminal.say()
        terminal.say(f"call {example.log_id or example.call_id}", style="dim")
        terminal.say(f"  > {_excerpt(example.prompt)}")
        terminal.say(f"  < {_excerpt(example.answer)}")


def explanation(terminal: Terminal, found: Explanation) -> None:
    """Show why two things are in one category or in two, and how to change it."""
    names = f"“{found.one.name}”", f"“{found.two.name}”"
    terminal.say(
        f"Both are in the category {names[0]}."
        if found.together
        else f"{names[0]} and {names[1]} are two categories.",
        style="bold",
    )
    for line in found.why:
        terminal.say(line)
    terminal.say()
    for line in found.change:
        terminal.say(line)


def _excerpt(text: str | None) -> str:
    return " ".join((text or "").split())[:_MAX_EXCERPT]

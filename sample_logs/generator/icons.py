"""SVG icons from a name and a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    'Draw the icon as one standalone <svg> element with viewBox="0 0 24 24", fill none, the '
    "given stroke colour and stroke-width 2. Simple shapes only. Answer with the SVG and nothing else."
)
SHAPES: dict[str, tuple[str, ...]] = {
    "plus sign": ('<path d="M12 5v14"/>', '<path d="M5 12h14"/>'),
    "clock": ('<circle cx="12" cy="12" r="9"/>', '<path d="M12 7v5l3 2"/>'),
    "envelope": ('<rect x="3" y="5" width="18" height="14" rx="2"/>', '<path d="M3 7l9 6 9-6"/>'),
    "house": (
        '<path d="M3 11l9-8 9 8"/>',
        '<path d="M5 10v10h14V10"/>',
        '<path d="M10 20v-6h4v6"/>',
    ),
    "padlock": (
        '<rect x="5" y="11" width="14" height="10" rx="2"/>',
        '<path d="M8 11V7a4 4 0 0 1 8 0v4"/>',
    ),
    "magnifying glass": ('<circle cx="11" cy="11" r="7"/>', '<path d="M20 20l-4-4"/>'),
    "bell": (
        '<path d="M6 17V11a6 6 0 0 1 12 0v6"/>',
        '<path d="M4 17h16"/>',
        '<path d="M10 20a2 2 0 0 0 4 0"/>',
    ),
    "warning triangle": (
        '<path d="M12 3L2 20h20z"/>',
        '<path d="M12 10v4"/>',
        '<path d="M12 17v.5"/>',
    ),
    "check mark in a circle": ('<circle cx="12" cy="12" r="9"/>', '<path d="M8 12l3 3 5-6"/>'),
    "bar chart": (
        '<path d="M4 20h16"/>',
        '<path d="M7 20v-6"/>',
        '<path d="M12 20V8"/>',
        '<path d="M17 20V4"/>',
    ),
    "sun": (
        '<circle cx="12" cy="12" r="4"/>',
        '<path d="M12 2v3M12 19v3M2 12h3M19 12h3"/>',
        '<path d="M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2"/>',
    ),
    "battery": (
        '<rect x="2" y="8" width="17" height="8" rx="2"/>',
        '<path d="M22 11v2"/>',
        '<path d="M5 11v2"/>',
    ),
    "calendar": (
        '<rect x="4" y="5" width="16" height="16" rx="2"/>',
        '<path d="M4 10h16"/>',
        '<path d="M8 3v4M16 3v4"/>',
    ),
    "three people": (
        '<circle cx="12" cy="8" r="3"/>',
        '<path d="M6 20a6 6 0 0 1 12 0"/>',
        '<circle cx="4" cy="9" r="2"/>',
        '<circle cx="20" cy="9" r="2"/>',
    ),
    "download arrow": ('<path d="M12 3v12"/>', '<path d="M7 11l5 5 5-5"/>', '<path d="M4 20h16"/>'),
    "shopping bag": ('<path d="M5 8h14l1 13H4z"/>', '<path d="M9 8V6a3 3 0 0 1 6 0v2"/>'),
    "flag": ('<path d="M5 21V3"/>', '<path d="M5 4h13l-3 4 3 4H5"/>'),
    "coffee cup": (
        '<path d="M4 8h13v7a5 5 0 0 1-5 5H9a5 5 0 0 1-5-5z"/>',
        '<path d="M17 10h2a2 2 0 0 1 0 5h-2"/>',
        '<path d="M8 2v3M12 2v3"/>',
    ),
}
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "black", "#8250df", "currentColor")


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        name, colour = pick(rng, tuple(SHAPES)), pick(rng, COLOURS)
        lines = "\n".join(f"  {shape}" for shape in SHAPES[name])
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" '
            f'fill="none" stroke="{colour}" stroke-width="2" stroke-linecap="round">\n{lines}\n</svg>'
        )
        user = f"Icon: {name}\nStroke colour: {colour}"
        return Task(system=SYSTEM, messages=(("user", user),), answer=svg)

    return distinct(n, make)

"""JSON extraction without a response format: a bug report in free words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Read the bug report and answer with one JSON object, no other text. Keys: component (editor, "
    "build, deploy, search, api), severity (high if work is blocked, medium if there is a "
    "workaround, low if cosmetic), version (string or null), regression (true if it worked before, "
    "else false)."
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "component": {"enum": ["editor", "build", "deploy", "search", "api"]},
        "severity": {"enum": ["high", "medium", "low"]},
        "version": {"type": ["string", "null"]},
        "regression": {"type": "boolean"},
    },
    "required": ["component", "severity", "version", "regression"],
    "additionalProperties": False,
}
SYMPTOMS: dict[str, tuple[str, ...]] = {
    "editor": (
        "The editor freezes when I paste a long line",
        "Undo in the editor skips two steps",
        "The editor shows tabs as boxes",
        "Multiple cursors in the editor type in the wrong place",
        "The editor forgets which files were open",
    ),
    "build": (
        "The build stops with an out-of-memory error",
        "Our build ignores the cache and compiles everything",
        "The build log prints every line twice",
        "Incremental builds pick up deleted files",
        "The build hangs at the linking step",
    ),
    "deploy": (
        "Deploy to the staging region times out",
        "The deploy page shows the wrong commit",
        "A deploy starts twice when I click once",
        "Rolling back a deploy leaves the old workers running",
        "Deploy says success but nothing changes",
    ),
    "search": (
        "Search finds nothing with an underscore in it",
        "Search results jump around while loading",
        "Search ignores files larger than one megabyte",
        "The search box loses the first letter",
        "Search is case-sensitive even when switched off",
    ),
    "api": (
        "The API answers 502 on every second request",
        "The API returns dates without a time zone",
        "Paging in the API repeats the last item",
        "The API rejects valid tokens after midnight",
        "The API documentation lists a field that does not exist",
    ),
}
SEVERITY: dict[str, tuple[str, ...]] = {
    "high": (
        "Nobody here can work until this is fixed.",
        "This blocks our release completely.",
        "We are stuck, there is no way around it.",
        "The whole team is standing still.",
    ),
    "medium": (
        "Restarting helps for a while.",
        "We can work around it with the command line.",
        "A second try usually succeeds, so we manage.",
        "For now we do that step by hand.",
    ),
    "low": (
        "It only looks odd, nothing breaks.",
        "Purely cosmetic, but it should be tidy.",
        "Not a real problem, just ugly.",
        "It does no harm, I merely noticed it.",
    ),
}
WORKED = (
    "It worked fine before the last update.",
    "Last month this was still all right.",
    "The previous version did not do that.",
)
ALWAYS = (
    "",
    "It has been like this since we started.",
    "I do not know of a version where it was different.",
)
VERSIONS = ("2026.3", "2026.4", "2026.4.1", "5.11.0", "5.12.2")


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        component, severity = pick(rng, tuple(SYMPTOMS)), pick(rng, tuple(SEVERITY))
        version = pick(rng, VERSIONS) if rng.random() < 0.75 else None
        regression = rng.random() < 0.4
        where = f" in version {version}" if version else ""
        sentences = [
            f"{pick(rng, SYMPTOMS[component])}{where}.",
            pick(rng, SEVERITY[severity]),
            pick(rng, WORKED if regression else ALWAYS),
        ]
        truth = {
            "component": component,
            "severity": severity,
            "version": version,
            "regression": regression,
        }
        wrong = {**truth, "severity": "high" if severity == "medium" else "medium"}
        return single(
            SYSTEM, " ".join(filter(None, sentences)), json.dumps(truth), slip=json.dumps(wrong)
        )

    return distinct(n, make)

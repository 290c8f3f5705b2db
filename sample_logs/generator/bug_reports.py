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
# Per component: what happens, and how severe that can be.
SYMPTOMS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "editor": (
        ("The editor freezes when I paste a long line", ("high", "medium")),
        ("Undo in the editor skips two steps", ("medium",)),
        ("The editor shows tabs as boxes", ("low",)),
        ("Multiple cursors in the editor type in the wrong place", ("medium",)),
        ("The editor forgets which files were open", ("medium", "low")),
    ),
    "build": (
        ("The build stops with an out-of-memory error", ("high", "medium")),
        ("Our build ignores the cache and compiles everything", ("high", "medium")),
        ("The build log prints every line twice", ("low",)),
        ("Incremental builds pick up deleted files", ("high", "medium")),
        ("The build hangs at the linking step", ("high",)),
    ),
    "deploy": (
        ("Deploy to the staging region times out", ("high",)),
        ("The deploy page shows the wrong commit", ("medium", "low")),
        ("A deploy starts twice when I click once", ("medium",)),
        ("Rolling back a deploy leaves the old workers running", ("high", "medium")),
        ("Deploy says success but nothing changes", ("high", "medium")),
    ),
    "search": (
        ("Search finds nothing with an underscore in it", ("medium",)),
        ("Search results jump around while loading", ("low",)),
        ("Search ignores files larger than one megabyte", ("high", "medium")),
        ("The search box loses the first letter", ("medium",)),
        ("Search is case-sensitive even when switched off", ("medium", "low")),
    ),
    "api": (
        ("The API answers 502 on every second request", ("high", "medium")),
        ("The API returns dates without a time zone", ("medium",)),
        ("Paging in the API repeats the last item", ("medium", "low")),
        ("The API rejects valid tokens after midnight", ("high", "medium")),
        ("The API documentation lists a field that does not exist", ("low",)),
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
        "There is a way around it, but it costs time.",
        "We have a workaround for now.",
        "Annoying, though we manage with a workaround.",
        "We get around it by hand for the moment.",
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
        component = pick(rng, tuple(SYMPTOMS))
        symptom, severities = rng.choice(SYMPTOMS[component])
        severity = pick(rng, severities)
        version = pick(rng, VERSIONS) if rng.random() < 0.75 else None
        regression = rng.random() < 0.4
        where = f" in version {version}" if version else ""
        sentences = [
            f"{symptom}{where}.",
            pick(rng, SEVERITY[severity]),
            pick(rng, WORKED if regression else ALWAYS),
        ]
        truth = {
            "component": component,
            "severity": severity,
            "version": version,
            "regression": regression,
        }
        # Grave words with a workaround are taken for high, small things for medium.
        wrong = {"high": None, "medium": "high", "low": "medium"}[severity]
        slip = json.dumps({**truth, "severity": wrong}) if wrong else None
        return single(SYSTEM, " ".join(filter(None, sentences)), json.dumps(truth), slip=slip)

    return distinct(n, make)

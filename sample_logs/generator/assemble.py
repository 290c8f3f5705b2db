"""From tasks to the lines of the log files and the labels beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from generator import planted
from generator.clock import moments
from generator.envelopes import Moment, record
from generator.profiles import PROFILES, Profile

if TYPE_CHECKING:
    from generator.task import Task

SEED = 20261012
CACHE_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Logs:
    """Lines per app, and the labels: JSON lines of log id and true answer."""

    lines: dict[str, list[str]]
    labels: list[str]


def logs() -> Logs:
    """Everything that is written; the same on every machine."""
    found: dict[str, list[str]] = {}
    expected: dict[str, str] = {}
    for app in ("support-app", "dev-platform"):
        rng = Random(f"{SEED}:{app}")
        records: list[dict[str, Any]] = []
        for number, profile in enumerate(PROFILES):
            if profile.app == app:
                pairs = _calls(Random(f"{SEED}:{number}:{profile.name}"), profile)
                records += [item for item, _ in pairs]
                expected |= {item["id"]: task.expected for item, task in pairs if task.expected}
        records.sort(key=lambda item: item["timestamp"])
        again = planted.resent(rng, records, app)
        expected |= {item["id"]: expected[first] for first, item in again if first in expected}
        records += [item for _, item in again] + planted.failed(rng, records, app)
        records.sort(key=lambda item: item["timestamp"])
        found[app] = planted.lines(rng, records, app)
    labels = [
        json.dumps({"id": key, "expected": value}, ensure_ascii=False)
        for key, value in expected.items()
    ]
    return Logs(found, labels)


def _calls(rng: Random, profile: Profile) -> list[tuple[dict[str, Any], Task]]:
    tasks = _with_plants(profile, _with_slips(rng, profile, profile.tasks(rng, profile.calls)))
    names, weights = zip(*profile.models, strict=True)
    last: dict[tuple[str, str], datetime] = {}
    calls = []
    for task, at in zip(tasks, _times(rng, profile, tasks), strict=True):
        model = rng.choices(names, weights)[0]
        if profile.dated_system:
            task = replace(task, system=profile.dated_system(rng, f"{at:%Y-%m-%d}"))  # noqa: PLW2901
        seen = last.get((model, task.system))
        warm = seen is not None and at - seen < CACHE_LIFE
        last[model, task.system] = at
        calls.append((record(rng, profile, task, Moment(at=at, model=model, warm=warm)), task))
    return calls


def _with_slips(rng: Random, profile: Profile, tasks: list[Task]) -> list[Task]:
    """The same tasks, of which a fixed share has its wrong answer logged."""
    able = [place for place, task in enumerate(tasks) if task.slip]
    wrong = set(rng.sample(able, round(profile.slips * len(tasks))))
    return [
        replace(task, answer=task.slip) if task.slip and place in wrong else task
        for place, task in enumerate(tasks)
    ]


def _with_plants(profile: Profile, tasks: list[Task]) -> list[Task]:
    found = list(tasks)
    for project, place, text in planted.PLANTS:
        if profile.project == project and profile.name != "language id":
            *before, (role, user) = found[place].messages
            found[place] = replace(found[place], messages=(*before, (role, f"{user} {text}")))
    return found


def _times(rng: Random, profile: Profile, tasks: list[Task]) -> list[datetime]:
    """One moment per task; the turns of a conversation follow each other within minutes."""
    if not tasks[0].conversation:
        return moments(rng, len(tasks), profile.app, profile.burst)
    talks = sorted({task.conversation for task in tasks if task.conversation})
    starts = dict(
        zip(talks, rng.sample(moments(rng, len(talks), profile.app, 1), len(talks)), strict=True)
    )
    return [
        starts[task.conversation or ""] + timedelta(seconds=95 * task.turn + rng.randrange(40))
        for task in tasks
    ]

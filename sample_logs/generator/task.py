"""The unit every task module produces, and how distinct ones are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One prompt with the answer a large model gave.

    `expected` is the true answer where the task has exactly one; `slip` is the
    mistake a large model would plausibly make instead of it.
    """

    system: str
    messages: tuple[tuple[str, str], ...]
    answer: str
    expected: str | None = None
    slip: str | None = None
    conversation: str | None = None
    turn: int = 0
    finish: str = "stop"


def single(system: str, user: str, answer: str, *, slip: str | None = None) -> Task:
    """A one-message task whose answer is the only right one."""
    return Task(
        system=system, messages=(("user", user),), answer=answer, expected=answer, slip=slip
    )


def distinct(n: int, make: Callable[[], Task]) -> list[Task]:
    """Call `make` until it has given `n` tasks with different user messages.

    Raises:
        ValueError: the material is too small for `n` different prompts.
    """
    found: dict[tuple[tuple[str, str], ...], Task] = {}
    for _ in range(n * 60):
        task = make()
        found.setdefault(task.messages, task)
        if len(found) == n:
            return list(found.values())
    raise ValueError(f"only {len(found)} of {n} different prompts")


def greeted(*parts: str) -> str:
    """The parts that are not empty as one text; after a comma it goes on in lower case."""
    text = ""
    for part in filter(None, parts):
        words = part
        if text.endswith(",") and part[1].islower():
            words = part[0].lower() + part[1:]
        text += f" {words}" if text else words
    return text


def pick(rng: Random, options: tuple[str, ...]) -> str:
    """One of `options`; a name short enough to use inside f-strings."""
    return rng.choice(options)

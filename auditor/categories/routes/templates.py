"""What template texts say: whether code wrote them, whether they instruct, which task they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.fragments import FragmentIndex
from auditor.categories.routes.instructions import orders
from auditor.categories.routes.lexicon import instructs, is_generic, is_weak, task_type
from auditor.categories.routes.mining import mine
from auditor.categories.routes.route import Route, stable_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.categories.routes.fragments import Fragment
    from auditor.categories.routes.route import StructuralKey
    from auditor.categories.routes.tree import Path

MIN_PROMPT_WORDS = 5  # constant words of a system prompt that state a task the lexicon lacks
MIN_TEMPLATE_WORDS = 10  # constant words of a user template that gives no instruction we know
MIN_LINE_WORDS = 2  # constant words on a line of their own

_COLON = re.compile(r"\A([^\n]*?)[:：]\s*(?:[\"“'`<\[(]\s*)?(?:\{…\}|\Z)")  # noqa: RUF001
_LETTERS = re.compile(r"[^\W\d_]+")


class Templates:
    """The fragments mined so far, and what a path of them, by index, says to the model."""

    def __init__(self, fragments: Iterable[Fragment] = ()) -> None:
        self.fragments: list[Fragment] = list(fragments)

    def mine(
        self, counts: Mapping[str, int], *, support: int, head: int, tail: int
    ) -> dict[str, Path]:
        """Mine texts and add what is found; returns the new fragments that each text holds.

        Args:
            counts: How many sampled calls have each text.
            support: Least number of calls that make a shingle frequent.
            head: Characters read from the start of each text.
            tail: Characters read from its end.
        """
        texts = sorted(counts)
        weights = np.array([counts[text] for text in texts], np.float64)
        found = mine(texts, weights, min_support=support, head=head, tail=tail)
        first = len(self.fragments)
        self.fragments.extend(found)
        held = FragmentIndex(found).find(texts, head, tail)
        return {
            text: tuple(first + i for i in indices)
            for text, indices in zip(texts, held, strict=True)
        }

    def states_task(self, path: Path) -> bool:
        """Whether the constant text of a system prompt says what the task or the bot is."""
        words = self._words(path)
        if words and not is_weak(self.task_type(path)):
            return True
        return len(words) >= MIN_PROMPT_WORDS and not is_generic(" ".join(words))

    def is_template(self, path: Path) -> bool:
        """Whether code wrote this text, and not people who like the same phrase.

        Code puts its constant text at a fixed place before or after the value.
        """
        if not any(self.fragments[i].anchored for i in path):
            return False
        words = len(self._words(path))
        known = (
            not is_weak(self.task_type(path))
            or self.instructs(path)
            or self.orders(path)
            or self.has_own_line(path)
        )
        return words >= (1 if known else MIN_TEMPLATE_WORDS)

    def are_values(self, added: Path, above: Path) -> bool:
        """Whether fragments inside the system prompt `above` are values of its slots.

        They are if they stand at no fixed place, or tell the model nothing, or say who it is
        where the prompt above them names the task.
        """
        names_task = not is_weak(self.task_type(above))
        return all(
            not f.anchored
            or not (orders(f.text) or instructs(f.text))
            or (names_task and not orders(f.text) and is_weak(task_type(f.text)))
            for f in (self.fragments[i] for i in added)
        )

    def task_type(self, path: Path) -> str:
        """The task type that the text names, see `lexicon.task_type`."""
        return task_type(" ".join(self.fragments[i].text for i in path))

    def instructs(self, path: Path) -> bool:
        """Whether a fragment tells the model what to do or who it is, or asks it something."""
        return any(instructs(self.fragments[i].text) for i in path)

    def has_own_line(self, path: Path) -> bool:
        """Whether constant words end with their line: people seldom type a value after."""
        heads = (self.fragments[i].text.lstrip().partition("\n") for i in path)
        return any(end and len(_LETTERS.findall(head)) >= MIN_LINE_WORDS for head, end, _ in heads)

    def orders(self, path: Path) -> bool:
        """Whether a fragment tells the model what to do or asks it something."""
        return any(orders(self.fragments[i].text) for i in path)

    def hands_over(self, path: Path) -> bool:
        """Whether constant words hand over a value: they end with their line, or with a colon.

        Code does so in every call; people seldom do.
        """
        return self.has_own_line(path) or any(
            len(_LETTERS.findall(found[1])) >= MIN_LINE_WORDS
            for i in path
            if (found := _COLON.search(self.fragments[i].text))
        )

    def route(
        self, structure: StructuralKey, system: Path, user: Path, *, task_prompt: bool
    ) -> Route:
        """The route of calls with this key and these fragments; its id depends on nothing else."""
        system_keys = tuple(sorted(self.fragments[i].key for i in system))
        user_keys = tuple(sorted(self.fragments[i].key for i in user))
        constants = sorted({w.lower() for i in (*system, *user) for w in self.fragments[i].words})
        return Route(
            route_id=stable_id(
                structure.system,
                ",".join(structure.tools),
                structure.response_format,
                *constants,
                *system_keys,
                *user_keys,
            ),
            structure=structure,
            system_fragments=system_keys,
            user_fragments=user_keys,
            task_prompt=task_prompt,
            system_shingles=sum(len(self.fragments[i].shingles) for i in system),
            user_shingles=sum(len(self.fragments[i].shingles) for i in user),
        )

    def _words(self, path: Path) -> list[str]:
        return [w for i in path for w in self.fragments[i].words if any(map(str.isalpha, w))]

"""Which routes are the same task: clustering by words, answers, task type and form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.lexicon import USE_TOOLS, is_weak, task_type
from auditor.categories.routes.route import ANY_TOOLS
from auditor.categories.routes.shape import main_family
from auditor.categories.routes.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

THRESHOLD = 0.65  # conservative: the user can join what is too fine, not take apart a mix
# Weights of the distance between two routes. Measured on logs with known tasks: word vectors alone
# join too much, answer shapes alone nearly everything; together with the task type they join few
# routes wrongly.
_EMBEDDING, _WORDS, _SHAPE, _TYPE = 0.5, 0.25, 0.25, 0.5
_FORM = 1.0  # what code keeps apart is not joined by its words


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteProfile:
    """What is compared of a route.

    `words` are its constant words and `shapes` counts its answers. `system` and `user` are keys
    of fragments, `system` only where the system prompt states the task.
    """

    words: str
    shapes: Mapping[str, int]
    tools: tuple[str, ...] = ()
    response_format: str = ""
    system: tuple[str, ...] = ()
    user: tuple[str, ...] = ()

    @property
    def task_type(self) -> str:
        """The task type, from tools, answers or words."""
        answers = main_family(self.shapes)
        if self.tools and answers == "tool_call":
            return USE_TOOLS
        if answers in {"sql", "svg"}:
            return answers
        named = task_type(self.words)
        return "extract" if answers == "json" and is_weak(named) else named


def group(profiles: Sequence[RouteProfile], *, threshold: float = THRESHOLD) -> list[int]:
    """One label per route, from 0: routes of the same task have the same label."""
    if len(profiles) <= 1:
        return [0] * len(profiles)
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, distance_threshold=threshold, metric="precomputed", linkage="average"
    )
    return [int(label) for label in model.fit_predict(distances(profiles))]


def distances(profiles: Sequence[RouteProfile]) -> NDArray[np.float64]:
    """Symmetric distances between routes, 0 (same) to 3: vectors, words, shapes, type, form."""
    vectors = embed([p.words for p in profiles])
    vectors = unit(vectors - vectors.mean(axis=0) / 2)
    words = _tfidf([p.words for p in profiles])
    shapes = _shapes(profiles)
    types = np.array([p.task_type for p in profiles])
    out = (
        _EMBEDDING * (1 - vectors @ vectors.T)
        + _WORDS * (1 - words @ words.T)
        + _SHAPE * (1 - shapes @ shapes.T)
        + _TYPE * (types[:, None] != types[None, :])
        + _FORM * np.array([[_differ_in_form(a, b) for b in profiles] for a in profiles])
    )
    both = np.clip((out + out.T) / 2, 0, None).astype(np.float64)
    np.fill_diagonal(both, 0)
    rounded: NDArray[np.float64] = np.round(both, 6)
    return rounded


def _differ_in_form(one: RouteProfile, two: RouteProfile) -> bool:
    """Whether the caller's code asks for two different things.

    That is: named schemas that differ, fixed tools with nothing in common, or two messages under
    one system prompt that were found to be two tasks.
    """
    if one.system and one.system == two.system and one.user != two.user:
        return True
    schemas = {p.response_format for p in (one, two) if ":" in p.response_format}
    if len(schemas) > 1:
        return True
    fixed = one.tools and two.tools and ANY_TOOLS not in {one.tools, two.tools}
    return bool(fixed) and not set(one.tools) & set(two.tools)


def _tfidf(texts: Sequence[str]) -> NDArray[np.float64]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(sublinear_tf=True, token_pattern=r"[^\W\d_]{2,}|[\u3040-\u9fff]")  # noqa: S106
    try:
        return np.asarray(model.fit_transform(texts).toarray())
    except ValueError:  # not one word in any of them
        return np.zeros((len(texts), 1))


def _shapes(profiles: Sequence[RouteProfile]) -> NDArray[np.float64]:
    names = sorted({name for p in profiles for name in p.shapes})
    counts = np.array([[p.shapes.get(name, 0) for name in names] for p in profiles], np.float64)
    totals = counts.sum(axis=1, keepdims=True) if names else np.zeros((len(profiles), 1))
    return np.sqrt(counts / np.maximum(totals, 1))

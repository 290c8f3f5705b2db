"""Which routes are the same task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.lexicon import USE_TOOLS, is_weak, task_type
from auditor.categories.routes.model import ANY_TOOLS
from auditor.categories.routes.shape import coarse
from auditor.categories.routes.vectors import embed, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

THRESHOLD = 0.65  # conservative: too fine can be joined by the user, too coarse not taken apart
_EMBEDDING, _WORDS, _SHAPE, _TYPE = 0.5, 0.25, 0.25, 0.5  # from categorize.md section 2
_FORM = 1.0  # what code keeps apart is not joined by its words


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is compared: the constant words of a route and the shapes of its answers."""

    route_id: str
    calls: int
    words: str
    shapes: Mapping[str, int]
    tools: tuple[str, ...] = ()
    schema: str = ""
    system: tuple[str, ...] = ()
    user: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The task type, from tools, answers or words."""
        if self.tools and self.top == "tool_call":
            return USE_TOOLS
        if self.top in {"sql", "svg"}:
            return self.top
        named = task_type(self.words)
        return "extract" if self.top == "json" and is_weak(named) else named

    @property
    def top(self) -> str:
        """The most frequent family of shapes."""
        return top_family(self.shapes)


def top_family(shapes: Mapping[str, int]) -> str:
    """The most frequent family of shapes, `text` if there are no answers."""
    families: dict[str, int] = {}
    for name, n in shapes.items():
        if name != "empty":
            families[coarse(name)] = families.get(coarse(name), 0) + n
    return max(families.items(), key=lambda item: (item[1], item[0]))[0] if families else "text"


def group(profiles: Sequence[Profile], *, threshold: float = THRESHOLD) -> list[int]:
    """Label routes so that those of one task share a label; labels count from 0."""
    if len(profiles) <= 1:
        return [0] * len(profiles)
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, distance_threshold=threshold, metric="precomputed", linkage="average"
    )
    return [int(label) for label in model.fit_predict(distances(profiles))]


def distances(profiles: Sequence[Profile]) -> NDArray[np.float64]:
    """Symmetric distances between routes, 0 (same) to 2: vectors, words, shapes, type, form."""
    vectors = embed([p.words for p in profiles])
    vectors = unit(vectors - vectors.mean(axis=0) / 2)
    words = _tfidf([p.words for p in profiles])
    shapes = _shapes(profiles)
    kinds = np.array([p.kind for p in profiles])
    out = (
        _EMBEDDING * (1 - vectors @ vectors.T)
        + _WORDS * (1 - words @ words.T)
        + _SHAPE * (1 - shapes @ shapes.T)
        + _TYPE * (kinds[:, None] != kinds[None, :])
        + _FORM * np.array([[_other_form(a, b) for b in profiles] for a in profiles])
    )
    both = np.clip((out + out.T) / 2, 0, None).astype(np.float64)
    np.fill_diagonal(both, 0)
    rounded: NDArray[np.float64] = np.round(both, 6)
    return rounded


def _other_form(one: Profile, two: Profile) -> bool:
    """Whether code asks for two things.

    Named schemas that differ, fixed tools with nothing in common, or two messages under one
    system prompt that were found to be two tasks.
    """
    if one.system and one.system == two.system and one.user != two.user:
        return True
    if ":" in one.schema and ":" in two.schema and one.schema != two.schema:
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


def _shapes(profiles: Sequence[Profile]) -> NDArray[np.float64]:
    names = sorted({name for p in profiles for name in p.shapes})
    counts = np.array([[p.shapes.get(name, 0) for name in names] for p in profiles], np.float64)
    totals = counts.sum(axis=1, keepdims=True) if names else np.zeros((len(profiles), 1))
    return np.sqrt(counts / np.maximum(totals, 1))

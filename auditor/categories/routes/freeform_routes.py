"""Routes of the calls that no template explains: groups by what they are about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from auditor.categories.routes.freeform import cluster
from auditor.categories.routes.matcher import free_text
from auditor.categories.routes.route import Route, StructuralKey, stable_id
from auditor.categories.routes.rules import FreeFormRule
from auditor.categories.routes.topic_words import distinctive_words
from auditor.text.vectors import DIMENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.categories.routes.sampled_calls import SampledCall

ID_WORDS = 8  # distinctive words that make the id of a free-form route

CATCH_ALL = (
    Route(route_id=stable_id("free-form"), structure=StructuralKey(system="none"), free_form=True),
    FreeFormRule(weights=(0.0,) * DIMENSIONS, bias=0.0),
)
"""The route of any call where the sample has no free-form calls to learn from."""


def free_form_routes(
    members: Sequence[SampledCall], *, seed: int, fine: bool
) -> list[tuple[Route, FreeFormRule]]:
    """Split calls without a template; those with a specific system prompt are split by that."""
    out: list[tuple[Route, FreeFormRule]] = []
    for specific in (False, True):
        of_kind = [m for m in members if (m.structure.system == "specific") == specific]
        if not of_kind:
            continue
        texts = [free_text(m.call.system, m.structure.system, m.call.user) for m in of_kind]
        centre, centroids, labels = cluster(texts, seed=seed, fine=fine)
        groups = [
            [text for text, label in zip(texts, labels.tolist(), strict=True) if label == number]
            for number in range(len(centroids))
        ]
        structure = StructuralKey(system="specific" if specific else "none")
        for words, centroid in zip(distinctive_words(groups, ID_WORDS), centroids, strict=True):
            # The id is made of words: the same on every machine, whatever the last bit of a sum.
            route_id = stable_id("free-form", structure.system, *sorted(words))
            weights = np.round(centroid.astype(np.float64), 5)
            bias = -float(np.round(centre.astype(np.float64) @ weights, 5))
            route = Route(route_id=route_id, structure=structure, free_form=True)
            out.append((route, FreeFormRule(weights=tuple(weights.tolist()), bias=bias)))
    return _distinct(out)


def _distinct(
    found: Sequence[tuple[Route, FreeFormRule]],
) -> list[tuple[Route, FreeFormRule]]:
    """Number the ids that several groups share because their words are the same."""
    seen = Counter(route.route_id for route, _ in found)
    return [
        (replace(route, route_id=stable_id(route.route_id, str(number))), rule)
        if seen[route.route_id] > 1
        else (route, rule)
        for number, (route, rule) in enumerate(found)
    ]

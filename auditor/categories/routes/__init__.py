"""Routes: where in the caller's code calls come from, and which task each of them is."""

from auditor.categories.routes.categories import categorize
from auditor.categories.routes.find import (
    RARE_KEYS,
    SAMPLE,
    Gathered,
    Routes,
    find_routes,
    frequent,
    quotas,
)
from auditor.categories.routes.merge import top_family
from auditor.categories.routes.model import Category, Doc, Evidence, Route, Structure
from auditor.categories.routes.rules import Match, Matcher, RuleSet
from auditor.categories.routes.search import learn, learn_more
from auditor.categories.routes.shape import coarse, shape

__all__ = [
    "RARE_KEYS",
    "SAMPLE",
    "Category",
    "Doc",
    "Evidence",
    "Gathered",
    "Match",
    "Matcher",
    "Route",
    "Routes",
    "RuleSet",
    "Structure",
    "categorize",
    "coarse",
    "find_routes",
    "frequent",
    "learn",
    "learn_more",
    "quotas",
    "shape",
    "top_family",
]

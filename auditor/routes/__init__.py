"""Routes: where in the caller's code calls come from, and which task each of them is."""

from auditor.routes.find import Routes, find_routes
from auditor.routes.model import Category, Doc, Evidence, Route, Structure
from auditor.routes.rules import Match, Matcher, RuleSet, match
from auditor.routes.shape import coarse, shape

__all__ = [
    "Category",
    "Doc",
    "Evidence",
    "Match",
    "Matcher",
    "Route",
    "RuleSet",
    "Routes",
    "Structure",
    "coarse",
    "find_routes",
    "match",
    "shape",
]

"""Routes: where in the caller's code calls come from, and which task each of them is."""

from auditor.categories.routes.assemble import assemble_categories, category_shape, profile
from auditor.categories.routes.contract import count_labels, label_of
from auditor.categories.routes.evidence import EvidenceCounter, most_frequent_first
from auditor.categories.routes.language import content_words
from auditor.categories.routes.learn import learn
from auditor.categories.routes.matcher import Match, Matcher
from auditor.categories.routes.route import (
    CallText,
    Category,
    Route,
    RouteEvidence,
    StructuralKey,
)
from auditor.categories.routes.rules import RuleSet
from auditor.categories.routes.shape import family, main_family, shape
from auditor.categories.routes.succession import QUANTILES, Activity

__all__ = [
    "QUANTILES",
    "Activity",
    "CallText",
    "Category",
    "EvidenceCounter",
    "Match",
    "Matcher",
    "Route",
    "RouteEvidence",
    "RuleSet",
    "StructuralKey",
    "assemble_categories",
    "category_shape",
    "content_words",
    "count_labels",
    "family",
    "label_of",
    "learn",
    "main_family",
    "most_frequent_first",
    "profile",
    "shape",
]

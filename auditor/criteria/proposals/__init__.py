"""Criteria proposed from logged answers, one module a shape. No model is asked."""

from auditor.criteria.proposals.model import (
    MAX_EXAMPLES,
    MIN_EXAMPLES,
    Basis,
    LoggedExample,
    Proposal,
    basis,
)
from auditor.criteria.proposals.propose import propose
from auditor.criteria.proposals.written import CategoryProposal, as_yaml

__all__ = [
    "MAX_EXAMPLES",
    "MIN_EXAMPLES",
    "Basis",
    "CategoryProposal",
    "LoggedExample",
    "Proposal",
    "as_yaml",
    "basis",
    "propose",
]

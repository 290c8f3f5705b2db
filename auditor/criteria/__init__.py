"""By which rule an answer passes: read, proposed, chosen, and applied to every answer."""

from auditor.criteria.model import Assertion, Criterion

__all__ = ["Assertion", "Criterion"]

"""By which rule an answer passes: read, proposed, chosen, and applied to every answer.

Other packages may import the names below; the modules are the auditor's own.
"""

from auditor.criteria.checks.base import GradeInput
from auditor.criteria.grading import grade
from auditor.criteria.model import Assertion, Criterion

__all__ = ["Assertion", "Criterion", "GradeInput", "grade"]

"""Deprecated: ``grade`` and ``GradeInput`` are in ``auditor.criteria.checks``.

Other packages grade through this module; it goes with auditor 1.0.
"""

import warnings

from auditor.criteria.checks import GradeInput, grade

__all__ = ["GradeInput", "grade"]

warnings.warn(
    "auditor.graders has moved: import grade and GradeInput from auditor.criteria.checks",
    DeprecationWarning,
    stacklevel=2,
)

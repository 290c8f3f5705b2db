"""Deprecated: ``grade`` and ``GradeInput`` are in ``auditor.criteria``.

Other packages grade through this module; it goes with auditor 1.0.
"""

import warnings

from auditor.criteria import GradeInput, grade

__all__ = ["GradeInput", "grade"]

warnings.warn(
    "auditor.graders has moved: import grade and GradeInput from auditor.criteria",
    DeprecationWarning,
    stacklevel=2,
)

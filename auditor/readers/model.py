"""Deprecated: import ``Call``, ``NotCall`` and ``Reject`` from ``auditor.readers``.

Readers in other packages were written against this module; it goes with auditor 1.0.
"""

import warnings

from auditor.readers.call import Call, NotCall, Reject

__all__ = ["Call", "NotCall", "Reject"]

warnings.warn(
    "auditor.readers.model has moved: import Call, NotCall and Reject from auditor.readers",
    DeprecationWarning,
    stacklevel=2,
)

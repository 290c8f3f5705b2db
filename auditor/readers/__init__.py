"""Log formats: raw records to calls.

A reader is a module or object with ``name``, ``title``, ``matches`` and ``read`` (each record
stands for itself) or ``fold`` and ``reach`` (records are read together): the protocols are in
``call``. Other packages add one under the entry point group ``auditor.readers``; it is asked before
our own, and a user's declared formats before that. What such a reader needs is
importable from here.
"""

from auditor.readers.call import Call, NotCall, Reject

__all__ = ["Call", "NotCall", "Reject"]

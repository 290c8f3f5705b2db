"""Workload audit and migration planner for LLM API spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.store.notebook import Audit

__version__ = "0.2.0.dev0"


def open(path: str | Path = "audit.duckdb") -> Audit:  # noqa: A001 - auditor.open, as gzip.open
    """Open an audit database to read its tables and views as polars frames.

    >>> audit = auditor.open("audit.duckdb")
    >>> audit.v_spend.select("name", "calls", "spend_usd")

    Raises:
        NotReadyError: there is no such file, or it is empty.
        StoreError: in use by another process, not an audit database, or of a newer auditor.
    """
    from auditor.store.notebook import Audit

    return Audit(path)

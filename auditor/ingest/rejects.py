"""The records that could not be read, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.store.store import Store

_REASONS = """
SELECT reason, count(*) AS records, count(DISTINCT source_id) AS sources,
       arg_min(detail, (source_id, record_no)) AS example
FROM rejects WHERE $reason IS NULL OR reason = $reason
GROUP BY reason ORDER BY records DESC, reason
"""
_RECORDS = """
SELECT path, member, record_no, line_no, byte_offset, reason, detail, excerpt
FROM rejects JOIN sources USING (source_id) WHERE $reason IS NULL OR reason = $reason
ORDER BY path, member NULLS FIRST, record_no LIMIT $limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason, and how many records of how many files were rejected for it."""

    reason: str
    records: int
    sources: int
    example: str | None
    """The reader's words about the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """One rejected record and where it lies; secrets in the excerpt are masked."""

    path: str
    member: str | None
    """The file within an archive."""
    record_no: int
    line_no: int | None
    byte_offset: int | None
    reason: str
    detail: str | None
    excerpt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """How many records were rejected, by reason, and the first of them."""

    rejects: int
    reasons: tuple[Reason, ...]
    records: tuple[RejectedRecord, ...]


def find(store: Store, reason: str | None = None, *, limit: int) -> Rejects:
    """Return the rejected records by reason, and the first ``limit`` of them.

    Raises:
        ConfigError: no record was rejected for that reason.
    """
    reasons = _reasons(store, reason)
    if reason is not None and not reasons:
        known = [found.reason for found in _reasons(store, None)]
        raise ConfigError(
            f"no record was rejected as {reason}",
            hint=f"reasons here: {', '.join(known)}" if known else "no record was rejected at all",
        )
    rows = store.dicts(_RECORDS, {"reason": reason, "limit": limit})
    return Rejects(
        rejects=sum(found.records for found in reasons),
        reasons=reasons,
        records=tuple(RejectedRecord(**row) for row in rows),
    )


def _reasons(store: Store, reason: str | None) -> tuple[Reason, ...]:
    return tuple(Reason(**row) for row in store.dicts(_REASONS, {"reason": reason}))

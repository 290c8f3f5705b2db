"""Logs of which no record is a call: what they are, and what to do about it.

A bill goes to ``auditor reconcile``. For a format that nobody knows a table is proposed, to be
pasted into ``auditor.toml``; and once it is there, logs that were of no use before are read again.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import LogError
from auditor.readers import proposal
from auditor.readers.files import documents
from auditor.readers.formats import aggregates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from auditor.readers.files.containers import Source
    from auditor.readers.registry import Registry
    from auditor.store.store import Store

_LOOKED_AT = 1_000
"""Records of a log that are looked at."""
_SAMPLE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A log without a call."""

    path: str
    is_bill: bool
    proposed: str | None
    """A table for ``auditor.toml``; None: none of its records looks like a call."""

    @property
    def hint(self) -> str:
        """What to do, in a sentence."""
        if self.is_bill:
            return f"it is a bill, not a log: auditor reconcile {shlex.quote(self.path)}"
        if self.proposed:
            return "paste this into auditor.toml, look it over, and run the same command again:"
        return "give logs of API calls, requests with their answers; 'auditor demo' shows some"


def find(
    sources: Iterable[Source], rows: Sequence[Mapping[str, Any]], registry: Registry
) -> list[Unread]:
    """Return the logs without a call, of those that hold records at all."""
    empty = {
        row["path"] for row in rows if row["records"] and not row["calls"] and not row["duplicates"]
    }
    return [_look(source, registry) for source in sources if source.path in empty]


def _look(source: Source, registry: Registry) -> Unread:
    unknown: list[dict[str, Any]] = []
    is_bill = False
    for item in islice(documents.glance(source), _LOOKED_AT):
        if not isinstance(item.record, dict):
            continue
        reader = registry.find(item.record)
        is_bill = is_bill or reader is aggregates
        if reader is None:
            unknown.append(item.record)
        if is_bill or len(unknown) >= _SAMPLE:
            break
    name = Path(source.path).name.partition(".")[0]
    proposed = proposal.propose(unknown, name) if unknown and not is_bill else None
    return Unread(path=source.path, is_bill=is_bill, proposed=proposed)


def known_now(store: Store, sources: Sequence[Source], registry: Registry) -> set[str]:
    """Return the paths of logs with records that nobody knew, of which some are known now."""
    if registry.ours_only:
        return set()
    rejected = {
        path
        for (path,) in store.rows(
            "SELECT DISTINCT path FROM rejects JOIN sources USING (source_id)"
            " WHERE reason = 'unknown-format'"
        )
    }
    return {s.path for s in sources if s.path in rejected and _declared(s, registry)}


def _declared(source: Source, registry: Registry) -> bool:
    """Say whether one of the records is read by a format that is not our own."""
    return any(
        isinstance(item.record, dict) and any(r.matches(item.record) for r in registry.added)
        for item in islice(documents.glance(source), _LOOKED_AT)
    )


def refuse(store: Store, sources: Sequence[Mapping[str, Any]], found: Sequence[Unread]) -> LogError:
    """Return the error of logs of which none holds a call."""
    named = sources[0]["path"] if len(sources) == 1 else f"the {len(sources)} files"
    records = sum(source["records"] for source in sources)
    held = f"{records:,} record{'' if records == 1 else 's'}" if records else "empty"
    why = store.value(
        "SELECT concat_ws(', ', reason, detail) FROM rejects JOIN sources USING (source_id)"
        " WHERE path = ? ORDER BY record_no LIMIT 1",
        [sources[0]["path"]],
    )
    message = f"no call in {named}: {held}" + (f", the first rejected as {why}" if why else "")
    best = max(found, key=lambda u: (u.is_bill, bool(u.proposed)), default=None)
    if best is None:
        best = Unread(path=named, is_bill=False, proposed=None)
    return LogError(message, hint=best.hint, paste=best.proposed)


def warnings(found: Sequence[Unread]) -> list[str]:
    """Return what to say of such logs beside others that hold calls."""
    bills = [f"{unread.path}: {unread.hint}" for unread in found if unread.is_bill]
    unknown = [
        f"{unread.path}: no record of it is of a known format; 'auditor ingest "
        f"{shlex.quote(unread.path)}' alone proposes a table that reads it"
        for unread in found
        if unread.proposed
    ]
    return bills[:_WARNED] + unknown[:_WARNED]


_WARNED = 3

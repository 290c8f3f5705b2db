"""What a user should know of calls that were read: figures, times and bills to be doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from auditor.readers.call import INTERNAL_ERROR
from auditor.readers.registry import READER_ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.store.store import Store

_NOTICED = 0.01
"""A bill that differs from the price book by more than this share of it is told of."""

_MOST = 5
_TIMES = """
SELECT time_kind, count(*), arg_min(path, c.record_no), min(coalesce(c.line_no, c.record_no))
FROM calls c JOIN sources USING (source_id)
WHERE time_kind IN ('unread', 'file') GROUP BY time_kind"""
_BILLS = f"""
SELECT provider, model, count(*) AS calls, sum(logged_cost_usd) AS billed,
       sum(computed_cost_usd) AS computed
FROM calls
WHERE logged_cost_by = 'provider' AND cost_basis = 'logged' AND computed_cost_usd IS NOT NULL
  AND abs(logged_cost_usd - computed_cost_usd) > {_NOTICED} * logged_cost_usd
GROUP BY ALL ORDER BY abs(billed - computed) DESC, provider, model LIMIT {_MOST}"""


def doubts(store: Store, source_ids: Sequence[str]) -> list[str]:
    """Return a sentence for each kind of doubt; ``source_ids`` are the sources of this run."""
    with store.registered("named", pa.table({"source_id": pa.array(source_ids, pa.string())})):
        named = [*_about_figures(store), *_about_records(store)]
    return [*named, *_about_times(store), *_about_bills(store)]


def _about_figures(store: Store) -> list[str]:
    count, example = store.rows(
        "SELECT count(*), arg_min(implausible[1], (source_id, record_no)) FROM calls"
        " SEMI JOIN named USING (source_id) WHERE implausible IS NOT NULL"
    )[0]
    if not count:
        return []
    those = "calls have figures" if count > 1 else "call has a figure"
    what = f"{count:,} {those} that no call can have ({example})"
    return [f"{what}: taken as unknown, and kept in calls.implausible"]


def _about_records(store: Store) -> list[str]:
    stumbled = store.value(
        "SELECT count(*) FROM rejects SEMI JOIN named USING (source_id) WHERE reason IN (?, ?)",
        [INTERNAL_ERROR, READER_ERROR],
    )
    if not stumbled:
        return []
    records = f"{stumbled:,} record{'s' if stumbled > 1 else ''}"
    where = "'auditor rejects' shows where; please report it"
    return [f"auditor stumbled over {records}, a bug: {where}"]


def _about_times(store: Store) -> list[str]:
    found = {kind: rest for kind, *rest in store.rows(_TIMES)}
    told = []
    if "unread" in found:
        calls, path, line = found["unread"]
        told.append(
            f"{calls:,} {_calls(calls)} a time of no form that is known (first in {path}, line "
            f"{line}): counted in the total, but on no day, at today's prices"
        )
    if "file" in found:
        calls, path, _ = found["file"]
        told.append(
            f"{calls:,} {_calls(calls)} no time in the log (first in {path}): "
            "the date of the file stands for it"
        )
    return told


def _calls(count: int) -> str:
    return "call has" if count == 1 else "calls have"


def _about_bills(store: Store) -> list[str]:
    return [
        f"{provider or 'a provider'} billed ${billed:.4g} for {calls:,} "
        f"{'call' if calls == 1 else 'calls'} of {model}, the price book says ${computed:.4g}: "
        "the bill counts"
        for provider, model, calls, billed, computed in store.rows(_BILLS)
    ]

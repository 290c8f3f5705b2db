"""A batch that the database refuses: halved until the one record it refuses is found.

What a value is refused for (a text no JSON parser of DuckDB takes, an amount that overflows) is a
bug of ours or a kind of log we have not met. It must cost its record, not the run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from auditor.ingest import ledger
from auditor.readers.call import INTERNAL_ERROR
from auditor.readers.columns.batch import TABLES
from auditor.store.connection import refused_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.ingest.ledger import Progress
    from auditor.pricing.price_book import PriceBook
    from auditor.readers.columns.batch import Columns
    from auditor.store.filters import CallFilter
    from auditor.store.store import Store


def write(
    store: Store,
    parts: Sequence[tuple[Progress, Columns]],
    *,
    book: PriceBook,
    only: CallFilter,
) -> None:
    """Write a batch as ``ledger.write`` does; a record whose values are refused is a reject."""
    try:
        ledger.write(store, parts, book=book, only=only)
    except Exception as error:
        refused = refused_value(error)
        if refused is None:
            raise
        if len(parts) > 1:
            middle = len(parts) // 2
            halves: list[Sequence[tuple[Progress, Columns]]] = [parts[:middle], parts[middle:]]
        else:
            progress, columns = parts[0]
            if columns.records == 1 and not len(columns.calls):
                raise  # no call was refused: the database itself is what fails
            if columns.records == 1:
                halves = [[(progress, _rejected(columns, refused))]]
            else:
                halves = [[(progress, half)] for half in _halves(progress, columns)]
        for half in halves:
            write(store, half, book=book, only=only)


def _halves(progress: Progress, columns: Columns) -> tuple[Columns, Columns]:
    """Part a run of records in two; the lines and the position stay with the second."""
    middle = columns.records // 2
    first, second = {}, {}
    for name in TABLES:
        table = getattr(columns, name)
        early = pc.less_equal(table["record_no"], middle)
        first[name] = table.filter(early)
        later = table.filter(pc.invert(early))
        at = later.column_names.index("record_no")
        second[name] = later.set_column(at, "record_no", pc.subtract(later["record_no"], middle))
    return (
        replace(columns, **first, records=middle, lines=0, position=progress.position),
        replace(columns, **second, records=columns.records - middle),
    )


def _rejected(columns: Columns, why: str) -> Columns:
    """Make the one call of a run a reject."""
    call, entry = columns.calls.to_pylist()[0], columns.ledger.to_pylist()[0]
    reject = entry | {
        "line_no": call["line_no"],
        "reason": INTERNAL_ERROR,
        "detail": why,
        "excerpt": None,
    }
    return replace(
        columns,
        calls=columns.calls.slice(0, 0),
        sensitivity=columns.sensitivity.slice(0, 0),
        ledger=pa.Table.from_pylist(
            [entry | {"outcome": "reject", "call_id": None}], columns.ledger.schema
        ),
        rejects=pa.Table.from_pylist(
            [{name: reject[name] for name in columns.rejects.column_names}], columns.rejects.schema
        ),
    )

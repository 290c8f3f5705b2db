"""Query results as polars frames.

DuckDB's types arrive as the polars types that mean the same: DECIMAL as ``Decimal``, exact to the
last digit; DATE as ``Date``; VARCHAR[] as ``List(String)``; BOOLEAN, DOUBLE and the integers as
their namesakes. Two do not arrive as people expect them and are changed here:

- sums and counts of integers, which DuckDB widens to 128 bits: ``Int64``;
- TIMESTAMPTZ: ``Datetime("us", "UTC")``, the name Python's own ``datetime.UTC`` has.

JSON stays the text that was logged (``String``), because its shape differs from row to row; polars
reads into it with ``.str.json_path_match`` and ``.str.json_decode``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def to_frame(table: pa.Table) -> pl.DataFrame:
    """Return an Arrow table that DuckDB made as a frame of the types above."""
    import polars as pl

    frame = pl.DataFrame(table)
    changes = []
    for name, kind in frame.schema.items():
        if isinstance(kind, pl.Decimal) and kind.scale == 0:
            changes.append(pl.col(name).cast(pl.Int64))
        elif isinstance(kind, pl.Datetime) and kind.time_zone not in (None, "UTC"):
            changes.append(pl.col(name).dt.convert_time_zone("UTC"))
    return frame.with_columns(changes)

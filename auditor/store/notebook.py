"""An audit for a notebook: its tables and views as polars frames. ``auditor.open`` makes one."""

from __future__ import annotations

import difflib
import warnings
from typing import TYPE_CHECKING, Any, Self

from auditor.errors import StoreError
from auditor.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl


class Audit:
    """The tables and views of one audit database, each an attribute: ``audit.calls``.

    Every access reads the file anew and lets go of it, so that a replay can go on meanwhile and the
    next access shows what it has added. ``auditor.store.frames`` says which type becomes which.
    """

    def __init__(self, path: str | Path) -> None:
        self._store = Store.open(path, read_only=True)
        if self._store.finished_deletion:
            warnings.warn(self._store.finished_deletion, stacklevel=2)
        self.tables: tuple[str, ...] = self._names("duckdb_tables()", "table_name")
        """The names of the tables."""
        self.views: tuple[str, ...] = self._names("duckdb_views()", "view_name")
        """The names of the views: the figures of the report."""

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table or view.

        Raises:
            StoreError: there is none of that name.
        """
        if name not in self.tables + self.views:
            near = difflib.get_close_matches(name, self.tables + self.views, n=1)
            raise StoreError(
                f"{self._store.path} has no table or view {name}",
                hint=f"is it {near[0]}?" if near else "audit.tables and audit.views are the names",
            )
        return self.sql(f'FROM "{name}"')

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
        """Run a query in DuckDB's SQL; ``params`` are the values of its ``?`` or ``$name``.

        Raises:
            StoreError: the database is in use, or the query cannot be run.
        """
        import duckdb

        try:
            return self._store.frame(query, params)
        except duckdb.Error as error:
            raise StoreError(
                f"the query cannot be run: {error}",
                hint="docs/database.md lists tables, views and columns; nothing can be written",
            ) from error
        finally:
            self._store.rest()

    def close(self) -> None:
        """Let go of the file; an access after that opens it again."""
        self._store.close()

    def __getattr__(self, name: str) -> pl.DataFrame:
        # Notebooks ask for names like _repr_html_: those are never tables.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.frame(name)
        except StoreError as error:
            if name in self.tables + self.views:
                raise
            raise AttributeError(f"{error.message} ({error.hint})") from error

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.tables, *self.views})

    def __repr__(self) -> str:
        return f"<audit {self._store.path}: {len(self.tables)} tables, {len(self.views)} views>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _names(self, listing: str, column: str) -> tuple[str, ...]:
        query = f"SELECT DISTINCT {column} AS name FROM {listing} WHERE NOT internal ORDER BY 1"
        return tuple(self.sql(query)["name"])

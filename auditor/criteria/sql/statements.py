"""SQL text to sqlglot's tree, within limits that hostile answers meet."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from auditor.criteria.checks.base import MAX_SQL, UnusableError, quoted
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence

# sqlglot warns on its logger when it falls back to a bare Command, which does not count as SQL.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_STATEMENTS = (
    exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter,
)  # fmt: skip
_WRITES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Into,
    exp.Command, exp.Pragma, exp.Attach, exp.Detach, exp.Copy, exp.Lock,
)  # fmt: skip


def parsed(text: str, dialect: str | None) -> list[exp.Expression]:
    """The statements in a text.

    Raises:
        UnusableError: longer or more nested than the parser takes.
        SqlglotError: no SQL of this dialect.
    """
    if len(text) > MAX_SQL:
        raise UnusableError(f"longer than {MAX_SQL:,} characters")
    try:
        statements = sqlglot.parse(without_surrogates(text), dialect=dialect or None)
    except RecursionError as error:
        raise UnusableError("nested deeper than the parser takes") from error
    return [statement for statement in statements if statement is not None]


def sql_problem(text: str, dialect: str | None = None) -> str | None:
    """Why a text is not SQL, or None where it is.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    try:
        statements = parsed(text, dialect)
    except SqlglotError as error:
        return quoted(str(error), 120)
    if not statements:
        return "empty"
    bad = next((s for s in statements if not _is_statement(s)), None)
    return None if bad is None else f"not a statement: {quoted(text)}"


def read(text: str, dialect: str) -> list[exp.Expression] | None:
    """The statements in a text, by the dialect, else by a more tolerant one; None: no SQL.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    for name in dict.fromkeys((dialect, "", "sqlite", "mysql", "postgres", "tsql", "bigquery")):
        try:
            statements = parsed(text, name)
        except SqlglotError:
            continue
        if statements and all(_is_statement(statement) for statement in statements):
            return statements
    return None


def why_not_run(statements: Sequence[exp.Expression]) -> str | None:
    """Why statements are not run: it must be one that reads, and nothing in it may write."""
    if len(statements) != 1:
        return "several statements are not run"
    (statement,) = statements
    if not isinstance(statement, exp.Query):
        return f"{statement.key.upper()} is not run"
    if any(statement.find_all(*_WRITES)):
        return "a statement that writes is not run"
    return None


def _is_statement(statement: exp.Expression) -> bool:
    if isinstance(statement, exp.Select):  # sqlglot takes the bare word "select"
        return bool(statement.expressions or statement.args.get("from_"))
    return isinstance(statement, _STATEMENTS)

"""Checks of SQL, parsed by sqlglot and never run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from auditor.criteria.checks.base import (
    MAX_SQL,
    CannotTellError,
    CheckInput,
    UnusableError,
    failed,
    outcome,
    quoted,
)
from auditor.criteria.checks.record import ANY, TEXT, Argument, Example, check
from auditor.criteria.checks.transforms import as_text, code_block
from auditor.errors import ConfigError
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

# sqlglot warns on its logger when it falls back to a bare Command, which does not count as SQL.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

_STATEMENTS = (
    exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter,
)  # fmt: skip


_JOIN_WORDS = {False: ("INNER",), True: ("OUTER",)}
"""Words that change no join: INNER where no side is named, OUTER where one is (SQL-92, 7.5)."""

_OTHER_NAMES = {"postgresql": "postgres", "sqlserver": "tsql", "mssql": "tsql"}
_DIALECT = (Argument("databaseType", TEXT, "the dialect, by sqlglot's or promptfoo's name", None),)
_UNNOTICED = "what the statement does, or names that the database does not have"


def _refuse_unknown_dialect(assertion: Assertion) -> None:
    name = _dialect((assertion.value or {}).get("databaseType"))
    known = sorted(dialect.value for dialect in sqlglot.Dialects if dialect.value)
    if name is not None and name not in known:
        raise ConfigError(f"unknown databaseType {name!r}", hint=f"known: {', '.join(known)}")


@check(
    "is-sql",
    family="format",
    options=_DIALECT,
    prepare=_refuse_unknown_dialect,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: is-sql, value: {databaseType: postgresql}}",
        passes="SELECT name FROM users WHERE id = 7",
        fails="SELECT name FROM users WHERE",
        unnoticed="DELETE FROM users",
    ),
)
def is_sql(given: CheckInput) -> Grade:
    """The whole answer is one or more SQL statements."""
    return _is_sql(given.text, given)


@check(
    "contains-sql",
    family="format",
    options=_DIALECT,
    prepare=_refuse_unknown_dialect,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: contains-sql}",
        passes="This counts them:\n```sql\nSELECT count(*) FROM users\n```",
        fails="Count the rows of the table users.",
        unnoticed="```sql\nSELECT count(*) FROM orders\n```",
    ),
)
def contains_sql(given: CheckInput) -> Grade:
    """The answer, or the first fenced block in it, is SQL."""
    return _is_sql(code_block(given.text), given)


@check(
    "sql-equals",
    family="content",
    equality=True,
    value=Argument("value", ANY, "the statement that is wanted"),
    in_promptfoo=False,
    unnoticed="capitals in quoted names, which some databases tell apart",
    example=Example(
        assertion='{type: sql-equals, value: "{{reference}}"}',
        logged="SELECT u.name FROM users AS u WHERE u.id = 7;",
        passes="```sql\nselect x.name from users x where x.id = 7\n```",
        fails="SELECT u.name FROM users AS u WHERE u.id = 8",
        unnoticed='SELECT u."Name" FROM users AS u WHERE u.id = 7',
    ),
)
def sql_equals(given: CheckInput) -> Grade:
    """The same statement up to case, space, comments, quoting, aliases of tables, ASC and INNER.

    Statements that mean the same and are written otherwise are different here: a right answer can
    fail.
    """
    wanted = canonical_sql(code_block(as_text(given.value)))
    if wanted is None:
        raise CannotTellError("what to compare with is not SQL")
    got = canonical_sql(code_block(given.text))
    if got is None:
        return failed(f"not SQL: {quoted(given.text)}")
    return outcome(got == wanted, "the same statement" if got == wanted else "another statement")


def sql_problem(text: str, dialect: str | None = None) -> str | None:
    """Why a text is not SQL, or None where it is.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    try:
        statements = _parsed(text, dialect)
    except SqlglotError as error:
        return quoted(str(error), 120)
    if not statements:
        return "empty"
    bad = next((s for s in statements if not _is_statement(s)), None)
    return None if bad is None else f"not a statement: {quoted(text)}"


def canonical_sql(text: str) -> str | None:
    """The statement in the one way that all equal statements share, or None where it is not SQL.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    if sql_problem(text) is not None:
        return None
    try:
        written = [
            _plain(statement).sql(comments=False, normalize=True)
            for statement in _parsed(text, None)
        ]
    except RecursionError as error:
        raise UnusableError("nested deeper than the parser takes") from error
    return ";".join(written)


def _is_sql(text: str, given: CheckInput) -> Grade:
    problem = sql_problem(text, _dialect(given.arguments["databaseType"]))
    return outcome(problem is None, problem or "SQL")


def _dialect(name: str | None) -> str | None:
    """Sqlglot's name of a dialect."""
    return _OTHER_NAMES.get(name.lower(), name.lower()) if name else None


def _parsed(text: str, dialect: str | None) -> list[exp.Expression]:
    if len(text) > MAX_SQL:
        raise UnusableError(f"longer than {MAX_SQL:,} characters")
    try:
        statements = sqlglot.parse(without_surrogates(text), dialect=dialect)
    except RecursionError as error:
        raise UnusableError("nested deeper than the parser takes") from error
    return [statement for statement in statements if statement is not None]


def _is_statement(statement: exp.Expression) -> bool:
    if isinstance(statement, exp.Select):  # sqlglot takes the bare word "select"
        return bool(statement.expressions or statement.args.get("from_"))
    return isinstance(statement, _STATEMENTS)


def _plain(statement: exp.Expression) -> exp.Expression:
    """Lower-case names without quotes, table aliases by their order, no default spelled out."""
    for order in statement.find_all(exp.Ordered):
        if not order.args.get("desc"):
            order.set("desc", None)  # ASC
    for join in statement.find_all(exp.Join):
        if join.args.get("kind") in _JOIN_WORDS[bool(join.args.get("side"))]:
            join.set("kind", None)
    names: dict[str, str] = {}
    for alias in _table_aliases(statement):
        if alias in names:  # one alias for two tables: leave their names, they may matter
            names.clear()
            break
        names[alias] = f"t{len(names)}"
    for identifier in statement.find_all(exp.Identifier):
        lowered = identifier.this.lower()
        is_table_name = identifier.arg_key == "table" or isinstance(
            identifier.parent, exp.TableAlias
        )
        identifier.set("this", names.get(lowered, lowered) if is_table_name else lowered)
        identifier.set("quoted", False)  # noqa: FBT003
    return statement


def _table_aliases(statement: exp.Expression) -> Iterator[str]:
    for table in statement.find_all(exp.Table, exp.Subquery):
        if table.alias:
            yield table.alias.lower()

"""Checks of SQL: parsed by sqlglot, and run only where the user asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CheckInput, outcome
from auditor.criteria.checks.record import ANY, TEXT, TEXTS, Argument, Example, check
from auditor.criteria.checks.transforms import as_text, code_block
from auditor.criteria.sql.allowed_names import is_usable, unlisted_name
from auditor.criteria.sql.dialects import KNOWN, OTHER_NAMES, dialect_named
from auditor.criteria.sql.equivalence import compared
from auditor.criteria.sql.statements import sql_problem
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.criteria.model import Assertion
    from auditor.domain import Grade

_DIALECT = Argument("databaseType", TEXT, "the dialect, by sqlglot's or promptfoo's name", None)
_NAMES = (
    Argument(
        "allowedTables",
        TEXTS,
        "the tables that may be named: `name`, or promptfoo's `action::database::table`, where each"
        " part is a pattern",
        (),
    ),
    Argument(
        "allowedColumns",
        TEXTS,
        "the columns that may be named: `name`, or promptfoo's `action::table::column`",
        (),
    ),
)
_UNNOTICED = "what the statement does, or names that the database does not have"


def _refuse_unusable(assertion: Assertion) -> None:
    options = assertion.value if isinstance(assertion.value, Mapping) else {}
    name = options.get("databaseType")
    if isinstance(name, str) and dialect_named(name) is None:
        known = ", ".join(sorted(KNOWN | {n for n in OTHER_NAMES if n.isalnum()}))
        raise ConfigError(f"unknown databaseType {name!r}", hint=f"known: {known}")
    for key in ("allowedTables", "allowedColumns"):
        bad = [entry for entry in options.get(key) or () if not is_usable(entry)]
        if bad:
            raise ConfigError(
                f"{key}: {bad[0]!r} is no pattern", hint="write action::table::column"
            )


@check(
    "is-sql",
    family="format",
    options=(_DIALECT, *_NAMES),
    prepare=_refuse_unusable,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: is-sql, value: {databaseType: postgresql}}",
        passes="SELECT name FROM users WHERE id = 7",
        fails="SELECT name FROM users WHERE",
        unnoticed="DELETE FROM users",
    ),
)
def is_sql(given: CheckInput) -> Grade:
    """The whole answer is one or more SQL statements, which name what they may."""
    return _is_sql(given.text, given)


@check(
    "contains-sql",
    family="format",
    options=(_DIALECT, *_NAMES),
    prepare=_refuse_unusable,
    unnoticed=_UNNOTICED,
    example=Example(
        assertion="{type: contains-sql}",
        passes="This counts them:\n```sql\nSELECT count(*) FROM users\n```",
        fails="Count the rows of the table users.",
        unnoticed="```sql\nSELECT count(*) FROM orders\n```",
    ),
)
def contains_sql(given: CheckInput) -> Grade:
    """The answer, or the first fenced block in it, is SQL, which names what it may."""
    return _is_sql(code_block(given.text), given)


@check(
    "sql-equals",
    family="content",
    equality=True,
    value=Argument("value", ANY, "the statement that is wanted"),
    options=(
        Argument("query", TEXT, "the statement that is wanted, where `value` has options", None),
        _DIALECT,
    ),
    prepare=_refuse_unusable,
    in_promptfoo=False,
    unnoticed="capitals in quoted names, which some databases tell apart",
    example=Example(
        assertion='{type: sql-equals, value: "{{reference}}"}',
        logged="SELECT u.name FROM users AS u JOIN orders AS o ON u.id = o.user WHERE o.total > 7;",
        passes="```sql\nselect x.name from orders, users x where 7 < total and user = x.id\n```",
        fails="SELECT u.name FROM users AS u JOIN orders AS o ON u.id = o.user WHERE o.total > 8",
        unnoticed='SELECT u."Name" FROM users u JOIN orders o ON u.id = o.user WHERE o.total > 7',
    ),
)
def sql_equals(given: CheckInput) -> Grade:
    """The statement returns what the wanted one returns, as far as rewriting or running shows.

    Both are rewritten into one form by sqlglot's optimizer, with the schema that the prompt
    describes: how joins are written, aliases, the order of conditions, `COUNT(1)`, `BETWEEN`, `IN`
    of one, redundant parentheses and so on make no difference; texts keep their case. Statements
    that rewriting tells apart are other statements, so a right answer can fail.

    With `--run-sql`, or `[grade] run_sql = true`, those are run: on a copy of your SQLite or DuckDB
    file where `[grade] database` names one, else on twenty databases generated from the schema in
    the prompt, with the literals of both statements and values beside them in the rows. Results are
    compared as bags, in order where the wanted statement sorts; names of columns do not matter,
    their order does. What differs is shown with its rows. Where a statement cannot be run,
    rewriting decides, and the explanation says so.

    Statements run in a process of their own, which may read nothing but that database, write
    nothing, load nothing, and has limits on time, memory and rows. Only one SELECT is ever run.

    The dialect is `databaseType`, else the one that the prompt names, else by how the wanted
    statement is quoted.
    """
    options = given.value if isinstance(given.value, Mapping) else {}
    wanted = options.get("query") if options else given.value
    dialect = given.arguments["databaseType"]
    verdict = compared(
        code_block(as_text(wanted)),
        code_block(given.text),
        prompt=given.answer.request.prompt or "",
        dialect=None if dialect is None else dialect_named(dialect),
    )
    return outcome(verdict.same, verdict.words)


def _is_sql(text: str, given: CheckInput) -> Grade:
    named = given.arguments["databaseType"]
    dialect = None if named is None else dialect_named(named)
    problem = sql_problem(text, dialect)
    if problem is None:
        tables, columns = given.arguments["allowedTables"], given.arguments["allowedColumns"]
        problem = unlisted_name(text, dialect or "", tables=tables, columns=columns)
    return outcome(problem is None, problem or "SQL")

"""Whether an answer's SQL does what the wanted SQL does, and which way has decided."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from auditor.criteria.checks.base import CannotTellError, UnusableError, quoted
from auditor.criteria.sql.dialects import dialect_of
from auditor.criteria.sql.schema import Schema
from auditor.criteria.sql.schema_in_prompt import schema_in
from auditor.criteria.sql.schema_inferred import inferred_schema, selects_all
from auditor.criteria.sql.statements import read, why_not_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import exp

    from auditor.criteria.sql.running import Runner

WAITING_WORDS = "its category's statements were run: say --run-sql again"
"""Of an answer that came after statements were run, in a command that does not ask for it."""

_OTHER = "another statement, as far as rewriting tells"


class _Way(NamedTuple):
    """By what statements are compared that rewriting tells apart."""

    runner: Runner | None = None
    waits: bool = False


_WAY: ContextVar[_Way] = ContextVar("way", default=_Way())  # noqa: B039 - it never changes


class Verdict(NamedTuple):
    """Whether two statements are the same, and which way has decided, in words."""

    same: bool
    words: str


@contextmanager
def statements_run(runner: Runner | None, *, waits: bool = False) -> Iterator[None]:
    """Within this, statements are compared by running them; None: by rewriting alone.

    ``waits``: what rewriting tells apart is left open, until the user asks for running again.
    """
    token = _WAY.set(_Way(runner, waits))
    try:
        yield
    finally:
        _WAY.reset(token)


def compared(wanted: str, got: str, prompt: str = "", dialect: str | None = None) -> Verdict:
    """Compare the SQL of an answer with the SQL that is wanted.

    The same by rewriting is the same; what rewriting tells apart is run where the user asked for
    it. The dialect is the one given, else as the prompt says, else as the wanted one is written.

    Raises:
        CannotTellError: the wanted text is no SQL, or the answer waits to be run.
        UnusableError: a statement is longer or more nested than the parser takes.
    """
    dialect = dialect_of(wanted, prompt) if dialect is None else dialect
    statements = _read(wanted, dialect)
    if statements is None:
        raise CannotTellError("what to compare with is not SQL")
    if _plain(wanted) == _plain(got):
        return Verdict(same=True, words="the same statement")
    answered = _read(got, dialect)
    if answered is None:
        return Verdict(same=False, words=f"not SQL: {quoted(got)}")
    runner, waits = _WAY.get()
    schema = runner.schema if runner is not None and runner.has_database else schema_in(prompt)
    names = schema or _shown(statements, answered)
    if normal_form_of(wanted, dialect, names) == normal_form_of(got, dialect, names):
        return Verdict(same=True, words="the same statement, rewritten")
    if waits:
        raise CannotTellError(WAITING_WORDS)
    if runner is None:
        return Verdict(same=False, words=f"{_OTHER}: none was run")
    return _by_running(runner, statements, answered, schema, dialect)


def _by_running(
    runner: Runner, wanted: Sequence[exp.Expression], got: Sequence[exp.Expression],
    schema: Schema, dialect: str,
) -> Verdict:  # fmt: skip
    """What running says; where one of them is not run, that they are not the same by rewriting."""
    reason = why_not_run(wanted) or why_not_run(got)
    if reason is None:
        told = runner.compare(wanted[0], got[0], schema, dialect)
        if told.outcome != "unknown":
            return Verdict(same=told.outcome == "same", words=told.words)
        reason = told.words
    return Verdict(same=False, words=f"{_OTHER}: {reason}")


def _shown(wanted: Sequence[exp.Expression], got: Sequence[exp.Expression]) -> Schema:
    """Whose columns are whose as the wanted statement shows it, where nothing else does."""
    if len(wanted) == 1 and not any(selects_all(statement) for statement in got):
        return inferred_schema(wanted[0]) or Schema()
    return Schema()


@lru_cache(maxsize=4096)
def normal_form_of(text: str, dialect: str, schema: Schema) -> str | None:
    """The normal form of a text with SQL, None where it is none.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    from auditor.criteria.sql.normal_form import normal_form

    statements = _read(text, dialect)
    if statements is None:
        return None
    try:
        return ";".join(normal_form(statement, schema, dialect) for statement in statements)
    except RecursionError as error:
        raise UnusableError("nested deeper than the parser takes") from error


@lru_cache(maxsize=1024)
def _read(text: str, dialect: str) -> list[exp.Expression] | None:
    return read(text, dialect)


def _plain(text: str) -> str:
    return text.strip().rstrip("; \n")

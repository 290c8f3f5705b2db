"""The rules for answers that are SQL or Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.python_code import python_problem
from auditor.criteria.checks.sql import sql_problem
from auditor.criteria.checks.transforms import code_block
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, FORM, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import nearly_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.criteria.proposals.sample import Sample


def sql_rule(sample: Sample) -> Rule | None:
    """SQL that means what the logged statement means, as far as can be told without running it."""
    if not nearly_all(_parses(sql_problem, code_block(text)) for text in sample.texts):
        return None
    bare = nearly_all(_parses(sql_problem, text) for text in sample.texts)
    form = Assertion(type="is-sql", transform="code-block")
    if not bare:
        form = Assertion(type="contains-sql")
    words = (
        "The answer is SQL, and the logged statement up to letter case, space, quoting and"
        " aliases. Statements that mean the same and are written otherwise count as"
        " different, so the true agreement is higher." + AGREEMENT
    )
    content = Assertion(type="sql-equals", value=REFERENCE_VALUE)
    return Rule("sql", (form, content), words, "what the statement returns: nothing is run")


def python_rule(sample: Sample) -> Rule | None:
    """Python that parses."""
    if not nearly_all(_parses(python_problem, code_block(text)) for text in sample.texts):
        return None
    words = "The answer, or its first code block, parses as Python; nothing is run." + FORM
    form = Assertion(type="is-python", transform="code-block")
    return Rule("python", (form,), words, "what the code does: it is parsed and never run")


def _parses(problem: Callable[[str], str | None], text: str) -> bool:
    try:
        return problem(text) is None
    except UnusableError:
        return False

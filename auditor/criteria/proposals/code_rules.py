"""The rules for answers that are SQL, Python or a regular expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.python_code import python_problem
from auditor.criteria.checks.regular_expressions import bare_pattern, compile_whole
from auditor.criteria.checks.sql import sql_problem
from auditor.criteria.checks.transforms import code_block
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, FORM, REFERENCE_VALUE, Rule
from auditor.criteria.proposals.sample import nearly_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.criteria.proposals.sample import Sample

ASKED_SHARE = 0.8
"""Share of the requests that must ask for a regular expression."""
_ASKS_PATTERN = re.compile(
    r"\b(?:regex(?:p|es)?|regular expressions?|reguläre[rn]? ausdr[uü]ck\w*|expresi[oó]n regular"
    r"|expression régulière|espressione regolare|re\.(?:fullmatch|match|search))\b"
)


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


def pattern_rule(sample: Sample) -> Rule | None:
    """A regular expression that matches what the logged one matches."""
    asked = sum(_ASKS_PATTERN.search(text) is not None for text in sample.asked)
    if asked < ASKED_SHARE * len(sample):
        return None
    patterns = [bare_pattern(text) for text in sample.texts]
    if not nearly_all("\n" not in text and compile_whole(text) is not None for text in patterns):
        return None
    words = (
        "The answer is a regular expression that matches the same strings as the logged one, as far"
        " as some hundred strings made from both can show."
    )
    content = Assertion(type="regex-equals", value=REFERENCE_VALUE)
    unnoticed = "a difference that none of the strings shows, or flags that are set elsewhere"
    return Rule("regex", (content,), words + AGREEMENT, unnoticed)


def _parses(problem: Callable[[str], str | None], text: str) -> bool:
    try:
        return problem(text) is None
    except UnusableError:
        return False

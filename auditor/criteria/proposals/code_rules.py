"""The rules for answers that are SQL, Python or a regular expression."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import UnusableError
from auditor.criteria.checks.python_code import python_problem
from auditor.criteria.checks.regular_expressions import bare_pattern, compile_whole
from auditor.criteria.checks.transforms import code_block
from auditor.criteria.model import Assertion
from auditor.criteria.proposals.model import AGREEMENT, FORM, REFERENCE_VALUE, SHAPE_SHARE, Rule
from auditor.criteria.proposals.sample import nearly_all
from auditor.criteria.sql.dialects import dialect_of
from auditor.criteria.sql.statements import sql_problem

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
    """SQL that returns what the logged statement returns, as far as can be told."""
    statements = [code_block(text) for text in sample.texts]
    if not nearly_all(_parses(sql_problem, text) for text in statements):
        return None
    dialects = Counter(map(dialect_of, statements, (e.asked for e in sample.examples)))
    ((dialect, most),) = dialects.most_common(1)
    options = None
    # a dialect that most statements are no SQL in was told wrong
    if dialect and most >= SHAPE_SHARE * len(sample):
        read = partial(sql_problem, dialect=dialect)
        options = {"databaseType": dialect} if all(_parses(read, t) for t in statements) else None
    bare = nearly_all(_parses(sql_problem, text) for text in sample.texts)
    form = Assertion(type="is-sql", value=options, transform="code-block")
    if not bare:
        form = Assertion(type="contains-sql", value=options)
    named = f" ({dialect})" if options else ""
    words = (
        f"The answer is SQL{named} that returns what the logged statement returns, as far as"
        " rewriting it shows, or running it where you ask for that. Some that mean the same count"
        " as different, so the true agreement is higher." + AGREEMENT
    )
    content = Assertion(type="sql-equals", value=REFERENCE_VALUE)
    unnoticed = "a difference that no generated row shows, or that your data would show only"
    return Rule("sql", (form, content), words, unnoticed)


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

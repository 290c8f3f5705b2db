"""The check of Python code, which is parsed and never run."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from auditor.criteria.checks.base import MAX_PYTHON, CheckInput, UnusableError, outcome, quoted
from auditor.criteria.checks.record import Example, check
from auditor.text.surrogates import without_surrogates

if TYPE_CHECKING:
    from auditor.domain import Grade


@check(
    "is-python",
    family="format",
    in_promptfoo=False,
    unnoticed="what the code does, or names that do not exist",
    example=Example(
        assertion="{type: is-python, transform: code-block}",
        passes="```python\ndef double(x):\n    return 2 * x\n```",
        fails="def double(x) return 2 * x",
        unnoticed="def double(x):\n    return x / y",
    ),
)
def is_python(given: CheckInput) -> Grade:
    """The answer parses as Python and has a statement in it.

    Prose of one word parses as Python too, so an expression alone, other than a call, fails.
    """
    problem = python_problem(given.text)
    return outcome(problem is None, problem or "parses")


def python_problem(text: str) -> str | None:
    """Why a text is not a Python program, or None where it is. Nothing is run.

    Raises:
        UnusableError: longer or more nested than the parser takes.
    """
    if len(text) > MAX_PYTHON:
        raise UnusableError(f"longer than {MAX_PYTHON:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the answer's invalid escapes are not our warnings
            body = ast.parse(without_surrogates(text)).body
    except SyntaxError as error:
        return f"line {error.lineno}: {quoted(error.msg)}"
    except ValueError as error:
        return quoted(str(error))
    except (RecursionError, MemoryError) as error:
        raise UnusableError("nested deeper than the parser takes") from error
    if all(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call) for node in body):
        return "no statement in it"
    return None

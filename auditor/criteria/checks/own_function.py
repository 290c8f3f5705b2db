"""The check by a Python function of the user's own."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, outcome, quoted
from auditor.criteria.checks.record import CODE, NUMBER, Argument, Example, check

if TYPE_CHECKING:
    from auditor.criteria.own_code import Function
    from auditor.domain import Grade

_WORDS = {"true": True, "false": False}
_PASS_KEYS = ("pass", "pass_", "passed")


@check(
    "python",
    family="content",
    value=Argument(
        "value", CODE, "`file://checks.py:name`, an expression, or lines that end with `return`"
    ),
    arguments=(Argument("threshold", NUMBER, "the least score that passes", None),),
    unnoticed="what the function does not look at",
    example=Example(
        assertion="{type: python, value: \"output.count('!') <= 1\"}",
        passes="Thank you!",
        fails="Thank you!!!",
        unnoticed="Go away.",
    ),
)
def python(given: CheckInput) -> Grade:
    """Your own function accepts the answer.

    It is called as ``get_assert(output, context)``, as in promptfoo. ``output`` is the answer's
    text, or its tool calls where it has none; ``context`` has ``vars`` (the variables of the
    call by their names), ``prompt``, ``config`` and ``providerResponse``. It returns a truth value,
    a score, or ``{"pass": ..., "score": ..., "reason": ...}``. A score passes at the
    ``threshold``, without one above 0. Where it raises an error the answer is neither pass nor
    fail, and the report says why.

    Code is trusted: it runs as you, in this process. It runs only where your own criteria file
    names it, and both lie in the folder at work and belong to you; no log and no database can make
    it run. Write ``about: content`` where it judges whether an answer is right.
    """
    from auditor.criteria.own_code import function_of

    if not isinstance(given.value, Mapping):
        raise CannotTellError("the code is not of a criteria file of this command")
    return result_of(function_of(given.value), given)


def result_of(function: Function, given: CheckInput) -> Grade:
    """The grade that a function of somebody's own gives.

    Raises:
        CannotTellError: it raised an error, or returned what says nothing.
    """
    try:
        returned = function(_output(given), _context(given))
    except CannotTellError:
        raise
    except (Exception, SystemExit) as error:
        reason = quoted(f"{type(error).__name__}: {error}", 200)
        raise CannotTellError(f"the function failed: {reason}") from error
    return _grade(returned, given.arguments["threshold"])


def _output(given: CheckInput) -> Any:
    return given.text or [dict(call) for call in given.answer.tool_calls] or ""


def _context(given: CheckInput) -> dict[str, Any]:
    from auditor.criteria.variables import call_variables

    answer = given.answer
    known = call_variables(answer)
    return {
        "vars": known,
        "prompt": answer.request.prompt,
        "config": dict(given.assertion.config or {}),
        "value": given.value,
        "metadata": dict(answer.request.metadata),
        "providerResponse": {
            "output": answer.text,
            "tool_calls": [dict(call) for call in answer.tool_calls],
            "finishReason": answer.finish_reason,
            "cost": answer.request.cost_usd,
            "latencyMs": answer.request.latency_ms,
        },
    }


def _grade(returned: Any, threshold: float | None) -> Grade:
    if dataclasses.is_dataclass(returned) and not isinstance(returned, type):
        returned = dataclasses.asdict(returned)
    if isinstance(returned, str):
        returned = _read(returned)
    if isinstance(returned, bool):
        return outcome(returned, f"the function returned {returned}")
    if isinstance(returned, Mapping):
        return _of_mapping(returned, threshold)
    number = _number(returned)
    if number is None:
        raise CannotTellError(f"the function returned {quoted(returned)}, which says nothing")
    enough = number > 0 if threshold is None else number >= threshold
    return outcome(enough, f"the function returned {number:g}", number)


def _of_mapping(returned: Mapping[str, Any], threshold: float | None) -> Grade:
    accepted = next((returned[key] for key in _PASS_KEYS if key in returned), None)
    score = _number(returned.get("score"))
    if accepted is None and score is None:
        raise CannotTellError("the function returned neither pass nor score")
    score = float(bool(accepted)) if score is None else score
    enough = bool(accepted) if accepted is not None else score > 0
    if threshold is not None:
        enough = enough and score >= threshold
    reason = str(returned.get("reason") or f"the function returned {enough}")
    return outcome(enough, reason, score)


def _read(text: str) -> Any:
    """A result written as text: a truth value, a number, or JSON of a mapping."""
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None

"""The checks that wait for a judge: one for every name in ``auditor.criteria.judged``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.criteria.checks.base import CannotTellError
from auditor.criteria.checks.record import ANY, NUMBER, Argument, Check
from auditor.criteria.judged import JUDGED, Judged

if TYPE_CHECKING:
    from auditor.criteria.checks.base import CheckInput
    from auditor.domain import Grade


def _waits(given: CheckInput) -> Grade:
    question = JUDGED[given.assertion.type].question
    raise CannotTellError(f"waits for a judge: {question[0].lower()}{question[1:].rstrip('.')}")


def _check(name: str, judged: Judged) -> Check:
    def function(given: CheckInput) -> Grade:
        return _waits(given)

    function.__doc__ = judged.question
    value = (
        Argument("value", ANY, judged.value)
        if judged.value
        else Argument("value", ANY, "what else the judge is told", None)
    )
    return Check(
        name=name,
        function=function,
        family="judged",
        value=value,
        arguments=(_THRESHOLD,),
        unnoticed="anything: no judge is asked yet",
        example=None,
    )


_THRESHOLD = Argument("threshold", NUMBER, "the least score of the judge's", None)

DECLARED = tuple(_check(name, judged) for name, judged in JUDGED.items())
"""Made in a loop, so they are listed here to be found."""

"""Checks that other installed packages bring by the entry points ``auditor.checks``.

An entry point names a ``Check``, or a function that takes the answer's text and a mapping of what
is known of the call, and returns what a function of ``python`` returns. Who installs a package
trusts it; nothing of a log or of a criteria file can load one.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from auditor.criteria.checks.base import CannotTellError, CheckInput, quoted
from auditor.criteria.checks.own_function import result_of
from auditor.criteria.checks.record import ANY, NUMBER, Argument, Check

if TYPE_CHECKING:
    from auditor.domain import Grade

GROUP = "auditor.checks"


def installed_checks() -> dict[str, Check]:
    """The checks of other packages by their names; one that cannot be loaded says so when used."""
    return {point.name: _check(point) for point in entry_points(group=GROUP)}


def _check(point: EntryPoint) -> Check:
    package = point.dist.name if point.dist else point.value
    try:
        loaded: Any = point.load()
    except Exception as error:  # noqa: BLE001 a package of somebody else's, broken in any way
        return _of_function(point.name, _broken(package, error), package)
    if isinstance(loaded, Check):
        return replace(loaded, name=point.name)
    return _of_function(point.name, loaded, package)


def _of_function(name: str, function: Any, package: str) -> Check:
    def grades(given: CheckInput) -> Grade:
        return result_of(function, given)

    grades.__doc__ = f"The function of the package {package} accepts the answer."
    return Check(
        name=name,
        function=grades,
        family="content",
        value=Argument("value", ANY, "what the function takes", None),
        arguments=(Argument("threshold", NUMBER, "the least score that passes", None),),
        unnoticed="what the function does not look at",
        example=None,
    )


def _broken(package: str, error: Exception) -> Any:
    reason = quoted(f"{type(error).__name__}: {error}", 160)

    def tells(output: Any, context: Any) -> Any:  # noqa: ARG001
        raise CannotTellError(f"the package {package} cannot be loaded: {reason}")

    return tells
